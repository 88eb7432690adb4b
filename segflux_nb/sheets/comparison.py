"""Two or more pictures side by side: how their parameters differ, and where the pictures differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import LayoutError
from ..sweep.names import TEMPLATE
from ..values import shown
from .axes import is_measured
from .colours import ThemeName
from .fonts import font_file
from .frame_column import FrameColumn
from .frame_view import FrameView
from .grid import difference_note
from .pivot import arrange
from .reading import with_missing_files
from .sheet import ContactSheet


def compare(
    frame: pd.DataFrame,
    chosen: Sequence[Any],
    *,
    image: str | None = None,
    theme: ThemeName | None = None,
    font: str | Path | None = None,
) -> ContactSheet:
    """Some rows of a frame side by side, each with its difference from the first.

    Parameters
    ----------
    frame:
        `Runs.df`, or any frame with a column of pictures.
    chosen:
        Labels of the frame's index, in the order in which their rows are shown.
    image:
        The column of pictures. It is found by its name, or by what it holds, if left out.
    theme:
        ``light`` or ``dark``. Left out, pictures are light (in notebooks as the environment variable
        ``SEGFLUX_THEME`` says), and HTML is as the reader's system prefers.
    font:
        The path of a font in which pictures are written: TrueType or OpenType. Left out, DejaVu Sans.

    Raises
    ------
    LayoutError
        For fewer than two rows, or a label that the frame's index does not have.
    """
    file = font_file(font)
    if len(chosen) < 2:
        raise LayoutError("A comparison needs two runs or more", remedy="Write compare(a, b)")
    missing = [label for label in chosen if not _is_label(label, frame.index)]
    if missing:
        raise LayoutError(f"The frame has no row {shown(missing[0])}", remedy="Use labels of its index")
    part = frame.loc[list(chosen)]
    if len(part) != len(chosen):
        raise LayoutError(
            "Several rows of the frame have the same index label", remedy="Use frame.reset_index() first"
        )
    view = FrameView.of(part, image=image)
    differing = _differing(view, FrameView.of(frame, image=view.image))
    axis = ", ".join(str(column.name) for column in differing) or "nothing differs"
    labels = [", ".join(column.labels[at] for column in differing) for at in range(len(view))]
    # Rows with the same parameters are told apart by their runs.
    names = view.row_names
    labels = [
        label if labels.count(label) == 1 and label else f"{label} {name}".strip()
        for label, name in zip(labels, names, strict=True)
    ]
    title = "; ".join(f"{column.name}: {' → '.join(column.labels)}" for column in differing) or "The same parameters"
    table = replace(view.with_column(axis, labels), axes=(axis,))
    layout = arrange(table, cols=axis, title=title, relative_to={axis: labels[0]})
    if len(differing) > 1:
        of_first = {difference_note(f"{axis} {labels[0]}"): difference_note("the first one")}
        layout = replace(layout, notes=tuple(of_first.get(note, note) for note in layout.notes))
    return ContactSheet(with_missing_files(layout), theme=theme, font=file)


def _differing(view: FrameView, whole: FrameView) -> list[FrameColumn]:
    """The settings in which the chosen rows differ.

    Of runs they are what was asked of the service. A table of others does not say which of its columns are settings:
    measurements count only where nothing else differs.

    Parameters
    ----------
    view:
        The chosen rows.
    whole:
        The frame that they are from.
    """
    columns = [view.column(name) for name in view.settings if name != "take" or not view.is_of_runs]
    differing = [column for column in columns if len(set(column.labels)) > 1]
    names = {column.name for column in differing}
    if "prompt" in names and TEMPLATE in view and TEMPLATE not in names and not view.column("prompt").given_labels:
        # The placeholders say how the prompts differ.
        differing = [column for column in differing if column.name != "prompt"]
    if view.is_of_runs:
        return differing
    return [column for column in differing if not is_measured(whole, column.name)] or differing


def _is_label(label: Any, index: pd.Index[Any]) -> bool:
    try:
        return label in index
    except TypeError:  # it has no hash
        return False
