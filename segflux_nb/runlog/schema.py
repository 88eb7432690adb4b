"""The log's tables, their version, and how the file is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..errors import WorkspaceError
from ..lifecycle import State

APPLICATION_ID = 0x5346_4C58  # "SFLX"
VERSION = 1

_STATES = ", ".join(f"'{state.value}'" for state in State)

SCHEMA = f"""
CREATE TABLE runs (
    service        TEXT NOT NULL,            -- 'segmind', 'simulator' or a custom origin
    digest         TEXT NOT NULL,            -- the request's identity, its take included
    first_digest   TEXT NOT NULL,            -- the digest of take 0 of the same request
    take           INTEGER NOT NULL,
    parameters     TEXT NOT NULL,            -- JSON, as sent
    state          TEXT NOT NULL CHECK (state IN ({_STATES})),
    owner          TEXT,                     -- the process that is submitting it
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

PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""


def open_database(path: Path, *, durable: bool) -> sqlite3.Connection:
    """Open the log's file, making it where there is none.

    TRUNCATE journalling and full synchronisation: what is committed survives a power cut, and no version of SQLite
    is known to corrupt a file so kept, on local disks and on network file systems with working locks. What is not
    `durable` survives the death of the process alone.

    Raises
    ------
    WorkspaceError
        Where the file cannot be opened, is no log of ours, or was written by a newer version.
    """
    try:
        path.touch(mode=0o600)  # prompts and notes are nobody else's business
        database = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            _set_up(database, path, durable=durable)
        except BaseException:
            database.close()
            raise
    except (sqlite3.Error, OSError) as error:
        raise WorkspaceError(
            f"The run log {path} cannot be opened: {error}",
            remedy="Check that its folder can be written and its disk is not full; or give another folder",
        ) from None
    return database


def _set_up(database: sqlite3.Connection, path: Path, *, durable: bool) -> None:
    database.row_factory = sqlite3.Row
    database.execute("PRAGMA journal_mode = TRUNCATE")
    database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
    database.execute("PRAGMA foreign_keys = ON")
    database.execute("BEGIN IMMEDIATE")
    try:
        _make_or_check(database, path)
        database.execute("COMMIT")
    except BaseException:
        database.execute("ROLLBACK")
        raise


def _make_or_check(database: sqlite3.Connection, path: Path) -> None:
    tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not tables:
        for statement in _statements(SCHEMA):
            database.execute(statement)
        return
    application = database.execute("PRAGMA application_id").fetchone()[0]
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise WorkspaceError(f"{path} is a database of another program", remedy="Give the workspace another folder")
    if version > VERSION:
        raise WorkspaceError(
            f"{path} was written by a newer version of segflux_nb", remedy="pip install --upgrade segflux_nb"
        )


def _statements(script: str) -> list[str]:
    """A script's statements; `executescript` would commit the transaction that makes the file whole or not at all."""
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements
