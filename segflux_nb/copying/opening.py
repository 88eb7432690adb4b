"""Opens the two workspaces of a copy, without a service, and refuses what cannot be copied."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ..bundle.opened import Bundle, is_bundle
from ..clock import Clock
from ..errors import WorkspaceError
from ..installing import how_to_upgrade
from ..kept_pictures import open_pictures, wanted_address
from ..lifecycle import State
from ..pictures.located import LocatedPictures
from ..pictures.mounted import MountedPictures, mount, pictures_of
from ..place import place_of
from ..replaying import VARIABLE
from ..runlog.between import are_same
from ..runlog.journal import Journal
from ..running.in_hands import has_submits_in_hands, is_worked_on
from ..workspace_arguments import made_folder

_ENDED = frozenset({State.COMPLETED, State.FAILED, State.REFUSED, State.LOST})
"""Where all runs are in these states, a process that lives has nothing in its hands."""


def check(source: str, target: str) -> None:
    """Refuse what is no source, no target, or the same."""
    if os.environ.get(VARIABLE):
        raise WorkspaceError(
            f"{VARIABLE} is set, so every workspace reads that bundle", remedy=f"Unset {VARIABLE}, and copy then"
        )
    if is_bundle(Path(target)):
        raise WorkspaceError(
            f"{target} is a bundle, and a bundle is never changed", remedy="segflux bundle writes one of a workspace"
        )
    place = place_of(source)
    if not place.address and not is_bundle(place.folder) and not place.log.is_file():
        raise WorkspaceError(
            f"{source} is no workspace: it has no log.sqlite", remedy="Give the folder of a workspace, or a bundle"
        )
    other = place_of(target)
    there, here = place.folder, other.folder
    if there == here or (there.exists() and here.exists() and there.samefile(here)):
        raise _same(place.shown, other.shown)


def _same(source: str, target: str) -> WorkspaceError:
    """The refusal of a copy onto itself; both are shown."""
    return WorkspaceError(f"{source} and {target} are the same workspace", remedy="Give another target")


@dataclass(frozen=True)
class Opened:
    """A workspace or a bundle, opened without a service.

    Attributes
    ----------
    shown:
        What is shown to people.
    folder:
        Its folder, as an absolute path.
    journal:
        Its log.
    pictures:
        Its pictures.
    """

    shown: str
    folder: Path
    journal: Journal
    pictures: LocatedPictures


@contextmanager
def opened(given: str, store: str | None, clock: Clock, *, is_target: bool = False) -> Iterator[Opened]:
    """Open a workspace or a bundle.

    Parameters
    ----------
    given:
        Its place.
    store:
        The object store that keeps its pictures, as the user named it.
    clock:
        Source of the current time.
    is_target:
        Whether it is written: then it is made if it does not exist.
    """
    place = place_of(given)
    if is_bundle(place.folder):
        bundle = Bundle(place.folder, clock)
        mount(bundle.path, bundle.pictures)
        found = Opened(bundle.name, bundle.path, bundle.journal, MountedPictures(bundle.path, bundle.pictures))
    else:
        folder = made_folder(place.folder)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # `check_logs` says that it is newer
            journal = Journal(replace(place, folder=folder).log, clock, address=place.address)
        found = Opened(place.shown, folder, journal, LocatedPictures(folder))
    try:
        if found.pictures.bundle is None and not found.journal.is_newer:
            wanted = _store_of(found, store, is_shared=bool(place.address), is_target=is_target)
            open_pictures(found.folder, found.journal, wanted, clock)
            found = replace(found, pictures=pictures_of(found.folder))
        yield found
    finally:
        found.journal.close()


def _store_of(opened: Opened, given: str | None, *, is_shared: bool, is_target: bool) -> str | None:
    """The object store that keeps the pictures of a workspace; None where its folder does.

    Parameters
    ----------
    opened:
        The workspace.
    given:
        The store, as the user named it.
    is_shared:
        Whether its log is in a database.
    is_target:
        Whether it is the target of the copy.

    Raises
    ------
    WorkspaceError
        If the user has not named the store that its log names, or none for a log that machines share.
    """
    kept, usual = opened.journal.picture_store(), wanted_address(None)
    wanted = wanted_address(given) if given is not None else usual if is_shared or usual == kept else None
    option = "--pictures" if is_target else "--source-pictures"
    if wanted is None and kept is not None:
        raise WorkspaceError(
            f"The pictures of {opened.shown} are kept in {kept}, which was not named", remedy=f"Write {option} {kept}"
        )
    if wanted is None and is_shared and is_target:
        raise WorkspaceError(
            f"{opened.shown} is shared by machines, and its pictures must be where all of them reach them",
            remedy=f"Write {option} s3://bucket/prefix, or the path of a folder that they share",
        )
    return wanted


def check_logs(source: Opened, target: Opened) -> None:
    """Refuse logs that cannot be copied now.

    Parameters
    ----------
    source:
        What is read.
    target:
        The workspace that is written.
    """
    if source.journal.is_newer:
        raise WorkspaceError(
            f"{source.shown} was written by a newer version of segflux_nb, so not all of it could be copied",
            remedy=how_to_upgrade(),
        )
    if target.journal.refusal:
        raise WorkspaceError(target.journal.refusal, remedy="Give a target that can be written")
    if are_same(source.journal, target.journal):
        raise _same(source.shown, target.shown)
    for name in source.journal.services():
        log = source.journal.of(name)
        has_left = not _ENDED.issuperset(log.runs.table(None, ["state"])["state"])
        if has_left and (is_worked_on(log) or has_submits_in_hands(log)):
            raise WorkspaceError(
                f"A process works on {source.shown}, or did a moment ago: its jobs would be copied as they are now",
                remedy="Stop it (what is paid for is kept), wait half a minute, and copy then",
            )
