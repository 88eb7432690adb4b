"""Several axes judged together: what can be compared, what is kept, the ranking, the tuner, and the next sweep."""

import pytest

import segflux_nb as sf
from segflux_nb.voting.joint import JointRanking
from segflux_nb.voting.ranking import Ranking

AXES = ["lora_strength", "steps"]
SAMPLERS = ["lora_strength", "sampler_name"]


@pytest.fixture
def runs(ws):
    strengths, steps = [0.4, 0.8, 1.2], [10, 20, 30]
    return ws.run(sf.Sweep(prompt="TOK", finetune_id="a", lora_strength=strengths, steps=steps, seed=[1, 2, 3]))


def likes(run):
    return -10 * (run.lora_strength - 0.8) ** 2 - 0.02 * (run.steps - 24) ** 2


def judge(runs, tuner, votes):
    """Votes as a browser sends them, by somebody who knows what they like."""
    by_name = {run.run: run for run in runs}
    names = runs.df["run"].tolist()
    for _ in range(votes):
        left, right = (likes(by_name[names[place]]) for place in tuner.pair)
        ask(tuner, kind="vote", pair=list(tuner.pair), outcome="left" if left > right else "right")


def ask(tuner, **message):
    tuner._answer(tuner, message, [])


def test_two_axes_have_one_peak_and_votes_along_one_of_them_count_too(runs):
    for seed in (1, 2, 3):
        runs.vote(
            runs.one(lora_strength=0.8, steps=20, seed=seed), runs.one(lora_strength=0.4, steps=20, seed=seed), "left"
        )
        runs.vote(
            runs.one(lora_strength=0.8, steps=30, seed=seed),
            runs.one(lora_strength=1.2, steps=10, seed=seed),
            "left",
            axis=AXES,
            rater="ben",
        )
    assert runs.votes["axis"].tolist()[:2] == ["lora_strength", "lora_strength,steps"]
    together = runs.ranking(AXES)
    assert isinstance(together, JointRanking)
    assert (together.votes, together.blocks) == (6, 3)
    assert list(together.best) == AXES
    assert isinstance(together.best["steps"], int)
    assert together.best in together.region
    assert str(together).startswith("best lora_strength 0.")
    assert "3 seeds, 6 votes" in str(together)
    assert runs.ranking().votes == 3, "a vote that differs in steps too says nothing about strength alone"
    assert runs.ranking(AXES, rater="ben").votes == 3
    assert set(together.scores.columns) == {*AXES, "score", "low", "high", "judged", "won"}
    assert isinstance(runs.ranking(["lora_strength"]), Ranking)
    assert str(runs.where(steps=10).ranking()) == "no votes on lora_strength yet"


def test_what_cannot_be_compared_says_what(runs):
    one = runs.one(lora_strength=0.4, steps=10, seed=1)
    with pytest.raises(sf.SegfluxError, match="differ in seed, not in lora_strength and steps alone"):
        runs.vote(one, runs.one(lora_strength=0.8, steps=20, seed=2), "left", axis=AXES)
    with pytest.raises(sf.SegfluxError, match="differ in steps, not in lora_strength alone"):
        runs.vote(one, runs.one(lora_strength=0.8, steps=20, seed=1), "left")
    with pytest.raises(sf.SegfluxError, match="sampler_name has 1 value"):
        runs.ranking(SAMPLERS)
    with pytest.raises(sf.SegfluxError, match="names no axis"):
        runs.ranking([])
    assert str(runs.ranking(AXES)) == "no votes on lora_strength and steps yet"


def test_the_tuner_finds_the_peak_of_two_axes_and_proposes_what_is_next(ws, runs, simulator, capsys):
    tuner = runs.tuner(AXES, rater="anna")
    assert [axis["name"] for axis in tuner.axes] == AXES
    assert (tuner.axis, len(tuner.labels), tuner.labels[1]) == (
        "lora_strength, steps",
        9,
        "lora_strength 0.4, steps 20",
    )
    assert all(index >= 0 for row in tuner.cells for index in row)
    assert tuner.blocks == ["seed 1", "seed 2", "seed 3"]
    with pytest.raises(sf.SegfluxError, match="no votes on lora_strength, steps yet"):
        tuner.next_sweep()
    judge(runs, tuner, 16)
    assert tuner.votes == len(runs.votes) == 16, "no click is dropped"
    assert tuner.ranking.best["lora_strength"] == pytest.approx(0.8, abs=0.15)
    assert tuner.ranking.best["steps"] == pytest.approx(24, abs=4)
    assert tuner.progress.startswith("lora_strength 0.")
    before = simulator.ledger.submits
    next_cells = tuner.next_sweep()
    assert simulator.ledger.submits == before
    assert set(next_cells.axes) == {*AXES, "seed"}
    assert next_cells.axes["seed"] == [1, 2, 3]
    said = capsys.readouterr().out
    plan = ws.plan(next_cells)
    assert plan.lines[0] in said
    logged = {run.digest for run in runs}
    assert plan.to_submit == len([cell for cell in next_cells if cell.digest not in logged])
    assert "Expected after 20 more votes: lora_strength within ±0." in said
    ask(tuner, kind="rank")
    assert tuner.shown_ranking["rows"][0]["label"].startswith("lora_strength 0.8, steps ")
    ask(tuner, kind="propose")
    assert "= tuner.next_sweep()  # Sweep(" in tuner.proposal


def test_votes_of_both_sweeps_count_after_the_next_one(ws, runs):
    tuner = runs.tuner(AXES, rater="anna")
    judge(runs, tuner, 6)
    cells = tuner.next_sweep().where(lambda cell: cell.seed == 1)
    both = runs + ws.run(cells)
    assert both.ranking(AXES).votes == 6
    assert len(both.tuner(AXES).labels) > 9


