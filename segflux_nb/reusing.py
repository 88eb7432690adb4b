"""Runs that are known from elsewhere: workspaces and bundles that are read as a cache, and bundles in a replay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .bundle.opened import Bundle, is_bundle
from .clock import Clock
from .errors import PictureError, SegfluxError, StoreError, WorkspaceError
from .kept_pictures import open_pictures, wanted_address
from .lifecycle import State
from .pictures.located import LocatedPictures
from .pictures.mounted import MountedPictures, pictures_of, tier_of
from .pictures.store import PictureStore
from .runlog.journal import Journal, ServiceLog
from .runlog.records import RunRecord
from .runlog.rows import RunState
from .runlog.runs import REPLANNED
from .saving import path_of
from .sweep.sweep import Sweep
from .values import as_python


class KnownRuns(Protocol):
    """What the launcher asks before it plans a sweep."""

    def states(self, log: ServiceLog, digests: Sequence[str]) -> dict[str, RunState]:
        """The states of runs that `enter` would enter, for a plan.

        Parameters
        ----------
        log:
            The workspace's log of its service.
        digests:
            The runs.
        """
        ...

    def next_take(self, service: str, first_digest: str) -> int:
        """The number of the next take of a request, as far as takes are paid for elsewhere; 0 where none is.

        Parameters
        ----------
        service:
            The name of the service.
        first_digest:
            The digest of take 0 of the request.
        """
        ...

    def enter(self, log: ServiceLog, digests: Sequence[str]) -> None:
        """Enter runs that are known elsewhere in a log.

        Parameters
        ----------
        log:
            The workspace's log of its service.
        digests:
            The runs.
        """


@dataclass(frozen=True)
class Source:
    """A workspace or a bundle that is read as a cache.

    Attributes
    ----------
    name:
        What the log calls it: the name of the folder or the file.
    journal:
        Its log.
    pictures:
        Its pictures.
    """

    name: str
    journal: Journal
    pictures: LocatedPictures

    def completed(self, service: str, digests: Iterable[str]) -> list[RunRecord]:
        """The completed runs among these whose pictures are there.

        Parameters
        ----------
        service:
            The service that they must be of.
        digests:
            The runs.
        """
        found = [
            record
            for record in self.journal.of(service).records.runs(digests)
            if record.run.state is State.COMPLETED and self.pictures.own(record.run.picture) is not None
        ]
        there = self.pictures.there(record.run.picture for record in found if record.run.picture is not None)
        return [record for record in found if record.run.picture in there]


class ReusedRuns:
    """Completed runs of other workspaces and bundles. Their pictures are copied; what they cost was paid there.

    Parameters
    ----------
    sources:
        Where they are looked for, in order.
    folder:
        The workspace that gets them.
    """

    def __init__(self, sources: Sequence[Source], folder: Path) -> None:
        self._sources = sources
        self._folder = folder
        self._store = PictureStore(folder)

    def states(self, log: ServiceLog, digests: Sequence[str]) -> dict[str, RunState]:
        """The states of runs that `enter` would enter, for a plan.

        Parameters
        ----------
        log:
            The workspace's log of its service.
        digests:
            The runs.
        """
        wanted, found = self._not_done(log, digests), {}
        for source in self._sources:
            for record in source.completed(log.service, [digest for digest in wanted if digest not in found]):
                found[record.run.digest] = RunState(record.run.digest, State.COMPLETED, "", None)
        return found

    def next_take(self, service: str, first_digest: str) -> int:
        """The number of the next take of a request: one that no source has, or it would be no new picture.

        Parameters
        ----------
        service:
            The name of the service.
        first_digest:
            The digest of take 0 of the request.
        """
        return max((one.journal.of(service).runs.next_take(first_digest) for one in self._sources), default=0)

    def enter(self, log: ServiceLog, digests: Sequence[str]) -> None:
        """Copy the pictures of completed runs that are known elsewhere, and enter the runs in the workspace's log.

        A picture that cannot be read there, or is not a picture, is left to the service.

        Parameters
        ----------
        log:
            The workspace's log of its service.
        digests:
            The runs.
        """
        wanted = dict.fromkeys(self._not_done(log, digests))
        for source in self._sources:
            for record in source.completed(log.service, list(wanted)):
                copied = self._copied(source, record)
                if copied is not None and log.records.enter_runs([copied], source.name):
                    del wanted[record.run.digest]

    def _copied(self, source: Source, record: RunRecord) -> RunRecord | None:
        """A run whose pictures are copies; None where its first one cannot be copied.

        Parameters
        ----------
        source:
            Where it is from.
        record:
            The run there.
        """
        run = record.run
        first = self._copy(source, run.picture, run.sha256)
        if first is None:
            return None
        more = []
        for one in record.more:
            picture = self._copy(source, one.path, one.sha256)
            more.append(one._replace(path=picture, sha256=None if picture is None else one.sha256))
        # Paid for elsewhere, and not timed here: the means of this log are those of its own runs.
        own = run._replace(picture=first, cost_usd=None, queue_seconds=None, render_seconds=None)
        return RunRecord(own, [one for one in more if one.path is not None])

    def _copy(self, source: Source, path: str | None, sha256: str | None) -> str | None:
        """The path of a copy of a picture in this workspace; None where it cannot be read, or has other bytes.

        Parameters
        ----------
        source:
            Where it is from.
        path:
            Its path there.
        sha256:
            The digest that it should have.
        """
        own = source.pictures.own(path)
        if own is None:
            return None
        try:
            stored = self._store.put(source.pictures.read(own))
        except StoreError as error:
            raise _not_copied(error) from None
        except (OSError, PictureError):
            return None
        tier = tier_of(self._folder)
        if tier is not None:
            try:
                tier.upload(stored.path)
            except OSError as error:
                raise _not_copied(error) from None
        return stored.path if sha256 in (None, stored.sha256) else None

    def _not_done(self, log: ServiceLog, digests: Sequence[str]) -> list[str]:
        """Those of these runs for which nothing is submitted or done here."""
        own = log.runs.states(digests)
        return [digest for digest in dict.fromkeys(digests) if digest not in own or own[digest].state in REPLANNED]


class ReplayedRuns:
    """The runs of a bundle that stands in for a workspace: each comes to the log when the notebook asks for it.

    A notebook that is run again begins with an empty workspace. So a plan says what it said then, and a sweep that is
    run gets its pictures, marks, votes and own columns from the bundle.

    Parameters
    ----------
    bundle:
        The bundle.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._votes = bundle.log.votes.all()

    def states(self, log: ServiceLog, digests: Sequence[str]) -> dict[str, RunState]:
        """Nothing: for a plan, the workspace is empty until the sweep is run.

        Parameters
        ----------
        log:
            The workspace's log of its service.
        digests:
            The runs.
        """
        return {}

    def next_take(self, service: str, first_digest: str) -> int:
        """0: a notebook that is run again gets the takes that it got then.

        Parameters
        ----------
        service:
            The name of the service.
        first_digest:
            The digest of take 0 of the request.
        """
        return 0

    def enter(self, log: ServiceLog, digests: Sequence[str]) -> None:
        """Enter runs of the bundle as they are, with what was said about them.

        Parameters
        ----------
        log:
            The workspace's log of its service.
        digests:
            The runs.
        """
        own = log.runs.states(digests)
        self._enter(log, [digest for digest in dict.fromkeys(digests) if digest not in own])

    def enter_asked(self, log: ServiceLog, asked: object) -> None:
        """Enter what a notebook asks for that reads the log: a sweep, or everything if nothing was run yet.

        Parameters
        ----------
        log:
            The workspace's log of its service.
        asked:
            A sweep, runs, the name of a sweep, or None for all runs.
        """
        if isinstance(asked, Sweep):
            self.enter(log, [cell.digest for cell in asked])
        elif isinstance(asked, str):
            if log.sweeps.find(name=asked) is None:
                self.enter_all(log)
        elif asked is None and not log.runs.all():
            self.enter_all(log)

    def enter_all(self, log: ServiceLog) -> None:
        """Enter all that the bundle holds, for a notebook that reads the log and runs nothing."""
        known = self._bundle.log.runs.all()
        own = log.runs.states(known)
        self._enter(log, [digest for digest in known if digest not in own])
        for sweep in self._bundle.log.records.sweeps():
            log.records.enter_sweep(sweep)

    def _enter(self, log: ServiceLog, digests: Sequence[str]) -> None:
        there, entered = self._bundle.log, set(digests)
        log.records.enter_runs(there.records.runs(digests), self._bundle.name)
        log.records.enter_marks([mark for mark in there.records.marks() if mark.digest in entered])
        known = set(log.runs.states({digest for _, vote in self._votes for digest in (vote.left, vote.right)}))
        log.votes.enter([one for one in self._votes if {one[1].left, one[1].right} <= known], replayed=True)
        self._votes = [one for one in self._votes if not {one[1].left, one[1].right} <= known]
        log.annotations.set({digest: own for digest, own in there.annotations.all().items() if digest in entered})


