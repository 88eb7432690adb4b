"""Verdicts and sentences; and sweeps with a planted axis that does nothing."""

import numpy as np
import pytest

from segflux_nb.analysis.effects import AtZero, effects_of
from segflux_nb.analysis.observations import Observations
from segflux_nb.analysis.vectors import differences
from segflux_nb.analysis.verdicts import BELOW, INERT, MATTERS, UNMEASURED, Noise, verdict_of

from .simulated import SimulatedSweep, random_axes


def observations(values, random=None, noise=0.0):
    """Pictures of one colour, by seed and sampler: the value is their level on the first axis of Lab."""
    settings = [{"seed": seed, "sampler_name": name} for seed in values for name in values[seed]]
    levels = np.array([level for row in values.values() for level in row.values()], dtype=np.float32)
    vectors = np.repeat(levels[:, None], 12, axis=1)
    vectors[:, 1::3] = vectors[:, 2::3] = 0
    identities = [f"{level}" for level in levels]
    return Observations.of(settings, ["seed", "sampler_name"], vectors, identities)


ALIKE = {seed: {"euler": 10.0 * seed, "ddim": 10.0 * seed, "heun": 10.0 * seed + 3} for seed in range(1, 7)}


def noise_of(difference, number=3):
    return Noise(differences=(difference,) * number)


def test_an_axis_is_inert_where_all_pairs_are_equal():
    seen = observations({seed: {"euler": seed, "ddim": seed} for seed in range(4)})
    found = verdict_of(seen, "sampler_name", Noise())
    assert (found.word, found.equal, found.pairs, found.more) == (INERT, 4, 4, None)
    assert "sampler_name: 0 %" in str(effects_of(seen))
    assert "inert: equal pictures in 4 of 4 pairs" in str(effects_of(seen))


def test_values_that_are_equal_are_named_where_another_one_is_not():
    effects = effects_of(observations(ALIKE), noise_of(0.5))
    assert "sampler_name: euler = ddim in 6 of 6 pairs" in effects.lines
    assert next(one for one in effects.verdicts if one.axis == "sampler_name").word == MATTERS
    frame = effects.values
    row = frame[(frame.one == "euler") & (frame.other == "ddim")].iloc[0]
    assert (row.equal, row.pairs, row.verdict) == (6, 6, INERT)


def test_without_a_probe_the_verdict_says_that_no_noise_was_measured():
    effects = effects_of(observations(ALIKE))
    assert [verdict.word for verdict in effects.verdicts] == [UNMEASURED, UNMEASURED]
    assert effects.lines[-1] == (
        "No noise was measured: ws.probe(runs) measures how much the service differs from itself"
    )


@pytest.mark.parametrize(("noise", "word"), [(0.0, MATTERS), (1.9, MATTERS), (2.1, BELOW)])
def test_a_difference_is_real_above_one_and_a_half_times_the_noise(noise, word):
    assert verdict_of(observations(ALIKE), "sampler_name", noise_of(noise)).word == word


def test_the_two_values_that_differ_most_decide_not_the_mean_of_all():
    many = {seed: {f"s{at}": 10.0 * seed + (5 if at == 9 else 0.001 * at) for at in range(10)} for seed in range(4)}
    found = verdict_of(observations(many), "sampler_name", noise_of(1.0))
    assert found.difference < 1
    assert (found.word, found.largest.one, found.largest.other) == (MATTERS, "s0", "s9")


def test_pairs_that_are_mostly_equal_are_not_inert():
    values = {seed: {"euler": seed, "ddim": seed + (5 if seed == 3 else 0)} for seed in range(6)}
    found = verdict_of(observations(values), "sampler_name", noise_of(1.0))
    assert (found.word, found.equal) == (BELOW, 5)
    assert verdict_of(observations(values), "sampler_name", Noise()).word == UNMEASURED


def test_how_many_more_pairs_would_tell():
    values = {seed: {"euler": 0.0, "ddim": 2.0 + (-1) ** seed * 0.7} for seed in range(6)}
    found = verdict_of(observations(values), "sampler_name", noise_of(1.2))
    spread = 1.4826 * 0.7  # by hand: the median absolute deviation of 1.3 and 2.7 is 0.7
    assert found.more == int(np.ceil((1.645 * 1.253 * spread / 0.2) ** 2)) - 6
    assert f"{found.more} more pairs would tell" in str(effects_of(observations(values), noise_of(1.2)))
    assert verdict_of(observations(values), "sampler_name", noise_of(0.1)).more is None


def test_noise_comes_from_all_pairs_of_takes():
    takes = np.zeros((3, 12), dtype=np.float32)
    takes[1, 0::3] = 1
    takes[2, 0::3] = 3
    noise = Noise.of([takes, takes[:1]])
    assert sorted(noise.differences) == [1, 2, 3]
    assert noise.typical == 2
    assert noise.variance == pytest.approx(4 * np.var([0, 1, 3], ddof=1))


