"""The journal: the log's file, and what it holds of each service."""

from __future__ import annotations

from pathlib import Path

from ..clock import Clock
from .database import Database
from .marks import MarkLog, VoteLog
from .runs import RunLog
from .sharing import Sharing
from .sweeps import SweepLog


class Journal:
    """The log's file.

    Parameters
    ----------
    path:
        The file.
    clock:
        Stamps the events.
    durable:
        False is for tests that play many thousand runs in virtual time: the file survives no kill.

    Raises
    ------
    WorkspaceError
        From any method, where the disk does not do what it must.

    Attributes
    ----------
    path:
        The file.
    read_only:
        Whether the log can only be read.
    """

    def __init__(self, path: Path, clock: Clock, *, durable: bool = True) -> None:
        self.path = path
        self._clock = clock
        self._database = Database(path, durable=durable)
        self.read_only = self._database.read_only
        self._services: dict[str, ServiceLog] = {}

    def of(self, service: str) -> ServiceLog:
        """What the log holds of a service; the same object each time."""
        return self._services.setdefault(service, ServiceLog(self.path, self._database, self._clock, service))

    def services(self) -> list[str]:
        """The services that the log knows."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT DISTINCT service FROM runs ORDER BY service")
            return [row[0] for row in cursor]

    def close(self) -> None:
        """Close the file."""
        self._database.close()


class ServiceLog:
    """What the log holds of one service. Every method is one transaction and may be called from any thread.

    Parameters
    ----------
    path:
        The log's file.
    database:
        The file, opened.
    clock:
        Source of the current time.
    service:
        The service's name.

    Attributes
    ----------
    runs:
        Its runs, and what happened to them.
    sweeps:
        Its sweeps and their cells.
    marks:
        Stars, picks and notes on runs.
    votes:
        Votes between two runs.
    sharing:
        What processes that use the log share.
    """

    def __init__(self, path: Path, database: Database, clock: Clock, service: str) -> None:
        self.path = path
        self.service = service
        self._database = database
        self.runs = RunLog(database, clock, service)
        self.sweeps = SweepLog(database, clock, service)
        self.marks = MarkLog(database, clock, service)
        self.votes = VoteLog(database, clock, service)
        self.sharing = Sharing(database, clock, service)

    def version(self) -> tuple[int, int]:
        """Changes whenever the log does, whoever changes it."""
        with self._database.reading() as cursor:
            changed_elsewhere = int(cursor.execute("PRAGMA data_version").fetchone()[0])
            return changed_elsewhere, self._database.connection.total_changes
