"""The simulator's memory: every accepted submit and what it is billed. The judge in this project's tests.

SQLite, in a folder or in memory. Rows never change: a job's state is a function of its row and the time, so that a
killed process, or a second one, goes on where the first stopped.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number       INTEGER PRIMARY KEY,
    request_id   TEXT NOT NULL UNIQUE,
    content      TEXT NOT NULL,  -- a hash of the body: repetitions share it
    body         TEXT NOT NULL,
    submitted_at REAL NOT NULL,
    started_at   REAL NOT NULL,
    finished_at  REAL NOT NULL,
    price        REAL NOT NULL,
    error        TEXT            -- NULL where the job completes
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_by_content ON jobs (content);
CREATE INDEX IF NOT EXISTS jobs_by_end ON jobs (finished_at);
"""


@dataclass(frozen=True)
class Entry:
    """One accepted submit.

    Attributes
    ----------
    request_id, body:
        As the service gave and took them.
    submitted_at, started_at, finished_at:
        Seconds since 1970 UTC.
    price:
        What it is billed once it completes, in US dollars; 0 for a job that fails.
    billed:
        What is billed by now.
    error:
        Why it fails, or None.
    """

    request_id: str
    body: dict[str, Any]
    submitted_at: float
    started_at: float
    finished_at: float
    price: float
    billed: float
    error: str | None


class Ledger:
    """Every accepted submit, in the order of acceptance.

    Parameters
    ----------
    path:
        The file, or None for memory.
    now:
        What time it is, for `billed`.
    """

    def __init__(self, path: Path | None, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.RLock()
        self._database = sqlite3.connect(
            path or ":memory:", check_same_thread=False, isolation_level=None, timeout=10
        )
        self._database.row_factory = sqlite3.Row
        # Losing the last rows to a power cut is fine for a simulator; a killed process loses none.
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SCHEMA)

    @property
    def submits(self) -> int:
        """How many submits were accepted so far."""
        return int(self._value("SELECT count(*) FROM jobs"))

    @property
    def billed(self) -> float:
        """US dollars billed so far: completed jobs only."""
        return self.billed_at(self._now())

    def billed_at(self, now: float) -> float:
        """US dollars billed by then."""
        return float(self._value("SELECT total(price) FROM jobs WHERE finished_at <= ?", now))

    def reserved_at(self, now: float) -> float:
        """US dollars of jobs that are not finished by then."""
        return float(self._value("SELECT total(price) FROM jobs WHERE finished_at > ?", now))

    def entries(self) -> list[Entry]:
        """All accepted submits."""
        return self._entries("SELECT * FROM jobs ORDER BY number", ())

    def entry(self, request_id: str) -> Entry | None:
        """The submit with this id; dashes in ids do not matter."""
        found = self._entries("SELECT * FROM jobs WHERE request_id = ?", (request_id.replace("-", ""),))
        return found[0] if found else None

    def submitted_since(self, moment: float) -> list[float]:
        """The times of submits after a moment, in order."""
        with self._lock, closing(self._database.cursor()) as cursor:
            cursor.execute("SELECT submitted_at FROM jobs WHERE submitted_at > ? ORDER BY submitted_at", (moment,))
            return [row[0] for row in cursor]

    def accept(self, content: str, make: Callable[[int, list[float]], Entry]) -> Entry:
        """Add the submit that `make(repetition, ends)` describes, in one transaction.

        `repetition` counts earlier submits with the same content; `ends` are the times at which the jobs that are
        not finished end.
        """
        with self._lock, closing(self._database.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                repetition = cursor.execute("SELECT count(*) FROM jobs WHERE content = ?", (content,)).fetchone()[0]
                cursor.execute("SELECT finished_at FROM jobs WHERE finished_at > ?", (self._now(),))
                entry = make(int(repetition), [row[0] for row in cursor.fetchall()])
                cursor.execute(
                    "INSERT INTO jobs VALUES (NULL, :request_id, :content, :body, :submitted_at, :started_at,"
                    " :finished_at, :price, :error)",
                    {**vars(entry), "content": content, "body": json.dumps(entry.body)},
                )
                cursor.execute("COMMIT")
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            return entry

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _value(self, query: str, *values: float) -> Any:
        with self._lock:
            return self._database.execute(query, values).fetchone()[0]

    def _entries(self, query: str, values: tuple[str, ...]) -> list[Entry]:
        now = self._now()
        with self._lock:
            rows: list[Mapping[str, Any]] = self._database.execute(query, values).fetchall()
        return [
            Entry(
                request_id=row["request_id"],
                body=json.loads(row["body"]),
                submitted_at=row["submitted_at"],
                started_at=row["started_at"],
                finished_at=row["finished_at"],
                price=row["price"],
                billed=row["price"] if row["finished_at"] <= now else 0.0,
                error=row["error"],
            )
            for row in rows
        ]
