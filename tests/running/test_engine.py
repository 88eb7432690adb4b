import asyncio
from collections import Counter
from itertools import accumulate

import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.errors import WorkspaceError
from segflux_nb.lifecycle import State
from segflux_nb.model import MODEL
from segflux_nb.running import ownership, recovery
from segflux_nb.running.policy.budget import Budget
from segflux_nb.simulator.service import jobs
from segflux_nb.simulator.service.version import VERSION
from tests.support.virtual import Bench, SeamTransport


@pytest.fixture
def bench(tmp_path):
    def make(**settings):
        return Bench(tmp_path, **settings)

    return make


def sweep(number=6, **parameters):
    return sf.Sweep(**{"prompt": "TOK", "finetune_id": "a", "seed": range(1, number + 1), **parameters})


def test_a_sweep_ends_with_every_picture_on_disk(bench):
    b = bench()
    rows = b.run(sweep(20), max_in_flight=8)
    assert {row.state for row in rows} == {"completed"}
    assert b.ledger.submits == 20
    for row in rows:
        Image.open(b.folder / row.picture).load()
        assert row.cost_usd == pytest.approx(MODEL.price)
        assert row.render_seconds > 10
    # Three waves of 22 s: in flight all the time, and no long lag after a job is done.
    assert 60 < b.clock.monotonic() < 100
    assert not b.stop


def test_what_is_logged_is_not_submitted_again(bench):
    b = bench()
    b.run(sweep(4))
    b.run(sweep(6))
    b.run(sweep(6))
    assert b.ledger.submits == 6


def test_duplicates_in_a_grid_run_once(bench):
    b = bench()
    b.run([*sweep(3), *sweep(3)])
    twice = sf.Sweep(prompt="TOK", finetune_id={"one": "a", "other": "a"})
    b.run(twice)
    assert b.ledger.submits == 4


def test_another_take_is_another_picture(bench):
    b = bench()
    (cell,) = sweep(1)
    b.run([cell])
    b.run([cell.again(1)])
    assert b.ledger.submits == 2
    assert b.log.runs.next_take(cell.digest) == 2


@pytest.mark.parametrize(
    ("fault", "state", "kind", "says"),
    [
        ("job:failed", "failed", "server", "out of memory"),
        ("job:moderated", "failed", "moderated", "content policy"),
        ("picture:truncated", "downloading", "bad_picture", "does not decode"),
        ("picture:404", "downloading", "no_picture", "404"),
        ("submit:500", "refused", "server", "Internal server error"),
    ],
)
def test_a_bad_cell_says_so_and_the_others_go_on(bench, fault, state, kind, says):
    b = bench(faults={fault: lambda body: body["seed"] == 3})
    rows = b.run(sweep(6))
    assert [row.state for row in rows] == ["completed", "completed", state, *["completed"] * 3]
    assert rows[2].error_kind == kind
    assert says in rows[2].error
    assert bool(b.stop) == (state == "downloading")
    if state == "downloading":
        assert rows[2].cost_usd == pytest.approx(MODEL.price)
        assert b.stop.reason.startswith("1 picture is paid and not served yet; ws.run(sweep) asks again until ")
    if fault == "picture:truncated":
        kept = (b.folder / "rejected" / f"{rows[2].digest[:12]}.bin").read_bytes()
        assert kept.startswith(b"\xff\xd8"), "the bytes that were paid for are kept aside"


def test_a_value_that_the_service_rejects_is_invalid(bench, monkeypatch):
    def mistake(body):
        return "Invalid value for sampler_name: not in list" if body["sampler_name"] == "uni_pc" else None

    monkeypatch.setattr(jobs, "mistake", mistake)
    b = bench()
    rows = b.run(sweep(1, sampler_name=["euler", "uni_pc"]))
    assert [(row.state, row.error_kind) for row in rows] == [("completed", ""), ("failed", "invalid")]
    assert "sampler_name" in rows[1].error


