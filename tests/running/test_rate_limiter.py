"""Limits that are given, limits that are found out, and which request goes first."""

import asyncio
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import segflux_nb as sf
from segflux_nb.errors import WorkspaceError
from segflux_nb.running.policy.rate_control import QUOTA, RETRY_COST, ConcurrencyLimit, RateController, RetryQuota
from segflux_nb.running.rate_limited_transport import RateLimitedTransport
from segflux_nb.running.rate_limiter import PRIORITY, RateLimiter
from segflux_nb.service.transport import HttpRequest, HttpResponse
from tests.support.virtual import EPOCH, Bench, SeamTransport, VirtualClock


def sweep(number):
    return sf.Sweep(prompt="TOK", finetune_id="a", seed=range(number))


OK = HttpResponse(200, {}, b"{}")


def too_many(seconds=None):
    headers = {} if seconds is None else {"retry-after": str(seconds)}
    return HttpResponse(429, headers, b'{"error": "rate_limit_exceeded"}')


# ---------------------------------------------------------------------- the user's limit


@pytest.mark.parametrize("rpm", [5, 50])
def test_no_minute_sees_more_requests_than_the_user_allows(tmp_path, rpm):
    b = Bench(tmp_path, durable=False, rpm=rpm, count_gets=True)
    seen = []
    send = b.transport.send

    async def noting(request):
        if request.purpose != "download":
            seen.append(b.clock.monotonic())
        return await send(request)

    b.transport.send = noting
    assert {row.state for row in b.run(sweep(2 * rpm), max_in_flight=64, max_rpm=rpm)} == {"completed"}
    assert 429 not in b.transport.statuses
    for first, last in zip(seen, seen[rpm:], strict=False):
        assert last - first >= 60


def test_two_processes_share_one_limit(tmp_path):
    """They share the journal: a request that one process takes is not free for the other."""
    b = Bench(tmp_path)
    other = b.open_journal().of("simulator")
    taken = [log.sharing.take_turn(4) for log in (b.log, other) * 2]
    assert taken == [0, 0, 0, 0]
    wait = other.sharing.take_turn(4)
    assert 59 < wait < 61
    b.clock.before += wait
    assert b.log.sharing.take_turn(4) == 0
    b.client_clock.skew = -7200  # a clock that was set back locks no process out
    assert b.log.sharing.take_turn(4) == 0


def test_a_log_that_fails_while_requests_wait_ends_the_sweep(tmp_path, monkeypatch):
    b = Bench(tmp_path)

    def full(self, most):
        raise WorkspaceError("The run log cannot be used: disk full")

    monkeypatch.setattr(type(b.log.sharing), "take_turn", full)
    with pytest.raises(WorkspaceError, match="disk full"):
        b.run(sweep(10), max_rpm=60)


# ---------------------------------------------------------------------- limits that are found out


def test_a_429_pauses_all_until_its_reset_and_one_goes_first():
    clock = VirtualClock()
    log = []

    async def main():
        limiter = RateLimiter(clock, max_in_flight=64)

        async def ask(number):
            await limiter.acquire("status")
            log.append((round(clock.monotonic(), 2), number))
            await asyncio.sleep(0.1)
            limiter.answered("status", too_many(30) if clock.monotonic() < 60 else OK)

        await asyncio.gather(*[ask(number) for number in range(20)])
        log.append("storm")
        await asyncio.gather(*[ask(number) for number in range(20)])

    clock.run(main())
    storm = log[log.index("storm") + 1 :]
    first, second = storm[0][0], storm[1][0]
    assert first >= 30, "paused until the moment of reset"
    assert second > first, "a probe, and the others only after its answer"
    assert sum(time < 60 for time, _ in storm) <= 2, "one probe a window"


