"""Patterns of file names, such as ``{checkpoint}-{step:d}-{seed:d}.png``: the opposite of `str.format`. Pure."""

from __future__ import annotations

import os
import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import PatternError
from ..sheets.picture_column import ENDINGS
from ..values import shown

_EXAMPLE = 'Write, for example, pattern="{checkpoint}-{step:d}-{seed:d}.png"'

_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_KINDS = {
    form: re.compile(kind, re.DOTALL)
    for form, kind in {"": r"[^/]+", "d": r"[+-]?[0-9]{1,18}", "g": _NUMBER, "f": _NUMBER}.items()
}


@dataclass(frozen=True)
class _Field:
    """What a name in braces stands for.

    Attributes
    ----------
    name:
        The column; empty for text that does not matter.
    form:
        Its kind: a key of `_KINDS`.
    """

    name: str
    form: str


@dataclass(frozen=True)
class NamePattern:
    """A pattern of file names.

    Attributes
    ----------
    text:
        As it was written.
    tokens:
        What a name consists of: texts, and fields between them.
    kinds:
        By column: ``d`` for integers, ``g`` for numbers, nothing for text.
    levels:
        How many folders the pattern has before the name of the file.
    ending:
        How the name of the file ends, if it says so; capital letters or small ones make no difference.
    """

    text: str
    tokens: tuple[str | _Field, ...]
    kinds: dict[str, str]
    levels: int
    ending: str

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
        folders = pattern.replace(os.sep, "/").split("/")
        if ".." in folders or folders[0] == "" or "" in folders[1:]:
            raise PatternError(
                f"pattern={shown(pattern)} is not possible: names begin in the folder that is read",
                remedy=_EXAMPLE,
            )
        text = "/".join(folder for folder in folders if folder != ".")
        try:
            parts = list(string.Formatter().parse(text))
        except ValueError as error:
            raise PatternError(f"pattern={shown(pattern)} is not a pattern: {error}", remedy=_EXAMPLE) from None
        kinds: dict[str, str] = {}
        tokens: list[str | _Field] = []
        before = "/"
        for literal, name, form, conversion in parts:
            tokens += [literal] if literal else []
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
            tokens.append(_Field(name, form))
            if name:
                kinds[name] = form
        if not kinds:
            raise PatternError(f"pattern={shown(pattern)} names no column", remedy=_EXAMPLE)
        _, dot, ending = text.rpartition(".")
        has_ending = text.lower().endswith(ENDINGS)
        return cls(pattern, tuple(tokens), kinds, text.count("/"), f"{dot}{ending}" if has_ending else "")

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
        if not self.ending:
            name = name.rpartition(".")[0] or name
        elif name.lower().endswith(self.ending.lower()):
            name = name[: len(name) - len(self.ending)] + self.ending
        found: dict[str, str] = {}
        if not self._fits(name, 0, 0, found, set()):
            return None
        numbers = {"d": int, "g": float, "f": float, "": str}
        return {column: numbers[kind](found[column]) for column, kind in self.kinds.items()}

    def _fits(self, name: str, number: int, at: int, found: dict[str, str], failed: set[tuple[int, int]]) -> bool:
        """Whether the rest of a name fits the rest of the pattern.

        A regular expression would try every combination of places where several texts may end; here each rest that
        does not fit is remembered, so that a name takes time by its length and not by its combinations.

        Parameters
        ----------
        name:
            The name.
        number:
            The first token of the rest of the pattern.
        at:
            Where the rest of the name begins.
        found:
            Gets the text of each field.
        failed:
            What is known not to fit: tokens, each with a place.
        """
        if number == len(self.tokens):
            return at == len(name)
        if (number, at) in failed:
            return False
        token = self.tokens[number]
        if isinstance(token, str):
            if name.startswith(token, at) and self._fits(name, number + 1, at + len(token), found, failed):
                return True
        else:
            ends = list(self._ends(name, number, at))
            for end in ends if token.form == "" else reversed(ends):
                text = name[at:end]
                if _KINDS[token.form].fullmatch(text) and self._fits(name, number + 1, end, found, failed):
                    if token.name:
                        found[token.name] = text
                    return True
        failed.add((number, at))
        return False

    def _ends(self, name: str, number: int, at: int) -> Iterator[int]:
        """Where a field may end: at the end of the name, or where the text after it stands."""
        if number + 1 == len(self.tokens):
            yield len(name)
            return
        after = self.tokens[number + 1]
        end = name.find(str(after), at + 1)
        while end >= 0:
            yield end
            end = name.find(str(after), end + 1)
