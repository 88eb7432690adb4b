"""A folder that explains itself: pictures under readable names, tables, the contact sheet, a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from ..console import say
from ..errors import LayoutError, SegfluxError
from ..markup import count
from ..service.secret import redact
from ..sheets.frame_view import MORE, FrameView
from ..sheets.linked import sheet_layout
from ..sheets.sheet import ContactSheet
from .names import fields
from .picture_files import LEFT_OUT, WrittenPictures, unlinked, write_pictures
from .report import REPORT_REST, not_in_report, report
from .tables import to_csv, to_jsonl, to_parquet
from .votes import ExportedVotes


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
    votes: ExportedVotes | None = None,
) -> Path:
    """Write ``pictures/``, ``runs.csv``, ``runs.jsonl``, ``contact-sheet.png`` and ``report.html`` into a folder.

    Files of an earlier export are replaced. Other files in the folder stay as they are. A picture that cannot be read
    or written stops no other: it is named in ``left-out.txt``, and in a line that is printed. Pictures are copied one
    by one and sheets are drawn page by page, so that ten thousand take no more memory than a few hundred.

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
    votes:
        The votes between the runs, for ``votes.csv`` and the report; None where there are none.

    Raises
    ------
    SegfluxError
        Where there is no row, a text holds what looks like an API key, or the folder or a table cannot be written.
    """
    if not len(frame):
        raise LayoutError("There is nothing to export: the frame has no rows", remedy="Loosen the filter")
    if names is not None:
        fields(names)  # raises for what is no pattern
    view = FrameView.of(frame, image=image, axes=axes)
    frame = view.frame  # with one plain name for each column, and the settings of its index
    refuse_keys(f"{to_jsonl(frame.drop(columns=[view.image, MORE], errors='ignore'))}{title}{names}")
    if votes is not None:
        refuse_keys(to_jsonl(votes.frame))
    with explained_errors(folder):
        written = write_pictures(view, folder / "pictures", axes=view.axes, names=names, metadata=metadata)
        table = _with_files(view, written)
        write_text(folder / "runs.csv", to_csv(table))
        write_text(folder / "runs.jsonl", to_jsonl(table))
        if votes is not None:
            write_text(folder / "votes.csv", to_csv(votes.frame))
        if parquet:
            to_parquet(table, unlinked(folder / "runs.parquet"))
        ContactSheet(sheet_layout(view, title=title)).save(unlinked(folder / "contact-sheet.png"))
        write_text(folder / "report.html", report(view, title=title, votes=votes))
        if sentence := not_in_report(view):
            say(f"{sentence} {REPORT_REST}")
        report_left_out(folder, written, not_there(view, written.rows))
    return folder


def _with_files(view: FrameView, written: WrittenPictures) -> pd.DataFrame:
    """The frame with the paths of the copies in place of its pictures.

    Parameters
    ----------
    view:
        The frame.
    written:
        What became of its pictures.
    """
    paths = [None if name is None else f"pictures/{name}" for name in written.files]
    frame = view.frame.assign(**{view.image: pd.array(paths, dtype="string")})
    if MORE in view:
        texts = ["\n".join(f"pictures/{name}" for name in names) or None for names in written.more]
        frame = frame.assign(**{MORE: pd.array(texts, dtype="string")})
    return frame


def not_there(view: FrameView, rows: Sequence[str]) -> list[str]:
    """A line for each row whose output has further pictures that are not there.

    Parameters
    ----------
    view:
        The frame.
    rows:
        What stands for each row.
    """
    missing = [further.count(None) for further in view.more]
    return [
        f"{rows[at]}: {count(number, 'further picture')} not there yet" for at, number in enumerate(missing) if number
    ]


def write_text(path: Path, text: str | Iterable[str]) -> None:
    """Write a text file. A half of a surrogate pair, which no file can hold, becomes its escape.

    Parameters
    ----------
    path:
        The file; it is replaced.
    text:
        The text, or its parts.
    """
    with unlinked(path).open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.writelines([text] if isinstance(text, str) else text)


def report_left_out(folder: Path, written: WrittenPictures, more: Sequence[str] = ()) -> None:
    """Say once which pictures are not in an export, and keep it in the export's folder.

    Parameters
    ----------
    folder:
        The folder.
    written:
        What became of the pictures.
    more:
        Further lines for the file.
    """
    path = unlinked(folder / LEFT_OUT)
    lines = [*written.lines, *more]
    if not lines:
        path.unlink(missing_ok=True)  # of an earlier export
        return
    write_text(path, "".join(f"{line}\n" for line in lines))
    if written.sentence:
        say(written.sentence)


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
        raise SegfluxError(
            f"The export to {folder} failed: {error.strerror or error}", remedy="Give a folder that can be written"
        ) from None
