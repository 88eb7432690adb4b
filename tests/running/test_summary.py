"""The figures of a summary: each bound is one that no client can pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import segflux_nb as sf
from segflux_nb.running.policy.summary import COLUMNS, summarise

TIMES = st.floats(0, 100)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    simulator = sf.Simulator(time_scale=0.0005, paint=False)
    with simulator, sf.Workspace(tmp_path_factory.mktemp("summary"), service=simulator) as ws:
        runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=1))
        return next(iter(runs._logged().values()))


def figures_of(runs):
    return summarise({name: [getattr(run, name) for run in runs] for name in COLUMNS}).figures


@given(st.lists(st.tuples(TIMES, TIMES, TIMES, TIMES, TIMES, st.integers(0, 9)), min_size=1, max_size=9))
def test_no_run_is_better_than_the_bound(run, jobs):
    runs = []
    for number, (begun, accepted, seen, kept, took, polls) in enumerate(jobs):
        accepted_at = begun + accepted
        detected_at = accepted_at + seen
        runs.append(
            run._replace(
                digest=f"{number:064x}",
                submitted_at=begun,
                accepted_at=accepted_at,
                detected_at=detected_at,
                completed_at=detected_at + kept,
                queue_seconds=0.0,
                render_seconds=took + 0.001,
                polls=polls,
            )
        )
    figures = {figure.name: figure for figure in figures_of(runs)}
    assert set(figures) >= {"seconds", "requests a picture", "polls a picture", "mean lag, seconds"}
    for name in ("seconds", "requests a picture", "polls a picture", "mean lag, seconds", "US dollars"):
        assert figures[name].optimum <= figures[name].value + 1e-9, name
    assert figures["pictures"].value <= figures["pictures"].optimum


def test_the_bound_is_near_where_the_slots_are_full(run):
    """Four jobs of ten seconds, two at a time: no client takes less than twenty seconds."""
    runs = [
        run._replace(
            digest=f"{number:064x}",
            submitted_at=10.0 * (number // 2),
            accepted_at=10.0 * (number // 2),
            detected_at=10.0 * (number // 2) + 9.9,
            completed_at=10.0 * (number // 2) + 9.95,
            queue_seconds=0.0,
            render_seconds=9.9,
        )
        for number in range(4)
    ]
    seconds = figures_of(runs)[1]
    assert (seconds.value, seconds.optimum) == (pytest.approx(19.95), pytest.approx(19.8))
