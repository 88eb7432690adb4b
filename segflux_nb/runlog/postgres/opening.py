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

OLDEST_SERVER = 13
"""PostgreSQL's first version that the log's statements are made for."""

ENCODINGS = ("UTF8", "SQL_ASCII")
"""What keeps all characters: the second one keeps bytes as they are, and they are UTF-8."""

_NAMES = "('runs', 'properties', 'events', 'sweeps', 'pictures', 'jobs')"

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
    _check_server(connection, shown)
    version = _version(connection, shown)
    if version < VERSION:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock($1)", [LOCK])
            version = _version(connection, shown)  # another process may have done it meanwhile
            if version == 0:
                _check_schema(connection, shown)
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


def newer(connection: Connection, address: str) -> WorkspaceError | None:
    """What a write raises to a log that a newer version of this program has updated; None where none has.

    Parameters
    ----------
    connection:
        A connection to the database.
    address:
        The address of the database.
    """
    shown = read(address).shown
    return newer_refusal(shown) if _version(connection, shown) > VERSION else None


def _check_server(connection: Connection, shown: str) -> None:
    """Refuse a server that is too old, and a database that cannot keep all characters.

    Parameters
    ----------
    connection:
        A connection to the database.
    shown:
        Its address, as it may be shown.
    """
    version = connection.info.server_version // 10_000
    if version < OLDEST_SERVER:
        raise WorkspaceError(
            f"The server of {shown} is PostgreSQL {version}, and a run log needs {OLDEST_SERVER} or newer",
            remedy="Use a newer server",
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in ENCODINGS:
        raise WorkspaceError(
            f"The database {shown} keeps texts as {encoding}, which cannot hold all characters of prompts and notes",
            remedy="Make one that can: createdb --encoding=UTF8 --template=template0 study",
        )


def _check_schema(connection: Connection, shown: str) -> None:
    """Refuse to make a second log where the first one is only out of this user's sight, or where there is no place.

    Parameters
    ----------
    connection:
        A connection to the database, which has no log that this user sees.
    shown:
        Its address, as it may be shown.
    """
    place = connection.execute("SELECT current_schema(), current_setting('search_path')").fetchone()
    if place is None or place[0] is None:
        raise WorkspaceError(
            f"The database {shown} has no schema in which its user may make tables"
            f" (its search_path is {place[1] if place else ''!r})",
            remedy="Ask its owner for one: GRANT USAGE, CREATE ON SCHEMA public TO name",
        )
    other = connection.execute(
        "SELECT quote_ident(nspname) FROM pg_namespace JOIN pg_class ON relnamespace = pg_namespace.oid"  # noqa: S608 - our own
        f" WHERE relname IN {_NAMES} GROUP BY nspname HAVING count(*) = 6"
        " AND (SELECT source FROM pg_settings WHERE name = 'search_path') <> 'client'"
    ).fetchone()
    if other is not None:
        raise WorkspaceError(
            f"The database {shown} has a run log in the schema {other[0]}, which is not in its user's search_path"
            f" ({place[1]}). A second one would not know what the first has paid for",
            remedy=f"Write ?options=-csearch_path%3D{other[0]} after the address, or ask the database's owner for:"
            f" ALTER ROLE name SET search_path = {other[0]}",
        )


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
    seen = connection.execute(
        "SELECT nspname, nspname = current_schema(), bool_or(relname = 'properties')"  # noqa: S608 - our own
        " FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid"
        f" WHERE relname IN {_NAMES} AND pg_table_is_visible(pg_class.oid) GROUP BY nspname"
    ).fetchall()
    found: dict[str, str] = {}
    if any(has_properties for _, _, has_properties in seen):
        rows = connection.execute("SELECT to_json(properties) FROM properties").fetchall()
        found = {str(row.get("name")): str(row.get("value")) for (row,) in rows}
    if found.get("application") != "segflux_nb" or len(seen) > 1:
        if not any(is_first for _, is_first, _ in seen):
            return 0  # a new log comes before them
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
