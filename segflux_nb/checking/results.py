"""What a check found, cell by cell, gathered over the processes of pytest-xdist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ..markup import count, plain, shorten
from .verdicts import Finding, Verdict

if TYPE_CHECKING:
    import pytest

MOST_SHOWN = 20
"""The most changed pictures of a cell that the report shows; the others are named."""


@dataclass
class CellResult:
    """What was found in one cell.

    Attributes
    ----------
    notebook:
        The path of the notebook.
    cell:
        The number of the code cell, from 0, as nbval counts.
    source:
        Its code.
    counts:
        The number of its pictures by verdict.
    changed:
        The changed pictures: what, why, and the bytes of the saved and the new one.
    text_differs:
        Whether its text differs.
    causes:
        What may be the cause, or empty.
    is_compared:
        Whether there was something to compare with, or it was skipped on purpose.
    """

    notebook: str
    cell: int
    source: str
    counts: dict[str, int] = field(default_factory=dict)
    changed: list[dict[str, Any]] = field(default_factory=list)
    text_differs: bool = False
    causes: str = ""
    is_compared: bool = True

    def add(self, findings: Sequence[Finding]) -> None:
        """Take in the comparison of the cell's pictures."""
        self.counts = dict(Counter(str(finding.verdict) for finding in findings))
        for finding in findings:
            if finding.verdict is Verdict.CHANGED:
                shown = len(self.changed) < MOST_SHOWN
                pictures = {"saved": finding.saved, "new": finding.new} if shown else {"saved": b"", "new": b""}
                self.changed.append({"what": finding.what, "why": finding.why, **pictures})

    def line(self, otherwise: str = "") -> str:
        """What is wrong in one line: notebook, cell, run and values, distance.

        Parameters
        ----------
        otherwise:
            What is wrong where no picture has changed.
        """
        place = f"{self.notebook}, cell {self.cell}"
        if not self.changed:
            return f"{place}: {otherwise}" if otherwise else place
        first = self.changed[0]
        more = f" (and {count(len(self.changed) - 1, 'more picture')})" if len(self.changed) > 1 else ""
        text = "; its text differs too" if self.text_differs else ""
        return shorten(plain(f"{place}, {first['what']}: changed: {first['why']}{more}{text}"), 500)


@dataclass
class Results:
    """What was found in all cells.

    Attributes
    ----------
    cells:
        What was found in each.
    """

    cells: list[CellResult] = field(default_factory=list)

    def add(self, result: CellResult) -> None:
        """Take in a cell."""
        self.cells.append(result)

    def sent(self) -> list[dict[str, Any]]:
        """The results as plain values, for the process that gathers them."""
        return [asdict(cell) for cell in self.cells]

    def receive(self, sent: Sequence[Mapping[str, Any]]) -> None:
        """Take in the results of another process."""
        self.cells += [CellResult(**cell) for cell in sent]

    @property
    def changed(self) -> list[CellResult]:
        """The cells with a changed picture."""
        return [cell for cell in self.cells if cell.changed]

    @property
    def counts(self) -> Counter[str]:
        """The number of pictures by verdict."""
        counts = Counter[str]()
        for cell in self.cells:
            counts.update(cell.counts)
        return counts

    @property
    def summary(self) -> str:
        """How many pictures there are of each verdict, and what was not compared."""
        counts = self.counts
        parts = [f"{counts[verdict]:,} {verdict}" for verdict in Verdict if counts[verdict]]
        text = f"{count(sum(counts.values()), 'picture')} compared"
        text += f": {', '.join(parts)}" if parts else ""
        left = [cell for cell in self.cells if not cell.is_compared]
        if left:
            text += (
                f". {count(len(left), 'cell')} executed, and not compared: no outputs are saved, or a marker says so"
            )
        return text


def results_of(config: pytest.Config) -> Results:
    """The results of a session of pytest."""
    kept: Results | None = getattr(config, "_segflux_results", None)
    if kept is None:
        kept = Results()
        config._segflux_results = kept  # type: ignore[attr-defined]  # its stash needs pytest
    return kept
