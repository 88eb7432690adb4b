"""The log's tables, their version, and how the file is opened."""

from __future__ import annotations

import errno
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from ..errors import WorkspaceError
from ..lifecycle import State
from .files import file_system, is_local, locks_work, wal_is_sound

APPLICATION_ID = 0x5346_4C58  # "SFLX"
VERSION = 3

_STATES = ", ".join(f"'{state.value}'" for state in State)

_PACING = """
CREATE TABLE processes (                     -- heartbeats, for processes on other machines
    owner   TEXT PRIMARY KEY,
    seen_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE turns (                         -- requests of the last minute, where the user limits them
    number  INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    at      REAL NOT NULL
) STRICT;
CREATE INDEX turns_by_time ON turns (service, at);

CREATE TABLE limits (                        -- what the service was found to allow
    number  INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    at      REAL NOT NULL,
    what    TEXT NOT NULL,
    value   REAL NOT NULL,
    why     TEXT NOT NULL
) STRICT;
"""

_VOTES = """
CREATE TABLE votes (                         -- judgements between two runs that differ in one axis
    number  INTEGER PRIMARY KEY,
    at      REAL NOT NULL,
    service TEXT NOT NULL,
    rater   TEXT NOT NULL,
    axis    TEXT NOT NULL,
    left    TEXT NOT NULL,                   -- digests
    right   TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('left', 'right', 'tie', 'skip'))
) STRICT;
CREATE INDEX votes_by_axis ON votes (service, axis);
"""

