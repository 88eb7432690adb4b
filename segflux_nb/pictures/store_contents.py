"""What is known of an object store's contents: the names of its pictures, as they were listed.

The store is listed by the first digits of names, never asked about one picture after the other. Where it does not
answer, a picture counts as there: nothing is fetched again, or given up, because a network failed.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor

from ..clock import Clock
from ..errors import StoreError
from .located import OF_THE_STORE
from .object_store import ObjectStore, names_below

KNOWN_SECONDS = 300.0
"""How long it is believed that a listed picture is still there."""

UNKNOWN_SECONDS = 10.0
"""How long it is believed that a picture that was not listed is not there."""

SILENT_SECONDS = 30.0
"""How long a store that did not answer is not asked again what it has."""

FEW = 4
"""At most this number of folders is listed one by one, and this number of answers is read of a list of all."""

AT_ONCE = 16
"""Folders that are listed at a time."""


class StoreContents:
    """What is known of the pictures in a store. Several threads may use it.

    Parameters
    ----------
    store:
        The store; None where it cannot be asked.
    clock:
        Source of the current time.
    folder:
        The folder of these pictures in the store.
    names:
        What their whole names are like.
    """

    def __init__(
        self,
        store: ObjectStore | None,
        clock: Clock,
        folder: str = "pictures",
        names: re.Pattern[str] = OF_THE_STORE,
    ) -> None:
        self._store = store
        self._clock = clock
        self._root = f"{folder}/"
        self._names = names
        self._in_folder = len(f"{folder}/ab/")
        self._lock = threading.Lock()
        self._listed: dict[str, dict[str, int]] = {}
        self._listed_at: dict[str, float] = {}
        self._own: dict[str, dict[str, int]] = {}
        self._silent_until = float("-inf")
        self._changes = 0
        self._asked_at: dict[str, float] = {}

    def may_have(self, path: str) -> bool:
        """Whether a picture is there, or nobody can say that it is not."""
        if self._knows(path):
            return True
        return path not in self.absent([path])

    def size(self, path: str) -> int:
        """The bytes of a picture that was listed; 0 for another."""
        folder = self._folder(path)
        return self._own.get(folder, {}).get(path) or self._listed.get(folder, {}).get(path, 0)

    def add(self, path: str, size: int) -> None:
        """A picture was written to the store, or read from it.

        Parameters
        ----------
        path:
            The picture.
        size:
            Its bytes.
        """
        with self._lock:
            self._changes += not self._knows(path)
            self._own.setdefault(self._folder(path), {})[path] = size

    def forget(self, paths: Iterable[str]) -> None:
        """Pictures are not in the store any more."""
        with self._lock:
            self._changes += 1
            for path in paths:
                for known in (self._own, self._listed):
                    known.get(self._folder(path), {}).pop(path, None)

    def absent(self, paths: Iterable[str]) -> set[str]:
        """Those of these pictures that the store does not have. What it cannot be asked about counts as there.

        So does a picture of which nobody has asked before, until a list is made that is newer: another machine may
        have uploaded it since the last one.
        """
        asked = {path for path in paths if self._names.fullmatch(path) is not None}
        now = self._clock.monotonic()
        if self._store is None or not asked or now < self._silent_until:
            return set()
        with self._lock:
            self._asked_at |= {path: self._asked_at.get(path, now) for path in asked if not self._knows(path)}
        stale = {
            folder
            for path in asked
            if now - self._listed_at.get(folder := self._folder(path), float("-inf"))
            > (KNOWN_SECONDS if self._knows(path) else UNKNOWN_SECONDS)
        }
        try:
            self._list(stale)
        except StoreError:
            self._silent_until = self._clock.monotonic() + SILENT_SECONDS
            return set()
        unknown = {path for path in asked if not self._knows(path)}
        with self._lock:
            for path in asked - unknown:
                self._asked_at.pop(path, None)
            return {path for path in unknown if self._asked_at.get(path, now) <= self._listed_at[self._folder(path)]}

    def sizes(self, paths: Collection[str]) -> dict[str, int]:
        """The sizes of those of these pictures that the store has now: it is listed again.

        Raises
        ------
        StoreError
            If it does not answer.
        """
        if self._store is None:
            raise StoreError("the store cannot be asked", is_passing=False)
        self._list({self._folder(path) for path in paths})
        return {
            path: size for path in paths if (size := self._listed.get(self._folder(path), {}).get(path)) is not None
        }

    def version(self) -> tuple[tuple[str, int], ...]:
        """A value that changes when it may be known that a picture has come or gone."""
        return ("changes", self._changes), ("time", int(self._clock.monotonic() // KNOWN_SECONDS))

    def _folder(self, path: str) -> str:
        return path[: self._in_folder]

    def _knows(self, path: str) -> bool:
        folder = self._folder(path)
        return path in self._own.get(folder, ()) or path in self._listed.get(folder, ())

    def _list(self, folders: Collection[str]) -> None:
        """List folders of the store: all at once where the store is small, else several at a time."""
        if not folders or self._store is None:
            return
        began = self._clock.monotonic()
        if len(folders) > FEW:
            whole = self._all()
            if whole is not None:
                for folder in (f"{self._root}{digits:02x}/" for digits in range(256)):
                    self._put(folder, whole.get(folder, {}), began)
                return
        with ThreadPoolExecutor(min(AT_ONCE, len(folders)), "segflux-list") as pool:
            for folder, found in zip(folders, pool.map(self._below, folders), strict=True):
                self._put(folder, found, began)

    def _below(self, folder: str) -> dict[str, int]:
        store = self._store
        return {} if store is None else names_below(store.pages(folder), self._names.fullmatch)

    def _all(self) -> dict[str, dict[str, int]] | None:
        """All pictures of the store by their folders; None where these are more than a few answers hold."""
        found: dict[str, dict[str, int]] = {}
        if self._store is not None:
            for at, page in enumerate(self._store.pages(self._root)):
                if at == FEW:
                    return None
                for name, size in page:
                    if self._names.fullmatch(name) is not None:
                        found.setdefault(self._folder(name), {})[name] = size
        return found

    def _put(self, folder: str, found: dict[str, int], began: float) -> None:
        """Note what a folder of the store has.

        Parameters
        ----------
        folder:
            The folder.
        found:
            The sizes of its pictures.
        began:
            When it was asked.
        """
        with self._lock:
            before = self._listed.get(folder, {})
            self._listed[folder], self._listed_at[folder] = found, began
            own = self._own.get(folder, {})
            for path in own.keys() & before.keys():  # it was listed once: what the store says now holds
                del own[path]
            self._changes += before.keys() != found.keys()
