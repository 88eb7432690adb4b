"""``segflux copy SOURCE TARGET``: a workspace or a bundle, entered in another workspace.

Picture files go first, one at a time. Then the log is entered in one transaction, and at last everything is compared:
each file by its sha256, each row with its row. So whenever a copy is cut off, the target's log holds nothing of the
source or all of it, never a half that would be paid for again; and the next copy writes what is missing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from ..clock import Clock
from ..errors import DamagedError, SourceHasChanged, WorkspaceError
from ..lifecycle import State
from ..markup import count
from ..pictures.mounted import kept_thumbnail_of, tier_of
from ..pictures.shared_inputs import path_of, read_input
from ..pictures.store import PictureStore, set_aside_file
from ..runlog.between import compare, enter_all
from ..runlog.comparing import ComparedTable
from ..runlog.side_file import side_files
from ..service.stored_pictures import StoredPictures
from .opening import Opened, check, check_logs, opened
from .report import Copied, CopiedFiles

TRIES = 5
"""How often the log is entered, where others change the source meanwhile."""

SECONDS_BETWEEN = 60.0
"""Between two lines about how far it is."""

FOLDERS = ("inputs", "rejected", "catalogue")
"""Further folders: pictures that were sent, bytes that were paid for and are no picture, catalogues."""


def copy_workspace(
    source: str,
    target: str,
    clock: Clock,
    tell: Callable[[str], None],
    *,
    source_pictures: str | None = None,
    pictures: str | None = None,
) -> Copied:
    """Copy a workspace or a bundle into another workspace, which may have runs of its own.

    Parameters
    ----------
    source:
        The workspace or bundle that is read.
    target:
        The workspace that gets everything; it is made if it does not exist.
    clock:
        Source of the current time.
    tell:
        Is given a line a minute about how far it is.
    source_pictures:
        The object store that keeps the pictures of the source; None for its folder, or what ``SEGFLUX_PICTURES`` says
        where its log names that store.
    pictures:
        The same for the target.

    Raises
    ------
    WorkspaceError
        If they are the same, one of them cannot be used, or a process works on the source.
    """
    check(source, target)
    with opened(source, source_pictures, clock) as there, opened(target, pictures, clock, is_target=True) as here:
        check_logs(there, here)
        copier = _Copier(there, here, clock, tell)
        files, tables = copier.all()
        return Copied(there.shown, here.shown, tables, files, copier.in_flight(), copier.open_orders())


class _Copier:
    """A copy that is being made.

    Parameters
    ----------
    source:
        The workspace that is read.
    target:
        The workspace that is written.
    clock:
        Source of the current time.
    tell:
        Is given a line a minute.
    """

    def __init__(self, source: Opened, target: Opened, clock: Clock, tell: Callable[[str], None]) -> None:
        self._source, self._target = source.journal, target.journal
        self._shown, self._from, self._to = source.shown, source.folder, target.folder
        self._pictures, self._own = source.pictures, target.pictures
        self._store = PictureStore(target.folder)
        self._tier = tier_of(target.folder)
        self._clock = clock
        self._tell = tell
        self._told_at = clock.monotonic()

    def all(self) -> tuple[CopiedFiles, list[ComparedTable]]:
        """Copy everything."""
        for _ in range(TRIES):
            seen = self._source.version()
            files = self._copy_files()
            try:
                enter_all(self._source, self._target, seen, self._enter_accepted)
            except SourceHasChanged:
                continue
            self._verify(files)
            return files, compare(self._source, self._target)
        raise WorkspaceError(
            f"{self._shown} was changed again and again while it was copied, and its log was not entered",
            remedy="Copy it while nobody works on it or rates its pictures",
        )

    def in_flight(self) -> int:
        """How many runs of the source are at the service, or may be."""
        planned = (State.PLANNED, State.COMPLETED, State.FAILED, State.REFUSED)
        tables = [self._source.of(name).runs.table(None, ["state"]) for name in self._source.services()]
        return sum(state not in planned for table in tables for state in table["state"])

    def open_orders(self) -> int:
        """How many sweeps of the source are submitted for workers and not complete."""
        return sum(len(self._source.of(name).orders.unfinished()) for name in self._source.services())

    def _enter_accepted(self) -> None:
        """Enter what is beside the source's log: ids of accepted jobs, and where the service has input pictures."""
        for name in self._source.services():
            log = self._target.of(name)
            for stored in StoredPictures(self._from, name).all() if log.is_far else ():
                log.inputs.add_address(stored)
            jobs = [job for side in side_files(self._source.of(name).path, name) for job in side.jobs]
            known = log.runs.states([job.digest for job in jobs])
            for job in jobs:
                if job.digest in known:
                    log.runs.accept(job)

    # ------------------------------------------------------------------ files

    def _copy_files(self) -> CopiedFiles:
        """Write the files that the target does not have."""
        found = CopiedFiles()
        pictures = self._named()
        absent = self._own.absent(path for path in pictures if self._own.own(path) is not None)
        for number, (path, sha256) in enumerate(pictures.items()):
            self._tell_how_far(number, len(pictures))
            own = self._pictures.own(path)
            if own is None:
                found.missing.append(path)
            elif self._own.own(own) is not None and own not in absent:
                found.there += 1
            else:
                found.written += self._copy(own, sha256, found)
        self._fetch_inputs()
        for file in (file for name in FOLDERS for file in _files_below(self._from / name)):
            place = file.relative_to(self._from).as_posix()
            if not (self._to / place).exists():
                self._store.keep(place, file.read_bytes(), None)
                found.others += 1
        self._copy_inputs(found)
        return found

    def _fetch_inputs(self) -> None:
        """Bring input pictures that the source has in its object store alone to its folder."""
        if (tier := tier_of(self._from)) is None:
            return
        for path in self._inputs():
            if read_input(self._from, path) is None:
                try:
                    tier.inputs.fetch(path)
                except (FileNotFoundError, DamagedError):
                    continue  # `_copy_inputs` names it
                except OSError as error:
                    raise WorkspaceError(
                        f"An input picture cannot be copied: {error.strerror or error}",
                        remedy="Copy again when the store answers: what was written stays",
                    ) from None

    def _copy_inputs(self, found: CopiedFiles) -> None:
        """See that the target has the input pictures, with their bytes; in its object store too, where it has one.

        Parameters
        ----------
        found:
            Gets what became of them.
        """
        paths = self._inputs()
        for path in paths:
            if read_input(self._to, path) is None and (data := read_input(self._from, path)) is not None:
                self._store.keep(path, data, None)  # the target had other bytes
        absent = [path for path in paths if read_input(self._to, path) is None]
        if self._tier is not None:
            try:
                self._tier.inputs.share(paths)
                for path in list(absent):
                    with suppress(FileNotFoundError, DamagedError):
                        self._tier.inputs.fetch(path)
                        absent.remove(path)
            except OSError as error:
                raise _not_uploaded(error) from None
        found.inputs, found.missing_inputs = len(paths) - len(absent), absent

    def _inputs(self) -> list[str]:
        """The input pictures that runs of the source name, as paths in its folder."""
        named = (one for name in self._source.services() for one in self._source.of(name).inputs.named())
        return sorted({path_of(one.text) for one in named})

    def _named(self) -> dict[str, str | None]:
        """The picture files that the source's log names, each with its sha256 if that is known."""
        return {
            picture.path: picture.sha256
            for name in self._source.services()
            for picture in self._source.of(name).pictures.all()
        }

    def _copy(self, path: str, sha256: str | None, found: CopiedFiles) -> bool:
        """Copy a picture file. Whether it was written.

        Parameters
        ----------
        path:
            Its path in both.
        sha256:
            The sha256 that it should have; None where the log does not say.
        found:
            Gets what became of it.
        """
        try:
            data = self._pictures.read(path)
        except OSError:
            found.missing.append(path)
            return False
        if not _is_of(data, sha256):
            found.damaged.append(path)
            return False
        small = kept_thumbnail_of(os.fspath(self._from / path))
        self._store.keep(path, data, None if small is None else small.read_bytes())
        if self._tier is not None:
            try:
                self._tier.upload(path)
            except OSError as error:
                raise _not_uploaded(error) from None
        return True

    def _verify(self, files: CopiedFiles) -> None:
        """Read each picture file of the target again, and compare its sha256."""
        left_out = {*files.missing, *files.damaged}
        wanted = {path: sha256 for path, sha256 in self._named().items() if path not in left_out}
        for number, (path, sha256) in enumerate(wanted.items()):
            self._tell_how_far(number, len(wanted), "checked")
            data = self._own.read(path)
            if not _is_of(data, sha256):  # the target had it before
                set_aside_file(self._to, path, Path(path).stem)
                files.there -= 1
                if not self._copy(path, sha256, files):
                    continue
                files.written += 1
                data = self._own.read(path)
            files.bytes += len(data)

    def _tell_how_far(self, number: int, of: int, done: str = "copied") -> None:
        """Say how far it is, once a minute.

        Parameters
        ----------
        number:
            How many are done.
        of:
            How many there are.
        done:
            What is done with them.
        """
        if self._clock.monotonic() - self._told_at >= SECONDS_BETWEEN:
            self._told_at = self._clock.monotonic()
            self._tell(f"{number:,} of {count(of, 'picture file')} {done}")


def _not_uploaded(error: OSError) -> WorkspaceError:
    return WorkspaceError(
        f"A picture cannot be uploaded: {error.strerror or error}",
        remedy="Copy again when the store answers: what was written stays",
    )


def _is_of(data: bytes, sha256: str | None) -> bool:
    """Whether bytes are those that the log means; True where it does not say.

    Parameters
    ----------
    data:
        The bytes.
    sha256:
        Their digest in the log.
    """
    return sha256 is None or hashlib.sha256(data).hexdigest() == sha256


def _files_below(folder: Path) -> Iterator[Path]:
    """The files in a folder and below, without links."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not os.path.islink(os.path.join(place, name))]
        for name in names:
            path = Path(place, name)
            if not path.is_symlink() and not name.startswith(".arriving-"):
                yield path
