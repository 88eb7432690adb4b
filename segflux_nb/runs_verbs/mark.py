"""``runs.mark(...)``: stars, picks and notes."""

from __future__ import annotations

from ..errors import RunError
from ..run import Run
from ..selection import Selection
from ..values import as_integer, as_python, as_text, is_missing, shown


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
        0 to 5. This, `pick` and `note` may be values of a frame: a missing one is left out.
    pick:
        Whether you choose the run.
    note:
        Any text.

    Raises
    ------
    RunError
        If the run is not one of these, the stars are not 0 to 5, the pick is not true or false, or the note is not
        text.

    Example
    -------
    ``runs.mark(runs.one(seed=7, lora_strength=0.8), stars=4, note="best hands")``
    """
    from ..voting.pairwise import this_rater

    digest = runs._digest_of(run)
    runs.source.log.marks.set(
        digest, this_rater(), stars=checked_stars(stars), pick=checked_pick(pick), note=checked_note(note)
    )


def checked_stars(value: object) -> int | None:
    """A rating from 0 to 5; None for a missing value.

    Raises
    ------
    RunError
        For anything else.
    """
    if is_missing(value):
        return None
    try:
        stars = as_integer(value)
    except ValueError:
        stars = -1
    if not 0 <= stars <= 5:
        raise RunError(f"stars={shown(value)} is not a number from 0 to 5", remedy="Write stars=4")
    return stars


def checked_pick(value: object) -> bool | None:
    """True or false; None for a missing value.

    Raises
    ------
    RunError
        For anything else.
    """
    if is_missing(value):
        return None
    pick = as_python(value)
    if not isinstance(pick, int | float) or pick not in (0, 1):
        raise RunError(f"pick={shown(value)} is not true or false", remedy="Write pick=True")
    return bool(pick)


def checked_note(value: object) -> str | None:
    """A text; None for a missing value.

    Raises
    ------
    RunError
        For anything else.
    """
    if is_missing(value):
        return None
    try:
        return as_text(value)
    except ValueError as error:
        raise RunError(f"note={shown(value)} is not possible: {error}", remedy="Give text") from None
