"""Errors of PostgreSQL in words."""

from __future__ import annotations

import re

import psycopg
from psycopg import errors

from ...errors import LogLocked, WorkspaceError
from .address import read, without_password

_PASSING = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.QueryCanceled,
    errors.TooManyConnections,
    errors.IdleInTransactionSessionTimeout,
)
"""What goes by: the same may be tried again."""


_POOLED = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement, errors.ProtocolViolation)
"""What a pooler causes that does not keep a connection for a session: what was prepared is on another one."""

PRIMARY = "Give the address of the primary server, or all hosts (host1,host2) with ?target_session_attrs=read-write"

_REMEDIES = (
    (r'database ".*" does not exist', "Correct the database's name, or make it: createdb --host HOST NAME"),
    (
        r"no encryption",
        "Let the address ask for encryption (?sslmode=require), or ask the server's owner to let this user in",
    ),
    (
        r'role ".*" does not exist|authentication failed|no password supplied|pg_hba\.conf|denied for database',
        "Correct the user in the address, and write its password into ~/.pgpass, which only you may read (chmod 600);"
        " or ask the server's owner to let this user in",
    ),
    (
        r"does not match host name",
        "Write the host as its certificate names it, or ask the server's owner for a certificate with this name",
    ),
    (
        r"too many clients|too many connections|connection slots|no more connections",
        "Close other notebooks and workers, or ask the server's owner for a larger max_connections, or for a pooler",
    ),
    (
        r"hot standby|read-only|in recovery",
        "Correct target_session_attrs in the address, or wait until one of its hosts is the primary server",
    ),
    (
        r"SSL was required|support SSL|sslmode|sslrootcert|root certificate|certificate verify",
        "Correct sslmode and sslrootcert in the address, or ask the server's owner for its certificate",
    ),
    (
        r"statement pooling mode",
        "Let the pooler keep a connection for a whole transaction (pgbouncer: pool_mode = transaction), or give the"
        " address of the server itself",
    ),
    (r"resolve host|translate host name", "Correct the host's name in the address, or check this machine's network"),
    (
        r"service file|definition of service",
        "Correct the name of the service in the address or in PGSERVICE, or write it into ~/.pg_service.conf",
    ),
    (
        r"invalid .*(value|number)|bad value",
        "Correct the port and the options in the address",
    ),
)
"""What to correct, by what the server or its library says. The first that fits holds."""


def is_lost(error: psycopg.Error, connection: psycopg.Connection[object]) -> bool:
    """Whether the connection is gone, and the server with it for now.

    Parameters
    ----------
    error:
        The error.
    connection:
        The connection.
    """
    return (
        connection.closed
        or connection.broken
        or connection.info.pipeline_status
        is not psycopg.pq.PipelineStatus.OFF  # it was cut in the middle of an answer
        or isinstance(error, errors.AdminShutdown | errors.CrashShutdown | errors.CannotConnectNow)
    )


def away(address: str, error: BaseException) -> LogLocked:
    """What is raised where the server does not answer.

    Parameters
    ----------
    address:
        The address of the log.
    error:
        What happened.
    """
    return LogLocked(
        f"The run log {read(address).shown} cannot be reached: {first_line(address, error)}",
        remedy="Run again when its server answers: what was accepted is kept",
    )


def not_opened(address: str, error: BaseException) -> WorkspaceError:
    """What is raised where a log cannot be opened: what is to be corrected, or that the server does not answer.

    Parameters
    ----------
    address:
        The address of the log.
    error:
        What happened.
    """
    said = away(address, error)
    remedy = next((remedy for pattern, remedy in _REMEDIES if re.search(pattern, said.what)), None)
    if remedy is not None:
        return WorkspaceError(said.what, remedy=remedy)
    return LogLocked(
        said.what,
        remedy="Check the host, the port, the database's name and the user in the address, and that the server runs."
        " Run again when it answers: what was accepted is kept",
    )


def in_words(address: str, error: psycopg.Error) -> Exception:
    """What to raise for an error of the server: a mistake of ours stays as it is.

    Parameters
    ----------
    address:
        The address of the log.
    error:
        The error.
    """
    shown, text = read(address).shown, first_line(address, error)
    if isinstance(error, errors.QueryCanceled) and "statement timeout" in text:
        return LogLocked(
            f"The server of the run log {shown} ends what takes it longer than its statement_timeout: {text}",
            remedy="Run again when it has less to do, or ask its owner for more time:"
            " ALTER ROLE name SET statement_timeout = '5min'. What was accepted is kept",
        )
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return LogLocked(
            f"The server of the run log {shown} takes no changes now: {text}",
            remedy=f"{PRIMARY}; or ask its owner: its disk may be full. Run again when it takes changes: what was"
            " accepted is kept",
        )
    if isinstance(error, errors.UndefinedTable | errors.UndefinedColumn):
        return WorkspaceError(f"The run log {shown} is damaged: {text}", remedy="Restore the database from a backup")
    if isinstance(error, _PASSING):
        return LogLocked(
            f"Another program keeps the run log {shown} busy: {text}",
            remedy="Run again: what was accepted is kept",
        )
    if isinstance(error, _POOLED):
        return WorkspaceError(
            f"The run log {shown} is reached by a pooler that gives each transaction another connection: {text}",
            remedy="Give the address of the server itself, or let the pooler keep a connection for a whole session"
            " (pgbouncer: pool_mode = session)",
        )
    if isinstance(error, errors.InsufficientPrivilege):
        return WorkspaceError(
            f"The run log {shown} refuses this to its user: {text}",
            remedy="Ask its owner for the rights that docs/team.md names, or open it as another user",
        )
    if isinstance(error, errors.IntegrityError | errors.ProgrammingError | errors.InterfaceError):
        return error
    return WorkspaceError(
        f"The run log {shown} cannot be used: {text}",
        remedy="Look at the server's own log. What was logged before stays, and a run continues where it stopped",
    )


def first_line(address: str, error: BaseException) -> str:
    """What an error says first, without the password.

    Parameters
    ----------
    address:
        The address of the log.
    error:
        The error.
    """
    lines = without_password(str(error), address).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
