"""Pictures by other programs, in a frame of what they say: every face shows each of them, with its words."""

import json
import re

import pandas as pd
import pytest

import segflux_nb as sf
from segflux_nb.exporting.imagefolder import export_imagefolder
from segflux_nb.markup import plain
from segflux_nb.sheets.reading import Reader
from tests.metadata.corpus import TEXTS
from tests.support.metadata import frame_of_texts


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return frame_of_texts(tmp_path_factory.mktemp("texts"))


def test_a_sheet_shows_all_of_them_and_their_prompts(table, tmp_path):
    sheet = table.pictures.sheet(cols="number", captions=["prompt", "lora_strength"])
    assert f"{len(TEXTS)} pictures" in sheet.text
    assert sheet.image.width > 400
    page = sheet.save(tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert page.count("<img ") == len(TEXTS)
    assert "狐 🦊 und Bär" in page


def test_no_column_of_them_stops_a_sheet_or_is_lost(table):
    for name in table.columns.drop("image"):
        assert f"{len(TEXTS)} pictures" in table.pictures.sheet(cols="number", captions=[name]).text
        text = table.pictures.sheet(cols=name, by=[]).text.splitlines()[0]
        counts = [int(number) for number in re.findall(r"(\d+) (?:picture|row)s?\b", text)]
        assert sum(counts) == len(TEXTS), text


def test_a_gallery_has_all_of_them(table):
    gallery = table.pictures.gallery(cols="number")
    assert gallery.table["number"] == len(TEXTS)
    assert "狐 🦊 und Bär" in gallery.page()


def test_any_two_are_compared(table):
    for at in range(1, len(TEXTS)):
        assert plain(table["prompt"].fillna("")[0])[:5] in table.pictures.compare(0, at).text
    assert table.pictures.compare(*range(6)).image.width


def test_an_export_has_all_of_them_and_what_they_say(table, tmp_path, capsys):
    out = table.pictures.export(tmp_path / "out", names="{number}")
    files = {int(path.stem): path for path in (out / "pictures").iterdir()}
    assert sorted(files) == list(range(len(TEXTS)))
    rows = [json.loads(line) for line in (out / "runs.jsonl").read_text(encoding="utf-8").splitlines()]
    csv = pd.read_csv(out / "runs.csv", dtype=object, keep_default_na=False)
    for at, text in enumerate(TEXTS):
        found = sf.read_metadata(files[at])
        own = {name: value for name, value in rows[at].items() if value is not None}
        assert own["prompt" if "prompt" in own else "number"] == (
            found.parameters.get("prompt") if "prompt" in own else at
        )
        assert text.name in csv["name"][at]
        assert Reader().fitted(files[at], (8, 8)) is not None
    assert "left out" not in capsys.readouterr().out


def test_an_image_folder_has_all_of_them(table, tmp_path):
    out = export_imagefolder(table, tmp_path / "data")
    rows = [json.loads(line) for line in (out / "train" / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["number"] for row in rows] == list(range(len(TEXTS)))
    wanted = [None if pd.isna(prompt) else prompt for prompt in table["prompt"]]
    assert [row["text"] or None for row in rows] == [prompt or None for prompt in wanted]
