"""Exports of many pictures: one picture at a time, and a report within a limit that it states."""

import html
import re

import pytest
from PIL import Image

from segflux_nb.exporting import picture_files, report
from segflux_nb.pictures import mounted
from segflux_nb.sheets import reading
from segflux_nb.sheets.html import _bytes_of
from tests.support.frames import frame


@pytest.fixture
def table(tmp_path):
    """Six pictures of a user's own."""
    table = frame(seed=[1, 2, 3], lora_strength=[0.5, 1.0]).assign(prompt="TOK")
    for number in range(6):
        Image.new("RGB", (64, 64), (40 * number, 9, 9)).save(tmp_path / f"{number}.png")
    table["image"] = [str(tmp_path / f"{number}.png") for number in range(6)]
    table.attrs["segflux_axes"] = ["seed", "lora_strength"]
    return table


def test_formats_are_read_from_the_first_bytes_and_pictures_are_copied_one_by_one(table, tmp_path, monkeypatch):
    done = []

    def told(name, at):
        call = getattr(picture_files, name)

        def recorded(*given):
            done.append((name, given[at]))
            return call(*given)

        monkeypatch.setattr(picture_files, name, recorded)

    told("format_of", 0)
    told("file_of", 0)
    told("_write", 0)
    whole, read_file = [], reading.read_file
    monkeypatch.setattr(reading, "read_file", lambda path: whole.append(len(done)) or read_file(path))
    table.pictures.export(tmp_path / "out")
    assert [name for name, _ in done] == ["format_of"] * 6 + ["file_of", "_write"] * 6
    assert whole[0] == 7, "no file is read as a whole before it is copied"


def test_a_picture_whose_end_is_missing_is_left_out_and_the_others_are_exported(table, tmp_path, capsys):
    broken = tmp_path / "2.png"
    broken.write_bytes(broken.read_bytes()[:-30])
    folder = table.pictures.export(tmp_path / "out")
    assert len(list((folder / "pictures").iterdir())) == 5
    assert "run2" in (folder / "left-out.txt").read_text(encoding="utf-8")
    assert "1 picture left out" in capsys.readouterr().out
    assert (folder / "contact-sheet.png").exists()


def test_a_report_shows_a_limited_number_of_runs_and_says_so(table, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(report, "MOST_SHOWN", 3)
    table["stars"] = [None, None, None, None, 4, 5]
    folder = table.pictures.export(tmp_path / "out")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert re.findall('<img [^>]*data-run="(run.)"', page) == ["run0", "run4", "run5"], (
        "those with stars, then the first"
    )
    assert "3 rows not shown" in page
    sentence = (
        "report.html has the pictures of 3 of 6 runs, those with stars or a pick first, then in the order of the "
        "table; 3 are left out of it."
    )
    assert sentence in html.unescape(page)
    assert sentence in capsys.readouterr().out
    assert page.count("<tr><td>run") + page.count("<td>run") >= 6, "the table has all rows"
    assert len(list((folder / "pictures").iterdir())) == 6


def test_a_report_of_few_runs_has_all_and_says_nothing(table, tmp_path, capsys):
    page = (table.pictures.export(tmp_path / "out") / "report.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 6
    assert "left out" not in page
    assert capsys.readouterr().out == ""


def test_pictures_of_a_bundle_count_for_the_limit_of_a_document(tmp_path):
    name = f"pictures/ab/{64 * 'a'}.png"
    mounted.mount(tmp_path, mounted.Mount(tmp_path / "study.sfx", {name: 1234}, lambda path: b"", "one"))
    try:
        assert _bytes_of(str(tmp_path / name)) == 1234
    finally:
        mounted.mount(tmp_path, None)
    assert _bytes_of(str(tmp_path / name)) == 0
