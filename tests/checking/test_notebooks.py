"""Notebooks in git: what `clean` takes out and leaves, `init`, and a clean start that removes nothing paid."""

import json
import os
import shutil
import sqlite3
import time
from contextlib import closing

import nbformat
import pytest
from click.testing import CliRunner

import segflux_nb as sf
from segflux_nb.checking import notebooks
from segflux_nb.checking.notebooks import WIDGET, clean, execute, normalised
from segflux_nb.checking.start import clear, cost_nothing
from segflux_nb.cli import main
from segflux_nb.errors import SegfluxError
from segflux_nb.simulator.app import Simulator

from .notebook_files import cell, edit, pytest_of, write

KERNEL_THAT_WAITS = """import os, time
with open("new", "w") as file:
    file.write(str(os.getpid()))
os.rename("new", "started")
time.sleep(600)
"""

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


def as_a_program_leaves_it(path, ids, model, second):
    """A notebook as JupyterLab, papermill and jupytext leave it: with ids, times and versions of their own."""
    times = {"start_time": second, "end_time": second, "duration": 1.5, "status": "completed"}
    cells = [
        cell("x = 1", tags=["parameters"], execution={"iopub.execute_input": second}, papermill=times),
        cell("x = 2", tags=["injected-parameters"]),
        cell("widget", {WIDGET: {"model_id": model, "version_major": 2}, "text/plain": "Progress(4 runs)"}),
    ]
    made = nbformat.v4.new_notebook(
        cells=cells,
        metadata={
            "kernelspec": {"name": "python3", "display_name": f".venv ({second})", "language": "python"},
            "language_info": {"name": "python", "version": second, "codemirror_mode": {"name": "ipython"}},
            "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {model: {}}}},
            "papermill": {**times, "parameters": {"x": 2}, "output_path": f"/tmp/{second}"},
            "jupytext": {"formats": "ipynb,py:percent", "text_representation": {"extension": ".py"}},
        },
    )
    for one, name in zip(made.cells, ids, strict=True):
        one["id"] = name
    nbformat.write(made, path)
    return path


def test_a_clean_notebook_is_the_same_bytes_each_time(tmp_path):
    random = ("1a2b3c4d", "9f8e7d6c-0000-4000-8000-123456789abc", "cell-07")
    one = as_a_program_leaves_it(tmp_path / "one.ipynb", random, "a" * 32, "2026-01-01")
    two = as_a_program_leaves_it(tmp_path / "two.ipynb", ("00ff00ff", "11111111", "22222222"), "b" * 32, "2026-02-02")
    assert clean(one)
    assert clean(two)
    assert one.read_bytes() == two.read_bytes()
    assert not clean(one), "it is clean already"
    kept = json.loads(one.read_text())
    assert [one["id"] for one in kept["cells"]] == ["cell-00", "cell-01", "cell-02"]
    assert kept["metadata"]["papermill"] == {"parameters": {"x": 2}, "status": "completed"}
    assert kept["metadata"]["jupytext"]["formats"] == "ipynb,py:percent"
    assert kept["cells"][0]["metadata"] == {"tags": ["parameters"]}
    assert kept["cells"][2]["outputs"][0]["data"]["text/plain"] == ["Progress(4 runs)"]
    assert "2026" not in one.read_text()


def test_ids_that_a_person_gave_stay_and_none_is_there_twice(tmp_path):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(str(n)) for n in range(4)])
    for one, name in zip(made.cells, ("cell-02", "load", "deadbeef", "cell-02-x"), strict=True):
        one["id"] = name
    ids = [one["id"] for one in normalised(made).cells]
    assert ids == ["cell-00", "load", "cell-02", "cell-02-x"]
    old = nbformat.from_dict(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]))
    old.nbformat_minor = 4
    old.cells[0].pop("id")
    nbformat.validate(normalised(old))


def test_an_executed_notebook_is_the_same_bytes_each_time(tmp_path):
    write(tmp_path / "it.ipynb", "import ipywidgets\nipywidgets.IntSlider()", "print('x')")
    execute(tmp_path / "it.ipynb")
    first = (tmp_path / "it.ipynb").read_bytes()
    execute(tmp_path / "it.ipynb")
    assert (tmp_path / "it.ipynb").read_bytes() == first
    assert b"pillow" in first, "the versions of what draws are kept"


def test_a_cell_that_fails_leaves_the_notebook_as_it_was(tmp_path):
    write(tmp_path / "it.ipynb", "raise ValueError('no')")
    before = (tmp_path / "it.ipynb").read_bytes()
    with pytest.raises(SegfluxError, match=r"it.ipynb: a cell raises ValueError: no"):
        execute(tmp_path / "it.ipynb")
    assert (tmp_path / "it.ipynb").read_bytes() == before


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"cells": 7, "nbformat": 4, "nbformat_minor": 5}', "\x00"])
def test_what_is_no_notebook_is_not_touched(tmp_path, text):
    (tmp_path / "it.ipynb").write_text(text)
    with pytest.raises(SegfluxError, match="is not a notebook"):
        clean(tmp_path / "it.ipynb")
    assert (tmp_path / "it.ipynb").read_text() == text


