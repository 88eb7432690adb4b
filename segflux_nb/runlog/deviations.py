"""What the service's answers had otherwise than the contract says, as the log counts it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..clock import Clock
from ..service.deviations import Deviation
from .seam import LogDatabase

MOST_ROWS = 500
"""Deviations of a service that the log tells apart. Later ones are counted as one."""


class CountedDeviation(NamedTuple):
    """A deviation with its count.

    Attributes
    ----------
    deviation:
        What was otherwise.
    answers:
        In how many answers.
    first_at, last_at:
        When it was written down first and last, in seconds since 1970 UTC.
    """

    deviation: Deviation
    answers: int
    first_at: float
    last_at: float


class DeviationLog:
    """The deviations of a service's answers.

    Parameters
    ----------
    database:
        The log.
    clock:
        Source of the current time.
    service:
        The service.
    """

    def __init__(self, database: LogDatabase, clock: Clock, service: str) -> None:
        self._database = database
        self._clock = clock
        self._service = service

    def add(self, counted: Mapping[Deviation, int]) -> None:
        """Add to the counts.

        Parameters
        ----------
        counted:
            In how many more answers each deviation was.
        """
        now = self._clock.now()
        with self._database.writing() as cursor:
            cursor.execute("SELECT count(*) FROM deviations WHERE service = ?", (self._service,))
            free = MOST_ROWS - int(cursor.fetchone()[0])
            for deviation, answers in counted.items():
                cursor.execute(
                    "UPDATE deviations SET answers = answers + ?, last_at = ? WHERE service = ? AND answer = ?"
                    " AND kind = ? AND field = ? AND expected = ? AND found = ?",
                    (answers, now, self._service, *deviation),
                )
                if not cursor.rowcount and free > 0:
                    free -= 1
                    cursor.execute(
                        "INSERT INTO deviations (answers, first_at, last_at, service, answer, kind, field, expected,"
                        " found) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        (answers, now, now, self._service, *deviation),
                    )

    def all(self) -> list[CountedDeviation]:
        """All deviations, by answer and field."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT answer, kind, field, expected, found, answers, first_at, last_at FROM deviations"
                " WHERE service = ? ORDER BY answer, field, kind, expected, found",
                (self._service,),
            )
            return [CountedDeviation(Deviation(*row[:5]), *row[5:]) for row in cursor]
