"""Whether intervals and regions keep their word: studies of people whose taste is known, with pairs that are chosen.

The peak is drawn at random within the axis. `benchmarks/voting.py` prints the same with balanced pairs beside it.
"""

import numpy as np
import pytest

from segflux_nb.voting.joint import rank_jointly
from segflux_nb.voting.ranking import rank
from tests.support.people import JOINT, SETTINGS, VOTES_NEEDED, Study

AXIS = "lora_strength"
SHORT = {"5 seeds, 16 votes": 20, "5 seeds, 34 votes": 12}


def coverage(name, studies):
    taste, votes = SETTINGS[name]
    covered = 0
    for number in range(studies):
        study = Study(taste, number)
        study.vote(votes)
        found = rank(AXIS, taste.axes[AXIS], study.votes())
        covered += found.low - 1e-6 <= study.peak[AXIS] <= found.high + 1e-6
    return covered / studies


def coverage_of_regions(name, studies):
    taste, votes = JOINT[name]
    covered = 0
    for number in range(studies):
        study = Study(taste, number)
        study.vote(votes)
        covered += study.peak in rank_jointly(taste.axes, study.cast()).region
    return covered / studies


@pytest.mark.parametrize("name", SHORT)
def test_the_interval_covers_the_peak(name):
    assert coverage(name, SHORT[name]) >= 0.67  # with a coverage of 0.92, less than 1 in 400 times


@pytest.mark.long
@pytest.mark.parametrize("name", SETTINGS)
def test_the_interval_covers_the_peak_as_often_as_it_says(name):
    assert 0.88 <= coverage(name, 2000) <= 0.96


def test_the_region_covers_the_peak():
    assert coverage_of_regions("2 axes, 5 seeds, 40 votes", 5) >= 0.5


@pytest.mark.long
@pytest.mark.parametrize("name", JOINT)
def test_the_region_covers_the_peak_often_enough(name):
    assert coverage_of_regions(name, 2000) >= 0.85


@pytest.mark.long
@pytest.mark.parametrize("name", VOTES_NEEDED)
def test_eighteen_chosen_votes_are_as_good_as_34_balanced_ones(name):
    errors = {}
    for balanced, votes in ((True, 34), (False, 18)):
        found = []
        for number in range(1000):
            study = Study(VOTES_NEEDED[name], number)
            study.vote(votes, balanced=balanced)
            best = rank(AXIS, study.taste.axes[AXIS], study.votes()).best
            found.append(abs(best - study.peak[AXIS]))
        errors[balanced] = np.mean(found)
    assert errors[False] <= errors[True]
