"""Curves along an axis of numbers, against what the simulator knows."""

import numpy as np
import pytest
from scipy import optimize, stats

from segflux_nb.analysis.curves import curve_of

from .simulated import random_study, study_rows


def rows_of(peaks, burnt=None, line=""):
    """Rows from a table of `drift_peak`, and one of overcooking: by seed, then by strength."""
    return [
        {"line": line, "value": value, "seed": seed, "drift_peak": peak, "overcooking": (burnt or {}).get(value, 0.0)}
        for seed, row in enumerate(peaks)
        for value, peak in row.items()
    ]


STRENGTHS = [round(0.1 * at, 1) for at in range(11)]


def test_the_subject_is_there_where_two_thirds_of_the_way_are_done():
    rising = {value: 30 * min(value, 0.4) / 0.4 for value in STRENGTHS}
    (line,) = curve_of(rows_of([rising, rising, rising]), "lora_strength").lines
    assert line.present.value == pytest.approx(0.4 * 2 / 3)
    between = 1.645 * 0.1 / np.sqrt(12)  # seeds agree: what is left is the distance of the values that were tried
    assert (line.present.low, line.present.high) == pytest.approx((0.8 / 3 - between, 0.8 / 3 + between))


def test_its_interval_is_students_over_seeds_and_what_lies_between_values():
    seeds = [{value: 30 * min(value, knee) / knee for value in STRENGTHS} for knee in (0.3, 0.4, 0.5)]
    (line,) = curve_of(rows_of(seeds), "lora_strength").lines
    found = np.array([0.2, 0.8 / 3, 1 / 3])
    low, high = stats.t.interval(0.9, 2, loc=found.mean(), scale=stats.sem(found))
    mean, between = found.mean(), 1.645 * 0.1 / np.sqrt(12)
    expected = (mean, mean - np.hypot(mean - low, between), mean + np.hypot(high - mean, between))
    assert (line.present.value, line.present.low, line.present.high) == pytest.approx(expected)


def test_one_value_after_the_bend_leaves_it_open_where_between_it_lies():
    rising = {value: 30 * min(value, 0.4) / 0.4 for value in STRENGTHS}
    (line,) = curve_of(rows_of([rising, rising], {1.0: 0.5}), "lora_strength").lines
    assert line.burning.value == pytest.approx(0.95, abs=0.01)
    assert line.burning.low < 0.9 < 1.0 == line.burning.high


def test_the_bend_is_that_of_least_squares():
    random = np.random.default_rng(1)
    burnt = {value: max(0.0, value - 0.63) * 1.3 + 0.01 * float(random.normal()) for value in STRENGTHS}
    rising = {value: 30 * min(value, 0.4) / 0.4 for value in STRENGTHS}
    (line,) = curve_of(rows_of([rising, rising], burnt), "lora_strength").lines

    def bent(x, start, slope, place, more):
        return start + slope * x + more * np.maximum(0, x - place)

    fitted, _ = optimize.curve_fit(bent, np.array(list(burnt)), np.array(list(burnt.values())), p0=[0, 0, 0.6, 1])
    assert line.burning.value == pytest.approx(fitted[2], abs=0.005)


def test_what_does_not_rise_does_not_burn():
    rising = {value: 30 * min(value, 0.4) / 0.4 for value in STRENGTHS}
    curve = curve_of(rows_of([rising, rising], {1.0: 0.04}), "lora_strength")
    assert curve.lines[0].burning is None
    assert "no burning up to 1 " in str(curve)


def test_one_seed_has_no_interval_and_few_values_no_bend():
    rising = {value: 30 * min(value, 0.4) / 0.4 for value in STRENGTHS}
    (line,) = curve_of(rows_of([rising]), "lora_strength").lines
    assert line.present.low is None
    few = {0.0: 0.0, 0.5: 20.0, 1.0: 20.0}
    curve = curve_of(rows_of([few], {1.0: 2.0}), "lora_strength")
    assert curve.lines[0].burning is None
    assert curve.lines[0].present.value == pytest.approx(1 / 3)


