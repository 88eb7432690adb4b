"""How a log in PostgreSQL is opened: its tables are made or brought up to date, and its rights are found out."""

from __future__ import annotations

import warnings

import psycopg

from ...errors import WorkspaceError
from ..columns import COLUMNS
from ..opening import newer_refusal
from ..schema import POSTGRES, POSTGRES_SCHEMA, VERSION, definition
from .address import read
from .connections import Connection
from .words import PRIMARY

LOCK = 0x5346_4C58
"""The advisory lock of transactions that read before they write: one runs at a time, as on SQLite."""

_MAY_MAKE = "has_schema_privilege(current_schema(), 'CREATE')"
_MAY_WRITE = "has_table_privilege('runs', 'UPDATE') OR has_table_privilege('votes', 'INSERT')"
"""Runs or judgements of the log may be written."""

MIGRATIONS: dict[int, str] = {}
"""The statements by the version that they start from. PostgreSQL's first version is 10; new columns need none."""


def open_log(connection: Connection, address: str) -> WorkspaceError | None:
    """Make the tables of a new log, or migrate an older one. Returns what a write raises; None where it can write.

    Parameters
    ----------
    connection:
        A connection to the database.
    address:
        The address of the database.

    Raises
    ------
    WorkspaceError
        If the database holds something else.
    psycopg.Error
        If it cannot be read.
    """
    shown = read(address).shown
    if connection.is_pooled:  # a pooler that gives each statement another connection refuses a transaction
        with connection.transaction():
            pass
    version = _version(connection, shown)
    if version < VERSION:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock($1)", [LOCK])
            version = _version(connection, shown)  # another process may have done it meanwhile
            if version < VERSION and (refusal := _cannot_write(connection, shown, _MAY_MAKE)) is not None:
                raise WorkspaceError(
                    f"{refusal.what}, and has no tables of this version",
                    remedy="Let its owner open it once, at the primary server",
                )
            _bring_up_to_date(connection, version, shown)
    if version > VERSION:
        refusal = newer_refusal(shown)
        warnings.warn(str(refusal), stacklevel=4)
        return refusal
    return _cannot_write(connection, shown, _MAY_WRITE)


def _bring_up_to_date(connection: Connection, version: int, shown: str) -> None:
    """Make the tables, or lead them to the present version.

    Parameters
    ----------
    connection:
        A connection to the database.
    version:
        The version of the log; 0 for none.
    shown:
        Its address, as it may be shown.
    """
    try:
        for script in _scripts(version):
            connection.execute(script.encode())
    except psycopg.errors.InsufficientPrivilege:
        raise
    except psycopg.ProgrammingError as error:
        raise _not_ours(shown, f"its tables are not those of version {version}, which it names: {error}") from None


def _not_ours(shown: str, why: str) -> WorkspaceError:
    """The refusal of a log that was changed by something else.

    Parameters
    ----------
    shown:
        Its address, as it may be shown.
    why:
        What is wrong.
    """
    return WorkspaceError(
        f"The run log {shown} is damaged: {why.strip()}",
        remedy="Nothing was changed. Restore the database from a backup",
    )


def _scripts(version: int) -> list[str]:
    """What makes the tables, or leads from a version to the present one.

    Parameters
    ----------
    version:
        The version of the log; 0 for none.
    """
    if version == VERSION:
        return []
    if version == 0:
        return [POSTGRES_SCHEMA]
    scripts = [migration(number) for number in range(version, VERSION)]
    return [*scripts, f"UPDATE properties SET value = '{VERSION}' WHERE name = 'version'"]  # noqa: S608 - our own


def migration(version: int) -> str:
    """The statements that lead from a version to the next, new columns included."""
    added = [
        f"ALTER TABLE {column.table} ADD COLUMN {definition(column, POSTGRES)};\n"
        for column in COLUMNS
        if column.since == version + 1 and column.table is not None
    ]
    return MIGRATIONS.get(version, "") + "".join(added)


def _version(connection: Connection, shown: str) -> int:
    """The version of a log; 0 for a database without tables of a log.

    Parameters
    ----------
    connection:
        A connection to the database.
    shown:
        Its address, as it may be shown.
    """
    tables = connection.execute(
        "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
        " AND tablename IN ('runs', 'properties', 'events', 'sweeps', 'pictures', 'jobs')"
    ).fetchone()
    if tables is None or not tables[0]:
        return 0
    try:
        found: dict[str, str] = dict(connection.execute("SELECT name, value FROM properties").fetchall())
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        found = {}
    if found.get("application") != "segflux_nb":
        raise WorkspaceError(
            f"{shown} holds tables of another program with the names of a run log's",
            remedy="Give the workspace a database of its own: createdb study",
        )
    if not found.get("version", "").isdecimal():
        raise _not_ours(shown, "the row of its version is missing or is no number")
    return int(found["version"])


def _cannot_write(connection: Connection, shown: str, needed: str) -> WorkspaceError | None:
    """What is raised where a log cannot be written; None where it can.

    Parameters
    ----------
    connection:
        A connection to the database.
    shown:
        Its address, as it may be shown.
    needed:
        The rights that are needed, as a condition.
    """
    row = connection.execute(
        f"SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on' OR NOT ({needed})".encode()
    ).fetchone()
    if row is not None and row[0]:
        return WorkspaceError(f"The run log {shown} is on a standby server, which can only be read", remedy=PRIMARY)
    if row is not None and row[1]:
        return WorkspaceError(
            f"The run log {shown} can only be read by its user",
            remedy="Open it as a user that may write, or ask its owner",
        )
    return None
