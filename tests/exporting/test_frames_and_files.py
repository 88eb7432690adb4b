import csv
import io
import json
import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import segflux_nb as sf
from segflux_nb.exporting.imagefolder import export_imagefolder
from segflux_nb.exporting.names import picture_names, safe
from segflux_nb.exporting.tables import to_csv, to_jsonl
from segflux_nb.runlog.columns import DF_COLUMNS, LOG_COLUMNS
from segflux_nb.runlog.frame import dtype_of
from segflux_nb.simulator.app import Simulator


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    faults = {"job:failed": lambda body: body["seed"] == 2}
    grid = sf.Sweep(
        prompt="=TOK {animal}",
        animal=["fox", "owl"],
        finetune_id={"1200 steps": "a"},
        seed=[1, 2],
        lora_strength=[0.5, 1],
    )
    with (
        Simulator(time_scale=0.002, paint=False, faults=faults) as simulator,
        sf.Workspace("study", service=simulator) as ws,
    ):
        yield ws.run(grid)


def test_columns_and_types(runs):
    frame, log = runs.df, runs.log
    extra = ["animal", "finetune_id_label", "prompt_template"]
    names = [column.name for column in DF_COLUMNS]
    at = names.index("image")
    assert list(frame.columns) == names[:at] + extra + names[at:]
    assert set(log.columns) == {column.name for column in LOG_COLUMNS} | set(extra)
    for column in LOG_COLUMNS:
        assert str(log[column.name].dtype) == dtype_of(column), column.name
    assert list(frame["status"].value_counts().sort_index().items()) == [("completed", 4), ("failed", 4)]
    assert set(frame["finetune_id_label"]) == {"1200 steps"}
    assert frame["image"].isna().sum() == 4
    assert (log["completed_at"].dropna() >= log["submitted_at"][log["completed_at"].notna()]).all()


