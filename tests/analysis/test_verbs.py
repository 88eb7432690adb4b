"""The verbs that measure, on pictures of the simulator."""

import itertools
import json
import tomllib

import numpy as np
import pytest

import segflux_nb as sf
from segflux_nb.analysis.repeating import month_of, probed
from segflux_nb.analysis.verdicts import Noise
from segflux_nb.errors import LayoutError, RunError, SegfluxError
from segflux_nb.lifecycle import State
from segflux_nb.runlog.rows import LoggedRun
from segflux_nb.runs_verbs.effects import at_zero
from segflux_nb.runs_verbs.observing import Picture

from .conftest import STRENGTHS, SWEEP

# ---------------------------------------------------------------- effects and probe


def test_effects_say_that_an_axis_is_inert_and_that_no_noise_was_measured(runs):
    effects = runs.effects()
    verdicts = {verdict.axis: verdict for verdict in effects.verdicts}
    assert (verdicts["sampler_name"].word, verdicts["sampler_name"].equal) == ("inert", 18)
    assert verdicts["lora_strength"].word == "no noise measured"
    assert "ws.probe(runs)" in str(effects)
    assert effects.df.share.sum() == pytest.approx(1, abs=0.01)


def test_an_effect_needs_two_pictures(ws, runs):
    with pytest.raises(RunError, match="1 of these runs has a picture"):
        runs[:1].effects()
    with pytest.raises(RunError, match="None of these runs has a picture"):
        ws.runs(SWEEP.replace(steps=3)).effects()


def test_a_probe_says_the_price_first_and_gives_the_noise(tmp_path, capsys):
    sweep = SWEEP.replace(lora_strength=[0.0, 1.0], sampler_name="euler", seed=[1, 2])
    with sf.Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        runs = ws.run(sweep)
        capsys.readouterr()
        found = ws.probe(runs, n=2)
        assert capsys.readouterr().out.startswith(
            f"Probe: 2 new takes of run {runs[0].run}, free here, on the simulator; hosted about $0.07\n"
        )
        assert str(found) == "2 of 2 as before: equal; the service differs from itself by ΔE 0.0 in 3 pairs"
        assert len(simulator.ledger.entries()) == 6
        effects = ws.runs(sweep).effects()
        assert effects.noise.differences == (0.0, 0.0, 0.0)
        assert {verdict.word for verdict in effects.verdicts} == {"matters"}
        again = ws.probe(runs)
        assert again.run == found.run, "the run that has takes already is repeated"
        assert len(again.noise.differences) == 6


def test_takes_that_were_paid_for_otherwise_count(tmp_path):
    sweep = SWEEP.replace(lora_strength=1.0, sampler_name="euler", seed=[1, 2])
    with sf.Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        ws.run(sweep)
        runs = ws.run(sweep, again=True)
        assert runs.effects().noise.differences == (0.0, 0.0)
        assert runs.effects().pictures == 2


def test_a_probe_obeys_its_cap(tmp_path):
    sweep = SWEEP.replace(lora_strength=1.0, sampler_name="euler", seed=[1, 2])
    with sf.Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        runs = ws.run(sweep)
        found = ws.probe(runs, n=3, max_cost=0.05)
        assert len(simulator.ledger.entries()) == 3
        assert found.missing == 2
        assert "2 takes without a picture" in str(found)


@pytest.mark.parametrize("number", [0, -1, 101, 1.5, "three"])
def test_a_probe_of_no_number_of_takes_sends_nothing(ws, runs, number):
    with pytest.raises(sf.SweepError, match="n="):
        ws.probe(runs, n=number)


def test_a_probe_needs_a_picture(ws):
    with pytest.raises(RunError, match="None of these runs has a picture"):
        ws.probe(ws.runs(SWEEP.replace(steps=3)))


def takes(*levels):
    vectors = np.zeros((len(levels), 12), dtype=np.float32)
    vectors[:, 0::3] = np.array(levels, dtype=np.float32)[:, None]
    return vectors


