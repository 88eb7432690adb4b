"""A folder that explains itself: pictures under readable names, tables, the contact sheet, a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from ..errors import SegfluxError
from ..service.secret import redact
from ..sheets.frame_view import FrameView
from ..sheets.pivot import arrange
from ..sheets.sheet import ContactSheet
from .picture_files import unlinked, write_pictures
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

    Files of an earlier export are replaced. Other files in the folder stay as they are.

    Parameters
    ----------
    frame:
        `Runs.df` or `Runs.log`, or any frame with a column of pictures.
    folder:
        The folder; it is made if it does not exist.
    title:
        The title of the sheet and the report.
    axes:
        The names of the axes, in their order. Left out, they are what ``frame.attrs`` says.
    image:
        The column of pictures. It is found by its name, or by what it holds, if left out.
    names:
        How pictures are named, as in `write_pictures`.
    metadata:
        Whether the copies of the pictures carry the parameters of their rows.
    parquet:
        Also write ``runs.parquet``.

    Raises
    ------
    SegfluxError
        Where a text holds what looks like an API key, or a file cannot be read or written.
    """
    view = FrameView.of(frame, image=image, axes=axes)
    refuse_keys(f"{to_jsonl(frame.drop(columns=view.image))}{title}{names}")
    with explained_errors(folder):
        files = write_pictures(view, folder / "pictures", axes=view.axes, names=names, metadata=metadata)
        paths = [None if name is None else f"pictures/{name}" for name in files]
        table = frame.assign(**{view.image: pd.array(paths, dtype="string")})
        unlinked(folder / "runs.csv").write_text(to_csv(table), encoding="utf-8")
        unlinked(folder / "runs.jsonl").write_text(to_jsonl(table), encoding="utf-8")
        if parquet:
            to_parquet(table, unlinked(folder / "runs.parquet"))
        if len(frame):
            ContactSheet(arrange(view, title=title)).save(unlinked(folder / "contact-sheet.png"))
            unlinked(folder / "report.html").write_text(report(view, title=title), encoding="utf-8")
    return folder


def refuse_keys(text: str) -> None:
    """Raise `SegfluxError` where a text that is about to be written holds what looks like an API key."""
    if redact(text) != text:
        raise SegfluxError(
            "The table holds what looks like an API key, so it was not written",
            remedy="Remove the key from the prompt, note or label, and revoke it at the service",
        )


@contextmanager
def explained_errors(folder: Path) -> Iterator[None]:
    """Turn an error of the operating system into one that says what to do.

    Parameters
    ----------
    folder:
        The folder of the export, which the error names.
    """
    try:
        yield
    except OSError as error:
        is_picture = error.filename is not None and not Path(error.filename).is_relative_to(folder)
        reason = f"{error.filename}: {error.strerror}" if is_picture else error.strerror or error
        raise SegfluxError(
            f"The export to {folder} failed: {reason}",
            remedy="Give a folder that can be written, and pictures that can be read",
        ) from None
