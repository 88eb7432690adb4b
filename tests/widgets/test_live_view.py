"""What a running sweep shows, without a browser. Tests with a browser are in tests/browser."""

from types import SimpleNamespace

import pytest
from PIL import Image

from segflux_nb.errors import WorkspaceError
from segflux_nb.launching import RunSnapshot
from segflux_nb.widgets import progress, progress_display
from segflux_nb.widgets.live_view import LiveView
from segflux_nb.widgets.progress import Progress, ProgressSource
from segflux_nb.widgets.progress_update import ProgressUpdate
from tests.support.corpus import PAYLOADS
from tests.support.frames import frame
from tests.support.service import ManualClock

DIGESTS = [f"{number:012x}".ljust(64, "0") for number in range(6)]


class Display:
    every = 1000.0

    def __init__(self):
        self.shown, self.told, self.closed = [], [], False

    def tick(self, update):
        self.told.append(update)

    def show(self, update):
        self.shown.append(update)

    def close(self):
        self.closed = True


@pytest.fixture
def display(monkeypatch):
    display = Display()
    monkeypatch.setattr(progress, "choose_display", lambda *source: display)
    return display


def follow(snapshots=lambda digests: {}, clock=None, **options):
    launcher = SimpleNamespace(snapshots=snapshots)
    states = dict.fromkeys(DIGESTS, "planned")
    return Progress(ProgressSource(states=states, frame=None, launcher=launcher, **options), clock or ManualClock())


def test_it_says_counts_and_what_was_spent_of_what_was_planned(display):
    spent = {
        DIGESTS[0]: RunSnapshot("completed", "a.png", cost=0.03),
        DIGESTS[1]: RunSnapshot("failed", error="moderated: no"),
    }
    followed = follow(lambda digests: {digest: spent[digest] for digest in digests if digest in spent}, planned=0.2)
    followed.update(DIGESTS[0], "completed")
    followed.update(DIGESTS[1], "failed")
    followed.update(DIGESTS[2], "submitted")
    followed.close()
    last = display.shown[-1]
    assert last.line.startswith("1 of 6 pictures · 1 failed")
    assert last.line.endswith("$0.03 of about $0.20")
    assert last.counts["submitted"] == 1
    ended = {run: snapshot for update in display.shown for run, snapshot in update.ended.items()}
    assert ended == {DIGESTS[0][:12]: spent[DIGESTS[0]], DIGESTS[1][:12]: spent[DIGESTS[1]]}
    assert display.closed


def test_a_run_whose_further_pictures_come_later_costs_once(display):
    snapshot = RunSnapshot("completed", "a.png", cost=0.03)
    followed = follow(lambda digests: {digest: snapshot for digest in digests if digest == DIGESTS[0]}, planned=0.2)
    for _ in range(2):
        followed.update(DIGESTS[0], "completed")
        followed._refresh()
    followed.close()
    assert display.shown[-1].line.endswith("$0.03 of about $0.20")


def test_it_says_what_the_sweep_waits_for_when_that_changes(display):
    waits = [""]
    followed = follow(waits=lambda: waits[0])
    shown = len(display.shown)
    followed.look()
    assert len(display.shown) == shown, "nothing has changed"
    waits[0] = "Submits wait for the reset of the service's rate limit until 08:00:30 UTC"
    followed.look()
    followed.look()
    assert [update.waits for update in display.shown[shown:]] == waits
    waits[0] = ""
    followed.look()
    assert display.shown[-1].waits == ""
    followed.close("stopped", "The service takes submits again at 9:00. ws.run(sweep) continues")
    assert display.shown[-1].is_over
    assert display.shown[-1].waits == "The service takes submits again at 9:00. ws.run(sweep) continues"


def test_a_terminal_has_a_line_for_each_wait(monkeypatch):
    written = []
    monkeypatch.setattr(progress_display, "write", lambda stream, text: written.append(text))
    terminal = progress_display.TerminalDisplay()
    for line, waits, is_over in (
        ("1 of 4", "", 0),
        ("1 of 4", "Submits wait", 0),
        ("2 of 4", "Submits wait", 0),
        ("2 of 4", "why", 1),
    ):
        terminal.show(ProgressUpdate(line, {}, {}, {}, waits, is_over=bool(is_over)))
    text = "".join(written).replace("\r\x1b[2K", "|")
    assert text == "|1 of 4 · 0 s|Submits wait\n1 of 4 · 0 s|2 of 4 · 0 s|2 of 4"


