"""Votes between runs: which runs can be compared, what is kept, and the ranking."""

from itertools import pairwise

import pytest

import segflux_nb as sf
from segflux_nb.simulator.app import Simulator


@pytest.fixture
def runs(ws):
    return ws.run(sf.Sweep(prompt="TOK", finetune_id="a", lora_strength=[0.4, 0.8, 1.2], seed=[1, 2]))


def vote_for(runs, strength, **options):
    for seed in (1, 2):
        best = runs.one(lora_strength=strength, seed=seed)
        for other in (0.4, 0.8, 1.2):
            if other != strength:
                runs.vote(best, runs.one(lora_strength=other, seed=seed), "left", **options)


def test_votes_are_in_the_log_with_a_name_and_seen_by_others(ws, runs, tmp_path, simulator):
    vote_for(runs, 0.8, rater="anna")
    runs.vote(runs.one(lora_strength=0.4, seed=1), runs.one(lora_strength=1.2, seed=1), "right", rater="ben")
    with sf.Workspace(tmp_path / "ws", service=simulator) as other:
        again = other.runs()
        assert again.votes["rater"].tolist() == ["anna"] * 4 + ["ben"]
        assert again.votes["outcome"].tolist()[-1] == "right"
        assert again.ranking().scores["value"][0] == 0.8
        assert again.ranking().votes == 5
        assert again.ranking(rater="ben").scores["value"][0] == 1.2


def test_only_what_differs_in_the_axis_alone_is_compared(runs):
    one = runs.one(lora_strength=0.4, seed=1)
    with pytest.raises(sf.SegfluxError, match=r"differ in seed, not in lora_strength alone"):
        runs.vote(one, runs.one(lora_strength=0.8, seed=2), "left")
    with pytest.raises(sf.SegfluxError, match="differ in nothing"):
        runs.vote(one, one, "left")
    with pytest.raises(sf.SegfluxError, match="no outcome"):
        runs.vote(one, runs.one(lora_strength=0.8, seed=1), "better")
    with pytest.raises(sf.SegfluxError, match="no run"):
        runs.vote(one, "nobody", "left")
    assert runs.votes.empty
    with pytest.raises(sf.SegfluxError, match=r"steps has 1 value.*lora_strength, seed"):
        runs.ranking("steps")


def test_votes_stay_with_their_axis_and_their_runs(ws, runs):
    vote_for(runs, 0.8)
    assert str(runs.ranking("seed")) == "no votes on seed yet"
    assert len(runs.where(seed=1).votes) == 2
    assert runs.where(seed=1).ranking().blocks == 1


def test_a_rater_who_has_not_voted_is_told_who_has(runs):
    assert str(runs.ranking(rater="nobody")) == "no votes on lora_strength yet. nobody has cast none"
    vote_for(runs, 0.8, rater="anna")
    runs.vote(runs.one(lora_strength=0.4, seed=1), runs.one(lora_strength=1.2, seed=1), "right", rater="ben")
    said = ". nobody has cast none, but these have: anna (4 votes), ben (1 vote)"
    assert str(runs.ranking(rater="nobody")) == f"no votes on lora_strength yet{said}"
    assert str(runs.ranking(["lora_strength", "seed"], rater="nobody")).endswith(said)
    assert "cast none" not in str(runs.ranking(rater="ben"))


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ({"seed": [1, 2]}, "2 seeds"),
        ({"steps": [4, 8]}, "2 values of steps"),
        ({"steps": 4}, "1 seed"),
        ({"steps": [4, 8], "scheduler": ["simple", "beta"]}, "4 combinations of steps and scheduler"),
        (
            {"steps": [4, 8], "scheduler": ["simple", "beta"], "aspect_ratio": ["1:1", "2:3"]},
            "8 combinations of the other axes",
        ),
        ({"prompt": ["TOK", "a TOK"]}, "2 values of prompt"),
    ],
)
def test_a_ranking_says_what_it_is_spread_over(ws, axes, said):
    runs = ws.run(sf.Sweep(**{"prompt": "TOK", "finetune_id": "a", "lora_strength": [0.4, 0.8], "seed": 1} | axes))
    lower = runs.where(lora_strength=0.4)
    others = [name for name in runs.axes if name != "lora_strength"]
    for one in lower:
        same = {name: getattr(one, name) for name in others}
        runs.vote(one, runs.one(lora_strength=0.8, **same), "left")
    assert f", {said}, " in str(runs.ranking())


def test_without_pictures_there_is_nothing_to_judge(tmp_path):
    with (
        Simulator(time_scale=0.001, paint=False, faults={"job:failed": lambda body: body["seed"] == 2}) as broken,
        sf.Workspace(tmp_path / "failing", service=broken) as ws,
    ):
        runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2], lora_strength=[0.5, 1.0]))
        assert runs.tuner().blocks == [""], "one seed has pictures"
        with pytest.raises(sf.SegfluxError, match="nothing to compare"):
            runs.tuner("seed")


