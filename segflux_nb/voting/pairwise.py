"""Votes between runs of a selection that differ in one axis, and what they say."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import RunError
from ..model import Value
from ..run import Run, value_of
from ..runlog.journal import Journal
from ..runlog.rows import LoggedVote
from .pairing import Pair, next_pair
from .ranking import OUTCOMES, Ranking, Vote, rank


def this_rater() -> str:
    """The name under which votes are kept unless another one is given: the user's on this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user, in a container
        return "anonymous"


@dataclass(frozen=True)
class PairwiseComparison:
    """Who may be compared with whom along an axis, and the votes so far.

    Attributes
    ----------
    journal, service:
        Where votes are kept.
    runs:
        What is judged; those without a picture are left out.
    axis:
        In what the two of a pair differ; all other axes are the same for both.
    others:
        The names of the other axes.
    """

    journal: Journal
    service: str
    runs: Sequence[Run] = field(repr=False)
    axis: str
    others: Sequence[str]

    @classmethod
    def of(
        cls, journal: Journal, service: str, runs: Iterable[Run], axis: str, axes: Iterable[str]
    ) -> PairwiseComparison:
        """The jury of a selection.

        Raises
        ------
        RunError
            Where the axis has no two values with pictures.
        """
        seen = [run for run in runs if run.path is not None]
        values = {value_of(run, axis) for run in seen}
        if len(values) < 2:
            raise RunError(
                f"{axis} has {len(values)} value{'' if len(values) == 1 else 's'} with pictures; there is nothing to "
                "compare",
                remedy=f"It can be one of {', '.join(name for name in axes if name != axis) or 'no axis'}",
            )
        names = [name for name in (*axes, "take") if name != axis]
        others = [name for name in names if len({value_of(run, name) for run in seen}) > 1]
        return cls(journal, service, seen, axis, others)

    @property
    def values(self) -> list[Value]:
        """The values of the axis, in order."""
        values: list[Value] = list(dict.fromkeys(value_of(run, self.axis) for run in self.runs))
        return sorted(values) if all(isinstance(value, int | float) for value in values) else values

    @property
    def unit(self) -> str:
        """What the votes are spread over: seeds, if they vary."""
        return "seed" if "seed" in self.others else "group"

    def next_pair(self, rater: str) -> Pair | None:
        """The short names of the runs that a rater judges next, left and right."""
        blocks: dict[Any, dict[Value, str]] = {}
        for run in self.runs:
            block = tuple(value_of(run, name) for name in self.others)
            blocks.setdefault(block, {})[value_of(run, self.axis)] = run.run
        mine = [(vote.left, vote.right) for vote in self._logged() if vote.rater == rater]
        by_digest = {run.digest: run.run for run in self.runs}
        return next_pair(blocks, [(by_digest[left], by_digest[right]) for left, right in mine], rater)

    def vote(self, left: str, right: str, outcome: str, rater: str) -> None:
        """Keep a judgement between two runs, given by their short names; durable at once.

        Raises
        ------
        RunError
            Where they cannot be compared, or the outcome is none.
        """
        if outcome not in OUTCOMES:
            raise RunError(f"{outcome!r} is no outcome of a vote", remedy=f"Say {', '.join(OUTCOMES)}")
        by_name = {run.run: run for run in self.runs}
        if left not in by_name or right not in by_name:
            raise RunError("One of the two has no picture", remedy="Vote between pictures")
        one, other = by_name[left], by_name[right]
        apart = [name for name in self.others if value_of(one, name) != value_of(other, name)]
        if apart or value_of(one, self.axis) == value_of(other, self.axis):
            raise RunError(
                f"{one.run} and {other.run} differ in {', '.join(apart) or 'nothing'}, not in {self.axis} alone",
                remedy=f"Compare runs that have all but {self.axis} in common",
            )
        self.journal.vote(self.service, LoggedVote(rater, self.axis, one.digest, other.digest, outcome))

    def undo(self, rater: str) -> bool:
        """Forget a rater's latest vote; whether there was one."""
        return self.journal.undo(self.service, self.axis, rater, [run.digest for run in self.runs])

    def ranking(self, rater: str | None = None) -> Ranking:
        """What the votes say: all of them, or one rater's."""
        by_digest = {run.digest: run for run in self.runs}
        cast = []
        for vote in self._logged():
            if rater is None or vote.rater == rater:
                left, right = by_digest[vote.left], by_digest[vote.right]
                block = left.seed if self.unit == "seed" else tuple(value_of(left, name) for name in self.others)
                cast.append(Vote(value_of(left, self.axis), value_of(right, self.axis), vote.outcome, block))
        return rank(self.axis, self.values, cast, unit=self.unit)

    def _logged(self) -> list[LoggedVote]:
        digests = {run.digest for run in self.runs}
        votes = [vote for _, vote in self.journal.votes(self.service)]
        return [v for v in votes if v.axis == self.axis and v.left in digests and v.right in digests]
