"""The frames of a selection. One is built for a version of the log, and mended where only marks were made since."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .model import MODEL, Value
from .runlog.columns import Column
from .runlog.journal import ServiceLog
from .runlog.picture_files import missing_files, with_files
from .runlog.reading import FEW, without_collection
from .running.in_hands import with_states_as_seen
from .source import Cell, Source
from .sweep.from_frame import MODEL_OF_FRAME
from .sweep.names import column_of_parameter

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class _Kept:
    """A frame that was built.

    Attributes
    ----------
    version:
        What it was built from, but for marks; None if it may be another one at any time.
    marked:
        How many marks of this process it has.
    frame:
        The frame.
    digests:
        The run of each row.
    """

    version: object
    marked: int
    frame: pd.DataFrame
    digests: Sequence[str]


class Frames:
    """The frames of a selection.

    Parameters
    ----------
    source:
        Where the runs come from.
    cells:
        Digest and labels of each cell, in order.
    axes:
        Values by axis, in order.
    """

    def __init__(self, source: Source, cells: Sequence[Cell], axes: Mapping[str, Sequence[Value]]) -> None:
        self._source = source
        self._cells = cells
        self._axes = axes
        self._kept: dict[tuple[str, ...], _Kept] = {}

    def get(self, columns: Sequence[Column], *, measured: bool) -> pd.DataFrame:
        """A new frame of these columns, with a row for each cell that the log has.

        Parameters
        ----------
        columns:
            Which columns.
        measured:
            Whether what was measured is in it too.
        """
        from .runlog.frame import reached_from_here, with_marks

        log, pictures = self._source.log, self._source.pictures
        here = reached_from_here(self._source.folder)
        base = "" if here == "." else f"{here}/"
        marked = log.marks.changes.digests
        number = len(marked)  # before the rest is read: a mark that is made meanwhile is read twice, and not never
        version = (log.version_without_marks(), pictures.version(), base)
        names = (*(column.name for column in columns), *(("*",) if measured else ()))
        kept = self._kept.get(names)
        if kept is None or kept.version != version:
            kept = self._kept[names] = self._built(columns, version, number, base, measured=measured)
        elif kept.marked != number:
            digests = set(marked[kept.marked : number])
            frame = with_marks(kept.frame, kept.digests, digests, log.marks.latest(digests), columns)
            kept = self._kept[names] = _Kept(version, number, frame, kept.digests)
        return kept.frame.copy()

    @without_collection()
    def _built(self, columns: Sequence[Column], version: object, marked: int, base: str, *, measured: bool) -> _Kept:
        """A frame that is read from the log.

        Parameters
        ----------
        columns:
            Which columns.
        version:
            The version of what is read.
        marked:
            How many marks of this process it has at least.
        base:
            The path from the current folder to the workspace, with a slash at its end.
        measured:
            Whether what was measured is in it too.
        """
        from .runlog.frame import build, sources
        from .sheets.frame_view import AXES_ATTRIBUTE, PARAMETERS_ATTRIBUTE

        log = self._source.log
        digests = [digest for digest, _ in self._cells]
        table = log.runs.table(digests, sources(columns) + ["sha256"] * measured)
        table, may_change = with_states_as_seen(log, table)
        table = with_files(table, self._source.pictures)
        places = {digest: place for place, digest in enumerate(table["digest"])}
        order = [places[digest] for digest in digests if digest in places]
        labels = [labels for digest, labels in self._cells if digest in places]
        known = log.metrics.latest([sha for sha in table["sha256"] if sha is not None]) if measured else {}
        found = (
            {d: known[sha] for d, sha in zip(table["digest"], table["sha256"], strict=True) if sha in known}
            if known
            else {}
        )
        marks, own, more = log.marks.latest(digests), log.annotations.all(digests), more_files(self._source, digests)
        frame = build(table, order, labels, marks, more, base, columns, own, found)
        # Most operations of pandas keep attrs. Where they are lost, a sheet uses the columns that vary.
        frame.attrs[AXES_ATTRIBUTE] = [column_of_parameter(name) for name in self._axes]
        if (models := _models(log, digests)) != {MODEL.slug}:
            if len(models) == 1:
                frame.attrs[MODEL_OF_FRAME] = next(iter(models))
            names = dict.fromkeys(column_of_parameter(name) for own in table["parameters"] for name in own)
            frame.attrs[PARAMETERS_ATTRIBUTE] = list(names)
        # Where a submit is on the wire, its process may end, which changes nothing in the log.
        rows = [digest for digest in digests if digest in places]
        return _Kept(None if may_change else version, marked, frame, rows)


def one_model(log: ServiceLog, digests: Collection[str]) -> str:
    """The slug of the model that all these runs are of; that of our own model where they are of several.

    Parameters
    ----------
    log:
        The log.
    digests:
        The runs.
    """
    found = _models(log, digests)
    return found.pop() if len(found) == 1 else MODEL.slug


def _models(log: ServiceLog, digests: Collection[str]) -> set[str]:
    """The slugs of the models of runs; our own model's where there are no runs."""
    if len(digests) > FEW and log.runs.models() <= {MODEL.slug}:  # so it is in most logs
        return {MODEL.slug}
    return log.runs.models(digests) or {MODEL.slug}


def more_files(source: Source, digests: Collection[str]) -> dict[str, list[str | None]]:
    """The files of the pictures of runs beside the first ones, by digest; None for one that is not there.

    Parameters
    ----------
    source:
        Where the runs come from.
    digests:
        The runs. Other runs may be in the answer too.
    """
    own = {digest: source.pictures.owned(paths) for digest, paths in source.log.pictures.paths(digests).items()}
    gone = missing_files((path for paths in own.values() for path in paths), source.pictures)
    return {digest: [None if path in gone else path for path in paths] for digest, paths in own.items()}
