"""Votes along axes that are not the usual one: whole numbers, placeholders, seeds, many names, sweeps together."""

import json
import tomllib
from itertools import pairwise

import pytest

import segflux_nb as sf
from segflux_nb.simulator.app import Simulator
from segflux_nb.voting.belief import Cast
from segflux_nb.voting.joint import rank_jointly
from segflux_nb.voting.ranking import Vote, rank

MADE = {"prompt": "TOK", "finetune_id": "a"}


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    with (
        Simulator(time_scale=0.001, paint=False) as simulator,
        sf.Workspace(tmp_path_factory.mktemp("odd"), service=simulator) as workspace,
    ):
        yield workspace


def judged(runs, axis, likes, *, rater="anna"):
    """Each pair of pictures is judged once, by somebody who knows what they like."""
    names = [axis] if isinstance(axis, str) else axis
    others = [name for name in (*runs.axes, "take") if name not in names]
    every = list(runs)
    for at, one in enumerate(every):
        for other in every[at + 1 :]:
            if all(getattr(one, name, None) == getattr(other, name, None) for name in others):
                gap = likes(one) - likes(other)
                runs.vote(one, other, "left" if gap > 0 else "right" if gap < 0 else "tie", axis=axis, rater=rater)
    return runs


# ---------------------------------------------------------------- whole numbers


def test_the_best_value_of_an_axis_of_whole_numbers_is_one(ws):
    runs = ws.run(sf.Sweep(**MADE, steps=[10, 20, 30], seed=[1, 2, 3]))
    judged(runs, "steps", lambda run: -abs(run.steps - 23))
    ranking = runs.ranking("steps")
    assert isinstance(ranking.best, int)
    assert str(ranking).startswith(f"best {ranking.best}, ")
    assert tomllib.loads(runs.best("steps").to_toml())["sweep"]["steps"] == ranking.best
    assert sf.Sweep(prompt="TOK", finetune_id="a", steps=ranking.best)


@pytest.mark.parametrize(("axis", "values"), [("steps", [10, 20]), ("seed", [3, 4, 5, 6])])
def test_a_best_value_that_was_tried_has_its_own_type(axis, values):
    votes = [Vote(values[0], other, "left", block) for other in values[1:] for block in range(4)]
    best = rank(axis, values, votes).best
    assert (best, type(best)) == (values[0], int)


def test_strengths_that_happen_to_be_whole_are_no_whole_numbers():
    cast = [Cast((1, 10), (0, 10), 1, seed) for seed in range(5)] + [
        Cast((1, 10), (2, 10), 0.5, seed) for seed in range(5)
    ]
    best = rank_jointly({"lora_strength": [0, 1, 2], "steps": [10, 20]}, cast)
    assert best.best["lora_strength"] == pytest.approx(1.5, abs=0.3)
    assert best.best["lora_strength"] != round(best.best["lora_strength"])
    assert "lora_strength 1." in str(best)
    votes = [Vote(one.left[0], one.right[0], {1: "left", 0.5: "tie"}[one.points], one.block) for one in cast]
    alone = rank("lora_strength", [0, 1, 2], votes).best
    assert alone != round(alone)


# ---------------------------------------------------------------- sweeps together, labels, placeholders


def test_prompts_with_and_without_a_placeholder_are_compared(ws):
    runs = ws.run(sf.Sweep(prompt=["TOK by a lake", "TOK in a {forest}"], forest=["wood", "grove"], finetune_id="p",
                           lora_strength=[0.4, 0.8, 1.2], seed=[1, 2]))  # fmt: skip
    judged(runs, "lora_strength", lambda run: -abs(run.lora_strength - 0.8))
    assert runs.ranking().blocks == 2
    tuner, seen = runs.tuner(rater="zoe"), set()
    for _ in range(6):
        seen.add(runs.df.drop_duplicates("run")["prompt"].tolist()[tuner.pair[0]])
        tuner._answer(tuner, {"kind": "vote", "pair": list(tuner.pair), "outcome": "tie"}, [])
    assert seen == {"TOK by a lake", "TOK in a wood", "TOK in a grove"}, "each prompt has its turn"
    tuner = runs.tuner("prompt")
    assert len(tuner.pair) == 2
    assert len(runs.tuner(["forest", "lora_strength"]).axes[0]["labels"]) == 2, "only pictures that have a forest"