SCHEMA = f"""
CREATE TABLE runs (
    service        TEXT NOT NULL,            -- 'segmind', 'simulator' or a custom origin
    digest         TEXT NOT NULL,            -- the request's identity, its take included
    first_digest   TEXT NOT NULL,            -- the digest of take 0 of the same request
    take           INTEGER NOT NULL,
    parameters     TEXT NOT NULL,            -- JSON, as sent
    state          TEXT NOT NULL CHECK (state IN ({_STATES})),
    owner          TEXT,                     -- the process in whose hands it is
    attempts       INTEGER NOT NULL DEFAULT 0,
    request_id     TEXT,
    status_url     TEXT,                     -- relative to the service's origin where it is the service's own
    response_url   TEXT,
    picture_url    TEXT,
    picture        TEXT,                     -- path relative to the workspace
    sha256         TEXT,
    width          INTEGER,
    height         INTEGER,
    bytes          INTEGER,
    cost_usd       REAL,
    queue_seconds  REAL,
    render_seconds REAL,
    submitted_at   REAL,                     -- seconds since 1970 UTC: the intent to submit
    accepted_at    REAL,
    detected_at    REAL,                     -- when its completion was seen
    completed_at   REAL,                     -- when its picture was on disk
    polls          INTEGER,
    error_kind     TEXT NOT NULL DEFAULT '',
    error          TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (service, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_first ON runs (service, first_digest, take);

CREATE TABLE jobs (                          -- every job that a run ever had, so that none is adopted by another
    service    TEXT NOT NULL,
    request_id TEXT NOT NULL,
    digest     TEXT NOT NULL,
    PRIMARY KEY (service, request_id, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    number     INTEGER PRIMARY KEY,
    at         REAL NOT NULL,
    service    TEXT NOT NULL,
    digest     TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    data       TEXT NOT NULL                 -- JSON: what the change brought
) STRICT;
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_last BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

CREATE TABLE sweeps (
    number     INTEGER PRIMARY KEY,
    service    TEXT NOT NULL,
    identity   TEXT NOT NULL,
    name       TEXT NOT NULL,                -- made of its axes
    title      TEXT NOT NULL,                -- what the user calls it, or empty
    axes       TEXT NOT NULL,                -- JSON: name to values, in order
    created_at REAL NOT NULL,
    UNIQUE (service, identity)
) STRICT;

CREATE TABLE cells (
    sweep    INTEGER NOT NULL REFERENCES sweeps (number),
    position INTEGER NOT NULL,
    digest   TEXT NOT NULL,
    labels   TEXT NOT NULL,                  -- JSON: labels and placeholders
    PRIMARY KEY (sweep, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE marks (
    service   TEXT NOT NULL,
    digest    TEXT NOT NULL,
    stars     INTEGER CHECK (stars BETWEEN 0 AND 5),
    pick      INTEGER CHECK (pick IN (0, 1)),
    note      TEXT,
    marked_at REAL NOT NULL,
    PRIMARY KEY (service, digest)
) STRICT, WITHOUT ROWID;

{_PACING}
{_VOTES}

PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""

MIGRATIONS: dict[int, str] = {1: _PACING, 2: _VOTES}
"""What leads from a version to the next; a log is brought up to date when it is opened to be written."""

VOTES_SINCE = 3
"""The version from which a log has votes."""

QUICK_CHECK_BYTES = 32 << 20
"""A log of up to so many bytes is checked whenever it is opened (a tenth of a second); a larger one after a crash."""


@dataclass(frozen=True)
class OpenLog:
    """An open log, and whether it can only be read."""

    database: sqlite3.Connection
    read_only: bool


def open_database(path: Path, *, durable: bool) -> OpenLog:
    """Open the log's file, making it where there is none.

    Write-ahead journalling where SQLite and file system are fit for it (see `runlog.files`), else TRUNCATE; full
    synchronisation in both, so that what is committed survives a power cut. What is not `durable` survives
    nothing but a clean end. Where the folder cannot be written, an existing log is opened to be read.

    Raises
    ------
    WorkspaceError
        Where the file cannot be opened, is damaged, is no log of ours, or was written by a newer version; or where
        the file system has no locks.
    """
    try:
        return OpenLog(_open_to_write(path, durable=durable), read_only=False)
    except (sqlite3.Error, OSError) as error:
        if _is_forbidden(error) and path.exists():
            return OpenLog(_open_to_read(path), read_only=True)
        raise WorkspaceError(
            f"The run log {path} cannot be opened: {error}",
            remedy="Check that its folder can be written and its disk is not full; or give another folder",
        ) from None


def _is_forbidden(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
    return "readonly" in str(error) or "unable to open" in str(error)


def _open_to_write(path: Path, *, durable: bool) -> sqlite3.Connection:
    kind, options = file_system(path.parent)
    if not locks_work(path.parent, options):
        raise WorkspaceError(
            f"{path.parent} is on a file system ({kind or 'unknown'}) without working locks: two notebooks could pay"
            " for the same run",
            remedy="Copy the workspace to a local disk and open it there",
        )
    crashed = any(_size(Path(f"{path}{tail}")) for tail in ("-journal", "-wal"))
    path.touch(mode=0o600)  # prompts and notes are nobody else's business
    database = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        database.row_factory = sqlite3.Row
        if durable:
            _choose_mode(database, path, wal=is_local(kind) and wal_is_sound())
        else:
            database.execute("PRAGMA journal_mode = MEMORY")
        database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        database.execute("PRAGMA foreign_keys = ON")
        if crashed or path.stat().st_size <= QUICK_CHECK_BYTES:
            _check(database, path)
        database.execute("BEGIN IMMEDIATE")
        try:
            _bring_up_to_date(database, path)
            database.execute("COMMIT")
        except BaseException:
            database.execute("ROLLBACK")
            raise
    except BaseException:
        database.close()
        raise
    return database


def _open_to_read(path: Path) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(
            f"{path.as_uri()}?mode=ro", uri=True, timeout=10, isolation_level=None, check_same_thread=False
        )
        database.row_factory = sqlite3.Row
        version = _version(database, path)
    except sqlite3.Error as error:
        raise WorkspaceError(
            f"The run log {path} cannot be read: {error}", remedy="Ask whoever owns the folder for a copy"
        ) from None
    if version < VERSION:
        database.close()
        raise WorkspaceError(
            f"{path} was written by an older version, and cannot be written to bring it up to date",
            remedy="Copy the workspace, and open the copy",
        )
    return database


def _choose_mode(database: sqlite3.Connection, path: Path, *, wal: bool) -> None:
    wanted = "wal" if wal else "truncate"
    try:
        mode = database.execute(f"PRAGMA journal_mode = {wanted}").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        mode = database.execute("PRAGMA journal_mode").fetchone()[0]  # another process has it open
    if mode == "wal" and not wal:
        raise WorkspaceError(
            f"{path} is open in another process, whose newer SQLite keeps it in a way that this one "
            f"({sqlite3.sqlite_version}) or this file system is not fit for",
            remedy="Close it there, or open it with the same Python",
        )


def _check(database: sqlite3.Connection, path: Path) -> None:
    try:
        found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            return  # whoever holds it keeps it sound
        found = str(error)
    if found == "file is not a database":
        raise WorkspaceError(f"{path} is no run log: {found}", remedy="Give the workspace another folder")
    if found != "ok":
        raise WorkspaceError(
            f"The run log {path} is damaged: {found}",
            remedy="Restore it from a backup, or move it aside: the pictures stay, and a new log begins that does not"
            " know what was paid for",
        )


def _version(database: sqlite3.Connection, path: Path) -> int:
    """The version of a log of ours; 0 for a file without tables."""
    if not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        return 0
    if database.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise WorkspaceError(f"{path} is a database of another program", remedy="Give the workspace another folder")
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise WorkspaceError(
            f"{path} was written by a newer version of segflux_nb", remedy="pip install --upgrade segflux_nb"
        )
    return version


def _bring_up_to_date(database: sqlite3.Connection, path: Path) -> None:
    version = _version(database, path)
    scripts = [SCHEMA] if version == 0 else [MIGRATIONS[number] for number in range(version, VERSION)]
    for statement in (statement for script in scripts for statement in _statements(script)):
        database.execute(statement)
    if scripts:
        database.execute(f"PRAGMA user_version = {VERSION}")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _statements(script: str) -> list[str]:
    """A script's statements; `executescript` would commit the transaction that makes the file whole or not at all."""
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements
