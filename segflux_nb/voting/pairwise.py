"""Votes between runs that differ in one axis, and what they say."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import RunError
from ..markup import count
from ..model import Value
from ..runlog.marks import VoteLog
from ..runlog.rows import LoggedVote
from ..sweep.request import RUN_DIGITS
from ..values import shown
from .pairing import Pair, next_pair
from .ranking import OUTCOMES, Ranking, Vote, rank


def this_rater() -> str:
    """The name under which votes are kept unless another one is given: the user's on this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may have no such user
        return "anonymous"


@dataclass(frozen=True)
class Candidate:
    """A run with a picture, which can be compared.

    Attributes
    ----------
    digest:
        The run's identity in the log.
    values:
        The run's values, by axis and with its take.
    """

    digest: str
    values: Mapping[str, Value]

    @property
    def run(self) -> str:
        """The run's short name."""
        return self.digest[:RUN_DIGITS]


@dataclass(frozen=True)
class PairwiseComparison:
    """Which runs can be compared along an axis, and the votes so far.

    Attributes
    ----------
    log:
        The votes of the service in the log.
    runs:
        The runs.
    axis:
        In what the two of a pair differ. All other axes are the same for both.
    others:
        The names of the other axes that vary.
    """

    log: VoteLog
    runs: Sequence[Candidate] = field(repr=False)
    axis: str
    others: Sequence[str]

    @classmethod
    def of(cls, log: VoteLog, runs: Sequence[Candidate], axis: str, axes: Sequence[str]) -> PairwiseComparison:
        """The comparison of a selection of runs.

        Parameters
        ----------
        log:
            The votes of the service in the log.
        runs:
            The runs of the selection that have a picture.
        axis:
            In what the two of a pair differ.
        axes:
            All axes of the selection.

        Raises
        ------
        RunError
            If fewer than two values of the axis have pictures.
        """
        values = {run.values[axis] for run in runs}
        if len(values) < 2:
            others = ", ".join(name for name in axes if name != axis)
            raise RunError(
                f"{axis} has {count(len(values), 'value')} with pictures; there is nothing to compare",
                remedy=f"The axes of these runs are {others}" if others else "These runs have no axis to compare",
            )
        names = [name for name in (*axes, "take") if name != axis]
        varying = [name for name in names if len({run.values[name] for run in runs}) > 1]
        return cls(log, runs, axis, varying)

    @property
    def values(self) -> list[Value]:
        """The values of the axis, in order."""
        values: list[Value] = list(dict.fromkeys(run.values[self.axis] for run in self.runs))
        return sorted(values) if all(isinstance(value, int | float) for value in values) else values

    @property
    def unit(self) -> str:
        """What the votes are spread over: seeds, if they vary."""
        return "seed" if "seed" in self.others else "group"

    def next_pair(self, rater: str) -> Pair | None:
        """The short names of the runs that a rater judges next, left and right; None if there is no pair."""
        blocks: dict[Any, dict[Value, str]] = {}
        for run in self.runs:
            blocks.setdefault(self._values_of_others(run), {})[run.values[self.axis]] = run.run
        mine = [(vote.left, vote.right) for vote in self._logged() if vote.rater == rater]
        by_digest = {run.digest: run.run for run in self.runs}
        return next_pair(blocks, [(by_digest[left], by_digest[right]) for left, right in mine], rater)

    def vote(self, left: str, right: str, outcome: str, rater: str) -> None:
        """Keep a vote between two runs. It is on disk at once.

        Parameters
        ----------
        left:
            The short name of a run.
        right:
            The short name of the other.
        outcome:
            ``left``, ``right``, ``tie`` or ``skip``.
        rater:
            Who judged.

        Raises
        ------
        RunError
            If the two cannot be compared, or the outcome is not one of the four.
        """
        if not isinstance(outcome, str) or outcome not in OUTCOMES:
            raise RunError(f"{shown(outcome)} is no outcome of a vote", remedy=f"Use one of {', '.join(OUTCOMES)}")
        by_name = {run.run: run for run in self.runs}
        if left not in by_name or right not in by_name:
            raise RunError("One of the two runs has no picture", remedy="Vote between runs that have pictures")
        one, other = by_name[left], by_name[right]
        apart = [name for name in self.others if one.values[name] != other.values[name]]
        if apart or one.values[self.axis] == other.values[self.axis]:
            raise RunError(
                f"{one.run} and {other.run} differ in {', '.join(apart) or 'nothing'}, not in {self.axis} alone",
                remedy=f"Compare runs that differ in {self.axis} only",
            )
        self.log.add(LoggedVote(rater, self.axis, one.digest, other.digest, outcome))

    def undo(self, rater: str) -> bool:
        """Delete a rater's latest vote. Returns whether there was one."""
        return self.log.undo(self.axis, rater, [run.digest for run in self.runs])

    def ranking(self, rater: str | None = None) -> Ranking:
        """What the votes say: all of them, or those of one rater."""
        by_digest = {run.digest: run for run in self.runs}
        cast = []
        for vote in self._logged():
            if rater is None or vote.rater == rater:
                left, right = by_digest[vote.left], by_digest[vote.right]
                block = left.values["seed"] if self.unit == "seed" else self._values_of_others(left)
                cast.append(Vote(left.values[self.axis], right.values[self.axis], vote.outcome, block))
        return rank(self.axis, self.values, cast, unit=self.unit)

    def _values_of_others(self, run: Candidate) -> tuple[Value, ...]:
        return tuple(run.values[name] for name in self.others)

    def _logged(self) -> list[LoggedVote]:
        digests = {run.digest for run in self.runs}
        votes = [vote for _, vote in self.log.all()]
        return [v for v in votes if v.axis == self.axis and v.left in digests and v.right in digests]
