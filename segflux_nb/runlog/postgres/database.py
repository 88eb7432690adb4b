"""The log in a PostgreSQL database: what `segflux_nb.runlog.database` is for a file."""

from __future__ import annotations

import os
import random
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg import errors

from ...clock import Clock, SystemClock
from ...errors import LogLocked, NewerLog, WorkspaceError
from ...interrupts import Uninterrupted
from ..database import LOCKED_SECONDS
from ..forks import check_process
from ..opening import READ_SECONDS
from ..schema import SLOTS
from ..seam import AtOnce, Counts, Cursor, Dialect, Outcome, Statement, T, Write, outcome_of
from .attentive import break_off
from .connections import PAUSE_SECONDS, Connection, Connections, rolled_back
from .cursors import TranslatingCursor, execute
from .faults import Faults
from .listening import Listener
from .opening import open_log
from .transaction import Transaction
from .words import away, is_lost, not_opened
from .writes import Group, counts_as_one, send

DIALECT = Dialect(
    array="coalesce(json_agg({}){}, '[]'::json)::text",
    joined="'[' || coalesce(string_agg({}, ','), '') || ']'",
    parameter="(runs.parameters::json -> '{}')",
    parameter_as_text="trim(both '\"' from (runs.parameters::json -> '{}')::text)",
    exact=True,
    too_long=(errors.ProgramLimitExceeded, errors.InternalError_),
)

SERVER_TIME = "extract(epoch FROM clock_timestamp())::float8"

_clock = SystemClock()


class _Own(threading.local):
    """What belongs to a thread.

    Attributes
    ----------
    seconds:
        How long it waits for a server that cannot be reached; None for the usual time.
    transaction:
        The transaction in which it is.
    group:
        The group of writes that it collects.
    reads_on:
        The connection on which it reads.
    """

    seconds: float | None = None
    transaction: Transaction | None = None
    group: Group | None = None
    reads_on: Connection | None = None


