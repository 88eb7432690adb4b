"""An object store that keeps pictures: S3, Google, Azure, a folder or memory, by the package obstore.

It is imported when a store is opened. Errors of a store become a `StoreError` in words: the texts of the libraries
hold addresses with signatures, and pages of source.
"""

from __future__ import annotations

import errno
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ..errors import StoreError, WorkspaceError
from ..installing import how_to_install
from .store import sync_folder

if TYPE_CHECKING:
    import obstore.store

MOST_BYTES = 64 << 20
"""The largest object that is read: no picture is larger."""

CONNECT_SECONDS, SILENT_SECONDS, CALL_SECONDS = 5, 20, 180
"""How long a connection, a silence of the store and a whole call may take."""

TRIES = 3
"""How often a call is tried at once, where the store or the network fails."""

PAGE = 1000
"""How many names a store lists in one answer."""

_STATUS = re.compile(r"status(?: code)?:? (\d{3})")
_ADDRESS = re.compile(r"https?://\S+")
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_WHERE_CREDENTIALS_ARE = ("169.254.169.254", "metadata.google.internal", "169.254.170.2")
"""Addresses that are asked for credentials on machines of a cloud, where the environment has none."""


class ObjectStore:
    """An open object store. Several threads may use it; each call waits for the store.

    Parameters
    ----------
    address:
        Its address, by `store_address`.

    Raises
    ------
    WorkspaceError
        If obstore is not installed, or the address cannot be used.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        try:
            import obstore
        except ImportError:
            raise WorkspaceError(
                f"Pictures in {address} need the package obstore, which is not installed",
                remedy=how_to_install("objectstore"),
            ) from None
        self._api = obstore
        self.root = _folder_of(address)
        try:
            self._store = _opened(address, self.root)
        except (OSError, ValueError, obstore.exceptions.BaseError) as error:
            raise WorkspaceError(
                f"The object store {address} cannot be used: {_why(error)[0]}",
                remedy="Check the address, and the settings of the store in the environment",
            ) from None

    def __repr__(self) -> str:
        return f"ObjectStore({self.address!r})"

    def create(self, name: str, data: bytes) -> bool:
        """Write an object, unless there is one of that name: whether it was written.

        Parameters
        ----------
        name:
            Its name below the address.
        data:
            Its bytes.

        Raises
        ------
        StoreError
            If it was not written, or nobody knows.
        """
        with self._asked():
            try:
                self._api.put(self._store, name, data, mode="create", use_multipart=False)
            except self._api.exceptions.AlreadyExistsError:
                return False
            except (NotImplementedError, self._api.exceptions.NotSupportedError):  # a store without conditions
                try:
                    self._api.head(self._store, name)
                except FileNotFoundError:
                    self._api.put(self._store, name, data, use_multipart=False)
                else:
                    return False
        self._sync(name)
        return True

    def replace(self, name: str, data: bytes) -> None:
        """Write an object in place of the one that is there.

        Parameters
        ----------
        name:
            Its name below the address.
        data:
            Its bytes.

        Raises
        ------
        StoreError
            If it was not written, or nobody knows.
        """
        with self._asked():
            self._api.put(self._store, name, data, use_multipart=False)
        self._sync(name)

    def read(self, name: str) -> bytes:
        """The bytes of an object.

        Raises
        ------
        FileNotFoundError
            If the store says that it has none of that name.
        StoreError
            If it does not answer.
        """
        with self._asked(may_be_absent=True):
            found = self._api.get(self._store, name)
            if found.meta["size"] > MOST_BYTES:
                raise StoreError(
                    f"{name} has {found.meta['size']:,} bytes, more than a picture may", is_passing=False
                )
            return bytes(found.bytes())

    def pages(self, prefix: str) -> Iterator[list[tuple[str, int]]]:
        """The names and sizes of the objects below a prefix, some hundreds at a time.

        Parameters
        ----------
        prefix:
            The first part of their names, up to a slash.

        Raises
        ------
        StoreError
            If it does not answer.
        """
        with self._asked():
            for page in self._api.list(self._store, prefix=prefix.rstrip("/"), chunk_size=PAGE):
                yield [(one["path"], one["size"]) for one in page]

    def remove(self, names: Sequence[str]) -> None:
        """Remove objects; those that are not there are passed over.

        Raises
        ------
        StoreError
            If one was not removed, or nobody knows.
        """
        for name in names if self.root is not None or len(names) == 1 else ():
            with self._asked(), _absent_is_well():
                self._api.delete(self._store, name)
        if self.root is None and len(names) > 1:
            with self._asked(), _absent_is_well():
                self._api.delete(self._store, list(names))

    def _sync(self, name: str) -> None:
        """Make a file of a folder durable, which obstore does not."""
        if self.root is None or os.name != "posix":
            return
        path = self.root / name
        try:
            with open(path, "rb") as file:
                os.fsync(file.fileno())
            sync_folder(path.parent)
        except OSError as error:
            raise StoreError(f"{path} cannot be synchronised: {error.strerror}", is_passing=True) from None

    @contextmanager
    def _asked(self, *, may_be_absent: bool = False) -> Iterator[None]:
        """Give errors of the store as `StoreError`.

        Parameters
        ----------
        may_be_absent:
            Whether an object that is not there is a `FileNotFoundError`.
        """
        try:
            yield
        except StoreError:
            raise
        except (OSError, NotImplementedError, self._api.exceptions.BaseError) as error:
            if may_be_absent and isinstance(error, FileNotFoundError) and "NoSuchBucket" not in str(error):
                raise FileNotFoundError(errno.ENOENT, f"{self.address} has no such picture") from None
            why, is_passing = _why(error)
            raise StoreError(f"{self.address}: {why}", is_passing=is_passing) from None


@contextmanager
def _absent_is_well() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise


def _why(error: BaseException) -> tuple[str, bool]:
    """Why a store did not do something, in words without addresses; and whether it may pass."""
    text, kind = str(error), type(error).__name__
    status = int(found[1]) if (found := _STATUS.search(text)) else None
    lowered = text.lower()
    if any(where in text for where in _WHERE_CREDENTIALS_ARE):
        return "no credentials were found in the environment", False
    if kind in ("PermissionDeniedError", "UnauthenticatedError", "PermissionError") or status in (401, 403):
        return "the store refuses it: check the credentials and what they allow", False
    if "NoSuchBucket" in text or (isinstance(error, FileNotFoundError) and status == 404):
        return "the bucket does not exist", False
    if status is not None:
        return f"the store answered {status}", status >= 500 or status in (408, 409, 425, 429)
    if "kind: timeout" in lowered or "timed out" in lowered:
        return "the store did not answer in time", True
    if "kind: connect" in lowered:
        return "the store cannot be reached", True
    if "error sending request" in lowered or "body error" in lowered:
        return "the connection to the store broke off", True
    if "builder error" in lowered:
        return "its server is asked over http, which is for servers on this machine alone: use https", False
    return _ADDRESS.sub("…", text.partition("\n")[0])[:200], not isinstance(
        error, FileNotFoundError | NotImplementedError | ValueError
    )


def _folder_of(address: str) -> Path | None:
    """The folder of a ``file://`` address; None for another store."""
    if not address.startswith("file://"):
        return None
    path = unquote(urlsplit(address).path)
    is_windows = re.match(r"/[A-Za-z]:", path) is not None
    return Path(path[1:] if is_windows else path)


