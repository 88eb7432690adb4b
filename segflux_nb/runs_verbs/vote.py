"""``runs.vote(...)``: which of two runs is better."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..analysis.usual_axis import usual_axis
from ..errors import RunError
from ..run import Run, known_values, value_of
from ..selection import Selection
from ..sweep.names import TEMPLATE
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
    axis: str | Sequence[str] | None = None,
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
        The axis in which the two differ; a list of several if they may differ in any of them. Left out, the one that
        `tuner` takes.
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
    """The name of a rater as the log has it; the user of this machine if none is given.

    Raises
    ------
    RunError
        If the name is not text, or nothing of it can be seen.
    """
    from ..voting.pairwise import rater_name, this_rater

    if given is None:
        return this_rater()
    try:
        name = rater_name(as_text(given))
    except ValueError as error:
        raise RunError(f"rater={shown(given)} is not possible: {error}", remedy="Give a name") from None
    if not name:
        raise RunError(f"rater={shown(given)} is no name", remedy="Give a name, or leave rater out")
    return name


def comparison_of(runs: Selection, axis: str | Sequence[str] | None) -> PairwiseComparison:
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
    from ..sweep.names import LABEL
    from ..voting.pairwise import Candidate, PairwiseComparison

    judged = [usual_axis(runs.axes)] if axis is None else axes_named(axis)
    with_pictures = [run for run in runs if run.files.names[0] is not None]
    if not with_pictures:
        raise RunError(
            "None of these runs has a picture; there is nothing to compare",
            remedy="ws.run(sweep) makes them" if len(runs) else "Choose more runs",
        )
    placeholders = {name for run in with_pictures for name in run.labels if not name.endswith(LABEL)}
    for name in judged:
        if name not in placeholders:
            value_of(with_pictures[0], name)  # raises: no run has such a value
    axes = [name for name in runs.axes if not ("prompt" in judged and name in placeholders)]
    names = list(dict.fromkeys((*axes, "take", *judged)))
    candidates: dict[str, Candidate] = {}  # a prompt without a placeholder is in each of its cells
    for run in with_pictures:
        if all(name in known_values(run) for name in judged):
            candidates.setdefault(run.digest, Candidate(run.digest, _values(run, names)))
    return PairwiseComparison.of(runs.source.log.votes, list(candidates.values()), judged, axes)


def _values(run: Run, names: Iterable[str]) -> dict[str, Any]:
    """What tells a run from others. Of sweeps that were put together, some have placeholders that others lack.

    Parameters
    ----------
    run:
        The run.
    names:
        Names of parameters, labels, placeholders and facts.
    """
    known = {TEMPLATE: run.parameters["prompt"], **known_values(run)}
    return {name: known.get(name) for name in names}


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
