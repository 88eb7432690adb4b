"""``runs.mark(...)``: stars, picks and notes."""

from __future__ import annotations

from ..errors import RunError
from ..run import Run
from ..selection import Selection
from ..voting.pairwise import this_rater


def mark(
    runs: Selection,
    run: Run | str,
    *,
    stars: int | None = None,
    pick: bool | None = None,
    note: str | None = None,
) -> None:
    """Rate a run. The mark is on disk at once, and in the next `df`. What you leave out stays as it is.

    Parameters
    ----------
    run:
        A run, or its short name.
    stars:
        0 to 5.
    pick:
        Whether you choose the run.
    note:
        Any text.

    Raises
    ------
    RunError
        If the run is not one of these, or the stars are not 0 to 5.

    Example
    -------
    ``runs.mark(runs.one(seed=7, lora_strength=0.8), stars=4, note="best hands")``
    """
    digest = runs._digest_of(run)
    if stars is not None and (isinstance(stars, bool) or stars not in range(6)):
        raise RunError(f"stars={stars!r} is not a number from 0 to 5")
    runs.source.log.marks.set(digest, this_rater(), stars=stars, pick=pick, note=note)
