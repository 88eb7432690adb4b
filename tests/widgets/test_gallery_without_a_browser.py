"""What the gallery sends and answers, without a browser. Tests with a browser are in tests/browser."""

import io
import json
from random import Random

import pandas as pd
import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.pictures.store import PictureStore
from segflux_nb.pictures.thumbnails import thumbnail_of
from segflux_nb.sheets.reading import Reader
from segflux_nb.widgets import gallery_state
from segflux_nb.widgets.gallery import AHEAD, Gallery
from segflux_nb.widgets.gallery_marks import GivenMark
from tests.support.frames import frame


@pytest.fixture
def table(tmp_path):
    table = frame(seed=[1, 2], lora_strength=[0.5, 1.0])
    for number in range(4):
        Image.effect_noise((600, 300), 40 + number).convert("RGB").save(tmp_path / f"{number}.jpg")
    table["image"] = [str(tmp_path / f"{number}.jpg") for number in range(4)]
    table.attrs["segflux_axes"] = ["seed", "lora_strength"]
    return table


@pytest.fixture
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(Gallery, "send", lambda self, content, buffers=None: messages.append((content, buffers)))
    return messages


def test_it_sends_thumbnails_and_gives_pictures_on_demand(table, sent, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gallery = Gallery(table.assign(image=[f"{number}.jpg" for number in range(4)]))
    monkeypatch.chdir("/")
    for number in range(4):
        with Image.open(io.BytesIO(gallery.thumbs[gallery.offsets[number] : gallery.offsets[number + 1]])) as image:
            assert image.size == (256, 128)
    gallery._answer(gallery, {"kind": "full", "index": 2}, [])
    assert sent[-1][0] == {"kind": "full", "index": 2, "mime": "image/jpeg"}
    assert sent[-1][1] == [(tmp_path / "2.jpg").read_bytes()]
    for wrong in (9, -1, "2", None):
        gallery._answer(gallery, {"kind": "full", "index": wrong}, [])
        assert sent[-1][1] == []


def test_a_light_jpeg_is_its_own_thumbnail(tmp_path):
    Image.new("RGB", (64, 64), (1, 2, 3)).save(tmp_path / "light.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    gallery = Gallery(frame(seed=[1, 2]).assign(image=[str(tmp_path / "light.jpg"), str(tmp_path / "broken.jpg")]))
    assert gallery.thumbs == (tmp_path / "light.jpg").read_bytes()
    assert gallery.offsets[1] == gallery.offsets[2], "what cannot be read has none"


def test_thumbnails_beyond_the_first_are_given_on_demand(tmp_path, sent):
    table = frame(seed=range(AHEAD + 3))
    table["image"] = [Image.new("RGB", (8, 8), (number % 256, 0, 0)) for number in range(len(table))]
    table.at[AHEAD, "image"] = None
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    table.at[AHEAD + 2, "image"] = str(tmp_path / "broken.jpg")
    gallery = Gallery(table)
    assert len(gallery.offsets) == AHEAD + 1
    assert gallery.later == [[AHEAD + 1, AHEAD + 3]]
    gallery._answer(gallery, {"kind": "thumbs", "at": [AHEAD + 1, AHEAD + 2, 9999]}, [])
    message, (first, *others) = sent[-1]
    why = "The file is not a picture in a format that is known"
    assert message == {"kind": "thumbs", "at": [AHEAD + 1, AHEAD + 2, 9999], "why": {str(AHEAD + 2): why}}
    assert Image.open(io.BytesIO(first)).getpixel((4, 4))[0] == pytest.approx((AHEAD + 1) % 256, abs=3)
    assert others == [b"", b""], "nothing where there is none"
    state = state_in(gallery.page())
    assert len(state["offsets"]) == len(table) + 1, "a page of its own holds all of them"
    assert state["later"] == [[AHEAD + 3, AHEAD + 3]]


def test_kept_thumbnails_are_sent_as_they_are(table, tmp_path):
    store = PictureStore(tmp_path / "ws")
    paths = [tmp_path / "ws" / store.put((tmp_path / f"{number}.jpg").read_bytes()).path for number in range(4)]
    gallery = Gallery(table.assign(image=[str(path) for path in paths]))
    assert gallery.thumbs == b"".join(thumbnail_of(str(path)).read_bytes() for path in paths)


def test_the_difference_of_two_pictures_is_sent_when_it_is_asked_for(table):
    gallery = Gallery(table)
    assert gallery.differences == {}
    gallery._answer(gallery, {"kind": "difference", "pair": [3, 1]}, [])
    expected = Reader().difference(table["image"][1], table["image"][3])
    assert gallery.differences == {"1-3": pytest.approx(expected, abs=1e-4)}
    for wrong in ([0, 99], [0, None], [0], [], ["0", "1"]):
        gallery._answer(gallery, {"kind": "difference", "pair": wrong}, [])
    assert list(gallery.differences) == ["1-3"]


def state_in(html):
    return json.loads(html[html.index('id="state">') + 11 : html.index("</script>", html.index('id="state">'))])


def test_a_page_has_the_differences_of_few_pictures_and_those_that_were_asked_for_of_many(table, monkeypatch):
    table.at[3, "image"] = None
    gallery = Gallery(table)
    assert list(state_in(gallery.page())["differences"]) == ["0-1", "0-2", "1-2"]
    monkeypatch.setattr(gallery_state, "MOST_COMPARED", 3)
    gallery._answer(gallery, {"kind": "difference", "pair": [0, 2]}, [])
    assert list(state_in(gallery.page())["differences"]) == ["0-2"]


class Keeper:
    """Keeps marks in a list, or refuses them."""

    def __init__(self, error=None, given=()):
        self.error, self.given, self.kept = error, list(given), []

    def read(self):
        return self.given

    def change(self, rater, changes):
        if self.error:
            raise self.error
        self.kept.append((rater, changes))


def mark(gallery, *changes, id=1):
    """Marks rows, as a page asks for it: pairs of rows and a mark."""
    asked = [{"at": at, "mark": mark} for at, mark in changes]
    gallery._answer(gallery, {"kind": "mark", "id": id, "changes": asked}, [])


def test_marks_are_handed_on_and_what_is_not_kept_is_said(table, sent):
    keeper = Keeper()
    gallery = Gallery(table, keeper=keeper, rater="anna")
    mark(gallery, ([1, 2], {"stars": 4, "evil": 1}), ([99, -1, "0", True], {"stars": 4}), ([0], {}))
    assert keeper.kept == [("anna", {"run1": {"stars": 4}, "run2": {"stars": 4}})], "in one step"
    assert gallery.marks == {"anna": {"stars": {"1": 4, "2": 4}, "pick": {}, "note": {}}}
    changes = [{"at": [1, 2], "mark": {"stars": 4}}]
    assert sent == [({"kind": "marked", "id": 1, "rater": "anna", "changes": changes}, None)], "only what changed"
    gallery = Gallery(table, keeper=Keeper(sf.SegfluxError("The disk is full")))
    mark(gallery, ([1], {"stars": 4}), id=7)
    assert gallery.marks == {}
    assert sent[-1][0]["id"] == 7
    assert "The disk is full" in sent[-1][0]["text"]


def test_one_mark_is_one_message_and_no_other_value_is_sent_again(table, monkeypatch):
    gallery = Gallery(table.assign(stars=[1, 2, 3, 4]))
    states = []
    monkeypatch.setattr(Gallery, "send_state", lambda self, key=None: states.append(key))
    messages = []
    monkeypatch.setattr(Gallery, "send", lambda self, content, buffers=None: messages.append(content))
    mark(gallery, ([0], {"stars": 5}))
    assert states == []
    assert [message["kind"] for message in messages] == ["marked"]
    assert gallery.get_state("marks")["marks"][gallery.rater]["stars"]["0"] == 5, "a reload of the page has it"


def test_a_mark_is_taken_away_by_none(table):
    gallery = Gallery(table)
    mark(gallery, ([0], {"stars": 3, "note": "x"}))
    mark(gallery, ([0], {"stars": None}))
    assert gallery.marked[["stars", "note"]].values.tolist() == [[pd.NA, "x"]]


def test_raters_are_kept_apart(table):
    given = [GivenMark("run0", "ben", {"stars": 1}), GivenMark("nobody", "ben", {"stars": 1})]
    keeper = Keeper(given=given)
    gallery = Gallery(table, keeper=keeper, rater="anna")
    mark(gallery, ([0], {"stars": 5}))
    gallery._answer(gallery, {"kind": "rater", "name": "  cleo "}, [])
    gallery._answer(gallery, {"kind": "rater", "name": " "}, [])
    mark(gallery, ([0], {"stars": 2}))
    assert gallery.rater == "cleo"
    assert {rater: marks["stars"] for rater, marks in gallery.marks.items()} == {
        "ben": {"0": 1},
        "anna": {"0": 5},
        "cleo": {"0": 2},
    }
    assert [rater for rater, _ in keeper.kept] == ["anna", "cleo"]
    assert gallery.marked["stars"].tolist() == [2], "what was said last"


def test_marks_without_a_workspace_are_a_frame(table):
    gallery = table.assign(stars=pd.array([3, None, None, None], dtype="Int64")).pictures.gallery()
    mark(gallery, ([1], {"pick": False, "note": "soft"}))
    marked = gallery.marked
    assert marked["run"].tolist() == ["run0", "run1"]
    assert marked["stars"].tolist() == [3, pd.NA]
    assert marked["pick"].tolist() == [pd.NA, False]


def test_the_workspace_keeps_marks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with sf.Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace("ws", service=simulator) as ws:
        runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2]))
        gallery = runs.gallery(rater="anna")
        mark(gallery, ([1], {"stars": 5, "note": "n"}), ([0], {"pick": True}))
        assert runs.df["stars"].tolist() == [pd.NA, 5]
        mark(gallery, ([1], {"stars": 7}))
        mark(gallery, ([0, 1], {"pick": "perhaps"}))
        assert runs.df["stars"].tolist() == [pd.NA, 5], "what is no rating is refused"
        other = runs.gallery(rater="ben")
        assert other.marks["anna"]["stars"] == {"1": 5}
        mark(other, ([1], {"stars": 2}))
        assert runs.df["stars"].tolist() == [pd.NA, 2]
        mark(other, ([1], {"stars": None}))
        assert runs.df["stars"].tolist() == [pd.NA, 5], "ben's is gone, anna's is there"
        assert list(runs.gallery(rater="ben").marks) == ["anna"]
        with pytest.raises(sf.SegfluxError, match="rater=3"):
            runs.gallery(rater=3)


