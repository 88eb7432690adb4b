"""Sweeps that are submitted for workers: nothing is sent, the limit is set once, a second submit adds nothing."""

import math

import pytest

import segflux_nb as sf
from segflux_nb.model import PLACEHOLDER_FINETUNE_ID
from segflux_nb.ordering import Ordering
from segflux_nb.running.engine import Engine


@pytest.fixture
def ws(tmp_path):
    """A workspace of the hosted service, without a key."""
    with sf.Workspace(tmp_path / "study") as workspace:
        yield workspace


@pytest.fixture(autouse=True)
def nothing_is_sent(monkeypatch):
    monkeypatch.delenv("SEGMIND_API_KEY", raising=False)
    monkeypatch.delenv("SEGFLUX_MAX_COST", raising=False)

    def refuse(*arguments, **options):
        raise AssertionError("an engine was started")

    monkeypatch.setattr(Engine, "run", refuse)


def sweep(*seeds, **parameters):
    return sf.Sweep(**{"prompt": "TOK", "finetune_id": "a", "seed": list(seeds) or [1, 2, 3, 4], **parameters})


def entered(ws):
    """The whole log, but for the times of orders."""
    with ws._journal._database.reading() as cursor:
        tables = ("runs", "sweeps", "cells", "orders", "ordered_runs")
        return {table: cursor.execute(f"SELECT * FROM {table}").fetchall() for table in tables}


def test_a_submit_needs_no_key_and_says_what_workers_make_at_what_price(ws):
    submitted = ws.submit(sweep(), name="first look")
    assert submitted.digests == tuple(cell.digest for cell in sweep())
    assert submitted.cost == pytest.approx(ws.plan(sweep()).cost)
    assert (submitted.added, submitted.beyond, submitted.max_cost) == (4, 0, 10.0)
    assert str(submitted) == "first look: 4 runs for workers, about $0.14; 0 logged"
    assert ws.runs("first look").counts == {"planned": 4}


def test_a_plan_alone_is_no_order(ws):
    ws.plan(sweep())
    with pytest.raises(sf.SegfluxError, match="key"):
        ws.run(sweep())
    assert Ordering(ws._launcher, ws._connection).open(now=0.0) == []


def test_a_second_submit_adds_nothing(ws):
    first = ws.submit(sweep())
    before = entered(ws)
    second = ws.submit(sweep())
    assert entered(ws) == before
    assert (second.digests, second.cost, second.added) == (first.digests, first.cost, 0)


def test_the_limit_holds_for_the_sweep_in_all(ws):
    each = ws.plan(sweep(1)).cost
    few = ws.submit(sweep(), max_cost=2.5 * each)
    assert (len(few.digests), few.beyond) == (2, 2)
    assert few.cost == pytest.approx(2 * each)
    assert "2 more runs would cost more than max_cost=" in str(few)
    assert ws.submit(sweep(), max_cost=2.5 * each).added == 0
    assert ws.submit(sweep(), max_cost=3.5 * each).added == 1
    assert ws.submit(sweep()).max_cost == 3.5 * each, "what is left out stays as it was agreed"
    assert ws.submit(sweep(), max_cost=math.inf).added == 1


def test_what_is_made_counts_under_the_limit_for_good(ws):
    each = ws.plan(sweep(1)).cost
    first, *others = ws.submit(sweep(), max_cost=2.5 * each).digests
    with ws._journal._database.writing() as cursor:
        cursor.execute("UPDATE runs SET state = 'completed' WHERE digest = ?", (first,))
    again = ws.submit(sweep(), max_cost=2.5 * each)
    assert (again.digests, again.added, again.logged, again.beyond) == (tuple(others), 0, 1, 2)


def test_a_lower_limit_takes_runs_back(ws):
    each = ws.plan(sweep(1)).cost
    ws.submit(sweep())
    assert len(ws.submit(sweep(), max_cost=1.5 * each).digests) == 1
    assert ws.submit(sweep(), max_cost=each / 2).digests == ()
    assert Ordering(ws._launcher, ws._connection).open(now=0.0) == []


def test_what_others_made_has_no_price_and_what_failed_for_good_is_left(ws):
    log = ws._launcher.source.log
    log.runs.plan(sweep())
    digests = [cell.digest for cell in sweep()]
    with ws._journal._database.writing() as cursor:
        for digest, state, kind in zip(
            digests, ("completed", "failed", "failed"), ("", "moderated", "server"), strict=False
        ):
            cursor.execute("UPDATE runs SET state = ?, error_kind = ? WHERE digest = ?", (state, kind, digest))
    submitted = ws.submit(sweep())
    assert (submitted.digests, submitted.logged, submitted.held) == (tuple(digests[2:]), 1, 1)
    assert "1 run failed before and would only fail again" in str(submitted)


def test_what_has_no_known_price_needs_a_word_about_it(ws):
    unknown = sf.Sweep(model="some-model", prompt="x", seed=[1, 2])
    with pytest.raises(sf.SweepError, match=r"The price of 2 runs is unknown.*Nothing was billed.*price=0.05"):
        ws.submit(unknown)
    assert ws.runs().counts == {}, "and nothing was entered"
    assert ws.submit(unknown, price=0.05).cost == pytest.approx(0.1)
    assert ws.submit(unknown).cost == pytest.approx(0.1), "the word holds for the same sweep"
    free = ws.submit(sf.Sweep(model="some-model", prompt="y", seed=[1]), max_cost=math.inf)
    assert free.cost is None
    assert "price unknown" in str(free)


@pytest.mark.parametrize("options", [{"max_cost": 0}, {"max_cost": "x"}, {"price": -1}, {"name": object()}])
def test_what_is_wrong_is_refused_before_anything_is_entered(ws, options):
    with pytest.raises(sf.SweepError):
        ws.submit(sweep(), **options)
    assert entered(ws)["sweeps"] == []


def test_placeholders_and_random_seeds_are_refused_as_in_a_run(ws):
    with pytest.raises(sf.SweepError, match="random seed"):
        ws.submit(sweep(-1))
    with pytest.raises(sf.SweepError, match="placeholder"):
        ws.submit(sweep(finetune_id=PLACEHOLDER_FINETUNE_ID))


def test_a_bundle_takes_no_orders(tmp_path):
    with sf.Workspace(tmp_path / "a", service="simulator") as ws:
        ws._launcher.source.log.runs.plan(sweep())
        ws.submit(sweep())
        ws.runs(sweep()).bundle(tmp_path / "a.sfx")
    with (
        sf.Workspace(tmp_path / "a.sfx") as bundle,
        pytest.raises(sf.SweepError, match="nothing is sent in a replay"),
    ):
        bundle.submit(sweep())
