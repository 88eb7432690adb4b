"""What a call of the engine waits for, and until when, in words for people.

It looks at what holds the call up when it is asked: nothing has to be reported, and nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..clock import Clock, day, minute, second
from ..markup import plain
from ..runlog.rows import LoggedRun
from .context import RunContext
from .log_trouble import LogTrouble
from .policy.asking_again import KEEP_ASKING_SECONDS, asked_until, missing_in_words, not_served, not_uploaded
from .rate_limiter import RateLimiter
from .recovery import LONGEST

HALF_A_DAY = 43_200.0
"""A moment that is farther away, in seconds, is named with its day."""

_TEN_MINUTES = f"{KEEP_ASKING_SECONDS / 60:.0f} minutes"


def held_back(limiter: RateLimiter, clock: Clock) -> str:
    """What requests wait for, and until when; empty while nothing waits for long. Any thread may ask.

    Parameters
    ----------
    limiter:
        Holds requests back.
    clock:
        Source of the current time.
    """
    held = limiter.held_back()
    return f"{held.what} until {_time_of(held.until, clock)}" if held else ""


def _time_of(moment: float, clock: Clock) -> str:
    """The time of day of a moment of the monotonic clock; with its day if that is far away."""
    seconds = moment - clock.monotonic()
    return (second if seconds < HALF_A_DAY else minute)(clock.now() + seconds)


class Waits:
    """Tells what a call of the engine waits for. Any thread may ask.

    The launcher makes it and hands it to `Engine.run`, which binds it to the call.
    """

    def __init__(self) -> None:
        self._sentences: Callable[[], list[str]] = list

    def bind(self, context: RunContext, limiter: RateLimiter, trouble: LogTrouble, clock: Clock) -> None:
        """Tell of this call from now on.

        Parameters
        ----------
        context:
            The call.
        limiter:
            Holds requests back.
        trouble:
            What keeps the log.
        clock:
            Source of the current time.
        """

        def at(moment: float) -> str:
            return _time_of(moment, clock)

        def sentences() -> list[str]:
            now = clock.monotonic()
            found = [f"Submits ended: {plain(context.stop.reason)}"] if context.stop else []
            if kept := trouble.waiting(now):
                found.append(f"{plain(kept[0])}; tried again until {at(kept[1])}")
            if held := held_back(limiter, clock):
                found.append(held)
            asking = context.asking.waiting(now)
            if asking.left or asking.here:
                until = f"until {at(asking.until)}" if asking.until else f"for {_TEN_MINUTES} after the other cells"
                if asking.left:
                    found.append(f"{missing_in_words(asking.left)}: asked for again {until}")
                if asking.here:
                    found.append(f"{not_uploaded(asking.here)}; tried again {until}")
            if context.recovering:
                found.append(f"Submits of unknown outcome are looked up, for at most {LONGEST / 60:.0f} minutes")
            return found

        self._sentences = sentences

    def in_words(self) -> str:
        """What it waits for; empty while it waits for nothing but its jobs."""
        return ". ".join(self._sentences())


def tell_left(context: RunContext, runs: Iterable[LoggedRun], clock: Clock) -> None:
    """Say at the end of a call what it has left: what is not served yet, and what could not be uploaded.

    Parameters
    ----------
    context:
        The call.
    runs:
        The runs that it has left.
    clock:
        Source of the current time.
    """
    left, here = context.asking.left, context.asking.here
    if served_later := {digest: pictures for digest, pictures in left.items() if digest not in here}:
        now = clock.now()
        submitted = [run.submitted_at or now for run in runs if run.digest in served_later]
        until = asked_until(submitted, now)
        context.stop.add(not_served(served_later.values(), day(until) if until else ""))
    if here:
        context.stop.add(f"{not_uploaded(len(here))}; ws.run(sweep) uploads them, and pays nothing for it")
