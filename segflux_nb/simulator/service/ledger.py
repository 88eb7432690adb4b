"""The simulator's memory: every accepted submit and what it is billed. This project's tests judge money by it.

It is SQLite, in a folder or in memory. Rows never change, and a job's state is a function of its row and the time. So
a new process, or a second one, continues where a killed one stopped.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ...model import MODEL

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number       INTEGER PRIMARY KEY,
    request_id   TEXT NOT NULL UNIQUE,
    content      TEXT NOT NULL,  -- a hash of the body, which repetitions share
    body         TEXT NOT NULL,
    submitted_at REAL NOT NULL,
    started_at   REAL NOT NULL,
    finished_at  REAL NOT NULL,
    listed_at    REAL NOT NULL,  -- when the history shows it
    price        REAL NOT NULL,
    error        TEXT,           -- NULL if the job completes
    slug         TEXT NOT NULL DEFAULT 'flux-dev-finetuned'
) STRICT;
CREATE TABLE IF NOT EXISTS served (
    request_id TEXT NOT NULL,
    what       TEXT NOT NULL,    -- 'result' or 'picture'
    at         REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS assets (
    number  INTEGER PRIMARY KEY,
    name    TEXT NOT NULL,
    type    TEXT NOT NULL,
    content BLOB NOT NULL,
    at      REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS served_by_request ON served (request_id, what);
CREATE INDEX IF NOT EXISTS assets_by_name ON assets (name);
CREATE INDEX IF NOT EXISTS jobs_by_content ON jobs (content);
CREATE INDEX IF NOT EXISTS jobs_by_end ON jobs (finished_at);
CREATE INDEX IF NOT EXISTS jobs_by_day ON jobs (submitted_at, listed_at);
"""

_COLUMNS = """
    request_id, body, submitted_at, started_at, finished_at, listed_at, price, error,
    iif(finished_at <= ?, price, 0.0) AS billed
"""
_NEWER = "ALTER TABLE jobs ADD COLUMN slug TEXT NOT NULL DEFAULT 'flux-dev-finetuned'"
"""What makes a file of an earlier version one of today: it knew one model."""

_SERVED = """
    (SELECT count(*) FROM served WHERE served.request_id = jobs.request_id AND what = 'result') AS results,
    (SELECT count(*) FROM served WHERE served.request_id = jobs.request_id AND what = 'picture') AS pictures
"""
_UNCOUNTED = "0 AS results, 0 AS pictures"