def test_a_rate_learned_from_429s_is_noted_and_remembered(tmp_path):
    b = Bench(tmp_path, rpm=30, workers=1000)
    assert {row.state for row in b.run(sweep(60), max_in_flight=60)} == {"completed"}
    limits = b.log.sharing.limits()
    assert limits
    assert {what for _, what, _, _ in limits} == {"calls a minute"}
    assert b.ledger.submits == 60
    refused, before = b.transport.statuses.count(429), b.clock.monotonic()
    b.run(sf.Sweep(prompt="TOK again", finetune_id="a", seed=range(60)), max_in_flight=60)
    # The first of it finds the window full, and each of the two windows it needs ends with one.
    assert b.transport.statuses.count(429) - refused <= 1 + refused, "the next one begins slowly"
    # The first sweep's calls still count for half a minute; then two windows of 30, and the last pictures.
    assert b.clock.monotonic() - before < 30 + 60 + 35, "and is not slow"


def test_a_429_before_anything_was_accepted_says_nothing_of_the_rate():
    """It pauses all; the rate that was learned before, or that of a start, stands."""
    for rate, expected in ((RateController(), 5.0), (RateController(rate=2.0), 2.0)):
        for now in (0.0, 30.0, 60.0):  # a probe, and again
            assert rate.limited(now, 30.0)
            assert rate.wait(now) == 30.0
        assert rate.rate_at(90.0) == pytest.approx(expected, rel=0.2)


def test_a_service_that_is_full_is_kept_full_and_its_429s_cost_nothing(tmp_path):
    b = Bench(tmp_path, max_in_flight=5, workers=1000)
    assert {row.state for row in b.run(sweep(50), max_in_flight=40)} == {"completed"}
    assert b.ledger.submits == 50
    assert b.clock.monotonic() < 1.25 * 10 * 22
    assert b.transport.statuses.count(429) < 50


def test_the_concurrency_limit_grows_again_when_probes_find_more():
    concurrency = full(10)
    assert concurrency.limit == 10
    for _ in range(11):
        assert not concurrency.completed()
    assert concurrency.completed()
    assert concurrency.limit == 11
    limits = []
    while concurrency.limit < 40:
        assert concurrency.accepted(concurrency.limit)
        limits.append(concurrency.limit)
    assert limits[:3] == [13, 16, 20], "each probe that goes through is followed by a larger one"
    assert limits[-1] == 40


def full(jobs_in_flight, most=40):
    concurrency = ConcurrencyLimit(most)
    assert not concurrency.full(jobs_in_flight, 0.0, lambda: 1.0), "a single one may have had another reason"
    assert concurrency.limit == most
    concurrency.full(jobs_in_flight, 0.0, lambda: 1.0)
    return concurrency


def test_single_429s_among_submits_that_are_accepted_are_no_limit():
    concurrency = ConcurrencyLimit(40)
    for jobs in range(1, 30):
        assert not concurrency.full(jobs, 0.0, lambda: 1.0)
        assert not concurrency.accepted(jobs)
    assert concurrency.limit == 40


def test_a_full_service_is_tried_again_after_a_pause_even_if_no_job_is_done():
    concurrency = full(3)
    assert concurrency.limit == 3
    assert not concurrency.waited(0.9)
    assert concurrency.waited(1.0)
    assert not concurrency.waited(99.0), "one at a time"
    while concurrency.limit < 40:
        assert concurrency.accepted(concurrency.limit)


def test_probes_by_time_become_rare_while_they_are_refused():
    concurrency, now, probes = full(10), 0.0, []
    while now < 300:
        now += 0.5
        if concurrency.waited(now):
            probes.append(now)
            concurrency.full(10, now, lambda: 1.0)
    assert probes == [1.0, 3.0, 7.0, 15.0, 31.0, 63.0, 123.0, 183.0, 243.0]


def test_a_429_where_the_limit_is_the_users_own_needs_no_probe():
    assert full(10, most=10).probe_at == math.inf


def test_what_was_on_its_way_when_another_submit_was_refused_shows_that_more_is_taken():
    concurrency = full(15)
    assert [concurrency.accepted(jobs) for jobs in (15, 16, 17, 18)] == [False, True, True, True]
    assert concurrency.limit == 18
    assert concurrency.waited(1.0)
    assert concurrency.accepted(19)
    assert concurrency.limit > 19


