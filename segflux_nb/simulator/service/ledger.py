"""The simulator's memory: every accepted submit and what it is billed. The judge in this project's tests.

SQLite, in a folder or in memory. Rows never change: a job's state is a function of its row and the time, so that a
killed process, or a second one, goes on where the first stopped.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number       INTEGER PRIMARY KEY,
    request_id   TEXT NOT NULL UNIQUE,
    content      TEXT NOT NULL,  -- a hash of the body: repetitions share it
    body         TEXT NOT NULL,
    submitted_at REAL NOT NULL,
    started_at   REAL NOT NULL,
    finished_at  REAL NOT NULL,
    listed_at    REAL NOT NULL,  -- when the history shows it
    price        REAL NOT NULL,
    error        TEXT            -- NULL where the job completes
) STRICT;
CREATE TABLE IF NOT EXISTS served (
    request_id TEXT NOT NULL,
    what       TEXT NOT NULL,    -- 'result' or 'picture'
    at         REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS served_by_request ON served (request_id, what);
CREATE INDEX IF NOT EXISTS jobs_by_content ON jobs (content);
CREATE INDEX IF NOT EXISTS jobs_by_end ON jobs (finished_at);
CREATE INDEX IF NOT EXISTS jobs_by_day ON jobs (submitted_at, listed_at);
"""

_COLUMNS = """
    request_id, body, submitted_at, started_at, finished_at, listed_at, price, error,
    iif(finished_at <= ?, price, 0.0) AS billed
"""
_SERVED = """
    (SELECT count(*) FROM served WHERE served.request_id = jobs.request_id AND what = 'result') AS results,
    (SELECT count(*) FROM served WHERE served.request_id = jobs.request_id AND what = 'picture') AS pictures
"""
_UNCOUNTED = "0 AS results, 0 AS pictures"


class Entry(NamedTuple):
    """One accepted submit.

    Attributes
    ----------
    request_id, body:
        As the service gave and took them.
    submitted_at, started_at, finished_at, listed_at:
        Seconds since 1970 UTC; the last is when the history shows it.
    price:
        What it is billed once it completes, in US dollars; 0 for a job that fails.
    error:
        Why it fails, or None.
    billed:
        What is billed by now.
    results_served, pictures_served:
        How often its result and its picture were served; counted by `Ledger.entries` alone.
    """

    request_id: str
    body: dict[str, Any]
    submitted_at: float
    started_at: float
    finished_at: float
    listed_at: float
    price: float
    error: str | None
    billed: float = 0.0
    results_served: int = 0
    pictures_served: int = 0


@dataclass(frozen=True)
class Backlog:
    """What the ledger knows when a submit is accepted.

    Attributes
    ----------
    repetition:
        How many submits of the same content came before.
    free_at:
        When a worker is free, behind the jobs that were accepted before; None where one is free now.
    last_end:
        When the last of the jobs ends, or ended; None where there was none.
    """

    repetition: int
    free_at: float | None
    last_end: float | None


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
        weakref.finalize(self, self._database.close).atexit = False  # a thread may be writing then
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
        return self._entries("ORDER BY number", served=_SERVED)

    def listed(self, now: float, since: float, until: float, most: int, skip: int) -> tuple[list[Entry], int]:
        """A page of what the history shows: submits of a time, the newest first; and how many there are in all."""
        where = "WHERE listed_at <= ? AND submitted_at >= ? AND submitted_at < ?"
        total = int(self._value(f"SELECT count(*) FROM jobs {where}", now, since, until))  # noqa: S608 - its own text
        order = "ORDER BY submitted_at DESC, listed_at DESC, number DESC"  # as the index has them: nothing is sorted
        return self._entries(f"{where} {order} LIMIT ? OFFSET ?", now, since, until, most, skip), total

    def entry(self, request_id: str) -> Entry | None:
        """The submit with this id; dashes in ids do not matter."""
        found = self._entries("WHERE request_id = ?", request_id.replace("-", ""))
        return found[0] if found else None

    def served(self, entry: Entry, what: str, now: float) -> None:
        """Note that a job's result or picture was served."""
        with self._lock:
            self._database.execute("INSERT INTO served VALUES (?, ?, ?)", (entry.request_id, what, now))

    def unfinished(self, now: float) -> tuple[int, int]:
        """How many jobs are queued or being processed, and how many of them are queued."""
        with self._lock:
            row = self._database.execute(
                "SELECT count(*), total(started_at > ?) FROM jobs WHERE finished_at > ?", (now, now)
            ).fetchone()
        return int(row[0]), int(row[1])

    def accept(self, content: str, workers: int, now: float, make: Callable[[Backlog], Entry]) -> Entry:
        """Add the submit that `make` describes, given what the ledger knows, in one transaction."""
        with self._lock, closing(self._database.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                (repetition,) = cursor.execute("SELECT count(*) FROM jobs WHERE content = ?", (content,)).fetchone()
                (latest,) = cursor.execute("SELECT max(finished_at) FROM jobs").fetchone()
                freeing = cursor.execute(
                    "SELECT finished_at FROM jobs WHERE finished_at > ? ORDER BY finished_at DESC LIMIT 1 OFFSET ?",
                    (now, workers - 1),
                ).fetchone()
                entry = make(Backlog(int(repetition), freeing and freeing[0], latest))
                cursor.execute(
                    "INSERT INTO jobs VALUES (NULL, :request_id, :content, :body, :submitted_at, :started_at,"
                    " :finished_at, :listed_at, :price, :error)",
                    {**entry._asdict(), "content": content, "body": json.dumps(entry.body)},
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

    def _entries(self, which: str, *values: float | str, served: str = _UNCOUNTED) -> list[Entry]:
        with self._lock:
            rows = self._database.execute(
                f"SELECT {_COLUMNS}, {served} FROM jobs {which}",  # noqa: S608 - of this module's own texts
                (self._now(), *values),
            ).fetchall()
        bodies = json.loads(f"[{','.join(row[1] for row in rows)}]")  # one text is parsed faster than many
        return [Entry(row[0], body, *row[2:]) for row, body in zip(rows, bodies, strict=True)]
