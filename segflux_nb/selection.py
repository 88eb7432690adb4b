"""A selection of the log: which runs it holds, and their frame. `Runs` is this, with the verbs of `runs_verbs`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, overload

from .counting import counts_of
from .errors import LayoutError, RunError
from .frames import Frames, more_files
from .lifecycle import State
from .markup import axes_text, count, plain
from .matching import CellValues
from .model import Value
from .run import Run, RunFiles, known_values, value_of
from .runlog.columns import DF_COLUMNS, LOG_COLUMNS, Column
from .runlog.picture_files import MISSING, with_files
from .runlog.reading import without_collection
from .runlog.rows import LoggedRun
from .running.in_hands import as_seen, with_states_as_seen
from .source import Cell, Source
from .sweep.axes_left import left_axes, merged_axes
from .sweep.names import TEMPLATE
from .sweep.request import RUN_DIGITS, Request
from .sweep.sweep import Sweep
from .values import as_python, several, shown

if TYPE_CHECKING:
    import pandas as pd

_OF_A_RUN = ("take", "parameters", "state", "error_kind", "error", "picture", "model")
"""The columns of the log that a `Run` is made of."""

_WITHOUT_PICTURE = (State.FAILED, State.REFUSED, State.UNKNOWN, State.LOST)


_OF_REQUEST = ("digest", "parameters", "take", "model")


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
                f"There is no run {shown(index)} in a selection of {count(len(self), 'run')}", remedy="Count from 0"
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
        axes = merged_axes((self.axes, other.axes), both._values(), both._parameter_names)
        return both._with_cells(both.cells, axes)

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
        kept = list(self.cells)
        if values or keep is None:
            known = CellValues(self.source, self.cells, values)
            for name in values:
                if known.cells and not known.has(name):
                    value_of(next(iter(self._of_cells(known.cells[:1]))), name)  # raises: no run has such a value
            answers = [known.are(name, value) for name, value in values.items()]
            kept = [cell for cell, *own in zip(known.cells, *answers, strict=True) if all(own)]
        if keep is not None:
            kept = [cell for cell, run in self._of_cells(kept)._runs() if run is not None and keep(run)]
        return self._with_cells(kept)

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
        table = self._table("parameters", "take", "model")
        requests = {**self.requests}
        for digest, parameters, take, model in zip(*(table[name] for name in _OF_REQUEST), strict=True):
            requests[digest] = Request(parameters, take, model=model)
        cells = [replace(requests[digest], labels=labels) for digest, labels in self.cells if digest in requests]
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
        if isinstance(run, Selection) or several(run) is not None:
            raise RunError(
                f"One run is needed here, and a {type(run).__name__} is not one",
                remedy="Give runs[0], runs.one(seed=7), or a name from df.run; for several, write a loop over them",
            )
        wanted = as_python(run) if isinstance(run, str) else getattr(run, "digest", "")
        if wanted in self._digests:
            return str(wanted)
        found = {digest for digest in self._digests if wanted and digest.startswith(wanted)}
        if len(found) != 1:
            raise RunError(f"There is no run {shown(run)} among these", remedy="Give a run, or its name from df.run")
        return found.pop()

    # ------------------------------------------------------------------ frames

    @property
    def df(self) -> pd.DataFrame:
        """A new frame with a row for each run: what decides request and picture, and your marks.

        ``run``, ``service``, ``status``, the parameters, the sweep's placeholders and labels, ``image`` and its size,
        your marks, and why a picture is not there. Each column is described on the page "The frame of runs" of the
        documentation, ``docs/frame.md``; `log` has more.
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
            started = "the only one was not started" if len(self) == 1 else f"none of {len(self):,} runs was started"
            raise LayoutError(f"There is no run to show: {started}", remedy="ws.run(sweep) makes the pictures")
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
        from .runlog.tables import limits_frame

        return limits_frame(self.source.log.sharing.limits())

    @property
    def marks(self) -> pd.DataFrame:
        """What each rater says about these runs: run, rater, stars, pick, note, time. `df` has the last word alone.

        Example
        -------
        ``runs.marks.groupby("run")["stars"].agg(["mean", "count"])``
        """
        from .runlog.tables import marks_frame

        return marks_frame(self.source.log.records.marks(), [digest for digest, _ in self.cells])

    @property
    def votes(self) -> pd.DataFrame:
        """All votes between these runs: time, rater, axis, the two runs, the outcome."""
        from .runlog.tables import votes_frame

        return votes_frame(self.source.log.votes.all(), self._digests)

    @property
    def counts(self) -> dict[str, int]:
        """The number of runs by status."""
        log, pictures = self.source.log, self.source.pictures
        version = (log.version(), pictures.version())
        known = self._counted.get(version)
        if known is None:
            known, may_change = counts_of(log, pictures, self._digests)
            self._counted.clear()
            if not may_change:  # else a process may end, which changes nothing in the log
                self._counted[version] = known
        return known.copy()

    @cached_property
    def _counted(self) -> dict[Any, dict[str, int]]:
        """The counts of one version of the log and the disk."""
        return {}

    def _runs(self) -> list[tuple[Cell, Run | None]]:
        """Each cell with its run; None for a run that the log does not have."""
        with without_collection():
            return self._made_runs()

    def _made_runs(self) -> list[tuple[Cell, Run | None]]:
        table, _ = with_states_as_seen(self.source.log, self._table(*_OF_A_RUN))
        table, service = with_files(table, self.source.pictures), self.source.log.service
        more, pictures = more_files(self.source, self._digests), self.source.pictures
        rows = zip(*(table[name] for name in _OF_A_RUN), strict=True)
        logged = dict(zip(table["digest"], rows, strict=True))
        found: list[tuple[Cell, Run | None]] = []
        for cell in self.cells:
            digest, labels = cell
            if digest not in logged:
                found.append((cell, None))
                continue
            take, parameters, status, error_kind, error, picture, model = logged[digest]
            files = RunFiles(pictures, (None if status == MISSING else picture, *more.get(digest, ())))
            found.append(
                (
                    cell,
                    Run(
                        digest,
                        service,
                        take,
                        parameters,
                        labels,
                        status,
                        error_kind,
                        error and plain(error),
                        files,
                        model,
                    ),
                )
            )
        return found

    def _values(self) -> list[Mapping[str, Value]]:
        """The parameters, labels and placeholders of each cell."""
        table = self._table("parameters")
        known = {digest: request.parameters for digest, request in self.requests.items()}
        known.update(zip(table["digest"], table["parameters"], strict=True))
        none: Mapping[str, Value] = {}
        return [{**known.get(digest, none), **labels} for digest, labels in self.cells]

    @property
    def _parameter_names(self) -> list[str]:
        """The names of the parameters of these runs, in the order of their models."""
        own = [request.parameters for request in self.requests.values()]
        own += self._table("parameters")["parameters"]
        return list(dict.fromkeys(name for parameters in own for name in parameters))

    def _of_cells(self, cells: Sequence[Cell]) -> Self:
        """A selection of some cells, with the axes of all."""
        return replace(self, cells=cells, stopped=None)

    def _with_cells(self, cells: Sequence[Cell], axes: Mapping[str, Sequence[Value]] | None = None) -> Self:
        """A selection of some cells, whose axes have the values that are left.

        Parameters
        ----------
        cells:
            The cells.
        axes:
            The values of which some are left; those of this selection if left out.
        """
        chosen = self._of_cells(cells)
        return replace(chosen, axes=left_axes(self.axes if axes is None else axes, chosen._values()))

    def _logged(self) -> dict[str, LoggedRun]:
        """The rows of the log, by digest; runs that are not in the log are missing."""
        return as_seen(self.source.log, self.source.log.runs.read(self._digests))

    def _table(self, *columns: str) -> Mapping[str, Sequence[Any]]:
        """Columns of the rows of the log, and their digests."""
        return self.source.log.runs.table(self._digests, columns)

    @cached_property
    def _digests(self) -> Collection[str]:
        """The digests of the cells, each once."""
        return dict.fromkeys([digest for digest, _ in self.cells])

    def _of_digests(self, digests: Iterable[str]) -> Self:
        """A selection of some of these runs, with the axes of all."""
        wanted = set(digests)
        return self._of_cells([cell for cell in self.cells if cell[0] in wanted])

    @property
    def _identity(self) -> tuple[object, ...]:
        cells = [(digest, dict(labels)) for digest, labels in self.cells]
        axes = [(name, list(values)) for name, values in self.axes.items()]
        return self.source.folder, self.source.log.service, cells, axes

    def _frame(self, columns: Sequence[Column], *, measured: bool = False) -> pd.DataFrame:
        """A frame of these columns, and of what was measured if it is asked for."""
        return self._frames.get(columns, measured=measured)

    @cached_property
    def _frames(self) -> Frames:
        """The frames that were built."""
        return Frames(self.source, self.cells, self.axes)