def test_a_single_429_costs_a_sweep_about_a_second(tmp_path, monkeypatch):
    b, submits, send = Bench(tmp_path, workers=1000), iter(range(1, 100)), SeamTransport.send

    async def refuse_the_fifth(transport, request):
        return too_many() if request.purpose == "submit" and next(submits) == 5 else await send(transport, request)

    monkeypatch.setattr(SeamTransport, "send", refuse_the_fifth)
    assert {row.state for row in b.run(sweep(40), max_in_flight=40)} == {"completed"}
    assert max(row.accepted_at for row in b.rows(sweep(40))) - EPOCH < 5


@given(st.integers(0, 2**32))
def test_the_rate_settles_just_below_a_rate_limit(seed):
    """Against a token bucket of unknown rate: most of it is used, and few calls are refused."""
    rng = random.Random(seed)
    limit = rng.uniform(0.5, 20)
    rate, now, tokens, filled = RateController(), 0.0, 2 * limit, 0.0
    accepted = refused = 0
    while now < 300:
        now += max(rate.wait(now), 0.02)
        rate.sent(now)
        tokens, filled = min(2 * limit, tokens + (now - filled) * limit), now
        if tokens >= 1:
            tokens -= 1
            rate.accepted(now)
            accepted += 1
        else:
            refused += 1
            closed = (1 - tokens) / limit + 0.05
            rate.limited(now, closed)
            now += closed
    assert accepted >= 0.85 * 300 * limit
    assert refused <= 0.2 * accepted + 5


