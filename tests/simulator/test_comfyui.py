"""The flow held against numbers that ComfyUI's own functions gave: values, not code.

``golden/comfyui.json`` has the ends of ComfyUI's sampler functions at commit a125cd84 (2025-10-12), computed in
float64 for the denoiser and the noise below and the start 1.3, and sums of the levels of its schedulers, which are
float32. For `dpmpp_sde` its two halves of a step were taken from one Brownian path with these draws.

`EARLIER` is the mixture of 64 numbers that the shares of variance and the deviations were published for.
"""

import functools
import itertools
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from segflux_nb.simulator.flow import generate, mixture, multistep, schedulers, stochastic
from tests.support.service import BODY

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "comfyui.json").read_text(encoding="utf-8"))
NOT_COMFYUI = {"ddpm", "euler_pp", "euler_ancestral_pp"}
"""What no ComfyUI that knows flows computes."""


def ideal(x, s):
    """The ideal denoiser of two Gaussians in one dimension."""
    means, shares, spread = np.array([-1.0, 2.0]), np.array([0.3, 0.7]), 0.55
    keep = 1 - s
    variance = keep**2 * spread**2 + s**2
    off = x - keep * means
    posterior = shares * np.exp(-0.5 * off**2 / variance)
    posterior /= posterior.sum()
    return np.array([(posterior * (means + keep * spread**2 / variance * off)).sum()])


def end_of(name, scheduler, steps):
    """Where a sampler ends, and how often it called the denoiser."""
    sigmas = generate.levels(name, scheduler, steps)
    draws = (np.array([1.5 * math.sin(3 * n + 1)]) for n in range(200))
    calls = []

    def model(x, s):
        calls.append(s)
        return ideal(x, s)

    return generate.SAMPLERS[name](model, np.array([1.3 * sigmas[0]]), sigmas, lambda: next(draws))[0], len(calls)


@pytest.mark.parametrize("scheduler", sorted(schedulers.SCHEDULERS))
@pytest.mark.parametrize("name", sorted(GOLDEN["ends"]))
def test_ends_are_those_of_comfyui(name, scheduler):
    for steps, expected in GOLDEN["ends"][name][scheduler].items():
        end, calls = end_of(name, scheduler, int(steps))
        assert end == pytest.approx(expected, abs=1e-6), steps
        if name == "dpm_adaptive":
            assert calls == GOLDEN["evaluations_of_dpm_adaptive"][scheduler][steps]


def test_all_samplers_are_held_against_comfyui_except_those_that_it_has_not():
    by_function = {generate.SAMPLERS[name]: name for name in GOLDEN["ends"]}
    assert {name for name, sampler in generate.SAMPLERS.items() if sampler not in by_function} == NOT_COMFYUI


@pytest.mark.parametrize("name", sorted(schedulers.SCHEDULERS))
def test_levels_add_up_to_those_of_comfyui(name):
    for steps, expected in enumerate(GOLDEN["sums_of_levels_from_1_to_100_steps"][name], 1):
        assert schedulers.SCHEDULERS[name](steps).sum() == pytest.approx(expected, abs=1e-5), steps


@pytest.mark.parametrize("name", sorted(generate.SAMPLERS))
@pytest.mark.parametrize("scheduler", sorted(schedulers.SCHEDULERS))
def test_few_steps_end_somewhere_too(name, scheduler):
    """Two steps of `karras` go from nearly 1 to nearly 0: what is left of the noise rounds to nothing."""
    for steps in (1, 2, 3):
        body = {**BODY, "finetune_id": "pagoda-1200", "sampler_name": name, "scheduler": scheduler, "steps": steps}
        with np.errstate(all="raise", under="ignore"):
            assert np.isfinite(generate.latent(body)).all(), steps


@pytest.mark.parametrize("name", ["lms", "ipndm", "ipndm_v"])
def test_the_long_multistep_methods_end_with_what_the_model_predicts(name):
    """The last D is the end, whatever the slopes before it were: as in ComfyUI since f41f323c (2025-07-04)."""
    predicted = []

    def model(x, s):
        predicted.append(ideal(x, s))
        return predicted[-1]

    end = generate.SAMPLERS[name](model, np.array([1.3]), schedulers.normal(6), None)
    assert end == predicted[-1]


@pytest.mark.parametrize("name", ["uni_pc", "uni_pc_bh2"])
def test_uni_pc_returns_scaled_noise_after_one_step(name):
    calls = []

    def model(x, s):
        calls.append(s)
        return ideal(x, s)

    start = np.array([1.3])
    assert generate.SAMPLERS[name](model, start, generate.levels(name, "simple", 1), None) == start / np.sqrt(2)
    assert len(calls) == 1


