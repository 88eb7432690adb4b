"""Simulated people with a known taste, who vote on pairs until they have cast so many votes."""

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
