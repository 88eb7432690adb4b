"""Objects of a store that are named by the sha256 of their bytes: written once, and checked when they are read."""

from __future__ import annotations

import hashlib
import logging
import threading

from ..clock import Clock
from ..errors import DamagedError, StoreError
from .object_store import ObjectStore
from .store_contents import SILENT_SECONDS

FAILURES = 3
"""After this number of failures in a row, a store is not read for a while."""

logger = logging.getLogger(__name__)


class CheckedObjects:
    """What a store keeps under the sha256 of its bytes. Several threads may use it.

    Parameters
    ----------
    address:
        The address of the store, by `store_address`.
    store:
        The store; None where the user did not give its address.
    clock:
        Source of the current time.
    """

    def __init__(self, address: str, store: ObjectStore | None, clock: Clock) -> None:
        self.address = address
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._silent_until = float("-inf")
        self._why = ""

    @property
    def is_open(self) -> bool:
        """Whether the store can be asked."""
        return self._store is not None

    @property
    def store(self) -> ObjectStore:
        """The store.

        Raises
        ------
        StoreError
            If the user did not give its address.
        """
        if self._store is None:
            raise StoreError(
                f"it is in {self.address}, and this workspace was opened without pictures=", is_passing=False
            )
        return self._store

    def read(self, name: str) -> bytes:
        """An object, as it is.

        A store that failed several times in a row is not asked again for a while: a gallery of thousands would wait
        for each picture.

        Raises
        ------
        FileNotFoundError
            If the store says that it has none of that name.
        StoreError
            If it does not answer.
        """
        store = self.store
        with self._lock:
            if self._failures >= FAILURES and self._clock.monotonic() < self._silent_until:
                raise StoreError(self._why, is_passing=True)
        try:
            data = store.read(name)
        except StoreError as error:
            with self._lock:
                self._failures += 1
                self._why, self._silent_until = error.why, self._clock.monotonic() + SILENT_SECONDS
            raise
        except FileNotFoundError:
            self._failures = 0
            raise
        self._failures = 0
        return data

    def checked(self, name: str) -> bytes:
        """An object, which is asked for twice where its bytes are not those that its name says.

        Raises
        ------
        FileNotFoundError
            If the store says that it has none of that name.
        DamagedError
            If it has other bytes.
        StoreError
            If it does not answer.
        """
        for _ in range(2):
            data = self.read(name)
            if fits(name, data):
                return data
            logger.warning("%s in %s has other bytes than its name says", name, self.address)
        raise DamagedError(5, f"its bytes in {self.address} are not those that its name says", name)

    def put(self, name: str, data: bytes) -> None:
        """Write an object, unless it is there with the same bytes.

        Parameters
        ----------
        name:
            Its name.
        data:
            Its bytes.

        Raises
        ------
        StoreError
            If it was not written, or nobody knows.
        """
        store = self.store
        if not fits(name, data):
            raise StoreError(f"the file {name} has other bytes than its name says", is_passing=True)
        if not store.create(name, data) and not self.has(name, data):
            logger.warning("%s in %s had other bytes than its name says, and was replaced", name, self.address)
            store.replace(name, data)

    def has(self, name: str, data: bytes) -> bool:
        """Whether the store has an object with these bytes.

        Parameters
        ----------
        name:
            Its name.
        data:
            The bytes.

        Raises
        ------
        StoreError
            If it does not answer.
        """
        try:
            return self.store.read(name) == data
        except FileNotFoundError:
            return False


def fits(name: str, data: bytes) -> bool:
    """Whether bytes are those that the name of a file says.

    Parameters
    ----------
    name:
        The name, whose last part is the beginning of a sha256 and an ending.
    data:
        The bytes.
    """
    stem = name.rpartition("/")[2].partition(".")[0]
    return hashlib.sha256(data).hexdigest().startswith(stem)
