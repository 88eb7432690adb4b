"""Numbers about pictures, each computed once: by the picture's bytes, the metric, and how it is computed."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..clock import Clock
from .reading import LOOKED_UP
from .seam import LogDatabase


class MetricKey(NamedTuple):
    """What a number is about.

    Attributes
    ----------
    sha256:
        The digest of the picture's bytes.
    name:
        The metric.
    version:
        How it is computed: another version is another number.
    against:
        A digest of what the picture was compared with; empty for nothing.
    """

    sha256: str
    name: str
    version: str
    against: str = ""


class MetricRow(NamedTuple):
    """One number about a picture, as the log has it.

    Attributes
    ----------
    sha256, name, version, against:
        As in `MetricKey`.
    field:
        Which of several numbers; empty for the only one.
    value:
        The number; None where the picture has none.
    measured_at:
        When it was measured, in seconds since 1970 UTC.
    """

    sha256: str
    name: str
    version: str
    against: str
    field: str
    value: float | None
    measured_at: float


Fields = Mapping[str, float | None]
"""The numbers of a metric by field, of which most metrics have one without a name. None is a number that is
missing."""


class MetricLog:
    """Numbers about pictures. They are those of the bytes, so they are shared by all services of the log.

    Parameters
    ----------
    database:
        The log.
    clock:
        Source of the current time.
    """

    def __init__(self, database: LogDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def keep(self, values: Mapping[MetricKey, Fields]) -> None:
        """Keep numbers. From now on they are the latest of their pictures, which frames show.

        Parameters
        ----------
        values:
            Numbers by what they are about.
        """
        now = self._clock.now()
        rows = [
            (*key, field, None if value is None or not math.isfinite(value) else float(value), now)
            for key, fields in values.items()
            for field, value in fields.items()
        ]
        if not rows:
            return
        with self._database.writing() as cursor:
            cursor.executemany(
                "INSERT INTO metrics (sha256, name, version, against, field, value, measured_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256, name, version, against, field)"
                " DO UPDATE SET value = excluded.value, measured_at = excluded.measured_at",
                rows,
            )

    def enter(self, rows: Iterable[MetricRow]) -> None:
        """Enter numbers that were measured elsewhere. Those that are known stay.

        Parameters
        ----------
        rows:
            The numbers.
        """
        rows = list(rows)
        if rows:
            with self._database.writing() as cursor:
                cursor.executemany(
                    "INSERT INTO metrics (sha256, name, version, against, field, value, measured_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256, name, version, against, field) DO NOTHING",
                    rows,
                )

    def all(self) -> Iterator[MetricRow]:
        """All numbers, by picture and then in one order."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT sha256, name, version, against, field, value, measured_at FROM metrics"
                " ORDER BY sha256, measured_at, version, against, name, field"
            )
            rows = [MetricRow(*row) for row in cursor]
        return iter(rows)

    def read(self, sha256s: Collection[str]) -> dict[MetricKey, dict[str, float | None]]:
        """All that is known of some pictures.

        Parameters
        ----------
        sha256s:
            The digests of their bytes.
        """
        found: dict[MetricKey, dict[str, float | None]] = {}
        for *key, field, value in self._of(sha256s, "sha256, name, version, against, field, value"):
            found.setdefault(MetricKey(*key), {})[field] = value
        return found

    def latest(self, sha256s: Collection[str] | None = None) -> dict[str, dict[str, float | None]]:
        """The latest numbers of each picture: by its digest, and by the name of the column that shows them.

        Parameters
        ----------
        sha256s:
            The digests of the pictures; all if left out.
        """
        found: dict[str, dict[str, float | None]] = {}
        for sha256, name, field, value in self._of(sha256s, "sha256, name, field, value"):
            found.setdefault(sha256, {})[column_of(name, field)] = value
        return found

    def _of(self, sha256s: Collection[str] | None, columns: str) -> list[Any]:
        """Columns of the numbers of some pictures, or of all; the latest number of a picture comes last.

        Parameters
        ----------
        sha256s:
            The digests of their bytes; None for all.
        columns:
            The columns, in SQL.
        """
        order = "ORDER BY measured_at, version, against"
        with self._database.reading() as cursor:
            if sha256s is None:
                return cursor.execute(f"SELECT {columns} FROM metrics {order}").fetchall()  # noqa: S608 - our own
            wanted, rows = list(sha256s), []
            for start in range(0, len(wanted), LOOKED_UP):
                part = wanted[start : start + LOOKED_UP]
                places = ", ".join("?" * len(part))
                query = f"SELECT {columns} FROM metrics WHERE sha256 IN ({places}) {order}"  # noqa: S608 - our own
                rows += cursor.execute(query, part).fetchall()
            return rows


def column_of(name: str, field: str) -> str:
    """The name of the column that shows a number.

    Parameters
    ----------
    name:
        The metric.
    field:
        Which of its numbers; empty for the only one.

    >>> column_of("sharpness", ""), column_of("clip", "dawn")
    ('sharpness', 'clip_dawn')
    """
    return f"{name}_{field}" if field else name
