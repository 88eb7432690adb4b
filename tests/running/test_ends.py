"""Each way in which a run may end early: `stopped` names it, the next run finishes, and nothing is paid twice."""

import asyncio
from collections import Counter

import pytest

import segflux_nb as sf
from segflux_nb.model import MODEL
from segflux_nb.running.policy.order import readable_first
from tests.support.virtual import Bench

KEY = "SG_0123456789abcdef"


def sweep(number=12):
    return sf.Sweep(prompt="TOK", finetune_id="a", seed=range(number))


def new_settings(bench, **changes):
    settings = bench.simulator.protocol.settings
    bench.simulator.protocol.settings = type(settings)(**{**vars(settings), **changes})


def faults(bench, **found):
    bench.simulator.protocol.faults = type(bench.simulator.protocol.faults)(found, 0)


def credits_out(b):
    new_settings(b, credits=4.5 * MODEL.price)
    yield "Insufficient credits. You have"
    new_settings(b, credits=None)


def spend_limit(b):
    faults(b, **{"submit:406": {5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}})
    yield "spend limit"
    faults(b)


def a_bad_key(b):
    b.transport.key = "SG_ffffffffffffffff"
    yield "401"
    b.transport.key = KEY


def out_of_reach(b):
    b.transport.reachable = False
    yield "cannot be reached"
    b.transport.reachable = True


def all_fail_alike(b):
    faults(b, **{"job:failed": 1.0})
    yield "The first 5 runs all failed alike: Inference failed"
    faults(b)


def a_model_that_is_gone(b):
    faults(b, **{"submit:410": 1.0})
    yield "retired"
    faults(b)


@pytest.mark.parametrize(
    "way", [credits_out, spend_limit, a_bad_key, out_of_reach, all_fail_alike, a_model_that_is_gone]
)
def test_a_run_that_ends_early_says_why_and_the_next_finishes(tmp_path, way):
    b = Bench(tmp_path, key=KEY)
    trouble = way(b)
    says = next(trouble)
    b.run(sweep(), max_in_flight=3)
    assert says in b.stop.reason
    assert KEY not in b.stop.reason
    assert b.ledger.submits < 12
    next(trouble, None)
    for _ in range(2):
        rows = b.run(sweep(), max_in_flight=3)
    assert {row.state for row in rows} == {"completed"}
    paid = Counter(entry.body["seed"] for entry in b.ledger.entries() if entry.billed)
    assert paid == dict.fromkeys(range(12), 1)


def test_the_cap_and_the_users_stop(tmp_path):
    b = Bench(tmp_path)
    b.run(sweep(), cap=3.5 * MODEL.price, max_in_flight=2)
    assert "max_cost" in b.stop.reason
    assert Counter(b.states(sweep())) == {"completed": 3, "planned": 9}

    async def stop(work):
        await asyncio.sleep(1)
        b.stop.set("Stopped as you asked")

    b.run(sweep(), max_in_flight=2, during=stop)
    assert Counter(b.states(sweep())) == {"completed": 5, "planned": 7}
    assert {row.state for row in b.run(sweep())} == {"completed"}
    assert b.ledger.submits == 12


def test_a_sweep_with_some_failures_goes_on(tmp_path):
    b = Bench(tmp_path, faults={"job:failed": lambda body: body["seed"] % 2})
    rows = b.run(sweep(24), max_in_flight=3)
    assert not b.stop
    assert Counter(row.state for row in rows) == {"completed": 12, "failed": 12}


def test_different_failures_are_no_common_cause(tmp_path):
    b = Bench(tmp_path, faults={"job:failed": lambda body: body["seed"] % 2, "job:moderated": lambda body: True})
    b.run(sweep(24), max_in_flight=3)
    assert not b.stop


def test_a_capped_sweep_is_already_a_readable_sheet(tmp_path):
    """Coarse grid first: both ends and the middle of each axis come before anything between them."""
    grid = sf.Sweep(prompt="TOK", finetune_id="a", lora_strength="0-1.6 (+0.2)", steps=[10, 15, 20, 25, 30], seed=7)
    b = Bench(tmp_path)
    b.run(list(grid), cap=9.3 * MODEL.price * 20 / 25, max_in_flight=1)
    done = {(row.parameters["lora_strength"], row.parameters["steps"]) for row in b.rows(grid) if row.picture}
    assert {(0, 10), (0, 30), (1.6, 10), (1.6, 30)} < done
    assert {strength for strength, _ in done} <= {0, 0.8, 1.6}


def test_the_order_of_cells_is_a_permutation_and_begins_with_the_corners():
    grid = list(sf.Sweep(prompt="TOK", finetune_id="a", lora_strength="0-1 [5]", steps="10-14", seed=range(4)))
    ordered = readable_first(grid)
    assert sorted(cell.digest for cell in ordered) == sorted(cell.digest for cell in grid)
    corners = {(cell.parameters["lora_strength"], cell.parameters["steps"]) for cell in ordered[:4]}
    assert corners == {(0, 10), (0, 14), (1, 10), (1, 14)}
    assert {cell.parameters["seed"] for cell in ordered[:4]} == {0}
    assert readable_first([]) == []
    assert readable_first(grid[:1]) == grid[:1]
