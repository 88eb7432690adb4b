"""Connections to the server of a log: a few that are kept, and made again when they are lost."""

from __future__ import annotations

import select
import threading
from traceback import clear_frames

import psycopg
from psycopg import RawCursor, conninfo

from ...clock import SystemClock
from ...errors import WorkspaceError
from ...interrupts import Uninterrupted
from .address import read
from .attentive import AttentiveConnection
from .words import away, first_line

Connection = AttentiveConnection

MOST_KEPT = 4
"""Connections that are kept while nobody uses them."""

PAUSE_SECONDS = 0.1
"""Between tries to reach a server."""

_UNLESS_GIVEN = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "application_name": "segflux_nb",
}
"""A network that is cut says nothing: after a quarter of a minute it is taken for gone."""

_ALWAYS = {"client_encoding": "utf8"}

LOCK_SECONDS = 2
"""One attempt to get a lock. Who may wait for longer tries again."""

_SETTINGS = {
    "lock_timeout": f"'{LOCK_SECONDS}s'",
    "idle_in_transaction_session_timeout": "'30s'",
    "default_transaction_isolation": "'read committed'",
    "extra_float_digits": "'1'",
    "synchronous_commit": "CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'"
    " ELSE current_setting('synchronous_commit') END",
}
"""What the log needs, whatever the owner of the server has chosen for other programs.

A process that is stopped in the middle of a transaction keeps others waiting for half a minute at most. A statement
that has waited for a lock sees what its holder wrote. Numbers keep all digits. What is committed survives a crash.
"""


def _settings(is_local: bool) -> str:
    """A statement that makes the settings, for the session or for a transaction.

    Parameters
    ----------
    is_local:
        Whether they end with the transaction.
    """
    scope = "true" if is_local else "false"
    return "SELECT " + ", ".join(f"set_config('{name}', {value}, {scope})" for name, value in _SETTINGS.items())


_SESSION = _settings(is_local=False)

BEGIN_POOLED = f"BEGIN ISOLATION LEVEL READ COMMITTED; {_settings(is_local=True)}"
"""Behind a pooler, what was set for the session may be set on another connection."""

_clock = SystemClock()


class Connections:
    """Gives connections to threads that need one.

    Parameters
    ----------
    address:
        The address of the database.
    durable:
        False for tests that play many thousand runs.
    """

    def __init__(self, address: str, *, durable: bool = True) -> None:
        self.address = address
        self._durable = durable
        self._lock = threading.Lock()
        self._kept: list[Connection] = []
        self._is_closed = False
        try:
            given = conninfo.conninfo_to_dict(address)
        except psycopg.Error as error:
            raise WorkspaceError(
                f"{read(address).shown} is not the address of a database: {first_line(address, error)}",
                remedy='Write Workspace("postgresql://user@host/study"), and in it %25 for a %',
            ) from None
        self._settings = {
            **_UNLESS_GIVEN,
            **{name: value for name, value in given.items() if value is not None},
            **_ALWAYS,
        }

    def connect(self) -> Connection:
        """A new connection, which commits each statement by itself.

        Raises
        ------
        psycopg.Error
            If the server cannot be reached.
        """
        try:
            connection = AttentiveConnection.connect(
                conninfo.make_conninfo("", **self._settings), autocommit=True, cursor_factory=RawCursor
            )
        except KeyboardInterrupt as interrupt:
            clear_frames(interrupt.__traceback__)  # they hold the password, and a connection that is half made
            raise KeyboardInterrupt from None
        try:
            row = connection.execute(f"{_SESSION}, pg_backend_pid()").fetchone()
            if row is not None and row[-1] != connection.info.backend_pid:
                connection.is_pooled = True
                connection.prepare_threshold = None  # what is prepared stays with the pooler, under the names of all
            connection.lives = self._lives
            if not self._durable:
                connection.execute("SET synchronous_commit = off")
        except BaseException:
            connection.close()
            raise
        return connection

    def _lives(self) -> bool:
        """Whether the server gives a sign of life. If not, no connection to it is kept."""
        try:
            self.connect().close()
        except psycopg.errors.ConnectionTimeout:
            for kept in self._all_kept():
                kept.close()
            return False
        except psycopg.Error:  # such as: too many clients
            return True
        return True

    def take(self, seconds: float) -> Connection:
        """A connection of one's own, until it is given back.

        Parameters
        ----------
        seconds:
            How long to wait for a server that cannot be reached.

        Raises
        ------
        LogLocked
            If it cannot be reached for longer.
        WorkspaceError
            If the log is closed.
        """
        end = _clock.monotonic() + seconds
        while True:
            if (kept := self._take_kept()) is not None:
                return kept
            try:
                return self.connect()
            except psycopg.Error as error:
                if _clock.monotonic() >= end:
                    raise away(self.address, error) from None
            threading.Event().wait(PAUSE_SECONDS)

    def _take_kept(self) -> Connection | None:
        """A connection that was kept, and that the server has not ended meanwhile."""
        while True:
            with Uninterrupted(), self._lock:
                if self._is_closed:
                    raise WorkspaceError("The workspace is closed", remedy="Open it again: Workspace(path)")
                if not self._kept:
                    return None
                connection = self._kept.pop()
            if not _has_ended(connection):
                return connection
            connection.close()

    def give(self, connection: Connection) -> None:
        """Give a connection back. One that is lost, or within a transaction, is closed."""
        is_idle = not connection.closed and connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
        connection.is_hurried = False
        with Uninterrupted(), self._lock:
            if is_idle and not self._is_closed and len(self._kept) < MOST_KEPT:
                self._kept.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close all that nobody uses; the others are closed when they are given back."""
        self._is_closed = True
        for connection in self._all_kept():
            connection.close()

    def _all_kept(self) -> list[Connection]:
        """Take all connections that nobody uses."""
        with self._lock:
            kept, self._kept = self._kept, []
        return kept


def rolled_back(connection: Connection) -> bool:
    """Whether a connection can be used after an error: a server that ends may leave it in the middle of an answer."""
    if connection.closed:
        return False
    try:
        if connection.info.transaction_status is not psycopg.pq.TransactionStatus.IDLE:
            connection.rollback()
    except psycopg.Error:
        connection.close()
        return False
    return True


def _has_ended(connection: Connection) -> bool:
    """Whether the server has ended a connection that nobody uses: it says nothing to it otherwise."""
    if connection.closed:
        return True
    poll = select.poll() if hasattr(select, "poll") else None
    if poll is None:
        return bool(select.select([connection.fileno()], [], [], 0)[0])
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
