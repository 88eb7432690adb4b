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
from tests.support.people import JOINT, SETTINGS, VOTES_NEEDED, Study

AXIS = "lora_strength"

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