def test_a_refined_sweep_keeps_the_seeds_and_is_not_run(ws, runs, simulator, capsys):
    tuner = runs.tuner(rater="anna")
    with pytest.raises(sf.SegfluxError, match="no votes on lora_strength yet"):
        tuner.next_sweep()
    vote_for(runs, 0.8, rater="anna")
    before = simulator.ledger.submits
    proposed = tuner.next_sweep()
    assert simulator.ledger.submits == before
    assert proposed.axes["seed"] == [1, 2]
    values = proposed.axes["lora_strength"]
    steps = {round(b - a, 6) for a, b in pairwise(values)}
    assert len(steps) == 1
    assert steps.pop() < 0.4
    assert values[0] <= tuner.ranking.low
    assert values[-1] >= tuner.ranking.high
    assert f"{len(proposed)} runs" in capsys.readouterr().out


def test_a_refined_sweep_keeps_linked_parameters_together(ws):
    sweep = sf.Sweep(
        sf.linked(steps=[10, 20], sampler_name=["euler", "heun"]),
        prompt="TOK",
        finetune_id="a",
        lora_strength=[0.4, 0.8],
    )
    runs = ws.run(sweep)
    for steps in (10, 20):
        runs.vote(runs.one(lora_strength=0.8, steps=steps), runs.one(lora_strength=0.4, steps=steps), "left")
    cells = list(runs.tuner().next_sweep())
    assert {(cell.steps, cell.sampler_name) for cell in cells} == {(10, "euler"), (20, "heun")}


def test_an_axis_without_numbers_cannot_be_refined(ws):
    runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", sampler_name=["euler", "heun"], seed=[1, 2]))
    for seed in (1, 2):
        runs.vote(
            runs.one(sampler_name="heun", seed=seed),
            runs.one(sampler_name="euler", seed=seed),
            "left",
            axis="sampler_name",
        )
    with pytest.raises(sf.SegfluxError, match="Use sampler_name='heun'"):
        runs.tuner("sampler_name").next_sweep()


# ---------------------------------------------------------------- the tuner without its front end


def ask(tuner, **message):
    tuner._answer(tuner, message, [])


@pytest.fixture
def sent(monkeypatch):
    from segflux_nb.widgets.tuner import Tuner

    messages = []
    monkeypatch.setattr(Tuner, "send", lambda self, content, buffers=None: messages.append(content))
    return messages


def test_a_vote_is_kept_at_once_and_the_next_pair_is_another(runs):
    tuner = runs.tuner(rater="anna")
    first = list(tuner.pair)
    ask(tuner, kind="vote", pair=first, outcome="right")
    assert runs.votes["rater"].tolist() == ["anna"]
    assert (runs.votes["left"][0], runs.votes["right"][0]) == tuple(runs.df["run"][place] for place in first)
    assert tuner.votes == 1
    assert set(tuner.pair) != set(first)
    ask(tuner, kind="vote", pair=first, outcome="right")
    assert len(runs.votes) == 1, "a second press of the key is no second vote"


def test_a_skipped_pair_does_not_count_and_an_undone_vote_is_deleted(runs, sent):
    tuner = runs.tuner(rater="anna")
    ask(tuner, kind="vote", pair=tuner.pair, outcome="skip")
    assert (len(runs.votes), tuner.votes, tuner.ranking.votes) == (1, 0, 0)
    ask(tuner, kind="vote", pair=tuner.pair, outcome="tie")
    voted = set(tuner.pair)
    ask(tuner, kind="undo")
    ask(tuner, kind="undo")
    assert runs.votes.empty
    ask(tuner, kind="undo")
    assert "anna has no vote to undo" in sent[-1]["text"]
    assert voted


def test_each_rater_has_separate_votes_and_another_order(runs):
    tuner = runs.tuner(rater="anna")
    ask(tuner, kind="vote", pair=tuner.pair, outcome="tie")
    ask(tuner, kind="rater", name=" ben\n")
    assert (tuner.rater, tuner.votes) == ("ben", 0)
    ask(tuner, kind="rater", name="  ")
    assert tuner.rater == "ben", "nobody has no name"
    ask(tuner, kind="vote", pair=tuner.pair, outcome="tie")
    assert runs.votes["rater"].tolist() == ["anna", "ben"]


def test_a_log_that_cannot_be_written_says_so(runs, sent, monkeypatch):
    tuner = runs.tuner()

    def fail(*_):
        raise sf.SegfluxError("The disk is full")

    monkeypatch.setattr(type(runs.source.log.votes), "add", fail)
    ask(tuner, kind="vote", pair=tuner.pair, outcome="left")
    assert "disk is full" in sent[-1]["text"]
    assert tuner.votes == 0


def test_its_text_does_not_change_with_the_votes(runs):
    tuner = runs.tuner()
    before = repr(tuner)
    vote_for(runs, 0.8)
    assert repr(tuner) == before == "Tuner(lora_strength: 3 values, 2 pictures each)"
