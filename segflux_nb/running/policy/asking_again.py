"""Jobs that are paid for and not served yet: when each is asked for again, and when a call stops asking. Pure.

A worker does not wait beside such a job: it postpones it and takes the next run, so a picture that is not there yet
holds up no other cell. All times are seconds of a monotonic clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ...backoff import RandomSource
from ...lifecycle import ANSWERABLE_SECONDS, Broken, ErrorKind, Gone, NoPicture, Unclear, Waiting
from ...markup import count

KEEP_ASKING_SECONDS = 600.0
"""How long one call keeps asking after its last other cell has ended."""

SHORTEST, LONGEST = 0.5, 60.0
"""Seconds between two questions: the least and the most."""

SHARE = 0.25
"""The next question comes after this share of the time since the first one that was in vain."""

NOTEWORTHY = 3.0
"""Seconds after which people are told that something is asked for again."""

MOST_RETRY_AFTER = 300.0
"""Seconds of a Retry-After that are believed: the service may answer earlier than it says."""


FAILED_TRIES, FAILED_TRIES_PENDING = 2, 5
"""How often a job that is said to have failed is asked for again: where the history has no row of it, and where the
history says that it is pending."""

FAILED_AFTER, FAILED_SECONDS = 1.5, 30.0
"""Until when its failure is not believed without the history, for it may still go on.

