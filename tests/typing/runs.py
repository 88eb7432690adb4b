"""What type checkers see of runs: each verb keeps its signature. mypy checks this file; nothing here is executed."""

from pathlib import Path
from typing import assert_type

import pandas as pd
from PIL import Image

import segflux_nb as sf
from segflux_nb.exporting.metadata import PictureMetadata
from segflux_nb.running.policy.summary import Summary
from segflux_nb.sheets.travel import Travel
from segflux_nb.voting.joint import JointRanking
from segflux_nb.voting.ranking import Ranking
from segflux_nb.widgets.gallery import Gallery
from segflux_nb.widgets.tuner import Tuner


def choosing(runs: sf.Runs) -> None:
    assert_type(runs.where(lambda run: run.lora_strength, seed=1), sf.Runs)
    assert_type(runs.failed, sf.Runs)
    assert_type(runs.retry_failed(), sf.Runs)
    assert_type(runs.one(seed=7), sf.Run)
    assert_type(runs.counts, dict[str, int])
    assert_type(runs.stopped, str | None)
    for run in runs:
        assert_type(run, sf.Run)
        assert_type(run.image, Image.Image)
        assert_type(run.path, Path | None)
        assert_type(run.status, str)


def frames(runs: sf.Runs) -> None:
    for frame in (runs.df, runs.log, runs.varying, runs.limits, runs.marks, runs.votes):
        assert_type(frame, pd.DataFrame)
    assert_type(runs.summary(), Summary)


def looking(runs: sf.Runs) -> None:
    sheet = runs.sheet(cols="seed", by=["steps", "sampler_name"], relative_to={"lora_strength": 0.0}, theme="dark")
    assert_type(sheet, sf.ContactSheet)
    assert_type(sheet.image, Image.Image)
    assert_type(runs.gallery(cols="seed"), Gallery)
    assert_type(runs.compare(runs.one(seed=1), "5e748de108ed"), sf.ContactSheet)
    assert_type(runs.travel("lora_strength", cols="seed", crossfade=True, font="own.ttf"), Travel)
    assert_type(runs.travel("lora_strength").save("travel.gif"), Path)
    runs.sheet("seed")  # type: ignore[call-arg]
    runs.sheet(colums="seed")  # type: ignore[call-arg]
    runs.sheet(theme="grey")  # type: ignore[arg-type]


def judging(runs: sf.Runs) -> None:
    runs.mark("5e748de108ed", stars=4, pick=True, note="best hands")
    runs.mark(runs.one(seed=1), stars="four")  # type: ignore[arg-type]
    runs.vote("5e748de108ed", runs.one(seed=2), "left", axis="steps", rater="anna")
    assert_type(runs.ranking("steps", rater="anna"), Ranking)
    assert_type(runs.ranking(["lora_strength", "steps"]), Ranking | JointRanking)
    assert_type(runs.tuner("steps"), Tuner)
    assert_type(runs.tuner(["lora_strength", "steps"], rater="anna"), Tuner)
    assert_type(runs.tuner().next_sweep(), sf.Sweep)


def keeping(runs: sf.Runs, folder: Path) -> None:
    assert_type(runs.export(folder, names="{seed}", metadata=False), Path)
    assert_type(runs.export("folder"), Path)
    assert_type(runs.export_imagefolder(folder, license="CC-BY-4.0", title="A study"), Path)
    assert_type(runs.to_mlflow("experiment", by="finetune_id", step="lora_strength"), list[str])
    assert_type(runs.to_wandb("project", name="a study", mode="offline"), str)
    assert_type(runs.bundle("study.sfx", cost=False, license="CC0-1.0", title="A study"), Path)
    assert_type(sf.read_metadata(folder / "a.jpg"), PictureMetadata)
