"""``runs.vote(...)``: which of two runs is better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import RunError
from ..run import Run, value_of
from ..selection import Selection
from ..sweep.request import RUN_DIGITS
from ..values import as_python, as_text, several, shown

if TYPE_CHECKING:
    from ..voting.pairwise import PairwiseComparison


def vote(
    runs: Selection,
    left: Run | str,
    right: Run | str,
    outcome: str,
    *,
    axis: str | Sequence[str] = "lora_strength",
    rater: str | None = None,
) -> None:
    """Say which of two runs is better. The vote is on disk at once. The tuner asks for such votes, blind.

    Parameters
    ----------
    left:
        A run, or its short name.
    right:
        Another one, which differs from it in the axis alone, or in several if several are given.
    outcome:
        ``left``, ``right``, ``tie`` or ``skip``.
    axis:
        The axis in which the two differ; a list of several if they may differ in any of them.
    rater:
        Who judges; your user name on this machine if left out.

    Raises
    ------
    RunError
        If the two differ in something else, or the outcome is not one of the four.

    Example
    -------
    ``runs.vote(runs.one(seed=7, lora_strength=0.4), runs.one(seed=7, lora_strength=0.8), "right")``
    """
    digests = [runs._digest_of(run) for run in (left, right)]
    try:
        comparison = comparison_of(runs._of_digests(digests), axis)
    except RunError:  # what all runs say tells better what is wrong with two
        comparison = comparison_of(runs, axis)
    one, other = (digest[:RUN_DIGITS] for digest in digests)
    comparison.vote(one, other, as_python(outcome), rater_named(rater))


def rater_named(given: str | None) -> str:
    """Who judges: the name that was given, or the user of this machine.

    Raises
    ------
    RunError
        If the name is not text.
    """
    from ..voting.pairwise import this_rater

    if given is None:
        return this_rater()
    try:
        return as_text(given)
    except ValueError as error:
        raise RunError(f"rater={shown(given)} is not possible: {error}", remedy="Give a name") from None


def comparison_of(runs: Selection, axis: str | Sequence[str]) -> PairwiseComparison:
    """The votes between these runs along one or several axes.

    Parameters
    ----------
    runs:
        What is compared.
    axis:
        In what the two of a pair may differ.

    Raises
    ------
    RunError
        If fewer than two values of an axis have pictures, or what is given is no name.
    """
    from ..voting.pairwise import Candidate, PairwiseComparison

    judged = axes_named(axis)
    names = dict.fromkeys((*runs.axes, "take", *judged))
    candidates = [
        Candidate(run.digest, {name: value_of(run, name) for name in names}) for run in runs if run.path is not None
    ]
    return PairwiseComparison.of(runs.source.log.votes, candidates, judged, list(runs.axes))


def axes_named(axis: str | Sequence[str]) -> list[str]:
    """The names of axes: one, or several in a list.

    Raises
    ------
    RunError
        If what is given is no name and no list of names, or the list is empty.
    """
    given = several(axis)
    try:
        names = [as_text(one) for one in ([axis] if given is None else given)]
    except ValueError as error:
        raise RunError(f"axis={shown(axis)} is not possible: {error}", remedy="Give the name of an axis") from None
    if not names:
        raise RunError("axis=[] names no axis", remedy='Write axis="lora_strength", or a list of axes')
    return names
