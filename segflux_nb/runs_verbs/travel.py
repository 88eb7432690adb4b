"""``runs.travel("lora_strength")``: a loop along an axis."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..selection import Selection

if TYPE_CHECKING:
    from ..sheets.colours import ThemeName
    from ..sheets.travel import Travel


def travel(
    runs: Selection,
    axis: str,
    *,
    cols: str | None = None,
    rows: str | None = None,
    title: str = "",
    crossfade: bool = False,
    theme: ThemeName | None = None,
    font: str | Path | None = None,
) -> Travel:
    """A loop along an axis: the pictures of one value after the other, from the first to the last and back.

    The other axes stand beside each other as on a sheet: the first one not named side by side, the second one below
    each other. The value is always written in the same place, with a line that shows where on the axis it is. In a
    notebook the loop is an animated WebP. Where the reader's system asks for less motion, a still sheet is shown.

    Parameters
    ----------
    axis:
        The axis, or another column. Each of its values is shown for a moment, the first and the last one for longer.
    cols:
        The axis whose values stand side by side.
    rows:
        The axis whose values stand below each other.
    title:
        Text above the pictures; left out, the title of the runs.
    crossfade:
        Whether each picture fades into the next one.
    theme:
        ``light`` or ``dark``. Left out, light; in notebooks as the environment variable ``SEGFLUX_THEME`` says.
    font:
        The path of a font: TrueType or OpenType. Left out, DejaVu Sans.

    Raises
    ------
    SegfluxError
        If an axis does not exist, it has fewer than two values, or there is nothing to show.

    Example
    -------
    ``runs.travel("lora_strength").save("travel.webp")``
    """
    from ..sheets.travel import travel as travel_of

    return travel_of(
        runs._frame_to_show,
        axis,
        cols=cols,
        rows=rows,
        title=title or runs.title,
        crossfade=crossfade,
        theme=theme,
        font=font,
    )
