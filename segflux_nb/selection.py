"""A selection of the log: which runs it holds, and their frame. `Runs` is this, with the verbs of `runs_verbs`."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self, overload

from .errors import LayoutError, RunError
from .launching import SweepLauncher
from .lifecycle import State
from .markup import axes_text, count, plain
from .model import Value
from .pictures.located import LocatedPictures
from .pictures.mounted import pictures_of
from .run import Run, has_value, is_value, known_values, value_of, wanted_values
from .runlog.columns import Column
from .runlog.frame import (
    DF_COLUMNS,
    LOG_COLUMNS,
    build,
    limits_frame,
    reached_from_here,
    sources,
    votes_frame,
)
from .runlog.journal import ServiceLog
from .runlog.picture_files import MISSING, missing_files, reason_with_file, status_with_file, with_files
from .runlog.rows import LoggedRun
from .running.in_hands import as_seen, with_states_as_seen
from .sheets.frame_view import AXES_ATTRIBUTE
from .sweep.axes_left import left_axes, merged_axes
from .sweep.names import TEMPLATE
from .sweep.request import RUN_DIGITS, Request
from .sweep.sweep import Sweep
from .values import as_python, several, shown

if TYPE_CHECKING:
    import pandas as pd

Cell = tuple[str, Mapping[str, Value]]
"""The digest of a cell, and its labels."""

_WITHOUT_PICTURE = (State.FAILED, State.REFUSED, State.UNKNOWN, State.LOST)


@dataclass(frozen=True)
class Source:
    """Where runs come from, and what starts more of them.

    Attributes
    ----------
    log:
        What the log holds of the service.
    folder:
        The workspace's folder, as an absolute path.
    launcher:
        Plans sweeps and retries runs.
    """

    log: ServiceLog
    folder: Path
    launcher: SweepLauncher

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "Runs cannot be pickled or sent to another process: they read the log of this one. "
            "Send list(runs) or runs.df, or open the workspace there with a Workspace of its own."
        )

    def __deepcopy__(self, memo: object) -> Self:
        return self

    @cached_property
    def pictures(self) -> LocatedPictures:
        """Tells the pictures of the folder from other files that the log may name."""
        return pictures_of(self.folder)


@dataclass(frozen=True, eq=False)
class Selection:
    """Runs of a sweep, or of the whole log.

    Two selections are equal when they hold the same cells along the same axes, of the same log and service. Name,
    title and the reason of a stop do not count.

    Attributes
    ----------
    source:
        Where they come from.
    cells:
        Digest and labels of each cell, in order.
    axes:
        Values by axis, in order.
    name:
        The sweep's name, or empty.
    title:
        The title of its sheets, or empty.
    stopped:
        Why the sweep ended early and how to continue it, or None.
    requests:
        Requests by digest, for cells that the log does not have yet.
    """

    source: Source = field(repr=False)
    cells: Sequence[Cell] = field(repr=False)
    axes: Mapping[str, Sequence[Value]] = field(repr=False)
    name: str = ""
    title: str = ""
    stopped: str | None = None
    requests: Mapping[str, Request] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Run]:
        return iter([run for _, run in self._runs() if run is not None])

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Run | Self:
        """A run by its place, or the runs of a slice.

        Raises
        ------
        RunError
            If there is no run at this place, or it was not started yet.
        """
        if isinstance(index, slice):
            return self._with_cells(list(self.cells)[index])
        try:
            ((cell, run),) = self._with_cells([self.cells[operator.index(index)]])._runs()
        except TypeError:
            raise RunError(
                f"runs[{shown(index)}] is not possible", remedy="Write runs[0], runs[:5], or runs.one(seed=7)"
            ) from None
        except IndexError:
            raise RunError(
                f"There is no run {shown(index)}: there are {count(len(self), 'run')}", remedy="Count from 0"
            ) from None
        if run is None:
            raise RunError(
                f"Run {cell[0][:RUN_DIGITS]} was not started", remedy="ws.run(sweep) makes the pictures of its sweep"
            )
        return run

    def __add__(self, other: object) -> Self:
        """These runs and others of the same log and service, each cell once."""
        if not isinstance(other, Selection):
            return NotImplemented
        if (self.source.folder, self.source.log.service) != (other.source.folder, other.source.log.service):
            raise RunError(
                "Runs of two workspaces or services cannot be added",
                remedy="Join their frames: pandas.concat([one.df, other.df])",
            )
        cells = {(digest, tuple(labels.items())): (digest, labels) for digest, labels in (*self.cells, *other.cells)}
        title = self.title if self.title == other.title else ""
        both = replace(
            self, cells=[*cells.values()], name="", title=title, requests={**other.requests, **self.requests}
        )
        return both._with_cells(both.cells, merged_axes((self.axes, other.axes), both._values()))

    def __radd__(self, other: object) -> Self:
        return self if other == 0 else NotImplemented  # sum() begins with 0

    def __eq__(self, other: object) -> bool:
        return self._identity == other._identity if isinstance(other, Selection) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.source.folder, self.source.log.service, tuple(digest for digest, _ in self.cells)))

    def __repr__(self) -> str:
        axes = axes_text(self.axes, len(self))
        return f"{type(self).__name__}({count(len(self), 'run')}{': ' + axes if axes else ''})"

    # ------------------------------------------------------------------ choosing

    def where(self, keep: Callable[[Run], object] | None = None, /, **values: Value | Sequence[Value]) -> Self:
        """The runs for which `keep(run)` is true and that have these values.

        Parameters
        ----------
        keep:
            Called with each `Run`; left out, every run is kept.
        values:
            Values by the name of a parameter, label or placeholder, or of ``status``, ``take``, ``run``,
            ``error_kind`` and the like. The label of a value stands for the value: ``finetune_id="1200 steps"``. A
            list means any of its values, and a text range such as ``"1-4"`` any number of it.

        Raises
        ------
        RunError
            If runs have no such parameter.

        Example
        -------
        ``runs.where(lambda run: run.lora_strength > 0.7, sampler_name="euler")``
        """
        if keep is not None and not callable(keep):
            raise RunError(
                f"where() takes a function of a run, and got {shown(keep)}",
                remedy="Write runs.where(lambda run: run.lora_strength > 0.7), or runs.where(sampler_name='euler')",
            )
        found = [(cell, run) for cell, run in self._runs() if run is not None]
        wanted = {name: wanted_values(name, value) for name, value in values.items()}
        for name in values:
            if found and not any(has_value(run, name) for _, run in found):
                value_of(found[0][1], name)  # raises: no run has such a value
        return self._with_cells(
            [
                cell
                for cell, run in found
                if all(is_value(run, name, each) for name, each in wanted.items()) and (keep is None or keep(run))
            ]
        )

    def one(self, /, **values: Value) -> Run:
        """The one run that has these values.

        Parameters
        ----------
        values:
            Values by the name of a parameter, label or placeholder.

        Raises
        ------
        RunError
            If no run has them, or more than one.

        Example
        -------
        ``runs.one(seed=7, lora_strength=0.8).image``
        """
        name = next((name for name, value in values.items() if several(value) is not None), None)
        if name is not None:
            raise RunError(
                f"one() takes one value of {name}, and got {shown(values[name])}", remedy="Use where() for several"
            )
        found = list(self.where(**values))
        if len(found) == 1:
            return found[0]
        wanted = ", ".join(f"{name}={shown(value)}" for name, value in values.items())
        varying = [name for name in self.axes if len({str(known_values(run).get(name)) for run in found}) > 1]
        raise RunError(
            f"{count(len(found), 'run')} have {wanted}" if wanted else f"There are {count(len(found), 'run')}",
            remedy=f"Give {' and '.join(varying)} too" if found else "runs.df shows the values that exist",
        )

    @property
    def sweep(self) -> Sweep:
        """The sweep of these cells, to plan or run them again: ``ws.plan(runs.failed.sweep)``.

        Raises
        ------
        RunError
            If there are no runs.
        """
        logged = self._logged()
        cells = [
            Request(logged[digest].parameters, logged[digest].take, labels)
            if digest in logged
            else replace(self.requests[digest], labels=labels)
            for digest, labels in self.cells
            if digest in logged or digest in self.requests
        ]
        if not cells:
            raise RunError("There are no runs in this selection", remedy="Loosen the condition")
        axes = {"prompt" if name == TEMPLATE else name: values for name, values in self.axes.items()}
        return Sweep.of_cells(cells, axes)

    @property
    def failed(self) -> Self:
        """The runs that ended without a picture, or whose picture file is missing: failed, refused, unknown, lost."""
        without = {state.status for state in _WITHOUT_PICTURE} | {MISSING}
        return self.where(lambda run: run.status in without)

    def _digest_of(self, run: Run | str) -> str:
        """The digest of one of these runs.

        Parameters
        ----------
        run:
            A run, or its short name.

        Raises
        ------
        RunError
            If it is not one of these runs.
        """
        wanted = as_python(run) if isinstance(run, str) else getattr(run, "digest", "")
        found = {digest for digest, _ in self.cells if wanted and digest.startswith(wanted)}
        if len(found) != 1:
            raise RunError(f"There is no run {shown(run)} among these", remedy="Give a run, or its name from df.run")
        return found.pop()

    # ------------------------------------------------------------------ frames

    @property
    def df(self) -> pd.DataFrame:
        """A new frame with a row for each run: what decides request and picture, and your marks.

        Its columns are `segflux_nb.runlog.frame.DF_COLUMNS`, with the sweep's placeholders and labels.
        """
        return self._frame(DF_COLUMNS)

    @property
    def _frame_to_show(self) -> pd.DataFrame:
        """`df` with what was measured, for what shows pictures.

        Raises
        ------
        LayoutError
            If there is nothing to show; it says why.
        """
        frame = self._frame(DF_COLUMNS, measured=True)
        if not len(self):
            raise LayoutError("There is no run to show: the selection is empty", remedy="Loosen the condition")
        if not len(frame):
            raise LayoutError(
                f"There is no run to show: none of {count(len(self), 'run')} was started",
                remedy="ws.run(sweep) makes the pictures",
            )
        return frame

    @property
    def varying(self) -> pd.DataFrame:
        """The columns of `df` that vary: run, status, the axes, others that differ, and your marks.

        Example
        -------
        ``runs.varying.groupby("lora_strength")["stars"].mean()``
        """
        frame = self.df
        kept = [
            name
            for name in frame.columns
            if name in ("run", "status", "image") or frame[name].nunique(dropna=False) > 1
        ]
        return frame[kept]

    @property
    def log(self) -> pd.DataFrame:
        """`df`, and what differs from run to run or machine to machine: ids, times, cost, attempts.

        What `measure` has found is in it too, before your own columns.
        """
        return self._frame(LOG_COLUMNS, measured=True)

    @property
    def limits(self) -> pd.DataFrame:
        """The limits of the service that were learned: when, which limit, the new value, why."""
        return limits_frame(self.source.log.sharing.limits())

    @property
    def votes(self) -> pd.DataFrame:
        """All votes between these runs: time, rater, axis, the two runs, the outcome."""
        return votes_frame(self.source.log.votes.all(), {digest for digest, _ in self.cells})

    @property
    def counts(self) -> dict[str, int]:
        """The number of runs by status."""
        logged = self._logged().values()
        missing = self._missing(logged)
        return dict(Counter(status_with_file(run.state, run.picture, missing) for run in logged))

    def _missing(self, logged: Iterable[LoggedRun]) -> set[str]:
        """The picture files of these runs that are not there."""
        return missing_files((run.picture for run in logged), self.source.pictures)

    def _runs(self) -> list[tuple[Cell, Run | None]]:
        """Each cell with its run; None for a run that the log does not have."""
        logged, more = self._logged(), self._more()
        missing = self._missing(logged.values())
        return [
            (
                (digest, labels),
                self._run(logged[digest], labels, missing, more.get(digest, ())) if digest in logged else None,
            )
            for digest, labels in self.cells
        ]

    def _values(self) -> list[Mapping[str, Value]]:
        """The parameters, labels and placeholders of each cell."""
        logged = self._logged()
        none: Mapping[str, Value] = {}
        values: list[Mapping[str, Value]] = []
        for digest, labels in self.cells:
            known = logged.get(digest) or self.requests.get(digest)
            values.append({**(none if known is None else known.parameters), **labels})
        return values

    def _with_cells(self, cells: Sequence[Cell], axes: Mapping[str, Sequence[Value]] | None = None) -> Self:
        """A selection of some cells, whose axes have the values that are left.

        Parameters
        ----------
        cells:
            The cells.
        axes:
            The values of which some are left; those of this selection if left out.
        """
        chosen = replace(self, cells=cells, stopped=None)
        return replace(chosen, axes=left_axes(self.axes if axes is None else axes, chosen._values()))

    def _logged(self) -> dict[str, LoggedRun]:
        """The rows of the log, by digest; runs that are not in the log are missing."""
        return as_seen(self.source.log, self.source.log.runs.read([digest for digest, _ in self.cells]))

    @property
    def _identity(self) -> tuple[object, ...]:
        cells = [(digest, dict(labels)) for digest, labels in self.cells]
        axes = [(name, list(values)) for name, values in self.axes.items()]
        return self.source.folder, self.source.log.service, cells, axes

    def _frame(self, columns: Sequence[Column], *, measured: bool = False) -> pd.DataFrame:
        """A frame of these columns, and of what was measured if it is asked for."""
        log, pictures = self.source.log, self.source.pictures
        version: Any = (log.version(), pictures.version(), self._base)
        names = (*(column.name for column in columns), *(("*",) if measured else ()))
        built = self._built.get(names)
        if built is None or built[0] != version:
            table = log.runs.table([digest for digest, _ in self.cells], sources(columns) + ["sha256"] * measured)
            table, may_change = with_states_as_seen(log, table)
            if may_change:
                version = None  # their process may end, which changes nothing in the log
            table = with_files(table, pictures)
            places = {digest: place for place, digest in enumerate(table["digest"])}
            order = [places[digest] for digest, _ in self.cells if digest in places]
            labels = [labels for digest, labels in self.cells if digest in places]
            own, known = log.annotations.all(), log.metrics.latest() if measured else {}
            found = (
                {d: known[sha] for d, sha in zip(table["digest"], table["sha256"], strict=True) if sha in known}
                if known
                else {}
            )
            frame = build(table, order, labels, log.marks.latest(), self._more(), self._base, columns, own, found)
            # Most operations of pandas keep attrs. Where they are lost, a sheet uses the columns that vary.
            frame.attrs[AXES_ATTRIBUTE] = list(self.axes)
            built = self._built[names] = (version, frame)
        return built[1].copy()

    @cached_property
    def _built(self) -> dict[tuple[str, ...], tuple[Any, pd.DataFrame]]:
        """Frames by the names of their columns, each with the version of the log from which it was built."""
        return {}

    @property
    def _base(self) -> str:
        """The workspace's folder as reached from the current folder."""
        here = reached_from_here(self.source.folder)
        return "" if here == "." else f"{here}/"

    def _more(self) -> dict[str, list[str | None]]:
        """The files of the pictures beside the first ones, by digest; None for one that is not there."""
        logged = self.source.log.pictures.paths()
        own = {digest: list(map(self.source.pictures.own, paths)) for digest, paths in logged.items()}
        gone = missing_files((path for paths in own.values() for path in paths), self.source.pictures)
        return {digest: [None if path in gone else path for path in paths] for digest, paths in own.items()}

    def _run(
        self, run: LoggedRun, labels: Mapping[str, Value], missing: Collection[str], more: Sequence[str | None]
    ) -> Run:
        """A run of the log.

        Parameters
        ----------
        run:
            Its row.
        labels:
            Its labels in this selection.
        missing:
            The picture files that are not there.
        more:
            The files of its pictures beside the first; None for one that is not there.
        """
        status = status_with_file(run.state, run.picture, missing)
        picture = None if status == MISSING else self.source.pictures.own(run.picture)
        return Run(
            digest=run.digest,
            service=run.service,
            take=run.take,
            parameters=run.parameters,
            labels=labels,
            status=status,
            error_kind=run.error_kind,
            error=plain(reason_with_file(status, run.picture, run.error)),
            path=self.source.pictures.file(picture) if picture else None,
            more_paths=tuple(self.source.pictures.file(path) if path else None for path in more),
        )