A multiple of the time that jobs take, and at most these seconds after it was accepted.
"""


@dataclass
class _Job:
    """A job that was asked for in vain.

    Attributes
    ----------
    since:
        When it was first asked for in vain.
    failures:
        How often it was asked for in vain.
    failed_in_history:
        How often in a row the history said that it failed.
    due:
        When it is asked for again; None while it is asked for, or when it was left for the next run.
    pictures:
        How many of its pictures are not served, where the service said that it is completed; else 0.
    is_here:
        Whether its pictures wait on this machine to be uploaded.
    """

    since: float
    failures: int = 0
    failed_in_history: int = 0
    due: float | None = None
    pictures: int = 0
    is_here: bool = False


class AskedFor(NamedTuple):
    """What a call asks for again.

    Attributes
    ----------
    left:
        For each run, how many of its pictures are not served; 0 where the service does not say what became of it.
    until:
        When it stops asking, in seconds on the monotonic clock; None while other cells are worked on.
    here:
        How many runs have pictures that wait on this machine to be uploaded. They are not among the others.
    """

    left: list[int]
    until: float | None
    here: int = 0


class AskingAgain:
    """The jobs of one call of the engine that are asked for again.

    Parameters
    ----------
    now:
        The time at which the call begins.
    jitter:
        Source of random numbers for pauses, replaced in tests.
    """

    def __init__(self, now: float, jitter: RandomSource) -> None:
        self._jobs: dict[str, _Job] = {}
        self._others: set[str] = set()
        self._last_end = now
        self._jitter = jitter
        self.left: dict[str, int] = {}
        """Jobs that are left for the next run, by digest: how many pictures are not served, or 0 where the service
        does not say what became of the job."""
        self.here: set[str] = set()
        """Those among them whose pictures wait on this machine to be uploaded."""

    def begin(self, digest: str) -> None:
        """A worker takes a run."""
        if digest not in self._jobs:
            self._others.add(digest)

    def end(self, digest: str, now: float) -> None:
        """A worker has left a run.

        Parameters
        ----------
        digest:
            The digest of the run.
        now:
            The time.
        """
        self._others.discard(digest)
        job = self._jobs.get(digest)
        if job is None or job.due is None:
            self._last_end = now
        if job is not None and job.due is None:
            del self._jobs[digest]

    def failures(self, digest: str) -> int:
        """How often a run was asked for in vain in this call."""
        job = self._jobs.get(digest)
        return job.failures if job is not None else 0

    def history_says_failed(self, digest: str, now: float, *, failed: bool) -> int:
        """How often in a row the history said that a job failed.

        Parameters
        ----------
        digest:
            The digest of its run.
        now:
            The time.
        failed:
            Whether it says so now.
        """
        job = self._jobs.setdefault(digest, _Job(now))
        job.failed_in_history = job.failed_in_history + 1 if failed else 0
        return job.failed_in_history

    def postpone(
        self,
        digest: str,
        now: float,
        *,
        pictures: int = 0,
        retry_after: float | None = None,
        is_here: bool = False,
    ) -> None:
        """Ask for a run again later: soon at first, then after longer and longer pauses.

        Parameters
        ----------
        digest:
            The digest of the run.
        now:
            The time.
        pictures:
            How many of its pictures are not served, where the service said that the job is completed; else 0.
        retry_after:
            Seconds to wait, where the service names them.
        is_here:
            Whether its pictures wait on this machine to be uploaded.
        """
        job = self._jobs.setdefault(digest, _Job(now))
        job.failures += 1
        job.pictures, job.is_here = pictures, is_here
        pause = min(LONGEST, max(2 * SHORTEST, SHARE * (now - job.since))) * (1.0 + self._jitter()) / 2
        if retry_after is not None:
            pause = max(pause, min(retry_after, MOST_RETRY_AFTER))
        job.due = now + pause

    def waiting(self, now: float) -> AskedFor:
        """The jobs that this call has asked for in vain for some seconds. Any thread may ask.

        Parameters
        ----------
        now:
            The time.
        """
        jobs = [job for job in list(self._jobs.values()) if job.failures and now - job.since > NOTEWORTHY]
        until = None if self._others else self._last_end + KEEP_ASKING_SECONDS
        left = [job.pictures for job in jobs if not job.is_here]
        return AskedFor(left, until, len(jobs) - len(left))

    @property
    def is_open(self) -> bool:
        """Whether a run is asked for again, now or later."""
        return bool(self._jobs)

    def next_look(self) -> float | None:
        """When there may be something to do, if nothing else happens until then; None if nothing waits for a time."""
        due = [job.due for job in self._jobs.values() if job.due is not None]
        return min([*due, self._last_end + KEEP_ASKING_SECONDS]) if due else None

    def take_due(self, now: float) -> list[str]:
        """The runs that are to be asked for now; they wait no more."""
        due = [digest for digest, job in self._jobs.items() if job.due is not None and job.due <= now]
        for digest in due:
            self._jobs[digest].due = None
        return due

    def is_over(self, now: float, queued: Collection[str]) -> bool:
        """Whether this call has asked for long enough.

        Parameters
        ----------
        now:
            The time.
        queued:
            Digests of the runs that no worker has taken yet.
        """
        return self._is_alone(queued) and now - self._last_end >= KEEP_ASKING_SECONDS

    def _is_alone(self, queued: Collection[str]) -> bool:
        """Whether nothing but the jobs that are asked for again is left to do."""
        return not self._others and all(digest in self._jobs for digest in queued)

    def pass_on(self, queued: Collection[str]) -> None:
        """Pass the jobs on to the next round of this call, if they alone keep this one from its end.

        Parameters
        ----------
        queued:
            Digests of the runs that no worker has taken yet.
        """
        if self._is_alone(queued):
            self._jobs = {digest: job for digest, job in self._jobs.items() if job.due is None}

    def leave(self, digest: str, *, pictures: int, is_here: bool = False) -> None:
        """Leave a run for the next run of the sweep.

        Parameters
        ----------
        digest:
            The digest of the run, which a worker has.
        pictures:
            How many of its pictures are not served.
        is_here:
            Whether they wait on this machine to be uploaded.
        """
        self.left[digest] = pictures
        if is_here:
            self.here.add(digest)

    def leave_all(self) -> None:
        """Leave all runs that wait for the next run of the sweep."""
        for digest, job in list(self._jobs.items()):
            if job.due is not None:
                self.left[digest] = job.pictures
                if job.is_here:
                    self.here.add(digest)
                del self._jobs[digest]


def asked_until(submitted: Iterable[float], now: float) -> float | None:
    """Until when the next calls ask again for what is left, in seconds since 1970 UTC; None if that has passed.

    Parameters
    ----------
    submitted:
        When each of the runs was submitted, in seconds since 1970 UTC.
    now:
        The time, in seconds since 1970 UTC.
    """
    end = min(submitted, default=now) + ANSWERABLE_SECONDS
    return end if end > now else None


def not_served(left: Collection[int], until: str) -> str:
    """Why a call ended though something is paid for and not served, and until when the next ones ask again.

    Parameters
    ----------
    left:
        For each run that is left, how many of its pictures are not served; 0 where the service does not say what
        became of its job.
    until:
        The day until which it is asked for, such as ``23 Jan``; empty if that has passed.

    Example
    -------
    >>> not_served([1, 1], "23 Jan")
    '2 pictures are paid and not served yet; ws.run(sweep) asks again until 23 Jan'
    """
    return f"{missing_in_words(left)}; ws.run(sweep) asks again{f' until {until}' if until else ''}"


def not_uploaded(number: int) -> str:
    """What a call says of pictures that wait on this machine to be uploaded.

    Parameters
    ----------
    number:
        How many runs have such pictures.

    Example
    -------
    >>> not_uploaded(1)
    'The pictures of 1 run wait in the folder of this machine: they cannot be uploaded'
    """
    return f"The pictures of {count(number, 'run')} wait in the folder of this machine: they cannot be uploaded"


def missing_in_words(left: Collection[int]) -> str:
    """What is paid for and not there.

    Parameters
    ----------
    left:
        For each run, how many of its pictures are not served; 0 where the service does not say what became of it.

    Example
    -------
    >>> missing_in_words([0, 3])
    '3 pictures are paid and not served yet, and 1 job is accepted, and the service does not say what became of it'
    """
    pictures = sum(left)
    jobs = sum(not number for number in left)
    parts = [
        f"{count(number, noun)} {'is' if number == 1 else 'are'} {what}"
        for number, noun, what in (
            (pictures, "picture", "paid and not served yet"),
            (jobs, "job", "accepted, and the service does not say what became of it"),
        )
        if number
    ]
    return ", and ".join(parts)


def is_failure_believed(failures: int, age: float, usual: float | None, *, in_history: bool) -> bool:
    """Whether a failure is believed that the history does not confirm.

    Parameters
    ----------
    failures:
        How often the job was asked for again.
    age:
        Seconds since it was accepted.
    usual:
        Seconds that such jobs take; None where it is unknown.
    in_history:
        Whether the history has a row of it, which says that it is pending.

    Example
    -------
    >>> is_failure_believed(5, 8.0, 22.0, in_history=True), is_failure_believed(5, 33.0, 22.0, in_history=True)
    (False, True)
    """
    may_go_on = age < (FAILED_SECONDS if usual is None else min(FAILED_SECONDS, FAILED_AFTER * usual))
    return not may_go_on and failures >= (FAILED_TRIES_PENDING if in_history else FAILED_TRIES)


def doubt(outcome: NoPicture | Waiting | Broken | Gone | Unclear) -> tuple[str, ErrorKind]:
    """What the log says of a job that is asked for again, and the kind of it."""
    match outcome:
        case NoPicture(reason=reason):
            return reason, "no_picture"
        case Waiting(word=word) if word:
            return f"the service says that its status is {word}", "server"
        case Waiting():
            return "it is not done after an hour", "server"
        case Gone(reason=reason):
            return reason, "expired"
        case Broken(reason=reason):
            return f"the service said once that it failed: {reason}", "server"
        case Unclear(reason=reason):
            return reason, "transport"
