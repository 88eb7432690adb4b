"""Draws the pictures of docs/sheets.md and docs/simulator.md: sheets of many sizes, shapes, statuses and scripts.

Run with: python tools/draw_sheets.py [NAME ...]
"""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import pandas as pd
from PIL import Image

import segflux_nb as sf
from segflux_nb.model import MODEL, SAMPLERS, SCHEDULERS
from segflux_nb.runlog.columns import DF_COLUMNS
from segflux_nb.sheets.sheet import ContactSheet, contact_sheet
from segflux_nb.sheets.travel import Travel
from segflux_nb.sheets.travel import travel as travel_of
from segflux_nb.simulator.flow.finetunes import KINDS
from segflux_nb.simulator.flow.generate import painting
from segflux_nb.simulator.flow.mixture import PLACES
from segflux_nb.simulator.painter.paint import paint
from segflux_nb.simulator.service.version import VERSION
from segflux_nb.sweep.request import RUN_DIGITS

TARGET = Path(__file__).parents[1] / "docs" / "sheets"
WIDEST = 1200
BODY: dict[str, Any] = {
    "prompt": "TOK on the shore of a mountain lake at dawn",
    "finetune_id": "pagoda-1200",
    "lora_strength": 1.0,
    "steps": 25,
    "seed": 8,
    "sampler_name": "euler",
    "scheduler": "simple",
    "aspect_ratio": "1:1",
}


def frame(side: int = 256, deviation: float | None = None, **axes: Any) -> pd.DataFrame:
    """A frame as `Runs.df` makes it, with a row and a painted picture for each combination of values.

    Parameters
    ----------
    side:
        The longer side of each picture, in pixels.
    deviation:
        What pictures are painted with in place of their latents' own deviation. None is their own.
    axes:
        Lists of values, by parameter.
    """
    rows = []
    for values in itertools.product(*axes.values()):
        body = {**BODY, **dict(zip(axes, values, strict=True))}
        width, height = MODEL.sizes[body["aspect_ratio"]]
        scale = side / max(width, height)
        size = round(width * scale), round(height * scale)
        scene = painting(body)
        scene = scene if deviation is None else dataclasses.replace(scene, q=deviation)
        picture = Image.fromarray(paint(scene, *size))
        # The base model has no fine-tune; its request stands for one that has.
        asked = {name: value for name, value in body.items() if name in MODEL.parameters}
        request = sf.Sweep(**asked | {"finetune_id": body["finetune_id"] or "none"})[0]
        row = {"run": request.digest[:RUN_DIGITS], "service": "simulator", "status": "completed", "take": 0}
        row |= {"hardware": request.hardware, **body, "image": picture, "width": width, "height": height}
        row |= {"picture_count": 1, "simulator_version": VERSION, "error_kind": "", "error": ""}
        rows.append(row)
    table = pd.DataFrame(rows)
    own = [column.name for column in DF_COLUMNS]
    table = table.reindex(columns=[*own, *(name for name in table.columns if name not in own)])
    table["stars"] = table["stars"].astype("Int64")
    table["pick"] = table["pick"].astype("boolean")
    table.attrs["segflux_axes"] = list(axes)
    return table


STRENGTHS = [0.0, 0.4, 0.8, 1.2]
SHEETS: dict[str, Callable[[], ContactSheet]] = {}


def drawn(make: Callable[[], ContactSheet]) -> Callable[[], ContactSheet]:
    SHEETS[make.__name__.replace("_", "-")] = make
    return make


@drawn
def one() -> ContactSheet:
    return contact_sheet(frame(512, seed=[7]))


@drawn
def twelve() -> ContactSheet:
    return contact_sheet(frame(seed=[1, 2, 3], lora_strength=STRENGTHS), title="Twelve cells")


@drawn
def forty_eight() -> ContactSheet:
    table = frame(seed=[1, 2, 3, 4], lora_strength=[0.4, 0.6, 0.8, 1.0, 1.2, 1.4], sampler_name=["euler", "dpmpp_2m"])
    return contact_sheet(table, title="tok-study")


@drawn
def two_hundred() -> ContactSheet:
    return contact_sheet(
        frame(96, seed=range(1, 21), lora_strength=[round(0.2 * n, 1) for n in range(10)]), title="Two hundred cells"
    )


@drawn
def two_thousand() -> ContactSheet:
    table = frame(32, seed=range(1, 51), lora_strength=[round(0.05 * n, 2) for n in range(40)])
    return contact_sheet(table, title="Two thousand cells")


@drawn
def aspect_ratios() -> ContactSheet:
    return contact_sheet(frame(aspect_ratio=list(MODEL.sizes)), title="The 13 aspect ratios")


