"""`ws.runs().sheet()`: each sweep in a part of its own, every picture shown, nothing empty that nobody asked for."""

import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.sheets.geometry import geometry_of, size_of
from segflux_nb.simulator.app import Simulator
from tests.support.frames import overlap


@pytest.fixture
def ws(tmp_path):
    with Simulator(time_scale=0.002) as simulator, sf.Workspace(tmp_path / "w", service=simulator) as workspace:
        yield workspace


def sweep(**parameters):
    return sf.Sweep(**{"prompt": "TOK", "finetune_id": "a", "seed": [1, 2], "steps": 2, **parameters})


def two(ws):
    first = ws.run(sweep(lora_strength=[0.4, 0.8]), name="strengths")
    second = ws.run(sweep(sampler_name=["euler", "heun", "lcm"], steps=3))
    return first, second


def test_each_sweep_is_a_part_with_its_own_axes(ws):
    first, second = two(ws)
    for runs in (ws.runs(), first + second):
        sheet = runs.sheet()
        assert sheet.text.splitlines()[0].startswith("ContactSheet: 10 pictures in 2 sweeps [")
        assert "strengths: 4 pictures\ncolumns seed: 1, 2\nrows lora_strength: 0.4, 0.8\n" in sheet.text
        assert "columns seed: 1, 2\nrows sampler_name: euler, heun, lcm\n" in sheet.text
        assert "empty" not in sheet.text
        assert "not shown" not in sheet.text
        cells = sheet._layout.cells
        assert sorted(cell.run for cell in cells) == sorted(runs.df["run"])
    assert sheet.text == (first + second).sheet().text


def test_all_faces_have_all_parts(ws, tmp_path):
    two(ws)
    sheet = ws.runs().sheet()
    with Image.open(sheet.save(tmp_path / "all.png")) as one:
        assert one.size == sheet.image.size
    page = sheet.save(tmp_path / "all.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 10
    assert "strengths" in page
    data, metadata = sheet._repr_mimebundle_()
    assert len(data["image/jpeg"]) <= 250_000
    assert len(metadata["segflux"]["pictures"]) == 10
    geometry = geometry_of(sheet._layout, 64)
    assert (geometry.width, geometry.height) == size_of(sheet._layout, 64)
    boxes = [box for _, box in geometry.cells] + [text.box for text in geometry.texts]
    assert len(geometry.cells) == 10
    for at, box in enumerate(boxes):
        assert 0 <= box[0] < box[2] <= geometry.width
        assert 0 <= box[1] < box[3] <= geometry.height
        assert not any(overlap(box, other) for other in boxes[:at])


def test_a_sheet_that_is_too_large_has_a_page_for_each_part(ws, monkeypatch, tmp_path):
    two(ws)
    monkeypatch.setattr("segflux_nb.sheets.sheet.MOST_PIXELS", 150_000)
    sheet = ws.runs().sheet()
    assert len(sheet.pages) == 2
    assert sheet.save(tmp_path / "all.png").name == "all-1.png"


def test_pages_hold_as_many_parts_as_fit(ws, monkeypatch):
    for strength in (0.1, 0.2, 0.3, 0.4):
        ws.run(sweep(lora_strength=strength, sampler_name="lcm", steps=[2, round(10 * strength) + 2]), name="part")
    monkeypatch.setattr("segflux_nb.sheets.sheet.MOST_PIXELS", 240_000)
    sheet = ws.runs().sheet()
    parts = sheet._parts(10_000)
    assert [len(part.cells) for part in parts] == [8, 8]
    titles = [text.lines[0] for part in parts for text in part.texts if text.lines[0].startswith("part")]
    assert titles == ["part (page 1 of 2)", "part", "part (page 2 of 2)", "part"]


@pytest.mark.parametrize("side", [24, 96, 320])
def test_all_parts_have_letters_of_one_size(ws, side):
    wide, narrow = sweep(seed=list(range(1, 9)), lora_strength=[0.1, 0.2]), sweep(seed=[9], steps=[2, 3])
    sheet = (ws.run(wide, name="wide") + ws.run(narrow, name="narrow")).sheet()
    texts = geometry_of(sheet._layout, side).texts
    titles = [text.size for text in texts if text.lines[0] in ("wide", "narrow")]
    assert len(titles) == 2
    assert len({text.size for text in texts}) <= 3, "titles, labels and what is muted"
    assert titles[0] == titles[1]


def test_a_sweep_that_is_part_of_another_is_shown_once(ws):
    two(ws)
    ws.run(sweep(lora_strength=[0.4]))
    ws.run(sweep(lora_strength=[0.4, 0.8]), name="the same again")
    assert ws.runs().sheet().text.splitlines()[0].startswith("ContactSheet: 10 pictures in 2 sweeps [")


def test_sweeps_that_share_cells_are_both_whole(ws):
    ws.run(sweep(lora_strength=[0.4, 0.8]))
    ws.run(sweep(lora_strength=0.8, sampler_name=["euler", "heun"]))
    sheet = ws.runs().sheet()
    assert "ContactSheet: 6 pictures in 2 sweeps, 2 of them in several [" in sheet.text
    assert "empty" not in sheet.text


def test_sweeps_along_the_same_two_axes_are_one_grid_if_most_of_it_is_there(ws):
    coarse = ws.run(sweep(lora_strength=[0.0, 1.0], seed=1))
    fine = ws.run(sweep(lora_strength=[0.9, 1.0], seed=[1, 2]))
    text = (coarse + fine).sheet().text
    assert "columns lora_strength: 0.0, 0.9, 1.0\nrows seed: 1, 2" in text
    assert "2 sweeps" not in text


def test_all_axes_of_a_part_are_shown(ws):
    two(ws)
    ws.run(sweep(lora_strength=[0.1, 0.2], scheduler=["simple", "karras"], aspect_ratio=["1:1", "16:9"], seed=[7, 8]))
    text = ws.runs().sheet().text
    assert "26 pictures in 3 sweeps" in text
    assert "not shown" not in text


def test_runs_of_several_sweeps_that_are_one_grid_stay_one(ws):
    ws.run(sweep(lora_strength=[0.4]))
    ws.run(sweep(lora_strength=[0.8]))
    text = ws.runs().sheet().text
    assert text.startswith("ContactSheet: 4 pictures [")
    assert "2 sweeps" not in text


def test_what_is_asked_for_by_name_is_done(ws):
    two(ws)
    text = ws.runs().sheet(cols="seed", rows="lora_strength").text
    assert "rows lora_strength + steps: 0.4, 2; 0.8, 2; 1.0, 3" in text
    assert "2 sweeps" not in text
    assert "2 sweeps" not in ws.runs("strengths").sheet().text


def test_a_selection_shows_what_is_left_of_each_sweep(ws):
    two(ws)
    text = ws.runs().where(seed=1).sheet().text
    assert "ContactSheet: 5 pictures in 2 sweeps [" in text
    assert "strengths: 2 pictures\n" in text


def test_a_bundle_of_several_sweeps_shows_all(ws, tmp_path):
    two(ws)
    ws.runs().bundle(tmp_path / "both.sfx")
    with sf.Workspace(tmp_path / "both.sfx") as theirs:
        assert theirs.runs().sheet().text == ws.runs().sheet().text
