"""Patterns of file names, such as ``{checkpoint}-{step:d}-{seed:d}.png``: the opposite of `str.format`. Pure."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import PatternError
from ..sheets.picture_column import ENDINGS
from ..values import shown

_EXAMPLE = 'Write, for example, pattern="{checkpoint}-{step:d}-{seed:d}.png"'

_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_KINDS = {"": r"[^/]+?", "d": r"[+-]?[0-9]{1,18}", "g": _NUMBER, "f": _NUMBER}


@dataclass(frozen=True)
class NamePattern:
    """A pattern of file names.

    Attributes
    ----------
    text:
        As it was written.
    expression:
        What names are compared with.
    kinds:
        By column: ``d`` for integers, ``g`` for numbers, nothing for text.
    levels:
        How many folders the pattern has before the name of the file.
    has_ending:
        Whether it says how the name of the file ends.
    """

    text: str
    expression: re.Pattern[str]
    kinds: dict[str, str]
    levels: int
    has_ending: bool

    @classmethod
    def of(cls, pattern: str) -> NamePattern:
        """A pattern that was written by a user.

        Parameters
        ----------
        pattern:
            ``{name}`` stands for text, ``{name:d}`` for an integer, ``{name:g}`` for a number, and ``{}`` for text
            that does not matter. With slashes it says how the folders are called, too.

        Raises
        ------
        PatternError
            Where it is not such a pattern.

        Example
        -------
        >>> NamePattern.of("{checkpoint}-{step:d}.png").read(("a", "tok-v2-500.png"))
        {'checkpoint': 'tok-v2', 'step': 500}
        """
        if not isinstance(pattern, str):
            raise PatternError(f"pattern={shown(pattern)} is not text", remedy=_EXAMPLE)
        try:
            parts = list(string.Formatter().parse(pattern))
        except ValueError as error:
            raise PatternError(f"pattern={shown(pattern)} is not a pattern: {error}", remedy=_EXAMPLE) from None
        kinds: dict[str, str] = {}
        expression, before = "", "/"
        for literal, name, form, conversion in parts:
            expression += re.escape(literal)
            before = literal[-1:] or before
            if name is None:
                continue
            if not before:
                raise PatternError(
                    f"pattern={shown(pattern)} has nothing between two names, so nothing tells where one ends",
                    remedy="Write what stands between them",
                )
            before = ""
            form = form or ""
            if form not in _KINDS or conversion or (name and not name.isidentifier()) or name in kinds:
                raise PatternError(
                    f"pattern={shown(pattern)} is not possible: {{{name}{':' * bool(form)}{form}}} is not a name that"
                    " occurs once, with :d for an integer, :g for a number, or nothing for text",
                    remedy=_EXAMPLE,
                )
            if name in ("image", "tool", "width", "height"):
                raise PatternError(
                    f"pattern={shown(pattern)} names {name}, which is a column of the frame already",
                    remedy="Use another name",
                )
            expression += f"(?P<{name}>{_KINDS[form]})" if name else f"(?:{_KINDS[form]})"
            if name:
                kinds[name] = form
        if not kinds:
            raise PatternError(f"pattern={shown(pattern)} names no column", remedy=_EXAMPLE)
        ending = pattern.lower().endswith(ENDINGS)
        return cls(pattern, re.compile(expression, re.DOTALL), kinds, pattern.count("/"), ending)

    def read(self, parts: Sequence[str]) -> dict[str, str | int | float] | None:
        """The values in a name; None where it does not fit the pattern.

        Parameters
        ----------
        parts:
            The folders on the way to the file, and its name.
        """
        if len(parts) <= self.levels:
            return None
        name = "/".join(parts[len(parts) - 1 - self.levels :])
        if not self.has_ending:
            name = name.rpartition(".")[0] or name
        found = self.expression.fullmatch(name)
        if found is None:
            return None
        numbers = {"d": int, "g": float, "f": float, "": str}
        return {column: numbers[kind](found[column]) for column, kind in self.kinds.items()}