def test_init_makes_a_folder_ready(tmp_path):
    as_a_program_leaves_it(tmp_path / "it.ipynb", ("1a2b3c4d", "1a2b3c4e", "1a2b3c4f"), "a" * 32, "2026-01-01")
    call = CliRunner()
    first = call.invoke(main, ["notebook", "init", str(tmp_path)])
    assert first.output == f"{tmp_path / 'conftest.py'}: written\n{tmp_path / 'it.ipynb'}: cleaned\n"
    again = call.invoke(main, ["notebook", "init", str(tmp_path)])
    assert again.output == f"{tmp_path / 'conftest.py'}: ready already\n{tmp_path / 'it.ipynb'}: clean already\n"
    (tmp_path / "conftest.py").write_text("# mine\n")
    third = call.invoke(main, ["notebook", "init", str(tmp_path)]).output
    assert "exists and was not changed. Add to it:\nfrom segflux_nb.checking.start import prepare" in third
    assert (tmp_path / "conftest.py").read_text() == "# mine\n"


def test_a_pair_of_jupytext_is_cleaned_by_its_text_file(tmp_path):
    write(tmp_path / "it.ipynb", "1")
    (tmp_path / "it.py").write_text("# %%\n1\n")
    output = CliRunner().invoke(main, ["notebook", "clean", str(tmp_path / "it.py")]).output
    assert output == f"{tmp_path / 'it.ipynb'}: cleaned\n"
    (tmp_path / "other.py").write_text("1\n")
    output = CliRunner().invoke(main, ["notebook", "clean", str(tmp_path / "other.py")]).output
    assert "is not a notebook" in output


@pytest.fixture
def made(tmp_path):
    """A folder with a simulated workspace, its export, and other folders."""
    with sf.Workspace(tmp_path / "study", service="simulator") as ws:
        runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=1, steps=1))
        runs.export(tmp_path / "exported")
    for name in ("data", "pictures"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "runs.csv").write_text("mine\n1\n")
    return tmp_path


def test_a_clean_start_removes_what_cost_nothing(made):
    assert [one.name for one in clear(made)] == ["exported", "study"]
    assert sorted(one.name for one in made.iterdir()) == ["data", "pictures"]


def test_a_clean_start_never_removes_what_was_paid_for(made):
    """One run of another service among simulated ones is enough; so is a log that cannot be read."""
    with (
        Simulator(time_scale=0.002, paint=False) as simulator,
        sf.Workspace(made / "study", service=simulator.url) as ws,
    ):
        ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=2))
    with closing(sqlite3.connect(made / "study" / "log.sqlite")) as database:
        database.execute("UPDATE runs SET service = 'segmind' WHERE json_extract(parameters, '$.seed') = 2")
        database.commit()
    table = made / "exported" / "runs.csv"
    table.write_text(table.read_text().replace("simulator", "segmind"))
    (made / "broken").mkdir()
    (made / "broken" / "log.sqlite").write_bytes(b"damaged" * 1000)
    assert clear(made) == []
    shutil.rmtree(made / "study" / "pictures")
    assert not cost_nothing(made / "study")


def test_a_link_to_a_workspace_elsewhere_stays(made):
    (made / "notebooks").mkdir()
    (made / "notebooks" / "study").symlink_to(made / "study")
    assert clear(made / "notebooks") == []
    assert (made / "study").exists()


def test_the_conftest_gives_a_clean_start_and_our_sanitizers_to_nbval_alone(made):
    CliRunner().invoke(main, ["notebook", "init", str(made)])
    write(
        made / "it.ipynb",
        cell("import os\nprint(os.path.exists('study'))", "False\n"),
        cell("print(object())", "<object object at 0x7f0000000000>\n"),
    )
    status, text = pytest_of(made, "--nbval", ".")
    assert (status, "2 passed" in text) == (0, True), text


def test_a_notebook_of_papermill_or_nbconvert_passes(tmp_path):
    """What these programs add to a notebook's metadata is not compared."""
    path = tmp_path / "it.ipynb"
    as_a_program_leaves_it(path, ("a", "b", "c"), "a" * 32, "2026-01-01")

    def fill(notebook):
        notebook.cells[2].source = "print(x)"
        notebook.cells[2].outputs = [nbformat.v4.new_output("stream", name="stdout", text="2\n")]

    edit(path, fill)
    status, text = pytest_of(tmp_path, "--segflux", ".")
    assert (status, "3 passed" in text) == (0, True), text


@pytest.mark.parametrize(
    ("code", "options", "sentence"),
    [
        ("import time\ntime.sleep(60)", {"timeout": 1}, "a cell takes more than 1 second. Give a longer --timeout"),
        ("import os\nos._exit(1)", {}, "its kernel died"),
        ("1", {"kernel": "no-such-kernel"}, "there is no kernel 'no-such-kernel'"),
    ],
    ids=["slow", "dead", "no kernel"],
)
def test_a_kernel_that_gives_no_answer_is_said_in_a_sentence(code, options, sentence, tmp_path):
    write(tmp_path / "it.ipynb", code)
    before = (tmp_path / "it.ipynb").read_bytes()
    with pytest.raises(SegfluxError) as caught:
        execute(tmp_path / "it.ipynb", **options)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "it.ipynb").read_bytes() == before


def test_an_interrupt_ends_the_kernel_and_is_an_interrupt(monkeypatch, tmp_path):
    write(tmp_path / "it.ipynb", KERNEL_THAT_WAITS)
    before = (tmp_path / "it.ipynb").read_bytes()
    kernels = []

    def wait_until_started(future):
        while not (tmp_path / "started").exists() and not future.done():
            time.sleep(0.01)
        kernels.append(int((tmp_path / "started").read_text()))
        raise KeyboardInterrupt

    monkeypatch.setattr(notebooks.loopthread, "wait", wait_until_started)
    with pytest.raises(KeyboardInterrupt):
        execute(tmp_path / "it.ipynb")
    with pytest.raises(ProcessLookupError):
        os.kill(kernels[0], 0)
    assert (tmp_path / "it.ipynb").read_bytes() == before
