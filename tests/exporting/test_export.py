"""Exports: readable names, metadata, reports, image folders, hostile words."""

import csv
import json

import pandas as pd
import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.exporting.names import picture_names
from tests.support.corpus import FORMULAS, PATHS, PAYLOADS
from tests.support.frames import frame, noise


@pytest.fixture
def table(tmp_path):
    table = frame(seed=[1, 2], lora_strength=[0.5, 1.0], sampler_name=["euler", "heun"], steps=[4, 8])
    for number in range(len(table)):
        Image.new("RGB", (16, 16), (number, 0, 0)).save(tmp_path / f"{number}.png")
    table["image"] = [str(tmp_path / f"{number}.png") for number in range(len(table))]
    table["prompt"] = "TOK"
    table.attrs["segflux_axes"] = ["seed", "lora_strength", "sampler_name", "steps"]
    return table


def test_names_follow_a_pattern_and_stay_in_the_folder(table, tmp_path):
    folder = table.pictures.export(tmp_path / "out", names="../../{sampler_name}/{lora_strength} of {seed}")
    names = sorted(path.name for path in (folder / "pictures").iterdir())
    assert names[0] == "euler-0.5-of-1_run0.png", "what is not unique carries its run"
    assert len(names) == len(table)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"out"}
    for pattern, says in (
        ("{sede}", "no column 'sede'"),
        ("{seed.__class__}", "nothing more"),
        ("{seed!r}", "nothing more"),
        ("plain", "nothing more"),
        ("{seed", "not a pattern"),
    ):
        with pytest.raises(sf.SegfluxError, match=says):
            table.pictures.export(tmp_path / "other", names=pattern)


def test_names_of_devices_are_avoided():
    assert picture_names(["a1"], {"x": ["con"]}, "{x}") == ["con_a1"]
    assert picture_names(["a1"], {"x": ["lpt1.b"]}, "{x}") == ["_lpt1.b_a1"]


def test_picture_files_carry_their_parameters_unless_that_is_switched_off(table, tmp_path):
    marked, plain = table.pictures.export(tmp_path / "a"), tmp_path / "b"
    from segflux_nb.exporting.folder import export

    export(table, plain, metadata=False)
    for path in (marked / "pictures").iterdir():
        assert sf.read_metadata(path).parameters["prompt"] == "TOK"
    assert {sf.read_metadata(path).source for path in (plain / "pictures").iterdir()} == {""}


def test_the_report_has_every_axis_and_every_run(table, tmp_path):
    folder = table.pictures.export(tmp_path / "out")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 16
    assert "sampler_name × steps: heun · 8" in page
    assert page.count("<tr>") >= 16
    assert "prompt TOK" in page


def test_parquet_keeps_types(table, tmp_path):
    from segflux_nb.exporting.folder import export

    export(table.convert_dtypes(), tmp_path / "out", parquet=True)
    again = pd.read_parquet(tmp_path / "out" / "runs.parquet")
    assert again["seed"].dtype == "Int64"
    assert list(again["lora_strength"].unique()) == [0.5, 1.0]


def test_parquet_without_its_library_says_what_to_install(table, tmp_path, monkeypatch):
    from segflux_nb.exporting.folder import export

    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.setattr("pandas.io.parquet.get_engine", _no_engine)
    with pytest.raises(sf.SegfluxError, match="needs pyarrow"):
        export(table, tmp_path / "out", parquet=True)


def _no_engine(engine):
    raise ImportError("Unable to find a usable engine")


def test_an_image_folder_has_its_metadata_in_the_folder_of_the_pictures(table, tmp_path):
    from segflux_nb.exporting.imagefolder import export_imagefolder

    table.loc[3, "image"] = None
    folder = export_imagefolder(table, tmp_path / "data", axes=["seed", "lora_strength", "sampler_name", "steps"])
    rows = [json.loads(line) for line in (folder / "train" / "metadata.jsonl").read_text().splitlines()]
    assert len(rows) == 15
    assert next(iter(rows[0])) == "file_name"
    assert rows[0]["text"] == "TOK"
    assert {row["file_name"] for row in rows} == {path.name for path in folder.rglob("*.png")}


def test_pictures_in_memory_are_exported(tmp_path):
    table = pd.DataFrame({"style": ["ink", "oil"], "picture": [Image.new("RGB", (8, 8)), (tmp_path / "x").name]})
    Image.new("RGB", (8, 8), "red").save(tmp_path / "x.webp")
    table.at[1, "picture"] = (tmp_path / "x.webp").read_bytes()
    folder = table.pictures.export(tmp_path / "out", names="{style}")
    assert sorted(path.name for path in (folder / "pictures").iterdir()) == ["ink.png", "oil.webp"]
    assert pd.read_csv(folder / "runs.csv")["picture"][1] == "pictures/oil.webp"


def test_hostile_words_stay_words_everywhere(tmp_path):
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png")
    table = frame(prompt=PAYLOADS).assign(image=str(tmp_path / "a.png"), note=PAYLOADS, error=PAYLOADS)
    table["label"] = PAYLOADS
    folder = table.pictures.export(tmp_path / "out", names="{prompt}")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<script") == 2, "the gallery and its data"
    assert "<img src=x" not in page
    with (folder / "runs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, formula in zip(rows, PAYLOADS, strict=True):
        if formula in FORMULAS:
            assert row["prompt"].startswith("'"), formula
    rows = [json.loads(line) for line in (folder / "runs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["prompt"] for row in rows] == PAYLOADS, "JSON loses nothing"
    pictures = list((folder / "pictures").iterdir())
    assert len(pictures) == len(PAYLOADS)
    assert all(path.resolve().is_relative_to(folder.resolve()) for path in pictures)
    assert not any(part in path.name for path in pictures for part in ("..", "\\", ":", "*") if path.name in PATHS)


def test_a_key_is_exported_nowhere(table, tmp_path):
    table["prompt"] = "TOK SG_0123456789abcdef"
    with pytest.raises(sf.SegfluxError, match="looks like an API key"):
        table.pictures.export(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_sheet_and_the_gallery_give_the_same_difference(tmp_path):
    from segflux_nb.widgets.gallery_state import differences_of

    table = frame(lora_strength=[0.0, 1.0])
    paths = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for number, path in enumerate(paths):
        noise(number, (16, 16)).resize((640, 640)).save(path)
    table["image"] = [str(path) for path in paths]
    sheet = table.pictures.sheet(relative_to={"lora_strength": 0.0}).save(tmp_path / "sheet.html").read_text()
    (difference,) = differences_of(paths).values()
    assert difference > 10
    assert f'alt="difference ΔE {difference:.1f}"' in sheet


@pytest.mark.parametrize(
    ("parameters", "title"),
    [
        ({"prompt": "TOK <b>on</b> a hill"}, "TOK &lt;b&gt;on&lt;/b&gt; a hill"),
        ({"prompt": "TOK {animal}", "animal": ["fox", "owl"]}, "seed × animal"),
        ({"prompt": "TOK " + "far " * 60}, "TOK " + "far " * 23 + "far…"),
    ],
)
def test_a_report_without_a_name_says_what_it_is_about(tmp_path, parameters, title):
    with sf.Workspace(tmp_path / "s", service=sf.Simulator(time_scale=0.001, paint=False)) as ws:
        out = ws.run(sf.Sweep(finetune_id="a", seed=[1, 2], **parameters)).export(tmp_path / "out")
    assert f"<title>{title}</title>" in (out / "report.html").read_text(encoding="utf-8")
