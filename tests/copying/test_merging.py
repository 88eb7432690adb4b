"""A copy into a workspace with runs of its own: what is known better wins, and nothing that was paid for is lost."""

import contextlib
import os
import subprocess
import sys
import time

import pytest

import segflux_nb as sf
from segflux_nb.errors import WorkspaceError
from segflux_nb.lifecycle import State
from segflux_nb.pictures.store import PictureStore
from segflux_nb.runlog import copying
from segflux_nb.runlog.between import compare
from segflux_nb.runlog.copying import LogCopier
from segflux_nb.runlog.rows import AcceptedJob
from segflux_nb.runlog.side_file import SideFile
from segflux_nb.simulator.app import Simulator
from tests.copying.studies import copy, execute, fill, opened, picture, store_of, sweep, tables

CELL = next(iter(sweep(1)))
RISING = [
    ("planned", ("failed", "refused")),
    ("failed", ("unknown",)),
    ("unknown", ("lost",)),
    ("lost", ("submitted",)),
    ("submitted", ("processing",)),
    ("processing", ("downloading",)),
    ("downloading", ("completed",)),
]


def one_run(where, state, job=None, number=None, cost=None, marked=()):
    """A workspace with one run in a state, with its job and its picture."""
    with opened(where) as ws:
        log = ws._launcher.source.log
        log.runs.plan([CELL])
        with ws._journal._database.writing() as cursor:
            cursor.execute("UPDATE runs SET state = ?, request_id = ?, cost_usd = ?", (state, job, cost))
            if job is not None:
                cursor.execute("INSERT INTO jobs VALUES ('simulator', ?, ?)", (job, CELL.digest))
            if number is not None:
                made = PictureStore(ws.path).put(picture(number))
                cursor.execute(
                    "INSERT INTO pictures (service, digest, number, url, path, sha256) VALUES (?, ?, 0, ?, ?, ?)",
                    ("simulator", CELL.digest, f"/{job}", made.path, made.sha256),
                )


def run_in(where):
    with opened(where) as ws:
        log = ws._launcher.source.log
        found = log.runs.read([CELL.digest])[CELL.digest]
        pictures = [found.sha256, *(one.sha256 for one in log.pictures.more(CELL.digest))]
        return found, pictures, log.records.request_ids({CELL.digest})


@pytest.mark.parametrize(("less", "more"), [(low, high) for low, highs in RISING for high in highs])
def test_the_run_that_is_known_better_wins_whichever_it_is_copied_from(place, less, more):
    one_run(place("a"), less, None if less == "planned" else "job-1")
    one_run(place("b"), more, "job-2")
    for source, target in (("a", "b"), ("b", "a")):
        copy(place(source), place(target))
        found, _, jobs = run_in(place(target))
        assert (found.state, found.request_id) == (more, "job-2")
        assert jobs == {"job-1", "job-2"} - ({"job-1"} if less == "planned" else set())


def test_what_was_completed_here_stays_when_there_it_is_planned(place):
    one_run(place("a"), "planned")
    one_run(place("b"), "completed", "job", 1, cost=0.03)
    before = tables(place("b"))
    copy(place("a"), place("b"))
    assert tables(place("b")) == before


def test_a_run_that_was_made_in_both_keeps_both_pictures_and_both_prices(place):
    one_run(place("a"), "completed", "job-1", 1, cost=0.03)
    one_run(place("b"), "completed", "job-2", 2, cost=0.04)
    for _ in range(2):
        copy(place("a"), place("b"))
        found, pictures, jobs = run_in(place("b"))
        assert jobs == {"job-1", "job-2"}
        assert found.cost_usd == pytest.approx(0.07)
        assert len(pictures) == len(set(pictures)) == 2
    with opened(place("b")) as ws:
        (run,) = ws.runs()
        assert run.path.read_bytes() == picture(2)
        assert ws.verify().ok


def test_a_picture_that_gives_way_to_another_stays_beside_it(place):
    one_run(place("a"), "completed", "job-1", 1)
    one_run(place("b"), "lost", "job-2", 2)
    copy(place("a"), place("b"))
    assert len(run_in(place("b"))[1]) == 2


def test_a_submit_that_was_cut_off_is_unknown_in_the_copy(place):
    one_run(place("a"), "submitting")
    execute(place("a"), "UPDATE runs SET owner = 'elsewhere/1:1:1'")
    found = copy(place("a"), place("b"))
    assert found.in_flight == 1
    assert run_in(place("b"))[0].state is State.UNKNOWN
    assert run_in(place("b"))[0].owner is None


def test_an_id_that_the_source_could_not_enter_is_entered_in_the_copy(place):
    one_run(place("a"), "unknown")
    with opened(place("a")) as ws:
        side = SideFile(ws._launcher.source.log.path, "simulator", "elsewhere/1:1:1")
    side.reserve(1)
    side.add(AcceptedJob("simulator", CELL.digest, "job-9", "/s", "/r", 1e9, None))
    for _ in range(2):
        copy(place("a"), place("b"))
        found, _, jobs = run_in(place("b"))
        assert (found.state, found.request_id, jobs) == (State.SUBMITTED, "job-9", {"job-9"})


def test_what_is_in_flight_is_collected_in_the_copy_and_paid_for_once(place):
    with Simulator(time_scale=0.02, paint=False) as simulator:
        with sf.Workspace(place("a"), service=simulator, pictures=store_of(place("a"))) as ws:
            live = ws.start(sweep(12))
            while simulator.ledger.submits < 12:
                assert not live.done
            live.interrupt()
        execute(place("a"), "UPDATE processes SET seen_at = 1e9")
        assert copy(place("a"), place("b")).in_flight
        for name in ("b", "a"):
            with sf.Workspace(place(name), service=simulator, pictures=store_of(place(name))) as ws:
                assert ws.run(sweep(12)).counts == {"completed": 12}
        assert simulator.ledger.submits == 12


