"""Where a workspace's pictures are kept: in its folder, or in an object store that its log names.

The log remembers the address, so that nobody opens the workspace without it by mistake and takes what is in the store
for missing. But a log may be a copy from somebody else: a store is asked only if the user of this process names it.
"""

from __future__ import annotations

import os
from pathlib import Path

from .clock import Clock
from .errors import StoreError, WorkspaceError
from .pictures.cache import most_bytes
from .pictures.mounted import mount, tier_of
from .pictures.object_store import ObjectStore
from .pictures.shared_inputs import path_of, read_input
from .pictures.store_address import VARIABLE, store_address
from .pictures.tier import Tier
from .runlog.journal import Journal


def wanted_address(given: object) -> str | None:
    """The address of the object store that a user names, or ``SEGFLUX_PICTURES``; None where neither does.

    Parameters
    ----------
    given:
        What the user gave as ``pictures=``, or None.

    Raises
    ------
    WorkspaceError
        If it is no address of a store, or holds what may be secret.
    """
    if given is None:
        given = os.environ.get(VARIABLE) or None
    return None if given is None else store_address(given)


def open_pictures(folder: Path, journal: Journal, wanted: str | None, clock: Clock) -> None:
    """Let a workspace's pictures be read from where they are kept.

    Parameters
    ----------
    folder:
        The workspace's folder, as an absolute path.
    journal:
        Its log.
    wanted:
        The address of the object store, by `wanted_address`; None for what is open, or the folder.
    clock:
        Source of the current time.

    Raises
    ------
    WorkspaceError
        If the store cannot be used, or is not the one that has the pictures of the log.
    """
    kept, there = journal.picture_store(), tier_of(folder)
    if there is not None and there.is_open and there.address == (wanted or kept) == kept:
        return  # another workspace of this process has opened it
    if wanted is None:
        mount(folder, None if kept is None else Tier(folder, kept, None, clock, most_bytes()))
        return
    store = ObjectStore(wanted)
    _refuse_own_folder(store, folder)
    tier = Tier(folder, wanted, store, clock, most_bytes())
    if kept != wanted:
        _move(tier, journal, kept)
    mount(folder, tier)


def _refuse_own_folder(store: ObjectStore, folder: Path) -> None:
    """Refuse a store whose files are the copies themselves: what is removed as a copy would be gone."""
    own = folder / "pictures"
    if store.root is None:
        return
    for one in (store.root, store.root / "pictures"):
        if os.path.realpath(one) in (os.path.realpath(folder), os.path.realpath(own)):
            raise WorkspaceError(
                f"pictures={store.address!r} is the workspace's own folder",
                remedy="Leave pictures= out: the folder keeps its pictures; or give another folder",
            )


def _move(tier: Tier, journal: Journal, kept: str | None) -> None:
    """Let the log name another store, if that has what only the store of before has.

    Parameters
    ----------
    tier:
        The other store.
    journal:
        The log.
    kept:
        The store of before; None where the folder kept the pictures.
    """
    paths = {picture.path for name in journal.services() for picture in journal.of(name).pictures.all()}
    if kept is not None:
        needed = [one.text for name in journal.services() for one in journal.of(name).inputs.named() if one.is_needed]
        inputs = {path for path in map(path_of, needed) if read_input(tier.folder, path) is None}
        try:
            lacking = tier.lacking(paths) | (inputs - tier.inputs.sizes(inputs).keys())
        except StoreError as error:
            raise WorkspaceError(
                f"The pictures of this workspace are kept in {kept}, and whether the store that is named has them too"
                f" cannot be asked: {error.why}",
                remedy=f"Name {kept}, as pictures= or in SEGFLUX_PICTURES; or try again when the other store answers",
            ) from None
        if lacking:
            are = "is" if len(lacking) == 1 else "are"
            raise WorkspaceError(
                f"The pictures of this workspace are kept in {kept}, and {len(lacking):,} of them {are} not in "
                f"{tier.address}",
                remedy="Leave pictures= as it was; or copy them to the other store first, with the same names",
            )
    try:
        tier.waiting.set_new(is_new=True)
    except OSError as error:
        raise WorkspaceError(
            f"The folder {tier.folder} cannot be written: {error.strerror or error}",
            remedy="Give a folder that can be written",
        ) from None
    journal.set_picture_store(tier.address)
