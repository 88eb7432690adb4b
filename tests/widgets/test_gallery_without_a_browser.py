"""What the gallery sends and answers, without a browser. Tests with a browser are in tests/browser."""

import io
import json

import pandas as pd
import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.pictures.store import PictureStore
from segflux_nb.pictures.thumbnails import thumbnail_of
from segflux_nb.sheets.reading import Reader
from segflux_nb.widgets import gallery_state
from segflux_nb.widgets.gallery import AHEAD, Gallery
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
    assert gallery.later == [AHEAD + 1, AHEAD + 2]
    gallery._answer(gallery, {"kind": "thumbs", "at": [AHEAD + 1, AHEAD + 2, 9999]}, [])
    message, (first, *others) = sent[-1]
    why = "The file is not a picture in a format that is known"
    assert message == {"kind": "thumbs", "at": [AHEAD + 1, AHEAD + 2, 9999], "why": {str(AHEAD + 2): why}}
    assert Image.open(io.BytesIO(first)).getpixel((4, 4))[0] == pytest.approx((AHEAD + 1) % 256, abs=3)
    assert others == [b"", b""], "nothing where there is none"
    state = state_in(gallery.page())
    assert len(state["offsets"]) == len(table) + 1, "a page of its own holds all of them"
    assert state["later"] == []


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


def test_marks_are_handed_on_and_what_is_not_kept_is_said(table, sent):
    kept = []
    gallery = Gallery(table, on_mark=lambda run, **mark: kept.append((run, mark)))
    gallery._answer(gallery, {"kind": "mark", "run": "run1", "stars": 4, "evil": 1}, [])
    gallery._answer(gallery, {"kind": "mark", "run": "nobody", "stars": 4}, [])
    assert kept == [("run1", {"stars": 4})]
    assert gallery.marks == {"run1": {"stars": 4}}

    def full(run, **mark):
        raise sf.SegfluxError("The disk is full")

    gallery = Gallery(table, on_mark=full)
    gallery._answer(gallery, {"kind": "mark", "run": "run1", "stars": 4}, [])
    assert gallery.marks == {}
    assert "The disk is full" in sent[-1][0]["text"]


def test_marks_without_a_workspace_are_a_frame(table):
    gallery = table.assign(stars=pd.array([3, None, None, None], dtype="Int64")).pictures.gallery()
    gallery._answer(gallery, {"kind": "mark", "run": "run1", "pick": False, "note": "soft"}, [])
    marked = gallery.marked
    assert marked["run"].tolist() == ["run0", "run1"]
    assert marked["stars"].tolist() == [3, pd.NA]
    assert marked["pick"].tolist() == [pd.NA, False]


def test_the_workspace_keeps_marks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with sf.Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace("ws", service=simulator) as ws:
        runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2]))
        gallery = runs.gallery()
        gallery._answer(gallery, {"kind": "mark", "run": runs.df["run"][1], "stars": 5, "note": "n"}, [])
        assert runs.df["stars"].tolist() == [pd.NA, 5]
        gallery._answer(gallery, {"kind": "mark", "run": runs.df["run"][1], "stars": 7}, [])
        assert runs.df["stars"].tolist() == [pd.NA, 5], "what is no rating is refused"


def test_its_text_is_constant(table):
    assert repr(Gallery(table)) == "Gallery(4 runs)"


def test_a_file_that_went_is_named_when_it_is_asked_for(sent, tmp_path):
    Image.effect_noise((400, 300), 60).save(tmp_path / "a.png")
    gallery = Gallery(pd.DataFrame({"image": [str(tmp_path / "a.png")], "number": [1]}))
    (tmp_path / "a.png").unlink()
    gallery._answer(gallery, {"kind": "full", "index": 0}, [])
    message = {"kind": "full", "index": 0, "mime": "", "why": "The picture's file is missing"}
    assert sent[-1] == (message, [])
