"""What leads from one version of the log to the next: one migration for one change.

A log is brought up to date in one transaction when it is opened to be written. The text of a migration never changes
once it is released. A column that is added to `segflux_nb.runlog.columns` needs none here: `Column.since` says it.
"""

from __future__ import annotations

import sqlite3

from .columns import COLUMNS
from .schema import SCHEMA, VERSION, definition

SALT = "INSERT INTO properties (name, value) VALUES ('salt', lower(hex(randomblob(16))));\n"
"""Gives the log the salt of its digests of API keys."""

MIGRATIONS: dict[int, str] = {
    1: """
CREATE TABLE processes (owner TEXT PRIMARY KEY, seen_at REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE turns (number INTEGER PRIMARY KEY, service TEXT NOT NULL, at REAL NOT NULL) STRICT;
CREATE INDEX turns_by_time ON turns (service, at);
CREATE TABLE limits (
    number INTEGER PRIMARY KEY, service TEXT NOT NULL, at REAL NOT NULL,
    what TEXT NOT NULL, value REAL NOT NULL, why TEXT NOT NULL
) STRICT;
""",
    2: """
CREATE TABLE votes (
    number INTEGER PRIMARY KEY, at REAL NOT NULL, service TEXT NOT NULL, rater TEXT NOT NULL, axis TEXT NOT NULL,
    left TEXT NOT NULL, right TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('left', 'right', 'tie', 'skip'))
) STRICT;
CREATE INDEX votes_by_axis ON votes (service, axis);
""",
    3: """
CREATE TABLE pictures (
    service TEXT NOT NULL, digest TEXT NOT NULL, number INTEGER NOT NULL,
    url TEXT, path TEXT, width INTEGER, height INTEGER, sha256 TEXT, size INTEGER,
    PRIMARY KEY (service, digest, number)
) STRICT, WITHOUT ROWID;
INSERT INTO pictures (service, digest, number, url, path, width, height, sha256, size)
    SELECT service, digest, 0, picture_url, picture, width, height, sha256, bytes FROM runs
    WHERE picture_url IS NOT NULL OR picture IS NOT NULL;
ALTER TABLE runs DROP COLUMN picture_url;
ALTER TABLE runs DROP COLUMN picture;
ALTER TABLE runs DROP COLUMN width;
ALTER TABLE runs DROP COLUMN height;
ALTER TABLE runs DROP COLUMN sha256;
ALTER TABLE runs DROP COLUMN bytes;
""",
    4: """
CREATE TABLE marks_with_rater (
    service TEXT NOT NULL, digest TEXT NOT NULL, rater TEXT NOT NULL,
    stars INTEGER CHECK (stars BETWEEN 0 AND 5), pick INTEGER CHECK (pick IN (0, 1)), note TEXT,
    marked_at REAL NOT NULL,
    PRIMARY KEY (service, digest, rater)
) STRICT, WITHOUT ROWID;
INSERT INTO marks_with_rater (service, digest, rater, stars, pick, note, marked_at)
    SELECT service, digest, '', stars, pick, note, marked_at FROM marks;
DROP TABLE marks;
ALTER TABLE marks_with_rater RENAME TO marks;
""",
    5: """
CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
    + SALT,
    6: """
CREATE TABLE annotations (
    service TEXT NOT NULL, digest TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (service, digest, name)
) STRICT, WITHOUT ROWID;
""",
    7: """
CREATE TABLE metrics (
    sha256 TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, against TEXT NOT NULL, field TEXT NOT NULL,
    value REAL, measured_at REAL NOT NULL,
    PRIMARY KEY (sha256, name, version, against, field)
) STRICT, WITHOUT ROWID;
DROP TRIGGER events_stay;
UPDATE OR IGNORE runs SET service = 'segmind' WHERE service = 'https://api.segmind.com';
UPDATE OR IGNORE pictures SET service = 'segmind' WHERE service = 'https://api.segmind.com';
UPDATE OR IGNORE jobs SET service = 'segmind' WHERE service = 'https://api.segmind.com';
UPDATE OR IGNORE events SET service = 'segmind' WHERE service = 'https://api.segmind.com';
UPDATE OR IGNORE sweeps SET service = 'segmind' WHERE service = 'https://api.segmind.com';
UPDATE OR IGNORE marks SET service = 'segmind' WHERE service = 'https://api.segmind.com';
UPDATE OR IGNORE annotations SET service = 'segmind' WHERE service = 'https://api.segmind.com';
UPDATE OR IGNORE votes SET service = 'segmind' WHERE service = 'https://api.segmind.com';
UPDATE OR IGNORE limits SET service = 'segmind' WHERE service = 'https://api.segmind.com';
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
""",
    8: """
CREATE TABLE deviations (
    service TEXT NOT NULL, answer TEXT NOT NULL, kind TEXT NOT NULL, field TEXT NOT NULL,
    expected TEXT NOT NULL, found TEXT NOT NULL,
    answers INTEGER NOT NULL, first_at REAL NOT NULL, last_at REAL NOT NULL,
    PRIMARY KEY (service, answer, kind, field, expected, found)
) STRICT, WITHOUT ROWID;
""",
    9: """
CREATE TABLE orders (
    sweep INTEGER PRIMARY KEY REFERENCES sweeps (number), max_cost REAL, price REAL, ordered_at REAL NOT NULL
) STRICT;
CREATE TABLE ordered_runs (
    sweep INTEGER NOT NULL REFERENCES orders (sweep), digest TEXT NOT NULL, cost REAL,
    PRIMARY KEY (sweep, digest)
) STRICT, WITHOUT ROWID;
""",
}
"""The statements by the version that they start from.

Version 8 gives the hosted service one name: earlier ones knew it by its address, too, if the user had given that.
"""


def bring_up_to_date(database: sqlite3.Connection, version: int) -> None:
    """Make the tables of a new log, or migrate an older one. The caller has begun a transaction.

    Parameters
    ----------
    database:
        The log.
    version:
        Its version; 0 for a file without tables.
    """
    if version == VERSION:
        return
    scripts = [SCHEMA, SALT] if version == 0 else [_migration(number) for number in range(version, VERSION)]
    for statement in (statement for script in scripts for statement in _statements(script)):
        database.execute(statement)
    database.execute(f"PRAGMA user_version = {VERSION}")


def _migration(version: int) -> str:
    """The statements that lead from a version to the next, new columns included."""
    added = [
        f"ALTER TABLE {column.table} ADD COLUMN {definition(column)};\n"
        for column in COLUMNS
        if column.since == version + 1 and column.table is not None
    ]
    return MIGRATIONS.get(version, "") + "".join(added)


def _statements(script: str) -> list[str]:
    """A script's statements. `executescript` would commit the transaction in which all of them must happen."""
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements
