"""Policies side by side, simulated: when to poll, and how to meet limits that are not published. Deterministic."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from segflux_nb.running.policy.polling import POLLS_PER_MEAN, PollSchedule, ServiceTimes
from segflux_nb.running.policy.rate_control import ConcurrencyLimit, RateController
from segflux_nb.running.policy.service_times import ServiceTimeDistribution
from tests.support.lower_bound import best_polls

MEAN = 22.0
EULER = {"sampler_name": "euler", "steps": 25}


def lognormal(rng: np.random.Generator, mean: float, spread: float, number: int) -> np.ndarray:
    sigma = math.sqrt(math.log(1 + spread**2))
    return mean * np.exp(sigma * rng.standard_normal(number) - sigma**2 / 2)


def two_modes(rng: np.random.Generator, number: int) -> np.ndarray:
    slow = rng.random(number) < 0.15
    return np.where(slow, lognormal(rng, 35, 0.08, number), lognormal(rng, 20, 0.08, number))


def jumping(rng: np.random.Generator, number: int) -> np.ndarray:
    third = number // 3
    means = (22.0, 32.0, 15.0)
    return np.concatenate([lognormal(rng, mean, 0.15, third) for mean in means])


IN_FLIGHT = 50
LEARNT = 30
"""Runs after which the distribution should be known."""


def ours(times: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Polls and lag of each job under our policy, which learns as jobs end, with `IN_FLIGHT` of them at a time."""
    learned = ServiceTimes(MEAN / 25)
    for seconds in known:
        learned.learn(EULER, 0.0, float(seconds))
    waiting = deque(enumerate(times))
    events: list[tuple[float, int, PollSchedule, float, float]] = []
    polls, lag = np.zeros(len(times)), np.zeros(len(times))

    def begin(now: float) -> None:
        number, seconds = waiting.popleft()
        schedule = PollSchedule(learned, EULER, 0.0, early_probe=(number + 1) % 20 == 0)
        heapq.heappush(events, (now + schedule.next_poll(), number, schedule, now, float(seconds)))

    for _ in range(min(IN_FLIGHT, len(waiting))):
        begin(0.0)
    while events:
        now, number, schedule, accepted, seconds = heapq.heappop(events)
        polls[number] += 1
        if now - accepted < seconds:
            schedule.not_done(now - accepted, processing=True)
            heapq.heappush(events, (accepted + schedule.next_poll(), number, schedule, accepted, seconds))
            continue
        lag[number] = now - accepted - seconds
        if learned.learn(EULER, 0.0, seconds, accepted):
            events = [
                (max(now, began + one.next_poll()), *rest, began, took)
                for _, *rest, began, took in events
                for one in [rest[-1]]
            ]
            heapq.heapify(events)
        if waiting:
            begin(now)
    return polls, lag


def fixed(times: np.ndarray, interval: float) -> tuple[float, float]:
    """Polls and lag of a poll at a fixed interval, as the official SDK polls."""
    polls = np.ceil(times / interval)
    return float(polls.mean()), float((polls * interval - times).mean())


DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "variation 0.15": lambda rng, number: lognormal(rng, MEAN, 0.15, number),
    "variation 0.30": lambda rng, number: lognormal(rng, MEAN, 0.30, number),
    "two modes, 20 and 35 s": two_modes,
    "jumps 22 -> 32 -> 15 s": jumping,
}


Pair = tuple[float, float]
Runs = list[tuple[np.ndarray, np.ndarray]]


def polling_rows() -> list[tuple[str, Pair, Pair, Pair, float]]:
    """For each distribution: polls and lag of ours, of a fixed second, and of the optimum; our relative cost.

    The optimum knows the distribution; ours has learned it after 30 runs. Where it jumps, a second row has only what
    was submitted once 30 runs had ended since the jump; the first has all, beside an optimum that knows the jumps.
    """
    rows = []
    for name, draw in DISTRIBUTIONS.items():
        rng = np.random.default_rng(1)
        jumps = draw is jumping
        runs = [ours(draw(rng, 600), np.array([]) if jumps else draw(rng, LEARNT)) for _ in range(20)]
        times = draw(rng, 3000)
        parts = np.split(times, 3) if jumps else [times]
        rows.append((name, *_beside(runs, np.arange(600), parts)))
        if jumps:
            calm = np.flatnonzero(np.arange(600) % 200 >= IN_FLIGHT + LEARNT)
            rows.append(("  30 runs after each jump", *_beside(runs, calm, parts)))
    return rows


