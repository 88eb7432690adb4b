"""What people say of runs: marks on one run, and votes between two."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..clock import Clock
from .database import Database
from .rows import LoggedVote
from .schema import VOTES_SINCE


class MarkLog:
    """Stars, picks and notes on the runs of a service.

    Parameters
    ----------
    database:
        The log's file.
    clock:
        Source of the current time.
    service:
        The service whose rows are meant.
    """

    def __init__(self, database: Database, clock: Clock, service: str) -> None:
        self._database = database
        self._clock = clock
        self._service = service

    def set(self, digest: str, *, stars: int | None, pick: bool | None, note: str | None) -> None:
        """Change what the user says of a run; None leaves a mark as it is."""
        with self._database.writing() as cursor:
            cursor.execute(
                "INSERT INTO marks (service, digest, stars, pick, note, marked_at) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (service, digest) DO UPDATE SET stars = coalesce(excluded.stars, stars),"
                " pick = coalesce(excluded.pick, pick), note = coalesce(excluded.note, note),"
                " marked_at = excluded.marked_at",
                (self._service, digest, stars, pick, note, self._clock.now()),
            )

    def all(self) -> dict[str, dict[str, Any]]:
        """Stars, pick and note, by digest."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT digest, stars, pick, note FROM marks WHERE service = ?", (self._service,))
            return {row["digest"]: dict(row) for row in cursor}


class VoteLog:
    """Votes between two runs of a service that differ in one axis.

    Parameters
    ----------
    database:
        The log's file.
    clock:
        Source of the current time.
    service:
        The service whose rows are meant.
    """

    def __init__(self, database: Database, clock: Clock, service: str) -> None:
        self._database = database
        self._clock = clock
        self._service = service

    def add(self, vote: LoggedVote) -> None:
        """Enter a judgement between two runs."""
        with self._database.writing() as cursor:
            cursor.execute(
                "INSERT INTO votes (at, service, rater, axis, left, right, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._clock.now(), self._service, vote.rater, vote.axis, vote.left, vote.right, vote.outcome),
            )

    def undo(self, axis: str, rater: str, digests: Iterable[str]) -> bool:
        """Forget a rater's latest judgement between these runs; whether there was one."""
        with self._database.writing() as cursor:
            cursor.execute(
                "DELETE FROM votes WHERE number = (SELECT max(number) FROM votes WHERE service = ? AND axis = ?"
                " AND rater = ? AND left IN (SELECT value FROM json_each(?)))",
                (self._service, axis, rater, json.dumps(list(digests))),
            )
            return bool(cursor.rowcount)

    def all(self) -> list[tuple[float, LoggedVote]]:
        """All judgements in order, each with its time."""
        with self._database.reading() as cursor:
            if cursor.execute("PRAGMA user_version").fetchone()[0] < VOTES_SINCE:
                return []  # an old log that can only be read
            cursor.execute(
                "SELECT at, rater, axis, left, right, outcome FROM votes WHERE service = ? ORDER BY number",
                (self._service,),
            )
            return [(row[0], LoggedVote(*tuple(row)[1:])) for row in cursor]
