"""Plays a misbehaviour in virtual time, and compares what came of it with what was expected.

The one place here that knows the product.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

import segflux_nb as sf
from segflux_nb import connection
from segflux_nb.errors import AnswerLost, NotSentError
from segflux_nb.pictures.store import PictureStore
from segflux_nb.runlog.journal import Journal
from segflux_nb.running.context import StopToken
from segflux_nb.running.policy.budget import Budget
from segflux_nb.service.addresses import Service
from segflux_nb.service.secret import Secret
from segflux_nb.service.transport import HttpResponse, HttpTransport
from segflux_nb.sweep.plan import PUBLISHED
from tests.support.virtual import SkewedClock, VirtualClock

from .expected import Expected, Misbehaviour, RunCall
from .loopback import Loopback, SocketClock
from .scripts import BAD
from .server import Message, ScriptedService

NAME = "scripted"
LATENCY = 0.05
LONGEST_ANSWER = 90.0
"""Seconds of silence after which a client takes the answer for lost."""

MOST_CALLS = 20_000
"""A transport that has sent more requests than this sends no more: nothing waits between them."""


class CallTransport:
    """Carries requests to the service by a call.

    Parameters
    ----------
    service:
        The scripted service.
    clock:
        The time that a request takes passes here.
    key:
        Sent with all requests but downloads.
    """

    def __init__(self, service: ScriptedService, clock: VirtualClock, key: str) -> None:
        self.service = service
        self.clock = clock
        self.key = key
        self.sent = 0

    async def prepare_submit(self, url):
        pass

    async def send(self, request):
        self.sent += 1
        if self.sent > MOST_CALLS:
            await self.clock.sleep(1e9)
        if not request.url.startswith(f"{self.service.origin}/"):
            raise NotSentError(f"{request.url[:100]!r} cannot be reached: no such host")
        headers = {"content-type": "application/json"} if request.content is not None else {}
        if request.purpose != "download":
            headers["x-api-key"] = self.key
        path, _, query = request.url.removeprefix(self.service.origin).partition("?")
        found = dict(pair.partition("=")[::2] for pair in query.split("&") if pair) | dict(request.query)
        await self.clock.sleep(LATENCY)
        if reason := request.fence():
            raise NotSentError(reason)
        answer = self.service.answer(Message(request.method, path, found, headers, request.content or b""))
        await self.clock.sleep(min(answer.delay, LONGEST_ANSWER) + LATENCY)
        if answer.raises is not None:
            raise answer.raises
        if answer.cut == "unsent":
            raise NotSentError(f"{self.service.origin} cannot be reached: connection refused")
        if answer.cut == "lost" or answer.delay > LONGEST_ANSWER:
            raise AnswerLost("the connection was closed before the answer came")
        given = {"date": formatdate(self.clock.now(), usegmt=True)} | dict(answer.headers)
        return HttpResponse(answer.status, {k: v for k, v in given.items() if v is not None}, answer.body)

    async def close(self):
        pass


@dataclass
class CallFound:
    """What one call of run came to."""

    seconds: float
    hung: bool
    raised: str
    stopped: str
    statuses: dict[int, str]
    errors: dict[int, str]
    completed: dict[int, float]
    """Seconds after which cells were completed."""
    planned: float
    """Seconds that the question for the balance took."""
    closing: float
    """Seconds that it took to close the workspace."""


@dataclass
class Found:
    """What all calls came to."""

    calls: list[CallFound] = field(default_factory=list)
    paid: Counter[int] = field(default_factory=Counter)
    kept: set[int] = field(default_factory=set)
    wrong: set[int] = field(default_factory=set)
    missing: int = 0
    MiB: float = 0.0


class Stage:
    """A workspace on a scripted service in virtual time.

    Parameters
    ----------
    folder:
        The workspace's folder.
    row:
        What the service does.
    max_in_flight:
        Jobs at the service at a time.
    """

    def __init__(self, folder: Path, row: Misbehaviour, max_in_flight: int = 8) -> None:
        self.folder = folder
        self.row = row
        self.max_in_flight = max_in_flight
        self.clock = SocketClock() if row.on_the_wire else VirtualClock()
        self.client_clock = SkewedClock(self.clock)
        self.service = ScriptedService(self.clock.now, row.script, **row.service)
        self.service.notes["log"] = folder / "log.sqlite"
        self.loopback = Loopback(self.service) if row.on_the_wire else None
        cells = max(call.cells for call in row.calls)
        self.sweep = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(1, cells + 1)))
        self.journal = Journal(folder / "log.sqlite", self.client_clock, durable=False)
        # A lock that another program holds is met at once: real time does not pass here.
        self.journal._database.connection.execute("PRAGMA busy_timeout = 1")
        self.log = self.journal.of(NAME)

    def close(self) -> None:
        self.journal.close()

    def play(self, call: RunCall, within: float) -> CallFound:
        """Make one call of run."""
        self.clock.before += call.after
        self.client_clock.skew = self.row.skew + call.skew
        if self.loopback is not None:
            return self.clock.run(self._play(call, within, self.loopback))
        return self.clock.run(self._play(call, within, None))

    async def _play(self, call: RunCall, within: float, loopback: Loopback | None) -> CallFound:
        began = self.clock.monotonic()
        if loopback is not None:
            await loopback.start()
        stop = StopToken()
        completed: dict[int, float] = {}
        seeds = {cell.digest: cell.parameters["seed"] for cell in self.sweep}

        def on_change(digest, state):
            if state.status == "completed":
                completed.setdefault(seeds[digest], self.clock.monotonic() - began)

        planned = 0.0
        cells = self.sweep[: call.cells]
        self.log.runs.plan(cells)
        engine = self._engine(call.key)

        async def plan_and_run():
            nonlocal planned
            # As a plan asks for it.
            balance = await connection._within(connection.QUESTION_SECONDS, engine.api.balance())
            assert balance is None or isinstance(balance, float), balance
            planned = self.clock.monotonic() - began
            await engine.run(cells, stop=stop, budget=Budget(None), on_change=on_change, **call.options)

        work = asyncio.ensure_future(plan_and_run())
        patience = within if call.interrupted is None else call.interrupted
        done, _ = await asyncio.wait({work}, timeout=patience)
        hung = not done and call.interrupted is None
        raised = ""
        if not done:
            work.cancel()
            await asyncio.wait({work}, timeout=60)
        elif work.exception() is not None:
            raised = f"{type(work.exception()).__name__}: {str(work.exception())[:200]}"
        seconds = self.clock.monotonic() - began
        closing = asyncio.ensure_future(engine.close())
        closed, _ = await asyncio.wait({closing}, timeout=within)
        if not closed:
            hung = True
        elif closing.exception() is not None:
            raised = raised or f"close: {closing.exception()!r}"[:200]
        if loopback is not None:
            await loopback.stop()
        statuses, errors = self._states()
        closing_seconds = self.clock.monotonic() - began - seconds
        return CallFound(
            seconds, hung, raised, str(stop.reason), statuses, errors, completed, planned, closing_seconds
        )

    def _engine(self, key: str):
        service = Service(NAME, self.service.origin, self.service.origin)
        if self.loopback is None:
            transport = CallTransport(self.service, self.clock, key)
        else:
            transport = HttpTransport(service, Secret(key))
        return connection.build_engine(
            service,
            transport,
            log=self.log,
            store=PictureStore(self.folder, durable=False),
            clock=self.client_clock,
            secret=Secret(key),
            max_in_flight=self.max_in_flight,
            max_rpm=None,
            rates=PUBLISHED,
            jitter=random.Random(0).random,
        )

    def _rows(self):
        logged = self.log.runs.read([cell.digest for cell in self.sweep])
        return {cell.parameters["seed"]: logged[cell.digest] for cell in self.sweep if cell.digest in logged}

    def _states(self) -> tuple[dict[int, str], dict[int, str]]:
        rows = self._rows()
        return {s: row.state.status for s, row in rows.items()}, {s: row.error or "" for s, row in rows.items()}

    def judge(self, found: Found) -> None:
        """Compare ledger and disk."""
        found.paid = Counter(job.seed for job in self.service.ledger if not job.error)
        pictures: dict[int, set[str]] = {}
        for job in self.service.ledger:
            pictures.setdefault(job.seed, set()).add(hashlib.sha256(job.picture).hexdigest())
        for seed, row in self._rows().items():
            if row.picture and (path := self.folder / row.picture).is_file():
                same = hashlib.sha256(path.read_bytes()).hexdigest() in pictures.get(seed, ())
                (found.kept if same else found.wrong).add(seed)
        if more := self.service.notes.get("more pictures"):
            files = [path for path in self.folder.rglob("pictures/**/*") if path.is_file()]
            stored = {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
            found.missing = sum(hashlib.sha256(picture).hexdigest() not in stored for picture in more.values())


def play(row: Misbehaviour, folder: Path) -> Found:
    """Play a row of the table."""
    found = Found()
    stage = Stage(folder, row)
    if row.expected.MiB is not None:
        tracemalloc.start()
    try:
        with row.environment():
            for call in row.calls:
                found.calls.append(stage.play(call, row.expected.within))
        if row.expected.MiB is not None:
            found.MiB = tracemalloc.get_traced_memory()[1] / 2**20
        stage.judge(found)
    finally:
        if row.expected.MiB is not None:
            tracemalloc.stop()
        stage.close()
    return found


def differences(expected: Expected, found: Found) -> list[str]:
    """What was found that was not expected."""
    wrong = []
    limit = expected.others_within
    for number, call in enumerate(found.calls, 1):
        if call.raised:
            wrong.append(f"call {number} raised {call.raised}")
        if call.hung:
            wrong.append(f"call {number} did not end within {expected.within:.0f} s")
        if call.planned > expected.planned_within:
            wrong.append(f"the balance was asked for {call.planned:.0f} s in call {number}")
        if call.closing > expected.closed_within:
            wrong.append(f"the workspace was closed after {call.closing:.0f} s in call {number}")
        if number < expected.others_after:
            continue
        others = {seed: status for seed, status in call.statuses.items() if seed != BAD and status != "completed"}
        if others:
            wrong.append(f"other cells after call {number}: {others}")
        late = {seed: round(at) for seed, at in call.completed.items() if seed != BAD and at > (limit or at)}
        if late:
            wrong.append(f"other cells were late in call {number}: {late} s")
    if (at := found.calls[0].completed.get(BAD, expected.not_before)) < expected.not_before:
        wrong.append(f"the bad cell was completed after {at:.0f} s, before it was allowed")
    first, last = found.calls[0], found.calls[-1]
    paid, twice = sum(found.paid.values()), sum(number - 1 for number in found.paid.values())
    if paid - twice != expected.paid:
        wrong.append(f"{paid - twice} cells are paid, not {expected.paid}")
    if twice != expected.paid_twice:
        wrong.append(f"{twice} jobs were paid twice, not {expected.paid_twice}")
    if len(found.kept) < expected.kept:
        wrong.append(f"{len(found.kept)} pictures are kept, not {expected.kept}")
    if found.missing != expected.more_missing:
        wrong.append(f"{found.missing} more pictures of an output are not kept, not {expected.more_missing}")
    if found.wrong:
        wrong.append(f"cells {sorted(found.wrong)} have the picture of another one")
    if last.statuses.get(BAD) not in expected.bad:
        wrong.append(f"the bad cell is {last.statuses.get(BAD)}: {last.errors.get(BAD, '')[:120]!r}")
    if expected.first and first.statuses.get(BAD) not in expected.first:
        wrong.append(
            f"the bad cell was {first.statuses.get(BAD)} after the first call: {first.errors.get(BAD)!r:.120}"
        )
    if expected.stopped is not None and not re.search(expected.stopped, first.stopped, re.IGNORECASE):
        wrong.append(f"the reason to stop was {first.stopped[:200]!r}, not {expected.stopped!r}")
    if expected.error and not re.search(expected.error, first.errors.get(BAD, ""), re.IGNORECASE):
        wrong.append(f"the error was {first.errors.get(BAD, '')[:120]!r}, not {expected.error!r}")
    if expected.MiB is not None and found.MiB > expected.MiB:
        wrong.append(f"{found.MiB:.0f} MiB were used, not {expected.MiB}")
    return wrong