def test_nothing_that_moves_has_no_beginning():
    still = dict.fromkeys(STRENGTHS, 0.0)
    assert "whether the subject is there cannot be told from 0 to 1" in str(
        curve_of(rows_of([still]), "lora_strength")
    )


def test_gaps_and_repetitions_are_averaged_where_they_are():
    rows = [
        {"line": "", "value": value, "seed": seed, "drift": number}
        for value, seed, number in [(0.5, 1, 2.0), (0.5, 1, 4.0), (0.5, 2, 5.0), (1.0, 1, 7.0), (1.0, 2, None)]
    ]
    frame = curve_of(rows, "lora_strength").df
    assert frame["drift"].tolist() == [4.0, 7.0]
    low, high = stats.t.interval(0.9, 1, loc=4, scale=stats.sem([3, 5]))
    assert low < 0, "but a distance is not"
    assert (frame.drift_low[0], frame.drift_high[0]) == pytest.approx((0, high))
    assert np.isnan(frame.drift_low[1])


def test_several_fine_tunes_are_lines():
    one = {value: 30 * min(value, 0.4) / 0.4 for value in STRENGTHS}
    other = {value: 30 * min(value, 0.8) / 0.8 for value in STRENGTHS}
    curve = curve_of(rows_of([one], line="a") + rows_of([other], line="b"), "lora_strength")
    assert [line.name for line in curve.lines] == ["a", "b"]
    middle = float(np.median([min(value, 0.8) for value in STRENGTHS[1:]]))
    assert curve.knees.present.tolist() == pytest.approx([0.8 / 3, 2 / 3 * middle])
    assert str(curve).startswith("a: the subject is there from 0.27; no burning up to 1 (1 seed, 11 values")
    assert repr(curve) == str(curve)


def test_with_photos_the_likeness_says_where_the_subject_is():
    rows = rows_of([{value: 30 * min(value, 0.4) / 0.4 for value in STRENGTHS}] * 2)
    for row in rows:
        row["likeness"] = 0.2 + 0.6 * min(row["value"], 0.8) / 0.8
    (line,) = curve_of(rows, "lora_strength").lines
    level = 0.2 + 2 / 3 * float(np.median([0.6 * min(value, 0.8) / 0.8 for value in STRENGTHS[1:]]))
    assert line.present.value == pytest.approx((level - 0.2) / 0.6 * 0.8, abs=1e-6)


def studies(number, seed):
    """How far the subject's beginning and the burning are found from the truth, in studies of four seeds."""
    random = np.random.default_rng(seed)
    apart, held = [], []
    for _ in range(number):
        finetune, truth, strengths = random_study(random)
        seeds = [int(one) for one in random.integers(0, 2**31, 4)]
        (line,) = curve_of(study_rows(finetune, strengths, seeds), "lora_strength").lines
        found = [(line.present, truth.present), (line.burning, truth.burning)]
        apart.append([one.value - true if one is not None else 9.0 for one, true in found])
        held.append([one is not None and one.low <= true <= one.high for one, true in found])
    return np.array(apart), np.array(held)


def test_a_curve_finds_what_the_simulator_knows():
    apart, _ = studies(6, seed=1)
    assert (np.abs(apart) <= 0.1).mean() >= 0.9


@pytest.mark.long
def test_two_hundred_studies():
    apart, held = studies(200, seed=2)
    within = np.abs(apart) <= 0.1
    both = within.all(axis=1).mean()
    print(
        f"\nwithin 0.1: subject {within[:, 0].mean():.1%}, burning {within[:, 1].mean():.1%}, both {both:.1%};",
        end=" ",
    )
    print(f"mean error {apart.mean(axis=0).round(3)}; the interval holds the truth in {held.mean(axis=0).round(2)}")
    assert both >= 0.9
