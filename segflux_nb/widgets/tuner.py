"""The tuner: people find the best value of an axis with their eyes.

A slider shows the pictures of all seeds at one value, and the values one after the other. In blind votes a person
compares two pictures of one seed. A ranking shows what the votes say. The tuner shows and sends; which pictures are
compared, and how votes are kept, is decided by the `Voting` that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple, Protocol

import pandas as pd

from ..console import say
from ..errors import SegfluxError
from ..markup import count
from ..sheets.frame_column import FrameColumn
from ..sheets.frame_view import FrameView
from ..sheets.pivot import arrange
from ..sweep.plan import Plan
from ..sweep.sweep import Sweep
from ..voting.joint import JointRanking
from ..voting.pairwise import rater_name
from ..voting.ranking import Ranking
from .assets import absolute, module, style
from .picture_widget import PictureWidget
from .toolkit import traitlets


class Proposal(NamedTuple):
    """The next cells to look at.

    Attributes
    ----------
    sweep:
        The cells.
    plan:
        What they cost.
    gain:
        What they are expected to tell, in words; empty where nobody can say.
    """

    sweep: Sweep
    plan: Plan
    gain: str


class Voting(Protocol):
    """Keeps votes, and decides which runs are compared next. Runs are given by their short names."""

    def next_pair(self, rater: str) -> tuple[str, str] | None:
        """The runs that a rater compares next, left and right; None if there are none."""

    def vote(self, left: str, right: str, outcome: str, rater: str) -> None:
        """Keep a vote.

        Parameters
        ----------
        left, right:
            The runs.
        outcome:
            ``left``, ``right``, ``tie`` or ``skip``.
        rater:
            The person who voted.
        """

    def upcoming(self, rater: str) -> Mapping[str, tuple[str, str] | None]:
        """The pair that comes after each outcome of the next one: ``left``, ``right``, ``tie``, ``skip``."""

    def undo(self, rater: str) -> bool:
        """Remove a rater's latest vote. Returns whether there was one."""

    def count(self, rater: str) -> int:
        """The number of a rater's votes that count."""

    def raters(self) -> list[str]:
        """The names of those who voted."""

    def ranking(self, rater: str | None = None) -> Ranking | JointRanking:
        """What the votes of all raters say, or those of one."""

    def progress(self, rater: str) -> str:
        """How far the votes of all raters are, in words, for a rater who goes on."""


