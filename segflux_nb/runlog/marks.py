"""What people say about runs: marks on one run, and votes between two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..clock import Clock
from .columns import columns_of
from .reading import Few
from .rows import LoggedVote
from .seam import LogDatabase

_MARKS = tuple(column.name for column in columns_of("marks"))


class Changes:
    """How often this connection changed a table that says nothing about what a run is, and of which runs.

    Who keeps a frame can tell by it that all but a few of its values are as they were.

    Parameters
    ----------
    database:
        The log.

    Attributes
    ----------
    number:
        The number of changed rows.
    digests:
        The runs whose rows were changed, in order.
    """

    def __init__(self, database: LogDatabase) -> None:
        self._database = database
        self.number = 0
        self.digests: list[str] = []

    @contextmanager
    def noting(self, digests: Iterable[str] = ()) -> Iterator[None]:
        """Count what a transaction changes, from here to the end of the block.

        Parameters
        ----------
        digests:
            The runs that it is about.
        """
        self.digests.extend(digests)
        before = self._database.changes
        try:
            yield
        finally:
            self._database.count(self, self._database.changes - before)


def _plain(value: Any) -> Any:
    """A value as both databases keep it: a boolean is 0 or 1."""
    return int(value) if isinstance(value, bool) else value


class MarkLog:
    """Stars, picks and notes on the runs of a service.

    Parameters
    ----------
    database:
        The log.
    clock:
        Source of the current time.
    service:
        The service whose runs are meant.
    """

    def __init__(self, database: LogDatabase, clock: Clock, service: str) -> None:
        self._database = database
        self._clock = clock
        self._service = service
        self.changes = Changes(database)

    def set(self, digest: str, rater: str, *, stars: int | None, pick: bool | None, note: str | None) -> None:
        """Change what a rater says about a run.

        Parameters
        ----------
        digest:
            The run.
        rater:
            Who says it.
        stars:
            0 to 5; None leaves them as they are.
        pick:
            Whether it is picked; None leaves it as it is.
        note:
            Any text; None leaves it as it is.
        """
        with self._database.writing() as cursor, self.changes.noting([digest]):
            cursor.execute(
                "INSERT INTO marks (service, digest, rater, stars, pick, note, marked_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (service, digest, rater) DO UPDATE SET stars = coalesce(excluded.stars, marks.stars),"
                " pick = coalesce(excluded.pick, marks.pick), note = coalesce(excluded.note, marks.note),"
                " marked_at = excluded.marked_at",
                (self._service, digest, rater, stars, _plain(pick), note, self._clock.now()),
            )

    def change(self, rater: str, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Change what a rater says about runs, in one step. What is None is taken away; what is left out stays.

        Parameters
        ----------
        rater:
            Who says it.
        changes:
            Stars, pick and note by digest.
        """
        with self._database.writing() as cursor, self.changes.noting(changes):
            for digest, mark in changes.items():
                names = [name for name in _MARKS if name in mark]
                kept, given = "".join(f" {name} = excluded.{name}," for name in names), ", ".join(names)
                # The names are those of the table of columns.
                cursor.execute(
                    f"INSERT INTO marks (service, digest, rater, {given}, marked_at)"  # noqa: S608
                    f" VALUES (?, ?, ?, {', '.join('?' * len(names))}, ?)"
                    f" ON CONFLICT (service, digest, rater) DO UPDATE SET{kept} marked_at = excluded.marked_at",
                    (self._service, digest, rater, *(_plain(mark[name]) for name in names), self._clock.now()),
                )
            cursor.execute(
                "DELETE FROM marks WHERE service = ? AND rater = ?"
                " AND stars IS NULL AND pick IS NULL AND note IS NULL",
                (self._service, rater),
            )

    def latest(self, digests: Collection[str] | None = None) -> dict[str, dict[str, Any]]:
        """Stars, pick and note by digest, from the rater who marked the run last.

        What that rater left out comes from the rater before, if there is one.

        Parameters
        ----------
        digests:
            The runs that are meant, if they are few; None for all.
        """
        few = Few("digest", digests)
        marks: dict[str, dict[str, Any]] = {}
        with self._database.reading() as cursor:
            # The names are those of the table of columns. Marks without a rater are of an older version, so they are
            # the first, whatever the clock said.
            cursor.execute(
                f"SELECT digest, {', '.join(_MARKS)} FROM marks WHERE service = ?{few.condition}"  # noqa: S608 - see above
                " ORDER BY CASE WHEN rater = '' THEN 0 ELSE 1 END, marked_at, rater",
                (self._service, *few.values),
            )
            for digest, *values in cursor:
                mark = marks.setdefault(digest, dict.fromkeys(_MARKS))
                mark.update((name, value) for name, value in zip(_MARKS, values, strict=True) if value is not None)
        return marks


