"""Sweeps whose truth is known: pictures of the simulator, painted small, with the noise of a service."""

import io
from functools import lru_cache
from itertools import product

import numpy as np
from PIL import Image

from segflux_nb.analysis.comparing import drift, overcooking, spreads
from segflux_nb.analysis.metrics import measured
from segflux_nb.analysis.observations import Observations
from segflux_nb.analysis.vectors import vector_of
from segflux_nb.model import MODEL
from segflux_nb.simulator.app import Simulator
from segflux_nb.simulator.flow import generate
from segflux_nb.simulator.flow.finetunes import KINDS
from segflux_nb.simulator.painter.paint import paint

SIDE = 128
DEFAULTS = {name: field.default for name, field in MODEL.parameters.items()}
PROMPT = "TOK on the shore of a mountain lake at dawn"


@lru_cache(maxsize=4096)
def _painted(settings, side):
    body = {**DEFAULTS, "prompt": PROMPT, "finetune_id": "pagoda-1200", **dict(settings)}
    return paint(generate.painting(body), side, side)


def painted(side=SIDE, **settings):
    """The picture of a request, without noise, as bytes of a side by a side."""
    return _painted(tuple(sorted(settings.items())), side)


def with_noise(pixels, random, *, levels=2, quality=80):
    """The picture as a service that is not exact gives it: some levels more or less, and saved as JPEG."""
    noise = random.integers(-levels, levels + 1, pixels.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    with Image.open(file) as image:
        return image.convert("RGB")


class SimulatedSweep:
    """A sweep over axes that the painter knows, and over `scheduler`, which is planted to do nothing.

    `takes` are the noisy vectors of one cell, painted several times: what a probe measures.
    """

    INERT = "planted"

    def __init__(self, random, axes, *, planted=2, takes=2, missing=0.0):
        names = [*axes, self.INERT]
        grid = [dict(zip(names, values, strict=True)) for values in product(*axes.values(), [*"abcdefgh"[:planted]])]
        pictures = [painted(**{name: value for name, value in row.items() if name != self.INERT}) for row in grid]
        clean = np.stack([vector_of(Image.fromarray(one)) for one in pictures])
        kept = sorted(random.permutation(len(grid))[: round(len(grid) * (1 - missing))])
        noisy = np.stack([vector_of(with_noise(pictures[at], random)) for at in kept])
        settings = [grid[at] for at in kept]
        names_of_files = list(map(str, range(len(grid))))
        self.whole = Observations.of(grid, names, clean, names_of_files)
        self.clean = Observations.of(settings, names, clean[kept], [names_of_files[at] for at in kept])
        self.noisy = Observations.of(settings, names, noisy, [names_of_files[at] for at in kept])
        probed = pictures[int(random.integers(len(pictures)))]
        self.takes = np.stack([vector_of(with_noise(probed, random)) for _ in range(takes)])


SAMPLERS = ["euler", "ddim", "dpmpp_2m", "heun", "euler_ancestral"]


STRENGTHS = [0.0, 0.3, 0.6, 0.9, 1.2, 1.5]


def random_axes(random, seeds):
    """Three to five seeds, and one axis that does much, little, or next to nothing."""
    axes = {"seed": [int(seed) for seed in random.choice(seeds, random.integers(3, 6), replace=False)]}
    kind = random.integers(4)
    if kind == 0:
        return axes | {"lora_strength": sorted(float(one) for one in random.choice(STRENGTHS, 3, replace=False))}
    if kind == 1:
        low = float(random.choice(STRENGTHS[1:]))
        return axes | {"lora_strength": [low, round(low + float(random.choice([0.01, 0.02, 0.05, 0.1])), 3)]}
    if kind == 2:
        return axes | {"sampler_name": [str(one) for one in random.permutation(SAMPLERS)[:3]]}
    steps = random.choice([6, 9, 12, 16, 20, 25, 30, 40], 2, replace=False)
    return axes | {"steps": [int(one) for one in sorted(steps)]}


def random_study(random):
    """A fine-tune, and eleven strengths in steps of 0.1 within which its subject begins and it burns; and 0."""
    while True:
        finetune = f"{random.choice(KINDS)}-{int(random.integers(1500, 4500))}"
        truth = Simulator.truth(finetune)
        starts = [low for low in (0.0, 0.1, 0.2) if low <= truth.present - 0.03 and low + 1 >= truth.burning + 0.12]
        if starts:
            low = float(random.choice(starts))
            return finetune, truth, sorted({0.0, *(round(low + 0.1 * step, 2) for step in range(11))})


def study_rows(finetune, strengths, seeds):
    """What `runs.measure` finds in a study, as rows for `curve_of`."""
    rows, bases = [], []
    for strength in strengths:
        pictures = [painted(finetune_id=finetune, lora_strength=strength, seed=seed) for seed in seeds]
        found = [measured(Image.fromarray(picture)) for picture in pictures]
        spread = spreads([one.lab for one in found])
        bases = bases or list(zip(found, spread, strict=True))
        for seed, one, own, (base, base_spread) in zip(seeds, found, spread, bases, strict=True):
            moved, peak = drift(one.lab, base.lab)
            burnt = overcooking(
                *(one.values["saturation"], base.values["saturation"]),
                *(one.values["clipping"], base.values["clipping"]),
                *(own, base_spread),
            )
            numbers = {"drift": moved, "drift_peak": peak, "spread": own, "overcooking": burnt}
            rows.append({"line": finetune, "value": strength, "seed": seed, **numbers})
    return rows
