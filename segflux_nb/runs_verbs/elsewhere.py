"""Pictures that are measured by an executor: threads, processes of this machine, or workers of a Dask cluster.

Pictures go out in parts, of which a bounded number is under way: what waits for workers fits into memory. Results
come back in the order in which they are done. A worker that dies takes no other
picture with it: the pictures of its part are tried again, one by one and with nothing beside them, so that it shows
which of them ends workers. That one is reported, and the others go on.

Workers on this machine read files. Others get the bytes: they need no folder, no access to an object store, and no
password of either.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from queue import SimpleQueue
from typing import Any, Generic, NamedTuple, TypeVar

from ..errors import PictureError, RunError
from ..pictures.mounted import fetch_ahead, is_elsewhere, kept_thumbnail_of, read_file

R = TypeVar("R")
Picture = str | bytes
"""A picture's file, or the bytes of one."""

PART_BYTES = 4 << 20
"""The most bytes of a part, unless one picture alone has more."""

BYTES_UNDER_WAY = 64 << 20
"""The most bytes that are sent and have no result yet."""

PARTS_UNDER_WAY = 128
"""The most parts that have no result yet."""

AHEAD = 16
"""How many pictures of an object store are fetched together."""

TRIES = 2
"""How often a picture is tried alone, after its part was lost."""

GIVEN_UP = 5
"""After this many lost pictures with no result between them, something is wrong with all of them."""

_TRIED_BY_DASK = "KilledWorker"
"""The error of Dask that says that several workers have died of a task: that is enough for a picture alone."""


class Lost(NamedTuple):
    """What stands in place of a result that never came.

    Attributes
    ----------
    why:
        What went wrong.
    """

    why: str


@dataclass
class _Part:
    """Pictures that go out together: their keys, and what is sent."""

    keys: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    size: int = 0
    tries: int = 0
    is_alone: bool = False
    pool: Executor | None = None

    def singles(self) -> Iterator[_Part]:
        for key, picture in zip(self.keys, self.pictures, strict=True):
            yield _Part([key], [picture], _size(picture))


