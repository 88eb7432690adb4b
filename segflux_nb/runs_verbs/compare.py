"""``runs.compare(...)``: runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..run import Run
from ..selection import Selection

if TYPE_CHECKING:
    from ..sheets.colours import ThemeName
    from ..sheets.sheet import ContactSheet


def compare(runs: Selection, *chosen: Run | str, theme: ThemeName = "light") -> ContactSheet:
    """Two or more runs side by side: how their parameters differ, and how each picture differs from the first.

    Parameters
    ----------
    chosen:
        Runs, or their short names.
    theme:
        ``light`` or ``dark``.

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
    return compare_rows(frame.set_index("digest", drop=True), digests, theme=theme)