@drawn
def every_status() -> ContactSheet:
    table = frame(seed=[1, 2, 3, 4, 5, 6], lora_strength=[0.4, 0.8])
    for at, status, kind, error in (
        (0, "planned", "", ""),
        (1, "submitted", "", ""),
        (2, "processing", "", ""),
        (3, "failed", "moderated", "Content policy: the prompt was flagged"),
        (4, "failed", "server", "The service answered 500"),
        (5, "refused", "invalid", "steps must be at most 100"),
        (6, "unknown", "", "The answer to the submit was lost at 10:42; it may have been billed"),
        (7, "lost", "expired", "The record had expired, and the history knows no picture"),
        (8, "completed", "", ""),
    ):
        table.loc[at, ["status", "error_kind", "error"]] = [status, kind, error]
        table.at[at, "image"] = None
    table["stars"] = pd.array([None] * 9 + [5, 3, None], dtype="Int64")
    table["pick"] = pd.array([None] * 9 + [True, None, None], dtype="boolean")
    table.at[11, "image"] = table.at[10, "image"]
    return contact_sheet(table, title="Every status, marks and a duplicate")


@drawn
def many_scripts() -> ContactSheet:
    words = [
        "a very long label about a mountain lake at dawn in autumn",
        "山の湖の夜明け",
        "بحيرة جبلية عند الفجر",
        "fox 🦊 at 🌅",
    ]
    table = frame(prompt=words, seed=[1, 2, 3])
    return contact_sheet(table, cols="prompt", rows="seed", title="Łódź, 東京, القاهرة, 🎨")


@drawn
def dark() -> ContactSheet:
    return contact_sheet(frame(seed=[1, 2, 3], lora_strength=STRENGTHS), title="tok-study", theme="dark")


@drawn
def borders() -> ContactSheet:
    table = frame(seed=[1, 2, 3], lora_strength=STRENGTHS)
    table["score"] = [
        round(5 - abs(strength - 0.8) * 4 - seed * 0.3, 2)
        for seed, strength in zip(table["seed"], table["lora_strength"], strict=True)
    ]
    return contact_sheet(table, title="A score as borders", border="score")


@drawn
def heat_map() -> ContactSheet:
    table = frame(64, seed=range(1, 7), lora_strength=[round(0.2 * n, 1) for n in range(8)])
    table["score"] = [
        round(5 - abs(strength - 0.8) * 4 - seed * 0.3, 2)
        for seed, strength in zip(table["seed"], table["lora_strength"], strict=True)
    ]
    return contact_sheet(table, title="A score as a heat map", heat="score", theme="dark")


@drawn
def repeats() -> ContactSheet:
    table = frame(192, lora_strength=[0.0, 0.6, 1.2], finetune_id=["pagoda-1200", "lighthouse-1200"], seed=[1, 2])
    table = table[["lora_strength", "finetune_id", "image"]].iloc[
        :-1
    ]  # as a tracker has them: no seed, one is missing
    table["likeness"] = [round(0.31 + 0.05 * (at % 5), 2) for at in range(len(table))]
    return table.pictures.sheet(title="Pictures that share a cell", border="likeness")


@drawn
def differences() -> ContactSheet:
    table = frame(lora_strength=STRENGTHS, seed=[1, 2])
    return contact_sheet(table, title="What the LoRA changed", relative_to={"lora_strength": 0.0})


@drawn
def comparison() -> ContactSheet:
    table = frame(512, sampler_name=["euler", "dpmpp_2m"], steps=[6, 25])
    table["run"] = [f"run{n}" for n in range(len(table))]
    return table.pictures.compare(0, 1, 3)


@drawn
def facets() -> ContactSheet:
    table = frame(
        96,
        seed=[1, 2, 3],
        lora_strength=[0.4, 0.8, 1.2],
        sampler_name=["euler", "heun"],
        scheduler=["simple", "karras"],
    )
    return contact_sheet(
        table, cols="seed", rows="lora_strength", by=["sampler_name", "scheduler"], title="Four axes"
    )


def samplers_and_schedulers(steps: int) -> ContactSheet:
    table = frame(
        112, scheduler=list(SCHEDULERS), sampler_name=list(SAMPLERS), steps=[steps], finetune_id=["lighthouse-1200"]
    )
    title = f"26 samplers and 7 schedulers at {steps} steps"
    return contact_sheet(table, cols="scheduler", rows="sampler_name", title=title)


@drawn
def six_steps() -> ContactSheet:
    return samplers_and_schedulers(6)


@drawn
def thirty_steps() -> ContactSheet:
    return samplers_and_schedulers(30)


