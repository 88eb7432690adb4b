"""Outputs with several pictures: exports write all of them, and say which are missing."""

import json
import re

import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.exporting.imagefolder import export_imagefolder
from tests.support.frames import with_more


@pytest.fixture
def table(tmp_path):
    return with_more(tmp_path).assign(prompt="TOK")


def widths(folder):
    found = {}
    for path in folder.glob("*.png"):
        with Image.open(path) as image:
            found[path.name] = image.width
    return found


def test_all_pictures_are_written_with_their_number(table, tmp_path):
    folder = table.pictures.export(tmp_path / "out", names="{lora_strength}-{seed}")
    assert widths(folder / "pictures") == {
        **{"0.4-1.png": 100, "0.4-2.png": 101, "0.8-1.png": 102, "0.8-2.png": 103},
        **{"0.4-1_2.png": 104, "0.4-1_3.png": 105},
    }
    rows = [json.loads(line) for line in (folder / "runs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert rows[0]["image"] == "pictures/0.4-1.png"
    assert rows[0]["more_images"].split("\n") == ["pictures/0.4-1_2.png", "pictures/0.4-1_3.png"]
    assert [row["picture_count"] for row in rows] == [3, 2, 1, 1]
    assert rows[1]["more_images"] is None
    assert str(tmp_path) not in (folder / "runs.csv").read_text(encoding="utf-8")
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "+1, 1 not served" in report
    assert str(tmp_path) not in report
    metadata = sf.read_metadata(folder / "pictures" / "0.4-1_3.png")
    assert metadata.parameters["seed"] == 1


def test_a_numbered_name_is_no_other_runs(tmp_path):
    table = with_more(tmp_path).assign(label=["a", "a_2", "b", "c"])
    folder = table.pictures.export(tmp_path / "out", names="{label}")
    found = widths(folder / "pictures")
    assert len(found) == 6
    assert found["a_2.png"] == 101
    assert sorted(found.values()) == [100, 101, 102, 103, 104, 105]


def test_further_pictures_are_written_where_the_first_is_missing(table, tmp_path):
    table.loc[0, "image"] = None
    folder = table.pictures.export(tmp_path / "out")
    assert sorted(widths(folder / "pictures").values()) == [101, 102, 103, 104, 105]


def test_an_imagefolder_has_a_line_for_each_picture(table, tmp_path):
    folder = export_imagefolder(table, tmp_path / "set", axes=["lora_strength", "seed"])
    rows = [
        json.loads(line) for line in (folder / "train" / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [(row["seed"], row["picture_number"]) for row in rows] == [(1, 1), (1, 2), (1, 3), (2, 1), (1, 1), (2, 1)]
    assert {row["file_name"] for row in rows} == set(widths(folder / "train"))
    assert all("more_images" not in row and re.fullmatch(r"[\w.-]+", row["file_name"]) for row in rows)
    assert {row["text"] for row in rows} == {"TOK"}