@pytest.mark.parametrize("fault", ["job:output_list", "job:output_object"])
def test_all_shapes_of_output_are_read(bench, fault):
    b = bench(faults={fault: 1.0})
    assert {row.state for row in b.run(sweep(2))} == {"completed"}


def test_errors_of_polls_are_no_answers(bench):
    b = bench(faults={"status:500": 0.6})
    assert {row.state for row in b.run(sweep(10))} == {"completed"}
    assert b.ledger.submits == 10


def test_a_record_that_is_gone_is_found_in_the_history(bench):
    b = bench(faults={"status:404": lambda body: body["seed"] == 2})
    rows = b.run(sweep(3))
    assert {row.state for row in rows} == {"completed"}, "it is still pending there, and asked for again"
    assert b.ledger.submits == 3
    assert {row.simulator_version for row in rows} == {VERSION}, "results and history say which simulator painted"


def test_a_lost_answer_is_found_and_not_paid_twice(bench):
    b = bench(faults={"submit:drop_after": 0.3})
    assert {row.state for row in b.run(sweep(30))} == {"completed"}
    assert b.ledger.submits == 30


def test_without_a_complete_history_a_lost_answer_is_never_submitted_again_unasked(bench):
    b = bench(declares_history=False, faults={"submit:drop_after": lambda body: body["seed"] == 2})
    assert {row.state for row in b.run(sweep(3))} == {"completed"}, "the history shows it"
    assert b.ledger.submits == 3


def test_what_no_history_shows_stays_unknown_until_the_user_decides(bench, monkeypatch):
    b = bench(declares_history=False)
    cells = list(sweep(2))

    # The process dies between intent and first byte: the journal says "submitting", the service knows nothing.
    b.log.runs.plan(cells)
    row = b.rows(cells)[0]
    b.log.runs.move(row, State.SUBMITTING, owner="elsewhere:1:0", submitted_at=b.clock.now())
    monkeypatch.setattr(ownership, "is_alive", lambda *_: False)
    assert [r.state for r in b.run(cells)] == ["unknown", "completed"]
    assert b.ledger.submits == 1
    assert [r.state for r in b.run(cells)] == ["unknown", "completed"]
    assert [r.state for r in b.run(cells, resubmit_unknown=True)] == ["completed", "completed"]
    assert b.ledger.submits == 2


def test_a_failed_run_is_tried_again_by_the_next_call_and_a_moderated_one_is_not(bench):
    struck = Counter()

    def once(body):
        struck[body["seed"]] += 1
        return struck[body["seed"]] == 1

    b = bench(
        faults={
            "job:failed": lambda body: body["seed"] == 1 and once(body),
            "job:moderated": lambda body: body["seed"] == 2,
        }
    )
    assert [row.state for row in b.run(sweep(2))] == ["failed", "failed"]
    assert [row.state for row in b.run(sweep(2))] == ["completed", "failed"]
    assert b.ledger.submits == 3
    b.run(sweep(2), retry_held=True)
    assert b.ledger.submits == 4


def test_credits_that_run_out_end_the_run_with_what_is_done(bench):
    b = bench(credits=3.5 * MODEL.price)
    rows = b.run(sweep(6), max_in_flight=1)
    assert Counter(row.state for row in rows) == {"completed": 3, "planned": 3}
    assert "Insufficient credits" in b.stop.reason
    assert "Nothing was billed" in b.stop.reason


def test_a_bad_key_ends_the_run_at_once(bench):
    b = bench(key="SG_0123456789abcdef")
    b.transport.key = "SG_fedcba9876543210"
    rows = b.run(sweep(40))
    assert {row.state for row in rows} == {"planned"}
    assert "401" in b.stop.reason
    assert "SG_" not in b.stop.reason
    assert len(b.transport.sent) <= 8


def test_rate_limits_are_waited_for(bench):
    b = bench(rpm=5)
    rows = b.run(sweep(12))
    assert {row.state for row in rows} == {"completed"}
    assert b.ledger.submits == 12
    assert b.clock.monotonic() < 240