def test_sweeps_with_different_axes_are_judged_together(ws):
    one = ws.run(sf.Sweep(prompt="TOK", finetune_id={"early": "q"}, lora_strength=[0.4, 0.8], seed=[1, 2]))
    other = ws.run(sf.Sweep(prompt="TOK {mood}", mood=["sad", "glad"], finetune_id="q", lora_strength=[0.4, 0.8],
                            seed=[1, 2]))  # fmt: skip
    both = judged(one + other, "lora_strength", lambda run: run.lora_strength)
    assert both.ranking().votes == 6
    assert both.tuner().pair


def test_a_refined_sweep_keeps_the_combinations_of_a_grid_with_gaps(ws):
    whole = sf.Sweep(**MADE, lora_strength=[0.4, 0.8, 1.2], steps=[10, 20, 30], seed=[1, 2])
    runs = ws.run(whole.where(lambda cell: cell.steps < 30 or cell.seed == 1))
    judged(runs, "lora_strength", lambda run: -abs(run.lora_strength - 0.8))
    refined = runs.tuner().next_sweep()
    assert {(cell.steps, cell.seed) for cell in refined} == {(10, 1), (20, 1), (30, 1), (10, 2), (20, 2)}


def test_the_best_value_of_a_placeholder_comes_with_its_prompt(ws):
    runs = ws.run(sf.Sweep(prompt="TOK aged {age}", age=[20, 30, 40], finetune_id="a", seed=[1, 2, 3]))
    judged(runs, "age", lambda run: -abs(run.age - 32))
    best = runs.best("age")
    assert best.value == 30, "nobody can write a prompt for 31.6 but the person who wrote the template"
    assert str(runs.ranking("age")) in str(best)
    sent = json.loads(best.to_json())
    assert sent["prompt"] == "TOK aged 30"
    assert "age" not in sent
    assert 'prompt = "TOK aged 30"' in best.to_toml()
    with pytest.raises(sf.SegfluxError, match=r"age is a placeholder.*finer prompts.*age=\[…\]"):
        runs.tuner("age").next_sweep()


def test_the_next_sweep_of_a_strength_and_a_placeholder_keeps_what_may_be_the_best(ws):
    runs = ws.run(sf.Sweep(prompt="TOK aged {age}", age=[20, 30, 50], finetune_id="a",
                           lora_strength=[0.4, 0.8, 1.2], seed=[1, 2]))  # fmt: skip
    axes = ["lora_strength", "age"]
    judged(runs, axes, lambda run: -5 * abs(run.lora_strength - 0.8) - abs(run.age - 30))
    refined = runs.tuner(axes).next_sweep()
    prompts = {cell.prompt for cell in refined}
    assert "TOK aged 30" in prompts
    assert "TOK aged 50" not in prompts
    best = runs.best(axes)
    assert best.parameters["prompt"] == "TOK aged 30"
    assert "age" not in best.parameters


def test_what_moves_with_the_best_value_comes_with_it(ws):
    runs = ws.run(
        sf.Sweep(sf.linked(steps=[10, 20, 30], sampler_name=["euler", "heun", "lcm"]), **MADE, seed=[1, 2, 3])
    )
    names = ["steps", "sampler_name"]
    judged(runs, names, lambda run: run.steps == 20)
    assert runs.best(names).parameters["sampler_name"] == "heun"


# ---------------------------------------------------------------- names


@pytest.mark.parametrize("name", ["", "  ", "\x00", "\n"])
def test_a_rater_has_a_name(ws, name):
    runs = ws.run(sf.Sweep(**MADE, lora_strength=[0.4, 0.8], seed=[11]))
    before = len(runs.votes)
    for call in (
        lambda: runs.vote(runs[0], runs[1], "left", rater=name),
        lambda: runs.tuner(rater=name),
        lambda: runs.ranking(rater=name),
    ):
        with pytest.raises(sf.SegfluxError, match=r"rater=.* is no name"):
            call()
    assert len(runs.votes) == before


