"""One cheap picture, paid for on purpose, on the whole way: submit, status, result, download, history.

It is a run like any other: the log has its intent before the submit, the cap holds, and its picture stays in the
workspace. An examination that is cut off is continued by the next one, which pays for nothing that was accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .. import loopthread
from ..clock import Clock
from ..console import say
from ..errors import ServiceError, SweepError, TransportError
from ..lifecycle import Disposition, State, disposition
from ..markup import plain, shorten
from ..model import PLACEHOLDER_FINETUNE_ID, SIMULATOR
from ..runlog.journal import ServiceLog
from ..runlog.rows import LoggedRun
from ..running.engine import Engine
from ..running.rate_limiter import RateLimiter
from ..running.waits import held_back
from ..service.addresses import HOSTED
from ..service.api import Api
from ..session import Session
from ..sweep.sweep import Sweep
from ..values import as_text, shown
from .examination import Line, attention, broken, fine
from .examine import Paid

PROMPT = "a small lighthouse on a rock, morning light"
STEPS = 4
"""Few steps: a picture that is not meant to be looked at, for about half a cent."""

NAME = "doctor"
"""What the log calls the sweep."""

HISTORY_SECONDS = 30.0
"""How long the history is asked for the job."""

LOOK_SECONDS = 1.0
"""How often it is looked at what requests wait for."""

_PAUSES = (0.5, 1.0, 2.0, 4.0)
_MOST_PICTURES = 10_000
_DEARER = 2.0
"""How many times the expected price is worth a word."""


def checked_finetune_id(given: object) -> str | None:
    """The id of the fine-tune that a user gave, as text.

    Raises
    ------
    SweepError
        If it is not text.
    """
    try:
        return None if given is None else as_text(given)
    except ValueError as error:
        raise SweepError(f"finetune_id={shown(given)} is not possible: {error}", remedy="Give its id") from None


def pay(ws: Session, spend: float, finetune_id: str | None, clock: Clock) -> Paid:
    """Have one picture made, and check each step.

    Parameters
    ----------
    ws:
        The workspace, which keeps the picture.
    spend:
        The most US dollars.
    finetune_id:
        The fine-tune; None for the newest one of the log, or the placeholder where the service takes that.
    clock:
        Source of the current time.

    Raises
    ------
    SegfluxError
        The sweep cannot be started; nothing was submitted.
    """
    engine = ws._connection.engine()
    if not isinstance(engine, Engine):
        return Paid(attention("paid picture", "none: a bundle is replayed, which has no service"))
    log = ws._journal.of(ws.service)
    used = finetune_id or next(iter(ws._launcher.finetunes()), None)
    if used is None and ws.service == HOSTED.name:
        return Paid(
            attention(
                "paid picture",
                "none was made: no fine-tune is known, and nothing was spent",
                "Give the id of yours: segflux doctor --spend 0.05 --finetune-id ID",
            )
        )
    sweep, digest = _next(log, used or PLACEHOLDER_FINETUNE_ID)
    hidden = {PROMPT: "(prompt)", used or "": "(finetune id)"}
    plan = ws._launcher.plan(sweep)
    expected = plan.hosted_cost if ws.service == SIMULATOR else plan.cost
    if plan.to_submit and expected is not None and expected > spend:
        text = f"none was made: it costs about ${expected:,.4f}, and ${spend:,g} is allowed. Nothing was spent"
        return Paid(attention("paid picture", text, "Allow more: segflux doctor --spend 0.05"))
    observed = engine.api.observed
    assert observed is not None  # noqa: S101 - the engine of a connection has one
    with observed.recording() as answers, _told_waits(engine.limiter, clock):
        runs = ws._launcher.start(sweep, name=NAME, max_cost=spend).wait_or_interrupt()
        run = log.runs.read([digest])[digest]
        listed = loopthread.wait(loopthread.submit(_ask_again(engine.api, run, clock)))
    observed.write()
    hidden |= {run.request_id or "": "(id)"}
    return Paid(_line(run, expected, listed, str(runs.stopped or "")), list(answers), hidden)


@contextmanager
def _told_waits(limiter: RateLimiter, clock: Clock) -> Iterator[None]:
    """Print what requests wait for, each reason once, while the block runs.

    Parameters
    ----------
    limiter:
        Holds requests back.
    clock:
        Source of the current time.
    """
    telling = loopthread.submit(_tell_waits(limiter, clock))
    try:
        yield
    finally:
        telling.cancel()


async def _tell_waits(limiter: RateLimiter, clock: Clock) -> None:
    told = ""
    while True:
        held = held_back(limiter, clock)
        if held and held != told:
            say(f"The paid picture takes longer. {held}")
            told = held
        await clock.sleep(LOOK_SECONDS)


def picture_of(seed: int, finetune_id: str) -> Sweep:
    """The picture with this seed.

    Parameters
    ----------
    seed:
        Its seed, which makes it another picture.
    finetune_id:
        The fine-tune.
    """
    return Sweep(prompt=PROMPT, finetune_id=finetune_id, seed=seed, steps=STEPS, aspect_ratio="1:1")


def _next(log: ServiceLog, finetune_id: str) -> tuple[Sweep, str]:
    """The picture to be made, and its digest: one that was begun and has not ended, else a new one.

    Each has a seed of its own, so none is paid for twice. One that may have been accepted is left to `ws.run`.

    Parameters
    ----------
    log:
        What the log holds of the service.
    finetune_id:
        The fine-tune.
    """
    for seed in range(1, _MOST_PICTURES):
        sweep = picture_of(seed, finetune_id)
        digest = next(iter(sweep)).digest
        found = log.runs.states([digest]).get(digest)
        if found is None or disposition(found.state, found.error_kind) not in (Disposition.DONE, Disposition.HELD):
            return sweep, digest
    raise SweepError(f"The log has {_MOST_PICTURES:,} pictures of the doctor", remedy="Use another workspace")


async def _ask_again(api: Api, run: LoggedRun, clock: Clock) -> float | str:
    """Ask for status, result and history of a job that has ended, so that each answer is seen once in its last form.

    Parameters
    ----------
    api:
        The service.
    run:
        The run.
    clock:
        Source of the current time.

    Returns
    -------
    Seconds from the submit until the history listed the job; a sentence if it did not.
    """
    if not run.request_id:
        return "The history was not asked"
    for question in (
        api.status(run.request_id, run.status_url, lambda: 0.0),
        api.result(run.request_id, run.response_url),
    ):
        with suppress(ServiceError):  # the answer is recorded, which is all that is wanted
            await question
    end, pauses = clock.monotonic() + HISTORY_SECONDS, iter(_PAUSES)
    while True:
        try:
            if await api.record(run.request_id) is not None:
                await api.history(clock.now(), 1)
                return max(0.0, clock.now() - (run.accepted_at or clock.now()))
        except (ServiceError, TransportError) as error:
            return f"Whether the history lists it is not known: {plain(error.what).rstrip('.')}"
        pause = next(pauses, _PAUSES[-1])
        if clock.monotonic() + pause > end:
            return f"The history did not list it within {HISTORY_SECONDS:.0f} s"
        await clock.sleep(pause)


def _line(run: LoggedRun, expected: float | None, listed: float | str, stopped: str) -> Line:
    """The line of the check.

    Parameters
    ----------
    run:
        The run as the log has it now.
    expected:
        What it was expected to cost, in US dollars; None where that is unknown.
    listed:
        Seconds until the history listed it; a sentence if it did not.
    stopped:
        Why the call ended early; empty if it did not.
    """
    why = shorten(run.error or stopped or "the service said no more", 400)
    if run.state is not State.COMPLETED:
        spent = (
            "nothing was billed" if run.state in (State.FAILED, State.REFUSED, State.PLANNED) else "it may be paid"
        )
        return broken(
            "paid picture",
            f"{run.state.status}: {why} ({spent})",
            "The log keeps it: the next examination, or ws.run(ws.runs('doctor')), goes on with it",
        )
    paid = f"${run.cost_usd:,.4f}" if run.cost_usd is not None else "at a price that the service does not say"
    seconds = f", {run.render_seconds:.1f} s of work" if run.render_seconds is not None else ""
    text = f"{run.width} × {run.height} pixels for {paid}{seconds}; it is in the log as run {run.digest[:12]}"
    if run.cost_usd is not None and expected and run.cost_usd > _DEARER * expected:
        return attention(
            "paid picture", f"{text}. Expected was ${expected:,.4f}", "Plan with that: prices have changed"
        )
    if isinstance(listed, str):
        return attention(
            "paid picture",
            f"{text}. {listed}",
            "A submit whose answer is lost can be looked up only once the history lists it",
        )
    return fine("paid picture", f"{text}. The history listed it {listed:.0f} s after its submit")