def test_a_service_out_of_reach_ends_the_run_and_nothing_is_unknown(bench):
    b = bench()
    b.transport.reachable = False
    rows = b.run(sweep(6))
    assert {row.state for row in rows} == {"planned"}
    assert "cannot be reached" in b.stop.reason
    b.transport.reachable = True
    assert {row.state for row in b.run(sweep(6))} == {"completed"}


def test_the_cap_holds_and_what_fits_is_done(bench):
    b = bench()
    rows = b.run(sweep(6), cap=2.5 * MODEL.price)
    assert Counter(row.state for row in rows) == {"completed": 2, "planned": 4}
    assert b.ledger.billed <= 2.5 * MODEL.price
    assert "max_cost" in b.stop.reason
    unknown = b.run(sweep(1, sampler_name="dpm_adaptive"), cap=1.0)
    assert unknown[0].state == "planned"
    assert "price is unknown" in b.stop.reason


def test_stopping_submits_no_more_and_collects_what_is_in_flight(bench):
    b = bench()

    async def stop_early(work):
        await asyncio.sleep(5)
        b.stop.set("stopped")

    rows = b.run(sweep(20), max_in_flight=4, during=stop_early)
    assert Counter(row.state for row in rows) == {"completed": 4, "planned": 16}


def test_an_interrupted_sweep_goes_on_and_pays_nothing_twice(bench):
    b = bench()

    def interrupt_after(seconds):
        async def during(work):
            await asyncio.sleep(seconds)
            work.cancel()

        with pytest.raises(asyncio.CancelledError):
            b.run(sweep(12), max_in_flight=5, during=during)

    for seconds in (0.01, 0.06, 0.12, 3, 10, 12):
        interrupt_after(seconds)
    assert {row.state for row in b.run(sweep(12))} == {"completed"}
    assert b.ledger.submits == 12


class ProcessDied(BaseException):
    """Stands for a kill: nothing after it is written."""


def test_a_death_at_any_step_loses_and_double_pays_nothing(tmp_path, monkeypatch):
    """Kill before and after every commit and every request of a small sweep; each time a new process finishes it."""
    monkeypatch.setattr(ownership, "is_alive", lambda *_: False)
    step, deaths = 0, 0
    while True:
        step += 1
        (tmp_path / str(step)).mkdir()
        b = Bench(tmp_path / str(step), time_scale=0.1)
        countdown = step

        def tick():
            nonlocal countdown
            countdown -= 1
            if countdown <= 0:
                raise ProcessDied

        send = b.transport.send

        def dying(write, tick=tick):
            def write_and_tick(*arguments, **changes):
                tick()
                result = write(*arguments, **changes)
                tick()
                return result

            return write_and_tick

        async def dying_send(request, send=send, tick=tick):
            tick()
            response = await send(request)
            tick()
            return response

        b.log.runs.move, b.log.runs.accept = dying(b.log.runs.move), dying(b.log.runs.accept)
        b.transport.send = dying_send
        try:
            b.run(sweep(2), max_in_flight=2)
        except ProcessDied:
            deaths += 1
        else:
            break
        b.journal, b.transport.send = b.open_journal(), send
        monkeypatch.setattr(ownership, "_held", Counter())
        b.run(sweep(2))
        assert b.states(sweep(2)) == ["completed"] * 2, f"death at step {step}"
        assert b.ledger.submits == 2, f"death at step {step}"
    assert deaths > 30


def test_a_disk_that_cannot_be_written_stops_the_sweep_and_nothing_paid_is_lost(bench, monkeypatch):
    b = bench()

    def full(*arguments):
        raise WorkspaceError("The picture cannot be written: no space", money="a picture was billed")

    with monkeypatch.context() as patch:
        patch.setattr("segflux_nb.pictures.store.PictureStore.put", full)
        with pytest.raises(WorkspaceError, match="no space"):
            b.run(sweep(4))
    assert {row.state for row in b.run(sweep(4))} == {"completed"}
    assert b.ledger.submits == 4


