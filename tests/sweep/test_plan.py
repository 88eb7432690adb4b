import pytest

import segflux_nb as sf
from segflux_nb.lifecycle import State
from segflux_nb.sweep.plan import PUBLISHED, duration, make_plan, static_html


def plan(sweep, logged=(), service="segmind"):
    return make_plan(sweep, dict(logged), service=service, rates=PUBLISHED, max_in_flight=32)


SWEEP = sf.Sweep(
    prompt="TOK",
    finetune_id="a",
    seed=sf.seeds(4),
    lora_strength="0.4-1.4 (+0.2)",
    sampler_name=["euler", "dpmpp_2m"],
)


def test_the_simulator_is_free_and_the_plan_names_the_hosted_price():
    assert "free here" in str(plan(SWEEP, service="simulator"))
    assert "hosted about $1.63" in str(plan(SWEEP, service="simulator"))
    assert plan(SWEEP, service="simulator").cost == 0
    assert round(plan(SWEEP).cost, 2) == 1.63
    assert repr(plan(SWEEP)) == "Plan(48 runs)"


def test_samplers_with_two_evaluations_a_step_cost_twice():
    euler, heun = (sf.Sweep(prompt="TOK", finetune_id="a", sampler_name=name, steps=50) for name in ("euler", "heun"))
    assert plan(heun).cost == pytest.approx(plan(euler).cost * 99 / 50)


def test_counts_by_what_the_next_run_does():
    cells = list(SWEEP)
    states = [
        (State.COMPLETED, ""),
        (State.SUBMITTED, ""),
        (State.DOWNLOADING, ""),
        (State.SUBMITTING, ""),
        (State.UNKNOWN, ""),
        (State.LOST, "no_picture"),
        (State.FAILED, "moderated"),
        (State.REFUSED, "invalid"),
        (State.FAILED, "server"),
        (State.PLANNED, ""),
    ]
    known = {cell.digest: state for cell, state in zip(cells, states, strict=False)}
    result = plan([*cells, *cells], known)
    assert (result.cells, result.logged, result.in_flight, result.to_submit) == (48, 1, 3, 40)
    assert result.held == {"invalid": 1, "lost": 1, "moderated": 1, "unknown": 1}
    held = "1 invalid (held), 1 lost (held), 1 moderated (held), 1 unknown (looked up first)"
    assert result.lines[0] == f"48 runs: 1 logged, 3 in flight, 40 to submit, {held}"


def test_a_lost_run_that_is_asked_for_again_is_in_flight_and_free():
    cells = list(SWEEP)[:3]
    known = {cell.digest: (State.LOST, "no_picture") for cell in cells[:2]}
    result = make_plan(
        cells, known, service="segmind", rates=PUBLISHED, max_in_flight=32, asked_again={cells[0].digest, "another"}
    )
    assert (result.in_flight, result.lost_again, result.to_submit, result.held) == (1, 1, 1, {"lost": 1})
    assert result.lines[0] == "3 runs: 1 in flight (1 lost, asked for again, free), 1 to submit, 1 lost (held)"


def test_an_unbounded_sampler_has_no_price():
    result = plan(sf.Sweep(prompt="TOK", finetune_id="a", sampler_name=["euler", "dpm_adaptive"]))
    assert result.cost is None
    assert result.seconds is None
    assert "1 run with a sampler whose number of evaluations is not known before" in str(result)


def test_durations_are_in_seconds_minutes_or_hours():
    assert [duration(seconds) for seconds in (0.44, 22.17, 99, 150, 3600 * 3)] == [
        "0.4 s",
        "22 s",
        "99 s",
        "2.5 min",
        "3 h",
    ]


def test_runs_of_another_key_are_counted_apart_with_the_two_ways_on():
    sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=range(5))
    first, second, third, *_ = (cell.digest for cell in sweep)
    logged = {first: (State.SUBMITTED, ""), second: (State.SUBMITTED, ""), third: (State.UNKNOWN, "")}
    found = make_plan(
        sweep,
        logged,
        service="segmind",
        rates=PUBLISHED,
        max_in_flight=32,
        of_another_key=[first, third, "of another sweep"],
    )
    assert (found.in_flight, found.of_another_key, found.to_submit, dict(found.held)) == (1, 2, 2, {})
    assert found.lines[0] == "5 runs: 1 in flight, 2 of another key, 2 to submit"
    assert found.lines[3].startswith("Of another key: ws.run(sweep) with the key that they were submitted with")
    assert "again=True" in found.lines[3]
    assert "pays" in found.lines[3]


def test_what_a_sweep_decides_alone_is_static_text():
    sweep = sf.Sweep(prompt="TOK <b>", finetune_id="a", seed=[1, 2], sampler_name=["euler", "heun"])
    text = static_html(sweep, sweep.axes)
    assert "<strong>4 runs</strong>: 2 seed × 2 sampler_name<br>List price: about $" in text
    one = sf.Sweep(prompt="TOK", finetune_id="a")
    assert "<strong>1 run</strong><br>" in static_html(one, one.axes)
    unknown = sf.Sweep(prompt="TOK", finetune_id="a", sampler_name="dpm_adaptive")
    assert "List price: unknown on the hosted service, for 1 run with a sampler" in static_html(unknown, {})