def open_sources(reuse: Any, clock: Clock) -> list[Source]:
    """Open what ``Workspace(reuse=[...])`` names.

    Parameters
    ----------
    reuse:
        What the user gave: paths of workspaces and bundles; one path is a list of one.
    clock:
        Source of the current time.

    Raises
    ------
    WorkspaceError
        If one of them is neither, or cannot be opened.
    """
    given = as_python(reuse)
    if given is None:
        return []
    if isinstance(given, str | Path) or not isinstance(given, Iterable):
        given = [given]
    sources: list[Source] = []
    try:
        sources.extend(_open_source(path_of(one, "reuse", WorkspaceError), clock) for one in given)
    except SegfluxError:
        for source in sources:
            source.journal.close()
        raise
    return sources


def _open_source(path: Path, clock: Clock) -> Source:
    """A workspace or a bundle.

    Parameters
    ----------
    path:
        Its path.
    clock:
        Source of the current time.
    """
    if is_bundle(path):
        bundle = Bundle(path, clock)
        return Source(bundle.name, bundle.journal, MountedPictures(bundle.path, bundle.pictures))
    folder = path.resolve()
    if not (folder / "log.sqlite").is_file():
        raise WorkspaceError(
            f"reuse={str(path)!r} is no workspace: it has no log.sqlite",
            remedy="Give the folder of a workspace, or a bundle whose name ends in .sfx",
        )
    journal = Journal(folder / "log.sqlite", clock)
    try:
        open_pictures(folder, journal, _own_store(folder, journal), clock)
    except SegfluxError:
        journal.close()
        raise
    return Source(folder.name, journal, pictures_of(folder))


def _own_store(folder: Path, journal: Journal) -> str | None:
    """The object store that keeps the pictures of a workspace that is reused; None where its folder does.

    Parameters
    ----------
    folder:
        Its folder.
    journal:
        Its log.

    Raises
    ------
    WorkspaceError
        If the user has not named that store: the log may be a copy from somebody else.
    """
    kept, there = journal.picture_store(), tier_of(folder)
    is_open = there is not None and there.is_open and there.address == kept
    if kept is not None and not is_open and wanted_address(None) != kept:
        raise WorkspaceError(
            f"The pictures of reuse={str(folder)!r} are kept in {kept}, which was not named",
            money="nothing was billed",
            remedy=f"Open it once before, with Workspace({str(folder)!r}, pictures={kept!r})",
        )
    return kept


def _not_copied(error: OSError) -> WorkspaceError:
    """What ends a sweep that would pay again for a picture, because a store does not answer."""
    return WorkspaceError(
        f"A picture that is reused cannot be copied: {error.strerror or error}",
        money="nothing was billed",
        remedy="Run the sweep again when the store answers",
    )