def test_an_interrupt_lets_only_submits_on_the_wire_finish(bench):
    b = bench()
    at_interrupt = []

    async def during(work):
        await asyncio.sleep(0.12)
        at_interrupt.append(b.ledger.submits)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        await asyncio.sleep(60)

    with pytest.raises(asyncio.CancelledError):
        b.run(sweep(40), max_in_flight=32, during=during)
    assert b.ledger.submits <= at_interrupt[0] + 4
    states = Counter(b.states(sweep(40)))
    assert states == {"submitted": b.ledger.submits, "planned": 40 - b.ledger.submits}, "and none is left unsettled"


@pytest.mark.parametrize("seconds", [0.0, 0.06, 0.12, 3.0])
def test_closing_the_engine_ends_its_sweeps_and_leaves_no_submit_unsettled(bench, seconds):
    b = bench()
    cells = list(sweep(40))
    b.log.runs.plan(cells)

    async def main():
        engine = b.engine(max_in_flight=32)
        options = {"stop": b.stop, "budget": Budget(None), "on_change": lambda digest, state: None}
        work = asyncio.ensure_future(engine.run(cells, **options))
        await asyncio.sleep(seconds)
        await engine.close()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert asyncio.all_tasks() == {asyncio.current_task()}

    b.clock.run(main())
    assert set(b.states(cells)) <= {"planned", "submitted", "processing"}
    assert {row.state for row in b.run(cells)} == {"completed"}
    assert b.ledger.submits == 40


def test_a_death_leaves_at_most_four_submits_unsettled(bench, monkeypatch):
    b = bench()
    submitted = 0
    send = b.transport.send

    async def dying_send(request):
        nonlocal submitted
        submitted += request.purpose == "submit"
        if submitted > 12:
            raise ProcessDied
        return await send(request)

    def dying(write):
        def write_or_die(*arguments, **changes):
            if submitted > 12:
                raise ProcessDied
            return write(*arguments, **changes)

        return write_or_die

    b.transport.send = dying_send
    b.log.runs.move, b.log.runs.accept = dying(b.log.runs.move), dying(b.log.runs.accept)
    with pytest.raises(ProcessDied):
        b.run(sweep(40), max_in_flight=32)
    assert 1 <= Counter(b.states(sweep(40)))["submitting"] <= 4


def test_an_adopted_job_is_asked_for_under_its_own_address(bench):
    """A run that failed once, and whose second submit's answer was lost: the first job's address must not stay."""
    b = bench(faults={"job:failed": {1}, "submit:drop_after": {2}})
    (failed,) = b.run(sweep(1))
    assert failed.state == "failed"
    b.transport.sent.clear()
    assert [row.state for row in b.run(sweep(1))] == ["completed"]
    assert b.ledger.submits == 2
    assert not [url for _, url in b.transport.sent if failed.request_id in url]


def test_a_job_of_another_time_is_not_adopted(bench):
    """An equal job that another workspace submitted long before is not the job of our submit."""
    b = bench(faults={"submit:drop_before": {2}})
    (cell,) = sweep(1)
    elsewhere = bench()
    elsewhere.folder = b.folder / "elsewhere"
    elsewhere.folder.mkdir()
    elsewhere.journal, elsewhere.transport.simulator = elsewhere.open_journal(), b.simulator
    elsewhere.clock = elsewhere.transport.clock = b.clock
    elsewhere.client_clock = b.client_clock
    assert [row.state for row in elsewhere.run([cell])] == ["completed"]
    b.clock.before += 3 * 3600
    assert [row.state for row in b.run([cell])] == ["completed"]
    assert b.rows([cell])[0].request_id == b.ledger.entries()[1].request_id


