"""How far votes are, in words."""

import pytest

from segflux_nb.voting.belief import Cast
from segflux_nb.voting.joint import rank_jointly
from segflux_nb.voting.progress import Judgement, agreement, progress
from segflux_nb.voting.ranking import LEFT, POINTS_OF, RIGHT, TIE, Vote, rank
from tests.support.people import SIX, Study, along

AXIS = "lora_strength"


def judged(rater, left, right, outcome, seed):
    pictures = (f"{left}/{seed}", f"{right}/{seed}")
    return Judgement(rater, pictures, Cast((left,), (right,), POINTS_OF[outcome], seed))


def judgements(study, rater="anna"):
    votes = zip(study.judged, study.cast(), strict=True)
    return [Judgement(rater, (one.left, one.right), cast) for one, cast in votes]


def said(votes, sharpness):
    study = Study(along(SIX, 5, sharpness, quirk=0.1), 7)
    study.vote(votes)
    return progress({AXIS: SIX}, rank(AXIS, SIX, study.votes()), judgements(study))


def test_it_says_the_peak_and_how_many_more_votes_it_takes():
    early, late = said(10, 8), said(100, 30)
    assert early.split("; ")[1].startswith("about ")
    assert early.endswith(" more votes for ±0.1")
    assert late.endswith("; enough votes for ±0.1"), "±0.1 is what was wanted, and not what came out"
    assert progress({AXIS: SIX}, rank(AXIS, SIX, []), []) == "no votes yet"
    one = [judged("anna", 0.4, 0.8, RIGHT, 1)]
    assert progress({AXIS: SIX}, rank(AXIS, SIX, [Vote(0.4, 0.8, RIGHT, 1)]), one) != ""


def test_where_seeds_differ_more_seeds_tell_more_than_votes():
    study = Study(along([round(0.4 + 0.1 * at, 1) for at in range(11)], 3, 8, quirk=0.0, shift=0.3), 1)
    study.vote(120)
    values = study.taste.axes[AXIS]
    text = progress({AXIS: values}, rank(AXIS, values, study.votes()), judgements(study))
    assert "more seeds tell more" in text


def test_raters_agree_as_far_as_they_say_the_same_about_the_same_pictures():
    same = [judged("anna", 0.4, 0.8, RIGHT, seed) for seed in range(6)]
    swapped = [judged("ben", 0.8, 0.4, LEFT, seed) for seed in range(6)]
    axes = {AXIS: SIX}
    assert agreement(axes, same) is None
    assert agreement(axes, same + swapped) == 1
    opposite = [judged("ben", 0.4, 0.8, LEFT, seed) for seed in range(6)]
    assert agreement(axes, same + opposite) == 0
    halves = [judged("ben", 0.4, 0.8, TIE, seed) for seed in range(6)]
    assert agreement(axes, same + halves) == 0.5
    assert agreement(axes, [*same, *swapped, *(vote._replace(rater="eve") for vote in opposite)]) == pytest.approx(
        1 / 3
    )


def test_without_common_pictures_a_model_tells_whether_they_agree():
    anna = [judged("anna", 0.4, 0.8, RIGHT, seed) for seed in range(4)]
    anna += [judged("anna", 0.8, 1.4, LEFT, seed) for seed in range(4)]
    ben = [judged("ben", 0.6, 0.8, RIGHT, seed) for seed in range(5, 9)]
    assert agreement({AXIS: SIX}, anna + ben) == 1
    against = [judged("ben", 0.6, 0.8, LEFT, seed) for seed in range(5, 9)]
    assert agreement({AXIS: SIX}, anna + against) < 0.6
    ranking = rank(AXIS, SIX, [Vote(*one.cast.left, *one.cast.right, LEFT, one.cast.block) for one in anna + ben])
    assert progress({AXIS: SIX}, ranking, anna + ben).endswith("2 raters agree in 100 %")


def test_of_several_axes_each_has_its_distance():
    axes = {AXIS: SIX, "steps": [10, 20, 30]}
    cast = [Cast((0.8, 20), (1.4, 30), 1.0, seed) for seed in range(4)]
    cast += [Cast((0.8, 20), (0.4, 10), 1.0, seed) for seed in range(4)]
    text = progress(axes, rank_jointly(axes, cast), [])
    assert "for ±0.1 and ±5" in text
