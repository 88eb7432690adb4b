"""The engine: brings requests from planned to a picture on disk, a bounded number at a time.

One coroutine a run walks the lifecycle: intent in the journal, submit, request id in the journal, polls, the
picture's address in the journal, the picture on disk, completed. Whatever kills the process, the journal says where
to go on. Nothing below this module repeats a submit, and this one only where nothing was accepted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..clock import Clock
from ..errors import (
    AuthenticationError,
    PermissionDenied,
    PictureError,
    RateLimited,
    SegfluxError,
    ServerError,
    ServiceError,
    TransportError,
)
from ..lifecycle import (
    Accepted,
    Broken,
    Disposition,
    Finished,
    Gone,
    NoPicture,
    NotSent,
    PollOutcome,
    Refused,
    Rendered,
    ResultOutcome,
    State,
    SubmitOutcome,
    Unclear,
    Unknown,
    Waiting,
    advance,
    disposition,
)
from ..model import MODEL
from ..pictures.store import PictureStore
from ..runlog.journal import Journal, LoggedRun
from ..service.api import Api
from ..sweep.plan import Rates
from ..sweep.request import Request, canonical_json
from .budget import Budget
from .owner import is_being_submitted, submitting, this_process
from .polling import ServiceTimes
from .recovery import Recovery
from .threads import DaemonExecutor
from .writer import Writer

SUBMITS_AT_A_TIME = 4
"""Submits on the wire at a time: the bound on what a crash can leave unknown."""

REACH_TRIES = 5
"""How often one run's submit finds the service out of reach before the sweep stops."""

SERVER_TRIES = 3
"""How often one run's submit is answered by a failure of the service's own before the run is given up for now."""

PICTURE_TRIES = 5
GONE_TRIES = 3
"""How often a picture, or a record, must be missing before it is believed."""

FOREIGN_SECONDS = 0.5
"""Between looks at the log while another process submits a run."""

RECOVERY_ROUNDS = 3
"""How often one call looks up submits whose answers were lost on its way."""


@dataclass
class Stop:
    """Asks a running sweep to submit nothing more, and says why."""

    reason: str = ""

    def __bool__(self) -> bool:
        return bool(self.reason)

    def set(self, reason: str) -> None:
        """Ask; the first reason stands."""
        self.reason = self.reason or reason