def test_a_bad_day_pays_nothing_twice_and_accounts_for_everything(tmp_path):
    faults = {f"{operation}:{kind}": 0.03 for operation in ("submit", "status", "result", "history") for kind in (
        "drop_before", "429", "500", "502", "504", "drop_after", "drop_middle", "502_after", "504_after", "stale",
        "delay", "truncated", "not_json")}  # fmt: skip
    faults |= {f"picture:{kind}": 0.03 for kind in ("500", "drop_before", "drop_middle", "truncated", "delay")}
    faults |= {
        "job:failed": 0.05,
        "job:moderated": 0.02,
        "job:no_output": 0.02,
        "submit:no_id": 0.03,
        "status:404": 0.03,
    }
    for seed in range(3):
        folder = tmp_path / str(seed)
        folder.mkdir()
        b = Bench(folder, faults=faults, seed=seed)
        grid = sweep(150)
        for _ in range(8):
            rows = b.run(grid, max_in_flight=32)
        outcomes = Counter((row.state.value, row.error_kind) for row in rows)
        paid = Counter(entry.body["seed"] for entry in b.ledger.entries() if entry.billed)
        assert set(outcomes) <= {("completed", ""), ("failed", "moderated")}, seed
        assert max(paid.values()) == 1, f"seed {seed}: paid twice"
        assert len(paid) == outcomes["completed", ""], "nothing that was paid for is lost"


def test_a_part_of_the_history_proves_nothing(bench, monkeypatch):
    """More rows than are read: a submit that is not among them may have been accepted all the same."""
    monkeypatch.setattr(recovery, "MOST_PAGES", 1)
    b = bench(faults={"submit:drop_after": {1}})
    first, *others = sweep(150)
    with_history = recovery.Recovery.reconcile

    async def not_now(self, runs, context, *, resubmit_unknown):
        return runs

    monkeypatch.setattr(recovery.Recovery, "reconcile", not_now)
    b.run([first])
    b.run(others)
    monkeypatch.setattr(recovery.Recovery, "reconcile", with_history)
    assert b.states([first]) == ["unknown"]
    assert [row.state for row in b.run([first])] == ["unknown"]
    monkeypatch.setattr(recovery, "MOST_PAGES", 3)  # two with rows, and an empty one: the end
    assert [row.state for row in b.run([first])] == ["completed"]
    assert b.ledger.submits == 150


def test_closing_the_engine_does_not_wait_for_an_answer_that_never_comes(bench):
    b = bench()
    cells = list(sweep(4))
    b.log.runs.plan(cells)
    answer = b.transport.send

    async def silent(request):
        response = await answer(request)
        if request.purpose == "submit":
            await asyncio.sleep(86_400)
        return response

    b.transport.send = silent

    async def main():
        engine = b.engine()
        options = {"stop": b.stop, "budget": Budget(None), "on_change": lambda digest, state: None}
        work = asyncio.ensure_future(engine.run(cells, **options))
        await asyncio.sleep(1)
        await engine.close()
        assert b.clock.monotonic() < 30
        await asyncio.gather(work, return_exceptions=True)

    b.clock.run(main())
    b.transport.send = answer
    assert {row.state for row in b.run(cells)} == {"completed"}
    assert b.ledger.submits == 4


def test_a_picture_that_is_fetched_slowly_takes_the_place_of_no_job(tmp_path, monkeypatch):
    b, send = Bench(tmp_path, workers=1000), SeamTransport.send

    async def slowly(transport, request):
        if request.purpose == "download":
            await b.clock.sleep(20)
        return await send(transport, request)

    monkeypatch.setattr(SeamTransport, "send", slowly)
    rows = b.run(sweep(12), max_in_flight=4)
    assert {row.state for row in rows} == {"completed"}
    assert b.clock.monotonic() < 3 * (22 + 20) - 15
    begun = sorted([(row.accepted_at, 1) for row in rows] + [(row.detected_at, -1) for row in rows])
    assert max(accumulate(change for _, change in begun)) == 4
