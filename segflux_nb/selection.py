"""A selection of the log: which runs it holds, and their frame. `Runs` is this, with the verbs of `runs_verbs`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .errors import RunError
from .launching import SweepLauncher
from .lifecycle import State
from .markup import count, plain
from .model import DECIMALS, MODEL, Value
from .pictures.located import LocatedPictures
from .run import Run, value_of
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
from .sheets.frame_view import AXES_ATTRIBUTE
from .values import as_python

if TYPE_CHECKING:
    import pandas as pd

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

    @cached_property
    def pictures(self) -> LocatedPictures:
        """Tells the pictures of the folder from other files that the log may name."""
        return LocatedPictures(self.folder)


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
    """

    source: Source = field(repr=False)
    cells: Sequence[tuple[str, Mapping[str, Value]]] = field(repr=False)
    axes: Mapping[str, Sequence[Value]] = field(repr=False)
    name: str = ""
    title: str = ""
    stopped: str | None = None

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Run]:
        logged = self._logged()
        missing = self._missing(logged.values())
        return iter([self._run(logged[digest], labels, missing) for digest, labels in self.cells if digest in logged])

    def __eq__(self, other: object) -> bool:
        return self._identity == other._identity if isinstance(other, Selection) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.source.folder, self.source.log.service, tuple(digest for digest, _ in self.cells)))

    def __repr__(self) -> str:
        axes = " × ".join(f"{len(values)} {name}" for name, values in self.axes.items())
        return f"{type(self).__name__}({count(len(self), 'run')}{': ' + axes if axes else ''})"

    # ------------------------------------------------------------------ choosing

    def where(self, keep: Callable[[Run], object] | None = None, /, **values: Value) -> Self:
        """The runs for which `keep(run)` is true and that have these values.

        Parameters
        ----------
        keep:
            Called with each `Run`; left out, every run is kept.
        values:
            Values by the name of a parameter, label or placeholder.

        Raises
        ------
        RunError
            If runs have no such parameter.

        Example
        -------
        ``runs.where(lambda run: run.lora_strength > 0.7, sampler_name="euler")``
        """
        wanted = {name: _as_logged(name, value) for name, value in values.items()}
        chosen = []
        for (digest, labels), run in zip(self.cells, self, strict=True):
            same = all(value_of(run, name) == value for name, value in wanted.items())
            if same and (keep is None or keep(run)):
                chosen.append((digest, labels))
        return replace(self, cells=chosen, stopped=None)

    def one(self, **values: Value) -> Run:
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
        found = list(self.where(**values))
        if len(found) == 1:
            return found[0]
        wanted = ", ".join(f"{name}={value!r}" for name, value in values.items())
        varying = [name for name in self.axes if len({str(value_of(run, name)) for run in found}) > 1]
        raise RunError(
            f"{count(len(found), 'run')} have {wanted}" if wanted else f"There are {count(len(found), 'run')}",
            remedy=f"Give {' and '.join(varying)} too" if found else "runs.df shows the values that exist",
        )

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
            raise RunError(f"There is no run {run!r} among these", remedy="Give a run, or its name from df.run")
        return found.pop()

    # ------------------------------------------------------------------ frames

    @property
    def df(self) -> pd.DataFrame:
        """A new frame with a row for each run: what decides request and picture, and your marks.

        Its columns are `segflux_nb.runlog.frame.DF_COLUMNS`, with the sweep's placeholders and labels.
        """
        return self._frame(DF_COLUMNS)

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
        """`df`, and what differs from run to run or machine to machine: ids, times, cost, attempts."""
        return self._frame(LOG_COLUMNS)

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

    def _logged(self) -> dict[str, LoggedRun]:
        """The rows of the log, by digest; runs that are not in the log are missing."""
        return self.source.log.runs.read([digest for digest, _ in self.cells])

    @property
    def _identity(self) -> tuple[object, ...]:
        cells = [(digest, dict(labels)) for digest, labels in self.cells]
        axes = [(name, list(values)) for name, values in self.axes.items()]
        return self.source.folder, self.source.log.service, cells, axes

    def _frame(self, columns: Sequence[Column]) -> pd.DataFrame:
        log, pictures = self.source.log, self.source.pictures
        version = (log.version(), pictures.version(), self._base)
        names = tuple(column.name for column in columns)
        built = self._built.get(names)
        if built is None or built[0] != version:
            table = log.runs.table([digest for digest, _ in self.cells], sources(columns))
            table = with_files(table, pictures)
            places = {digest: place for place, digest in enumerate(table["digest"])}
            order = [places[digest] for digest, _ in self.cells if digest in places]
            labels = [labels for digest, labels in self.cells if digest in places]
            frame = build(table, order, labels, log.marks.latest(), self._base, columns)
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

    def _run(self, run: LoggedRun, labels: Mapping[str, Value], missing: Collection[str]) -> Run:
        """A run of the log.

        Parameters
        ----------
        run:
            Its row.
        labels:
            Its labels in this selection.
        missing:
            The picture files that are not there.
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
            path=self.source.folder / picture if picture else None,
        )


def _as_logged(name: str, value: Any) -> Any:
    """A value as the log would have it: a plain value of Python, its floats rounded as those of a sweep."""
    plain = as_python(value)
    parameter = MODEL.parameters.get(name)
    if parameter is not None:
        with suppress(ValueError):  # one that no run can have matches none
            return parameter.normalise(plain)
    return round(plain, DECIMALS) if isinstance(plain, float) else plain
