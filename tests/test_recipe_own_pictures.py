"""The recipes of docs/own-pictures.md run as printed, and show what the page says."""

import re
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from tests.folders.files import encoded, png, write
from tests.folders.tools import A1111, infotext

PAGE = Path(__file__).parents[1] / "docs" / "own-pictures.md"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current folder, with the folders that the page speaks of."""
    monkeypatch.chdir(tmp_path)
    cells = [(s, name, n) for s in (0, 0.4, 0.8, 1.2) for name in ("Euler", "Heun") for n in (1, 2, 3)]
    outputs = {"xyz_grid-0000-1.png": encoded("PNG"), "00024-9.png": A1111["00000-1.png"][0][:-20]}
    for at, (strength, sampler, seed) in enumerate(cells):
        text = infotext(f"a fox{f' <lora:tok:{strength}>' if strength else ''}", seed).replace("Euler", sampler)
        colour = (40 * seed, int(90 * strength), at)
        outputs[f"{at:05d}-{seed}.png"] = png({"parameters": text}, colour=colour)
    write(tmp_path / "outputs" / "txt2img-images", outputs)
    samples = {
        f"172345678901{prompt}__{step:09d}_{prompt}.jpg": encoded("JPEG", colour=(step // 4, 90, 60 * prompt))
        for step in (0, 250, 500)
        for prompt in (0, 1)
    }
    write(tmp_path / "output" / "tok" / "samples", samples)
    names = [
        f"cfg{cfg}-model {model}-{n}.{'PNG' if n == 2 else 'png'}"
        for cfg in (3, 5, 7.5)
        for model in "A狐"
        for n in (1, 2)
    ]
    (tmp_path / "renders").mkdir()
    for at, name in enumerate(names):
        Image.new("RGB", (48, 48), (20 * at, 90, 200 - 10 * at)).save(tmp_path / "renders" / name)
    scores = pd.DataFrame({"file": names, "clip_score": [at / 12 for at in range(12)]})
    scores.to_csv(tmp_path / "scores.csv", index=False)
    return tmp_path


def test_the_recipes_run_as_printed(here, capsys):
    page = PAGE.read_text(encoding="utf-8")
    known = {}
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 14
    texts = {}
    for number, block in enumerate(blocks):
        exec(compile(block, str(PAGE), "exec"), known)
        if number == 0:
            said = re.search(r"```\n(outputs/.*?)```", page, re.DOTALL)[1]
            assert capsys.readouterr().out == said
            assert "24 pictures" in known["frame"].pictures.sheet().text
        texts[number] = known["frame"].pictures.sheet(by=[]).text
    out = capsys.readouterr().out
    assert "the drift from step 0 goes from ΔE 0.0 at 0 to" in out
    assert "the subject is there from" in out or "whether the subject is there" in out
    assert (
        known["samples"].pictures.sheet(cols="step", rows="prompt_index").text.startswith("ContactSheet: 6 pictures")
    )
    assert known["named"]["cfg"].tolist() == [3] * 4 + [5] * 4 + [7.5] * 4
    assert known["tuner"].axes[0]["name"] == "lora_strength"
    assert len(known["again"]) == 24
    by_hand = [text for text in texts.values() if "12 pictures" in text]
    assert by_hand[0].startswith("ContactSheet: 12 pictures")
    assert by_hand[1].splitlines()[1:3] == ["columns cfg: 3.0, 5.0, 7.5", "rows model: model A, model 狐"]
    heat = known["frame"].pictures.sheet(cols="model", rows="cfg", heat="clip_score")
    assert "6 means of 12 rows" in heat.text
    assert known["gallery"].table["number"] == 12
    assert len(list((here / "best" / "pictures").iterdir())) == 3
    assert (here / "best" / "report.html").exists()
