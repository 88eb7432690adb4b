"""Which pair of pictures is judged next: balanced over seeds, and the one that tells most."""

from collections import Counter
from itertools import product

import numpy as np
import pytest

from segflux_nb.voting.choosing import Judged, PairChoice
from segflux_nb.voting.ranking import rank
from tests.support.people import Study, Taste

STRENGTHS = [0.4, 0.6, 0.8, 1.0, 1.2, 1.4]
ONE_AXIS = Taste({"lora_strength": STRENGTHS}, 5, {"lora_strength": 12})


def choice(axes, seeds):
    places = list(product(*axes.values()))
    blocks = {seed: {place: f"{seed}:{place}" for place in places} for seed in range(seeds)}
    return PairChoice(axes, blocks, {seed: seed for seed in blocks})


def place_of(run):
    return eval(run.split(":")[1])


def test_the_same_votes_and_rater_give_the_same_pair_and_seeds_take_turns():
    study, again = Study(ONE_AXIS, 1), Study(ONE_AXIS, 1)
    study.vote(40)
    again.vote(40)
    assert study.judged == again.judged
    seeds = Counter(one.left.split("/")[0] for one in study.judged)
    assert set(seeds.values()) == {8}
    assert all(one.left.split("/")[0] == one.right.split("/")[0] for one in study.judged)


def test_each_rater_sees_all_seeds_whoever_voted_before():
    chooser, judged = choice({"lora_strength": STRENGTHS}, 4), []
    for rater, times in (("anna", 6), ("ben", 8)):
        for _ in range(times):
            judged.append(Judged(*chooser.next(judged, rater), "tie", rater))
        own = Counter(one.left[0] for one in judged if one.rater == rater)
        assert max(own.values()) - min(own.values()) <= 1
    assert {chooser.next([], name) for name in "abcdefgh"} != {chooser.next([], "anna")}


def test_sides_are_drawn_by_chance():
    study = Study(Taste({"lora_strength": STRENGTHS}, 8, {"lora_strength": 12}), 2)
    study.vote(200)
    lower = sum(place_left < place_right for place_left, place_right in (
        (vote.left, vote.right) for vote in study.votes()
    ))  # fmt: skip
    assert 70 < lower < 130


@pytest.mark.parametrize("outcome", ["left", "right", "tie", "skip"])
def test_no_pair_of_pictures_is_shown_twice_in_a_row(outcome):
    chooser = choice({"lora_strength": [0.4, 0.8, 1.2]}, 1)
    judged = []
    for _ in range(12):
        pair = chooser.next(judged, "anna")
        assert not judged or set(pair) != {judged[-1].left, judged[-1].right}
        judged.append(Judged(*pair, outcome, "anna"))
    assert len({frozenset((one.left, one.right)) for one in judged}) == 3, "all of them have their turn"


def test_with_one_pair_only_that_one_is_shown():
    chooser = choice({"lora_strength": [0.4, 0.8]}, 1)
    first = chooser.next([], "anna")
    assert set(chooser.next([Judged(*first, "left", "anna")], "anna")) == set(first)
    assert choice({"lora_strength": [0.4]}, 3).next([], "anna") is None


def test_of_samplers_the_leaders_are_compared_most():
    names = ["a", "b", "c", "d", "e", "f"]
    likes = dict(zip(names, (2.0, 1.8, 0.0, -1.0, -2.0, -2.0), strict=True))
    study = Study(Taste({"sampler_name": names}, 6, {}, likes={"sampler_name": likes}), 3)
    study.vote(90)
    late = Counter(value for vote in study.votes()[45:] for value in (vote.left, vote.right))
    assert late["a"] + late["b"] > 1.5 * (late["e"] + late["f"])


def test_an_axis_with_hundreds_of_names_is_balanced():
    chooser = choice({"seed": list(range(300))}, 1)
    judged = []
    for _ in range(20):
        judged.append(Judged(*chooser.next(judged, "anna"), "left", "anna"))
    assert len({frozenset((one.left, one.right)) for one in judged}) == 20


def test_pairs_of_several_axes_differ_in_one_or_in_several():
    axes = {"lora_strength": STRENGTHS, "steps": [10, 20, 30], "sampler_name": ["euler", "heun"]}
    chooser, judged = choice(axes, 3), []
    for _ in range(40):
        judged.append(Judged(*chooser.next(judged, "anna"), "tie", "anna"))
    apart = {sum(a != b for a, b in zip(place_of(one.left), place_of(one.right), strict=True)) for one in judged}
    assert len(apart) > 1


def test_a_large_grid_is_chosen_from_in_part():
    axes = {"lora_strength": [round(0.1 * at, 1) for at in range(20)], "steps": list(range(5, 45))}
    assert choice(axes, 2).next([], "anna") is not None


def test_chosen_votes_find_the_peak_better_than_balanced_ones():
    errors = {True: [], False: []}
    for balanced in errors:
        for number in range(10):
            study = Study(ONE_AXIS, number)
            study.vote(16, balanced=balanced)
            errors[balanced].append(
                abs(rank("lora_strength", STRENGTHS, study.votes()).best - study.peak["lora_strength"])
            )
    assert np.mean(errors[False]) < np.mean(errors[True])
