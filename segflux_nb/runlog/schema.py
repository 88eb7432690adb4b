"""The log's tables, as SQLite has them. What the log keeps of a run is declared in `segflux_nb.runlog.columns`."""

from __future__ import annotations

from .columns import COLUMNS, Column, Table, columns_of

APPLICATION_ID = 0x5346_4C58  # "SFLX"

_TYPES = {"text": "TEXT", "integer": "INTEGER", "number": "REAL", "boolean": "INTEGER", "moment": "REAL"}

TABLES_VERSION = 9
"""The version of the tables below. A new column alone does not change it: see `Column.since`."""

VERSION = max(TABLES_VERSION, *(column.since for column in COLUMNS))
"""The version of a log that this program writes."""


def definition(column: Column) -> str:
    """A column as SQL: name, type and constraint."""
    return f"{column.sql_name} {_TYPES[column.type]} {column.constraint}".rstrip()


def _definitions(table: Table) -> str:
    return "\n".join(f"    {definition(column)}, -- {column.meaning}" for column in columns_of(table))


SCHEMA = f"""
CREATE TABLE runs (                          -- the current row of each run
{_definitions("runs")}
    PRIMARY KEY (service, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_first ON runs (service, first_digest, take);

CREATE TABLE pictures (                      -- the pictures of a run; most have one, number 0
    service TEXT NOT NULL,
    digest  TEXT NOT NULL,
    number  INTEGER NOT NULL,
{_definitions("pictures")}
    PRIMARY KEY (service, digest, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (                          -- every job that a run ever had, so that no other run adopts it
    service    TEXT NOT NULL,
    request_id TEXT NOT NULL,
    digest     TEXT NOT NULL,
    PRIMARY KEY (service, request_id, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (                        -- what happened to runs; append-only
    number     INTEGER PRIMARY KEY,
    at         REAL NOT NULL,
    service    TEXT NOT NULL,
    digest     TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    data       TEXT NOT NULL                 -- JSON: the columns that changed
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

CREATE TABLE marks (                         -- what each rater says about a run
    service   TEXT NOT NULL,
    digest    TEXT NOT NULL,
    rater     TEXT NOT NULL,                 -- empty in marks that were made before version 5
{_definitions("marks")}
    marked_at REAL NOT NULL,
    PRIMARY KEY (service, digest, rater)
) STRICT, WITHOUT ROWID;

CREATE TABLE annotations (                   -- own columns of runs
    service TEXT NOT NULL,
    digest  TEXT NOT NULL,
    name    TEXT NOT NULL,                   -- the column
    value   TEXT NOT NULL,                   -- JSON
    PRIMARY KEY (service, digest, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE metrics (                       -- numbers about pictures, of whatever service
    sha256  TEXT NOT NULL,                   -- the picture
    name    TEXT NOT NULL,
    version TEXT NOT NULL,                   -- of how it is computed
    against TEXT NOT NULL,                   -- a digest of what it was compared with; empty for nothing
    field   TEXT NOT NULL,                   -- which of several numbers; empty for the only one
    value   REAL,                            -- empty where the picture has no such number
    measured_at REAL NOT NULL,               -- frames show the latest
    PRIMARY KEY (sha256, name, version, against, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE votes (                         -- comparisons of two runs that differ in one axis
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

CREATE TABLE processes (                     -- heartbeats: which processes work on this log
    owner   TEXT PRIMARY KEY,
    seen_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE turns (                         -- requests of the last minute, if the user limits them
    number  INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    at      REAL NOT NULL
) STRICT;
CREATE INDEX turns_by_time ON turns (service, at);

CREATE TABLE limits (                        -- limits of the service, as they were learned
    number  INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    at      REAL NOT NULL,
    what    TEXT NOT NULL,
    value   REAL NOT NULL,
    why     TEXT NOT NULL
) STRICT;

CREATE TABLE deviations (                    -- what answers had otherwise than the contract of the service says
    service  TEXT NOT NULL,
    answer   TEXT NOT NULL,                  -- the call and the kind of its answer
    kind     TEXT NOT NULL,
    field    TEXT NOT NULL,                  -- empty where the answer as a whole differs
    expected TEXT NOT NULL,
    found    TEXT NOT NULL,
    answers  INTEGER NOT NULL,               -- in how many answers
    first_at REAL NOT NULL,
    last_at  REAL NOT NULL,
    PRIMARY KEY (service, answer, kind, field, expected, found)
) STRICT, WITHOUT ROWID;

CREATE TABLE properties (                    -- what belongs to the log as a whole
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""