def test_a_model_that_has_changed_is_told_from_noise():
    text = str(probed("3f2a", takes(0, 0.4, 0.2), takes(0.3, 0.1, 5), [False] * 3, since="in March 2026"))
    assert text.startswith("2 of 3 as in March 2026; 1 take differs by up to ΔE 5.0, more than the noise, ΔE 0.4:")
    same = str(probed("3f2a", takes(0, 0.4), takes(0.3, 0.5), [False] * 2, since="in March 2026"))
    assert same.startswith("2 of 2 as in March 2026: within the noise, ΔE 0.6")


def test_with_one_take_before_the_new_ones_say_the_noise():
    assert probed("3f2a", takes(0), takes(4, 4.1, 4.05), [False] * 3).same == 0
    assert probed("3f2a", takes(0), takes(1, 1), [False] * 2).same == 0
    first = str(probed("3f2a", takes(0), takes(1), [False]))
    assert first == (
        "Take 1 of run 3f2a differs from the one before: the service differs from itself by ΔE 1.0 in 1 pair,"
        " from now on the noise"
    )


def test_the_month_is_named_unless_it_is_this_one():
    assert month_of(None, 0.0) == "before"
    assert month_of(0.0, 86400.0 * 40) == "in January 1970"
    assert month_of(0.0, 86400.0 * 3) == "before"


def picture(finetune, level, *, seed=1, strength=0.0):
    parameters = dict(next(iter(SWEEP)).parameters) | {
        "finetune_id": finetune,
        "seed": seed,
        "lora_strength": strength,
    }
    run = LoggedRun("simulator", f"{finetune}{seed}", "", 0, parameters, State.COMPLETED, sha256=f"{level}{seed}")
    return Picture(run, parameters, takes(level)[0])


def test_two_fine_tunes_should_be_the_same_at_strength_0():
    same = [picture(name, 1.0, seed=seed) for name in "ab" for seed in (1, 2)]
    assert at_zero(same, Noise()) == []
    apart = [*same[:3], picture("b", 4.0, seed=2)]
    (found,) = at_zero(apart, Noise())
    assert (found.one, found.other, found.pairs, found.apart, found.difference) == ("a", "b", 2, 1, 3.0)
    assert at_zero(apart, Noise((2.5,))) == [], "no more than the noise"
    assert at_zero([picture("a", 1.0, strength=0.5), picture("b", 4.0, strength=0.5)], Noise()) == []


# ---------------------------------------------------------------- differences, curve, cheapest, best


def test_differences_are_those_of_the_sheets_strip(runs):
    from segflux_nb.sheets.reading import Reader

    frame = runs.differences(relative_to={"lora_strength": 0})
    assert list(frame.columns) == ["run", "seed", "lora_strength", "sampler_name", "reference", "difference"]
    run = runs.one(seed=2, lora_strength=1.2, sampler_name="ddim")
    base = runs.one(seed=2, lora_strength=0.0, sampler_name="ddim")
    row = frame.set_index("run").loc[run.run]
    assert row.reference == base.run
    assert row.difference == Reader().difference(str(run.path), str(base.path))
    assert (frame.query("lora_strength == 0").difference == 0).all()


@pytest.mark.parametrize(
    ("relative_to", "text"),
    [({}, "names no axis"), ({"steps": 5}, "is not an axis"), ({"lora_strength": 9}, "do not have")],
)
def test_a_reference_that_is_not_there_is_refused_with_words(runs, relative_to, text):
    with pytest.raises(LayoutError, match=text):
        runs.differences(relative_to=relative_to)


def test_a_picture_without_a_reference_has_no_difference(runs):
    chosen = runs.where(lambda run: run.lora_strength > 0 or run.seed == 1)
    frame = chosen.differences(relative_to={"lora_strength": 0.0})
    assert frame.query("seed == 1").difference.notna().all()
    assert frame.query("seed != 1").difference.isna().all()


def test_a_curve_says_where_the_subject_begins_and_where_it_burns(runs):
    curve = runs.curve()
    truth = sf.Simulator.truth("pagoda-1200")
    (line,) = curve.lines
    assert line.present.low <= truth.present <= line.present.high
    assert line.burning.low <= truth.burning <= line.burning.high
    assert str(curve).startswith("the subject is there from 0.")
    assert repr(runs.curve()) == repr(curve)
    assert curve.df.lora_strength.tolist() == STRENGTHS
    assert curve.df.drift.is_monotonic_increasing


def test_a_curve_by_an_axis_has_a_line_for_each_value(runs):
    assert [line.name for line in runs.curve(by="sampler_name").lines] == ["euler", "ddim"]
    with pytest.raises(RunError, match="no axis of these runs"):
        runs.curve(by="colour")


@pytest.mark.parametrize("axis", ["sampler_name", "steps", "nothing"])
def test_what_is_no_axis_of_numbers_has_no_curve(runs, axis):
    with pytest.raises(RunError, match="no axis of numbers"):
        runs.curve(axis)


def test_a_curve_needs_pictures_at_strength_0(tmp_path):
    sweep = SWEEP.replace(lora_strength=[0.5, 1.0], sampler_name="euler", seed=1)
    with sf.Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        runs = ws.run(sweep)
        with pytest.raises(RunError, match=r"no picture at lora_strength 0.*with_baseline"):
            runs.curve()


def test_the_cheapest_setting_that_looks_the_same(runs):
    found = runs.cheapest(like={"sampler_name": "euler"})
    assert found.df.sampler_name.tolist() == ["euler", "ddim"]
    assert found.df.pairs.tolist() == [18, 18]
    assert found.df.largest.tolist() == [0, 0]
    assert "sampler_name ddim looks like sampler_name euler" in str(found)
    strict = runs.cheapest(like={"lora_strength": 0.8}, limit=0.5)
    assert strict.df.lora_strength.tolist() == [0.8]
    assert len(strict.all) == 6
    assert str(strict).startswith("None of 5 other settings looks like lora_strength 0.8")


def test_a_run_is_a_reference_by_its_settings(runs):
    run = runs.one(seed=1, lora_strength=0.8, sampler_name="ddim")
    found = runs.cheapest(like=run)
    assert dict(found.like) == {"sampler_name": "ddim"}
    assert found.df.pairs.tolist() == [18, 18]
    with pytest.raises(RunError, match=r"is no reference: neither steps, sampler_name nor scheduler varies"):
        runs.where(sampler_name="ddim").cheapest(like=run)


