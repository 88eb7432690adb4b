"""The code on the pages runs as printed: Python blocks in their order, and the commands of shells.

A block that needs a key, a network or another program stands after `<!-- not run: why -->`. They are counted.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import segflux_nb as sf
from segflux_nb.cli import main
from tests.support.frames import coloured

ROOT = Path(__file__).parents[1]
OF_THEIR_OWN = {"own-pictures.md", "team.md"}
"""Pages that a test of their own runs, beside the README."""

PAGES = [
    page
    for page in sorted(ROOT.glob("docs/**/*.md"))
    if page.name not in OF_THEIR_OWN and re.search("```(python|sh)", page.read_text(encoding="utf-8"))
]
BLOCK = re.compile(r"(?:<!-- not run: (?P<why>.+?) -->\n)?```(?P<language>python|sh)\n(?P<code>.*?)```", re.DOTALL)
MOST_NOT_RUN = 10


class Block(NamedTuple):
    language: str
    code: str
    why_not: str | None


def blocks_of(page):
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(block["language"], block["code"], block["why"]) for block in found]


def test_few_blocks_are_not_run():
    skipped = [(page.name, block.why_not) for page in PAGES for block in blocks_of(page) if block.why_not]
    assert len(skipped) <= MOST_NOT_RUN, skipped


def votes(runs):
    """Twenty votes for the strengths nearest to 1."""
    strengths = sorted({run.lora_strength for run in runs})
    by_place = {(run.lora_strength, run.seed): run for run in runs if run.sampler_name == "euler" and run.steps == 6}
    for (_, seed), left in by_place.items():
        for other in strengths:
            right = by_place[other, seed]
            if other > left.lora_strength:
                is_left = abs(left.lora_strength - 1) < abs(other - 1)
                runs.vote(left, right, "left" if is_left else "right", rater="anna")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A folder in which the pages' examples run: a workspace, and what other tools would have left."""
    folder = tmp_path_factory.mktemp("pages")
    sweep = sf.Sweep(
        prompt="TOK on a hill",
        finetune_id="my-finetune-id",
        lora_strength=[0.0, 0.5, 1.0],
        seed=sf.seeds(3),
        sampler_name=["euler", "dpmpp_2m"],
        steps=[6, 25, 50],
    )
    with sf.Workspace(folder / "tok-study", service=sf.Simulator(time_scale=0.001, paint=False)) as ws:
        runs = ws.run(sweep, name="strengths")
        votes(runs.where(steps=6))
        runs.bundle(folder / "study.sfx")
        shutil.copy(next((runs.export(folder / "exported") / "pictures").glob("*.jpg")), folder / "best.jpg")
    with sf.Workspace(folder / "old-study", service=sf.Simulator(time_scale=0.001, paint=False)) as old:
        old.run(sf.Sweep(prompt="TOK", finetune_id="my-finetune-id", seed=1))
    (folder / "renders").mkdir()
    table = coloured(cfg=[3, 5, 7], model=["a", "b"], n=[1, 2])
    names = [f"cfg{row.cfg}-{row.model}-{row.n}.png" for row in table.itertuples()]
    for image, name in zip(table["image"], names, strict=True):
        image.save(folder / "renders" / name)
    pd.DataFrame({"file": names, "clip_score": np.linspace(0.2, 0.4, len(names))}).to_csv(
        folder / "scores.csv", index=False
    )
    sweep.to_toml(folder / "sweep.toml")
    return folder, sweep


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_code_of_a_page_runs(page, study, tmp_path, monkeypatch):
    blocks = [block for block in blocks_of(page) if not block.why_not]
    if not blocks:
        pytest.skip("no code")
    source, sweep = study
    shutil.copytree(source, tmp_path / "page")
    monkeypatch.chdir(tmp_path / "page")
    monkeypatch.delenv("SEGMIND_API_KEY", raising=False)
    monkeypatch.setattr(mpl.rcParams, "backend", "agg", raising=False)
    simulator = sf.Simulator(time_scale=0.001, paint=False)
    with contextlib.ExitStack() as stack:
        ws = stack.enter_context(sf.Workspace("tok-study", service=simulator))
        names = {
            "sf": sf, "pd": pd, "np": np, "ws": ws, "sweep": sweep, "runs": ws.runs(sweep), "df": ws.runs(sweep).df,
            "Simulator": sf.Simulator, "pixels": [np.full((8, 8, 3), 90, "uint8")] * 2, "Path": Path,
        }  # fmt: skip
        with contextlib.redirect_stdout(io.StringIO()):
            for block in blocks:
                if block.language == "python":
                    exec(compile(block.code, page.name, "exec"), names)
                else:
                    call(block.code)


def call(code):
    """Run the lines of a shell block that are commands of ours."""
    for line in code.replace("\\\n", " ").splitlines():
        words = shlex.split(line.split(" >")[0], comments=True)
        if not words:
            continue
        assert words[0] == "segflux", f"mark it as not run: {line}"
        result = CliRunner().invoke(main, words[1:], catch_exceptions=False, env=dict(os.environ))
        assert result.exit_code == 0, f"{line}\n{result.output}"