def _beside(runs: Runs, counted: np.ndarray, parts: list[np.ndarray]) -> tuple[Pair, Pair, Pair, float]:
    """Those of our jobs that count, beside a fixed second and the optimum: one distribution after the other."""
    optima, costs = [], []
    for chosen, part in zip(np.array_split(counted, len(parts)), parts, strict=True):
        polls_per_second = POLLS_PER_MEAN / float(part.mean())
        optima.append(best_polls(ServiceTimeDistribution(part, 1.0, prior_share=0.0), polls_per_second))
        polls, lag = _mean([(polls[chosen], lag[chosen]) for polls, lag in runs])
        costs.append((polls + polls_per_second * lag) / (optima[-1][0] + polls_per_second * optima[-1][1]))
    shown = _mean([(polls[counted], lag[counted]) for polls, lag in runs])
    return shown, fixed(np.concatenate(parts), 1.0), _mean(optima), float(np.mean(costs))


def _mean(pairs: Sequence[tuple[np.ndarray | float, np.ndarray | float]]) -> Pair:
    polls, lag = zip(*pairs, strict=True)
    return float(np.mean(polls)), float(np.mean(lag))


# ---------------------------------------------------------------------- limits that the service does not publish

ANSWER = 0.15
"""Seconds until a submit is answered."""

SEEN = 0.3
"""Seconds until a completed job is seen to be done, the same for all."""


class Server:
    """Accepts or refuses submits: by a token bucket of two seconds, or by jobs unfinished.

    Its limit halves midway. The bucket tells when a call may come again; the cap tells nothing.
    """

    def __init__(self, kind: str, limit: float, jobs: int) -> None:
        self.kind, self.limit, self.half_after = kind, limit, jobs // 2
        self.accepted = 0
        self.unfinished: list[float] = []
        self.tokens, self.filled_at = 2 * limit, 0.0

    @property
    def now_limit(self) -> float:
        return self.limit / 2 if self.accepted >= self.half_after else self.limit

    def submit(self, now: float, seconds: float) -> tuple[bool, float | None]:
        """Whether it is accepted, and else the seconds to the moment of reset, where it tells."""
        while self.unfinished and self.unfinished[0] <= now:
            heapq.heappop(self.unfinished)
        if self.kind == "cap" and len(self.unfinished) >= self.now_limit:
            return False, None
        if self.kind == "rate":
            self.tokens = min(2 * self.now_limit, self.tokens + (now - self.filled_at) * self.now_limit)
            self.filled_at = now
            if self.tokens < 1:
                return False, (1 - self.tokens) / self.now_limit
            self.tokens -= 1
        self.accepted += 1
        heapq.heappush(self.unfinished, now + seconds)
        return True, None


class Fixed:
    """A fixed number in flight, and a second's pause after a 429."""

    def __init__(self, most: int) -> None:
        self.most, self.paused_until = most, 0.0

    def wait(self, now: float, in_flight: int) -> float | None:
        return max(0.0, self.paused_until - now) if in_flight < self.most else None

    def sent(self, now: float) -> None: ...

    def accepted(self, now: float, in_flight: int) -> None: ...

    def refused(self, now: float, reset: float | None, in_flight: int) -> None:
        self.paused_until = now + (reset if reset is not None else 1.0)

    def completed(self) -> None: ...


class Botocore(Fixed):
    """Botocore's adaptive mode: a token bucket whose rate follows CUBIC (beta 0.7, scale 0.4); 500 in flight."""

    def __init__(self) -> None:
        super().__init__(500)
        self.rate, self.free_at, self.throttled_at, self.highest = math.inf, 0.0, 0.0, 0.0
        self.measured: deque[float] = deque()

    def wait(self, now: float, in_flight: int) -> float | None:
        return max(0.0, self.free_at - now) if in_flight < self.most else None

    def sent(self, now: float) -> None:
        self.measured.append(now)
        while self.measured[0] < now - 2.0:
            self.measured.popleft()
        if math.isfinite(self.rate):
            self.free_at = max(now, self.free_at) + 1 / self.rate

    def _measure(self, now: float) -> float:
        return len([at for at in self.measured if at > now - 1.0]) / 1.0

    def accepted(self, now: float, in_flight: int) -> None:
        if math.isfinite(self.rate):
            window = (self.highest * 0.3 / 0.4) ** (1 / 3)
            calculated = 0.4 * (now - self.throttled_at - window) ** 3 + self.highest
            self.rate = max(0.5, min(calculated, 2 * max(self._measure(now), 0.5)))

    def refused(self, now: float, reset: float | None, in_flight: int) -> None:
        self.highest = self._measure(now) if math.isinf(self.rate) else min(self._measure(now), self.rate)
        self.throttled_at, self.rate = now, max(0.5, 0.7 * self.highest)


