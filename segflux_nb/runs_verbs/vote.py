"""``runs.vote(...)``: which of two runs is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import RunError
from ..run import Run, value_of
from ..selection import Selection
from ..sweep.request import RUN_DIGITS
from ..values import as_python, as_text, shown

if TYPE_CHECKING:
    from ..voting.pairwise import PairwiseComparison


def vote(
    runs: Selection,
    left: Run | str,
    right: Run | str,
    outcome: str,
    *,
    axis: str = "lora_strength",
    rater: str | None = None,
) -> None:
    """Say which of two runs is better. The vote is on disk at once. The tuner asks for such votes, blind.

    Parameters
    ----------
    left:
        A run, or its short name.
    right:
        Another one, which differs from it in the axis alone.
    outcome:
        ``left``, ``right``, ``tie`` or ``skip``.
    axis:
        The axis in which the two differ.
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


def comparison_of(runs: Selection, axis: str) -> PairwiseComparison:
    """The votes between these runs along an axis.

    Parameters
    ----------
    runs:
        What is compared.
    axis:
        In what the two of a pair differ.

    Raises
    ------
    RunError
        If fewer than two values of the axis have pictures.
    """
    from ..voting.pairwise import Candidate, PairwiseComparison

    try:
        axis = as_text(axis)
    except ValueError as error:
        raise RunError(f"axis={shown(axis)} is not possible: {error}", remedy="Give the name of an axis") from None
    names = (*runs.axes, *(name for name in ("take", axis) if name not in runs.axes))
    candidates = [
        Candidate(run.digest, {name: value_of(run, name) for name in names}) for run in runs if run.path is not None
    ]
    return PairwiseComparison.of(runs.source.log.votes, candidates, axis, list(runs.axes))