def test_failures_of_the_service_are_met_at_full_rate_until_the_quota_is_used_up():
    quota = RetryQuota()
    pauses = [quota.failed(lambda: 1.0) for _ in range(60)]
    free = int(QUOTA // RETRY_COST) - 1
    assert not any(pauses[:free])
    assert pauses[-1] == 60
    assert pauses == sorted(pauses)
    quota.answered()
    assert quota.failed(lambda: 1.0) == 2


def test_a_storm_of_5xx_does_not_become_a_storm_of_requests(tmp_path):
    b = Bench(tmp_path, workers=1000)

    async def outage(work):
        await asyncio.sleep(10)
        handle = b.simulator.protocol.handle
        b.simulator.protocol.faults = type(b.simulator.protocol.faults)({"any:502": 1.0}, 0)
        before = len(b.transport.sent)
        await asyncio.sleep(600)
        during = len(b.transport.sent) - before
        b.simulator.protocol.faults = type(b.simulator.protocol.faults)({}, 0)
        assert during < 36 + 4 * 40, "the quota, and then a probe a minute at most four at a time"
        assert handle

    rows = b.run(sweep(40), max_in_flight=40, during=outage)
    rows = b.run(sweep(40), max_in_flight=40)
    assert {row.state for row in rows} == {"completed"}
    assert b.ledger.submits == 40


# ---------------------------------------------------------------------- who goes first


def test_results_go_before_look_ups_before_submits_before_polls():
    clock = VirtualClock()
    order = []

    async def main():
        async def window():
            return 0.0

        limiter = RateLimiter(clock, max_in_flight=64, shared_window=window, max_rpm=60)

        async def ask(purpose, urgency=0.0):
            await limiter.acquire(purpose, lambda: urgency)
            order.append((purpose, urgency))
            limiter.answered(purpose, OK)

        purposes = list(reversed(PRIORITY)) * 2
        polls = [("status", 3.0), ("status", 9.0), ("status", 1.0)]
        await asyncio.gather(*[ask(purpose) for purpose in purposes], *[ask(*poll) for poll in polls])

    clock.run(main())
    asked = [purpose for purpose, _ in order[1:]]  # while the first one went, no other waited
    assert asked == sorted(asked, key=PRIORITY.index)
    assert [urgency for purpose, urgency in order if purpose == "status"][-4:] == [3.0, 1.0, 0.0, 0.0]


def test_no_job_starves_under_a_tight_limit(tmp_path):
    b = Bench(tmp_path, durable=False, rpm=20, count_gets=True, spread=0.6)
    rows = b.run(sweep(80), max_in_flight=64, max_rpm=20)
    lags = [row.detected_at - row.accepted_at - row.render_seconds for row in rows]
    assert {row.state for row in rows} == {"completed"}
    assert max(lags) < 120, "a finished picture lies unseen for two minutes at most"


def test_a_permit_that_is_cancelled_goes_to_the_next():
    clock = VirtualClock()

    async def main():
        limiter = RateLimiter(clock, max_in_flight=1)
        await limiter.acquire("submit")
        waiting = [asyncio.create_task(limiter.acquire("submit")) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        limiter.release("submit")
        await asyncio.sleep(1)
        assert [task.done() for task in waiting] == [True, True, False]
        waiting[1].cancel()
        limiter.release("submit")
        await waiting[2]

    clock.run(main())


def test_a_request_that_was_woken_and_cancelled_wakes_the_next():
    clock = VirtualClock()
    answers = asyncio.Event()

    class Held:
        async def send(self, request):
            await answers.wait()
            return OK

    async def main():
        transport = RateLimitedTransport(Held(), RateLimiter(clock, max_in_flight=64), clock)
        request = HttpRequest("GET", "http://127.0.0.1:1/", "status")
        sending = [asyncio.create_task(transport.send(request)) for _ in range(9)]
        await asyncio.sleep(1)
        answers.set()
        await asyncio.sleep(0)  # the first four are answered, and wake the next four
        for task in sending[4:8]:
            task.cancel()
        assert await asyncio.wait_for(sending[8], 60) is OK
        await asyncio.gather(*sending, return_exceptions=True)

    clock.run(main())


@pytest.mark.parametrize(("one_way", "most"), [(0.001, 4), (0.075, 18), (0.5, 32)])
def test_as_many_requests_are_in_flight_as_the_round_trip_needs(one_way, most):
    """A near service: four. One 150 ms away: what 120 calls a second need. Never more than 32."""
    clock = VirtualClock()
    seen = []

    class Far:
        in_flight = 0

        async def send(self, request):
            self.in_flight += 1
            seen.append(self.in_flight)
            await asyncio.sleep(2 * one_way)
            self.in_flight -= 1
            return OK

    async def main():
        transport = RateLimitedTransport(Far(), RateLimiter(clock, max_in_flight=64), clock)
        request = HttpRequest("GET", "http://127.0.0.1:1/", "status")
        for _ in range(4):
            await asyncio.gather(*[transport.send(request) for _ in range(100)])

    clock.run(main())
    assert max(seen) == most
    assert max(seen[:4]) <= 4, "a few until the way is known"


# ---------------------------------------------------------------------- resets that are far away


def test_a_reset_beyond_max_wait_ends_submits_and_holds_polls_for_a_minute_at_most():
    clock, noted = VirtualClock(), []

    async def main():
        limiter = RateLimiter(clock, max_in_flight=8, max_wait=100, on_limit=lambda *limit: noted.append(limit))
        await limiter.acquire("submit")
        limiter.answered("submit", too_many(3600))
        assert "max_wait=100 s" in limiter.submits_end
        await limiter.acquire("status")
        assert clock.monotonic() <= 61
        limiter.answered("status", OK)
        await limiter.acquire("submit")
        assert 99 < clock.monotonic() < 101, "then one is tried"
        assert not limiter.submits_end

    clock.run(main())
    assert "seconds without submits" in {what for what, _, _ in noted}


def test_a_reset_within_max_wait_is_waited_for():
    clock = VirtualClock()

    async def main():
        limiter = RateLimiter(clock, max_in_flight=8)
        await limiter.acquire("submit")
        limiter.answered("submit", too_many(600))
        assert not limiter.submits_end
        await limiter.acquire("submit")
        assert 599 < clock.monotonic() < 602

    clock.run(main())


def test_a_429_of_the_history_holds_nothing_else():
    clock = VirtualClock()

    async def main():
        limiter = RateLimiter(clock, max_in_flight=8)
        await limiter.acquire("history")
        limiter.answered("history", too_many(3600))
        await limiter.acquire("submit")
        await limiter.acquire("status")
        assert clock.monotonic() == 0
        await limiter.acquire("history")
        assert 59 < clock.monotonic() < 61

    clock.run(main())


@pytest.mark.parametrize("wrong", [-1, float("inf"), float("nan"), "900", True, None])
def test_max_wait_is_a_time_in_seconds(tmp_path, wrong):
    with pytest.raises(WorkspaceError, match="max_wait"):
        sf.Workspace(tmp_path, service="simulator", max_wait=wrong)