class VoteLog:
    """Votes between two runs of a service, with the axes in which they differ.

    Parameters
    ----------
    database:
        The log.
    clock:
        Source of the current time.
    service:
        The service whose runs are meant.
    """

    def __init__(self, database: LogDatabase, clock: Clock, service: str) -> None:
        self._database = database
        self._clock = clock
        self._service = service
        self._replayed: Counter[LoggedVote] = Counter()
        self.changes = Changes(database)

    def enter(self, votes: Iterable[tuple[float, LoggedVote]], *, replayed: bool = False) -> None:
        """Enter votes with their times, in their order.

        Parameters
        ----------
        votes:
            The votes, each with its time.
        replayed:
            Whether an equal vote that is cast from now on takes the place of one of them: a notebook that is run
            again casts the same votes, and they must not count twice.
        """
        votes = list(votes)
        with self._database.writing() as cursor, self.changes.noting():
            cursor.executemany(
                'INSERT INTO votes (at, service, rater, axis, "left", "right", outcome) VALUES (?, ?, ?, ?, ?, ?, ?)',
                [(at, self._service, *vote) for at, vote in votes],
            )
        if replayed:
            self._replayed.update(vote for _, vote in votes)

    def add(self, vote: LoggedVote) -> None:
        """Enter a vote."""
        with self._database.writing() as cursor, self.changes.noting():
            if self._replayed[vote]:
                self._replayed[vote] -= 1
                cursor.execute(
                    "DELETE FROM votes WHERE number = (SELECT min(number) FROM votes WHERE service = ? AND rater = ?"
                    ' AND axis = ? AND "left" = ? AND "right" = ? AND outcome = ?)',
                    (self._service, *vote),
                )
            cursor.execute(
                'INSERT INTO votes (at, service, rater, axis, "left", "right", outcome) VALUES (?, ?, ?, ?, ?, ?, ?)',
                (self._clock.now(), self._service, vote.rater, vote.axis, vote.left, vote.right, vote.outcome),
            )

    def undo(self, axes: Collection[str], rater: str, digests: Iterable[str]) -> bool:
        """Delete a rater's latest vote between these runs. Returns whether there was one.

        Parameters
        ----------
        axes:
            The axes of the vote: any of these texts.
        rater:
            Who voted.
        digests:
            The runs.
        """
        wanted = set(digests)
        with self._database.writing() as cursor, self.changes.noting():
            cursor.execute(
                'SELECT number, axis, "left", "right" FROM votes WHERE service = ? AND rater = ?'
                " ORDER BY number DESC",
                (self._service, rater),
            )
            number = next(
                (number for number, axis, *pair in cursor if axis in axes and wanted.issuperset(pair)), None
            )
            if number is None:
                return False
            cursor.execute("DELETE FROM votes WHERE number = ?", (number,))
            return True

    def all(self) -> list[tuple[float, LoggedVote]]:
        """All votes in order, each with its time."""
        with self._database.reading() as cursor:
            cursor.execute(
                'SELECT at, rater, axis, "left", "right", outcome FROM votes WHERE service = ? ORDER BY number',
                (self._service,),
            )
            return [(at, LoggedVote(*vote)) for at, *vote in cursor]
