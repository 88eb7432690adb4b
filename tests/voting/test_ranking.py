"""Rankings from votes of simulated people, whose preferences are known."""

from functools import cache

import numpy as np
import pytest

from segflux_nb.voting.pairing import next_pair
from segflux_nb.voting.ranking import LEFT, RIGHT, SKIP, TIE, Vote, rank

STRENGTHS = [0.4, 0.6, 0.8, 1.0, 1.2, 1.4]


@cache
def pairs(seeds, votes):
    """Which pictures are shown, one pair after the other."""
    blocks = {seed: {value: f"{value}/{seed}" for value in STRENGTHS} for seed in range(seeds)}
    judged = []
    for _ in range(votes):
        judged.append(next_pair(blocks, judged, "simulated"))
    return [[(float(value), int(seed)) for value, seed in (run.split("/") for run in pair)] for pair in judged]


def people(random_, *, seeds, votes, peak, sharpness, spread=0.4, ties=0.1):
    """Votes of people who like `peak` best; what a seed does to a value is its own."""
    taste = {value: -sharpness * (value - peak) ** 2 for value in STRENGTHS}
    quirk = {(value, seed): random_.normal(0, spread) for value in STRENGTHS for seed in range(seeds)}
    cast = []
    for (left, seed), (right, _) in pairs(seeds, votes):
        odds = taste[left] + quirk[left, seed] - taste[right] - quirk[right, seed]
        wins = random_.random() < 1 / (1 + np.exp(-odds))
        outcome = TIE if random_.random() < ties else LEFT if wins else RIGHT
        cast.append(Vote(left, right, outcome, seed))
    return cast


def test_more_votes_narrow_it():
    random_ = np.random.default_rng(0)
    widths = []
    for votes in (40, 400):
        found = [
            rank("lora_strength", STRENGTHS, people(random_, seeds=8, votes=votes, peak=0.9, sharpness=8))
            for _ in range(20)
        ]
        widths.append(np.mean([ranking.high - ranking.low for ranking in found]))
    assert widths[1] < widths[0] / 2


def test_the_sentence():
    cast = people(np.random.default_rng(1), seeds=5, votes=90, peak=0.8, sharpness=25, spread=0.1)
    ranking = rank("lora_strength", STRENGTHS, cast)
    assert str(ranking).startswith("best 0.")
    assert str(ranking).endswith(", 5 seeds, 90 votes")
    assert ranking.best == pytest.approx(0.8, abs=0.06)
    assert ranking.low < ranking.best < ranking.high
    assert ranking.scores["value"][0] == 0.8
    assert ranking.scores["judged"].sum() == 180


def test_samplers_are_ranked_by_score_with_those_that_are_not_clearly_worse():
    cast = [Vote("euler", "heun", LEFT if seed else TIE, seed) for seed in range(6)]
    cast += [Vote("heun", "lcm", LEFT, seed) for seed in range(6)] + [Vote("euler", "lcm", LEFT, 1)]
    ranking = rank("sampler_name", ["lcm", "euler", "heun"], cast)
    assert ranking.scores["value"].tolist() == ["euler", "heun", "lcm"]
    assert (ranking.best, ranking.low) == ("euler", None)
    assert "lcm" not in ranking.others
    even = rank("sampler_name", ["euler", "heun"], [Vote("euler", "heun", TIE, seed) for seed in range(4)])
    assert str(even) == "best euler, not clearly above heun, 4 seeds, 4 votes"


def test_seeds_are_names_and_not_a_scale():
    cast = [Vote(2, other, LEFT, block) for other in (1, 900) for block in range(4)]
    ranking = rank("seed", [1, 2, 900], cast, unit="value of steps")
    assert (ranking.best, ranking.low) == (2, None)
    assert str(ranking).endswith("4 values of steps, 8 votes")


def test_ties_count_half_to_both_and_skips_nothing():
    ranking = rank("sampler_name", ["euler", "heun"], [Vote("euler", "heun", TIE, 1), Vote("euler", "heun", SKIP, 2)])
    assert ranking.votes == 1
    assert ranking.scores["score"].tolist() == [0.0, 0.0]
    assert ranking.scores["won"].tolist() == [0.5, 0.5]


def test_without_votes_and_with_one_seed():
    assert str(rank("lora_strength", STRENGTHS, [])) == "no votes on lora_strength yet"
    one = rank("lora_strength", STRENGTHS, [Vote(0.4, 0.8, RIGHT, 1), Vote(0.8, 1.4, LEFT, 1)])
    assert one.low is None
    assert str(one).endswith("1 seed, 2 votes. One seed does not show whether it holds for others")


def test_what_always_wins_stays_finite():
    cast = [Vote(0.8, other, LEFT, seed) for other in STRENGTHS if other != 0.8 for seed in range(3)]
    assert np.isfinite(rank("lora_strength", STRENGTHS, cast).scores["score"]).all()


def test_a_best_value_at_an_end_names_the_direction():
    cast = people(np.random.default_rng(3), seeds=6, votes=120, peak=1.9, sharpness=4, spread=0.1)
    ranking = rank("lora_strength", STRENGTHS, cast)
    assert ranking.best == 1.4
    assert "above what was tried" in str(ranking)


# ---------------------------------------------------------------- which pair is next


def test_pairs_are_of_one_block_and_balanced():
    blocks = {seed: {value: f"{value}/{seed}" for value in STRENGTHS} for seed in range(4)}
    judged = []
    for _ in range(4 * 15):
        judged.append(next_pair(blocks, judged, "anna"))
    assert all(left.split("/")[1] == right.split("/")[1] for left, right in judged)
    assert len({frozenset(pair) for pair in judged}) == 60, "each pair once before any twice"
    assert next_pair(blocks, judged, "anna") is not None, "and then a second time"


def test_sides_are_random_and_raters_see_another_order():
    blocks = {seed: {value: f"{value}/{seed}" for value in STRENGTHS} for seed in range(20)}
    judged = []
    for _ in range(300):
        judged.append(next_pair(blocks, judged, "anna"))
    lower = sum(left < right for left, right in judged)
    assert 110 < lower < 190
    assert next_pair(blocks, [], "anna") == next_pair(blocks, [], "anna")
    assert {next_pair(blocks, [], name) for name in "abcdef"} != {next_pair(blocks, [], "anna")}


def test_no_block_with_two():
    assert next_pair({1: {0.4: "a"}, 2: {0.8: "b"}}, [], "anna") is None