class Tuner(PictureWidget):
    """A slider through the values of an axis, and blind votes between pairs of pictures.

    Votes are kept at once. In blind votes nothing tells which value is which: left and right are drawn by chance, and
    the ranking is on another tab. With several axes the slider has one, and the two pictures of a pair may differ in
    any of them.

    What the browser reads: `axes` are the axes, each with its name and labels. `cells` has a row for each combination
    of their labels (the last axis changes fastest), whose name is in `labels`; in a row there is a picture for each
    of `blocks`, or -1. `pair` is what is judged now, and `upcoming` the pair after each outcome, so that its pictures
    can be loaded before they are asked for; it may be shown before Python answers. `progress` says how far it is.
    Each vote, undo and new rater is answered by one message: ``next`` with both, or ``error``.

    Parameters
    ----------
    frame:
        The runs, as `Runs.df`; those without a picture are left out.
    axes:
        The axes to tune.
    voting:
        Keeps the votes and decides which runs are compared.
    rater:
        The name under which votes are kept; it can be changed in the widget.
    propose:
        Makes the next sweep.

    Attributes
    ----------
    ranking:
        What all votes say.

    Example
    -------
    ::

        tuner = runs.tuner("lora_strength")    # in a cell: shows itself
        tuner.ranking                          # best 0.80, 0.70 to 0.90, 5 seeds, 34 votes
        finer = tuner.next_sweep()
    """

    _esm = module("tuner")
    _css = style("tuner")
    axis = traitlets.Unicode().tag(sync=True)
    axes: Any = traitlets.List().tag(sync=True)
    labels: Any = traitlets.List().tag(sync=True)
    blocks: Any = traitlets.List().tag(sync=True)
    cells: Any = traitlets.List().tag(sync=True)
    pair: Any = traitlets.List().tag(sync=True)
    upcoming: Any = traitlets.Dict().tag(sync=True)
    votes = traitlets.Int().tag(sync=True)
    progress = traitlets.Unicode().tag(sync=True)
    rater = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    shown_ranking = traitlets.Dict({"sentence": "", "rows": []}).tag(sync=True)
    proposal = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        frame: pd.DataFrame,
        axes: Sequence[str],
        voting: Voting,
        *,
        rater: str,
        propose: Callable[[], Proposal],
    ) -> None:
        view = FrameView.of(frame)
        axes = [view.setting(name) for name in axes]
        view = view.rows([at for at, picture in enumerate(view.pictures) if picture is not None])
        self._voting, self._propose = voting, propose
        self._runs = [str(run) for run in view.column("run").values]
        self._places = {run: at for at, run in enumerate(self._runs)}
        self._columns = [view.column(name) for name in axes]
        others = [name for name in view.varying_axes if name not in axes]
        labels, blocks, cells = _grid(self._columns, [view.column(name) for name in others])
        rows = "seed" if "seed" in others else (others[0] if others else None)
        by = [*axes[1:], *(name for name in others if name != rows)]
        layout = arrange(view, cols=axes[0], rows=rows, by=by or None)
        values = ", ".join(
            f"{column.name}: {count(len(column.distinct_labels), 'value')}" for column in self._columns
        )
        super().__init__(
            absolute(view.pictures),
            layout,
            f"Tuner({values}, {count(len(blocks), 'picture')} each)",
            axis=", ".join(axes),
            axes=[{"name": column.name, "labels": list(column.distinct_labels)} for column in self._columns],
            labels=labels,
            blocks=blocks,
            cells=cells,
            rater=rater,
            note=view.simulated_note,
        )
        self._refresh()

    @property
    def ranking(self) -> Ranking | JointRanking:
        """What all votes say."""
        return self._voting.ranking()

    def next_sweep(self) -> Sweep:
        """The next cells around the best place, with the same seeds. What they cost and tell is printed; none is run.

        Raises
        ------
        SegfluxError
            If there are no votes yet, or if no axis has values in between.
        """
        sweep, plan, gain = self._propose()
        say("\n".join([*plan.lines[:2], *filter(None, [gain])]))
        return sweep

    def _receive(self, message: Mapping[str, Any]) -> None:
        try:
            self._do(str(message.get("kind")), message)
        except SegfluxError as error:
            self.send({"kind": "error", "text": str(error)})

    def _do(self, kind: str, message: Mapping[str, Any]) -> None:
        """Do what the browser asks.

        Parameters
        ----------
        kind:
            The kind of the message.
        message:
            The whole message.
        """
        if kind == "vote":
            self._vote(message)
            self._answer_with_next()
        elif kind == "undo":
            if not self._voting.undo(self.rater):
                raise SegfluxError(f"{self.rater} has no vote to undo")
            self._refresh()
            self._answer_with_next()
        elif kind == "rater":
            self.rater = rater_name(str(message.get("name", ""))) or self.rater
            self._refresh()
            self._answer_with_next()
        elif kind == "rank":
            self._show_ranking()
        elif kind == "propose":
            sweep, plan, gain = self._propose()
            lines = [f"finer = tuner.next_sweep()  # {sweep!r}", *plan.lines, *filter(None, [gain])]
            self.proposal = "\n".join(lines)

    def _vote(self, message: Mapping[str, Any]) -> None:
        """Keep a vote on the pair that is shown, or on one that comes next: browsers show those before we answer.

        A vote on any other pair comes from a second press of a key.
        """
        pair, outcome = list(message.get("pair", ())), str(message.get("outcome"))
        is_ahead = pair in self.upcoming.values()
        if len(pair) != 2 or not (pair == self.pair or is_ahead):
            return
        left, right = (self._runs[place] for place in pair)
        self._voting.vote(left, right, outcome, self.rater)
        promised = self.upcoming.get(outcome, []) if pair == self.pair else None
        self._refresh(promised)

    def _refresh(self, promised: list[int] | None = None) -> None:
        """Show the rater's next pair, those that may come after it, and how far it is.

        Parameters
        ----------
        promised:
            The pair that the browser shows already. It stays, even if votes of others make another one better.
        """
        if promised:
            self.pair = promised
        else:
            self.pair = self._pair_of(self._voting.next_pair(self.rater))
        self.votes = self._voting.count(self.rater)
        upcoming = self._voting.upcoming(self.rater)
        self.upcoming = {outcome: self._pair_of(pair) for outcome, pair in upcoming.items()}
        self.progress = self._voting.progress(self.rater)

    def _answer_with_next(self) -> None:
        self.send({"kind": "next", "pair": self.pair, "upcoming": self.upcoming})

    def _pair_of(self, runs: tuple[str, str] | None) -> list[int]:
        return [] if runs is None else [self._places[run] for run in runs]

    def _show_ranking(self) -> None:
        ranking = self.ranking
        is_joint = len(self._columns) > 1
        named = [(column.name if is_joint else "value", column) for column in self._columns]
        rows: list[dict[str, Any]] = [
            {
                "label": self._label_of(row),
                "place": [column.label_of.get(row[name], str(row[name])) for name, column in named],
                "inside": isinstance(ranking, JointRanking) and ranking.region is not None and row in ranking.region,
                "score": float(row["score"]),
                "low": None if pd.isna(row["low"]) else float(row["low"]),
                "high": None if pd.isna(row["high"]) else float(row["high"]),
                "won": "–" if pd.isna(row["won"]) else f"{100 * row['won']:.0f} %",
                "judged": int(row["judged"]),
            }
            for row in (
                {str(name): value for name, value in one.items()} for one in ranking.scores.to_dict("records")
            )
        ]
        raters = [
            {"name": rater, "votes": self._voting.count(rater), "sentence": str(self._voting.ranking(rater))}
            for rater in self._voting.raters()
        ]
        shown: dict[str, Any] = {"sentence": str(ranking), "rows": rows, "raters": raters}
        self.shown_ranking = shown

    def _label_of(self, row: Mapping[str, Any]) -> str:
        """What a row of the ranking is about, in words."""
        if len(self._columns) == 1:
            return self._columns[0].label_of.get(row["value"], str(row["value"]))
        values = [(column, row[column.name]) for column in self._columns]
        return ", ".join(f"{column.name} {column.label_of.get(value, str(value))}" for column, value in values)


