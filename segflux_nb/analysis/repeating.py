"""What takes of one request say: how much a service differs from itself, and whether it is still the same. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..markup import count
from .differences import difference_text
from .vectors import Vectors, differences
from .verdicts import Noise


@dataclass(frozen=True)
class Probe:
    """What new takes of a request say, against the takes before. Its text is a sentence.

    Attributes
    ----------
    run:
        The short name of the first take.
    since:
        When the first take was made, as its text says it: ``in March 2026``; ``before`` for this month.
    apart:
        For each new take with a picture, its difference from the first one.
    equal:
        For each, whether its file is equal to that of an earlier take.
    noise:
        How much all takes differ from each other.
    limit:
        The largest difference from the first take that can be noise; None where nothing says it.
    missing:
        How many new takes have no picture.
    """

    run: str
    since: str
    apart: tuple[float, ...]
    equal: tuple[bool, ...]
    noise: Noise
    limit: float | None
    missing: int = 0

    @property
    def same(self) -> int:
        """How many new takes are equal to an earlier one, or as near to the first as the noise."""
        return sum(
            equal or (self.limit is not None and apart <= self.limit)
            for apart, equal in zip(self.apart, self.equal, strict=True)
        )

    def __str__(self) -> str:
        new = len(self.apart)
        missing = f"; {count(self.missing, 'take')} without a picture" if self.missing else ""
        if not new:
            return f"No new take of run {self.run} has a picture{missing}"
        typical = self.noise.typical or 0.0
        pairs = count(len(self.noise.differences), "pair")
        noise = f"the service differs from itself by {difference_text(typical)} in {pairs}"
        if self.same == new:
            how = "equal" if all(self.equal) else f"within the noise, {difference_text(self.limit or 0.0)}"
            return f"{new} of {new} as {self.since}: {how}; {noise}{missing}"
        if self.limit is None:
            return (
                f"Take 1 of run {self.run} differs from the one {self.since}: {noise}, from now on the noise{missing}"
            )
        changed = [
            apart for apart, equal in zip(self.apart, self.equal, strict=True) if not equal and apart > self.limit
        ]
        return (
            f"{self.same} of {new} as {self.since}; {count(len(changed), 'take')}"
            f" differ{'s' if len(changed) == 1 else ''} by up to {difference_text(max(changed))}, more than the"
            f" noise, {difference_text(self.limit)}: it may not be the same model any more{missing}"
        )

    __repr__ = __str__


def probed(
    run: str,
    before: Vectors,
    after: Vectors,
    equal: Sequence[bool],
    *,
    since: str = "before",
    missing: int = 0,
) -> Probe:
    """What new takes say.

    The limit is 1.5 times the median difference of the earlier takes from each other, or the largest one if that is
    more. With one earlier take it is that of the new ones from each other: if they agree among themselves and not
    with it, the model has changed.

    Parameters
    ----------
    run:
        The short name of the first take.
    before:
        The vectors of the takes before, the first one first.
    after:
        Those of the new takes.
    equal:
        For each new take, whether its file is equal to that of an earlier one.
    since:
        When the first take was made.
    missing:
        How many new takes have no picture.

    Example
    -------
    >>> old, new = np.zeros((1, 12), dtype=np.float32), np.zeros((2, 12), dtype=np.float32)
    >>> probed("3f2a", old, new, [True, True], since="in March 2026")
    2 of 2 as in March 2026: equal; the service differs from itself by ΔE 0.0 in 3 pairs
    """
    if len(before) and len(after):
        apart = differences(np.concatenate([before[:1], after]), [0] * len(after), list(range(1, len(after) + 1)))
    else:
        apart = np.zeros(0)
    known = next((noise for noise in (Noise.of([before]), Noise.of([after])) if noise.differences), Noise())
    limit = None if known.limit is None else max(known.limit, *known.differences)
    every = np.concatenate([before, after]) if len(after) else before
    return Probe(run, since, tuple(map(float, apart)), tuple(equal), Noise.of([every]), limit, missing)


def month_of(moment: float | None, now: float) -> str:
    """A month as the text of a probe says it: ``in March 2026``; ``before`` for the present month.

    Parameters
    ----------
    moment:
        Seconds since 1970 in UTC; None if unknown.
    now:
        The present.

    >>> month_of(1_772_400_000.0, 1_780_000_000.0), month_of(1_780_000_000.0, 1_780_000_000.0)
    ('in March 2026', 'before')
    """
    if moment is None:
        return "before"
    then, today = (datetime.datetime.fromtimestamp(one, tz=datetime.UTC) for one in (moment, now))
    return (
        "before"
        if (then.year, then.month) == (today.year, today.month)
        else f"in {_MONTHS[then.month - 1]} {then.year}"
    )


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
