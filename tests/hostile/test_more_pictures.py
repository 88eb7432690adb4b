"""Outputs with several pictures: those that are not served are asked for again, and hold up no later call."""

from segflux_nb.lifecycle import State
from segflux_nb.running.policy.asking_again import KEEP_ASKING_SECONDS

from .expected import RunCall, rows_of
from .harness import Stage
from .scripts import edited
from .table.outputs import NOT_FOUND, more_jobs, others_are, url

DAY = 86_400.0
LONG = 1000.0
row = rows_of("more pictures")


class Counted:
    """A script, and how often it was asked for a picture."""

    def __init__(self, script):
        self.script = script
        self.pictures = 0

    def __call__(self, call):
        self.pictures += call.kind == "picture"
        return self.script(call)


def staged(tmp_path, **others):
    script = Counted(others_are(NOT_FOUND, **others))
    return Stage(tmp_path, row("a picture is missing", script)), script


def test_the_first_call_asks_as_for_any_picture_and_later_ones_a_few_times(tmp_path):
    stage, asked = staged(tmp_path)
    first = stage.play(RunCall(), LONG)
    assert KEEP_ASKING_SECONDS < first.seconds < KEEP_ASKING_SECONDS + 120
    assert set(first.statuses.values()) == {"completed"}
    assert max(first.completed.values()) < 60, "a run is completed when its first picture is there"
    in_first = asked.pictures
    assert in_first < 60
    second = stage.play(RunCall(after=60), LONG)
    assert second.seconds < 60
    assert 1 < asked.pictures - in_first <= 8
    assert second.stopped == first.stopped
    assert len(stage.service.ledger) == 4, "nothing was paid twice"


def test_a_picture_that_came_is_not_fetched_again(tmp_path):
    stage, asked = staged(tmp_path, seconds=200)
    stage.play(RunCall(), LONG)
    asked.pictures = 0
    again = stage.play(RunCall(after=60), LONG)
    assert (asked.pictures, again.stopped, set(again.errors.values())) == (0, "", {""})


def test_after_eight_days_only_the_user_asks(tmp_path):
    stage, asked = staged(tmp_path)
    stage.play(RunCall(), LONG)
    asked.pictures = 0
    later = stage.play(RunCall(after=9 * DAY), LONG)
    assert (asked.pictures, later.stopped) == (0, "")
    asked_for = stage.play(RunCall(options={"only_collect": True}), LONG)
    assert asked.pictures > 1
    assert asked_for.seconds < 60
    assert asked_for.stopped == "", "ws.run does not ask again, so nothing says that it does"
    assert len(stage.service.ledger) == 4, "nothing was paid"


def moved(call):
    """The first result has an address that leads nowhere; later ones have another."""
    if call.kind != "result" or call.seed != 1:
        return None
    (more,) = more_jobs(call, 1)
    address = url(more).replace("/pictures/", "/gone/") if call.number == 1 else url(more)
    return edited(output=[url(call), address], images=None)(call)


def test_addresses_that_have_changed_are_asked_for(tmp_path):
    stage = Stage(tmp_path, row("a picture has moved", moved))
    found = stage.play(RunCall(), LONG)
    assert (found.errors[1], found.stopped) == ("", "")
    (more,) = stage.log.pictures.more(stage.sweep[0].digest)
    assert (tmp_path / more.path).is_file()


def test_an_interrupt_leaves_what_is_missing_to_the_next_call(tmp_path):
    stage, _ = staged(tmp_path, seconds=200)
    stage.play(RunCall(interrupted=60), LONG)
    rows = stage.log.runs.read([cell.digest for cell in stage.sweep]).values()
    assert {run.state for run in rows} == {State.COMPLETED}
    assert [run.error != "" for run in rows].count(True) == 1
    after = stage.play(RunCall(after=200), LONG)
    assert set(after.errors.values()) == {""}
