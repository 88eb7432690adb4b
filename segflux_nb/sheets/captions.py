"""How the captions of a sheet are written: on one line with the names of their columns, or a value a line.

Names stand before their values: "1 seed" would read as one seed. Where the names do not fit, they move below the
sheet, so that what is cut off is never the value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from .apart import wrapped_apart
from .fonts import text_width, wrap
from .layout import Cell, Layout

MOST_LINES = 4
"""The most lines of a caption."""


@dataclass(frozen=True)
class CaptionForm:
    """The form of all captions of a sheet.

    Attributes
    ----------
    lines:
        How many lines each caption has room for.
    has_names:
        Whether the names of the columns stand before the values.
    is_stacked:
        Whether each value has a line of its own.
    names:
        The names of the columns, for the line below the sheet.
    short:
        The line of each text, where each has one of its own.
    left_out:
        Sentences about beginnings of texts that are left out.
    """

    lines: int
    has_names: bool
    is_stacked: bool
    names: tuple[str, ...]
    short: Mapping[str, Sequence[str]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def note(self) -> tuple[str, ...]:
        """The line below the sheet that names the columns, where the captions do not."""
        if self.has_names or not self.names:
            return ()
        return (f"Below each picture: {' · '.join(self.names)}",)

    def lines_of(self, cell: Cell, width: int, size: int) -> list[str]:
        """The lines of a cell's caption.

        Parameters
        ----------
        cell:
            The cell.
        width:
            The width of its picture, in pixels.
        size:
            The height of the letters, in pixels.
        """
        texts = _texts(cell, has_names=self.has_names)
        texts = texts if self.is_stacked else [" · ".join(filter(None, texts))]
        return [
            line
            for text in texts[: self.lines]
            for line in (self.short.get(text) or wrap(text, width, size, lines=1) or [""])
        ]


def caption_form(layout: Layout, width: int, size: int) -> CaptionForm:
    """The form in which the captions of a sheet fit best below its pictures.

    Parameters
    ----------
    layout:
        The sheet.
    width:
        The width of a picture, in pixels.
    size:
        The height of the letters, in pixels.
    """
    captioned = [cell for cell in layout.cells if cell.captions]
    if not captioned:
        return CaptionForm(0, has_names=True, is_stacked=False, names=())
    names = tuple(dict.fromkeys(name for cell in captioned for _, name in cell.captions if name))
    most = min(MOST_LINES, max(len(cell.captions) for cell in captioned))

    def fits(*, has_names: bool, is_stacked: bool) -> bool:
        texts = [_texts(cell, has_names=has_names) for cell in captioned]
        lines = {line for own in texts for line in (own if is_stacked else [" · ".join(filter(None, own))])}
        return all(text_width(line, size) <= width for line in lines)

    # Before a word, a name would read as a part of it: "words at dawn".
    is_text = any(value[:1].isalpha() for cell in captioned for value, name in cell.captions if name)
    for has_names, is_stacked in ((True, False), (True, True), (False, False)):
        if not (is_text and has_names) and fits(has_names=has_names, is_stacked=is_stacked):
            return CaptionForm(most if is_stacked else 1, has_names, is_stacked, names)
    apart = [
        wrapped_apart([text for text in column if text is not None], width, size, lines=1)
        for column in zip_longest(*(_texts(cell, has_names=False)[:most] for cell in captioned))
    ]
    short = {text: lines for column in reversed(apart) for text, lines in column.lines.items()}
    notes = tuple(note for column in apart for note in column.notes)
    return CaptionForm(most, has_names=False, is_stacked=True, names=names, short=short, left_out=notes)


def _texts(cell: Cell, *, has_names: bool) -> list[str]:
    return [" ".join(filter(None, (name if has_names else "", value))) for value, name in cell.captions]
