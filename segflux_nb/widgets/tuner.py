"""The tuner: people find the best value of an axis with their eyes.

A slider shows the pictures of all seeds at one value, and the values one after the other. In blind votes a person
compares two pictures of one seed. A ranking shows what the votes say. The tuner shows and sends; which pictures are
compared, and how votes are kept, is decided by the `Voting` that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import pandas as pd
import traitlets

from ..console import say
from ..errors import SegfluxError
from ..markup import count, plain
from ..sheets.frame_column import FrameColumn
from ..sheets.frame_view import FrameView
from ..sheets.pivot import arrange
from ..sweep.plan import Plan
from ..sweep.sweep import Sweep
from ..voting.ranking import NO_SCALE, Ranking
from .assets import absolute, module, style
from .picture_widget import PictureWidget

Propose = Callable[[str, float, float], tuple[Sweep, Plan]]
"""Called with an axis and the lowest and highest value that may be the best. Gives a finer sweep and its plan."""


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

    def undo(self, rater: str) -> bool:
        """Remove a rater's latest vote. Returns whether there was one."""

    def ranking(self, rater: str | None = None) -> Ranking:
        """What the votes of all raters say, or those of one."""


class Tuner(PictureWidget):
    """A slider through the values of an axis, and blind votes between pairs of pictures.

    Votes are kept at once. In blind votes nothing tells which value is which: left and right are drawn by chance, and
    the ranking is on another tab.

    Parameters
    ----------
    frame:
        The runs, as `Runs.df`; those without a picture are left out.
    axis:
        The axis to tune.
    voting:
        Keeps the votes and decides which runs are compared.
    rater:
        The name under which votes are kept; it can be changed in the widget.
    propose:
        Makes the finer sweep.

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
    labels: Any = traitlets.List().tag(sync=True)
    blocks: Any = traitlets.List().tag(sync=True)
    cells: Any = traitlets.List().tag(sync=True)
    pair: Any = traitlets.List().tag(sync=True)
    votes = traitlets.Int().tag(sync=True)
    rater = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    shown_ranking = traitlets.Dict({"sentence": "", "rows": []}).tag(sync=True)
    proposal = traitlets.Unicode().tag(sync=True)

    def __init__(self, frame: pd.DataFrame, axis: str, voting: Voting, *, rater: str, propose: Propose) -> None:
        view = FrameView.of(frame)
        view = view.rows([at for at, picture in enumerate(view.pictures) if picture is not None])
        self._voting, self._propose = voting, propose
        self._runs = [str(run) for run in view.column("run").values]
        self._places = {run: at for at, run in enumerate(self._runs)}
        column = view.column(axis)
        self._labels = column.label_of
        labels = list(column.distinct_labels)
        others = [name for name in view.varying_axes if name != axis]
        blocks, cells = _grid(column, [view.column(name) for name in others])
        rows = "seed" if "seed" in others else (others[0] if others else None)
        by = [name for name in others if name != rows]
        layout = arrange(view, cols=axis, rows=rows, by=by or None)
        super().__init__(
            absolute(view.pictures),
            layout,
            f"Tuner({axis}: {count(len(labels), 'value')}, {count(len(blocks), 'picture')} each)",
            axis=axis,
            labels=labels,
            blocks=blocks,
            cells=cells,
            rater=rater,
            note=view.simulated_note,
        )
        self._refresh()

    @property
    def ranking(self) -> Ranking:
        """What all votes say."""
        return self._voting.ranking()

    def next_sweep(self) -> Sweep:
        """A finer sweep around the best value, with the same seeds. Its cost is printed, and nothing is run.

        Raises
        ------
        SegfluxError
            If there are no votes yet, or if the axis has no values in between.
        """
        sweep, plan = self._proposed()
        say("\n".join(plan.lines[:2]))
        return sweep

    def _proposed(self) -> tuple[Sweep, Plan]:
        ranking = self.ranking
        if ranking.best is None:
            raise SegfluxError(f"There are no votes on {self.axis} yet", remedy="Vote first, in the tuner")
        best = ranking.best
        if self.axis in NO_SCALE or not isinstance(best, int | float):
            raise SegfluxError(
                f"{self.axis} is not an axis of numbers: it has no finer values", remedy=f"Use {self.axis}={best!r}"
            )
        low = best if ranking.low is None else ranking.low
        high = best if ranking.high is None else ranking.high
        return self._propose(self.axis, float(low), float(high))

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
            # A vote on a pair that is no longer shown comes from a second press of a key.
            if len(self.pair) == 2 and list(message.get("pair", ())) == list(self.pair):
                left, right = (self._runs[place] for place in self.pair)
                self._voting.vote(left, right, str(message.get("outcome")), self.rater)
                self._refresh()
        elif kind == "undo":
            if not self._voting.undo(self.rater):
                raise SegfluxError(f"{self.rater} has no vote to undo")
            self._refresh()
        elif kind == "rater":
            self.rater = plain(message.get("name", "")).strip() or self.rater
            self._refresh()
        elif kind == "rank":
            self._show_ranking()
        elif kind == "propose":
            sweep, plan = self._proposed()
            self.proposal = f"finer = tuner.next_sweep()  # {sweep!r}\n" + "\n".join(plan.lines)

    def _refresh(self) -> None:
        """Show the rater's next pair and number of votes."""
        pair = self._voting.next_pair(self.rater)
        self.votes = self._voting.ranking(self.rater).votes
        self.pair = [] if pair is None else [self._places[run] for run in pair]

    def _show_ranking(self) -> None:
        ranking = self.ranking
        rows: list[dict[str, Any]] = [
            {
                "label": self._labels.get(row["value"], str(row["value"])),
                "score": float(row["score"]),
                "low": None if pd.isna(row["low"]) else float(row["low"]),
                "high": None if pd.isna(row["high"]) else float(row["high"]),
                "won": "–" if pd.isna(row["won"]) else f"{100 * row['won']:.0f} %",
                "judged": int(row["judged"]),
            }
            for row in ranking.scores.to_dict("records")
        ]
        shown: dict[str, Any] = {"sentence": str(ranking), "rows": rows}
        self.shown_ranking = shown


def _grid(axis: FrameColumn, others: list[FrameColumn]) -> tuple[list[str], list[list[int]]]:
    """The pictures of the slider: a row for each value of the axis, and in each row one picture for each block.

    Parameters
    ----------
    axis:
        The axis that is tuned.
    others:
        The other axes. Each combination of their values is a block.

    Returns
    -------
    tuple
        The blocks in words; and for each value, the number of the picture in each block, or -1.
    """
    number = len(axis.values)
    blocks = [", ".join(f"{column.name} {column.labels[at]}" for column in others) for at in range(number)]
    names = list(dict.fromkeys(blocks))
    labels = list(axis.distinct_labels)
    cells = [[-1] * len(names) for _ in labels]
    for at, block in enumerate(blocks):
        cells[labels.index(axis.labels[at])][names.index(block)] = at
    return names, cells
