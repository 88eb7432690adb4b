"""Shares of the variance against calculations by other ways."""

import itertools

import numpy as np
import pytest
from scipy import stats

from segflux_nb.analysis.observations import Observations
from segflux_nb.analysis.variance import shares_of


def observations(random, levels, size=12, keep=1.0):
    names = list("abcd")[: len(levels)]
    settings = [
        dict(zip(names, values, strict=True)) for values in itertools.product(*(range(number) for number in levels))
    ]
    rows = sorted(random.permutation(len(settings))[: round(keep * len(settings))])
    vectors = random.normal(size=(len(rows), size)).astype(np.float32)
    vectors += np.array([[3 * settings[at]["a"]] for at in rows]) * random.normal(size=(1, size)).astype(np.float32)
    return Observations.of([settings[at] for at in rows], names, vectors.astype(np.float32), list(map(str, rows)))


def by_term(shares):
    return {share.term: share.share for share in shares}


def test_one_number_a_picture_is_the_analysis_of_variance_of_textbooks():
    """The F of one axis alone, by scipy, from our share: F = (share / (k - 1)) / ((1 - share) / (N - k))."""
    random = np.random.default_rng(1)
    values = random.normal(size=(4, 6)) + np.arange(4)[:, None]
    settings = [{"a": a, "b": b} for a in range(4) for b in range(6)]
    seen = Observations.of(settings, ["a", "b"], values.reshape(-1, 1).astype(np.float32), list(map(str, range(24))))
    share = by_term(shares_of(seen, seed=None))[("a",)]
    expected = stats.f_oneway(*values).statistic
    assert (share / 3) / ((1 - share) / 20) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("levels", [(4, 3), (3, 4, 2), (5, 2, 3, 2)])
@pytest.mark.parametrize("seed", [None, "a", "b"])
def test_shares_of_a_complete_grid_are_those_from_the_distances_of_pairs(levels, seed):
    """Anderson 2001: sums of squares are sums of squared distances of pairs, divided by the size of the group."""
    random = np.random.default_rng(sum(levels))
    seen = observations(random, levels)
    squares = ((seen.vectors[:, None].astype(float) - seen.vectors[None]) ** 2).sum(axis=-1)
    total = squares.sum() / 2 / len(seen)

    def within(columns):
        groups = np.unique(seen.codes[:, columns], axis=0, return_inverse=True)[1].reshape(-1)
        return sum(
            squares[np.ix_(groups == group, groups == group)].sum() / 2 / (groups == group).sum()
            for group in set(groups.tolist())
        )

    found = by_term(shares_of(seen, seed=seed))
    names = list(seen.axes)
    for at, name in enumerate(names):
        assert found[(name,)] == pytest.approx((total - within([at])) / total, abs=1e-5)
    for one, other in itertools.combinations(range(len(names)), 2):
        both = total - within([one, other])
        expected = both / total - found[(names[one],)] - found[(names[other],)]
        assert found[(names[one], names[other])] == pytest.approx(expected, abs=1e-5)


def test_shares_of_a_grid_with_gaps_are_those_of_least_squares_in_order():
    random = np.random.default_rng(3)
    seen = observations(random, (4, 3, 2), keep=0.8)
    assert not seen.is_complete
    vectors = seen.vectors.astype(float) - seen.vectors.mean(axis=0, dtype=float)
    names = list(seen.axes)
    columns = [np.ones((len(seen), 1))]
    left = (vectors**2).sum()
    expected = {}
    for term in [*((name,) for name in names), *itertools.combinations(names, 2)]:
        codes = [seen.codes[:, names.index(name)] for name in term]
        cells = [tuple(row) for row in np.stack(codes, axis=1).tolist()]
        columns.append(np.array([[float(cell == one) for one in sorted(set(cells))] for cell in cells]))
        design = np.hstack(columns)
        fitted = design @ np.linalg.lstsq(design, vectors, rcond=None)[0]
        now = ((vectors - fitted) ** 2).sum()
        expected[term] = (left - now) / (vectors**2).sum()
        left = now
    found = by_term(shares_of(seen, seed="a"))
    assert found == pytest.approx(expected, abs=1e-5)


def test_both_ways_agree_on_a_complete_grid():
    from segflux_nb.analysis import variance

    seen = observations(np.random.default_rng(4), (3, 4, 2))
    exact, projected = variance._divided(seen, "b"), variance._projected(seen, None)
    for term, (squares, freedom) in exact.parts.items():
        assert projected.parts[term] == (pytest.approx(squares, rel=1e-4), freedom)
    assert projected.total[0] == pytest.approx(exact.total[0], rel=1e-5)
    assert projected.total[1] == exact.total[1]


