"""A job's picture as a file: painted once, marked as simulated, and kept for a while.

This joins the service, which knows jobs, with the painter, which knows pictures.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from functools import lru_cache
from queue import SimpleQueue

from PIL import Image

from ..model import MODEL
from .flow import generate
from .painter.paint import paint
from .service import responses
from .service.jobs import complete, seed_of
from .service.ledger import Entry
from .service.offers import OFFERS, asked

NOTE = b"Simulated by segflux_nb: painted by a toy flow model, not by Flux."
"""A comment in each picture's file."""

KEPT = 128
"""Pictures that are kept in memory."""

PAINTERS = 2
"""Threads that paint."""

PAINTING_SECONDS = 0.1
"""For each picture, how long both cores of a small machine paint, send and keep it: what a plan counts. It is not
measured, so that the text of a plan is the same on every machine."""


def painted(entry: Entry, number: int = 0) -> bytes:
    """A picture of a job as JPEG bytes. Equal requests give equal bytes.

    Parameters
    ----------
    entry:
        The job.
    number:
        Which of its pictures, from 0.
    """
    if entry.slug in OFFERS:
        wanted = asked(entry.body, entry.request_id, number)
        picture = paint(generate.painting(wanted.painting), wanted.width, wanted.height)
        return _jpeg(Image.fromarray(picture), quality=88)
    body = {**complete(entry.body), "seed": seed_of(entry)}
    width, height = MODEL.sizes[body["aspect_ratio"]]
    return _jpeg(Image.fromarray(paint(generate.painting(body), width, height)), quality=88)


def tiny(entry: Entry, number: int = 0) -> bytes:
    """A valid picture of 8 × 8 pixels, whose colour depends on the request. For tests of everything else.

    Parameters
    ----------
    entry:
        The job.
    number:
        Which of its pictures, from 0.
    """
    asked_for = repr(sorted(complete(entry.body).items()))
    if entry.slug in OFFERS:
        asked_for = repr((entry.slug, sorted(entry.body.items()), seed_of(entry), number))
    digest = hashlib.sha256(asked_for.encode()).digest()
    return _jpeg(Image.new("RGB", (8, 8), (digest[0], digest[1], digest[2])), quality=75)


def corrupted(data: bytes, fault: str) -> bytes:
    """A picture's bytes with a fault.

    Parameters
    ----------
    data:
        The bytes.
    fault:
        A kind in `segflux_nb.simulator.service.faults`. Any other leaves the bytes as they are.
    """
    match fault:
        case "truncated":
            return data[: len(data) // 2]
        case "not_json" | "wrong_type":
            return responses.html_response(200, "Something else").body
        case "huge":
            return _huge()
    return data


@lru_cache(maxsize=1)
def _huge() -> bytes:
    """A small file of 400 megapixels."""
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    return buffer.getvalue()


class PaintCache:
    """The pictures of jobs. A few threads paint each one when its job is accepted, and it is kept for a while.

    A picture that is no longer kept is painted again, because it depends on its request alone. The threads are
    daemons, so that an interpreter that ends does not wait for pictures that nobody will fetch.

    Parameters
    ----------
    render:
        Paints the picture of a job.
    painters:
        Number of threads. 0 paints when a picture is asked for, which suits a `render` that takes microseconds.
    """

    def __init__(self, render: Callable[[Entry, int], bytes], *, painters: int = PAINTERS) -> None:
        self._render = render
        self._thread_count = painters
        self._lock = threading.Lock()
        self._pictures: OrderedDict[tuple[str, int], Future[bytes]] = OrderedDict()
        self._queue: SimpleQueue[tuple[Future[bytes], Entry, int] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def prepare(self, entry: Entry) -> None:
        """Start to paint a job's picture, if it will have one."""
        offer = OFFERS.get(entry.slug)
        if self._thread_count and entry.error is None and (offer is None or offer.makes == "pictures"):
            self.picture(entry)

    def picture(self, entry: Entry, number: int = 0) -> Future[bytes]:
        """A picture of a job, as a future.

        Parameters
        ----------
        entry:
            The job.
        number:
            Which of its pictures, from 0.
        """
        with self._lock:
            key = entry.request_id, number
            future = self._pictures.get(key)
            if future is None or future.cancelled():  # by a client that disconnected
                future = self._pictures[key] = Future()
                self._begin(future, entry, number)
                while len(self._pictures) > KEPT:
                    self._pictures.popitem(last=False)
            return future

    def close(self) -> None:
        """Stop painting."""
        with self._lock:
            for future in self._pictures.values():
                future.cancel()
            for _ in self._threads:
                self._queue.put(None)

    def _begin(self, future: Future[bytes], entry: Entry, number: int) -> None:
        if not self._thread_count:
            self._paint(future, entry, number)
            return
        if len(self._threads) < self._thread_count:
            self._threads.append(threading.Thread(target=self._work, name="segflux-painter", daemon=True))
            self._threads[-1].start()
        self._queue.put((future, entry, number))

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            self._paint(*item)

    def _paint(self, future: Future[bytes], entry: Entry, number: int) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(self._render(entry, number))
        except Exception as error:  # noqa: BLE001 - the future carries it to the caller
            future.set_exception(error)


def _jpeg(image: Image.Image, *, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, comment=NOTE)
    return buffer.getvalue()
