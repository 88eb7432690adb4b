"""The recipe of docs/own-pictures.md runs as printed, and shows what it says."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

PAGE = Path(__file__).parents[1] / "docs" / "own-pictures.md"


def test_the_recipe_runs_as_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "renders").mkdir()
    names = [f"cfg{cfg}-model{model}-{n}.png" for cfg in (3, 5, 7) for model in "AB" for n in (1, 2)]
    for at, name in enumerate(names):
        Image.new("RGB", (48, 48), (20 * at, 90, 200 - 10 * at)).save(tmp_path / "renders" / name)
    scores = pd.DataFrame({"file": names, "clip_score": [at / 12 for at in range(12)]})
    scores.to_csv(tmp_path / "scores.csv", index=False)
    known = {"pixels": np.zeros((3, 16, 16, 3), np.uint8)}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 8
    texts = []
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), known)
        frame = known["frame"]
        texts.append(frame.pictures.sheet(by=[]).text)
    assert texts[0].startswith("ContactSheet: 12 pictures")
    assert texts[1].splitlines()[1:3] == ["columns cfg: 3, 5, 7", "rows model: modelA, modelB"]
    heat = known["frame"].pictures.sheet(cols="model", rows="cfg", heat="clip_score")
    assert "6 means of 12 rows" in heat.text
    assert known["gallery"].table["number"] == 12
    assert len(list((tmp_path / "best" / "pictures").iterdir())) == 3
    assert (tmp_path / "best" / "report.html").exists()
