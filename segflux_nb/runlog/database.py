"""The log's open file: transactions, and errors in words."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import WorkspaceError
from .schema import open_database


class Database:
    """The log's open file. Its transactions may be used from any thread, one at a time.

    Parameters
    ----------
    path:
        The file.
    durable:
        False is for tests that play many thousand runs in virtual time: the file survives no kill.
    """

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self.path = path
        self._lock = threading.RLock()
        opened = open_database(path, durable=durable)
        self.connection, self.read_only = opened.database, opened.read_only
        # Whoever forgets to close it gets no warning; but not at the interpreter's end, when a thread may be writing.
        weakref.finalize(self, self.connection.close).atexit = False

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self.connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Cursor]:
        """A transaction that writes."""
        if self.read_only:
            raise WorkspaceError(
                f"The run log {self.path} can only be read: its folder cannot be written",
                remedy="Copy the workspace to a folder of your own, and open the copy",
            )
        with self.reading() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    cursor.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Cursor]:
        """A cursor for reading."""
        with self._lock:
            try:
                cursor = self.connection.cursor()
                yield cursor
            except sqlite3.ProgrammingError as error:
                if "closed" not in str(error):
                    raise
                raise WorkspaceError("The workspace is closed", remedy="Open it again: Workspace(path)") from None
            except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
                if isinstance(error, sqlite3.IntegrityError):
                    raise
                raise WorkspaceError(
                    f"The run log {self.path} cannot be used: {error}",
                    remedy="Check the disk; what was logged before stays, and a run goes on where it stopped",
                ) from None
