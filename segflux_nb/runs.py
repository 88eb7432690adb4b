"""Runs: a selection of the log, with its faces (frame, sheet, export). No network, and always what the disk says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import RunError
from .exporting.folder import export
from .exporting.imagefolder import export_imagefolder
from .lifecycle import State
from .markup import count, plain
from .model import Value
from .run import Run, value_of
from .runlog.frame import (
    DF_COLUMNS,
    LOG_COLUMNS,
    Column,
    build,
    limits_frame,
    reached_from_here,
    sources,
    votes_frame,
)
from .runlog.journal import Journal
from .runlog.rows import LoggedRun
from .running.policy.summary import Summary, summarise
from .sheets.colours import ThemeName
from .sheets.comparison import compare
from .sheets.sheet import ContactSheet, contact_sheet
from .sweep.plan import Plan
from .sweep.refine import refine
from .sweep.request import RUN_DIGITS
from .sweep.sweep import Sweep
from .voting.pairwise import PairwiseComparison, this_rater
from .voting.ranking import Ranking
from .widgets.progress import volatile_bundle

if TYPE_CHECKING:
    import pandas as pd

    from .widgets.gallery import Gallery
    from .widgets.tuner import Tuner

_FAILED = (State.FAILED, State.REFUSED, State.UNKNOWN, State.LOST)


class RunsSummary(Summary):
    """A summary that shows itself in a notebook."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return volatile_bundle(repr(self), self.html())


@dataclass(frozen=True)
class Source:
    """Where runs come from, and what they may cause: the log, its folder, and running again."""

    journal: Journal
    service: str
    folder: Path
    retry: Callable[[Runs], Runs]
    plan: Callable[[Sweep], Plan]


