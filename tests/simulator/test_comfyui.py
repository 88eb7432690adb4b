"""The flow held against numbers that ComfyUI's own functions gave: values, not code.

`ENDS` are ends of ComfyUI's sampler functions at commit a125cd84 (2025-10-12), computed in float64, for the denoiser
below, 8 steps, and the start 1.3. The shares of variance and the deviations are from a comparison with the same
commit and a mixture of 64 dimensions.
"""

import re

import numpy as np
import pytest

from segflux_nb.simulator.flow import generate, multistep, schedulers, stochastic
from tests.support.service import BODY

ENDS = {
    "simple": {
        "euler": 2.383967533,
        "heun": 2.467975437,
        "heunpp2": 2.447124731,
        "dpm_2": 2.312887634,
        "lms": 2.424995451,
        "dpmpp_2m": 2.507720710,
        "ipndm": 2.440575979,
        "ipndm_v": 2.428214761,
    },
    "normal": {
        "euler": 2.357023901,
        "heun": 2.569370719,
        "heunpp2": 2.415489332,
        "dpm_2": 2.471324010,
        "lms": 2.662615684,
        "dpmpp_2m": 3.987405331,
        "ipndm": 2.531882302,
        "ipndm_v": 2.665887603,
    },
    "karras": {
        "euler": 2.127374421,
        "heun": 2.674061586,
        "heunpp2": 2.342286122,
        "dpm_2": 2.743870092,
        "lms": 2.277790796,
        "dpmpp_2m": 2.679466495,
        "ipndm": 2.374394038,
        "ipndm_v": 2.234381703,
    },
    "beta": {
        "euler": 2.400988108,
        "heun": 2.568991914,
        "heunpp2": 2.490550415,
        "dpm_2": 2.435912633,
        "lms": 2.505665038,
        "dpmpp_2m": 2.724354232,
        "ipndm": 2.521547485,
        "ipndm_v": 2.481930626,
    },
}


def ideal(x, s):
    """The ideal denoiser of two Gaussians in one dimension."""
    means, shares, spread = np.array([-1.0, 2.0]), np.array([0.3, 0.7]), 0.55
    keep = 1 - s
    variance = keep**2 * spread**2 + s**2
    off = x - keep * means
    posterior = shares * np.exp(-0.5 * off**2 / variance)
    posterior /= posterior.sum()
    return np.array([(posterior * (means + keep * spread**2 / variance * off)).sum()])


@pytest.mark.parametrize(("scheduler", "name"), [(one, name) for one, row in ENDS.items() for name in row])
def test_ends_are_those_of_comfyui(scheduler, name):
    sigmas = generate.levels(name, scheduler, 8)
    end = generate.SAMPLERS[name](ideal, np.array([1.3 * sigmas[0]]), sigmas, None)
    assert end[0] == pytest.approx(ENDS[scheduler][name], abs=1e-7)


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


def deviations(name, scheduler, steps, seeds=12):
    return np.array(
        [
            generate.painting(
                {
                    **BODY,
                    "prompt": "TOK",
                    "finetune_id": "pagoda-1200",
                    "lora_strength": 1.0,
                    "sampler_name": name,
                    "scheduler": scheduler,
                    "steps": steps,
                    "seed": seed,
                }
            ).q
            for seed in range(seeds)
        ]
    )


@pytest.mark.parametrize(
    ("name", "scheduler", "published"),
    [
        ("euler", "simple", {4: 0.50, 8: 0.69, 25: 0.87, 100: 0.95}),
        ("lcm", "simple", {8: 0.59, 25: 0.62, 100: 0.65}),
    ],
)
def test_deviations_of_what_converges_are_the_published_ones(name, scheduler, published):
    for steps, q in published.items():
        assert deviations(name, scheduler, steps).mean() == pytest.approx(q, abs=0.07), steps


def test_deviations_of_what_overshoots_are_the_published_ones():
    for steps, q in {4: 10.9, 6: 3.5, 8: 2.6, 25: 1.4}.items():
        assert deviations("dpmpp_2m", "normal", steps).mean() == pytest.approx(q, rel=0.2), steps
    for steps in (8, 12):
        assert 8 <= deviations("dpmpp_3m_sde", "normal", steps).mean() <= 15
    assert deviations("dpmpp_2m", "normal", 50).mean() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("name", ["euler", "ddim", "heun", "heunpp2", "dpm_2", "dpmpp_2m", "uni_pc"])
def test_more_steps_bring_a_latent_to_the_data(name):
    few, many = (abs(1 - deviations(name, "simple", steps).mean()) for steps in (4, 50))
    assert many < few / 3
    assert many < 0.12


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("euler_ancestral", 0.67),
        ("dpm_2_ancestral", 0.84),
        ("dpmpp_2s_ancestral", 0.88),
        ("dpmpp_sde", 0.90),
        ("dpmpp_2m_sde", 1.06),
        ("dpmpp_3m_sde", 1.27),
        ("ddpm", 0.66),
        ("lcm", 0.40),
    ],
)
def test_samplers_with_noise_leave_the_published_share_of_the_variance(name, share):
    """At 25 steps, `simple`, as today's ComfyUI does (all but `ddpm`, which leaves 2.1 there)."""
    assert (deviations(name, "simple", 25, seeds=24) ** 2).mean() == pytest.approx(share, abs=0.08)


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
