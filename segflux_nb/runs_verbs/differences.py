"""``runs.differences(relative_to=...)``: how far each picture is from a reference, as a frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..selection import Selection

if TYPE_CHECKING:
    import pandas as pd


def differences(runs: Selection, *, relative_to: Mapping[str, Any]) -> pd.DataFrame:
    """How far each picture is from the one that has other values of some axes: the numbers of the sheet's strip.

    Parameters
    ----------
    relative_to:
        Values of axes, such as ``{"lora_strength": 0.0}``. A picture is compared with the one that has these values
        and is the same in all other axes.

    Returns
    -------
    pandas.DataFrame
        A row for each run: ``run``, the axes, ``reference`` (the run that it is compared with) and ``difference``,
        the mean CIE76 colour difference, ``ΔE`` on sheets. Both are missing where a picture is.

    Raises
    ------
    SegfluxError
        If a name is no axis, no run has these values, or there is nothing to show.

    Example
    -------
    ``runs.differences(relative_to={"steps": 50}).groupby("steps")["difference"].mean()``
    """
    from ..sheets.differences import differences_of

    return differences_of(runs._frame_to_show, list(runs.axes), relative_to)