def test_a_long_axis_is_compared_with_neighbours_and_opposites():
    values = {seed: {f"s{at}": float(at) for at in range(70)} for seed in range(3)}
    found = verdict_of(observations(values), "sampler_name", noise_of(1.0))
    assert found.pairs == 3 * (69 + 35)
    assert found.word == MATTERS


def test_an_axis_without_pairs_says_it():
    settings = [{"seed": 1, "steps": 5}, {"seed": 2, "steps": 9}, {"seed": 3, "steps": 9}]
    seen = Observations.of(settings, ["seed", "steps"], np.eye(3, dtype=np.float32), list("abc"))
    assert verdict_of(seen, "steps", Noise()).pairs == 0
    assert "no two pictures differ in it alone" in str(effects_of(seen))


def test_text_and_frame_are_the_same_each_time():
    seen, noise = observations(ALIKE), noise_of(0.4)
    one, other = effects_of(seen, noise), effects_of(seen, noise)
    assert repr(one) == repr(other) == str(one)
    assert one.df.equals(other.df)
    assert list(one.df.columns) == [
        *("term", "share", "low", "high", "verdict", "pairs", "equal", "difference", "largest", "noise", "more_pairs")
    ]
    assert one.df.term.tolist() == ["seed", "sampler_name", "seed × sampler_name"]
    assert one.df.share.sum() == pytest.approx(1)


def test_the_text_of_a_grid_with_gaps_says_approximately():
    values = {seed: dict(row) for seed, row in ALIKE.items()}
    del values[2]["heun"]
    text = str(effects_of(observations(values)))
    assert "about " in text
    assert "The shares are approximate: 1 cell of 18 has no picture" in text


def test_fine_tunes_that_differ_at_zero_are_in_the_text():
    effects = effects_of(observations(ALIKE), at_zero=[AtZero("a", "b", 4, 2, 3.21)])
    assert effects.lines[-1] == (
        "At lora_strength 0, a and b give different pictures in 2 of 4 pairs (up to ΔE 3.2):"
        " 0 should be the base model for both"
    )


def test_nothing_varies():
    seen = Observations.of([{}], [], np.zeros((1, 12), dtype=np.float32), ["a"])
    assert str(effects_of(seen)) == "1 picture\nNo axis varies: there is nothing to compare"
    assert len(effects_of(seen).df) == 0


def test_differences_of_pairs_are_means_of_distances_by_hand():
    random = np.random.default_rng(1)
    vectors = random.normal(size=(4, 30)).astype(np.float32)
    by_hand = np.mean([np.linalg.norm(vectors[0, at : at + 3] - vectors[2, at : at + 3]) for at in range(0, 30, 3)])
    assert differences(vectors, [0], [2])[0] == pytest.approx(by_hand, rel=1e-6)


def simulate(number, seed, missing=0.0):
    """The mistakes in simulated sweeps, and the largest error of a share."""
    random = np.random.default_rng(seed)
    false, missed, live, small, errors = 0, 0, 0, 0, []
    seeds = [int(seed) for seed in random.integers(0, 2**31, max(5, number // 5))]
    for _ in range(number):
        axes = random_axes(random, seeds)
        sweep = SimulatedSweep(random, axes, planted=int(random.integers(2, 4)), missing=missing)
        noise = Noise.of([sweep.takes])
        false += verdict_of(sweep.noisy, SimulatedSweep.INERT, noise).word == MATTERS
        axis = list(axes)[1]
        clean = verdict_of(sweep.clean, axis, Noise()).difference
        if clean is not None and clean >= 2 * noise.typical:
            live += 1
            missed += verdict_of(sweep.noisy, axis, noise).word != MATTERS
        else:
            small += 1
        whole = effects_of(sweep.whole).shares
        found = effects_of(sweep.noisy, noise).shares
        errors.append(max(abs(one.share - other.share) for one, other in zip(found, whole, strict=True)))
    return false, missed, live, small, errors


def test_a_planted_axis_is_found_out_and_a_live_one_is_not_missed():
    false, missed, live, small, errors = simulate(50, seed=1)
    assert false == 0
    assert live >= 20
    assert small >= 10
    assert missed == 0
    assert max(errors) < 0.02


@pytest.mark.long
def test_a_thousand_simulated_sweeps():
    false, missed, live, small, errors = simulate(1000, seed=2)
    print(f"\n{false} false alarms in 1,000; {missed} missed of {live}, {small} were smaller;", end=" ")
    print(f"shares within {max(errors):.4f}")
    assert false <= 10
    assert missed == 0
    assert max(errors) < 0.02


@pytest.mark.long
@pytest.mark.parametrize("missing", [0.10, 0.25])
def test_shares_of_grids_with_gaps(missing):
    *_, errors = simulate(200, seed=3, missing=missing)
    print(
        f"\n{missing:.0%} missing: median error {np.median(errors):.3f}, 95 % below {np.quantile(errors, 0.95):.3f}"
    )
    assert np.median(errors) < 0.05
