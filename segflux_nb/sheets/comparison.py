"""Two pictures or more side by side: what differs in their parameters, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..errors import LayoutError
from .colours import ThemeName
from .pivot import NEVER_AXES, arrange
from .sheet import ContactSheet
from .values import picture_column, value_labels


def compare(
    frame: pd.DataFrame, chosen: Sequence[Any], *, image: str | None = None, theme: ThemeName = "light"
) -> ContactSheet:
    """The rows of a frame with these index labels, in this order; below each its difference from the first.

    Raises
    ------
    LayoutError
        For fewer than two rows, or one that the frame does not have.
    """
    if len(chosen) < 2:
        raise LayoutError("A comparison needs two runs or more", remedy="Name them: compare(a, b)")
    missing = [label for label in chosen if label not in frame.index]
    if missing:
        raise LayoutError(f"The frame has no row {missing[0]!r}", remedy="Give labels of its index")
    rows = frame.loc[list(chosen)]
    if len(rows) != len(chosen):
        raise LayoutError("The frame has several rows with the same index label", remedy="frame.reset_index()")
    picture = picture_column(rows, image)
    words = {
        name: value_labels(rows, name)
        for name in rows.columns
        if name not in NEVER_AXES | {picture, "take"} and not str(name).endswith("_label")
    }
    differing = [name for name, labels in words.items() if len(set(labels)) > 1]
    axis = ", ".join(map(str, differing)) or "nothing differs"
    labels = [", ".join(words[name][at] for name in differing) for at in range(len(rows))]
    names = rows["run"] if "run" in rows.columns else rows.index
    labels = [
        label if labels.count(label) == 1 and label else f"{label} {name}".strip()
        for label, name in zip(labels, names, strict=True)
    ]
    title = "; ".join(f"{name}: {' → '.join(words[name])}" for name in differing) or "The same parameters"
    table = rows.assign(**{axis: labels})
    # Several rows may ask for the same: then the difference is of the pictures alone.
    layout = arrange(table, cols=axis, axes=[axis], image=picture, title=title, relative_to={axis: labels[0]})
    return ContactSheet(layout, theme=theme)
