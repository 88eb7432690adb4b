"""The plug-in of pytest, with kernels: nbval's markers, options and processes, and pictures of any library."""

import base64
import importlib.util
import io
import json
import os
import subprocess
import sys
import tomllib

import nbformat
import pytest
from click.testing import CliRunner
from PIL import Image, PngImagePlugin

from segflux_nb.checking.notebooks import execute
from segflux_nb.checking.report import MARK, difference, remove_report
from segflux_nb.checking.results import MOST_SHOWN, CellResult
from segflux_nb.checking.verdicts import Finding, Verdict
from segflux_nb.cli import main

from .changes import encoded
from .notebook_files import ROOT, call, cell, pytest_of, write

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

PICTURE = "from PIL import Image\nImage.linear_gradient('L')"
FIGURE = """\
import matplotlib.pyplot as plt
fig, ax = plt.subplots(figsize=(3, 2))
ax.plot([1, 3, 2])
ax.set_title("a title");"""
UPDATED = """\
from IPython.display import clear_output, display
handle = display("first", display_id=True)
handle.update("last")"""
CAPTURED = """\
import ipywidgets
out = ipywidgets.Output()
with out:
    print("in the widget")
print("below")"""
CLEARED = 'print("gone"); clear_output(wait=True); print("gone"); clear_output(); print("stays")'
HAS_MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None


def stored_pixel_changes(notebook, number):
    """Change one pixel of the picture that a cell has saved, and keep the other chunks of its file."""
    data = notebook.cells[number].outputs[-1].data
    with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as image:
        image.load()
        pixel = image.getpixel((3, 4))
        image.putpixel((3, 4), (pixel + 1) % 256 if isinstance(pixel, int) else (0, 0, 0, 255))
        info = PngImagePlugin.PngInfo()
        for name, text in image.text.items():
            info.add_text(name, text.replace("version3", "version2"))
        buffer = io.BytesIO()
        image.save(buffer, "PNG", pnginfo=info)
    data["image/png"] = base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.skipif(not HAS_MATPLOTLIB, reason="matplotlib is not installed")
def test_a_notebook_of_other_libraries_is_checked(tmp_path):
    """It does not use segflux_nb. One pixel of a saved figure is enough, and the version that drew it is named."""
    write(tmp_path / "same.ipynb", FIGURE, PICTURE)
    execute(tmp_path / "same.ipynb")
    notebook = nbformat.read(tmp_path / "same.ipynb", 4)
    for number in (0, 1):
        stored_pixel_changes(notebook, number)
    notebook.metadata["segflux"]["versions"]["pillow"] = "1.1.7"
    nbformat.write(notebook, tmp_path / "changed.ipynb")
    status, text = call(tmp_path, "check", ".", COLUMNS="300")
    assert status == 1, text
    assert "2 failed, 2 passed" in text
    assert "changed.ipynb, cell 0, the picture: 1 pixel changed, in x 3 to 3, y 4 to 4" in text
    assert "the likely cause: it was drawn by Matplotlib 2" in text
    assert "and is now drawn by Matplotlib 3" in text
    assert "changed.ipynb, cell 1, the picture: 1 pixel changed" in text
    # Pillow does not write its version into its files; the notebook has it.
    assert "the likely cause: since the notebook was saved, pillow 1.1.7 is now" in text


