"""Simulated people with a known taste, who vote on pairs as often as they are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from segflux_nb.voting.belief import Cast
from segflux_nb.voting.choosing import Judged, PairChoice
from segflux_nb.voting.pairing import next_pair
from segflux_nb.voting.ranking import LEFT, POINTS_OF, RIGHT, TIE, Vote


@dataclass(frozen=True)
class Taste:
    """What people like, and how much single seeds deviate.

    Attributes
    ----------
    axes:
        The judged axes, with the values that were tried.
    seeds:
        How many seeds.
    sharpness:
        By axis of numbers: how much worse a place is at the other end of the axis, in log odds.
    quirk:
        What a seed does to one picture: a standard deviation, in log odds.
    shift:
        How far a seed moves the peak: a standard deviation, as a share of the axis.
    ties:
        The share of votes that are ties whatever the pictures are.
    likes:
        The height of each value of the axes that are no numbers, in log odds.
    """

    axes: Mapping[str, Sequence]
    seeds: int
    sharpness: Mapping[str, float]
    quirk: float = 0.3
    shift: float = 0.0
    ties: float = 0.1
    likes: Mapping[str, Mapping[str, float]] | None = None


class Study:
    """People of a taste vote on pairs. The peak is drawn at random within the axes.

    Parameters
    ----------
    taste:
        What they like.
    number:
        The number of the study: another one has another peak and other quirks.
    """

    def __init__(self, taste: Taste, number: int) -> None:
        self.taste, self.name = taste, f"study {number}"
        self._random = random_ = np.random.default_rng(number)
        self.places = list(product(*taste.axes.values()))
        seeds = range(taste.seeds)
        self.blocks = {seed: {place: f"{seed}/{at}" for at, place in enumerate(self.places)} for seed in seeds}
        self._home = {run: (seed, place) for seed, runs in self.blocks.items() for place, run in runs.items()}
        self.peak = {}
        heights = np.zeros((taste.seeds, len(self.places)))
        for at, (axis, values) in enumerate(taste.axes.items()):
            column = [place[at] for place in self.places]
            if axis not in taste.sharpness:
                heights += [taste.likes[axis][value] for value in column]
                continue
            low, high = min(values), max(values)
            self.peak[axis] = random_.uniform(low, high)
            moved = self.peak[axis] + (high - low) * random_.normal(0, taste.shift, (taste.seeds, 1))
            heights -= taste.sharpness[axis] * ((np.array(column) - moved) / (high - low)) ** 2
        heights += random_.normal(0, taste.quirk, heights.shape)
        self._height = {
            run: heights[seed, at] for seed, runs in self.blocks.items() for at, run in enumerate(runs.values())
        }
        self.judged: list[Judged] = []

    def vote(self, votes: int, *, balanced: bool = False) -> None:
        """Cast votes, on the pairs that the tuner chooses, or on balanced ones."""
        choice = PairChoice(self.taste.axes, self.blocks, {seed: seed for seed in self.blocks})
        for _ in range(votes):
            if balanced:
                pair = next_pair(self.blocks, [(one.left, one.right) for one in self.judged], self.name)
            else:
                pair = choice.next(self.judged, self.name)
            self.judged.append(Judged(*pair, self._outcome(*pair), self.name))

    def _outcome(self, left: str, right: str) -> str:
        wins = self._random.random() < 1 / (1 + np.exp(self._height[right] - self._height[left]))
        return TIE if self._random.random() < self.taste.ties else LEFT if wins else RIGHT

    def votes(self, first: int | None = None) -> list[Vote]:
        """The first votes, along one axis; all of them if left out."""
        return [
            Vote(self._home[one.left][1][0], self._home[one.right][1][0], one.outcome, self._home[one.left][0])
            for one in self.judged[:first]
        ]

    def cast(self) -> list[Cast]:
        """The votes between places."""
        return [
            Cast(self._home[one.left][1], self._home[one.right][1], POINTS_OF[one.outcome], self._home[one.left][0])
            for one in self.judged
        ]


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