class Ours:
    """The controllers of `segflux_nb.running.policy.rate_control`, as the rate limiter drives them."""

    def __init__(self) -> None:
        self.rate, self.concurrency = RateController(), ConcurrencyLimit(500)
        self.paused_until, self.is_probing, self.probe_is_due = 0.0, False, False

    def wait(self, now: float, in_flight: int) -> float | None:
        if self.is_probing:
            return None
        if in_flight >= self.concurrency.limit and not self.concurrency.waited(now):
            return self.concurrency.probe_at - now if self.concurrency.probe_at < math.inf else None
        return max(0.0, self.paused_until - now, self.rate.wait(now))

    def sent(self, now: float) -> None:
        self.rate.sent(now)
        self.probe_is_due, self.is_probing = False, self.probe_is_due

    def accepted(self, now: float, in_flight: int) -> None:
        self.is_probing = False
        self.rate.accepted(now)
        self.concurrency.accepted(in_flight)

    def refused(self, now: float, reset: float | None, in_flight: int) -> None:
        self.is_probing = False
        if reset is None and in_flight:
            self.concurrency.full(in_flight, now, lambda: 1.0)
            return
        pause = (reset if reset is not None else 1.0) + 0.05
        self.rate.limited(now, pause)
        self.paused_until, self.probe_is_due = max(self.paused_until, now + pause), True

    def completed(self) -> None:
        self.concurrency.completed()


def play(policy: Fixed | Ours, kind: str, limit: float, jobs: int, *, parallel: int = 4) -> tuple[float, float]:
    """Seconds until all jobs are done, and 429s a job; `parallel` submits on the wire at most."""
    rng = np.random.default_rng(3)
    times = lognormal(rng, MEAN, 0.15, jobs)
    server = Server(kind, limit, jobs)
    if isinstance(policy, Knowing):
        policy.server = server
    now, next_job, done, on_wire, refused = 0.0, 0, 0, 0, 0
    again: deque[int] = deque()
    jobs_in_flight = 0
    events: list[tuple[float, int, str, int, tuple[bool, float | None]]] = []
    order = 0
    while done < jobs:
        while on_wire < parallel and (again or next_job < jobs):
            wait = policy.wait(now, jobs_in_flight + on_wire)
            if wait is None:
                break
            if wait > 1e-9:
                order += 1
                heapq.heappush(events, (now + wait, order, "wake", -1, (True, None)))
                break
            job = again.popleft() if again else next_job
            next_job += job == next_job
            policy.sent(now)
            on_wire += 1
            order += 1
            verdict = server.submit(now + ANSWER / 2, float(times[job]))
            heapq.heappush(events, (now + ANSWER, order, "answer", job, verdict))
        if not events:
            break
        now, _, what, job, (accepted, reset) = heapq.heappop(events)
        if what == "answer":
            on_wire -= 1
            if accepted:
                jobs_in_flight += 1
                policy.accepted(now, jobs_in_flight)
                order += 1
                done_at = now - ANSWER / 2 + float(times[job]) + SEEN
                heapq.heappush(events, (done_at, order, "done", job, (True, None)))
            else:
                refused += 1
                again.append(job)
                policy.refused(now, reset, jobs_in_flight)
        elif what == "done":
            jobs_in_flight -= 1
            done += 1
            policy.completed()
    return now, refused / jobs


class Knowing(Fixed):
    """The ideal: sees the server's state, on the same wire."""

    def __init__(self) -> None:
        super().__init__(500)
        self.server: Server | None = None
        self.on_wire: deque[float] = deque()

    def wait(self, now: float, in_flight: int) -> float | None:
        server = self.server
        assert server is not None
        arrives = now + ANSWER / 2
        if server.kind == "rate":
            tokens = min(2 * server.now_limit, server.tokens + (arrives - server.filled_at) * server.now_limit)
            return max(0.0, (1 - tokens) / server.now_limit)
        unfinished = sorted(end for end in server.unfinished if end > arrives)
        most = server.now_limit if server.kind == "cap" else self.most
        excess = len(unfinished) - int(most)
        return 0.0 if excess < 0 else unfinished[excess] - arrives + 1e-6


CASES = (
    ("rate 2/s", "rate", 2.0, 600),
    ("rate 10/s", "rate", 10.0, 2000),
    ("cap 40", "cap", 40.0, 600),
    ("cap 200", "cap", 200.0, 2000),
    ("no limit", "none", 500.0, 4000),
)

POLICIES: dict[str, Callable[[], Fixed | Ours]] = {
    "fixed 50": lambda: Fixed(50),
    "fixed 500": lambda: Fixed(500),
    "botocore adaptive": Botocore,
    "ours": Ours,
}


def limit_rows() -> list[tuple[str, dict[str, tuple[float, float]]]]:
    """For each case and policy: share of the ideal, and 429s a job."""
    rows = []
    for name, kind, limit, jobs in CASES:
        best, _ = play(Knowing(), kind, limit, jobs)
        found = {}
        for policy, make in POLICIES.items():
            seconds, refused = play(make(), kind, limit, jobs)
            found[policy] = (best / seconds, refused)
        rows.append((name, found))
    return rows


if __name__ == "__main__":
    for row in polling_rows():
        print(row)
    for row in limit_rows():
        print(row[0], {name: (round(share, 3), round(refused, 3)) for name, (share, refused) in row[1].items()})