def test_a_name_is_the_same_whoever_writes_it(ws):
    runs = ws.run(sf.Sweep(**MADE, lora_strength=[0.4, 0.8], seed=[12]))
    runs.vote(runs[0], runs[1], "left", rater=" Zoë\n")
    runs.vote(runs[0], runs[1], "left", rater="Zoë")
    runs.vote(runs[0], runs[1], "left", rater="Zoe\u0308")
    assert set(runs.votes["rater"]) == {"Zoë"}
    assert runs.ranking(rater="Zoë ").votes == 3
    with pytest.raises(sf.SegfluxError, match="rater=5"):
        runs.ranking(rater=5)
    tuner = runs.tuner(rater="ben")
    tuner._answer(tuner, {"kind": "rater", "name": "Zoe\u0308 "}, [])
    assert (tuner.rater, tuner.votes) == ("Zoë", 3)


def test_of_many_names_a_sentence_has_a_few():
    names = [f"word {at}" for at in range(150)]
    ranking = rank("word", names, [Vote(names[0], names[1], "left", seed) for seed in (1, 2)])
    assert str(ranking) == "best word 0, not clearly above word 1, word 2, word 3 and 146 others, 2 seeds, 2 votes"
    assert len(ranking.others) == 149
    joint = rank_jointly({"word": names, "sampler_name": ["a", "b"]}, [
        Cast((names[at], "a"), (names[at + 1], "b"), 0.5, at) for at in range(100)])  # fmt: skip
    assert len(str(joint)) < 200


# ---------------------------------------------------------------- what there is nothing to say about


def test_without_votes_the_best_of_several_axes_asks_for_votes(ws):
    runs = ws.run(sf.Sweep(**MADE, lora_strength=[0.4, 0.8, 1.2], steps=[5, 6, 7], seed=[21]))
    with pytest.raises(sf.SegfluxError, match=r"no votes on it.*runs.tuner\(\[\"lora_strength\", \"steps\"\]\)"):
        runs.best(["lora_strength", "steps"])
    with pytest.raises(sf.SegfluxError, match=r"no votes on it, and .*no picture at lora_strength 0.*runs.tuner"):
        runs.best()


def test_runs_without_pictures_say_so(ws):
    runs = ws.run(sf.Sweep(**MADE, lora_strength=[0.4, 0.8], seed=[22])).where(seed=99)
    with pytest.raises(sf.SegfluxError, match="None of these runs has a picture"):
        runs.ranking()


def test_ties_only_tell_nothing():
    values = [0.4, 0.6, 0.8, 1.0, 1.2]
    votes = [Vote(one, other, "tie", seed) for one, other in pairwise(values) for seed in (1, 2, 3)]
    assert str(rank("lora_strength", values, votes)).endswith("There are too few votes to tell")
    cast = [Cast((vote.left, 10), (vote.right, 20), 0.5, vote.block) for vote in votes]
    joint = str(rank_jointly({"lora_strength": values, "steps": [10, 20, 30]}, cast))
    assert joint.endswith("There are too few votes to tell lora_strength and steps")


def test_one_seed_is_called_a_seed(ws):
    runs = ws.run(sf.Sweep(**MADE, lora_strength=[0.4, 0.8, 1.2], seed=[23]))
    judged(runs, "lora_strength", lambda run: run.lora_strength)
    assert "1 seed, 3 votes. One seed does not show whether it holds for others" in str(runs.ranking())


def test_labels_of_fine_tunes_stay_in_the_next_sweep(ws):
    """On a full grid, and on one with a gap, whose cells are listed one by one."""
    finetunes = {"1200 steps": "r", "1600 steps": "s"}
    runs = ws.run(
        sf.Sweep(prompt="TOK", finetune_id=finetunes, lora_strength=[0.4, 0.8, 1.2], seed=[1, 2], steps=[4, 8])
    )
    for some in (runs, runs.where(lambda run: (run.steps, run.seed) != (8, 2))):
        judged(some, "lora_strength", lambda run: -abs(run.lora_strength - 0.8))
        refined = some.tuner(rater="anna").next_sweep()
        assert refined.labels["finetune_id"] == {"r": "1200 steps", "s": "1600 steps"}