@pytest.mark.parametrize("keep", [1.0, 0.9])
def test_the_interval_is_the_jackknife_over_seeds(keep):
    seen = observations(np.random.default_rng(5), (5, 4), keep=keep)
    found = {share.term: share for share in shares_of(seen, seed="a")}
    without = [by_term(shares_of(seen.without("a", [left]), seed=None)) for left in range(5)]
    for term, share in found.items():
        values = np.array([one[term] for one in without])
        half = stats.t.ppf(0.95, 4) * np.sqrt(4 / 5 * ((values - values.mean()) ** 2).sum())
        assert share.low == pytest.approx(max(0, share.share - half), abs=1e-4)
        assert share.high == pytest.approx(min(1, share.share + half), abs=1e-4)


def test_two_seeds_and_no_seed_have_no_interval():
    seen = observations(np.random.default_rng(6), (2, 4))
    assert all(share.low is None for share in shares_of(seen, seed="a"))
    assert all(share.low is None for share in shares_of(seen, seed=None))


def test_what_is_noise_is_taken_away():
    """Pictures that differ by noise alone: without the correction, an axis of 8 of 24 values has a third of it."""
    random = np.random.default_rng(7)
    settings = [{"a": a, "b": b} for a in range(8) for b in range(3)]
    clean = np.repeat(random.normal(size=(3, 600)), 8, axis=0).reshape(3, 8, 600).swapaxes(0, 1).reshape(24, 600)
    noisy = clean + 0.8 * random.normal(size=clean.shape)
    seen = Observations.of(settings, ["a", "b"], noisy.astype(np.float32), list(map(str, range(24))))
    plain = by_term(shares_of(seen, seed=None))
    corrected = by_term(shares_of(seen, seed=None, noise=0.64 * 600))
    assert plain[("a",)] > 0.1
    assert corrected[("a",)] < 0.02
    assert corrected[("b",)] == pytest.approx(1, abs=0.03)


def test_equal_pictures_have_no_variance_to_share():
    settings = [{"a": a, "b": b} for a in range(2) for b in range(2)]
    seen = Observations.of(settings, ["a", "b"], np.ones((4, 3), dtype=np.float32), list("xxxx"))
    assert {share.share for share in shares_of(seen, seed=None)} == {0.0}


def test_axes_that_move_together_are_one():
    settings = [{"a": a, "b": 10 * a, "c": c} for a in range(3) for c in range(2)]
    seen = Observations.of(settings, ["a", "b", "c"], np.zeros((6, 3), dtype=np.float32), list(map(str, range(6))))
    assert list(seen.axes) == ["a + b", "c"]
    assert seen.axes["a + b"] == ["0, 0", "1, 10", "2, 20"]
    assert seen.is_complete


def test_three_axes_that_move_together_are_one():
    settings = [{"a": a, "b": -a, "c": f"v{a}"} for a in range(3)]
    seen = Observations.of(settings, ["a", "b", "c"], np.zeros((3, 3), dtype=np.float32), list("xyz"))
    assert list(seen.axes) == ["a + b + c"]
    assert len(set(seen.axes["a + b + c"])) == 3


def test_an_axis_with_one_value_is_none_and_of_equal_settings_the_first_counts():
    settings = [{"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 2, "b": 1}]
    vectors = np.array([[0.0], [1.0], [9.0]], dtype=np.float32)
    seen = Observations.of(settings, ["a", "b"], vectors, list("xyz"))
    assert list(seen.axes) == ["a"]
    assert seen.vectors.tolist() == [[0.0], [1.0]]


def test_the_share_of_the_seed_does_not_depend_on_the_order_of_the_axes():
    random = np.random.default_rng(7)
    seen = observations(random, (4, 3, 5), keep=0.7)
    turned = Observations(dict(reversed(seen.axes.items())), seen.codes[:, ::-1], seen.vectors, seen.identities)
    one, other = by_term(shares_of(seen, seed="c")), by_term(shares_of(turned, seed="c"))
    assert one[("c",)] == pytest.approx(other[("c",)])
    assert list(one)[:3] == [("a",), ("b",), ("c",)]
    assert list(other)[:3] == [("c",), ("b",), ("a",)]
    assert list(one)[3:] == [("a", "b"), ("a", "c"), ("b", "c")]
