"""`read_folder` on folders as eight tools write them."""

import os

import pandas as pd
import pytest

import segflux_nb as sf
from tests.folders import tools
from tests.folders.files import encoded, write

ENDINGS = {"jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP", "png": "PNG"}


def named(fixtures, prefix=""):
    """Pictures without any text, under names that say it all."""
    return {prefix + name: (encoded(ENDINGS[name.rpartition(".")[2]]), values) for name, values in fixtures.items()}


FOLDERS = {
    "a1111": (tools.A1111, tools.A1111_LEFT_OUT),
    "comfyui": (tools.COMFYUI, {}),
    "swarmui": (tools.SWARMUI, tools.SWARMUI_LEFT_OUT),
    "invokeai": (tools.INVOKEAI, tools.INVOKEAI_LEFT_OUT),
    "kohya": (named(tools.KOHYA, "sample/"), {}),
    "ai-toolkit": (named(tools.AI_TOOLKIT, "tok/samples/"), {}),
    "onetrainer": (named(tools.ONETRAINER, "samples/"), {}),
}


def row_of(frame, folder, name):
    rows = frame[frame["image"] == str(folder / name)]
    assert len(rows) == 1, name
    return rows.iloc[0]


def is_value(found, wanted):
    if wanted is None:
        return pd.isna(found)
    return not pd.isna(found) and found == wanted


@pytest.mark.parametrize("tool", FOLDERS)
def test_each_picture_of_a_tool_is_read_as_it_was_made(tmp_path, tool):
    fixtures, left_out = FOLDERS[tool]
    assert sum(values is not None for _, values in fixtures.values()) >= 10
    write(tmp_path, {name: data for name, (data, _) in {**fixtures, **left_out}.items()})
    frame = sf.read_folder(tmp_path)
    wrong = {}
    for name, (_, values) in fixtures.items():
        if values is None:  # a file beside a picture
            continue
        row = row_of(frame, tmp_path, name)
        assert row["tool"] == tool, name
        found = {column: row.get(column) for column in values}
        if not all(is_value(found[column], wanted) for column, wanted in values.items()):
            wrong[name] = found
    assert wrong == {}
    assert len(frame) == sum(values is not None for _, values in fixtures.values())
    report = frame.attrs["report"]
    assert {name: report["left_out"].get(name) for name, (_, why) in left_out.items() if why} == {
        name: why for name, (_, why) in left_out.items() if why
    }
    assert report["tools"] == {tool: len(frame)}
    assert report["silent"] == []


def test_our_own_export_is_read_back(study, tmp_path):
    runs = study.runs()
    folder = runs.export(tmp_path / "out")
    frame = sf.read_folder(folder)
    assert set(frame["tool"]) == {"segflux"}
    assert frame.attrs["report"]["left_out"] == {"contact-sheet.png": "a grid"}
    assert frame.attrs["segflux_axes"] == ["lora_strength", "seed"]
    wanted = runs.df.sort_values(["lora_strength", "seed"])
    found = frame.sort_values(["lora_strength", "seed"])
    for column in ("prompt", "finetune_id", "lora_strength", "seed", "steps", "sampler_name"):
        assert found[column].tolist() == wanted[column].tolist(), column


def test_a_workspace_is_read_by_its_log(study):
    with pytest.raises(sf.SegfluxError, match=r"is a workspace.*runs\(\)\.df"):
        sf.read_folder(study.runs()[0].path.parents[2])


def test_two_tools_in_one_folder(tmp_path, capsys):
    """Two tools in one folder are in one frame, and the report tells."""
    write(tmp_path, {"a.png": tools.A1111["00000-1.png"][0], "b.png": tools.COMFYUI["ComfyUI_00001_.png"][0]})
    frame = sf.read_folder(tmp_path)
    assert frame["tool"].tolist() == ["a1111", "comfyui"]
    assert "Pictures of 2 tools are in one frame" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("folders", "columns"),
    [
        (
            ["tok-000002", "tok-000010", "tok"],
            {"checkpoint": ["tok", "tok-000002", "tok-000010"], "epoch": [None, 2, 10]},
        ),
        (["tok-step00000500", "tok-step00001000"], {"step": [500, 1000]}),
        (["tok_000000250", "tok_000001000"], {"step": [250, 1000]}),
        (["checkpoint-2", "checkpoint-10"], {"checkpoint": ["checkpoint-2", "checkpoint-10"], "step": [2, 10]}),
        (["epoch 3", "epoch 12"], {"epoch": [3, 12]}),
        (["a/step_5/images", "a/step_6/images"], {"step": [5, 6], "checkpoint": ["step_5", "step_6"]}),
        (["red", "blue"], {"folder": ["blue", "red"]}),
        (["x/red", "x/blue"], {"folder": ["blue", "red"]}),
    ],
)
def test_folders_of_checkpoints(tmp_path, folders, columns):
    write(tmp_path, {f"{folder}/{seed}.png": encoded("PNG") for folder in folders for seed in (1, 2)})
    frame = sf.read_folder(tmp_path, pattern="{seed:d}.png")
    for name, values in columns.items():
        found = [None if pd.isna(one) else one for one in dict.fromkeys(frame[name].tolist())]
        assert found == values, name
    assert len(frame.pictures.sheet().text.splitlines()) > 1


def test_axes_of_a_grid_are_found(tmp_path):
    files = {
        f"{at:05d}.png": tools._a1111(tools.infotext(f"a fox <lora:tok:{strength}>", seed))
        for at, (strength, seed) in enumerate((s, n) for s in (0.4, 0.8, 1.2) for n in (1, 2))
    }
    frame = sf.read_folder(write(tmp_path, files))
    assert frame.attrs["segflux_axes"] == ["lora_strength", "seed"]
    sheet = frame.pictures.sheet()
    assert sheet.text.splitlines()[1:3] == ["columns lora_strength: 0.4, 0.8, 1.2", "rows seed: 1, 2"]


def test_random_seeds_are_no_axis(tmp_path):
    files = {
        f"{at:05d}.png": tools._a1111(tools.infotext(f"a fox <lora:tok:{strength}>", 1000 + at))
        for at, strength in enumerate((0.4, 0.8, 1.2) * 4)
    }
    assert sf.read_folder(write(tmp_path, files)).attrs["segflux_axes"] == ["lora_strength"]


def test_prompts_that_ai_toolkit_wrote_beside(tmp_path):
    write(
        tmp_path, {"1723456789012__000000500_0.jpg": encoded("JPEG"), "1723456789012__000000500_0.txt": b"a fox, red"}
    )
    assert sf.read_folder(tmp_path)["prompt"].tolist() == ["a fox, red"]


def test_the_frame_can_be_kept(tmp_path):
    """The report goes with the frame through pandas, Parquet and pickle."""
    write(tmp_path, {"a.png": tools.A1111["00000-1.png"][0], "grid-0000.png": encoded("PNG")})
    frame = sf.read_folder(tmp_path)
    assert frame.query("seed == 1").attrs["report"]["left_out"] == {"grid-0000.png": "a grid"}
    frame.to_parquet(tmp_path / "kept.parquet")
    assert pd.read_parquet(tmp_path / "kept.parquet").attrs["report"]["pictures"] == 1
    assert pd.concat([frame, frame]).attrs["report"] == frame.attrs["report"]
    assert frame.attrs["report"].df["file"].tolist() == ["grid-0000.png"]
    assert os.path.exists(frame["image"][0])