def test_undo_takes_back_the_latest_vote_along_any_of_the_axes(runs):
    tuner = runs.tuner(AXES, rater="anna")
    judge(runs, tuner, 3)
    left, right = runs.one(lora_strength=0.4, steps=10, seed=1), runs.one(lora_strength=0.8, steps=10, seed=1)
    runs.vote(left, right, "right", rater="anna")
    runs.vote(left, right, "right", rater="ben")
    for left_over in (3, 2, 1, 0):
        ask(tuner, kind="undo")
        assert (runs.votes["rater"] == "anna").sum() == tuner.votes == left_over
    assert runs.votes["rater"].tolist() == ["ben"]


def test_choices_are_axes_of_their_own(ws):
    sweep = sf.Sweep(
        prompt="TOK",
        finetune_id={"1200 steps": "a", "2400 steps": "b"},
        lora_strength=[0.4, 0.8, 1.2],
        seed=[1, 2, 3, 4],
    )
    runs = ws.run(sweep)
    tuner = runs.tuner(["lora_strength", "finetune_id"], rater="anna")
    assert tuner.axes[1] == {"name": "finetune_id", "labels": ["1200 steps", "2400 steps"]}
    by_name = {run.run: run for run in runs}
    names = runs.df["run"].tolist()
    for _ in range(12):
        left, right = (by_name[names[place]] for place in tuner.pair)
        better = [2 * (run.finetune_id == "b") - 8 * (run.lora_strength - 0.8) ** 2 for run in (left, right)]
        ask(tuner, kind="vote", pair=list(tuner.pair), outcome="left" if better[0] > better[1] else "right")
    ranking = tuner.ranking
    assert ranking.best["finetune_id"] == "b"
    assert ranking.best["lora_strength"] == pytest.approx(0.8, abs=0.2)
    assert tuner.next_sweep().axes.get("finetune_id", ["b"]) == ["b"], "what is clearly worse is not paid for again"
    chosen = runs.best(["lora_strength", "finetune_id"])
    assert chosen.parameters["finetune_id"] == "b"
    assert chosen.parameters["lora_strength"] == ranking.best["lora_strength"]
    assert str(chosen).startswith("lora_strength 0.")
    assert "finetune_id b: what the votes prefer" in str(chosen)


def test_a_promised_pair_stays_and_a_click_on_it_is_kept_even_if_others_vote(runs):
    tuner = runs.tuner(AXES, rater="anna")
    promised, first = list(tuner.upcoming["left"]), list(tuner.pair)
    assert promised
    assert set(tuner.upcoming) == {"left", "right", "tie", "skip"}
    runs.vote(
        runs.one(lora_strength=0.8, steps=20, seed=2),
        runs.one(lora_strength=0.4, steps=20, seed=2),
        "left",
        rater="ben",
    )
    ask(tuner, kind="vote", pair=first, outcome="left")
    assert tuner.pair == promised
    ask(tuner, kind="vote", pair=promised, outcome="tie")
    assert (runs.votes["rater"] == "anna").sum() == 2
    assert tuner.progress.endswith("%"), "two raters"


def test_what_comes_next_is_what_was_promised(runs):
    tuner = runs.tuner(rater="anna")
    for outcome in ("left", "skip", "right", "tie", "left", "left"):
        promised = list(tuner.upcoming[outcome])
        ask(tuner, kind="vote", pair=list(tuner.pair), outcome=outcome)
        assert list(tuner.pair) == promised
        assert runs.tuner(rater="anna").pair == promised


def test_a_click_on_the_next_pair_is_kept_when_the_one_before_could_not_be(runs, monkeypatch):
    tuner = runs.tuner(rater="anna")
    log, add = type(runs.source.log.votes), type(runs.source.log.votes).add
    monkeypatch.setattr(type(tuner), "send", lambda *_args, **_options: None)

    def fail(*_):
        raise sf.SegfluxError("The disk is full")

    first, ahead = list(tuner.pair), list(tuner.upcoming["left"])
    monkeypatch.setattr(log, "add", fail)
    ask(tuner, kind="vote", pair=first, outcome="left")
    monkeypatch.setattr(log, "add", add)
    ask(tuner, kind="vote", pair=ahead, outcome="right")
    assert len(runs.votes) == 1
    assert tuner.votes == 1


def test_more_than_three_axes_of_numbers_are_too_many(ws):
    sweep = sf.Sweep(
        prompt="TOK {a} {b}",
        a=["x", "y"],
        b=["x", "y"],
        finetune_id="a",
        lora_strength=[0.4, 0.8, 1.2],
        steps=[5, 6, 7],
    )
    runs = ws.run(sweep)
    ranking = runs.ranking(["lora_strength", "steps", "a", "b"])
    assert str(ranking) == "no votes on lora_strength and steps and a and b yet"


def test_the_export_has_the_votes_and_what_they_say(runs, tmp_path):
    folder = runs.export(tmp_path / "before")
    assert not (folder / "votes.csv").exists()
    assert "What the votes say" not in (folder / "report.html").read_text(encoding="utf-8")
    tuner = runs.tuner(AXES, rater="<anna>")
    judge(runs, tuner, 5)
    folder = runs.export(tmp_path / "after")
    assert (folder / "votes.csv").read_text(encoding="utf-8").count("\n") == 6
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert "What the votes say" in html
    assert f"{runs.ranking(AXES)}".rstrip(".") in html.replace("&#39;", "'")
    assert "5 votes by 1 rater" in html
    assert "<anna>" not in html
