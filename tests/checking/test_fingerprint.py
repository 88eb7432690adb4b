"""Fingerprints: text that changes when a picture does, and says which."""

import dataclasses

import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.checking.fingerprint import MOST_LINES, fingerprint_of
from segflux_nb.simulator.app import Simulator


def test_a_line_a_run_with_its_values(runs):
    text = str(runs.fingerprint())
    lines = text.splitlines()
    assert lines[0].startswith("4 pictures, sha256 of their pixels ")
    assert [line.split()[0] for line in lines[1:]] == [run.run for run in runs]
    assert lines[1].endswith("  seed 7 · lora_strength 0.4")
    assert text == repr(runs.fingerprint())
    assert runs.fingerprint().df["sha256"].str.len().eq(64).all()


def test_it_does_not_depend_on_the_encoding(runs, tmp_path):
    texts = set()
    for level in (1, 9):
        rows = []
        for run in runs:
            path = tmp_path / f"{level}-{run.run}.png"
            run.image.save(path, compress_level=level)
            rows.append((run.run, {"seed": run.seed}, path, "completed"))
        texts.add(str(fingerprint_of(rows, "simulator")))
    assert len(texts) == 1


def test_one_pixel_changes_the_line_of_its_run_alone(runs, tmp_path):
    rows = []
    for run in runs:
        path = tmp_path / f"{run.run}.png"
        run.image.save(path)
        rows.append((run.run, {"seed": run.seed}, path, "completed"))
    before = str(fingerprint_of(rows, "simulator")).splitlines()
    with Image.open(rows[2][2]) as image:
        red, green, blue = image.getpixel((5, 5))
        image.putpixel((5, 5), (red ^ 1, green, blue))
        image.save(rows[2][2])
    after = str(fingerprint_of(rows, "simulator")).splitlines()
    assert [place for place in range(5) if before[place] != after[place]] == [0, 3]


def test_many_runs_have_a_line_for_each_value(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "it.png")
    rows = [
        (f"{n:012}", {"seed": n // 4, "lora_strength": n % 4}, tmp_path / "it.png", "completed")
        for n in range(2 * MOST_LINES)
    ]
    lines = str(fingerprint_of(rows, "simulator")).splitlines()
    assert len(lines) == 1 + 50 + 1
    assert lines[1].startswith("seed 0: 4 runs ")
    assert lines[-1].startswith("runs.where(seed=...).fingerprint()")
    rows[7] = (*rows[7][:2], None, "failed")
    changed = str(fingerprint_of(rows, "simulator")).splitlines()
    assert [one for one, other in zip(changed, lines, strict=True) if one != other][1:] == [changed[2]]
    huge = [(f"{n:012}", {"seed": n}, None, "planned") for n in range(MOST_LINES + 1)]
    assert "More than 100 values on each axis" in str(fingerprint_of(huge, "simulator"))


def test_what_has_no_picture_says_why(tmp_path):
    faults = {"job:failed": lambda body: body["seed"] == 2}
    sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3])
    with (
        Simulator(time_scale=0.002, faults=faults) as simulator,
        sf.Workspace(tmp_path / "study", service=simulator.url) as ws,
    ):
        runs = ws.run(sweep)
        runs[0].path.write_bytes(b"no picture")
        text = str(runs.fingerprint())
        lines = [line.split("  ")[0].split(" ", 1)[1] for line in text.splitlines()[1:3]]
        assert lines == ["cannot be read", "failed"]
        assert text.startswith("1 picture, ")
        assert "planned" in str(ws.runs(sweep.replace(seed=[8, 9])).fingerprint())


@pytest.mark.parametrize("service", ["segmind", "https://example.org"])
def test_a_service_that_repeats_itself_imperfectly_is_said_to(runs, service):
    made = dataclasses.replace(runs.fingerprint(), service=service)
    assert f"Made by {service}, which may draw" in str(made)
    assert made._repr_mimebundle_()[1]["segflux"]["text_varies"]
    assert "text_varies" not in runs.fingerprint()._repr_mimebundle_()[1]["segflux"]
