"""The sheets of docs/sheets.md are made of frames like those of runs, and show what the page says of them."""

from pathlib import Path

import segflux_nb as sf
from segflux_nb.lifecycle import State
from segflux_nb.sheets.frame_view import FrameView
from tools import draw_sheets

PAGE = Path(draw_sheets.TARGET).parent / "sheets.md"


def test_they_are_made_of_frames_like_those_of_runs(tmp_path):
    drawn = draw_sheets.frame(8, seed=[1], lora_strength=[0.0, 0.8])
    with sf.Workspace(tmp_path, service=sf.Simulator(time_scale=0.001, paint=False)) as ws:
        runs = ws.run(sf.Sweep(**(draw_sheets.BODY | {"seed": [1], "lora_strength": [0.0, 0.8]})))
        table = runs.df
    assert list(drawn.columns) == list(table.columns)
    assert drawn["run"].tolist() == table["run"].tolist()
    assert FrameView.of(drawn).is_of_runs


def test_the_sheet_of_every_status_shows_each(monkeypatch):
    small = draw_sheets.frame
    monkeypatch.setattr(draw_sheets, "frame", lambda **axes: small(16, **axes))
    sheet = draw_sheets.SHEETS["every-status"]()
    cells = sheet._layout.cells
    assert {cell.status for cell in cells} >= {state.status for state in State}
    assert all(cell.reason for cell in cells if cell.status in ("failed", "refused", "unknown", "lost"))
    first = sheet.text.splitlines()[0]
    for status in {state.status for state in State} - {"completed"}:
        assert f" {status}" in first
    assert "missing" not in {cell.status for cell in cells}
    tags = [tag for cell in cells for tag in cell.tags]
    assert {"★★★★★", "✔ picked"} <= set(tags)
    assert any(tag.startswith("= ") for tag in tags)


def test_the_page_shows_each_of_them():
    text = PAGE.read_text(encoding="utf-8") + (PAGE.parent / "simulator.md").read_text(encoding="utf-8")
    for name in draw_sheets.SHEETS:
        assert (draw_sheets.TARGET / f"{name}.jpg").is_file()
        assert f"sheets/{name}.jpg" in text, name
