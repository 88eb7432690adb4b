"""The rows of a gallery's table, as its page reads them."""

from __future__ import annotations

from typing import Any


def names_of(table: dict[str, Any]) -> list[str]:
    """The names of the rows."""
    names = table["names"]
    if not names:
        return [str(number) for number in range(table["number"])]
    return names.split(" ") if isinstance(names, str) else list(names)


def code_of(table: dict[str, Any], row: int) -> str:
    """Python that selects a row of a frame."""
    label = table["select"]["labels"][row] if table["select"]["labels"] else row
    return f"frame.{table['select']['by']}[{label!r}]"