class Entry(NamedTuple):
    """One accepted submit.

    Attributes
    ----------
    request_id:
        Id that the service gave the job.
    body:
        Body of the submit.
    submitted_at:
        When it was accepted, in seconds since 1970 UTC.
    started_at:
        When a worker takes the job.
    finished_at:
        When the job is done.
    listed_at:
        When the history shows it.
    price:
        What the job is billed once it completes, in US dollars. 0 for a job that fails.
    error:
        Why the job fails, or None.
    billed:
        What is billed by now, in US dollars.
    results_served:
        How often the job's result was served. Counted by `Ledger.entries` only.
    pictures_served:
        How often the job's picture was served. Counted by `Ledger.entries` only.
    slug:
        The model.
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
    slug: str = MODEL.slug


@dataclass(frozen=True)
class Backlog:
    """What the ledger knows of earlier jobs when a submit is accepted.

    Attributes
    ----------
    repetition:
        How many submits of the same content came before.
    free_at:
        When a worker is free after the jobs that were accepted before. None if one is free now.
    last_end:
        When the last of all jobs ends or ended. None if there was no job.
    first_start:
        When the first of the unfinished jobs starts or started. None if all are finished.
    """

    repetition: int
    free_at: float | None
    last_end: float | None
    first_start: float | None


class Ledger:
    """Every accepted submit, in the order of acceptance.

    Parameters
    ----------
    path:
        The file, or None for memory.
    now:
        Gives the current time in seconds since 1970 UTC, for what is billed by now.
    """

    def __init__(self, path: Path | None, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.RLock()
        self._database = sqlite3.connect(
            path or ":memory:", check_same_thread=False, isolation_level=None, timeout=10
        )
        weakref.finalize(self, self._database.close).atexit = False  # at exit a thread may still be writing
        # A simulator may lose its last rows in a power cut. A killed process loses none.
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SCHEMA)
        self._database.execute("BEGIN IMMEDIATE")
        if "slug" not in [row[1] for row in self._database.execute("PRAGMA table_info(jobs)")]:
            self._database.execute(_NEWER)
        self._database.execute("COMMIT")

    @property
    def submits(self) -> int:
        """How many submits were accepted so far."""
        return int(self._value("SELECT count(*) FROM jobs"))

    @property
    def uploads(self) -> int:
        """How many files were stored so far."""
        return int(self._value("SELECT count(*) FROM assets"))

    @property
    def billed(self) -> float:
        """US dollars billed so far, for completed jobs only."""
        return self.billed_at(self._now())

    def billed_at(self, now: float) -> float:
        """US dollars that are billed at a time."""
        return float(self._value("SELECT total(price) FROM jobs WHERE finished_at <= ?", now))

    def reserved_at(self, now: float) -> float:
        """US dollars reserved for jobs that are not finished at a time."""
        return float(self._value("SELECT total(price) FROM jobs WHERE finished_at > ?", now))

    def entries(self) -> list[Entry]:
        """All accepted submits, in order."""
        return self._entries("ORDER BY number", served=_SERVED)

    def listed(
        self, now: float, since: float, until: float, most: int, skip: int, of: str = ""
    ) -> tuple[list[Entry], int]:
        """A page of what the history shows, newest first, and the number of submits on all pages.

        Parameters
        ----------
        now:
            When the history is read. Rows that are listed later are not shown.
        since:
            Submits from this time on.
        until:
            Submits before this time.
        most:
            Rows of a page.
        skip:
            Rows on the pages before it.
        of:
            What the name of the model contains.
        """
        where = "WHERE listed_at <= ? AND submitted_at >= ? AND submitted_at < ? AND instr(slug, ?)"
        total = int(self._value(f"SELECT count(*) FROM jobs {where}", now, since, until, of))  # noqa: S608 - a constant
        order = (
            "ORDER BY submitted_at DESC, listed_at DESC, number DESC"  # the order of the index, so nothing is sorted
        )
        return self._entries(f"{where} {order} LIMIT ? OFFSET ?", now, since, until, of, most, skip), total

    def entry(self, request_id: str) -> Entry | None:
        """The submit with an id, or None. Dashes in the id do not matter."""
        found = self._entries("WHERE request_id = ?", request_id.replace("-", ""))
        return found[0] if found else None

    def served(self, entry: Entry, what: str, now: float) -> None:
        """Note that a job's result or picture was served.

        Parameters
        ----------
        entry:
            The job.
        what:
            ``result`` or ``picture``.
        now:
            When it was served.
        """
        with self._lock:
            self._database.execute("INSERT INTO served VALUES (?, ?, ?)", (entry.request_id, what, now))

    def store(self, name: str, media: str, content: bytes, now: float) -> None:
        """Store a file.

        Parameters
        ----------
        name:
            Its name.
        media:
            Its media type.
        content:
            The file.
        now:
            When it came.
        """
        with self._lock:
            self._database.execute("INSERT INTO assets VALUES (NULL, ?, ?, ?, ?)", (name, media, content, now))

    def stored(self, name: str) -> tuple[str, bytes] | None:
        """The media type and the bytes of a stored file; None if there is none."""
        with self._lock:
            found = self._database.execute("SELECT type, content FROM assets WHERE name = ?", (name,)).fetchone()
        return None if found is None else (str(found[0]), bytes(found[1]))

    def lose(self, names: Iterable[str] | None = None) -> None:
        """Lose stored files.

        Parameters
        ----------
        names:
            Which; None for all.
        """
        with self._lock:
            if names is None:
                self._database.execute("UPDATE assets SET name = 'lost-' || number")
            for name in names or ():
                self._database.execute("UPDATE assets SET name = 'lost-' || number WHERE name = ?", (name,))

    def unfinished(self, now: float) -> tuple[int, int]:
        """How many jobs are not done at a time, and how many of these are queued."""
        with self._lock:
            row = self._database.execute(
                "SELECT count(*), total(started_at > ?) FROM jobs WHERE finished_at > ?", (now, now)
            ).fetchone()
        return int(row[0]), int(row[1])

    def accept(self, content: str, workers: int, now: float, make: Callable[[Backlog], Entry]) -> Entry:
        """Accept a submit, in one transaction.

        Parameters
        ----------
        content:
            Hash of the body, to count repetitions.
        workers:
            How many jobs run at a time.
        now:
            When the submit is accepted.
        make:
            Makes the row from what the ledger knows of earlier jobs.
        """
        with self._lock, closing(self._database.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                (repetition,) = cursor.execute("SELECT count(*) FROM jobs WHERE content = ?", (content,)).fetchone()
                (latest,) = cursor.execute("SELECT max(finished_at) FROM jobs").fetchone()
                freeing = cursor.execute(
                    "SELECT finished_at FROM jobs WHERE finished_at > ? ORDER BY finished_at DESC LIMIT 1 OFFSET ?",
                    (now, workers - 1),
                ).fetchone()
                (first_start,) = cursor.execute(
                    "SELECT min(started_at) FROM jobs WHERE finished_at > ?", (now,)
                ).fetchone()
                entry = make(Backlog(int(repetition), freeing and freeing[0], latest, first_start))
                cursor.execute(
                    "INSERT INTO jobs VALUES (NULL, :request_id, :content, :body, :submitted_at, :started_at,"
                    " :finished_at, :listed_at, :price, :error, :slug)",
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

    def _value(self, query: str, *values: float | str) -> Any:
        with self._lock:
            return self._database.execute(query, values).fetchone()[0]

    def _entries(self, which: str, *values: float | str, served: str = _UNCOUNTED) -> list[Entry]:
        """Rows of the ledger.

        Parameters
        ----------
        which:
            SQL after the name of the table: condition and order.
        values:
            Values of its placeholders.
        served:
            SQL of the columns that count what was served.
        """
        with self._lock:
            rows = self._database.execute(
                f"SELECT {_COLUMNS}, {served}, slug FROM jobs {which}",  # noqa: S608 - constants of this module
                (self._now(), *values),
            ).fetchall()
        bodies = json.loads(f"[{','.join(row[1] for row in rows)}]")  # parsing one text is faster
        return [Entry(row[0], body, *row[2:]) for row, body in zip(rows, bodies, strict=True)]