def _grid(axes: list[FrameColumn], others: list[FrameColumn]) -> tuple[list[str], list[str], list[list[int]]]:
    """The pictures of the slider: a row for each combination of values, and in each row one picture for each block.

    Parameters
    ----------
    axes:
        The axes that are tuned.
    others:
        The other axes. Each combination of their values is a block.

    Returns
    -------
    tuple
        The combinations in words, of which one axis needs no name; the blocks in words; and for each combination, the
        number of the picture in each block, or -1.
    """
    combinations = list(product(*[column.distinct_labels for column in axes]))
    row_of = {labels: at for at, labels in enumerate(combinations)}
    number = len(axes[0].values)
    blocks = [", ".join(f"{column.name} {column.labels[at]}" for column in others) for at in range(number)]
    names = list(dict.fromkeys(blocks))
    column_of = {name: at for at, name in enumerate(names)}
    cells = [[-1] * len(names) for _ in combinations]
    for at, block in enumerate(blocks):
        cells[row_of[tuple(column.labels[at] for column in axes)]][column_of[block]] = at
    if len(axes) == 1:
        return list(axes[0].distinct_labels), names, cells
    words = [
        ", ".join(f"{column.name} {label}" for column, label in zip(axes, labels, strict=True))
        for labels in combinations
    ]
    return words, names, cells
