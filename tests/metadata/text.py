"""A text of a picture, and how it is to be read."""

from dataclasses import dataclass, field
from typing import Any

ABSENT = object()
"""Stands for a parameter that must not be read."""


@dataclass(frozen=True)
class Text:
    """Texts of a picture, and how they are to be read.

    Attributes
    ----------
    name:
        What is odd about it.
    source:
        The program.
    texts:
        The texts, by keyword.
    parameters:
        Parameters that must be read so.
    rest:
        Keys that must be in the rest.
    """

    name: str
    source: str
    texts: dict[str, str]
    parameters: dict[str, Any]
    rest: tuple[str, ...] = field(default=())
