"""How many votes it takes, and whether intervals keep their word: simulated people whose taste is known.

``python benchmarks/voting.py [studies]`` prints, with pairs that are chosen to tell most beside balanced pairs:

- for each setting, how often the 90 % interval covers the peak, the mean error of the peak, the interval's width;
- how many chosen votes give the accuracy of 34 balanced ones. Goal: at most 18;
- for two and three axes, how often the region covers the peak. Goal: at least 85 %.

Without a number it takes 400 studies of each, and some minutes; 2,000 give the numbers of docs/analysis.md.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from segflux_nb.voting.joint import rank_jointly
from segflux_nb.voting.ranking import rank
from tests.support.people import Study, Taste

AXIS = "lora_strength"
SIX = [0.4, 0.6, 0.8, 1.0, 1.2, 1.4]
TWELVE = [round(0.3 + 0.1 * at, 1) for at in range(12)]
STEPS = [10, 20, 30, 40, 50]


def along(values: list, seeds: int, sharpness: float, **options: float) -> Taste:
    return Taste({AXIS: values}, seeds, {AXIS: sharpness}, **options)


SETTINGS = {
    "5 seeds, 16 votes": (along(SIX, 5, 12), 16),
    "8 seeds, 16 votes": (along(SIX, 8, 16), 16),
    "5 seeds, 24 votes, peak moves": (along(SIX, 5, 12, quirk=0.1, shift=0.1), 24),
    "5 seeds, 34 votes": (along(SIX, 5, 12), 34),
    "5 seeds, 34 votes, weak taste": (along(SIX, 5, 6), 34),
    "8 seeds, 60 votes, quirks": (along(SIX, 8, 8, quirk=0.4), 60),
    "8 seeds, 60 votes, 12 values": (along(TWELVE, 8, 16), 60),
    "5 seeds, 120 votes": (along(SIX, 5, 12, quirk=0.4, shift=0.05), 120),
    "8 seeds, 120 votes, peak moves": (along(TWELVE, 8, 12, shift=0.1), 120),
}
"""By name: the taste, and how many votes are cast."""

JOINT = {
    "2 axes, 5 seeds, 40 votes": (Taste({AXIS: SIX, "steps": STEPS}, 5, {AXIS: 12, "steps": 8}), 40),
    "2 axes, 6 seeds, 80 votes, peak moves": (
        Taste({AXIS: SIX, "steps": STEPS}, 6, {AXIS: 12, "steps": 8}, shift=0.05), 80),
    "2 axes, 8 seeds, 120 votes": (Taste({AXIS: SIX, "steps": STEPS}, 8, {AXIS: 10, "steps": 4}, quirk=0.4), 120),
    "1 axis and 3 samplers, 6 seeds, 60 votes": (
        Taste({AXIS: SIX, "sampler_name": ["euler", "heun", "lcm"]}, 6, {AXIS: 12},
              likes={"sampler_name": {"euler": 0.6, "heun": 0.0, "lcm": -1.0}}), 60),
    "3 axes, 6 seeds, 120 votes": (
        Taste({AXIS: SIX[:5], "steps": STEPS, "guidance": [1.0, 2.0, 3.0, 4.0]}, 6,
              {AXIS: 12, "steps": 8, "guidance": 6}), 120),
}  # fmt: skip

VOTES_NEEDED = {
    "6 values": along(SIX, 5, 12, quirk=0.0, shift=0.1),
    "12 values": along(TWELVE, 5, 14, quirk=0.0, shift=0.1),
    "6 values, quirks": along(SIX, 5, 12),
}
"""The simulations of votes needed: five seeds."""

COUNTS = range(8, 35, 2)


def covered(task: tuple[str, bool, int]) -> tuple[bool, float, float]:
    """Whether the interval of one study covers the peak, the error, and the width."""
    name, balanced, number = task
    taste, votes = SETTINGS[name]
    study = Study(taste, number)
    study.vote(votes, balanced=balanced)
    found, peak = rank(AXIS, taste.axes[AXIS], study.votes()), study.peak[AXIS]
    return found.low - 1e-6 <= peak <= found.high + 1e-6, abs(found.best - peak), found.high - found.low


def covered_jointly(task: tuple[str, bool, int]) -> tuple[bool, float, float]:
    """Whether the region of one study covers the peak, the error, and the width, along the first axis."""
    name, _, number = task
    taste, votes = JOINT[name]
    study = Study(taste, number)
    study.vote(votes)
    found = rank_jointly(taste.axes, study.cast())
    return study.peak in found.region, abs(found.best[AXIS] - study.peak[AXIS]), found.high[AXIS] - found.low[AXIS]


def errors(task: tuple[str, bool, int]) -> list[float]:
    """The error of the peak after each of `COUNTS` votes."""
    name, balanced, number = task
    study = Study(VOTES_NEEDED[name], number)
    study.vote(max(COUNTS), balanced=balanced)
    values, peak = study.taste.axes[AXIS], study.peak[AXIS]
    return [abs(rank(AXIS, values, study.votes(count)).best - peak) for count in COUNTS]


def main(studies: int) -> None:
    with ProcessPoolExecutor() as pool:

        def of(function, name, balanced):
            tasks = [(name, balanced, number) for number in range(studies)]
            return np.array(list(pool.map(function, tasks, chunksize=20)), dtype=float)

        print(f"{studies} studies of each: coverage of the 90 % interval, mean error of the peak, width")
        for name in SETTINGS:
            for words, balanced in (("chosen", False), ("balanced", True)):
                share, error, width = of(covered, name, balanced).mean(axis=0)
                print(f"{name:34} {words:9} {100 * share:5.1f} %   {error:.3f}   {width:.2f}", flush=True)
        print("\nVotes needed for the accuracy of 34 balanced ones (goal: at most 18)")
        for name in VOTES_NEEDED:
            balanced = of(errors, name, True).mean(axis=0)
            chosen = of(errors, name, False).mean(axis=0)
            enough = next((count for count, one in zip(COUNTS, chosen, strict=True) if one <= balanced[-1]), None)
            table = ", ".join(f"{count}: {one:.3f}" for count, one in zip(COUNTS, chosen, strict=True))
            print(f"{name}: {enough}. 34 balanced {balanced[-1]:.3f}; chosen {table}", flush=True)
        print("\nCoverage of regions (goal: at least 85 %), error and width of the first axis")
        for name in JOINT:
            share, error, width = of(covered_jointly, name, False).mean(axis=0)
            print(f"{name:42} {100 * share:5.1f} %   {error:.3f}   {width:.2f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