def test_a_check_for_other_programs_is_json_alone(tmp_path):
    write(tmp_path / "a.ipynb", cell("print('b')", "a\n"), cell("1 / 0", "1\n"), cell("print('c')", "c\n"))
    write(tmp_path / "b.ipynb", PICTURE)
    execute(tmp_path / "b.ipynb")
    notebook = nbformat.read(tmp_path / "b.ipynb", 4)
    stored_pixel_changes(notebook, 0)
    nbformat.write(notebook, tmp_path / "b.ipynb")
    done = subprocess.run(
        [sys.executable, "-m", "segflux_nb", "check", ".", "--json"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["status"], found["cells"], found["pictures"]) == (1, 4, {"changed": 1})
    assert [(one["notebook"], one["cell"]) for one in found["failed"]] == [
        ("a.ipynb", "Cell 0"),
        ("a.ipynb", "Cell 1"),
        ("b.ipynb", "Cell 0"),
    ]
    assert [(one["notebook"], one["cell"], one["what"]) for one in found["changed"]] == [
        ("b.ipynb", 0, "the picture")
    ]
    assert "3 failed" in done.stderr


def test_nbvals_markers_options_and_kernels_are_honoured(tmp_path):
    count = "open('executed', 'a').write('x'); None"
    write(
        tmp_path / "all.ipynb",
        cell(count),
        cell("# NBVAL_IGNORE_OUTPUT\nprint('b')", "a\n"),
        cell("print('b')", "a\n", tags=["nbval-ignore-output"]),
        cell("raise RuntimeError", tags=["nbval-skip"]),
        cell("print(object())", "<object object at 0x7f0000000000>\n"),  # our sanitizers
        cell("print('took 17 s')", "took 4 s\n"),  # the user's
        cell("print('kept')", "kept\n", count=None),  # as nbstripout --keep-output leaves it
        cell("print('stripped')", count=None),
        cell(UPDATED, {"text/plain": "'last'"}),
        cell(CLEARED, "stays\n"),
        cell(CAPTURED, "below\n"),
        cell("print('b')", "a\n"),
        cell("print('b')", "a\n", count=None),
        cell(PICTURE, {"text/plain": "<PIL.Image.Image image mode=L size=256x256>"}),
    )
    (tmp_path / "sanitize.cfg").write_text(r"regex: took \d+ s" + "\nreplace: took\n")
    options = ["--segflux", "--nbval", "--nbval-sanitize-with", "sanitize.cfg", "-rA", "."]
    status, text = pytest_of(tmp_path, *options, COLUMNS="300")
    assert status == 1, text
    assert "3 failed, 10 passed, 1 skipped" in text, text
    assert (tmp_path / "executed").read_text() == "x", "each notebook is executed once, with --nbval beside it too"
    assert text.count("PASSED all.ipynb::Cell 0") == 1
    for number in (11, 12, 13):
        assert f"FAILED all.ipynb::Cell {number}" in text
    assert "Cell 13 - all.ipynb, cell 13, picture 1: changed: it was not shown before" in text
    assert "3 cells executed, and not compared" in text


@pytest.mark.long
def test_several_processes_report_together(tmp_path):
    for name in ("one", "two"):
        write(tmp_path / f"{name}.ipynb", cell(PICTURE, {"image/png": "AAAA", "text/plain": "other"}))
    arguments = ["-p", "xdist", "-n", "2", "--dist", "loadfile", "--segflux", "--segflux-report", "out/it.html", "."]
    status, text = pytest_of(tmp_path, *arguments)
    assert status == 1, text
    assert "2 pictures compared: 2 changed" in text
    for name in ("one", "two"):
        assert f"{name}.ipynb, cell 0, the picture: the saved picture cannot be read" in text
        assert f"{name}.ipynb, cell 0</h2>" in (tmp_path / "out" / "it.html").read_text(encoding="utf-8")


def test_without_its_option_the_plug_in_does_and_loads_nothing(tmp_path):
    write(tmp_path / "it.ipynb", cell("print('b')", "a\n"))
    (tmp_path / "test_it.py").write_text("def test_it():\n    pass\n")
    status, text = pytest_of(tmp_path, ".")
    assert (status, "1 passed" in text) == (0, True)
    code = "import sys, pytest_segflux; print(sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    for heavy in ("segflux_nb", "pandas", "numpy", "PIL", "pytest", "nbval", "IPython", "jinja2", "matplotlib"):
        assert f"'{heavy}'" not in loaded


def test_pytest_finds_the_plug_in_by_the_name_of_its_module():
    """With another name, ``-p pytest_segflux`` would load it twice, which pytest refuses."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    name = "pytest_segflux"
    assert settings["project"]["entry-points"]["pytest11"] == {name: name}
    assert f"{name}.py" in settings["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert importlib.util.find_spec(name)


def test_what_is_no_notebook_is_said_in_a_sentence(tmp_path):
    (tmp_path / "bad.ipynb").write_text("no notebook")
    (tmp_path / "empty" / ".ipynb_checkpoints").mkdir(parents=True)
    (tmp_path / "empty" / ".ipynb_checkpoints" / "it.ipynb").write_text("no notebook")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "bad-checkpoint.ipynb").write_text("no notebook")
    status, text = call(tmp_path, "check", ".")
    assert status != 0
    assert "bad.ipynb is not a notebook" in text
    assert "Traceback" not in text
    for arguments, sentence in (
        (["nowhere"], "nowhere does not exist"),
        (["empty"], "There is no notebook"),
        ([".", "--sanitize-with", "no.cfg"], "no.cfg does not exist"),
    ):
        made = [str(tmp_path / one) if not one.startswith("--") else one for one in arguments]
        result = CliRunner().invoke(main, ["check", *made])
        assert result.exit_code == 1
        assert sentence in result.output


def test_a_report_of_ours_alone_is_removed(tmp_path):
    for text, is_left in ((f"{MARK}\n<p>", False), ("<p>mine", True)):
        path = tmp_path / "segflux-check.html"
        path.write_text(text)
        remove_report(path)
        assert path.exists() is is_left
    remove_report(tmp_path / "nowhere.html")


def test_a_small_difference_can_be_seen_in_the_report():
    one, other = (Image.new("RGB", (40, 30), (level, 90, 90)) for level in (10, 10))
    other.putpixel((5, 6), (11, 90, 90))
    with Image.open(io.BytesIO(difference(*(encoded(image, "PNG") for image in (one, other))))) as shown:
        assert shown.getpixel((5, 6)) == (255, 0, 0)
        assert shown.getpixel((7, 7)) == (0, 0, 0)
    assert difference(b"", encoded(one, "PNG")) == difference(b"no picture", encoded(one, "PNG")) == b""


def test_the_pictures_of_many_changes_are_bounded(tmp_path):
    result = CellResult("a.ipynb", 3, "code")
    result.add([Finding(Verdict.CHANGED, f"picture {n}", "why", b"1", b"2") for n in range(MOST_SHOWN + 5)])
    assert sum(bool(one["saved"]) for one in result.changed) == MOST_SHOWN
    assert result.line() == "a.ipynb, cell 3, picture 0: changed: why (and 24 more pictures)"


def test_the_summary_has_no_control_characters(tmp_path):
    result = CellResult("a.ipynb", 3, "code")
    result.add([Finding(Verdict.CHANGED, "run x (prompt \x1b[31mred\x1b[0m)", "why")])
    assert "\x1b" not in result.line()


R = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}, "language_info": {"name": "R"}}


def test_a_notebook_of_another_language_is_no_pass(tmp_path):
    write(tmp_path / "it.ipynb", cell("1 + 1", count=None), **R)
    status, text = call(tmp_path, "check", "it.ipynb")
    assert status != 0
    assert "it.ipynb is written in R" in text
    assert "Traceback" not in text


def test_settings_of_pytest_in_the_environment_do_not_reach_the_check(tmp_path):
    write(tmp_path / "it.ipynb", cell("print(1)", "1\n"))
    status, text = call(tmp_path, "check", "it.ipynb", PYTEST_ADDOPTS="--cov=mine -n 4", PYTEST_PLUGINS="not_here")
    assert status == 0, text
    assert "0 pictures compared" in text


def test_names_with_brackets_and_colons_are_checked(tmp_path):
    (tmp_path / "a [draft]").mkdir()
    write(tmp_path / "a [draft]" / "two::parts [1].ipynb", cell("print(1)", "1\n"))
    write(tmp_path / "study [2].ipynb", cell("print(1)", "2\n"))
    status, text = call(tmp_path, "check", "a [draft]")
    assert status == 0, text
    status, text = call(tmp_path, "check", "study [2].ipynb")
    assert status == 1, text
    assert "study [2].ipynb" in text


@pytest.mark.parametrize("text", ["{}", "[1]", "\x00", '{"cells": 7, "nbformat": 4, "nbformat_minor": 5}', "\ufeff{"])
def test_each_kind_of_no_notebook_is_said_in_a_sentence(text, tmp_path):
    (tmp_path / "bad.ipynb").write_text(text)
    status, said = pytest_of(tmp_path, "--segflux", "bad.ipynb")
    assert status != 0
    assert "bad.ipynb is not a notebook" in said
    assert "site-packages" not in said


def test_what_is_no_bundle_is_named_before_a_notebook_is_executed(tmp_path):
    write(tmp_path / "it.ipynb", cell("print(1)", "1\n"))
    (tmp_path / "study.zip").write_bytes(b"PK")
    for command in (["check"], ["notebook", "run"]):
        result = CliRunner().invoke(main, [*command, str(tmp_path), "--replay", str(tmp_path / "study.zip")])
        assert result.exit_code == 1
        assert "study.zip does not end in .sfx" in result.output
