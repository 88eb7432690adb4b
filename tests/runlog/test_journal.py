import sqlite3

import pytest

import segflux_nb as sf
from segflux_nb.lifecycle import TRANSITIONS, State
from segflux_nb.runlog.journal import Journal
from tests.support.corpus import PAYLOADS
from tests.support.service import ManualClock

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3]))


@pytest.fixture
def journal(place):
    opened = place.journal(ManualClock())
    opened.of("simulator").runs.plan(CELLS)
    yield opened
    opened.close()


@pytest.fixture
def log(journal):
    return journal.of("simulator")


def row(log, number=0):
    return log.runs.read([CELLS[number].digest])[CELLS[number].digest]


def test_each_change_is_an_event_and_events_stay(log, place):
    first = log.runs.move(row(log), State.SUBMITTING, owner="me", attempts=1)
    log.runs.move(first, State.SUBMITTED, request_id="abc", owner=None)
    events = log.runs.events(CELLS[0].digest)
    assert [(before, after) for _, before, after, _ in events] == [
        ("planned", "submitting"),
        ("submitting", "submitted"),
    ]
    assert events[1][3] == {"request_id": "abc"}
    for statement in ("UPDATE events SET at = 0", "DELETE FROM events"):
        with pytest.raises(place.refuses, match="never"):
            place.execute(statement)


def test_only_one_of_two_processes_moves_a_run(log, place):
    journal = place.journal(ManualClock())
    other = journal.of("simulator")
    mine, theirs = row(log), row(other)
    assert log.runs.move(mine, State.SUBMITTING, owner="me") is not None
    assert other.runs.move(theirs, State.SUBMITTING, owner="them") is None
    assert row(other).owner == "me"
    journal.close()


def test_illegal_arrows_and_unknown_columns_are_refused(log):
    with pytest.raises(ValueError, match="from planned to completed"):
        log.runs.move(row(log), State.COMPLETED)
    with pytest.raises(ValueError, match="cannot be changed"):
        log.runs.move(row(log), State.SUBMITTING, digest="x")
    assert row(log).state == "planned"
    assert all(State.PLANNED not in TRANSITIONS[state] for state in (State.COMPLETED, State.LOST, State.SUBMITTED))


def test_an_accepted_job_is_entered_even_under_an_id_that_was_seen_before(log):
    """A simulator that starts again repeats its ids; refusing the row would lose a paid picture."""
    for number in (0, 1):
        submitting = log.runs.move(row(log, number), State.SUBMITTING)
        assert log.runs.move(submitting, State.SUBMITTED, request_id="abc") is not None
    assert log.runs.knows_request("abc")


def test_services_do_not_see_each_others_runs(journal):
    hosted = journal.of("segmind")
    assert hosted.runs.read([CELLS[0].digest]) == {}
    hosted.runs.plan(CELLS[:1])
    assert journal.services() == ["segmind", "simulator"]
    assert hosted.runs.all().keys() == {CELLS[0].digest}


def test_hardware_is_taken_anew_as_long_as_nothing_is_submitted(log):
    (faster,) = sf.Sweep(prompt="TOK", finetune_id="a", seed=1, hardware="fast")
    log.runs.plan([faster])
    assert row(log).parameters["hardware"] == "fast"
    log.runs.move(row(log), State.SUBMITTING)
    log.runs.plan(CELLS)
    assert row(log).parameters["hardware"] == "fast"


def test_files_that_are_no_logs_of_ours(tmp_path):
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE x (y)")
    other.close()
    with pytest.raises(sf.SegfluxError, match="another program"):
        Journal(tmp_path / "other.sqlite", ManualClock())
    with pytest.raises(sf.SegfluxError, match="cannot be opened"):
        Journal(tmp_path / "absent" / "log.sqlite", ManualClock())


def test_a_log_that_was_half_made_is_made_whole(tmp_path, monkeypatch):
    from segflux_nb.runlog import migrations

    monkeypatch.setattr(migrations, "SCHEMA", migrations.SCHEMA + "CREATE TABLE runs (x);\n")
    with pytest.raises(sf.SegfluxError):
        Journal(tmp_path / "log.sqlite", ManualClock())
    monkeypatch.undo()
    Journal(tmp_path / "log.sqlite", ManualClock()).close()


