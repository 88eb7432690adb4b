"""Texts that are cut off, so that no two of them look the same. Pure.

Prompts often begin alike. Where two texts would be cut to the same, the words that they have in common at their
beginning are left out: ``… red hat``, ``… blue hat``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..markup import plain
from .fonts import wrap

ELLIPSIS = "…"

MOST_WORDS = 2
"""The most words that are shown of what only some texts begin with."""

MOST_NOTES = 3
"""The most beginnings that are named below a sheet."""


@dataclass
class Apart:
    """Texts in lines.

    Attributes
    ----------
    lines:
        The lines of each text, by the text.
    left_out:
        The beginnings that were left out.
    """

    lines: dict[str, list[str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each beginning that was left out, as far as there are few."""
        beginnings = list(dict.fromkeys(self.left_out))[:MOST_NOTES]
        return tuple(f"{ELLIPSIS} stands for “{beginning}”" for beginning in beginnings)


def wrapped_apart(
    texts: Sequence[str], width: float, size: int, *, lines: int, name: str = "", bold: bool = False
) -> Apart:
    """Texts in lines; texts that differ have lines that differ.

    Parameters
    ----------
    texts:
        The texts.
    width:
        The most pixels of a line.
    size:
        The height of the letters, in pixels.
    lines:
        The most lines of a text.
    name:
        What stands before each text, and is never left out.
    bold:
        Whether the letters are bold.
    """
    found = Apart()

    def in_lines(text: str) -> list[str]:
        return wrap(f"{name}{text}", width, size, lines=lines, bold=bold)

    found.lines = {text: in_lines(text) for text in texts}
    waiting = [(same, "", "") for same in _alike(found.lines)]
    while waiting:
        same, before, shown = waiting.pop(0)
        beginning = _common_beginning([plain(text) for text in same])
        if len(beginning) <= len(before):
            continue
        if before:  # others have another text here, and maybe the same end
            shown += " ".join(beginning[len(before) :].split()[:MOST_WORDS]) + " "
        shown += f"{ELLIPSIS} " if beginning.endswith(" ") else ELLIPSIS
        shorter = {text: in_lines(shown + plain(text)[len(beginning) :]) for text in same}
        found.lines |= shorter
        still_alike = _alike(shorter)
        waiting += [(one, beginning, shown) for one in still_alike]
        if [same] != still_alike:
            found.left_out.append(beginning.strip())
    return found


def _alike(lines: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The texts whose lines look the same."""
    by_lines: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for text, own in lines.items():
        by_lines[tuple(own)].append(text)
    return [same for same in by_lines.values() if len(same) > 1]


def _common_beginning(texts: Sequence[str]) -> str:
    """The whole words with which all texts begin; the letters, where a word is all that they have."""
    first, last = min(texts), max(texts)
    at = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    beginning = first[:at]
    return beginning[: beginning.rfind(" ") + 1] or beginning
