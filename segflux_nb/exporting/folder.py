"""A folder that explains itself: pictures under readable names, tables, the contact sheet, a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from ..errors import SegfluxError
from ..service.secret import redact
from ..sheets.pivot import arrange
from ..sheets.sheet import ContactSheet
from ..sheets.values import picture_column
from .picture_files import copy_pictures, within
from .report import report
from .tables import to_csv, to_jsonl, to_parquet


def export(
    frame: pd.DataFrame,
    folder: Path,
    *,
    title: str = "",
    axes: Sequence[str] | None = None,
    image: str | None = None,
    names: str | None = None,
    metadata: bool = True,
    parquet: bool = False,
) -> Path:
    """Write ``pictures/``, ``runs.csv``, ``runs.jsonl``, ``contact-sheet.png`` and ``report.html`` into a folder.

    Files of an earlier export are replaced; nothing else in the folder is touched.

    Parameters
    ----------
    frame:
        `Runs.df` or `Runs.log`, or any frame with a column of pictures.
    folder:
        Where; made if need be.
    title:
        Of the sheet and the report.
    axes:
        The axes in their order; the frame's own (``frame.attrs``) or none if left out.
    image, names, metadata:
        See `copy_pictures`.
    parquet:
        Also write ``runs.parquet``.

    Raises
    ------
    SegfluxError
        Where a text holds what looks like an API key, or the disk does not do what it must.
    """
    axes = list(frame.attrs.get("segflux_axes", ()) if axes is None else axes)
    column = picture_column(frame, image)
    refuse_keys(f"{to_jsonl(frame.drop(columns=column))}{title}{names}")
    with disk_errors(folder):
        copies = copy_pictures(frame, folder / "pictures", axes=axes, image=column, names=names, metadata=metadata)
        table = frame.assign(**{column: "pictures/" + copies})
        within(folder / "runs.csv").write_text(to_csv(table), encoding="utf-8")
        within(folder / "runs.jsonl").write_text(to_jsonl(table), encoding="utf-8")
        if parquet:
            to_parquet(table, within(folder / "runs.parquet"))
        if len(frame):
            layout = arrange(frame, axes=axes, image=column, title=title)
            ContactSheet(layout).save(within(folder / "contact-sheet.png"))
            within(folder / "report.html").write_text(
                report(frame, axes, image=column, title=title), encoding="utf-8"
            )
    return folder


def refuse_keys(text: str) -> None:
    """Raise where a text that is about to be written holds what looks like an API key."""
    if redact(text) != text:
        raise SegfluxError(
            "The table holds what looks like an API key, and is not written",
            remedy="Take the key out of the prompt, note or label that holds it, and make that key invalid",
        )


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn what the disk says into an error that says what to do."""
    try:
        yield
    except OSError as error:
        raise SegfluxError(
            f"The export to {folder} failed: {error.strerror or error}", remedy="Give a folder that can be written"
        ) from None
