"""Texts that users give: titles, names, licences."""

from __future__ import annotations

from ..errors import RunError
from ..values import as_text, shown


def text_of(argument: str, given: object) -> str:
    """Text that a user gave; empty if none was given.

    Parameters
    ----------
    argument:
        The argument.
    given:
        What the user gave.

    Raises
    ------
    RunError
        If it is no text.
    """
    try:
        return "" if given is None else as_text(given)
    except ValueError as error:
        raise RunError(f"{argument}={shown(given)} is not possible: {error}", remedy="Give text") from None