@dataclass(frozen=True)
class Runs:
    """Runs of a sweep, or of the whole log.

    Every property reads the log anew. `len` counts cells; iteration gives a `Run` for each.

    Attributes
    ----------
    name:
        The sweep's name, or empty.
    stopped:
        Why the sweep ended early and how it goes on, or None.
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
        logged = self._logged
        return iter([self._run(logged[digest], labels) for digest, labels in self.cells if digest in logged])

    def __repr__(self) -> str:
        axes = " × ".join(f"{len(values)} {name}" for name, values in self.axes.items())
        return f"Runs({count(len(self), 'run')}{': ' + axes if axes else ''})"

    # ------------------------------------------------------------------ choosing

    def where(self, keep: Callable[[Run], object] | None = None, /, **values: Value) -> Runs:
        """The runs for which `keep(run)` is true and that have these values.

        Example
        -------
        ``runs.where(lambda run: run.lora_strength > 0.7, sampler_name="euler")``
        """
        chosen = []
        for (digest, labels), run in zip(self.cells, self, strict=True):
            same = all(value_of(run, name) == value for name, value in values.items())
            if same and (keep is None or keep(run)):
                chosen.append((digest, labels))
        return replace(self, cells=chosen, stopped=None)

    def one(self, **values: Value) -> Run:
        """The one run that has these values.

        Raises
        ------
        RunError
            Where there is none, or more than one.
        """
        found = list(self.where(**values))
        if len(found) == 1:
            return found[0]
        wanted = ", ".join(f"{name}={value!r}" for name, value in values.items())
        varying = [name for name in self.axes if len({str(value_of(run, name)) for run in found}) > 1]
        raise RunError(
            f"{count(len(found), 'run')} with {wanted or 'no condition'}",
            remedy=f"Say which {' and '.join(varying)}" if found else "Look at runs.df for the values there are",
        )

    @property
    def failed(self) -> Runs:
        """The runs that ended without a picture: failed, refused, unknown, lost."""
        return self.where(lambda run: run.status in {state.status for state in _FAILED})

    def retry_failed(self) -> Runs:
        """Run what failed or was refused again, moderated and invalid cells included; blocks as `Workspace.run`.

        What is unknown or lost is not submitted again: it may have been paid for.
        """
        return self.source.retry(self)

    # ------------------------------------------------------------------ faces

    @property
    def df(self) -> pd.DataFrame:
        """A fresh frame, a row a run: what request and picture decide, and your marks.

        Its columns are `segflux_nb.runlog.frame.DF_COLUMNS`, with the sweep's placeholders and labels.
        """
        return self._frame(DF_COLUMNS)

    @property
    def varying(self) -> pd.DataFrame:
        """`df` with what varies only: run, status, the axes and other columns that differ, your marks.

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
        """What the service was found to allow, as it was learned: when, what, the new value, why."""
        return limits_frame(self.source.journal.limits(self.source.service))

    def summary(self) -> Summary:
        """Pictures, seconds, requests, lag and money, each beside the least that was possible; `print` it.

        Example
        -------
        ``print(runs.summary())``
        """
        return RunsSummary(**vars(summarise(list(self._logged.values()))))

    def sheet(
        self,
        *,
        cols: str | None = None,
        rows: str | None = None,
        by: str | Sequence[str] | None = None,
        captions: Sequence[str] = (),
        border: str | None = None,
        heat: str | None = None,
        relative_to: Mapping[str, Any] | None = None,
        theme: ThemeName = "light",
    ) -> ContactSheet:
        """The contact sheet; the first axis not named becomes the columns, the second the rows, the third the outer.

        Parameters
        ----------
        cols, rows:
            Axes or other columns to lay out along.
        by:
            The outer axis; several for a grid of each combination of their values.
        captions:
            Columns whose values stand under each picture.
        border:
            A column of numbers, shown as the colour of a border.
        heat:
            A column of numbers, shown in the place of the pictures.
        relative_to:
            Values of axes of the sheet, such as ``{"lora_strength": 0.0}``: below each picture stands its difference
            from the one that has these values and is otherwise its like.
        theme:
            ``light`` or ``dark``.

        Raises
        ------
        SegfluxError
            Where a column does not exist, or there is nothing to show.

        Example
        -------
        ``runs.sheet(cols="lora_strength", rows="seed", relative_to={"lora_strength": 0.0})``
        """
        return contact_sheet(
            self.df,
            cols=cols,
            rows=rows,
            by=by,
            title=self.title,
            captions=captions,
            border=border,
            heat=heat,
            relative_to=relative_to,
            theme=theme,
        )

    def gallery(self, *, cols: str | None = None, rows: str | None = None, by: str | None = None) -> Gallery:
        """The runs as an interactive gallery; what you mark in it is on disk at once.

        Parameters
        ----------
        cols, rows, by:
            How it is laid out at first, as in `sheet`; it can be changed there.

        Example
        -------
        ``runs.gallery(cols="lora_strength", rows="seed")``
        """
        from .widgets.gallery import Gallery

        return Gallery(self.df, cols=cols, rows=rows, by=by, title=self.title, on_mark=self.mark)

    def compare(self, *runs: Run | str, theme: ThemeName = "light") -> ContactSheet:
        """Two runs or more side by side: what differs in their parameters, and their differences from the first.

        Parameters
        ----------
        runs:
            Runs, or their short names.
        theme:
            ``light`` or ``dark``.

        Raises
        ------
        SegfluxError
            Where a run is not among these, or there are fewer than two.

        Example
        -------
        ``runs.compare(runs.one(lora_strength=0.4, seed=7), runs.one(lora_strength=0.8, seed=7))``
        """
        digests = [self._digest(run) for run in runs]
        log = self.log
        return compare(log.set_index("digest", drop=True), digests, theme=theme)

    def export(
        self, folder: str | Path, *, names: str | None = None, metadata: bool = True, parquet: bool = False
    ) -> Path:
        """Write the runs to a folder that explains itself.

        It gets ``pictures/`` under readable names, ``runs.csv`` (formulas inert), ``runs.jsonl``,
        ``contact-sheet.png`` and ``report.html``, which stands alone. Files of an earlier export are replaced.

        Parameters
        ----------
        folder:
            Where; made if need be.
        names:
            How pictures are called: ``"{lora_strength}-{seed}"``, with columns of `df`; by what varies if left out.
        metadata:
            Whether the copies carry their parameters (see `segflux_nb.read_metadata`).
        parquet:
            Also write ``runs.parquet``; needs ``pip install segflux-nb[parquet]``.

        Raises
        ------
        SegfluxError
            Where a table holds what looks like an API key, a name is no column, or the disk does not do what it must.
        """
        return export(
            self.df,
            Path(folder),
            title=self.title,
            axes=list(self.axes),
            names=names,
            metadata=metadata,
            parquet=parquet,
        )

    def export_imagefolder(self, folder: str | Path) -> Path:
        """Write the pictures as Hugging Face's ``imagefolder``: ``train/metadata.jsonl``, the prompts as ``text``.

        Example
        -------
        ``load_dataset("imagefolder", data_dir=runs.export_imagefolder("dataset"))``
        """
        return export_imagefolder(self.df, Path(folder), axes=list(self.axes))

    def mark(
        self, run: Run | str, *, stars: int | None = None, pick: bool | None = None, note: str | None = None
    ) -> None:
        """Rate a run; durable at once, and in the next `df`. What is left out stays as it is.

        Parameters
        ----------
        run:
            A run, or its short name.
        stars:
            0 to 5.
        pick:
            Whether you choose it.
        note:
            Any text.

        Raises
        ------
        RunError
            Where the run is not among these, or the stars are not 0 to 5.
        """
        digest = self._digest(run)
        if stars is not None and (isinstance(stars, bool) or stars not in range(6)):
            raise RunError(f"stars={stars!r} is not a number from 0 to 5")
        self.source.journal.mark(self.source.service, digest, stars=stars, pick=pick, note=note)

    # ------------------------------------------------------------------ judging

    def vote(
        self,
        left: Run | str,
        right: Run | str,
        outcome: str,
        *,
        axis: str = "lora_strength",
        rater: str | None = None,
    ) -> None:
        """Say which of two runs is better; durable at once. The tuner does it for you, blind.

        Parameters
        ----------
        left, right:
            Runs, or their short names, that have all but the axis in common.
        outcome:
            ``left``, ``right``, ``tie`` or ``skip``.
        axis:
            In what they differ.
        rater:
            Who says so; your name on this machine if left out.

        Raises
        ------
        RunError
            Where they differ in something else, or the outcome is none.

        Example
        -------
        ``runs.vote(runs.one(seed=7, lora_strength=0.4), runs.one(seed=7, lora_strength=0.8), "right")``
        """
        rater = this_rater() if rater is None else rater
        one, other = (self._digest(run)[:RUN_DIGITS] for run in (left, right))
        self._jury(axis).vote(one, other, outcome, rater)

    @property
    def votes(self) -> pd.DataFrame:
        """All votes between these runs: when, by whom, along which axis, the two runs, the outcome."""
        return votes_frame(self.source.journal.votes(self.source.service), {digest for digest, _ in self.cells})

    def ranking(self, axis: str = "lora_strength", *, rater: str | None = None) -> Ranking:
        """Which value of an axis the votes prefer, with an interval across seeds; its text is a plain sentence.

        Parameters
        ----------
        axis:
            The axis.
        rater:
            Whose votes; all if left out.

        Example
        -------
        ``runs.ranking()`` shows, say, ``best 0.80, 0.70 to 0.90, 5 seeds, 34 votes``
        """
        return self._jury(axis).ranking(rater)

    def tuner(self, axis: str = "lora_strength", *, rater: str | None = None) -> Tuner:
        """Find the best value of an axis with your eyes: a slider through it, and blind votes between pairs.

        Parameters
        ----------
        axis:
            What is tuned.
        rater:
            The name under which votes are kept; your name on this machine if left out.

        Raises
        ------
        RunError
            Where the axis has no two values with pictures.

        Example
        -------
        ``tuner = runs.tuner()``, and when you have voted ``tuner.ranking`` and ``tuner.next_sweep()``
        """
        from .widgets.tuner import Tuner

        jury = self._jury(axis)
        return Tuner(self.df, axis, jury, rater=this_rater() if rater is None else rater, propose=self._propose)

    def _propose(self, axis: str, low: float, high: float) -> tuple[Sweep, Plan]:
        sweep = refine([run.parameters for run in self], axis, low, high)
        return sweep, self.source.plan(sweep)

    def _jury(self, axis: str) -> PairwiseComparison:
        return PairwiseComparison.of(self.source.journal, self.source.service, self, axis, self.axes)

    # ------------------------------------------------------------------ reading the log

    def _digest(self, run: Run | str) -> str:
        wanted = run if isinstance(run, str) else run.digest
        found = {digest for digest, _ in self.cells if wanted and digest.startswith(wanted)}
        if len(found) != 1:
            raise RunError(f"There is no run {run!r} among these", remedy="Give a run, or its name from df.run")
        return found.pop()

    @property
    def counts(self) -> dict[str, int]:
        """How many runs there are of each status."""
        return dict(Counter(run.state.status for run in self._logged.values()))

    @property
    def _logged(self) -> dict[str, LoggedRun]:
        return self.source.journal.runs(self.source.service, [digest for digest, _ in self.cells])

    def _frame(self, columns: Sequence[Column]) -> pd.DataFrame:
        journal, version = self.source.journal, (self.source.journal.version(), self._base)
        built = self._built.get(len(columns))
        if built is None or built[0] != version:
            service = self.source.service
            table = journal.table(service, [digest for digest, _ in self.cells], sources(columns))
            places = {digest: place for place, digest in enumerate(table["digest"])}
            order = [places[digest] for digest, _ in self.cells if digest in places]
            labels = [labels for digest, labels in self.cells if digest in places]
            frame = build(table, order, labels, journal.marks(service), self._base, columns)
            # pandas carries this along most operations; where it is lost, the sheet goes by the columns that vary.
            frame.attrs["segflux_axes"] = list(self.axes)
            built = self._built[len(columns)] = (version, frame)
        return built[1].copy()

    @cached_property
    def _built(self) -> dict[int, tuple[Any, pd.DataFrame]]:
        """Frames by their number of columns, each with the version of the log from which it was built."""
        return {}

    @property
    def _base(self) -> str:
        """The workspace's folder as reached from here."""
        here = reached_from_here(self.source.folder)
        return "" if here == "." else f"{here}/"

    def _run(self, run: LoggedRun, labels: Mapping[str, Value]) -> Run:
        return Run(
            digest=run.digest,
            service=run.service,
            take=run.take,
            parameters=run.parameters,
            labels=labels,
            status=run.state.status,
            error_kind=run.error_kind,
            error=plain(run.error),
            path=self.source.folder / run.picture if run.picture else None,
        )
