"""Marks in a gallery: what each rater says about each row, and where that is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..sheets.frame_column import text_of
from ..sheets.frame_view import FrameView
from ..sheets.grid import MOST_STARS
from .gallery_messages import Change, Mark, Marks

NAMES = ("stars", "pick", "note")


@dataclass(frozen=True)
class GivenMark:
    """What a rater says about a run.

    Attributes
    ----------
    run:
        The run's short name.
    rater:
        The name of the rater.
    mark:
        Stars, pick and note, as far as they are given.
    """

    run: str
    rater: str
    mark: Mark


class MarkKeeper(Protocol):
    """Keeps the marks of a gallery."""

    def read(self) -> Iterable[GivenMark]:
        """All marks, the rater who marked last at the end."""

    def change(self, rater: str, changes: Mapping[str, Mark]) -> None:
        """Keep marks, all or none.

        Parameters
        ----------
        rater:
            Who marks.
        changes:
            Marks by the name of the run. What is None is taken away; what is left out stays.

        Raises
        ------
        SegfluxError
            If they cannot be kept.
        """


@dataclass
class MarkBook:
    """The marks of all raters, by rows.

    Attributes
    ----------
    names:
        The name of each row; only runs of ours may have a name twice.
    marks:
        What each rater says, as the page reads it.
    """

    names: Sequence[str]
    marks: dict[str, Marks]

    @classmethod
    def of(cls, names: Sequence[str], given: Iterable[GivenMark]) -> MarkBook:
        """The marks of these rows.

        Parameters
        ----------
        names:
            The name of each row.
        given:
            All marks.
        """
        book = cls(names, {})
        rows = book.rows
        for one in given:
            if one.run in rows:
                book.put(one.rater, rows[one.run], one.mark)
        return book

    @property
    def rows(self) -> dict[str, list[int]]:
        """The numbers of the rows of each name."""
        found: dict[str, list[int]] = {}
        for row, name in enumerate(self.names):
            found.setdefault(name, []).append(row)
        return found

    def put(self, rater: str, rows: Iterable[int], mark: Mark) -> None:
        """Put a mark into the book. The rater becomes the one who marked last.

        Parameters
        ----------
        rater:
            Who marks.
        rows:
            The numbers of the rows.
        mark:
            What is None is taken away; what is left out stays.
        """
        own = self.marks.pop(rater, None) or Marks(stars={}, pick={}, note={})
        self.marks[rater] = own
        table: Any = own
        for row in map(str, rows):
            for name, value in mark.items():
                if value is None:
                    table[name].pop(row, None)
                else:
                    table[name][row] = value

    def checked(self, changes: Any) -> list[Change]:
        """What a page sent, as far as it makes sense: known rows and names. Each row that shows a run is changed."""
        rows = self.rows
        found: list[Change] = []
        for change in changes if isinstance(changes, list) else []:
            mark: Any = {name: value for name, value in change.get("mark", {}).items() if name in NAMES}
            named = {self.names[at]: None for at in change.get("at", ()) if is_row(at, len(self.names))}
            at = [row for name in named for row in rows[name]]
            if mark and at:
                found.append({"at": at, "mark": mark})
        return found

    def by_name(self, changes: Iterable[Change]) -> dict[str, Mark]:
        """Changes by the name of the row."""
        found: dict[str, Mark] = {}
        for change in changes:
            for at in change["at"]:
                found[self.names[at]] = {**found.get(self.names[at], {}), **change["mark"]}
        return found

    @property
    def given(self) -> list[GivenMark]:
        """All marks, by the names of the rows."""
        found = []
        for rater, marks in self.marks.items():
            table: Any = marks
            rows = dict.fromkeys(row for name in NAMES for row in table[name])
            for row in rows:
                mark: Any = {name: table[name][row] for name in NAMES if row in table[name]}
                found.append(GivenMark(self.names[int(row)], rater, mark))
        return found

    def latest(self) -> dict[int, dict[str, Any]]:
        """What was said last of each row, by its number."""
        found: dict[int, dict[str, Any]] = {}
        for marks in self.marks.values():
            table: Any = marks
            for name in NAMES:
                for row, value in table[name].items():
                    found.setdefault(int(row), {})[name] = value
        return dict(sorted(found.items()))


def is_row(at: Any, number: int) -> bool:
    """Whether something is the number of a row.

    Parameters
    ----------
    at:
        What a page sent.
    number:
        How many rows there are.
    """
    return isinstance(at, int) and not isinstance(at, bool) and 0 <= at < number


def marks_of(view: FrameView, rater: str) -> list[GivenMark]:
    """The marks that stand in a frame's columns ``stars``, ``pick`` and ``note``, as those of a rater.

    Parameters
    ----------
    view:
        The frame.
    rater:
        The name of the rater.
    """
    columns = {name: view.column(name).values for name in NAMES if name in view}
    kinds: dict[str, Callable[[Any], Any]] = {"stars": _stars, "pick": bool, "note": text_of}
    found = []
    for at, run in enumerate(view.row_names if columns else ()):
        mark: Any = {name: kinds[name](values[at]) for name, values in columns.items() if values[at] is not None}
        if mark:
            found.append(GivenMark(run, rater, mark))
    return found


def _stars(value: Any) -> int:
    """A rating; 0 for what is not one, such as a text."""
    return int(value) if isinstance(value, int | float) and 0 <= value <= MOST_STARS else 0
