"""The simulator as a running service: protocol and pictures behind a standard server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..clock import Clock, SystemClock
from ..model import PRICE, SECONDS
from ..values import as_integer, as_path, as_python, shown
from .flow.finetunes import Truth, truth
from .render import PAINTING_SECONDS, PaintCache, corrupted, painted, tiny
from .server import Server, close_connection, cut
from .service.faults import Fault, Faults
from .service.jobs import Pace, Settings, pace
from .service.ledger import Ledger
from .service.offers import ENVELOPES
from .service.protocol import Protocol
from .service.responses import ServiceRequest, ServiceResponse


def usual_pace(time_scale: float) -> Pace:
    """The pace of a simulator with the usual settings that was not made yet.

    Parameters
    ----------
    time_scale:
        Factor for queue and inference.
    """
    return pace(Settings(time_scale=time_scale), PAINTING_SECONDS)


_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Simulator:
    """Segmind's service, simulated: real HTTP, the same protocol, pictures by a small flow model.

    It starts to serve when its `url` is first read, or at the start of a ``with`` block.

    Parameters
    ----------
    port:
        Port to listen at, from 1 to 65535. 0 is any free one.
    host:
        Address to listen at. Beyond this machine it needs a key.
    key:
        The API key that it demands. None accepts any key, and none.
    time_scale:
        Factor for queue and inference: by default, 22 s become 0.44 s. Retention and rate windows are not scaled.
    mean_seconds:
        Mean service time of 25 Euler steps, before scaling. Other samplers and steps take longer in proportion to
        their evaluations.
    spread:
        Coefficient of variation of the service time.
    price:
        US dollars for 25 Euler steps.
    cold_start:
        Seconds, before scaling, that the model takes to load after ten idle minutes. All jobs wait for it.
    workers:
        How many jobs run at a time.
    queue_limit:
        How many jobs may wait. A submit beyond it answers 503. None is no limit.
    max_in_flight:
        How many jobs may be unfinished. A submit beyond it answers 429. None is no limit.
    rpm:
        Calls per minute. A call beyond it answers 429. None is no limit.
    count_gets:
        Whether GETs count for `rpm`. Otherwise only submits do.
    credits:
        US dollars on the account. None is no limit.
    history_delay:
        Seconds after a submit when the history shows it.
    history_complete:
        Seconds after a submit when the history is declared complete. None declares nothing.
    faults:
        What goes wrong; see `segflux_nb.simulator.service.faults.KINDS`.
    seed:
        What service times, ids, and faults at a rate are drawn from.
    envelope:
        The form of the catalogue's answer: ``"long"``, the hosted service's by clients that read it; ``"models"``,
        an object with that name; ``"list"``, the list alone.
    paint:
        Whether pictures are painted. False serves tiny valid pictures, for tests of everything else.
    folder:
        Where it keeps its ledger, so that another process can continue. None is memory.
    clock:
        Source of the current time, replaced in tests.

    Raises
    ------
    ValueError
        If a setting cannot have its value, or the host is beyond this machine and there is no key.

    Attributes
    ----------
    ledger:
        Every accepted submit and what it is billed: `submits`, `billed`, `entries()`.
    settings:
        The settings above, as the protocol has them.
    protocol:
        The service without a socket.

    Example
    -------
    ::

        with Simulator() as simulator:
            ws = Workspace("study", service=simulator)
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        key: str | None = None,
        time_scale: float = 0.02,
        mean_seconds: float = SECONDS,
        spread: float = 0.15,
        price: float = PRICE,
        cold_start: float = 0.0,
        workers: int = 64,
        queue_limit: int | None = None,
        max_in_flight: int | None = None,
        rpm: int | None = None,
        count_gets: bool = False,
        credits: float | None = None,
        history_delay: float = 0.0,
        history_complete: float | None = 1.0,
        faults: Mapping[str, Fault] | None = None,
        seed: int = 0,
        envelope: str = ENVELOPES[0],
        paint: bool = True,
        folder: str | Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        if not isinstance(host, str) or (host not in _LOOPBACK and not key):
            raise ValueError(f"host={shown(host)} is beyond this machine, where the simulator needs a key: give key=")
        self._host, self._port = host, _port(port)
        self._clock = clock or SystemClock()
        path = None
        if folder is not None:
            place = as_path(folder)
            place.mkdir(parents=True, exist_ok=True)
            path = place / "ledger.sqlite"
        settings = {
            "key": key,
            "time_scale": time_scale,
            "mean_seconds": mean_seconds,
            "spread": spread,
            "price": price,
            "cold_start": cold_start,
            "workers": workers,
            "queue_limit": queue_limit,
            "max_in_flight": max_in_flight,
            "rpm": rpm,
            "count_gets": count_gets,
            "credits": credits,
            "history_delay": history_delay,
            "history_complete": history_complete,
            "seed": seed,
            "envelope": envelope,
        }
        self.settings = Settings(**{name: as_python(value) for name, value in settings.items()})
        self.ledger = Ledger(path, self._clock.now)
        self._pictures = PaintCache(painted) if paint else PaintCache(tiny, painters=0)
        self._painting = PAINTING_SECONDS if paint else 0.0
        committed = Faults({} if faults is None else faults, self.settings.seed)
        self.protocol = Protocol(self.settings, self.ledger, committed, self._pictures.prepare)
        self._server: Server | None = None
        self._lock = threading.Lock()
        self._closed = False

    def __repr__(self) -> str:
        return "Simulator()"

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Base URL: ``http://127.0.0.1:<port>``. Reading it starts the service."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._start()}"

    @property
    def pace(self) -> Pace:
        """How fast it works by its settings, painting included: the means that a plan needs."""
        return pace(self.settings, self._painting)

    @staticmethod
    def truth(finetune_id: str) -> Truth:
        """The strengths at which a fine-tune's subject is there, is best and begins to burn.

        This is what a sweep over ``lora_strength`` should find, with the trigger word TOK in the prompt. A number in
        the id is training steps.

        Parameters
        ----------
        finetune_id:
            Id of the fine-tune.

        Example
        -------
        >>> Simulator.truth("pagoda-400")
        Truth(present=0.64, best=1.6, burning=2.24)
        """
        return truth(finetune_id)

    def close(self) -> None:
        """Stop serving. The ledger in a folder stays."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._server is not None:
                self._server.close()
        self._pictures.close()
        self.ledger.close()

    def reply(self, request: ServiceRequest) -> tuple[ServiceResponse, bytes]:
        """The response to a request and its body, painted if necessary: the service without a socket."""
        if self.protocol.leaves_unread(request.method, request.path):
            return ServiceResponse(500, cut="before"), b""
        response = self.protocol.handle(request, self._clock.now())
        return response, _body(response, [self._pictures.picture(*one).result() for one in response.wanted])

    def _start(self) -> int:
        with self._lock:
            if self._closed:
                raise RuntimeError("the simulator is closed")
            if self._server is None:
                app = Starlette()
                app.router.default = self._serve  # one entry: the protocol knows the paths
                self._server = Server(app, self._host, self._port, self.protocol.leaves_unread)
            return self._server.port

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as an ASGI application.

        Parameters
        ----------
        scope:
            The request, as ASGI gives it to the application.
        receive:
            Receives its body.
        send:
            Sends the response.
        """
        http = Request(scope, receive)
        try:
            content = await http.body()
        except ClientDisconnect:  # nobody waits for a response
            return
        request = ServiceRequest(
            method=http.method,
            path=http.url.path,
            base_url=str(http.base_url).rstrip("/"),
            query=dict(http.query_params),
            headers=dict(http.headers),
            body=content,
        )
        response = self.protocol.handle(request, self._clock.now())
        pictures = [self._pictures.picture(*one) for one in response.wanted]
        body = _body(response, [await asyncio.wrap_future(one) for one in pictures])
        if response.ready_at is not None:
            await self._clock.sleep(max(0.0, response.ready_at - self._clock.now()))
        sent = Response(body, response.status, dict(response.headers))
        if response.cut:
            await cut(sent, scope, receive, send, middle=response.cut == "middle")
            return
        await sent(scope, receive, send)
        if response.closes:
            close_connection(scope)


def _body(response: ServiceResponse, pictures: Sequence[bytes]) -> bytes:
    """The body of a response, which may be a picture, or name or hold some.

    Parameters
    ----------
    response:
        The response.
    pictures:
        The bytes of the pictures that it wants.
    """
    return corrupted(response.sent(pictures), response.corrupted)


def _port(given: int) -> int:
    """The port to listen at; a `ValueError` for what is no port, which the system would take as another one."""
    port = as_integer(given)
    if not 0 <= port <= 65_535:
        raise ValueError(f"port={shown(given)} is not a port: use 1 to 65535, or 0 for any free one")
    return port
