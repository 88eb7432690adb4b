"""The journal: the log's file, and what it holds of each service.

::

    Journal                     the file
      .of("segmind")            ServiceLog: one service's part of it
          .runs                 runs, their jobs, events and pictures
          .pictures             the files of pictures
          .completion           how far many runs are, and which files they have
          .sweeps               sweeps and their cells
          .orders               which of them workers are to run
          .marks, .votes        what people say
          .annotations          own columns
          .metrics              numbers about pictures
          .inputs               the pictures that its runs were sent with
          .trigger_words        the words that call fine-tunes
          .records              all of these as they are, for bundles and for workspaces that are read as a cache
          .sharing              what processes share: owners, heartbeats, turns, limits
          .deviations           what answers had otherwise than the contract says

Below them `Database` runs transactions, `opening` opens the file, `migrations` brings it up to date, `schema` has its
tables and `columns` says what they keep of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

from ..clock import Clock
from ..errors import WorkspaceError
from ..service.deviations import Deviation
from .annotations import AnnotationLog
from .completion import CompletionLog
from .database import Database
from .deviations import DeviationLog
from .inputs import InputLog
from .marks import MarkLog, VoteLog
from .metrics import MetricLog
from .orders import OrderLog
from .picture_files import PictureLog
from .records import RecordLog
from .runs import RunLog
from .seam import LogDatabase, Outcome
from .sharing import Sharing
from .sweeps import SweepLog
from .trigger_words import TriggerWordLog


class Journal:
    """The log's file.

    Parameters
    ----------
    path:
        The file.
    clock:
        Source of the current time, replaced in tests.
    address:
        The address of a PostgreSQL database that holds the log in place of a file. The files beside the log are
        where the path says. Empty for none.
    durable:
        False for tests that play many thousand runs: the file survives only a clean end.
    in_memory:
        Whether it is a new log that no file keeps. Its path is then only what errors name.
    plays:
        Whether the clock of this process tells the time in place of a server's, for tests that play hours.

    Raises
    ------
    WorkspaceError
        From any method, if the disk fails.

    Example
    -------
    ``Journal(path, clock).of("segmind").runs.read(digests)``
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        address: str = "",
        durable: bool = True,
        in_memory: bool = False,
        plays: bool = False,
    ) -> None:
        self._clock = clock
        self._database: LogDatabase
        if address:
            from .postgres import open_database

            self._database = open_database(address, path, clock, plays=plays, durable=durable)
        else:
            self._database = Database(path, durable=durable, in_memory=in_memory)
        self._services: dict[str, ServiceLog] = {}

    def of(self, service: str) -> ServiceLog:
        """What the log holds of a service; the same object each time."""
        return self._services.setdefault(service, ServiceLog(self._database, self._clock, service))

    def services(self) -> list[str]:
        """The services that the log has runs of."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT DISTINCT service FROM runs ORDER BY service")
            return [service for (service,) in cursor]

    def version(self) -> object:
        """A value that changes whenever the log does, whichever process changes it."""
        return self._database.version()

    @property
    def refusal(self) -> str:
        """Why the log cannot be written; empty where it can be."""
        return self._database.refusal

    @property
    def is_newer(self) -> bool:
        """Whether a newer version of this program wrote the log."""
        return self._database.is_newer()

    def picture_store(self) -> str | None:
        """The address of the object store that keeps the pictures; None where the folder does."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT value FROM properties WHERE name = 'pictures'")
            row = cursor.fetchone()
            return None if row is None else str(row[0])

    def set_picture_store(self, address: str) -> None:
        """Remember which object store keeps the pictures.

        Parameters
        ----------
        address:
            Its address, without secrets.
        """
        with self._database.writing() as cursor:
            cursor.execute(
                "INSERT INTO properties (name, value) VALUES ('pictures', ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (address,),
            )

    def check_process(self) -> None:
        """Refuse a forked child; see `Database.check_process`."""
        self._database.check_process()

    def close(self) -> None:
        """Close the file."""
        self._database.close()


