"""When jobs are polled."""

import asyncio
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import segflux_nb as sf
from segflux_nb.running.policy.polling import LONGEST, POLLS_PER_MEAN, PollSchedule, ServiceTimes
from segflux_nb.running.policy.service_times import ServiceTimeDistribution
from tests.support.lower_bound import best_polls, greedy_seconds
from tests.support.virtual import Bench

EULER = {"sampler_name": "euler", "steps": 25}
HEUN = {"sampler_name": "heun", "steps": 25}


def draw(rng, number, mean=22.0, spread=0.15):
    sigma = math.sqrt(math.log(1 + spread**2))
    return mean * np.exp(sigma * rng.standard_normal(number) - sigma**2 / 2)


def taught(times, seconds_per_evaluation=22 / 25, parameters=EULER):
    learned = ServiceTimes(seconds_per_evaluation)
    for time in times:
        learned.learn(parameters, 0.0, float(time))
    return learned


@pytest.mark.parametrize("spread", [0.1, 0.3])
@pytest.mark.parametrize("number", [10, 50, 150])
def test_the_quantiles_of_the_distribution_are_calibrated(spread, number):
    """A quantile says which share of new jobs is done by then, as far as this few measurements allow."""
    rng = np.random.default_rng(number)
    for share in (0.1, 0.5, 0.9):
        found = []
        for _ in range(60):
            distribution = ServiceTimeDistribution(draw(rng, number, spread=spread), 22.0)
            found.append(np.mean(draw(rng, 400, spread=spread) <= distribution.quantile(share)))
        assert abs(np.mean(found) - share) < 0.06


@given(st.lists(st.floats(0.01, 1000), min_size=1, max_size=30), st.floats(0, 2000), st.floats(0.001, 10))
def test_the_index_rule_polls_when_the_expected_lag_reaches_the_allowance(times, since, allowance):
    distribution = ServiceTimeDistribution(times, 1.0)
    when = distribution.poll_at(since, allowance)
    assert when > since
    assert distribution.expected_lag(since, when) == pytest.approx(
        allowance, rel=0.15, abs=0.02 * distribution.mean
    ) or when > distribution.quantile(0.999)


def test_the_lag_is_what_a_simulation_finds():
    rng = np.random.default_rng(0)
    times = draw(rng, 4000)
    distribution = ServiceTimeDistribution(times[:150], 22.0, prior_share=0.0)
    for since, until in ((0.0, 24.0), (20.0, 25.0)):
        late = times[times > since]
        assert distribution.expected_lag(since, until) == pytest.approx(
            np.mean(np.maximum(0.0, until - late)), rel=0.15
        )


def test_polls_become_rarer_while_no_time_is_known():
    schedule = PollSchedule(ServiceTimes(None), {"sampler_name": "dpm_adaptive", "steps": 25}, 0.0)
    polled = []
    while len(polled) < 30:
        polled.append(schedule.next_poll())
        schedule.not_done(polled[-1], processing=True)
    gaps = np.diff([0.0, *polled])
    assert gaps[0] < 0.5
    assert max(gaps) <= 8.0
    assert len([when for when in polled if when < 22]) < 20


def test_few_polls_and_little_lag():
    rng = np.random.default_rng(4)
    learned = taught(draw(rng, 30))
    polls, lags = 0, []
    for seconds in draw(rng, 400):
        schedule = PollSchedule(learned, EULER, 0.0)
        while True:
            when = schedule.next_poll()
            polls += 1
            if when >= seconds:
                break
            schedule.not_done(when, processing=True)
        lags.append(when - seconds)
    assert polls / 400 <= 3.0
    assert np.mean(lags) <= 1.4


def test_a_sampler_that_takes_twice_as_long_is_expected_to():
    learned = taught([22.0] * 30)
    first = {
        name: PollSchedule(learned, parameters, 0.0).next_poll()
        for name, parameters in (("euler", EULER), ("heun", HEUN))
    }
    assert first["heun"] == pytest.approx(first["euler"] * 49 / 25, rel=0.05)


def test_a_job_that_queued_is_expected_by_what_inference_takes():
    learned = ServiceTimes(22 / 25)
    for _ in range(30):
        learned.learn(EULER, 100.0, 22.0)
    schedule = PollSchedule(learned, EULER, 0.0)
    assert schedule.next_poll() > 100
    schedule.not_done(110.0, processing=False)
    assert 125 < schedule.next_poll() < 135
    schedule.not_done(130.0, processing=False)
    schedule.not_done(134.0, processing=True)
    assert 148 < schedule.next_poll() < 158, "it began between the two answers"


@pytest.mark.parametrize("mean", [11.0, 44.0])
def test_a_service_that_has_changed_is_noticed_within_a_few_jobs(mean):
    rng = np.random.default_rng(2)
    learned = taught(draw(rng, 100))
    changes = [learned.learn(EULER, 0.0, float(seconds)) for seconds in draw(rng, 10, mean)]
    assert any(changes[:4])
    assert learned.total(EULER).mean == pytest.approx(mean, rel=0.2)


def test_a_service_that_has_not_changed_is_not_forgotten():
    rng = np.random.default_rng(3)
    learned = taught(draw(rng, 30))
    assert sum(learned.learn(EULER, 0.0, float(seconds)) for seconds in draw(rng, 1000)) <= 2


