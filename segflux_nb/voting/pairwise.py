"""Votes between runs that differ in the judged axes alone, and what they say."""

from __future__ import annotations

import getpass
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import Any, Protocol

from ..errors import RunError
from ..markup import count, plain
from ..model import Value
from ..runlog.rows import LoggedVote
from ..sweep.names import TEMPLATE
from ..sweep.request import RUN_DIGITS
from ..values import shown
from .belief import Cast
from .choosing import Judged, PairChoice
from .features import Place, is_scale
from .joint import JointRanking, rank_jointly
from .outlook import outlook
from .pairing import Pair
from .progress import Judgement, progress
from .ranking import OUTCOMES, POINTS_OF, SKIP, Ranking, Vote, named, rank

MOST_SCALES = 3
"""A peak is looked for along this many axes of numbers at most."""

JOIN = ","
"""Between the names of the axes in which two runs differ, where the log keeps one text."""


def this_rater() -> str:
    """The name under which votes are kept unless another one is given: the user's on this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may have no such user
        return "anonymous"


def rater_name(text: str) -> str:
    """A rater's name as the log has it: on one line, and an accent is written in one way."""
    return unicodedata.normalize("NFC", plain(text)).strip()


class Votes(Protocol):
    """Keeps votes: the log of a workspace, or a file of their own."""

    def add(self, vote: LoggedVote) -> None:
        """Keep a vote."""

    def undo(self, axes: Collection[str], rater: str, digests: Iterable[str]) -> bool:
        """Delete a rater's latest vote between these runs. Returns whether there was one.

        Parameters
        ----------
        axes:
            The axes of the vote: any of these texts.
        rater:
            Who voted.
        digests:
            The runs.
        """

    def all(self) -> list[tuple[float, LoggedVote]]:
        """All votes in order, each with its time."""


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
    """Which runs can be compared along one or several axes, and the votes so far.

    Attributes
    ----------
    log:
        The votes of the service in the log.
    runs:
        The runs.
    judged:
        The axes in which the two of a pair may differ. All other axes are the same for both.
    others:
        The names of the other axes that vary.
    """

    log: Votes
    runs: Sequence[Candidate] = field(repr=False)
    judged: tuple[str, ...]
    others: Sequence[str]

    @classmethod
    def of(
        cls, log: Votes, runs: Sequence[Candidate], judged: Sequence[str], axes: Sequence[str]
    ) -> PairwiseComparison:
        """The comparison of a selection of runs.

        Parameters
        ----------
        log:
            The votes of the service in the log.
        runs:
            The runs of the selection that have a picture.
        judged:
            The axes in which the two of a pair may differ.
        axes:
            All axes of the selection.

        Raises
        ------
        RunError
            If fewer than two values of an axis have pictures, or there are more than three axes of numbers.
        """
        judged = tuple(dict.fromkeys(judged))
        for axis in judged:
            values = {run.values[axis] for run in runs}
            if len(values) < 2:
                left = ", ".join(name for name in axes if name not in judged)
                raise RunError(
                    f"{axis} has {count(len(values), 'value')} with pictures; there is nothing to compare",
                    remedy=f"The axes of these runs are {left}"
                    if left
                    else "These runs have no other axis to compare",
                )
        names = [name for name in (*axes, "take") if name not in judged]
        varying = [name for name in dict.fromkeys(names) if len({run.values[name] for run in runs}) > 1]
        made = cls(log, runs, judged, varying)
        if len(made.scales) > MOST_SCALES:
            raise RunError(
                f"A peak along {len(made.scales)} axes of numbers would take too many votes",
                remedy=f"Choose up to {MOST_SCALES} of {', '.join(made.scales)}; hold the others with runs.where()",
            )
        return made

    @property
    def axis(self) -> str:
        """The judged axes in words."""
        return ", ".join(self.judged)

    @cached_property
    def values(self) -> dict[str, list[Value]]:
        """The values of each judged axis, in order."""
        found: dict[str, list[Value]] = {}
        for axis in self.judged:
            seen: list[Value] = list(dict.fromkeys(run.values[axis] for run in self.runs))
            found[axis] = sorted(seen) if all(isinstance(value, int | float) for value in seen) else seen
        return found

    @cached_property
    def scales(self) -> list[str]:
        """The judged axes that are axes of numbers."""
        return [axis for axis, values in self.values.items() if is_scale(axis, values)]

    @property
    def unit(self) -> str:
        """What the votes are spread over, as a noun: seeds, if they vary, or nothing else does; or the other axes."""
        if "seed" in self.others or ("seed" not in self.judged and not self.others):
            return "seed"
        names = ["prompt" if name == TEMPLATE else name for name in self.others]
        if len(names) == 1:
            return f"value of {names[0]}"
        return f"combination of {' and '.join(names)}" if len(names) == 2 else "combination of the other axes"

    def next_pair(self, rater: str) -> Pair | None:
        """The short names of the runs that a rater judges next, left and right; None if there is no pair."""
        return self._choice.next(self._judged(), rater)

    def upcoming(self, rater: str) -> dict[str, Pair | None]:
        """The pair that a rater would judge after each outcome of the next one: to have its pictures ready."""
        judged = self._judged()
        pair = self._choice.next(judged, rater)
        if pair is None:
            return dict.fromkeys(OUTCOMES)
        return {outcome: self._choice.next([*judged, Judged(*pair, outcome, rater)], rater) for outcome in OUTCOMES}

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
        differing = [name for name in self.judged if one.values[name] != other.values[name]]
        if apart or not differing:
            meant = " and ".join(self.judged)
            raise RunError(
                f"{one.run} and {other.run} differ in {', '.join(apart) or 'nothing'}, not in {meant} alone",
                remedy=f"Compare runs that differ in {meant} only",
            )
        self.log.add(LoggedVote(rater, _text_of(differing), one.digest, other.digest, outcome))

    def undo(self, rater: str) -> bool:
        """Delete a rater's latest vote between these runs along these axes. Returns whether there was one."""
        return self.log.undo(self._texts, rater, [run.digest for run in self.runs])

    def count(self, rater: str) -> int:
        """The number of a rater's votes that count."""
        return sum(vote.rater == rater and vote.outcome != SKIP for vote in self._logged())

    def raters(self) -> list[str]:
        """The names of those who voted, in order."""
        return sorted({vote.rater for vote in self._logged()})

    def ranking(self, rater: str | None = None) -> Ranking | JointRanking:
        """What the votes say: all of them, or those of one rater."""
        places = [
            (vote.outcome, self._place(vote.left), self._place(vote.right), self._block_of(vote))
            for vote in self._logged()
            if rater is None or vote.rater == rater
        ]
        if len(self.judged) == 1:
            axis = self.judged[0]
            votes = [Vote(left[0], right[0], outcome, block) for outcome, left, right, block in places]
            ranking: Ranking | JointRanking = rank(axis, self.values[axis], votes, unit=self.unit)
        else:
            cast = [
                Cast(left, right, POINTS_OF[outcome], block)
                for outcome, left, right, block in places
                if outcome != SKIP
            ]
            ranking = rank_jointly(self.values, cast, unit=self.unit)
        return ranking if rater is None or ranking.votes else replace(ranking, remark=self._said_by_others(rater))

    def _said_by_others(self, rater: str) -> str:
        """Who voted, if a rater has not: the name may be written in another way."""
        cast = Counter(vote.rater for vote in self._logged() if vote.outcome != SKIP)
        others = named(
            f"{name or 'somebody without a name'} ({count(votes, 'vote')})" for name, votes in sorted(cast.items())
        )
        return f"{rater} has cast none" + (f", but these have: {others}" if others else "")

    def progress(self, rater: str) -> str:
        """How far it is, in words: the peak, how many more votes it takes, and whether raters agree.

        Parameters
        ----------
        rater:
            Who goes on to vote; the votes of all raters count.
        """
        judgements = [
            Judgement(
                vote.rater,
                (vote.left, vote.right),
                Cast(self._place(vote.left), self._place(vote.right), POINTS_OF[vote.outcome], self._block_of(vote)),
            )
            for vote in self._logged()
            if vote.outcome != SKIP
        ]
        return progress(self.values, self.ranking(), judgements)

    def outlook(self, ranking: Ranking | JointRanking, cells: Sequence[Mapping[str, Value]]) -> str:
        """What pictures of further cells would tell, in words.

        Parameters
        ----------
        ranking:
            What the votes say until now.
        cells:
            The values of the cells, by axis.
        """
        if ranking.belief is None or any(axis not in cell for cell in cells for axis in self.judged):
            return ""
        tried = list(dict.fromkeys(self._place(run.digest) for run in self.runs))
        return outlook(ranking.belief, tried, [tuple(cell[axis] for axis in self.judged) for cell in cells])

    # ------------------------------------------------------------------ what the log has

    @cached_property
    def _by_digest(self) -> dict[str, Candidate]:
        return {run.digest: run for run in self.runs}

    @cached_property
    def _texts(self) -> frozenset[str]:
        """How the log names the axes of the votes that count here: each of the judged axes, or several."""
        sizes = range(1, len(self.judged) + 1)
        return frozenset(_text_of(names) for size in sizes for names in combinations(self.judged, size))

    @cached_property
    def _choice(self) -> PairChoice:
        blocks: dict[Any, dict[Place, str]] = {}
        for run in self.runs:
            blocks.setdefault(self._values_of_others(run), {})[self._place(run.digest)] = run.run
        at = list(self.others).index("seed") if "seed" in self.others else None
        groups = {block: block if at is None else block[at] for block in blocks}
        return PairChoice(self.values, blocks, groups)

    def _place(self, digest: str) -> Place:
        values = self._by_digest[digest].values
        return tuple(values[axis] for axis in self.judged)

    def _values_of_others(self, run: Candidate) -> tuple[Value, ...]:
        return tuple(run.values[name] for name in self.others)

    def _block_of(self, vote: LoggedVote) -> Any:
        run = self._by_digest[vote.left]
        return run.values["seed"] if "seed" in self.others else self._values_of_others(run)

    def _logged(self) -> list[LoggedVote]:
        known = self._by_digest
        votes = [vote for _, vote in self.log.all()]
        return [vote for vote in votes if vote.axis in self._texts and vote.left in known and vote.right in known]

    def _judged(self) -> list[Judged]:
        known = self._by_digest
        return [
            Judged(known[vote.left].run, known[vote.right].run, vote.outcome, vote.rater) for vote in self._logged()
        ]


def _text_of(axes: Sequence[str]) -> str:
    """How the log names the axes in which the two runs of a vote differ."""
    return JOIN.join(sorted(axes))


def axes_of(text: str) -> list[str]:
    """The axes in which the two runs of a vote differ, from the log's name of them."""
    return text.split(JOIN)
