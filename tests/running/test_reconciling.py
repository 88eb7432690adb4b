"""Finding lost submits in the history: clocks that are wrong, histories that are late."""

import pytest

import segflux_nb as sf
from segflux_nb.running.policy.reconcile import FAR_SECONDS, FARTHEST_SECONDS, SKEW_SECONDS, History
from segflux_nb.service.history import HistoryRow
from tests.support.virtual import Bench

NOW = 1_800_000_000.0
BODY = {"prompt": "TOK", "seed": 1, "lora_strength": 1}


def row(request_id, created, **changes):
    return HistoryRow(request_id, {**BODY, "steps": 25, **changes}, "COMPLETED", (), None, None, NOW + created)


def no_run(request_id):
    return False


def test_the_oldest_that_is_not_older_than_the_submit_and_of_no_other_run():
    history = History([row("late", 9), row("first", 1), row("old", -SKEW_SECONDS - 1), row("other", 2, seed=2)], BODY)
    assert history.find(BODY, NOW, 0.0, no_run).request_id == "first"
    assert history.find(BODY, NOW, 0.0, lambda request_id: request_id == "first").request_id == "late"
    assert history.find({**BODY, "seed": 3}, NOW, 0.0, no_run) is None
    assert history.find({**BODY, "lora_strength": 1.0}, NOW, 0.0, no_run).request_id == "first", (
        "1 and 1.0 are the same"
    )


def test_numbers_are_compared_as_numbers_and_texts_as_texts():
    history = History([row("one", 1, seed="1", lora_strength="1.0")], BODY)
    assert history.find(BODY, NOW, 0.0, no_run).request_id == "one"
    assert history.find({**BODY, "prompt": "1"}, NOW, 0.0, no_run) is None
    assert history.find({**BODY, "seed": 10**30 + 1}, NOW, 0.0, no_run) is None


def test_a_date_of_the_service_that_is_a_day_off_hides_no_row():
    history = History([row("ours", 5)], BODY)
    for offset in (-86_400.0, 86_400.0, 1e11):
        assert history.find(BODY, NOW, offset, no_run).request_id == "ours"


def test_with_none_of_the_time_the_latest_of_the_hours_before():
    history = History([row("hours ago", -FAR_SECONDS - 1), row("an hour ago", -3600), row("before", -4000)], BODY)
    assert history.find(BODY, NOW, 0.0, no_run).request_id == "an hour ago"
    assert history.find(BODY, NOW + 3700, 0.0, no_run) is None
    assert history.find(BODY, NOW + 3700, 0.0, no_run, far=FARTHEST_SECONDS).request_id == "an hour ago"


@pytest.mark.parametrize("hours", [-1.0, 1.0])
@pytest.mark.parametrize("mended", [False, True])
def test_a_clock_an_hour_off_pays_nothing_twice(tmp_path, hours, mended):
    """The clock is wrong when the answer is lost; and perhaps it is put right before the run is looked up."""
    b = Bench(tmp_path, faults={"submit:drop_after": {1}, "history:500": set(range(1, 18))}, max_in_flight=None)
    cells = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(2)))
    b.client_clock.skew = hours * 3600
    b.run(cells)
    assert "unknown" in b.states(cells)
    if mended:
        b.client_clock.skew = 0.0
    for _ in range(3):
        b.run(cells)
    assert b.states(cells) == ["completed", "completed"]
    assert b.ledger.submits == 2


def test_a_history_that_is_late_is_waited_for(tmp_path):
    b = Bench(tmp_path, faults={"submit:drop_after": {1}}, history_delay=60, history_complete=61)
    cells = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(2)))
    assert {row.state for row in b.run(cells)} == {"completed"}
    assert b.ledger.submits == 2
    assert b.clock.monotonic() > 60


def test_a_lost_answer_is_looked_up_while_the_last_others_are_in_flight(tmp_path):
    """Not after them: the picture has long been there, and a submit that never arrived takes a whole job more."""
    for name, fault in (("after", "submit:drop_after"), ("before", "submit:drop_before")):
        (tmp_path / name).mkdir()
        b = Bench(tmp_path / name, faults={fault: {1}}, history_complete=1)
        cells = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(9)))
        rows = b.run(cells, max_in_flight=4)
        assert {row.state for row in rows} == {"completed"}
        assert b.ledger.submits == 9
        lost = next(row for row in rows if row.attempts == 2 or row.submitted_at < 1_800_000_000.2)
        assert b.clock.monotonic() < 3.6 * 22, "three waves of jobs, and not four"
        assert lost.completed_at - 1_800_000_000 < 3.6 * 22


def test_an_answer_that_comes_late_shows_the_history_as_it_was_when_asked(tmp_path):
    """Ten seconds on its way, it proves nothing though the history is complete by then."""
    faults = {"submit:drop_after": {1}, "history:delay": {1}}
    b = Bench(tmp_path, faults=faults, history_delay=2, history_complete=2)
    cells = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1]))
    assert {row.state for row in b.run(cells)} == {"completed"}
    assert b.ledger.submits == 1
