"""What works on the frame of a folder: effects, curves, votes, sheets, galleries; and what cannot."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter

import segflux_nb as sf
from segflux_nb.errors import RunError
from tests.folders import tools
from tests.folders.files import png, write

STRENGTHS = (0.0, 0.4, 0.8, 1.2, 1.6, 2.0)


def painted(seed, push, side=48):
    """A picture of a seed, pushed towards a red square by a strength."""
    rng = np.random.default_rng(seed)
    base = Image.fromarray(rng.integers(60, 200, (side, side, 3), dtype=np.uint8)).filter(ImageFilter.GaussianBlur(3))
    pixels = np.asarray(base, dtype=float)
    pixels[10:30, 10:30] += np.array([60, -30, -30]) * min(push, 1)
    pixels += max(0, push - 1.2) * np.array([90, -60, -60])
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def a1111_grid(folder, strengths=STRENGTHS, seeds=(1, 2, 3), samplers=("Euler",)):
    at = 0
    folder.mkdir(parents=True, exist_ok=True)
    for sampler in samplers:
        for strength in strengths:
            for seed in seeds:
                tag = f" <lora:tok:{strength}>" if strength else ""
                text = tools.infotext(f"a fox{tag}", seed, last=tools.LAST.replace("Euler", sampler))
                info = png({"parameters": text})
                chunk = info[33 : info.index(b"IDAT") - 4]
                path = folder / f"{at:05d}-{seed}.png"
                painted(seed, strength).save(path)
                data = path.read_bytes()
                path.write_bytes(data[:33] + chunk + data[33:])
                at += 1
    return folder


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    return sf.read_folder(a1111_grid(tmp_path_factory.mktemp("grid"), samplers=("Euler", "Heun")))


def test_pictures_without_a_lora_are_at_strength_0(grid):
    assert grid.attrs["segflux_axes"] == ["lora_strength", "sampler_name", "seed"]
    assert sorted(set(grid["lora_strength"])) == list(STRENGTHS)


def test_effects_say_what_each_setting_does(grid):
    found = grid.pictures.effects()
    words = found.df.set_index("term")["verdict"].dropna().to_dict()
    assert words["sampler_name"] == "inert", "the files differ, the pixels do not"
    assert words["lora_strength"] == "no noise measured"
    text = str(found)
    assert "ws.probe" not in text
    assert "runs" not in text.replace("pictures", "")
    assert "36 pictures" in text


def test_effects_of_a_frame_are_those_of_its_runs(study):
    runs = study.runs()
    ours, theirs = runs.effects().df, runs.df.pictures.effects().df
    pd.testing.assert_frame_equal(ours, theirs)


def test_seeds_of_their_own_are_the_noise(tmp_path):
    folder = a1111_grid(tmp_path / "a", strengths=(0.4, 0.8), seeds=(1, 2, 3))
    frame = sf.read_folder(folder).assign(seed=range(6))
    frame.attrs["segflux_axes"] = ["lora_strength"]
    text = str(frame.pictures.effects())
    assert "lora_strength" in text
    assert "each has a seed of its own, and the noise is what other seeds do" in text
    with pytest.raises(RunError, match="a seed of its own"):
        frame.assign(lora_strength=[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]).pictures.curve()


def test_copies_of_a_file_say_nothing_of_chance(tmp_path):
    folder = a1111_grid(tmp_path / "a", strengths=(0.4, 0.8), seeds=(1,))
    shutil.copy(folder / "00000-1.png", folder / "00002-1.png")
    assert "No noise was measured" in str(sf.read_folder(folder).pictures.effects())


def test_pictures_that_do_not_tell_a_setting_are_left_out(grid):
    frame = grid.copy()
    frame.loc[3, "lora_strength"] = pd.NA
    text = str(frame.pictures.effects())
    assert "35 pictures" in text
    assert "1 picture that does not tell all of lora_strength, sampler_name, seed left out" in text
    frame.loc[:20, "lora_strength"] = pd.NA
    assert "Most pictures do not tell their lora_strength: left out as a setting" in str(frame.pictures.effects())


def test_effects_need_two_pictures_that_can_be_read(tmp_path):
    one = write(tmp_path, {"a.png": png()})
    with pytest.raises(RunError, match="The frame has 1 picture"):
        sf.read_folder(one).pictures.effects()


def test_the_curve_of_a_frame_is_that_of_its_runs(study):
    runs = study.runs()
    ours, theirs = runs.curve(), runs.df.pictures.curve()
    pd.testing.assert_frame_equal(ours.df, theirs.df)
    assert str(ours) == str(theirs)


def test_a_curve_along_strengths_with_its_knee(grid):
    found = grid[grid["sampler_name"] == "euler"].pictures.curve()
    assert found.unit == "seed"
    assert "the subject is there from" in str(found)
    assert found.df["drift"].iloc[0] == 0
    assert found.df["drift"].is_monotonic_increasing


def test_a_curve_along_the_steps_of_a_training(tmp_path):
    for step in (0, 250, 500):
        for prompt in (0, 1):
            path = tmp_path / f"1723456789012__{step:09d}_{prompt}.png"
            painted(prompt, step / 500).save(path)
    frame = sf.read_folder(tmp_path)
    found = frame.pictures.curve("step")
    assert found.reference == "step 0"
    assert str(found).splitlines()[0].startswith("the drift from step 0 goes from")
    assert "2 prompts, 3 values of step" in str(found)
    assert "spread and overcooking are not known" in str(found)
    later = frame[frame["step"] > 0].pictures
    with pytest.raises(RunError, match=r"relative_to=\{'step': 250\}"):
        later.curve("step")
    assert later.curve("step", relative_to={"step": 250}).df["drift"].iloc[0] == 0
    pytest.importorskip("matplotlib")
    assert "drift" in found.plot().text


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"axis": "seed"}, "no column of numbers"),
        ({"axis": "sampler_name"}, "no column of numbers"),
        ({"axis": "steps"}, "has 1 value"),
        ({"axis": "nothing"}, "no column"),
        ({"by": "lora_strength"}, "column of the curve itself"),
        ({"relative_to": {"lora_strength": 9.0}}, "No row has lora_strength=9.0"),
        ({"relative_to": {"nothing": 9.0}}, "no column"),
    ],
)
def test_what_has_no_curve(grid, asked, says):
    with pytest.raises(sf.SegfluxError, match=says):
        grid.pictures.curve(**asked)


def vote(tuner, wanted):
    """Vote for the picture whose strength is nearest to what is wanted, as the browser does."""
    at = {place: tuner.frame_values[place] for place in tuner.pair}
    left, right = (abs(at[place] - wanted) for place in tuner.pair)
    outcome = "left" if left < right else "right" if right < left else "tie"
    tuner._receive({"kind": "vote", "pair": list(tuner.pair), "outcome": outcome})


def test_votes_are_kept_in_a_file(grid, tmp_path):
    frame = grid[grid["sampler_name"] == "euler"]
    tuner = frame.pictures.tuner(votes=tmp_path / "votes.jsonl", rater="ada")
    tuner.frame_values = frame["lora_strength"].tolist()
    for _ in range(9):
        vote(tuner, 0.8)
    assert tuner.votes == 9
    assert 0.4 <= tuner.ranking.values["lora_strength"] <= 1.2
    again = sf.read_folder(frame["image"].iloc[0].rpartition("/")[0])
    other = again[again["sampler_name"] == "euler"].pictures.tuner(votes=str(tmp_path / "votes.jsonl"), rater="ada")
    assert str(other.ranking) == str(tuner.ranking)
    other._receive({"kind": "undo"})
    assert other.votes == 8
    lines = [json.loads(line) for line in (tmp_path / "votes.jsonl").read_text().splitlines()]
    assert len(lines) == 10
    assert lines[-1]["taken_back"]


def test_votes_without_a_file_end_with_the_kernel(grid):
    tuner = grid.pictures.tuner(["lora_strength", "sampler_name"], rater="ada")
    tuner._receive({"kind": "vote", "pair": list(tuner.pair), "outcome": "left"})
    assert tuner.votes == 1
    assert grid.pictures.tuner(rater="ada").votes == 0


def test_no_tuner_proposes_pictures_that_nothing_can_make(grid):
    tuner = grid.pictures.tuner(rater="ada")
    with pytest.raises(sf.SegfluxError, match=r"not runs.*with the tool that made these"):
        tuner.next_sweep()


def test_a_file_that_holds_no_votes_is_left_alone(grid, tmp_path):
    path = write(tmp_path, {"notes.txt": b"my notes\n"}) / "notes.txt"
    with pytest.raises(sf.SegfluxError, match="a line that is no vote"):
        grid.pictures.tuner(votes=path)
    assert path.read_bytes() == b"my notes\n"


def test_half_a_line_is_not_read_until_it_is_whole(grid, tmp_path):
    path = tmp_path / "votes.jsonl"
    tuner = grid.pictures.tuner(rater="ada", votes=path)
    tuner._receive({"kind": "vote", "pair": list(tuner.pair), "outcome": "left"})
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    assert grid.pictures.tuner(rater="ada", votes=path).votes == 0
    path.write_bytes(whole)
    assert grid.pictures.tuner(rater="ada", votes=path).votes == 1


def test_looking_works_too(grid, tmp_path):
    assert grid.pictures.gallery().table["number"] == 36
    assert "36 pictures" in grid.pictures.sheet(cols="seed", rows="lora_strength").text
    grid.pictures.travel("lora_strength").save(tmp_path / "travel.webp")
    folder = grid.head(3).pictures.export(tmp_path / "out")
    assert len(list((folder / "pictures").iterdir())) == 3
