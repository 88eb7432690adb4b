"""The check of a notebook with sheets and fingerprints: a changed picture is named by its run and values."""

import io
import shutil

import pytest
from click.testing import CliRunner
from PIL import Image

import segflux_nb as sf
from segflux_nb.checking.notebooks import execute
from segflux_nb.cli import main

from .changes import block
from .conftest import PROMPT
from .notebook_files import call, cell, write

# Kernels' sockets are closed by a garbage collector now and then.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

OPENED = """\
import segflux_nb as sf
ws = sf.Workspace("study", service="simulator")
runs = ws.runs("photographs")"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with a workspace, and two notebooks that look at its pictures."""
    folder = tmp_path_factory.mktemp("saved")
    with sf.Workspace(folder / "study", service="simulator") as ws:
        sweep = sf.Sweep(prompt=PROMPT, finetune_id="a", seed=[7, 8], lora_strength=[0.4, 1.0], steps=12)
        ws.run(sweep, name="photographs")
    write(folder / "sheet.ipynb", OPENED, "runs.sheet()", "ws.plan(runs)")
    write(folder / "text.ipynb", OPENED, "print(runs.fingerprint())")
    for name in ("sheet.ipynb", "text.ipynb"):
        execute(folder / name)
    return folder


def copy_of(saved, folder, side=0):
    """A copy of that folder, in which a block of one picture has changed; the run of that picture."""
    shutil.copytree(saved, folder)
    if not side:
        return None
    with sf.Workspace(folder / "study", service="simulator") as ws:
        run = ws.runs("photographs").one(seed=8, lora_strength=0.4)
    with Image.open(run.path) as image:
        changed = block(side, 40, (0.4, 0.3))(image.convert("RGB"))
    buffer = io.BytesIO()
    changed.save(buffer, "JPEG", quality=95)
    run.path.write_bytes(buffer.getvalue())
    for thumbnail in (folder / "study" / "thumbnails").rglob("*.jpg"):
        thumbnail.unlink()
    return run.run


def test_a_changed_block_is_named_by_run_and_values(saved, tmp_path):
    copy_of(saved, tmp_path / "same")
    copy_of(saved, tmp_path / "small", 8)
    run = copy_of(saved, tmp_path / "large", 32)
    for name in ("same", "small", "large"):
        (tmp_path / name / "text.ipynb").unlink()
    status, text = call(tmp_path, "check", ".", COLUMNS="300")
    print(text)
    assert status == 1
    # 32 x 32 pixels of one picture: the terminal and the line of pytest's summary name it.
    line = f"large/sheet.ipynb, cell 1, run {run} (seed 8 · lora_strength 0.4): "
    assert f"{line}ΔE" in text
    assert f"FAILED large/sheet.ipynb::Cell 1 - {line}changed: ΔE" in text
    assert "at most 4.0" in text
    assert text.count("FAILED") == 1
    # 8 x 8 pixels look the same, and so does the sheet on which they are. The changed one stands for its sheet.
    assert "14 pictures compared: 11 same bytes, 2 same to the eye, 1 changed" in text
    report = (tmp_path / "segflux-check.html").read_text(encoding="utf-8")
    assert str(tmp_path / "segflux-check.html") in text
    assert f"run {run} (seed 8 · lora_strength 0.4)" in report
    assert [report.count(f'alt="{name}: run') for name in ("saved", "new", "difference")] == [1, 1, 1]


def test_a_block_of_8_pixels_is_seen_by_the_exact_form_and_by_the_text(saved, tmp_path):
    run = copy_of(saved, tmp_path / "small", 8)
    status, text = call(tmp_path, "check", "small", "--exact", COLUMNS="300")
    assert status == 1
    assert f"run {run} (seed 8 · lora_strength 0.4): the pixels are not the same, though it looks the same" in text
    assert "FAILED small/text.ipynb::Cell 1 - small/text.ipynb, cell 1: Cell outputs differ" in text
    assert "FAILED small/sheet.ipynb::Cell 1" in text
    assert text.count("FAILED") == 2


def test_a_replay_reads_a_bundle(tmp_path):
    (tmp_path / "study.sfx").write_bytes(b"a bundle")
    code = "import os\nprint(os.path.basename(os.environ.get('SEGFLUX_REPLAY', 'none')))"
    write(tmp_path / "replay.ipynb", cell(code, "study.sfx\n"))
    status, text = call(tmp_path, "check", "replay.ipynb", "--replay", "study.sfx")
    assert status == 0, text


def test_a_bundle_that_is_not_there_is_named(tmp_path):
    write(tmp_path / "it.ipynb", "1")
    result = CliRunner().invoke(main, ["check", str(tmp_path), "--replay", "nowhere.sfx"])
    assert (result.exit_code, result.output) == (
        1,
        "Error: nowhere.sfx does not exist. runs.bundle(path) or segflux bundle makes a bundle.\n",
    )