class PostgresDatabase:
    """A log in a PostgreSQL database. Any thread may use it.

    Parameters
    ----------
    address:
        The address of the database.
    path:
        Where files that belong to the log are on this machine: names that begin with this one's.
    clock:
        The clock of this process.
    plays:
        Whether that clock tells the time in place of the server's, for tests that play hours.
    durable:
        False for tests that play many thousand runs.

    Raises
    ------
    WorkspaceError
        If the database cannot be opened.
    """

    dialect = DIALECT
    is_far = True

    def __init__(self, address: str, path: Path, clock: Clock, *, plays: bool = False, durable: bool = True) -> None:
        self.path = path
        self._address = address
        self._clock = clock
        self._plays = plays
        self._process = os.getpid()
        self._own = _Own()
        self._lock = threading.Lock()
        self._changes = self._counted = 0
        self._slot = random.randrange(SLOTS)
        self._in_doubt: dict[tuple[Any, ...], Statement] = {}
        self._connections = Connections(address, durable=durable)
        weakref.finalize(self, self._connections.close).atexit = False
        self._faults = Faults(self._connections)
        self._faults.refusal = self._opened()

    def _opened(self) -> WorkspaceError | None:
        try:
            connection = self._connections.connect()
        except psycopg.Error as error:
            raise not_opened(self._address, error) from None
        end = _clock.monotonic() + READ_SECONDS
        try:
            while True:
                try:
                    return open_log(connection, self._address)
                except errors.LockNotAvailable:  # another process makes the tables, or reads those that change
                    if _clock.monotonic() >= end:
                        raise
        except (WorkspaceError, KeyboardInterrupt):
            self._connections.close()
            raise
        except psycopg.Error as error:
            self._connections.close()
            if is_lost(error, connection):
                raise not_opened(self._address, error) from None
            raise self._faults.of(error, connection) from None
        finally:
            self._connections.give(connection)

    def close(self) -> None:
        """Close its connections."""
        if self._process == os.getpid():
            self._connections.close()

    def check_process(self) -> None:
        """Refuse a forked child; see `segflux_nb.runlog.forks.check_process`."""
        check_process(self._process)

    @property
    def refusal(self) -> str:
        """Why the log cannot be written; empty where it can be."""
        return "" if self._faults.refusal is None else self._faults.refusal.what

    def is_newer(self) -> bool:
        """Whether a newer version of this program wrote the log."""
        return isinstance(self._faults.refusal, NewerLog)

    def journal_mode(self) -> str:
        """The word that says how changes are made durable: that the server does it."""
        return "postgresql"

    # ------------------------------------------------------------------ writes

    @contextmanager
    def writing(self) -> Iterator[Cursor]:
        """One transaction that writes: all of it is committed at the end, or nothing.

        Raises
        ------
        LogLocked
            If the server cannot be reached, or another transaction does not end.
        WorkspaceError
            If the log can only be read, or is closed.
        """
        if self._own.transaction is not None:
            with self._faults.told(self._own.transaction.connection), self._own.transaction.part() as cursor:
                yield cursor
            return
        with self._transaction() as transaction:
            yield transaction.cursor()

    @contextmanager
    def together(self) -> Iterator[None]:
        """One transaction for all that this thread writes in the block. What fails in it undoes no other write.

        Raises
        ------
        WorkspaceError
            As `writing`: then nothing of the block was written.
        """
        with self._transaction():
            yield

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        self._check_writable()
        seconds = self._patience(LOCKED_SECONDS)
        begun: list[Transaction] = []  # an interrupt may come as soon as it has begun
        is_committed = False
        try:
            self._begin(seconds, begun)
            (transaction,) = begun
            with Uninterrupted(transaction.connection.hurry), self._faults.told(transaction.connection):
                try:
                    self._own.transaction = transaction
                    yield transaction
                    self._own.transaction = None
                    is_committed = transaction.commit(self._connections, seconds)
                except BaseException:
                    transaction.roll_back()
                    raise
            if not is_committed:
                raise away(
                    self._address, psycopg.OperationalError("the connection was lost, and nothing was written")
                )
        finally:
            with Uninterrupted():
                self._own.transaction = None
                for transaction in begun:
                    self._ended(transaction.changed, is_committed and bool(transaction.changed), transaction.counted)
                    self._connections.give(transaction.connection)

    def _begin(self, seconds: float, begun: list[Transaction]) -> None:
        """Begin a transaction; on another connection where the first one turns out to be lost.

        Parameters
        ----------
        seconds:
            How long to wait for a server that cannot be reached, or for another transaction.
        begun:
            Gets the transaction.
        """
        end = _clock.monotonic() + seconds
        for tries in count(1):
            connection = self._connections.take(max(0.0, end - _clock.monotonic()))
            try:
                with Uninterrupted(partial(break_off, connection)):  # nothing is written yet
                    begun.append(Transaction(connection, self._slot))
                    return
            except KeyboardInterrupt:
                connection.close()
                raise
            except psycopg.Error as error:
                was_lost = is_lost(error, connection)
                said = self._faults.of(error, connection)
                if not was_lost and not rolled_back(connection):
                    was_lost, said = True, away(self._address, error)
                self._connections.give(connection)
                may_pass = isinstance(said, LogLocked)
                if not may_pass or (_clock.monotonic() >= end and not (was_lost and tries < 3)):
                    raise said from None
            threading.Event().wait(PAUSE_SECONDS * (tries > 1))
        raise AssertionError("unreachable")

    def write(self, write: Write[T]) -> T:
        """Make a change, in one round trip. In `write_group` it is made with the others.

        Parameters
        ----------
        write:
            The change.

        Raises
        ------
        LogLocked
            If the server cannot be reached; or if its answer was lost: the same call then finds out what it was.
        """
        if self._own.transaction is not None:
            with self.writing() as cursor:
                return write.in_steps(cursor)
        self._check_writable()
        at_once = write.at_once(self.now_in_sql(self._clock))
        if self._own.group is not None:
            return cast(T, self._own.group.later(at_once))
        (row,) = self._send([at_once])
        return cast(T, at_once.result(row))

    def write_group(self, writes: Sequence[Callable[[], Any]]) -> list[Outcome]:
        """Make the changes of several calls in one transaction, and one round trip.

        Parameters
        ----------
        writes:
            The calls. Each makes one change by `write`, or none.

        Raises
        ------
        WorkspaceError
            If one of them fails at the server: then nothing was written.
        """
        group = self._own.group = Group()
        try:
            outcomes = [outcome_of(write) for write in writes]
        finally:
            self._own.group = None
        if group.writes:
            group.rows = self._send(group.writes)
        return [group.resolved(outcome) for outcome in outcomes]

    def _send(self, writes: list[AtOnce]) -> list[Any]:
        """Make writes in one round trip: what the server gave for each.

        A write whose answer was lost with the connection is remembered. When it is made again and the log does not
        take it, because it is there already, the log is looked at: that is an answer, too.

        Parameters
        ----------
        writes:
            The writes.
        """
        end = _clock.monotonic() + self._patience(LOCKED_SECONDS)
        for tries in count(1):
            try:
                return self._send_once(writes, max(0.0, end - _clock.monotonic()))
            except LogLocked:
                # A connection that was kept may have been lost long ago: another one is always tried.
                if tries > 1 and _clock.monotonic() >= end:
                    raise
            threading.Event().wait(PAUSE_SECONDS * (tries > 1))
        raise AssertionError("unreachable")

    def _send_once(self, writes: list[AtOnce], seconds: float) -> list[Any]:
        """Make writes, or note that it is not known whether they were made.

        Parameters
        ----------
        writes:
            The writes.
        seconds:
            How long to wait for a server that cannot be reached.
        """
        connection = self._connections.take(seconds)
        try:
            with Uninterrupted(connection.hurry):
                rows = send(connection, writes, self._slot)
                self._ended(sum(row is not None for row in rows), counts_as_one(writes), [])
                return [
                    self._looked_up(connection, write) if row is None and write.identity in self._in_doubt else row
                    for write, row in zip(writes, rows, strict=True)
                ]
        except psycopg.Error as error:
            if not is_lost(error, connection) and rolled_back(connection):
                raise self._faults.of(error, connection) from None
            self._in_doubt |= {write.identity: write.made for write in writes if write.identity and write.made}
            raise away(self._address, error) from None
        finally:
            self._connections.give(connection)

    def _looked_up(self, connection: Connection, write: AtOnce) -> Any:
        """Whether a write that the log did not take now had been made before its answer was lost: a row, or None.

        Parameters
        ----------
        connection:
            The connection.
        write:
            The write.
        """
        if write.identity is None:
            return None
        statement = self._in_doubt[write.identity]
        cursor = connection.cursor(binary=True)
        execute(cursor, statement.sql, statement.values)
        self._in_doubt.pop(write.identity, None)
        return cursor.fetchone()

    def now_in_sql(self, clock: Clock) -> str:
        """An expression for the present time by the server's clock.

        Parameters
        ----------
        clock:
            The clock of this process, which tells the time where tests play hours.
        """
        return f"{clock.now()!r}::float8" if self._plays else SERVER_TIME

    def _check_writable(self) -> None:
        if self._faults.refusal is not None:
            raise self._faults.refusal
        self.check_process()

    @contextmanager
    def waiting_at_most(self, seconds: float) -> Iterator[None]:
        """In this thread, let nothing wait longer than this for a server that cannot be reached."""
        before = self._own.seconds
        self._own.seconds = seconds
        try:
            yield
        finally:
            self._own.seconds = before

    def _patience(self, usual: float) -> float:
        return usual if self._own.seconds is None else self._own.seconds

    # ------------------------------------------------------------------ reads

    @contextmanager
    def reading(self) -> Iterator[Cursor]:
        """A cursor for reading.

        Raises
        ------
        LogLocked
            If the server cannot be reached.
        WorkspaceError
            If the log is closed.
        """
        own = self._own
        if own.transaction is not None:
            with self._faults.told(own.transaction.connection):
                yield own.transaction.cursor()
            return
        if own.reads_on is not None:
            yield TranslatingCursor(own.reads_on)
            return
        self.check_process()
        seconds = self._patience(READ_SECONDS)
        end = _clock.monotonic() + seconds
        connection = first = self._connections.take(seconds)

        def again(error: psycopg.Error) -> Connection:
            nonlocal connection
            if guard.interrupted:
                raise KeyboardInterrupt
            is_lost_unused = connection is first and (connection.closed or connection.broken)
            if is_lost_unused and not isinstance(error, errors.ConnectionTimeout):
                self._connections.give(connection)
                own.reads_on = connection = self._connections.take(seconds)
            elif not isinstance(error, errors.LockNotAvailable) or _clock.monotonic() >= end:
                raise error
            return connection

        guard = Uninterrupted(lambda: break_off(connection))
        try:
            with guard:
                try:
                    own.reads_on = connection
                    yield TranslatingCursor(connection, again)
                except psycopg.Error as error:
                    raise self._faults.of(error, connection) from None
                finally:
                    own.reads_on = None
        finally:
            self._connections.give(connection)

    def version(self) -> tuple[int, int]:
        """Two numbers that change when the log does: the first by other processes, the second by this one."""
        with self.reading() as cursor:
            total = int(cursor.execute("SELECT coalesce(sum(number), 0)::bigint FROM versions").fetchone()[0])
        with self._lock:
            return total - self._counted, self._changes

    def listen(self, heard: Callable[[str, bool], None]) -> Callable[[], None]:
        """Listen for runs that are not in flight any more, on a connection and a thread of its own.

        Parameters
        ----------
        heard:
            Called with each; see `segflux_nb.runlog.journal.ServiceLog.listen`.
        """
        listener = Listener(self._connections, heard)
        listener.start()
        return listener.stop

    @property
    def changes(self) -> int:
        """How many rows were changed by this object, those of this thread's transaction included."""
        pending = self._own.transaction
        return self._changes + (pending.changed if pending is not None else 0)

    def count(self, counter: Counts, number: int) -> None:
        """Count changes of one kind when their transaction ends.

        Parameters
        ----------
        counter:
            Counts them.
        number:
            How many.
        """
        if self._own.transaction is not None:
            self._own.transaction.counted.append((counter, number))

    def _ended(self, changed: int, is_counted: bool, counted: Sequence[tuple[Counts, int]]) -> None:
        """Count the changes of a transaction that has ended: what is read from now on is newer.

        Parameters
        ----------
        changed:
            How many rows it has changed.
        is_counted:
            Whether the log has counted it as a change.
        counted:
            How many of them are of one kind.
        """
        with self._lock:
            self._changes += changed
            self._counted += is_counted
            for counter, number in counted:
                counter.number += number
