"""What is paid for and not served yet: asked for again, beside the others, and not for ever."""

from collections import Counter

import pytest

import segflux_nb as sf
from segflux_nb.lifecycle import ANSWERABLE_SECONDS, State
from segflux_nb.running.policy.asking_again import KEEP_ASKING_SECONDS, LONGEST, AskingAgain
from tests.support.virtual import EPOCH, Bench

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(1, 13)))
NINE_DAYS = 9 * 86_400.0


def of_seeds(*seeds):
    return lambda body: body["seed"] in seeds


def test_pictures_that_are_not_there_hold_up_no_other_cell(tmp_path):
    """Two at a time, and the first two pictures are not served: the others take as long as without them."""
    b = Bench(tmp_path, faults={"picture:404": of_seeds(1, 12)})
    rows = b.run(CELLS, max_in_flight=2)
    assert [row.state.status for row in rows] == ["processing", *["completed"] * 10, "processing"]
    assert max(row.completed_at - EPOCH for row in rows[1:-1]) < 6 * 25
    assert b.stop.reason.startswith("2 pictures are paid and not served yet; ws.run(sweep) asks again until ")


def test_more_pictures_that_are_not_there_than_workers_hold_up_no_other_cell(tmp_path):
    """Twelve of 24, and ten workers, of which two may have a job at a time: as long as if all were served."""
    cells = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(24)))

    def last_of(name, **settings):
        (tmp_path / name).mkdir()
        rows = Bench(tmp_path / name, **settings).run(cells, max_in_flight=2)
        return Counter(row.state.status for row in rows), max(row.completed_at or 0.0 for row in rows)

    _, all_served = last_of("served")
    found, some_served = last_of("not served", faults={"picture:404": lambda body: body["seed"] % 2 == 0})
    assert found == {"processing": 12, "completed": 12}
    assert some_served == pytest.approx(all_served, abs=1.0)


def test_unknown_submits_are_looked_up_before_a_picture_is_waited_for(tmp_path):
    b = Bench(tmp_path, faults={"picture:404": of_seeds(1), "submit:drop_after": {2}})
    rows = b.run(CELLS[:3])
    assert [row.state.status for row in rows] == ["processing", "completed", "completed"]
    assert max(row.completed_at - EPOCH for row in rows[1:]) < 120
    assert b.clock.monotonic() > KEEP_ASKING_SECONDS, "the picture was asked for all the same"


def test_a_call_does_not_ask_without_end(tmp_path):
    b = Bench(tmp_path, faults={"picture:404": of_seeds(1)})
    b.run(CELLS[:2])
    assert KEEP_ASKING_SECONDS < b.clock.monotonic() < KEEP_ASKING_SECONDS + 2 * LONGEST


def test_a_job_that_is_postponed_is_asked_for_soon_and_then_rarely():
    asking, now, pauses = AskingAgain(0.0, lambda: 1.0), 0.0, []
    while now < 1200:
        asking.begin("a")
        asking.postpone("a", now)
        asking.end("a", now)
        began = now
        while not asking.take_due(now):
            now += 0.25
        pauses.append(now - began)
    assert pauses[0] <= 1
    assert sorted(pauses) == pauses
    assert pauses[-1] == LONGEST
    assert len(pauses) < 50


def test_retry_after_of_a_picture_is_kept_within_reason():
    asking = AskingAgain(0.0, lambda: 1.0)
    asking.postpone("a", 0.0, retry_after=1e308)
    assert asking.take_due(299.0) == []
    assert asking.take_due(301.0) == ["a"]


def lost(bench, cells):
    """Runs that were accepted, and given up by an earlier version."""

    async def until_accepted(work):
        await bench.clock.sleep(5)
        work.cancel()

    with pytest.raises(BaseException):  # noqa: B017, PT011 - cancelled
        bench.drive(cells, during=until_accepted)
    for row in bench.rows(cells):
        bench.log.runs.move(row, State.LOST, error="not found", error_kind="expired", owner=None)


def test_what_an_earlier_version_gave_up_is_asked_for_again(tmp_path):
    b = Bench(tmp_path)
    lost(b, CELLS[:3])
    b.clock.before += 2 * 86_400
    assert {row.state for row in b.run(CELLS[:3])} == {"completed"}
    assert b.ledger.submits == 3


def test_after_eight_days_only_the_user_asks_for_what_is_lost(tmp_path):
    b = Bench(tmp_path)
    lost(b, CELLS[:1])
    b.clock.before += ANSWERABLE_SECONDS + 60
    sent = len(b.transport.sent)
    assert b.run(CELLS[:1])[0].state == "lost"
    assert len(b.transport.sent) == sent
    assert b.run(CELLS[:1], only_collect=True)[0].state == "lost"
    assert len(b.transport.sent) > sent
    assert b.ledger.submits == 1


def test_asking_for_what_is_lost_pays_nothing(tmp_path):
    """The job failed: nothing was billed, and it is for the user to submit it again."""
    b = Bench(tmp_path, faults={"job:failed": of_seeds(1)})
    lost(b, CELLS[:1])
    b.clock.before += 60
    assert b.run(CELLS[:1], only_collect=True)[0].state == "failed"
    assert b.ledger.submits == 1


def test_a_run_is_lost_only_when_nothing_can_serve_it_any_more(tmp_path):
    b = Bench(tmp_path, faults={"picture:404": of_seeds(1)})
    assert b.run(CELLS[:1])[0].state == "downloading"
    b.clock.before += NINE_DAYS
    (row,) = b.run(CELLS[:1])
    assert (row.state, row.error_kind) == ("lost", "no_picture")
    assert not b.stop
