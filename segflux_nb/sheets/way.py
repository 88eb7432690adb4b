"""The way of a loop along an axis: there and back, with a rest at both ends. Pure: nothing is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

HOLD = 600
"""Milliseconds that a value is shown."""

REST = 1500
"""Milliseconds that the values at both ends are shown."""

LONGEST = 9000
"""Where a way would take longer than this many milliseconds, each value is shown for a shorter time."""

SHORTEST = 120

BETWEEN = 3
"""The most pictures from one value to the next where they fade into each other."""

FADES = 240
"""A loop with more pictures than this has fewer of them, at least one."""

FADE = 70
"""Milliseconds that each of these is shown."""

LEAST_GAP = 0.25
"""Numbers stand on the line where they are, unless two are nearer to each other than this share of an even gap."""


@dataclass(frozen=True)
class Step:
    """A picture of a loop.

    Attributes
    ----------
    at:
        The number of its value; between two values, a part of the way.
    milliseconds:
        How long it is shown.
    """

    at: float
    milliseconds: int


def steps_of(number: int, *, crossfade: bool) -> list[Step]:
    """The pictures of a loop: from the first value to the last one, and back to the one after the first.

    Parameters
    ----------
    number:
        The number of values, at least two.
    crossfade:
        Whether each picture fades into the next one.

    Example
    -------
    >>> [step.at for step in steps_of(3, crossfade=False)]
    [0, 1, 2, 1]
    """
    hold = max(SHORTEST, min(HOLD, LONGEST // number))
    between = max(1, min(BETWEEN, FADES // (2 * number) - 1))
    there: list[Step] = []
    for at in range(number):
        there.append(Step(at, REST if at in (0, number - 1) else hold))
        if crossfade and at < number - 1:
            there += [Step(at + part / (between + 1), FADE) for part in range(1, between + 1)]
    return [*there, *there[-2:0:-1]]


def places_of(values: Sequence[object]) -> list[float]:
    """Where values stand on a line from 0 to 1: numbers in proportion, all others evenly.

    Parameters
    ----------
    values:
        The values, at least two.

    Example
    -------
    >>> places_of([0.0, 0.5, 2.0]), places_of(["euler", "heun"])
    ([0.0, 0.25, 1.0], [0.0, 1.0])
    """
    even = [at / (len(values) - 1) for at in range(len(values))]
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < len(values) or numbers[0] == numbers[-1]:
        return even
    places = [(number - numbers[0]) / (numbers[-1] - numbers[0]) for number in numbers]
    least = LEAST_GAP / (len(values) - 1)
    return places if all(after - before >= least for before, after in pairwise(places)) else even