def test_what_changes_at_once_is_shown_once_and_the_last_word_last(display):
    followed = follow()
    for digest in DIGESTS:
        followed.update(digest, "submitted")
        followed.update(digest, "completed")
    followed.close()
    assert display.shown[-1].line.startswith("6 of 6 pictures")
    assert len(display.shown) < 5
    followed.update(DIGESTS[0], "completed")
    assert followed._timer is None, "nothing is shown after the end"


def test_it_says_how_fast_it_goes_and_how_long_it_took(display):
    clock = ManualClock()
    followed = follow(clock=clock)
    for number, digest in enumerate(DIGESTS[:3], 1):
        clock.time += 10
        followed.update(digest, "completed")
        assert ("a minute" in followed._text()) == (number == 3), "two pictures are too few for an estimate"
    assert followed._text().endswith("6 a minute")
    assert followed._times().words == "30 s · about 30 s left"
    clock.time += 4.5
    followed.close()
    assert display.shown[-1].line == "3 of 6 pictures · 34.5 s"


def test_a_log_that_cannot_be_read_stops_no_progress(display):
    def snapshots(digests):
        raise WorkspaceError("The log is closed")

    followed = follow(snapshots)
    followed.update(DIGESTS[0], "completed")
    followed.close("stopped")
    assert "1 of 6 pictures · stopped" in display.shown[-1].line


def test_what_is_in_other_hands_is_said_and_counted_when_it_is_completed_there(display):
    rows = {DIGESTS[0]: RunSnapshot("completed", "a.png"), DIGESTS[1]: RunSnapshot("unknown")}
    launcher = SimpleNamespace(snapshots=lambda digests: {d: rows[d] for d in digests if d in rows})
    states = dict.fromkeys(DIGESTS, "completed") | dict.fromkeys(DIGESTS[:3], "by another notebook")
    followed = Progress(ProgressSource(states=states, frame=None, launcher=launcher), ManualClock())
    assert display.shown[0].line == "3 of 6 pictures · 3 by another notebook"
    assert display.shown[0].statuses == dict.fromkeys([digest[:12] for digest in DIGESTS[:3]], "by another notebook")
    followed.update(DIGESTS[2], "completed")
    followed.close()
    last = display.shown[-1]
    assert last.line.startswith("5 of 6 pictures · 1 by another notebook"), "it is being submitted there"
    assert last.ended[DIGESTS[0][:12]].picture == "a.png"
    assert last.counts["by another notebook"] == 1


@pytest.fixture
def view(tmp_path, monkeypatch):
    sent = []
    monkeypatch.setattr(LiveView, "send", lambda self, content, buffers=None: sent.append((content, buffers)))
    table = frame(seed=[1, 2], lora_strength=[0.5, 1.0])
    table["run"] = [digest[:12] for digest in DIGESTS[:4]]
    table["status"] = ["completed", "planned", "planned", "planned"]
    for number in range(4):
        Image.new("RGB", (64, 64), (40 * number, 90, 120)).save(tmp_path / f"{number}.png")
    table["image"] = [str(tmp_path / "0.png"), None, None, None]
    table.attrs["segflux_axes"] = ["lora_strength", "seed"]
    return LiveView(table, 4, None), sent, tmp_path


def test_what_is_there_from_before_shows_at_once_and_what_comes_goes_to_its_place(view):
    live, sent, folder = view
    assert live.thumbs == (folder / "0.png").read_bytes()
    assert live.grid["columns"] == [{"name": "lora_strength", "labels": ["0.5", "1.0"]}]
    assert live.grid["cells"] == [
        [(0, "seed 1, lora_strength 0.5"), (1, "seed 1, lora_strength 1.0")],
        [(2, "seed 2, lora_strength 0.5"), (3, "seed 2, lora_strength 1.0")],
    ]
    run = DIGESTS[3][:12]
    live.show(
        ProgressUpdate(
            "2 of 4", {"completed": 2}, {run: "completed"}, {run: RunSnapshot("completed", str(folder / "3.png"))}
        )
    )
    assert live.statuses == ["completed", "planned", "planned", "completed"]
    assert sent == [({"kind": "tiles", "at": [3]}, [(folder / "3.png").read_bytes()])]
    live._answer(live, {"kind": "missing", "at": [3, 1, "x"]}, [])
    assert sent[-1] == sent[0]
    assert repr(live) == "Progress(4 runs)"