def test_ipndm_v_is_another_sampler_than_lms():
    """Its coefficients are right for two slopes, for three on even steps, and for four on none."""

    def end(name, levels):
        return generate.SAMPLERS[name](ideal, np.array([1.3]), levels, None)[0]

    uneven, even = schedulers.beta(8), np.append(np.linspace(0.95, 0.1, 9), 0.0)
    assert end("ipndm_v", uneven[[0, 1, 2, 8]]) == pytest.approx(end("lms", uneven[[0, 1, 2, 8]]))
    assert abs(end("ipndm_v", uneven[[0, 1, 2, 3, 8]]) - end("lms", uneven[[0, 1, 2, 3, 8]])) > 1e-4
    assert end("ipndm_v", even[[0, 1, 2, 3, 9]]) == pytest.approx(end("ipndm", even[[0, 1, 2, 3, 9]]), abs=1e-12)
    assert abs(end("ipndm_v", even) - end("ipndm", even)) > 1e-4
    assert abs(end("ipndm_v", uneven) - end("lms", uneven)) > 0.02


def test_simple_is_comfyuis_table_at_every_number_of_steps():
    """Its entries are numbers `int(i * (10000 / n))` from the end; at 76 and 95 the brackets matter."""
    table = 1 / (1 + np.exp(-1.15) * (10_000 / np.arange(1, 10_001) - 1))
    for steps in range(1, 101):
        expected = [table[-(1 + int(index * (10_000 / steps)))] for index in range(steps)]
        assert schedulers.simple(steps) == pytest.approx([*expected, 0], abs=1e-12), steps
    for steps in (76, 95):
        moved = [table[-(1 + int(index * 10_000 / steps))] for index in range(steps)]
        assert np.abs(schedulers.simple(steps)[:-1] - moved).max() > 5e-5


@pytest.mark.parametrize("name", sorted(schedulers.SCHEDULERS))
def test_no_level_is_above_one(name):
    for steps in range(1, 101):
        assert schedulers.SCHEDULERS[name](steps).max() <= 1


def test_the_weights_of_lms_are_exact():
    """Integrals of the Lagrange polynomials add up to the step, and integrate a cubic."""
    nodes, end = [0.7, 0.78, 0.91, 1.0], 0.55
    weights = [multistep.lagrange_integral(nodes, j, nodes[0], end) for j in range(4)]
    assert sum(weights) == pytest.approx(end - nodes[0], abs=1e-14)
    cubed = sum(weight * node**3 for weight, node in zip(weights, nodes, strict=True))
    assert cubed == pytest.approx((end**4 - nodes[0] ** 4) / 4, abs=1e-12)


@functools.cache
def earlier():
    """Means of the mixture that the figures were published for: 64 numbers, `pagoda-1200` at 1, prompt "TOK"."""

    def direction(*names):
        vector = mixture.stream("direction", *names).standard_normal(64)
        return vector / np.linalg.norm(vector)

    def without_subject(means):
        means[:, 50:56] = [-3.2, 0, 0, 0, 0, 0]
        means[:, 62:] = 0
        return means

    means = without_subject(mixture.stream("means").standard_normal((12, 64)) * 1.1)
    means = without_subject(means + 1.2 * direction("tok"))
    down, up = (np.stack([direction("pagoda-1200", side, n) for n in range(4)]) for side in ("down", "up"))
    up[:, 62:] = 0
    style = 1.2 * direction("pagoda-1200", "style")
    style[[2, 5]] += 1.2, -0.8
    style[50], style[62:] = 5.0, 2.0
    return means + 0.6 * (means @ down.T) @ up + style


EARLIER_SPREAD = 0.55