def test_the_documented_columns_are_those_there_are():
    import importlib.util
    from pathlib import Path

    root = Path(__file__).parents[2]
    spec = importlib.util.spec_from_file_location("document_frame", root / "tools" / "document_frame.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (root / "docs" / "frame.md").read_text(encoding="utf-8") == module.page(), "run tools/document_frame.py"


def test_varying_columns_only_on_request(runs):
    assert list(runs.varying.columns) == [
        *("run", "status", "prompt", "lora_strength", "seed", "animal"),
        *("image", "width", "height", "picture_count", "simulator_version", "error_kind", "error"),
    ]


def test_a_frame_follows_the_log_whoever_changes_it(runs, tmp_path):
    assert runs.df["stars"].isna().all()
    other = sf.Workspace(tmp_path / "study", service="simulator")
    other.runs().mark(runs.df["run"][0], stars=4, note="from elsewhere")
    assert runs.df["stars"][0] == 4
    runs.mark(runs.df["run"][0], stars=2)
    assert (runs.df["stars"][0], runs.df["note"][0]) == (2, "from elsewhere")
    other.close()


def test_image_is_reached_from_the_current_folder(runs, tmp_path, monkeypatch):
    path = runs.df["image"].dropna().iloc[0]
    assert path.startswith("study/pictures/")
    Image.open(path).load()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    other = sf.Workspace("../study", service="simulator").runs()
    assert other.df["image"].dropna().iloc[0].startswith("../study/pictures/")


def test_each_frame_is_a_fresh_copy(runs):
    frame = runs.df
    frame["status"] = "corrupted"
    assert "corrupted" not in set(runs.df["status"])


def test_an_export_explains_itself(runs, tmp_path):
    folder = runs.export(tmp_path / "out")
    assert sorted(os.listdir(folder)) == ["contact-sheet.png", "pictures", "report.html", "runs.csv", "runs.jsonl"]
    assert sorted(os.listdir(folder / "pictures")) == [
        "animal-fox_lora_strength-0.5.jpg",
        "animal-fox_lora_strength-1.0.jpg",
        "animal-owl_lora_strength-0.5.jpg",
        "animal-owl_lora_strength-1.0.jpg",
    ]
    table = pd.read_csv(folder / "runs.csv")
    assert len(table) == 8
    assert table["prompt"][0] == "'=TOK fox", "no cell acts as a formula"
    lines = [json.loads(line) for line in (folder / "runs.jsonl").read_text().splitlines()]
    assert lines[0]["prompt"] == "=TOK fox"
    assert [line["image"] for line in lines].count(None) == 4
    for image in table["image"].dropna():
        Image.open(folder / image).load()
    runs.export(tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(sf.SegfluxError, match="export to"):
        runs.export(tmp_path / "file")


def test_tables_hold_against_formulas_and_strange_text():
    frame = pd.DataFrame(
        {"=cmd": ["+1", "@x", "-2", "plain", None], "number": [-1.5, 2, 3, 4, 5], "text": list("é,\"\n'")}
    )
    rows = list(csv.reader(io.StringIO(to_csv(frame))))
    assert rows[0] == ["'=cmd", "number", "text"]
    assert [row[0] for row in rows[1:]] == ["'+1", "'@x", "'-2", "plain", ""]
    assert rows[1][1] == "-1.5"
    assert [json.loads(line)["text"] for line in to_jsonl(frame).splitlines()] == list("é,\"\n'")


SPLITS = ["\r", "\n", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\t", ";", "|"]


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@x", "＝1", "＋1", "－1", "＠x", "﹦1", "−1"])
def test_no_cell_begins_like_a_formula_at_any_separator(formula):
    texts = [formula, f"  {formula}", f"\xa0\u3000{formula}", f"\ufeff{formula}", f"'{formula}", f'"{formula}']
    texts += [f"fox{split}{space}{formula}" for split in SPLITS for space in ("", " ", '"', "\t")]
    frame = pd.DataFrame({"prompt": texts, f"a\r{formula}": 1.0, "path": [Path(text) for text in texts]})
    written = to_csv(frame)
    assert len(list(csv.reader(io.StringIO(written, newline="")))) == len(texts) + 1
    for delimiter in ",;\t|":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            for row in csv.reader(written.splitlines(), delimiter=delimiter, quoting=quoting):
                for cell in row:
                    begins = cell.lstrip(' \t"\xa0\u3000\ufeff')
                    assert not begins.startswith(formula[0]), (cell, delimiter)


def test_a_long_text_of_separators_is_written_in_no_time():
    assert len(to_csv(pd.DataFrame({"prompt": ["\n\t;" * 20_000]}))) > 60_000


@given(st.lists(st.tuples(st.text(max_size=150), st.floats(allow_nan=False)), min_size=1, max_size=6))
def test_picture_names_are_safe_and_unique(rows):
    runs = [f"{number:012x}" for number in range(len(rows))]
    axes = {"label": [text for text, _ in rows], "strength": [str(value) for _, value in rows]}
    names = picture_names(runs, axes)
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert len(name) <= 120
        assert name == os.path.basename(name)
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
        assert not name.startswith(".")


def test_unsafe_names_are_made_safe():
    assert safe("../../etc/passwd") == "etc-passwd"
    assert safe("CON") == "CON"
    assert picture_names(["a1"], {}) == ["a1"]


def test_an_export_writes_through_no_link(runs, tmp_path):
    folder = runs.export(tmp_path / "out")
    outside = tmp_path / "outside"
    outside.write_text("mine")
    for name in ("runs.csv", "contact-sheet.png", "pictures/animal-fox_lora_strength-0.5.jpg"):
        (folder / name).unlink()
        (folder / name).symlink_to(outside)
    runs.export(folder)
    assert outside.read_text() == "mine"
    assert not (folder / "runs.csv").is_symlink()


def test_a_text_stays_the_caption_of_a_frame_without_a_prompt(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    table = pd.DataFrame({"image": [str(tmp_path / "a.png")], "text": "a fox", "file_name": "his"})
    out = export_imagefolder(table, tmp_path / "out")
    (row,) = map(json.loads, (out / "train" / "metadata.jsonl").read_text(encoding="utf-8").splitlines())
    assert (row["text"], row["file_name_"]) == ("a fox", "his")


def test_no_copy_is_written_over_a_picture_of_the_frame(tmp_path):
    """The names of the copies may be those of other pictures: these would be lost before they are read."""
    (tmp_path / "pictures").mkdir()
    files = [tmp_path / "pictures" / f"{n}.png" for n in range(3)]
    for n, file in enumerate(files):
        Image.new("RGB", (8, 8), (80 * n, 0, 0)).save(file)
    before = [file.read_bytes() for file in files]
    table = pd.DataFrame({"image": [str(file) for file in files], "name": ["1", "2", "0"]})
    with pytest.raises(sf.SegfluxError, match="one of the pictures"):
        table.pictures.export(tmp_path, names="{name}")
    assert [file.read_bytes() for file in files] == before
    (tmp_path / "other" / "pictures").mkdir(parents=True)
    (tmp_path / "other" / "pictures" / "1.png").symlink_to(files[0])
    table.pictures.export(tmp_path / "other", names="{name}")
    assert [file.read_bytes() for file in files] == before, "a link is replaced, and not what it leads to"
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(sf.SegfluxError, match="written over"):
        table.pictures.export(tmp_path / "link", names="{name}")
    assert len(list((table.pictures.export(tmp_path / "new", names="{name}") / "pictures").iterdir())) == 3