@drawn
def fine_tunes() -> ContactSheet:
    kinds = [f"{kind}-1200" for kind in KINDS]
    table = frame(192, lora_strength=[-1.0, 0.0, 0.5, 1.0, 1.5, 2.0], finetune_id=kinds)
    return contact_sheet(table, title="What a fine-tune brings, by strength")


@drawn
def strengths() -> ContactSheet:
    table = frame(320, lora_strength=[0.0, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0], seed=[8], steps=[25])
    return contact_sheet(table, cols="lora_strength", title="One subject, seven strengths: 0 base, 1 right, 2 burnt")


STEPS: dict[str, Any] = {"finetune_id": ["lighthouse-1200"], "seed": [7], "steps": [1, 2, 4, 6, 8, 12, 25, 50]}


@drawn
def steps_before() -> ContactSheet:
    table = frame(224, deviation=1.0, **STEPS)
    return contact_sheet(table, cols="steps", title="The latents of a steps sweep, painted as if all had converged")


@drawn
def steps_after() -> ContactSheet:
    sorts = [("euler", "simple"), ("dpmpp_2m", "simple"), ("lcm", "simple"), ("dpmpp_2m", "normal")]
    tables = [
        frame(224, combination=[f"{name}, {levels}"], sampler_name=[name], scheduler=[levels], **STEPS)
        for name, levels in sorts
    ]
    table = pd.concat(tables, ignore_index=True)
    table.attrs["segflux_axes"] = ["combination", "steps"]
    return contact_sheet(table, cols="steps", rows="combination", title="The same sweep as the simulator paints it")


@drawn
def checkpoints() -> ContactSheet:
    table = frame(
        192,
        lora_strength=[0.2, 0.4, 0.6, 0.8, 1.0, 1.3, 1.6, 2.0],
        finetune_id=["pagoda-400", "pagoda-1200", "pagoda-3000"],
        steps=[25],
        seed=[8],
    )
    return contact_sheet(
        table, cols="lora_strength", rows="finetune_id", title="Three checkpoints of one training, by strength"
    )


PROMPTS = (
    "by a lake", "by a lake at dawn", "by a lake at noon", "by a lake at night",
    "in the snow", "in the snow at night", "in a storm", "in the mist",
    "in autumn", "in the desert", "under a red sky", "in a green spring",
)  # fmt: skip


@drawn
def prompts() -> ContactSheet:
    table = frame(
        256, prompt=[f"TOK {prompt}" for prompt in PROMPTS], finetune_id=["windmill-1200"], seed=[8], steps=[25]
    )
    table["words"] = [str(prompt).removeprefix("TOK ") for prompt in table["prompt"]]
    table["column"], table["row"] = [n % 4 + 1 for n in range(12)], [n // 4 + 1 for n in range(12)]
    table.attrs["segflux_axes"] = ["column", "row"]
    return contact_sheet(table, cols="column", rows="row", captions=["words"], title="One seed, twelve prompts")


@drawn
def places() -> ContactSheet:
    """The first seed of each place, for a prompt without words of the lexicon."""
    body = {**BODY, "prompt": "a photograph", "finetune_id": None, "steps": 25}
    seeds: dict[int, int] = {}
    for seed in itertools.count(1):
        seeds.setdefault(painting({**body, "seed": seed}).place, seed)
        if len(seeds) == len(PLACES):
            break
    table = frame(
        256, seed=[seeds[at] for at in range(len(PLACES))], **{k: [v] for k, v in body.items() if k != "seed"}
    )
    table["place"] = list(PLACES)
    table["column"], table["row"] = [n % 4 + 1 for n in range(12)], [n // 4 + 1 for n in range(12)]
    table.attrs["segflux_axes"] = ["column", "row"]
    return contact_sheet(
        table, cols="column", rows="row", captions=["place", "seed"], title="The places of the base model"
    )


def travel() -> Travel:
    table = frame(200, lora_strength=[round(0.2 * n, 1) for n in range(8)], seed=[1, 2, 3, 4])
    return travel_of(table, "lora_strength", title="From no pagoda to too much of one")


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    if not sys.argv[1:] or "travel" in sys.argv[1:]:
        path = travel().save(TARGET / "travel.webp")
        print("travel", path.stat().st_size // 1000, "kB")
    for name, make in SHEETS.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        image = make().image
        if image.width > WIDEST:
            image = image.resize((WIDEST, round(image.height * WIDEST / image.width)), Image.Resampling.LANCZOS)
        image.save(TARGET / f"{name}.jpg", quality=80, optimize=True)
        print(name, image.size, (TARGET / f"{name}.jpg").stat().st_size // 1000, "kB")


if __name__ == "__main__":
    main()