def test_further_columns_come_when_they_are_asked_for(tmp_path, monkeypatch, sent):
    monkeypatch.chdir(tmp_path)
    with sf.Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace("ws", service=simulator) as ws:
        runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2]))
        runs.annotate(pd.DataFrame({"run": runs.df["run"], "sharpness": [0.25, 0.75]}))
        gallery = runs.gallery()
        assert {"cost_usd", "submitted_at"} <= set(gallery.table["later"])
        gallery._answer(gallery, {"kind": "columns"}, [])
        message, (codes,) = sent[-1]
        columns = {column["name"]: column for column in message["columns"]}
        assert set(columns) == {name for name in gallery.table["later"] if name in runs.log.columns}
        known = {**columns, **{column["name"]: column for column in gallery.table["columns"]}}
        assert known["cost_usd"]["kind"] == known["sharpness"]["kind"] == "number"
        assert len(codes) == sum(max(0, column["bytes"]) * 2 for column in columns.values())
        page = state_in(gallery.page())["table"]
        assert page["later"] == []
        assert {"cost_usd", "sharpness"} <= {column["name"] for column in page["columns"]}, (
            "a page holds all it shows"
        )


def test_a_cell_takes_at_most_60_bytes():
    random, number = Random(1), 2000
    table = frame(seed=range(number)).assign(
        lora_strength=[round(0.1 * (at % 11), 1) for at in range(number)],
        prompt="TOK at dawn, " * 20,
        stars=[at % 6 for at in range(number)],
        cost_usd=[random.random() for _ in range(number)],
        **{f"metric{n}": [random.random() for _ in range(number)] for n in range(8)},
    )
    table["run"] = [f"{random.getrandbits(48):012x}" for _ in range(number)]
    table["image"] = [Image.new("RGB", (8, 8))] * number
    table.attrs["segflux_axes"] = ["seed", "lora_strength"]
    gallery = Gallery(table)
    names = ("table", "view", "marks", "note", "differences", "offsets", "later", "form")
    size = len(json.dumps({name: getattr(gallery, name) for name in names})) + len(gallery.codes)
    assert size / number <= 60