_in_memory: dict[str, obstore.store.ObjectStore] = {}
"""The stores in memory of this process, by their address: all workspaces of an address share one."""

_lock = threading.Lock()


def _opened(address: str, folder: Path | None) -> Any:
    """The store of obstore for an address.

    Parameters
    ----------
    address:
        The address.
    folder:
        Its folder, where it is one.
    """
    from obstore.store import LocalStore, MemoryStore
    from obstore.store import from_url as opened

    from_url: Any = opened  # its types are those of each store of its own
    if folder is not None:
        return LocalStore(folder, mkdir=True)
    if address.startswith("memory:"):
        with _lock:
            return _in_memory.setdefault(address, MemoryStore())
    settings = {"connect_timeout": CONNECT_SECONDS, "read_timeout": SILENT_SECONDS, "timeout": CALL_SECONDS}
    client: dict[str, Any] = {name: timedelta(seconds=seconds) for name, seconds in settings.items()}
    endpoints = filter(None, map(os.environ.get, _ENDPOINTS))
    client["allow_http"] = _is_on_this_machine(next(endpoints, ""))
    backoff = {"init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=2), "base": 2}
    retry: Any = {"max_retries": TRIES - 1, "retry_timeout": timedelta(seconds=60), "backoff": backoff}
    return from_url(address, client_options=client, retry_config=retry)


def _is_on_this_machine(url: str) -> bool:
    """Whether a server is asked over http on this machine: to others, pictures and signatures go over https only."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return parts.scheme == "http" and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False


def names_below(pages: Iterable[list[tuple[str, int]]], keep: Callable[[str], object]) -> dict[str, int]:
    """The sizes of objects by their names, of those that are kept.

    Parameters
    ----------
    pages:
        What `ObjectStore.pages` gives.
    keep:
        Whether a name is kept.
    """
    return {name: size for page in pages for name, size in page if keep(name)}