def test_accounts_are_the_same_in_a_new_workspace_and_others_in_one_that_has_runs(place):
    fill(place("a"))
    one_run(place("c"), "planned")
    for target, same in (("b", True), ("c", False)):
        copy(place("a"), place(target))
        salts = []
        for name in ("a", target):
            with opened(place(name)) as ws:
                salts.append(ws._launcher.source.log.runs.salt())
        assert (salts[0] == salts[1]) is same


def test_marks_votes_numbers_and_words_of_both_are_kept(place):
    fill(place("a"), 3)
    fill(place("b"), 4, title="Other")
    digest = CELL.digest
    for name, rater, stars, at in (("a", "ann", 1, 2e9), ("b", "bob", 5, 2e9), ("b", "eve", 3, 1e9)):
        execute(
            place(name),
            "INSERT INTO marks (service, digest, rater, stars, marked_at) VALUES ('simulator', ?, ?, ?, ?)"
            " ON CONFLICT (service, digest, rater) DO UPDATE SET stars = excluded.stars,"
            " marked_at = excluded.marked_at",
            *(digest, rater, stars, at),
        )
        execute(place(name), "UPDATE annotations SET value = ? WHERE name = 'tag'", f'"of {name}"')
        with opened(place(name)) as ws:
            ws.trigger_word(f"only {name}", "x")
    votes = len(tables(place("a"))["votes"]) + len(tables(place("b"))["votes"])
    copy(place("a"), place("b"))
    after = tables(place("b"))
    marks = {row["rater"]: row["stars"] for row in after["marks"] if row["digest"] == digest}
    assert marks == {"ann": 1, "bob": 5, "eve": 3}
    assert len(after["votes"]) == votes
    assert '"of b"' in {row["value"] for row in after["annotations"]}, "the target's own columns stay"
    words = {row["name"] for row in after["properties"]}
    assert {"trigger word/simulator/only a", "trigger word/simulator/only b"} <= words
    copy(place("a"), place("b"))
    assert tables(place("b")) == after
    with opened(place("b")) as ws:
        assert len(ws.sweeps) == 2
        assert len(ws.runs("Study")) == 3
        assert len(ws.runs("Other")) == 4


def test_orders_stay_where_the_agreement_was_given(place):
    with opened(place("a")) as ws:
        ws.submit(sweep())
    found = copy(place("a"), place("b"))
    assert found.orders == 1
    assert "1 sweep submitted for workers" in str(found)
    with opened(place("b")) as ws:
        assert ws._launcher.source.log.orders.all() == []
        assert ws.plan(sweep()).to_submit == 6


# ---------------------------------------------------------------------- copies that are cut off


class Died(BaseException):
    """The process was killed."""


@pytest.mark.parametrize("where", range(0, 40, 4))
def test_a_copy_that_is_cut_off_leaves_all_of_the_log_or_nothing_and_goes_on(place, monkeypatch, where):
    fill(place("a"), 8)
    one_run(place("b"), "completed", "own", 77)
    before = tables(place("b"))
    steps = [0]

    def mortal(function):
        def dying(*arguments, **options):
            steps[0] += 1
            if steps[0] > where:
                raise Died
            return function(*arguments, **options)

        return dying

    with monkeypatch.context() as patched, contextlib.suppress(Died):
        patched.setattr(PictureStore, "_write", mortal(PictureStore._write))
        for name in ("insert_into", "parts_of", "digest_of", "merged_pictures"):
            patched.setattr(copying, name, mortal(getattr(copying, name)))
        patched.setattr("segflux_nb.copying.copier.compare", mortal(compare))
        copy(place("a"), place("b"))
    assert tables(place("b")) == before or len(tables(place("b"))["events"]) == 8
    assert copy(place("a"), place("b")).ok
    copy(place("a"), place("c"))
    copy(place("b"), place("c"))
    copy(place("a"), place("b"))
    with opened(place("b")) as ws:
        assert ws.verify().ok
        assert ws.runs("Study").counts == {"completed": 8}
        assert {"own", "job-Study-0"} <= ws._launcher.source.log.records.request_ids({CELL.digest})


def test_a_copy_that_is_not_whole_is_an_error(place, monkeypatch):
    fill(place("a"))
    enter = LogCopier.enter

    def forget_one(self, seen):
        enter(self, seen)
        with self._target.writing() as cursor:
            cursor.execute("DELETE FROM marks WHERE rater = 'bob'")

    monkeypatch.setattr(LogCopier, "enter", forget_one)
    with pytest.raises(WorkspaceError, match="The copy is not whole: marks lacks"):
        copy(place("a"), place("b"))


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_copies_that_are_killed_leave_all_of_the_log_or_nothing_and_go_on(place):
    fill(place("a"), 300, pictures=120)

    def copying(target):
        options = [*option_of(place("a"), is_target=False), *option_of(place(target), is_target=True)]
        return [sys.executable, "-m", "segflux_nb", "copy", place("a"), place(target), *options]

    whole = time.monotonic()
    subprocess.run(copying("c"), check=True, stdout=subprocess.DEVNULL)
    whole, rows, kills = time.monotonic() - whole, [], 0
    for seconds in (*(part * whole for part in (0.4, 0.55, 0.7, 0.85, 0.95)), 60):
        process = subprocess.Popen(copying("b"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
        rows.append(len(tables(place("b"))["runs"]))
    assert set(rows) <= {0, 300}
    assert rows[-1] == 300
    assert kills
    assert tables(place("b")) == tables(place("a"))


def option_of(where, *, is_target):
    store = store_of(where)
    return [] if store is None else ["--pictures" if is_target else "--source-pictures", store]
