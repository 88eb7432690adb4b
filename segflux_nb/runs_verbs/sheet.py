"""``runs.sheet()``: the contact sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..selection import Selection
from .by_sweep import by_sweep

if TYPE_CHECKING:
    from ..sheets.colours import ThemeName
    from ..sheets.sheet import ContactSheet


def sheet(
    runs: Selection,
    *,
    cols: str | None = None,
    rows: str | None = None,
    by: str | Sequence[str] | None = None,
    title: str = "",
    captions: str | Sequence[str] = (),
    border: str | None = None,
    heat: str | None = None,
    relative_to: Mapping[str, Any] | None = None,
    theme: ThemeName | None = None,
    font: str | Path | None = None,
) -> ContactSheet:
    """The contact sheet. The first axis not named becomes the columns, the second the rows, the third the outer axis.

    Runs of several sweeps that are no whole grid together are shown sweep by sweep, each with its own axes, unless an
    axis is named here.

    Parameters
    ----------
    cols:
        The axis, or another column, whose values are the columns of the sheet.
    rows:
        The axis, or another column, whose values are its rows.
    by:
        The outer axis; a list makes a grid of each combination of their values, and ``[]`` means none.
    title:
        Text above the pictures; left out, the title of the runs.
    captions:
        Columns whose values are written under each picture.
    border:
        A column of numbers, shown as the colour of a border; where runs share a cell, their mean.
    heat:
        A column of numbers, shown instead of the pictures; where runs share a cell, their mean.
    relative_to:
        Values of axes, such as ``{"lora_strength": 0.0}``. Each picture gets below it the difference from the picture
        that has these values and is the same in all other axes.
    theme:
        ``light`` or ``dark``. Left out, pictures are light (in notebooks as the environment variable
        ``SEGFLUX_THEME`` says), and HTML is as the reader's system prefers.
    font:
        The path of a font in which pictures are written: TrueType or OpenType. Left out, DejaVu Sans.

    Raises
    ------
    SegfluxError
        If a column does not exist, or there is nothing to show.

    Example
    -------
    ``runs.sheet(cols="lora_strength", rows="seed", relative_to={"lora_strength": 0.0})``
    """
    from ..sheets.sheet import contact_sheet, sheet_of_sweeps

    whole = contact_sheet(
        runs._frame_to_show,
        cols=cols,
        rows=rows,
        by=by,
        title=title or runs.title,
        captions=captions,
        border=border,
        heat=heat,
        relative_to=relative_to,
        theme=theme,
        font=font,
    )
    is_chosen = cols or rows or by is not None or border or heat or relative_to
    if is_chosen or runs.name or not whole.has_gaps:
        return whole
    parts = [(part.title, part._frame_to_show) for part in by_sweep(runs) if part.counts]
    return sheet_of_sweeps(whole, parts, captions=captions, theme=theme, font=font)
