"""The log's open file: its transactions, and its errors in words."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..clock import Clock
from ..errors import WorkspaceError
from ..interrupts import Uninterrupted
from .forks import check_process, hold_at_fork
from .opening import (
    READ_SECONDS,
    check_there,
    identity_of,
    is_locked,
    is_newer,
    locked_refusal,
    newer_refusal,
    open_in_memory,
    open_log,
)
from .seam import SQLITE_DIALECT, Counts, Outcome, T, Write, outcome_of

LOCKED_SECONDS = 60.0
"""How long a write waits while another program has the log's lock: a backup, a browser of databases, a frame that is
read in parts."""

ATTEMPT_SECONDS, PAUSE_SECONDS = 0.05, 0.02
"""One attempt to get the lock, and the pause before the next one, in which other threads may read."""


class Database:
    """The log's open file. Any thread may use it; one transaction runs at a time.

    Parameters
    ----------
    path:
        The file.
    durable:
        False for tests that play many thousand runs: the file survives only a clean end.
    in_memory:
        Whether it is a new log that no file keeps. Its path is then only what errors name.

    Raises
    ------
    WorkspaceError
        If the file cannot be opened.
    """

    dialect = SQLITE_DIALECT
    is_far = False

    def __init__(self, path: Path, *, durable: bool = True, in_memory: bool = False) -> None:
        self.path = path
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._patience = threading.local()
        self._group = threading.local()
        opened = open_in_memory() if in_memory else open_log(path, durable=durable)
        self.connection = opened.connection
        self._file = None if in_memory else identity_of(path)
        self._refusal = opened.refusal
        hold_at_fork(self)
        # A log that nobody closes gives no warning; but not at the interpreter's end, when a thread may be writing.
        weakref.finalize(self, self.connection.close).atexit = False

    def close(self) -> None:
        """Close the file."""
        if self._process == os.getpid():  # a forked child must not touch its parent's file
            with self._lock:
                self.connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Cursor]:
        """One transaction that writes: all of it is committed at the end, or nothing.

        While another program has the log's lock, it waits: the time of `waiting_at_most` in a thread that asked for
        it, else a minute.

        Raises
        ------
        LogLocked
            If another program had the lock for longer.
        WorkspaceError
            If the log can only be read, is closed or gone, or the disk fails.
        """
        if getattr(self._group, "is_open", False):
            with self._writing_in_group() as cursor:
                yield cursor
            return
        if self._refusal is not None:
            raise self._refusal
        self.check_process()
        check_there(self.path, self._file)
        seconds = getattr(self._patience, "seconds", LOCKED_SECONDS)
        for _ in range(1 + round(seconds / (ATTEMPT_SECONDS + PAUSE_SECONDS))):
            with Uninterrupted(), self._lock:
                try:
                    cursor = self.connection.cursor()
                    if self._begin(cursor):
                        try:
                            yield cursor
                            cursor.execute("COMMIT")
                        except BaseException:
                            if self.connection.in_transaction:
                                cursor.execute("ROLLBACK")
                            raise
                        return
                except sqlite3.Error as error:
                    raise self._in_words(error) from None
            threading.Event().wait(PAUSE_SECONDS)
        raise locked_refusal(self.path)

    def _begin(self, cursor: sqlite3.Cursor) -> bool:
        """Begin a transaction that no reader of another program can keep from being committed; False if there is one.

        Parameters
        ----------
        cursor:
            Begins it.
        """
        # With a rollback journal a commit needs the file for itself, and would wait within the transaction.
        cursor.execute(f"PRAGMA busy_timeout = {ATTEMPT_SECONDS * 1000:.0f}")
        try:
            cursor.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if not is_locked(error):
                raise
            return False
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {READ_SECONDS * 1000:.0f}")
        return True

    @contextmanager
    def waiting_at_most(self, seconds: float) -> Iterator[None]:
        """In this thread, let no write wait longer than this for another program's lock."""
        before = getattr(self._patience, "seconds", LOCKED_SECONDS)
        self._patience.seconds = seconds
        try:
            yield
        finally:
            self._patience.seconds = before

    @contextmanager
    def together(self) -> Iterator[None]:
        """One transaction for all that this thread writes in the block. What fails in it undoes no other write.

        Raises
        ------
        WorkspaceError
            As `writing`: then nothing of the block was written.
        """
        with self.writing():
            self._group.is_open = True
            try:
                yield
            finally:
                self._group.is_open = False

    def write(self, write: Write[T]) -> T:
        """Make a change (`write`), as a transaction of its own or a part of `together`."""
        with self.writing() as cursor:
            return write.in_steps(cursor)

    def write_group(self, writes: Sequence[Callable[[], Any]]) -> list[Outcome]:
        """Make the changes of several calls in one transaction. What fails in one undoes no other.

        Parameters
        ----------
        writes:
            The calls.

        Raises
        ------
        WorkspaceError
            As `writing`: then nothing was written.
        """
        with self.together():
            return [outcome_of(write) for write in writes]

    @contextmanager
    def _writing_in_group(self) -> Iterator[sqlite3.Cursor]:
        """A part of a transaction: all of it, or nothing."""
        try:
            cursor = self.connection.cursor()
            if not self.connection.in_transaction:  # a savepoint would begin another one, and commit it
                raise sqlite3.OperationalError("the transaction has ended with an earlier error")
            cursor.execute("SAVEPOINT part")
            try:
                yield cursor
            except BaseException:
                if self.connection.in_transaction:  # some errors of the disk have ended all of it
                    cursor.execute("ROLLBACK TO part")
                    cursor.execute("RELEASE part")
                raise
            cursor.execute("RELEASE part")
        except sqlite3.Error as error:
            raise self._in_words(error) from None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Cursor]:
        """A cursor for reading.

        Raises
        ------
        WorkspaceError
            If the log is closed or gone, or the disk fails.
        """
        self.check_process()
        check_there(self.path, self._file)
        with Uninterrupted(), self._lock:
            try:
                yield self.connection.cursor()
            except sqlite3.Error as error:
                raise self._in_words(error) from None

    def version(self) -> tuple[int, int]:
        """Two numbers that change when the log does: the first by another connection, the second by this one."""
        with self.reading() as cursor:
            return int(cursor.execute("PRAGMA data_version").fetchone()[0]), self.connection.total_changes

    def listen(self, heard: Callable[[str, bool], None]) -> None:
        """Nobody tells what other processes write to a file.

        Parameters
        ----------
        heard:
            Is not called.
        """

    @property
    def changes(self) -> int:
        """How many rows this connection has changed."""
        return self.connection.total_changes

    def count(self, counter: Counts, number: int) -> None:
        """Count changes of one kind.

        Parameters
        ----------
        counter:
            Counts them.
        number:
            How many.
        """
        counter.number += number

    def now_in_sql(self, clock: Clock) -> str:
        """An expression for the present time: a file has no clock of its own.

        Parameters
        ----------
        clock:
            The clock of this process.
        """
        return repr(clock.now())

    def journal_mode(self) -> str:
        """How SQLite journals changes: ``wal``, ``truncate``, or ``memory``."""
        with self.reading() as cursor:
            return str(cursor.execute("PRAGMA journal_mode").fetchone()[0])

    @property
    def refusal(self) -> str:
        """Why the log cannot be written; empty where it can be."""
        return "" if self._refusal is None else self._refusal.what

    def is_newer(self) -> bool:
        """Whether a newer version of this program wrote the log."""
        try:
            return is_newer(self.connection)
        except sqlite3.Error:
            return False

    def check_process(self) -> None:
        """Refuse a forked child; see `segflux_nb.runlog.forks.check_process`."""
        check_process(self._process)

    def _in_words(self, error: sqlite3.Error) -> Exception:
        """What to raise for an error of SQLite: a mistake of ours stays as it is."""
        if isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error):
            return WorkspaceError("The workspace is closed", remedy="Open it again: Workspace(path)")
        if self._refusal is None and self.is_newer():
            # A newer version of this program updated the log while this process had it open.
            self._refusal = newer_refusal(self.path)
            return WorkspaceError(f"{self._refusal.what}: {error}", remedy=self._refusal.remedy)
        if isinstance(error, sqlite3.ProgrammingError | sqlite3.IntegrityError) or not isinstance(
            error, sqlite3.DatabaseError
        ):
            return error
        if self._refusal is not None:
            return WorkspaceError(f"{self._refusal.what}: {error}", remedy=self._refusal.remedy)
        if isinstance(error, sqlite3.OperationalError) and is_locked(error):
            return locked_refusal(self.path)
        return WorkspaceError(
            f"The run log {self.path} cannot be used: {error}",
            remedy="Check the disk. What was logged before stays, and a run continues where it stopped",
        )

    def hold(self) -> None:
        """Wait until no transaction runs, and let none begin."""
        self._lock.acquire()

    def release(self) -> None:
        """Let transactions run again."""
        self._lock.release()