def test_constants_are_said_once(table):
    gallery = Gallery(table.assign(prompt="the same words"))
    column = next(column for column in gallery.table["columns"] if column["name"] == "prompt")
    assert (column["values"], column["bytes"]) == (["the same words"], 0)
    assert json.dumps(gallery.table).count("the same words") == 1


def test_what_is_shown_is_saved_as_a_sheet_or_as_a_page(table, sent):
    gallery = Gallery(table, cols="lora_strength", rows="seed", title="study")
    mark(gallery, ([3], {"stars": 4}))
    gallery._answer(gallery, {"kind": "save", "form": "sheet", "rows": [0, 1]}, [])
    message, (data,) = sent[-1]
    assert message == {"kind": "file", "name": "sheet.png", "mime": "image/png"}
    with Image.open(io.BytesIO(data)) as image:
        assert image.width > image.height, "two of the four"
    gallery._answer(gallery, {"kind": "save", "form": "html", "rows": [3, 2]}, [])
    message, (data,) = sent[-1]
    assert (message["name"], message["mime"]) == ("gallery.html", "text/html")
    state = state_in(data.decode())
    assert state["table"]["names"] == "run3 run2"
    assert [marks["stars"] for marks in state["marks"].values()] == [{"0": 4}], "its rows have numbers of their own"
    gallery._answer(gallery, {"kind": "save", "form": "html", "rows": []}, [])
    assert "There is nothing to save" in sent[-1][0]["text"]


def test_its_text_is_constant(table):
    assert repr(Gallery(table)) == "Gallery(4 runs)"


def test_a_file_that_went_is_named_when_it_is_asked_for(sent, tmp_path):
    Image.effect_noise((400, 300), 60).save(tmp_path / "a.png")
    gallery = Gallery(pd.DataFrame({"image": [str(tmp_path / "a.png")], "number": [1]}))
    (tmp_path / "a.png").unlink()
    gallery._answer(gallery, {"kind": "full", "index": 0}, [])
    message = {"kind": "full", "index": 0, "mime": "", "why": "The picture's file is missing"}
    assert sent[-1] == (message, [])