def test_the_slow_ones_of_a_first_wave_are_no_change():
    rng = np.random.default_rng(4)
    for _ in range(20):
        learned, wave = ServiceTimes(22 / 25), sorted(draw(rng, 50))
        assert not any(learned.learn(EULER, 0.0, float(seconds), 100.0) for seconds in wave)
        assert learned.total(EULER).mean == pytest.approx(np.mean(wave), rel=0.03)
        later = [
            learned.learn(EULER, 0.0, float(seconds), 200.0 + at) for at, seconds in enumerate(draw(rng, 9, 55.0))
        ]
        assert any(later[:4]), "what comes after it is judged by it"


def polled(schedule, seconds):
    """When a job that takes so long is polled."""
    found = [schedule.next_poll()]
    while found[-1] < seconds:
        schedule.not_done(found[-1], processing=True)
        found.append(schedule.next_poll())
    return found


@pytest.mark.parametrize("seconds", [1.0, 2.0, 5.0, 10.0, 22.0])
def test_the_first_jobs_find_out_how_long_jobs_take_here(seconds):
    """The published time may be wrong: the first wave of jobs must not wait for it."""
    learned = ServiceTimes(22 / 25)
    first, second, third = (polled(learned.schedule(EULER, 0.004), seconds) for _ in range(3))
    assert first == second
    assert first[-1] < 1.35 * seconds
    assert len(first) < 16
    assert third[0] > 10, "the others wait for them"


def test_the_others_are_planned_again_once_the_first_jobs_were_much_quicker():
    learned = ServiceTimes(22 / 25)
    waiting = PollSchedule(learned, EULER, 0.0)
    assert [learned.learn(EULER, 0.0, seconds, 100.0) for seconds in (4.0, 4.4)] == [False, True]
    assert waiting.next_poll() < 4.5


def test_first_jobs_that_take_the_published_time_change_nothing():
    learned = ServiceTimes(22 / 25)
    assert not any(learned.learn(EULER, 0.0, seconds, 100.0) for seconds in (17.0, 18.0, 30.0))


def test_one_job_in_twenty_is_polled_early_though_its_acceptance_took_a_moment():
    learned = taught([22.0] * 30)
    first = [learned.schedule(EULER, 0.004).next_poll() for _ in range(40)]
    assert [number for number, seconds in enumerate(first, 1) if seconds < 15] == [20, 40]


def test_jobs_in_flight_are_polled_sooner_when_the_service_turns_out_faster(tmp_path):
    b = Bench(tmp_path, workers=1000)
    b.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(60)), max_in_flight=60)
    settings = b.simulator.protocol.settings
    b.simulator.protocol.settings = type(settings)(**{**vars(settings), "mean_seconds": 11.0})
    rows = b.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(60, 180)), max_in_flight=60)
    lags = sorted(row.detected_at - row.accepted_at - row.render_seconds for row in rows)
    assert lags[len(lags) // 2] < 2.0


def test_a_job_older_than_its_record_is_looked_up_and_not_polled(tmp_path):
    b = Bench(tmp_path)
    cells = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(4)))

    async def interrupt(work):
        await b.clock.sleep(2)
        work.cancel()

    with pytest.raises(asyncio.CancelledError):
        b.run(cells, during=interrupt)
    b.clock.before += 4000
    b.transport.sent.clear()
    assert {row.state for row in b.run(cells)} == {"completed"}
    assert "status" not in [purpose for purpose, _ in b.transport.sent]
    assert b.ledger.submits == 4


def test_the_optimum_is_no_worse_than_the_rule_and_better_than_a_poll_each_second():
    rng = np.random.default_rng(5)
    distribution = ServiceTimeDistribution(draw(rng, 500), 22.0, prior_share=0.0)
    polls, lag = best_polls(distribution, POLLS_PER_MEAN / 22)
    assert 2 < polls < 3.2
    assert polls + POLLS_PER_MEAN / 22 * lag < 22.5 + POLLS_PER_MEAN / 22 * 0.5
    assert greedy_seconds([3.0, 2.0, 2.0], 2) == 4.0
    assert pytest.approx(7.92) == LONGEST * 22


def test_what_was_accepted_before_a_change_teaches_nothing_though_it_ends_after():
    rng = np.random.default_rng(3)
    learned = ServiceTimes(0.88)
    for at, seconds in enumerate(draw(rng, 60, 22.0)):
        learned.learn(EULER, 0.0, float(seconds), float(at))
    for at, seconds in enumerate(draw(rng, 20, 60.0)):
        learned.learn(EULER, 0.0, float(seconds), 100.0 + at)
    known = learned.total(EULER).mean
    for seconds in draw(rng, 20, 22.0):
        assert not learned.learn(EULER, 0.0, float(seconds), 90.0)
    assert learned.total(EULER).mean == known
    assert 50 < known < 70


def test_the_engine_says_when_jobs_were_accepted(tmp_path, monkeypatch):
    told = []
    learn = ServiceTimes.learn

    def spy(self, parameters, queue, render, accepted):
        told.append(accepted)
        return learn(self, parameters, queue, render, accepted)

    monkeypatch.setattr(ServiceTimes, "learn", spy)
    bench = Bench(tmp_path)
    rows = bench.run(list(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3])))
    assert sorted(told) == sorted(row.accepted_at for row in rows)
    told.clear()
    bench.engine()
    assert sorted(told) == sorted(row.accepted_at for row in rows), "from the log too, at the next start"
