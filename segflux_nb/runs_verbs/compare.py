"""``runs.compare(...)``: runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..run import Run
from ..selection import Selection

if TYPE_CHECKING:
    from ..sheets.colours import ThemeName
    from ..sheets.sheet import ContactSheet


def compare(
    runs: Selection, *chosen: Run | str, theme: ThemeName | None = None, font: str | Path | None = None
) -> ContactSheet:
    """Two or more runs side by side: how their parameters differ, and how each picture differs from the first.

    Parameters
    ----------
    chosen:
        Runs, or their short names.
    theme:
        ``light`` or ``dark``. Left out, pictures are light (in notebooks as the environment variable
        ``SEGFLUX_THEME`` says), and HTML is as the reader's system prefers.
    font:
        The path of a font in which pictures are written: TrueType or OpenType. Left out, DejaVu Sans.

    Raises
    ------
    SegfluxError
        If a run is not one of these, or there are fewer than two.

    Example
    -------
    ``runs.compare(runs.one(lora_strength=0.4, seed=7), runs.one(lora_strength=0.8, seed=7))``
    """
    from ..sheets.comparison import compare as compare_rows

    digests = [runs._digest_of(run) for run in chosen]
    frame = runs._of_digests(digests).log
    return compare_rows(frame.set_index("digest", drop=True), digests, theme=theme, font=font)