@pytest.mark.parametrize(
    ("like", "text"),
    [
        (50, "like takes values of axes or a run, and got 50"),
        (None, "like takes values of axes or a run, and got None"),
        ("steps", "like takes values of axes or a run"),
        ({}, "names no axis"),
        ({"seed": 1}, "no axis of settings"),
        ({"steps": 5}, "no axis of settings"),
        ({"sampler_name": "heun"}, "No picture of these runs has"),
    ],
)
def test_a_setting_that_is_not_there_is_refused_with_words(runs, like, text):
    with pytest.raises(RunError, match=text):
        runs.cheapest(like=like)
    with pytest.raises(SegfluxError, match="no difference"):
        runs.cheapest(like={"sampler_name": "euler"}, limit=-1)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda runs: runs.cheapest(like={"sampler_name": ["euler", "ddim"]}),
            "like takes one value of sampler_name",
        ),
        (lambda runs: runs.curve(["lora_strength"]), "is no axis of numbers"),
        (lambda runs: runs.curve("seed"), "seed is no axis of numbers"),
        (lambda runs: runs.curve(by=["seed"]), "is no axis of these runs"),
        (lambda runs: runs.curve(by="lora_strength"), "is the axis of the curve itself"),
        (lambda runs: runs.where(lora_strength=0.8).curve(), "lora_strength has one value in these runs"),
        (lambda runs: runs[:1].effects(), r"1 of these runs has a picture.*Choose more runs"),
        (lambda runs: runs.measure("difference", relative_to=5), "relative_to=5 is no reference"),
        (lambda runs: runs.measure("difference", relative_to={"steps": [5]}), "takes one value of steps"),
        (lambda runs: runs.measure("difference", relative_to={"steps": 5}), "The log has no picture with steps=5"),
        (lambda runs: runs.measure(executor=2), "executor=2 is no executor"),
        (lambda runs: runs.differences(relative_to=3), "relative_to=3 is no reference"),
        (lambda runs: runs.where(lambda run: False).cheapest(like={"steps": 9}), "None of these runs has a picture"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_words(runs, call, text):
    with pytest.raises(SegfluxError, match=text):
        call(runs)


def test_where_nothing_can_be_said_about_burning_it_is_not_said_that_there_is_none(runs):
    for few in (runs.where(seed=1), runs.where(lora_strength=[0.0, 0.8, 1.2, 2.0])):
        assert "whether it burns cannot be told: that needs 2 seeds and 5 values" in str(few.curve())
        assert "whether it burns cannot be told" in str(few.best())


def test_one_other_setting_is_named_with_its_difference(runs):
    found = str(runs.where(lora_strength=[0.4, 0.8]).cheapest(like={"lora_strength": 0.8}))
    assert found.startswith("lora_strength 0.4 does not look like lora_strength 0.8: ΔE ")


def test_only_strengths_have_a_beginning_of_the_subject(tmp_path):
    sweep = SWEEP.replace(lora_strength=[0.0, 1.0], sampler_name="euler", seed=[1, 2], steps=[8, 16, 24])
    with sf.Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        curve = ws.run(sweep).curve("steps", by="lora_strength")
    assert curve.knees[["present", "burning"]].isna().all(axis=None)
    assert str(curve).startswith("0.0: the drift from the base model goes from ΔE 0.0 at 8 to ΔE 0.0 at 24 (2 seeds,")


def test_the_best_strength_can_be_pasted(runs):
    choice = runs.best()
    assert choice.value == 0.8
    assert "no votes yet" in str(choice)
    parsed = json.loads(choice.to_json())
    assert parsed["lora_strength"] == 0.8
    assert "seed" not in parsed
    assert tomllib.loads(choice.to_toml())["sweep"]["finetune_id"] == "pagoda-1200"


def test_votes_come_first_and_a_disagreement_is_said(runs):
    def better(one, other):
        return "left" if abs(one - 1.7) < abs(other - 1.7) else "right"

    for seed in (1, 2, 3):
        for one, other in itertools.combinations(STRENGTHS, 2):
            pair = (runs.one(seed=seed, lora_strength=value, sampler_name="euler") for value in (one, other))
            runs.vote(*pair, better(one, other), rater="a burner")
    choice = runs.best()
    assert choice.value > 1.5
    assert choice.disagreement == (
        f"They disagree: the votes prefer {choice.value:g}, where pictures burn by the curve. Look at both"
    )
    assert any(line.startswith("Votes: best") for line in choice.evidence)


def test_the_best_of_a_choice_needs_votes(runs):
    with pytest.raises(RunError, match="Nothing says which sampler_name is best: there are no votes on it"):
        runs.best("sampler_name")


# ---------------------------------------------------------------- hints


def test_a_plan_hints_at_prompts_without_the_trigger_word(tmp_path):
    sweep = sf.Sweep(prompt=["TOK at dawn", "a lake"], finetune_id="a", seed=1)
    with sf.Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        assert ws.plan(sweep).notes == ()
        assert ws.trigger_word("a") == ""
        assert ws.trigger_word("a", "tok") == ws.trigger_word("a") == "tok"
        hint = 'Hint: 1 of 2 prompts lacks tok, the trigger word of a, such as "a lake"'
        assert ws.plan(sweep).lines[-1] == hint
        assert ws.run(sweep).effects().lines[-1] == hint
        assert ws.trigger_word("a", "") == ""
        assert ws.plan(sweep).notes == ()
        with pytest.raises(sf.SegfluxError, match="no trigger word"):
            ws.trigger_word("a", 3)


def test_a_plan_says_where_two_fine_tunes_differ_at_strength_0(tmp_path):
    """Pictures without paint differ by their request, so there two fine-tunes are never the same."""
    sweep = sf.Sweep(prompt="TOK", finetune_id=["a", "b"], seed=[1, 2], lora_strength=[0.0, 1.0])
    with sf.Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        assert ws.plan(sweep).notes == ()
        effects = ws.run(sweep).effects()
        (note,) = ws.plan(sweep).notes
        assert note.startswith("At lora_strength 0, a and b give different pictures in 2 of 2 pairs")
        assert note in effects.lines
        assert repr(ws.plan(sweep)) == "Plan(8 runs)"


def test_the_simulators_fine_tunes_are_the_same_at_strength_0(ws, runs):
    sweep = SWEEP.replace(finetune_id=["pagoda-1200", "boat-1200"], lora_strength=0.0, sampler_name="euler")
    assert ws.run(sweep).effects().at_zero == ()