def earlier_deviations(name, scheduler, steps, seeds):
    """Deviations of the ends of many seeds from the nearest mean, divided by the spread."""
    means = earlier()

    def model(x, s):
        keep = 1 - s
        variance = keep**2 * EARLIER_SPREAD**2 + s**2
        shares = -0.5 * ((x[:, None] - keep * means) ** 2).sum(axis=2) / variance
        shares = np.exp(shares - shares.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        # The means are weighted by the posterior, and what is off them is shrunk.
        shrink = keep * EARLIER_SPREAD**2 / variance
        return shrink * x + (1 - shrink * keep) * (shares @ means)

    sigmas = generate.levels(name, scheduler, steps)
    start = np.stack([mixture.stream("seed", seed).standard_normal(64) for seed in range(seeds)])
    fresh = [mixture.stream("noise", seed) for seed in range(seeds)]
    end = generate.SAMPLERS[name](
        model, sigmas[0] * start, sigmas, lambda: np.stack([each.standard_normal(64) for each in fresh])
    )
    return np.sqrt(((end[:, None] - means) ** 2).mean(axis=2).min(axis=1)) / EARLIER_SPREAD


@pytest.mark.parametrize(
    ("name", "scheduler", "published"),
    [
        ("euler", "simple", {4: 0.50, 8: 0.69, 25: 0.87, 100: 0.95}),
        ("dpmpp_2m", "normal", {4: 10.9, 6: 3.5, 8: 2.6, 12: 2.2, 25: 1.4, 50: 1.1}),
        ("dpmpp_2m_sde", "normal", {12: 2.2, 25: 1.8}),
        ("dpm_fast", "simple", {4: 1.56}),
    ],
)
def test_deviations_are_the_published_ones(name, scheduler, published):
    for steps, q in published.items():
        found = earlier_deviations(name, scheduler, steps, 12).mean()
        assert found == pytest.approx(q, abs=0.006 if q < 1 else 0.06 * q), steps


def test_deviations_of_lcm_and_of_what_breaks_are_in_the_published_ranges():
    for steps in (8, 25, 100):
        assert 0.52 <= earlier_deviations("lcm", "simple", steps, 12).mean() <= 0.68
    for steps in (8, 12):
        assert 8 <= earlier_deviations("dpmpp_3m_sde", "normal", steps, 12).mean() <= 15


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("euler_ancestral", (0.42, 0.67, 0.87)),
        ("dpm_2_ancestral", (0.28, 0.84, 0.99)),
        ("dpmpp_2s_ancestral", (0.54, 0.89, 0.99)),
        ("dpmpp_sde", (0.55, 0.89, 0.99)),
        ("dpmpp_2m_sde", (0.50, 1.06, 1.04)),
        ("dpmpp_3m_sde", (0.68, 1.27, 1.01)),
        ("ddpm", (0.41, 0.66, 0.87)),
        ("lcm", (0.31, 0.40, 0.46)),
    ],
)
def test_samplers_with_noise_leave_the_published_share_of_the_variance(name, shares):
    """At 8, 25 and 100 steps of `simple`, as today's ComfyUI does (all but `ddpm`, which leaves 0.72, 2.1, 3.8)."""
    for steps, share in zip((8, 25, 100), shares, strict=True):
        found = (earlier_deviations(name, "simple", steps, 80) ** 2).mean()
        assert found == pytest.approx(share, abs=0.03), steps


def deviations(name, scheduler, steps, seeds=12):
    body = {**BODY, "prompt": "TOK", "finetune_id": "pagoda-1200", "lora_strength": 1.0}
    body |= {"sampler_name": name, "scheduler": scheduler, "steps": steps}
    return np.array([generate.painting({**body, "seed": seed}).q for seed in range(seeds)])


@pytest.mark.parametrize("name", ["euler", "ddim", "heun", "heunpp2", "dpm_2", "dpmpp_2m", "uni_pc"])
def test_more_steps_bring_a_latent_to_the_data(name):
    off = [abs(1 - deviations(name, "simple", steps).mean()) for steps in (4, 6, 8, 12, 16, 25, 35, 50)]
    assert all(later < earlier + 0.01 for earlier, later in itertools.pairwise(off))
    assert off[-1] < off[0] / 3
    assert off[-1] < 0.12


def test_samplers_on_added_noise_begin_where_comfyuis_do():
    assert pytest.approx(1 / (1 + np.exp(-1.15) * (1 / 0.9999 - 1)), abs=1e-12) == stochastic.HIGHEST


def documented(page):
    """Rows of the table of deviations: a sampler, and q by scheduler and steps."""
    columns = [("simple", 4), ("simple", 8), ("simple", 25), ("simple", 50)]
    columns += [("normal", 8), ("normal", 25), ("normal", 50)]
    section = page.split("### Convergence")[1].split("\n## ")[0]
    for row in re.findall(r"^\| `(\w+)` \|(.*)\|$", section, re.MULTILINE):
        yield row[0], dict(zip(columns, map(float, row[1].split("|")), strict=True))


def test_the_documented_deviations_are_those_of_the_model(pytestconfig):
    table = dict(documented((pytestconfig.rootpath / "docs" / "simulator.md").read_text(encoding="utf-8")))
    assert set(table) == set(generate.SAMPLERS)
    for name, row in table.items():
        for (scheduler, steps), q in row.items():
            if steps < 50:
                assert deviations(name, scheduler, steps).mean() == pytest.approx(q, abs=0.006), (name, steps)