class ServiceLog:
    """What the log holds of one service. Any thread may call it; each method of its parts is one transaction.

    Parameters
    ----------
    database:
        The log's file.
    clock:
        Source of the current time.
    service:
        The service's name.

    Attributes
    ----------
    path:
        The log's file.
    service:
        The service's name.
    runs:
        Its runs, their jobs, events and pictures.
    pictures:
        The files of their pictures.
    completion:
        How far many runs are, and which files they have.
    sweeps:
        Its sweeps and their cells.
    orders:
        Which of them workers are to run, and what they may spend.
    marks:
        Stars, picks and notes on its runs.
    votes:
        Votes between two of its runs.
    annotations:
        Own columns of its runs.
    metrics:
        Numbers about pictures; they are the same for all services.
    trigger_words:
        The words that call its fine-tunes, as the user told them.
    inputs:
        The input pictures that its runs name, and where it has them.
    records:
        All of these as they are, to be written elsewhere and entered.
    sharing:
        What the processes that use the log share.
    deviations:
        What its answers had otherwise than the contract says.
    """

    def __init__(self, database: LogDatabase, clock: Clock, service: str) -> None:
        self.path = database.path
        self.service = service
        self._database = database
        self.runs = RunLog(database, clock, service)
        self.pictures = PictureLog(database, clock, service)
        self.completion = CompletionLog(database, service)
        self.sweeps = SweepLog(database, clock, service)
        self.orders = OrderLog(database, clock, service)
        self.marks = MarkLog(database, clock, service)
        self.votes = VoteLog(database, clock, service)
        self.annotations = AnnotationLog(database, service)
        self.metrics = MetricLog(database, clock)
        self.trigger_words = TriggerWordLog(database, service)
        self.inputs = InputLog(database, service)
        self.records = RecordLog(database, clock, service)
        self.sharing = Sharing(database, clock, service)
        self.deviations = DeviationLog(database, clock, service)

    @property
    def is_far(self) -> bool:
        """Whether the log is asked through a network."""
        return self._database.is_far

    def listen(self, heard: Callable[[str, bool], None]) -> Callable[[], None] | None:
        """Listen for runs that are not in flight any more; returns what stops it. None where nobody tells.

        Parameters
        ----------
        heard:
            Called on a thread of its own: with the digest of a run, which is empty where any may have been missed,
            and whether news are heard from now on.
        """
        return self._database.listen(heard)

    def waiting_at_most(self, seconds: float) -> AbstractContextManager[None]:
        """In this thread, let no write wait longer than this for another program's lock."""
        return self._database.waiting_at_most(seconds)

    def journal_mode(self) -> str:
        """How SQLite journals changes; see `Database.journal_mode`."""
        return self._database.journal_mode()

    @property
    def refusal(self) -> str:
        """Why the log cannot be written; empty where it can be."""
        return self._database.refusal

    def version(self) -> tuple[int, int]:
        """A value that changes whenever the log does, whichever process changes it."""
        return self._database.version()

    def version_without_marks(self) -> tuple[int, int]:
        """As `version`, but marks and votes of this process do not change it."""
        with self._database.reading():  # nobody writes meanwhile
            by_others, by_this = self._database.version()
            return by_others, by_this - self.marks.changes.number - self.votes.changes.number

    def note_limit(self, what: str, value: float, why: str) -> None:
        """Note a limit that was learned. A log that cannot be written now must not end the request that taught it.

        Parameters
        ----------
        what:
            Which limit.
        value:
            Its new value.
        why:
            What it was learned from.
        """
        patience = self.waiting_at_most(0.0) if self.is_far else nullcontext()
        with suppress(WorkspaceError), patience:
            self.sharing.note_limit(what, value, why)

    def note_deviations(self, counted: Mapping[Deviation, int]) -> None:
        """Add to the counts of what answers have otherwise; a log that is locked just then refuses.

        Parameters
        ----------
        counted:
            In how many more answers each deviation was.
        """
        with self.waiting_at_most(0.0):
            self.deviations.add(counted)

    def write_group(self, writes: Sequence[Callable[[], Any]]) -> list[Outcome]:
        """Make the changes of several calls in one transaction: their results and errors.

        Parameters
        ----------
        writes:
            The calls. What fails in one undoes no other.

        Raises
        ------
        WorkspaceError
            If nothing could be written.
        """
        return self._database.write_group(writes)

    def together(self) -> AbstractContextManager[None]:
        """One transaction for all that this thread writes in the block; see `Database.together`."""
        return self._database.together()