def test_a_picture_that_is_gone_is_left_out(view):
    live, sent, folder = view
    run = DIGESTS[2][:12]
    live.show(ProgressUpdate("", {}, {}, {run: RunSnapshot("completed", str(folder / "gone.png"))}))
    assert sent == []


def test_reasons_are_counted_and_few(view):
    live, _, _ = view
    for number in range(9):
        live.show(
            ProgressUpdate("", {}, {}, {f"{number}": RunSnapshot("failed", error=f"moderated: {min(number, 7)}")})
        )
    assert live.errors[0] == {"reason": "moderated: 7", "count": 2}, "the most frequent comes first"
    assert live.errors[1] == {"reason": "moderated: 0", "count": 1}
    assert live.errors[-1] == {"reason": "other reasons", "count": 3}
    live.show(ProgressUpdate("", {}, {}, {"x": RunSnapshot("failed", error=PAYLOADS[6])}))
    assert all("\x1b" not in entry["reason"] for entry in live.errors)


def test_without_a_grid_pictures_are_numbered_as_they_come(view):
    _, sent, folder = view
    live = LiveView(None, 5000, lambda: sent.append("stopped"))
    for number in range(3):
        live.show(
            ProgressUpdate(
                "", {}, {}, {DIGESTS[number][:12]: RunSnapshot("completed", str(folder / f"{number}.png"))}
            )
        )
    assert [content["at"] for content, _ in sent] == [[0], [1], [2]]
    live._answer(live, {"kind": "stop"}, [])
    assert sent[-1] == "stopped"


def test_pictures_of_one_output_are_counted_where_they_stand(view):
    live, sent, folder = view
    run = DIGESTS[3][:12]
    for more in ("+2, 1 not served", "+2"):
        snapshot = RunSnapshot("completed", str(folder / "3.png"), more=more)
        live.show(ProgressUpdate("", {}, {run: "completed"}, {run: snapshot}))
        assert live.more == {"3": more}
    assert [content["at"] for content, _ in sent] == [[3]], "the picture is sent once"


def test_a_reason_that_is_over_is_not_counted_any_more(view):
    live, _, folder = view
    picture = str(folder / "0.png")
    for error in ("1 of 2 pictures is not served yet", "1 of 2 pictures is not served yet", ""):
        live.show(ProgressUpdate("", {}, {}, {"x": RunSnapshot("completed", picture, error)}))
        assert live.errors == ([{"reason": error, "count": 1}] if error else [])


def test_reasons_that_differ_by_ids_are_one_and_go_when_they_are_mended(view):
    live, _, _ = view
    for run, text in (
        ("a", "expired: Request af13b2c4d5e6 is gone"),
        ("b", "expired: Request 90817263544536271809 is gone"),
        ("c", "The answer of http://127.0.0.1:46035 was lost"),
        ("d", "The answer of http://127.0.0.1:35017 was lost"),
    ):
        live.show(ProgressUpdate("", {}, {run: "unknown"}, {run: RunSnapshot("unknown", error=text)}))
    assert live.errors == [
        {"reason": "expired: Request … is gone", "count": 2},
        {"reason": "The answer of http://127.0.0.1 was lost", "count": 2},
    ]
    live.show(ProgressUpdate("", {}, {"c": "submitted", "a": "processing"}, {}))
    assert [entry["count"] for entry in live.errors] == [1, 1], "two were found"
    live.show(ProgressUpdate("", {}, {"b": "failed"}, {"b": RunSnapshot("failed", error="moderated: no")}))
    assert {entry["reason"] for entry in live.errors} == {"The answer of http://127.0.0.1 was lost", "moderated: no"}


def test_the_time_is_said_from_the_first_second_and_counted_against_the_plan(display):
    clock = ManualClock()
    followed = follow(clock=clock, expected=44.0, first=22.0)
    assert display.shown[0].times.words == "0 s, first picture after about 22 s"
    clock.time += 3
    followed.look()
    assert display.told[-1].whole_line == "0 of 6 pictures · 6 planned · 3 s, first picture after about 22 s"
    clock.time += 27
    followed.look()
    assert display.told[-1].times.words == "30 s, longer than the usual 22 s"
    followed.update(DIGESTS[0], "completed")
    assert followed._times().words == "30 s · about 14 s left"
    followed.close()
    assert "30.0 s" in display.shown[-1].whole_line, "the end says how long it took, once"


