"""A transaction of several statements: its lock, its savepoints, and what became of it when its answer was lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from ...clock import SystemClock
from ...errors import LogLocked, WorkspaceError
from ..seam import Counts
from .address import read
from .connections import BEGIN_POOLED, PAUSE_SECONDS, Connection, Connections
from .cursors import TranslatingCursor
from .opening import LOCK
from .words import is_lost

ROW_SECONDS = 10
"""How long a transaction that has begun waits for a row or a table: what it has done cannot be tried again here."""

_clock = SystemClock()


class Transaction:
    """A transaction that has begun. One runs at a time, in whichever process, so that it may read and then write.

    Parameters
    ----------
    connection:
        Its connection.
    slot:
        The row in which this process counts its writes.

    Attributes
    ----------
    changed:
        How many rows it has changed so far.
    counted:
        What to count when it has ended.
    """

    def __init__(self, connection: Connection, slot: int) -> None:
        self.connection = connection
        self.counted: list[tuple[Counts, int]] = []
        self._slot = slot
        self._cursors: list[TranslatingCursor] = []
        begun = connection.execute(
            f"{BEGIN_POOLED if connection.is_pooled else 'BEGIN'};"
            f" SELECT pg_advisory_xact_lock({LOCK}), pg_current_xact_id()::text;"
            f" SET LOCAL lock_timeout = '{ROW_SECONDS}s'".encode()
        )
        for _ in range(2 if connection.is_pooled else 1):
            begun.nextset()
        row = begun.fetchone()
        self._number = str(row[1]) if row is not None else ""

    def cursor(self) -> TranslatingCursor:
        """A cursor within it."""
        self._cursors.append(TranslatingCursor(self.connection))
        return self._cursors[-1]

    @property
    def changed(self) -> int:
        """How many rows it has changed so far."""
        return sum(cursor.changed for cursor in self._cursors)

    @contextmanager
    def part(self) -> Iterator[TranslatingCursor]:
        """A part of it: all of it, or nothing."""
        self.connection.execute("SAVEPOINT part")
        try:
            yield self.cursor()
        except BaseException:
            if not self.connection.closed:
                self.connection.execute("ROLLBACK TO part; RELEASE part")
            raise
        self.connection.execute("RELEASE part")

    def commit(self, connections: Connections, seconds: float) -> bool:
        """Commit it. Where the answer is lost, the server is asked what became of it.

        Parameters
        ----------
        connections:
            Give another connection.
        seconds:
            How long to wait for a server that cannot be reached.

        Returns
        -------
        Whether it was committed.

        Raises
        ------
        WorkspaceError
            If the server cannot be reached to be asked.
        """
        count = f"UPDATE versions SET number = number + 1 WHERE slot = {self._slot}; " if self.changed else ""  # noqa: S608
        try:
            self.connection.execute(f"{count}COMMIT".encode())
        except psycopg.Error as error:
            if not is_lost(error, self.connection):
                raise
            return self._is_committed(connections, seconds)
        return True

    def _is_committed(self, connections: Connections, seconds: float) -> bool:
        end = _clock.monotonic() + seconds
        while True:
            with suppress(psycopg.Error, LogLocked):
                connection = connections.take(0.0)
                try:
                    row = connection.execute(f"SELECT pg_xact_status('{self._number}'::xid8)".encode()).fetchone()
                finally:
                    connections.give(connection)
                if row is not None and row[0] != "in progress":
                    return str(row[0]) == "committed"
            if self.connection.is_hurried or _clock.monotonic() >= end:
                raise WorkspaceError(
                    f"The answer of {read(connections.address).shown} to a change of the run log was lost, and the"
                    " server cannot be asked whether it was made",
                    remedy="Look at the log when the server is back, and do it again if it is not there",
                )
            threading.Event().wait(PAUSE_SECONDS)

    def roll_back(self) -> None:
        """End it without a change, unless its connection is lost, which has the same effect."""
        with suppress(psycopg.Error):
            self.connection.rollback()