class Engine:
    """Runs requests against one service, for one workspace.

    Parameters
    ----------
    journal, api, store, clock:
        Where it writes, asks, keeps and waits.
    max_in_flight:
        Jobs at the service at a time.
    rates:
        What an evaluation costs and takes, for the budget and the first polls.
    """

    def __init__(
        self, journal: Journal, api: Api, store: PictureStore, clock: Clock, *, max_in_flight: int, rates: Rates
    ) -> None:
        self._writer = Writer(journal, api.service.name)
        self._recovery = Recovery(self._writer, api, clock)
        self._api = api
        self._store = store
        self._clock = clock
        self._max_in_flight = max_in_flight
        self._rates = rates
        self._times = ServiceTimes(rates.seconds)
        for parameters, seconds, _ in reversed(journal.measured(api.service.name)):
            self._times.add(MODEL.evaluations(parameters), seconds)
        self._decoders = DaemonExecutor(2, "segflux-decode")
        self._slots = asyncio.Semaphore(max_in_flight)
        self._submits = asyncio.Semaphore(SUBMITS_AT_A_TIME)
        self._background: set[asyncio.Task[Any]] = set()
        self._gate = 0.0

    async def run(
        self,
        requests: Sequence[Request],
        *,
        stop: Stop,
        budget: Budget,
        on_change: Callable[[str, State], None],
        resubmit_unknown: bool = False,
        retry_held: bool = False,
    ) -> None:
        """Bring each request as far as it goes; `stop` tells afterwards whether and why it ended early.

        Cancelling ends it at once; a submit on the wire is finished in the background.

        Parameters
        ----------
        requests:
            What to run; equal ones run once.
        stop, budget:
            What ends it early.
        on_change:
            Told each run's digest and state as it changes.
        resubmit_unknown:
            Submit again what the history does not show, at the risk of paying twice.
        retry_held:
            Submit again what was moderated or invalid.

        Raises
        ------
        SegfluxError
            Where the disk, not a cell, is the trouble.
        """
        unique = {request.digest: request for request in requests}
        await self._writer.plan(unique.values())
        walk = _Walk(stop, budget, on_change, retry_held)
        for _ in range(RECOVERY_ROUNDS):
            rows = self._writer.runs(unique)
            if {State.UNKNOWN, State.SUBMITTING} & {row.state for row in rows}:
                rows = await self._recovery.settle(rows, on_change, resubmit_unknown=resubmit_unknown)
            await self._carry_all([row for row in rows if self._is_to_do(row, walk)], walk)
            if stop or not walk.lost_answers:
                return
            walk.lost_answers = 0

    async def _carry_all(self, rows: list[LoggedRun], walk: _Walk) -> None:
        # What is in flight goes first: it is paid for and may expire.
        rows.sort(key=lambda row: disposition(row.state) is not Disposition.GOES_ON)
        waiting = deque(rows)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._max_in_flight, len(waiting))):
                    group.create_task(self._work(waiting, walk))
        except BaseExceptionGroup as trouble:
            first = trouble.exceptions[0]
        else:
            return
        raise first

    def _is_to_do(self, run: LoggedRun, walk: _Walk) -> bool:
        if run.digest in walk.finished:
            return False
        if walk.retry_held and run.state in (State.FAILED, State.REFUSED):
            return True
        return disposition(run.state, run.error_kind) in (Disposition.SUBMIT, Disposition.GOES_ON)

    async def close(self) -> None:
        """Let submits on the wire end, and stop the threads."""
        if self._background:
            await asyncio.wait(self._background)
        self._writer.close()
        self._decoders.shutdown(wait=False)

    # ------------------------------------------------------------------ one run after the other

    async def _work(self, waiting: deque[LoggedRun], walk: _Walk) -> None:
        while waiting:
            async with self._slots:  # shared with other sweeps of this workspace
                if waiting:
                    await self._carry(waiting.popleft(), walk)

    async def _carry(self, run: LoggedRun | None, walk: _Walk) -> None:
        """Bring one run as far as it goes in this call."""
        tries = 0
        while run is not None:
            walk.on_change(run.digest, run.state)
            match run.state:
                case State.PLANNED | State.FAILED | State.REFUSED if walk.stop:
                    return
                case State.FAILED | State.REFUSED if tries:
                    walk.finished.add(run.digest)
                    return
                case State.FAILED | State.REFUSED:
                    run = await self._writer.settle(run, State.PLANNED, error="", error_kind="")
                case State.PLANNED:
                    tries += 1
                    run = await self._submit(run, walk, tries)
                case State.SUBMITTING:
                    run = await self._follow_another(run)
                case State.SUBMITTED | State.PROCESSING:
                    tries += 1
                    run = await self._poll(run, walk)
                case State.DOWNLOADING:
                    run = await self._collect(run)
                case State.COMPLETED | State.UNKNOWN | State.LOST:
                    walk.lost_answers += run.state is State.UNKNOWN
                    return

    async def _submit(self, run: LoggedRun, walk: _Walk, tries: int) -> LoggedRun | None:
        cost = self._estimate(run)
        await self._submits.acquire()
        try:
            await self._pass_gate()
            refusal = None if walk.stop else walk.budget.reserve(cost)
            if refusal is not None:
                walk.stop.set(f"{refusal}; ws.run(sweep, max_cost=...) goes on with a higher cap")
            if walk.stop:
                self._submits.release()
                return None
        except BaseException:
            self._submits.release()
            raise
        # A task of its own, shielded: whoever interrupts the sweep does not tear a submit in two.
        task = asyncio.create_task(self._submit_once(run, last=tries >= SERVER_TRIES))
        task.add_done_callback(self._submitted)
        self._background.add(task)
        following, outcome = await asyncio.shield(task)
        if not isinstance(outcome, Accepted | Unknown):
            walk.budget.release(cost)
        match outcome:
            case Refused(error=error, stops=True):
                walk.stop.set(self._says(error))
            case NotSent(reason=reason, error=None) if tries >= REACH_TRIES:
                walk.stop.set(f"{self._api.redact(reason).rstrip('.')}. Nothing was billed")
            case NotSent(error=None):
                self._close_gate(0.5 * 2.0**tries)
            case NotSent(error=RateLimited(retry_after=pause)):
                self._close_gate((pause if pause is not None else min(60.0, 0.5 * 2.0**tries)) + 0.05)
            case NotSent():
                await self._clock.sleep(0.5 * 2.0**tries)
        return following

    def _submitted(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        self._submits.release()

    async def _submit_once(self, run: LoggedRun, *, last: bool) -> tuple[LoggedRun | None, SubmitOutcome | None]:
        """Intent, submit, outcome: what must not be torn apart. Without an outcome another process was faster."""
        with submitting(self._writer.place(run)):
            intent = await self._writer.move(
                run, State.SUBMITTING, owner=this_process(), attempts=run.attempts + 1, submitted_at=self._clock.now()
            )
            if intent is None:
                return self._writer.reread(run), None
            outcome = await self._api.submit(canonical_json(run.parameters).encode())
            if last and isinstance(outcome, NotSent) and isinstance(outcome.error, ServerError):
                outcome = Refused(outcome.error)
            changes: dict[str, Any] = {"owner": None}
            match outcome:
                case Accepted(request_id=request_id, status_url=status_url, response_url=response_url):
                    relative = self._api.service.relative
                    changes |= {"request_id": request_id, "accepted_at": self._clock.now(), "error": ""}
                    changes |= {"status_url": relative(status_url), "response_url": relative(response_url)}
                case Unknown(reason=reason) | NotSent(reason=reason):
                    changes["error"] = self._api.redact(reason)
                case Refused(error=error):
                    kind = "server" if isinstance(error, ServerError) else "invalid"
                    changes |= {"error": self._says(error), "error_kind": "" if outcome.stops else kind}
            return await self._writer.move(intent, advance(intent.state, outcome), **changes), outcome

    async def _follow_another(self, run: LoggedRun) -> LoggedRun | None:
        """Another process, or an interrupted sweep of this one, is submitting this run: wait for what comes of it."""
        while run.state is State.SUBMITTING and is_being_submitted(self._writer.place(run), run.owner):
            await self._clock.sleep(FOREIGN_SECONDS)
            run = self._writer.reread(run)
        return await self._recovery.abandon(run) if run.state is State.SUBMITTING else run

    # ------------------------------------------------------------------ poll and collect

    async def _poll(self, run: LoggedRun, walk: _Walk) -> LoggedRun | None:
        evaluations = MODEL.evaluations(run.parameters)
        accepted = run.accepted_at or self._clock.now()
        polls, gone, unclear, backoff = run.polls or 0, 0, 0, 0.0
        while True:
            elapsed = max(0.0, self._clock.now() - accepted)
            await self._clock.sleep(max(self._times.wait(evaluations, elapsed), backoff))
            polls += 1
            try:
                outcome: PollOutcome | ResultOutcome = await self._api.status(run.request_id or "", run.status_url)
                if isinstance(outcome, Finished):
                    outcome = await self._api.result(run.request_id or "", run.response_url)
            except (AuthenticationError, PermissionDenied) as error:
                walk.stop.set(self._says(error))
                return None
            unclear, backoff = (unclear + 1 if isinstance(outcome, Unclear) else 0), 0.0
            match outcome:
                case Gone(reason=reason):
                    gone += 1
                    backoff = 0.5 * 2.0**gone
                    if gone >= GONE_TRIES:
                        return await self._look_up(run, reason, polls)
                case Unclear(retry_after=pause):
                    backoff = max(pause or 0.0, min(30.0, 0.25 * 2.0**unclear))
                case Waiting(processing=True) if run.state is State.SUBMITTED:
                    run = await self._writer.settle(run, State.PROCESSING)
                    if run.state is not State.PROCESSING:
                        return run
                    walk.on_change(run.digest, run.state)
                case Rendered() | NoPicture() | Broken():
                    return await self._settle(run, outcome, polls)

    async def _settle(self, run: LoggedRun, outcome: Rendered | NoPicture | Broken, polls: int) -> LoggedRun | None:
        """Enter what the service says a job came to."""
        now = self._clock.now()
        changes: dict[str, Any] = {"polls": polls, "detected_at": now}
        match outcome:
            case Broken(reason=reason, kind=kind):
                changes |= {"error": self._api.redact(reason), "error_kind": kind}
            case Rendered(metrics=metrics) | NoPicture(metrics=metrics):
                changes |= {"cost_usd": _number(metrics.get("cost"))}
                changes |= {"queue_seconds": _number(metrics.get("queue_time")) or 0.0}
                changes |= {"render_seconds": _number(metrics.get("inference_time"))}
                if changes["render_seconds"] is not None:
                    seconds = changes["queue_seconds"] + changes["render_seconds"]
                    self._times.add(MODEL.evaluations(run.parameters), seconds)
        match outcome:
            case Rendered(picture_url=url):
                changes["picture_url"] = self._api.service.relative(url)
            case NoPicture(reason=reason):
                changes |= {"error": reason, "error_kind": "no_picture"}
        return await self._writer.settle(run, advance(run.state, outcome), **changes)

    async def _look_up(self, run: LoggedRun, reason: str, polls: int) -> LoggedRun | None:
        """The record is gone (it lives one hour): the history knows requests of any age."""
        try:
            row = await self._api.record(run.request_id or "")
        except (ServiceError, TransportError):
            return None  # the next run asks again
        if row is not None and row.picture_url:
            return await self._settle(run, Rendered(row.picture_url, {"cost": row.cost}), polls)
        if row is not None and row.error:
            return await self._settle(run, Broken(row.error, "server"), polls)
        if row is not None and row.status == "PENDING":
            return None
        return await self._writer.settle(
            run, State.LOST, polls=polls, error=self._api.redact(reason), error_kind="expired"
        )

    async def _collect(self, run: LoggedRun) -> LoggedRun | None:
        """Fetch the picture and keep it. What was paid for is given up last."""
        loop = asyncio.get_running_loop()
        reason, kind, data = "", "no_picture", b""
        for attempt in range(PICTURE_TRIES):
            if attempt:
                await self._clock.sleep(0.25 * 2.0**attempt)
            try:
                data = await self._api.picture(run.picture_url or "")
                stored = await loop.run_in_executor(self._decoders, self._store.put, data)
            except TransportError as error:
                reason, kind = error.what, "transport"
            except ServiceError as error:
                reason, kind = str(error), "transport" if error.status >= 500 or error.status == 429 else "no_picture"
            except PictureError as error:
                reason, kind = error.what, "bad_picture"
            else:
                return await self._writer.settle(
                    run,
                    State.COMPLETED,
                    picture=stored.path,
                    sha256=stored.sha256,
                    width=stored.shape.width,
                    height=stored.shape.height,
                    bytes=len(data),
                    completed_at=self._clock.now(),
                    error="",
                    error_kind="",
                )
        reason = self._api.redact(reason)
        if kind == "transport":  # it is still there: the next run fetches it
            await self._writer.move(run, State.DOWNLOADING, error=reason, error_kind=kind)
            return None
        if kind == "bad_picture" and data:
            await loop.run_in_executor(self._decoders, self._store.set_aside, data, run.digest[:12])
        return await self._writer.settle(run, State.LOST, error=reason, error_kind=kind)

    # ------------------------------------------------------------------ tools

    def _says(self, error: SegfluxError) -> str:
        return self._api.redact(str(error)).rstrip(".")

    def _estimate(self, run: LoggedRun) -> float | None:
        evaluations = MODEL.evaluations(run.parameters)
        return None if evaluations is None or self._rates.cost is None else evaluations * self._rates.cost

    async def _pass_gate(self) -> None:
        while (pause := self._gate - self._clock.monotonic()) > 0:
            await self._clock.sleep(pause)

    def _close_gate(self, seconds: float) -> None:
        """Nobody submits for a while: what one submit was told holds for all."""
        self._gate = max(self._gate, self._clock.monotonic() + seconds)


@dataclass
class _Walk:
    """What one call of `Engine.run` shares among its runs."""

    stop: Stop
    budget: Budget
    on_change: Callable[[str, State], None]
    retry_held: bool
    finished: set[str] = field(default_factory=set)
    """Runs that failed in this call: the next one tries them again."""
    lost_answers: int = 0
    """Submits of this call whose outcome is unknown."""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