def test_a_file_gets_a_line_a_minute_with_counts_rate_and_rest(monkeypatch):
    written = []
    monkeypatch.setattr(progress_display, "write", lambda stream, text: written.append(text))
    monkeypatch.setattr(progress, "choose_display", lambda *source: progress_display.LogDisplay())
    clock = ManualClock()
    followed = follow(clock=clock, planned=0.2, waits=lambda: "")
    for number in (1, 2, 3, 4):
        clock.time += 60
        followed.update(DIGESTS[number], "completed")
        followed.look()
    clock.time += 12
    followed.close()
    assert "".join(written).splitlines() == [
        "1 of 6 pictures · 5 planned · $0.00 of about $0.20 · 1 min 0 s",
        "2 of 6 pictures · 4 planned · $0.00 of about $0.20 · 2 min 0 s",
        "3 of 6 pictures · 3 planned · 1 a minute · $0.00 of about $0.20 · 3 min 0 s · about 3 min left",
        "4 of 6 pictures · 2 planned · 1 a minute · $0.00 of about $0.20 · 4 min 0 s · about 2 min left",
        "4 of 6 pictures · 252.0 s · $0.00 of about $0.20",
    ]
    assert progress_display.LogDisplay.every == 60


def test_a_sweep_of_a_minute_writes_nothing_to_a_file(monkeypatch):
    written = []
    monkeypatch.setattr(progress_display, "write", lambda stream, text: written.append(text))
    monkeypatch.setattr(progress, "choose_display", lambda *source: progress_display.LogDisplay())
    followed = follow()
    followed.update(DIGESTS[0], "completed")
    followed.close()
    assert written == []


def test_the_view_is_told_the_time_now_and_then(view):
    live, _, _ = view
    for elapsed in (1.0, 4.0, 5.0, 9.0, 10.0):
        live.tell_time(progress.Times(elapsed, 30 - elapsed))
    assert live.times == {"elapsed": 10.0, "left": 20.0, "first": None}


def grid_of(**axes):
    table = frame(**axes)
    table.attrs["segflux_axes"] = list(axes)
    table["image"] = None
    return LiveView(table, len(table), None).grid


def test_many_axes_are_one_table_that_is_not_long():
    grid = grid_of(finetune_id=["a", "b", "c"], sampler_name=["euler", "heun"], lora_strength=[0.4, 0.8, 1.2, 1.6],
                   steps=[10, 20, 30], seed=[1, 2, 3])  # fmt: skip
    assert len(grid["cells"]) * len(grid["cells"][0]) == 216
    assert 1 <= len(grid["cells"][0]) / len(grid["cells"]) <= 3
    names = [axis["name"] for axis in (*grid["columns"], *grid["rows"])]
    assert sorted(names) == ["finetune_id", "lora_strength", "sampler_name", "seed", "steps"]
    places = sorted(place for row in grid["cells"] for place, _ in row)
    assert places == list(range(216)), "each run once"


def test_axes_that_move_together_are_one_and_the_last_take_stands_there():
    table = frame(seed=[1, 2, 3]).assign(steps=[10, 20, 30])
    table.attrs["segflux_axes"] = ["seed", "steps"]
    table["image"] = None
    grid = LiveView(table, 3, None).grid
    assert grid["columns"] == [{"name": "seed · steps", "labels": ["1 · 10", "2 · 20", "3 · 30"]}]
    assert grid["cells"] == [[(0, "seed · steps 1 · 10"), (1, "seed · steps 2 · 20"), (2, "seed · steps 3 · 30")]]
    table = frame(seed=[1, 2], take=[0, 1])
    table.attrs["segflux_axes"] = ["seed"]
    table["image"] = None
    assert [place for place, _ in LiveView(table, 4, None).grid["cells"][0]] == [1, 3]


def test_a_view_shows_the_next_sweep_from_its_start(view):
    live, _, _ = view
    live.show(ProgressUpdate("1 of 4", {"completed": 1}, {}, {"x": RunSnapshot("failed", error="no")}, is_over=True))
    live.close_view()
    table = frame(seed=[7, 8])
    table["status"], table["image"] = "planned", None
    table.attrs["segflux_axes"] = ["seed"]
    live.renew(table, 2, print)
    assert (live.total, live.over, live.errors, live.line, live.can_stop) == (2, False, [], "", True)
    assert live.grid["columns"] == [{"name": "seed", "labels": ["7", "8"]}]
    assert live.statuses == ["planned", "planned"]
    assert repr(live) == "Progress(2 runs)"
