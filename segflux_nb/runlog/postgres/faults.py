"""What the errors of a log's server are raised as, and why the log cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import errors

from ...errors import NewerLog, WorkspaceError
from .connections import Connection, Connections
from .opening import newer
from .words import away, first_line, in_words, is_lost


class Faults:
    """Turns errors of the server into those of this program.

    Parameters
    ----------
    connections:
        Those to the server.

    Attributes
    ----------
    refusal:
        What a write raises; None for a log that can be written.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._address = connections.address
        self.refusal: WorkspaceError | None = None

    @contextmanager
    def told(self, connection: Connection) -> Iterator[None]:
        """Raise what `of` says for each error of the block.

        Parameters
        ----------
        connection:
            Where the errors come from.
        """
        try:
            yield
        except psycopg.Error as error:
            raise self.of(error, connection) from None

    def of(self, error: psycopg.Error, connection: Connection) -> Exception:
        """What to raise for an error of the server.

        Parameters
        ----------
        error:
            The error.
        connection:
            Where it came from. One that takes no changes is not used again: another one may.
        """
        if is_lost(error, connection):
            return away(self._address, error)
        if isinstance(error, errors.ReadOnlySqlTransaction):
            connection.close()
        if isinstance(error, errors.ProgrammingError | errors.IntegrityError) and self.refusal is None:
            self.refusal = self._updated()
        if isinstance(self.refusal, NewerLog):
            what = f"{self.refusal.what}: {first_line(self._address, error)}"
            return WorkspaceError(what, remedy=self.refusal.remedy)
        return in_words(self._address, error)

    def _updated(self) -> WorkspaceError | None:
        """The refusal of a log that a newer version of this program has updated while this process had it open."""
        with suppress(psycopg.Error, WorkspaceError):
            connection = self._connections.take(0.0)
            try:
                return newer(connection, self._address)
            finally:
                self._connections.give(connection)
        return None