class Elsewhere(Generic[R]):
    """Calls a function for many pictures, in an executor or in this thread.

    Parameters
    ----------
    function:
        Takes a picture's file or its bytes, and returns what a process can send back.
    executor:
        Where it runs; None for this thread.
    name:
        What is measured, for errors: ``The metric height``.
    most:
        The most pictures of a part.
    thumbnails:
        Whether the thumbnail of a picture is enough for the function.

    Raises
    ------
    RunError
        If the function cannot be sent to where it would run.
    """

    def __init__(
        self,
        function: Callable[[Picture], R],
        executor: Executor | None,
        name: str,
        *,
        most: int,
        thumbnails: bool = False,
    ) -> None:
        self._function = function
        self._pool = executor
        self._own_pool: ProcessPoolExecutor | None = None
        self._name = name
        self._most = most
        self._thumbnails = thumbnails
        self._is_here = executor is None or isinstance(executor, ThreadPoolExecutor)
        if executor is None or isinstance(executor, ThreadPoolExecutor):
            self._call: tuple[Any, ...] = (_of_part, function)
        else:
            self._call = (_of_part_as_bytes, self._as_bytes(function, executor))

    def check(self) -> None:
        """Find out whether the function arrives where it would run. It is not called.

        Raises
        ------
        RunError
            If it does not.
        """
        if self._is_here:
            return
        error, future = None, self._submit(_wrong_with, self._call[1])
        with suppress(CancelledError):
            error = future.exception()
        if isinstance(error, BrokenExecutor):  # a process of the pool had died before
            self._replace_pool(error)
            error = (future := self._submit(_wrong_with, self._call[1])).exception()
        wrong = future.result() if error is None else f"{type(error).__name__}: {error}"
        if wrong:
            raise RunError(
                f"{self._name} cannot be sent to another process, which does not know it: {wrong}",
                remedy="Write the function in a module that the workers can import, and start them after that;"
                " Dask's workers need segflux-nb too, and take a file by client.upload_file(...)",
            )

    def results(self, pictures: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, R | Lost]]]:
        """The results, part by part as they are done. What was done when Ctrl-C came is still given.

        Parameters
        ----------
        pictures:
            For each picture: what its result is called, and its path.

        Raises
        ------
        RunError
            If the executor takes no more work, or gives no results; or an object store does not answer.
        """
        fetched = self._fetched(pictures)
        return self._here(fetched) if self._pool is None else self._there(fetched)

    def _fetched(self, pictures: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        """The same pictures; those of an object store were copied to their folder, several at a time."""
        left = iter(pictures)
        while some := list(islice(left, AHEAD)):
            if why := fetch_ahead((path for _, path in some), small=self._thumbnails):
                raise RunError(
                    f"Pictures cannot be measured: {why}",
                    remedy="Measure again when the store answers: what was measured is kept",
                )
            yield from some

    def close(self) -> None:
        """End the processes that were started in place of a pool that had broken."""
        if self._own_pool is not None:
            self._own_pool.shutdown(wait=False, cancel_futures=True)

    def _here(self, pictures: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, R | Lost]]]:
        found: list[tuple[str, R | Lost]] = []
        try:
            for key, path in pictures:
                found.append((key, self._function(self._payload(path))))
                if len(found) == self._most:
                    yield found
                    found = []
        except KeyboardInterrupt:
            yield found
            raise
        yield found

    def _there(self, pictures: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, R | Lost]]]:
        fresh, again = self._parts(pictures), deque[_Part]()
        in_flight: dict[Future[list[R]], _Part] = {}
        done = SimpleQueue[Future[list[R]]]()
        given_up = 0
        try:
            while self._fill(fresh, again, in_flight, done):
                future = done.get()
                part = in_flight.pop(future)
                error = _error_of(future)
                if error is None:
                    given_up = 0
                    yield list(zip(part.keys, future.result(), strict=True))
                    continue
                if isinstance(error, BrokenExecutor) and part.pool is self._pool:
                    self._replace_pool(error)
                part.tries += part.is_alone
                if not part.is_alone:
                    again.extend(part.singles())
                elif part.tries < TRIES and type(error).__name__ != _TRIED_BY_DASK:
                    again.appendleft(part)
                else:
                    given_up += 1
                    why = _in_words(error)
                    yield [(part.keys[0], Lost(why))]
                    if given_up == GIVEN_UP:
                        raise RunError(
                            f"{self._name}: {GIVEN_UP} pictures one after the other had no result: {why}",
                            remedy="What was measured is kept. Try the function on runs[0].image",
                        )
        except KeyboardInterrupt:
            while not done.empty():
                future = done.get()
                part = in_flight.pop(future)
                if _error_of(future) is None:
                    yield list(zip(part.keys, future.result(), strict=True))
            raise
        finally:
            for future in list(in_flight):
                future.cancel()

    def _fill(
        self,
        fresh: Iterator[_Part],
        again: deque[_Part],
        in_flight: dict[Future[list[R]], _Part],
        done: SimpleQueue[Future[list[R]]],
    ) -> bool:
        """Send parts, as many as may be under way. False when there is nothing to wait for."""

        def send(part: _Part) -> None:
            future = self._submit(*self._call, part.pictures)
            part.pool = self._pool
            in_flight[future] = part
            future.add_done_callback(done.put)

        if again:
            if not in_flight:
                part = again.popleft()
                part.is_alone = True
                send(part)
            return True
        size = sum(part.size for part in in_flight.values())
        while size < BYTES_UNDER_WAY and len(in_flight) < PARTS_UNDER_WAY:
            part_or_none = next(fresh, None)
            if part_or_none is None:
                break
            send(part_or_none)
            size += part_or_none.size
        return bool(in_flight)

    def _parts(self, pictures: Iterable[tuple[str, str]]) -> Iterator[_Part]:
        part = _Part()
        for key, path in pictures:
            picture = self._payload(path)
            size = _size(picture)
            if part.keys and (len(part.keys) == self._most or part.size + size > PART_BYTES):
                yield part
                part = _Part()
            part.keys.append(key)
            part.pictures.append(picture)
            part.size += size
        if part.keys:
            yield part

    def _payload(self, path: str) -> Picture:
        """What is sent of a picture. Other processes know nothing of the bundles and stores that are open here."""
        if self._is_here or (isinstance(self._pool, ProcessPoolExecutor) and not is_elsewhere(path)):
            return path
        try:
            small = kept_thumbnail_of(path) if self._thumbnails else None
            return read_file(path) if small is None else small.read_bytes()
        except (OSError, PictureError):
            return path  # it cannot be read there either, and has no numbers

    def _submit(self, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        """Give the executor work. A pool that broke while it had none is replaced."""
        pool = self._pool
        assert pool is not None  # noqa: S101 - only what goes elsewhere comes here
        try:
            try:
                return pool.submit(function, *arguments)
            except BrokenExecutor as error:
                self._replace_pool(error)
                return self._submit(function, *arguments)
        except RunError:
            raise
        except Exception as error:
            raise RunError(
                f"The executor takes no more work: {_in_words(error)}",
                remedy="What was measured is kept. Make an executor again, and measure once more",
            ) from error

    def _replace_pool(self, error: BaseException) -> None:
        """Go on in a pool like the one that broke: a pool of which one process has died takes no more work.

        Parameters
        ----------
        error:
            What the pool says.
        """
        pool = self._pool
        if type(pool) is not ProcessPoolExecutor:
            raise RunError(
                f"The executor has broken: {_in_words(error)}",
                remedy="What was measured is kept. Make an executor again, and measure once more",
            ) from None
        self.close()
        as_before = {
            "max_workers": "_max_workers",
            "mp_context": "_mp_context",
            "initializer": "_initializer",
            "initargs": "_initargs",
            "max_tasks_per_child": "_max_tasks_per_child",
        }
        options: dict[str, Any] = {
            name: vars(pool)[inside] for name, inside in as_before.items() if inside in vars(pool)
        }
        self._pool = self._own_pool = ProcessPoolExecutor(**options)

    def _as_bytes(self, function: object, executor: Executor) -> bytes:
        """The function as other processes get it: once a worker reads it, and not once a part."""
        try:
            if not isinstance(executor, ProcessPoolExecutor):
                with suppress(ImportError):
                    import cloudpickle

                    return bytes(cloudpickle.dumps(function))
            return pickle.dumps(function)
        except Exception as error:  # noqa: BLE001 - objects say in many ways that they cannot be pickled
            raise RunError(
                f"{self._name} cannot be sent to another process: {error}",
                remedy="Write the function in a module and import it, or leave executor out",
            ) from None


def _size(picture: Picture) -> int:
    return len(picture) if isinstance(picture, bytes) else 0


def _error_of(future: Future[Any]) -> BaseException | None:
    try:
        return future.exception()
    except CancelledError as error:
        return error


def _in_words(error: BaseException) -> str:
    """Why a result never came."""
    if isinstance(error, BrokenExecutor) or type(error).__name__ == _TRIED_BY_DASK:
        return f"the worker died while it measured this picture ({type(error).__name__})"
    if isinstance(error, CancelledError):
        return "the executor cancelled it"
    return f"{type(error).__name__}: {error}"


# What runs elsewhere. It is called for parts, and knows nothing of logs and folders.


def _of_part(function: Callable[[Picture], R], pictures: Sequence[Picture]) -> list[R]:
    return [function(picture) for picture in pictures]


def _of_part_as_bytes(function: bytes, pictures: Sequence[Picture]) -> list[Any]:
    return _of_part(_read(function), pictures)


def _wrong_with(function: bytes) -> str:
    """Why a function cannot be called here; empty if it can."""
    try:
        _read(function)
    except Exception as error:  # noqa: BLE001 - reading it may import anything
        return f"{type(error).__name__}: {error}"
    return ""


@lru_cache(maxsize=8)
def _read(function: bytes) -> Callable[[Picture], Any]:
    found: Callable[[Picture], Any] = pickle.loads(function)  # noqa: S301 - from the notebook that this worker is for
    return found