def test_many_rows_are_read_as_few_are(place, monkeypatch):
    prompts = [*PAYLOADS, 'quotes " and \\ and \x00']
    cells = list(sf.Sweep(prompt=prompts, finetune_id="a", lora_strength=[0.1, 1.0], seed=2**32 - 1))
    journal = place.journal(ManualClock())
    log = journal.of("simulator").runs
    log.plan(cells[::-1])
    journal.of("elsewhere").runs.plan(cells[:3])
    first = log.read([cells[0].digest])[cells[0].digest]
    first = log.move(first, State.SUBMITTING, owner="me", submitted_at=1_800_000_000.123457)
    log.move(first, State.REFUSED, error="".join(PAYLOADS), error_kind="invalid", owner=None)
    wanted = [cells[5].digest, "nobody", *(cell.digest for cell in cells[:-1]), cells[5].digest]
    names = ("state", "picture", "width", "take", "error", "parameters")

    def rows(*columns):
        table = log.table(wanted, columns)
        assert len(table["digest"]) == len(set(wanted)) - 1, "each once, and none that nobody asked for"
        return {digest: [table[name][at] for name in columns] for at, digest in enumerate(table["digest"])}

    few, exact = rows(*names), rows(*names, "submitted_at")
    monkeypatch.setattr("segflux_nb.runlog.reading.LOOKED_UP", 0)
    assert rows(*names) == few
    assert rows(*names, "submitted_at") == exact
    assert all(few[cell.digest][-1]["prompt"] == cell.prompt for cell in cells[:-1])
    kept = "".join(PAYLOADS) if place.kind == "sqlite" else "".join(PAYLOADS).replace("\0", "␀")
    assert few[cells[0].digest][names.index("error")] == kept
    assert exact[cells[0].digest][-1] == 1_800_000_000.123457, "no digit is lost"
    assert len(journal.of("nowhere").runs.table(wanted, names)["digest"]) == 0
    journal.close()


def complete(log, number=0):
    """Bring a run from planned to a picture on disk, as the engine does."""
    run = log.runs.move(row(log, number), State.SUBMITTING, owner="me", attempts=1, submitted_at=1.0)
    run = log.runs.move(run, State.SUBMITTED, request_id=f"job-{number}")
    run = log.runs.move(run, State.DOWNLOADING, picture_url="/p.jpeg", cost_usd=0.03)
    seen = row(log, number)
    picture = {"picture": f"pictures/{number}.jpg", "sha256": "ab", "width": 4, "height": 3, "bytes": 12}
    return seen, log.runs.move(run, State.COMPLETED, **picture, owner=None)


def test_the_url_of_a_picture_is_kept_before_its_file_and_both_in_one_row(log, place):
    seen, done = complete(log)
    assert (seen.picture_url, seen.picture) == ("/p.jpeg", None)
    assert done == row(log), "what a change returns is what the log has"
    assert (done.picture_url, done.picture, done.sha256, done.bytes) == ("/p.jpeg", "pictures/0.jpg", "ab", 12)
    assert place.execute("SELECT number, url, path, size FROM pictures") == [(0, "/p.jpeg", "pictures/0.jpg", 12)]
    _, before, after, data = log.runs.events(CELLS[0].digest)[-1]
    assert (before, after) == ("downloading", "completed")
    assert data["picture"] == "pictures/0.jpg", "events say it as they always did"


def test_a_run_with_several_pictures_shows_its_first_everywhere(log, place, monkeypatch):
    complete(log)
    place.execute(
        "INSERT INTO pictures (service, digest, number, path, width) VALUES ('simulator', ?, 1, 'second', 9)",
        CELLS[0].digest,
    )
    digests = [cell.digest for cell in CELLS]
    for looked_up in (5000, 0):
        monkeypatch.setattr("segflux_nb.runlog.reading.LOOKED_UP", looked_up)
        assert [run.picture for run in log.runs.read(digests[:1]).values()] == ["pictures/0.jpg"]
        table = log.runs.table(digests, ("picture", "width"))
        assert sorted(zip(table["picture"], table["width"], strict=True), key=str) == [
            ("pictures/0.jpg", 4),
            (None, None),
            (None, None),
        ]
    assert len(log.runs.all()) == 3


def test_a_picture_costs_no_transaction_of_its_own(tmp_path):
    journal = Journal(tmp_path / "log.sqlite", ManualClock())
    log = journal.of("simulator")
    log.runs.plan(CELLS)
    begun = []
    log._database.connection.set_trace_callback(lambda sql: begun.append(sql) if sql.startswith("BEGIN") else None)
    complete(log)
    assert len(begun) == 4, "one for each change of state"
    journal.close()


def test_marks_know_their_rater_and_a_frame_shows_those_of_the_latest(log):
    first, second = CELLS[0].digest, CELLS[1].digest
    log.marks.set(first, "ada", stars=3, pick=None, note="sharp")
    log.marks._clock.time += 1
    log.marks.set(first, "bo", stars=5, pick=True, note=None)
    log.marks.set(second, "ada", stars=None, pick=False, note=None)
    assert log.marks.latest() == {
        first: {"stars": 5, "pick": 1, "note": "sharp"},
        second: {"stars": None, "pick": 0, "note": None},
    }
    log.marks._clock.time += 1
    log.marks.set(first, "ada", stars=4, pick=None, note=None)
    assert log.marks.latest()[first] == {"stars": 4, "pick": 1, "note": "sharp"}


def test_the_owner_of_a_run_changes_hands_once(log):
    free = row(log)
    mine = log.sharing.claim(free, "me")
    assert mine == row(log)
    assert log.sharing.claim(free, "them") is None, "it has an owner meanwhile"
    assert log.sharing.claim(mine, "them").owner == "them"
