import functools
import io
import json
import urllib.request
from http.client import HTTPException

import numpy as np
import pytest
from PIL import Image
from scipy.integrate import solve_ivp

from segflux_nb.model import SAMPLERS, SCHEDULERS
from segflux_nb.simulator.app import Simulator
from segflux_nb.simulator.flow import generate, multistep, samplers, schedulers, stochastic
from segflux_nb.simulator.render import painted
from tests.support.service import BODY, InProcessClient

DRAW_NO_NOISE = {**samplers.DETERMINISTIC, **multistep.MULTISTEP}


def latent(**changes):
    return generate.latent({**BODY, **changes})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("normal", [1, 0.8634, 0.6125, 0.0010, 0]),
        ("karras", [1, 0.1635, 0.0141, 0.0003, 0]),
        ("exponential", [1, 0.0681, 0.0046, 0.0003, 0]),
        ("sgm_uniform", [1, 0.9046, 0.7596, 0.5132, 0]),
        ("simple", [1, 0.9045, 0.7595, 0.5128, 0]),
        ("ddim_uniform", [0.9046, 0.7597, 0.5131, 0.0006, 0]),
        ("beta", [1, 0.9368, 0.7596, 0.4025, 0]),
    ],
)
def test_schedules_are_those_of_the_tables(name, expected):
    assert schedulers.SCHEDULERS[name](4) == pytest.approx(expected, abs=6e-5)
    for steps in (1, 2, 25, 100):
        sigmas = schedulers.SCHEDULERS[name](steps)
        assert len(sigmas) == steps + 1
        assert sigmas[-1] == 0
        assert (np.diff(sigmas) < 0).all()


@pytest.mark.parametrize(
    ("name", "steps", "expected"),
    [
        ("simple", 8, [1, 0.9567, 0.9045, 0.8403, 0.7595, 0.6546, 0.5128, 0.3109, 0]),
        ("beta", 8, [1, 0.9812, 0.9368, 0.8655, 0.7596, 0.608, 0.4025, 0.161, 0]),
        ("normal", 8, [1, 0.9499, 0.8876, 0.8082, 0.7033, 0.5584, 0.3453, 0.001, 0]),
        ("karras", 8, [1, 0.487, 0.2183, 0.0882, 0.0312, 0.0092, 0.0021, 0.0003, 0]),
        ("ddim_uniform", 8, [0.9568, 0.9046, 0.8405, 0.7597, 0.6548, 0.5131, 0.3113, 0.0006, 0]),
    ],
)
def test_longer_schedules_too(name, steps, expected):
    assert schedulers.SCHEDULERS[name](steps) == pytest.approx(expected, abs=6e-5)


def test_ddim_uniform_often_has_a_step_more():
    longer = [steps for steps in range(1, 101) if len(schedulers.ddim_uniform(steps)) != steps + 1]
    assert len(longer) == 82
    assert len(schedulers.ddim_uniform(30)) == 32


class Counted:
    """A denoiser that counts."""

    def __init__(self, ideal):
        self.ideal, self.calls = ideal, 0

    def __call__(self, x, s):
        self.calls += 1
        return self.ideal(x, s)

    def unconditional(self, x, s):
        self.calls += 1
        return self.ideal.unconditional(x, s)


def test_every_sampler_and_scheduler_of_the_service_is_computed():
    assert set(generate.SAMPLERS) == set(SAMPLERS)
    assert set(schedulers.SCHEDULERS) == set(SCHEDULERS)


@pytest.mark.parametrize("name", sorted(SAMPLERS))
@pytest.mark.parametrize("steps", [1, 2, 3, 12, 13, 14])
def test_evaluations_are_what_the_model_table_says(name, steps):
    model = Counted(generate.Flow("TOK", "a", 1))
    sigmas = generate.levels(name, "simple", steps)
    end = generate.SAMPLERS[name](model, np.ones(generate.SIZE), sigmas, lambda: np.zeros(generate.SIZE))
    assert np.isfinite(end).all()
    if name == "dpm_adaptive":
        assert model.calls % 3 == 0
        assert model.calls <= 3 * samplers.ADAPTIVE_TRIES
    else:
        assert model.calls == SAMPLERS[name].total(steps)


@pytest.mark.parametrize("name", sorted(DRAW_NO_NOISE))
def test_samplers_without_noise_draw_none(name):
    model, sigmas = generate.Flow("TOK", "a", 1), generate.levels(name, "simple", 10)

    def none():
        raise AssertionError("noise was drawn")

    generate.SAMPLERS[name](model, np.ones(generate.SIZE), sigmas, none)


@pytest.mark.parametrize("name", sorted(stochastic.STOCHASTIC))
def test_samplers_with_noise_follow_it(name):
    model, sigmas = generate.Flow("TOK", "a", 1), generate.levels(name, "simple", 10)
    start = generate.stream("start").standard_normal(generate.SIZE)
    ends = []
    for seed in (1, 1, 2):
        fresh = generate.stream("fresh", seed)
        ends.append(
            generate.SAMPLERS[name](model, start, sigmas, lambda fresh=fresh: fresh.standard_normal(generate.SIZE))
        )
    assert (ends[0] == ends[1]).all()
    assert (ends[0] != ends[2]).any()


KEEPING = sorted({function.__name__ for function in stochastic.STOCHASTIC.values()} - {"lcm", "euler_ancestral_pp"})
"""Samplers that keep the distribution; `*_gpu` are the same functions, by a test below."""

CONVERGING = sorted(set(DRAW_NO_NOISE) - {"euler_pp", "dpm_fast", "dpm_adaptive"})


@pytest.mark.parametrize("name", CONVERGING)
def test_deterministic_samplers_converge_to_one_picture(name):
    exact = latent(steps=100, sampler_name="heun", scheduler="simple")
    off = [np.abs(latent(steps=steps, sampler_name=name) - exact).max() for steps in (10, 100)]
    assert off[1] < off[0] / 3
    assert off[1] < 0.1
    if name not in ("euler", "ddim"):
        assert off[1] < np.abs(latent(steps=100) - exact).max(), "better than euler"


def test_dpm_fast_and_dpm_adaptive_go_to_the_same_picture_where_the_schedule_ends_low():
    """They stop at the last level above 0, which `karras` puts at 0.0003."""
    exact = latent(steps=100, sampler_name="heun", scheduler="simple")
    fast = [np.abs(latent(steps=n, sampler_name="dpm_fast", scheduler="karras") - exact).max() for n in (12, 96)]
    assert fast[1] < fast[0] / 5
    assert np.abs(latent(sampler_name="dpm_adaptive", scheduler="karras") - exact).max() < 0.2
    for name in ("dpm_fast", "dpm_adaptive"):
        pair = [latent(sampler_name=name, scheduler=scheduler) for scheduler in ("karras", "exponential")]
        assert np.allclose(*pair, atol=1e-5), "only the ends of the schedule and its length matter"


def test_euler_pp_doubles_the_guidance():
    """With D = U + (C − U) doubled: euler on the denoiser 2C − U."""
    model, sigmas = generate.Flow("TOK", "a", 1), schedulers.simple(20)
    start = generate.stream("start").standard_normal(generate.SIZE)

    class Doubled:
        def __call__(self, x, s):
            return 2 * model(x, s) - model.unconditional(x, s)

    ends = [samplers.euler_pp(model, start, sigmas, None), samplers.euler(Doubled(), start, sigmas, None)]
    assert np.allclose(*ends)
    assert not np.allclose(ends[0], samplers.euler(model, start, sigmas, None))


@functools.cache
def _exact_interior():
    ideal = generate.Flow("TOK at dawn", "a", 1)
    start = generate.stream("start").standard_normal(generate.SIZE)
    return samplers.heun(ideal, start, np.geomspace(0.95, 0.1, 12801), None)


def test_the_interior_is_what_an_independent_solver_finds():
    """dx/ds = (x - D(x, s)) / s by SciPy's DOP853, which knows nothing of samplers."""
    ideal = generate.Flow("TOK at dawn", "a", 1)
    start = generate.stream("start").standard_normal(generate.SIZE)
    solved = solve_ivp(lambda s, x: (x - ideal(x, s)) / s, (0.95, 0.1), start, "DOP853", rtol=1e-11, atol=1e-11)
    assert np.abs(solved.y[:, -1] - _exact_interior()).max() < 1e-6


@pytest.mark.parametrize(("name", "order"), [("euler", 1), ("heun", 2), ("dpm_2", 2), ("dpmpp_2m", 2)])
def test_orders_on_the_interior(name, order):
    """On [0.95, 0.1], away from both ends, with steps that are short enough for orders to be seen."""
    ideal = generate.Flow("TOK at dawn", "a", 1)
    start = generate.stream("start").standard_normal(generate.SIZE)

    def end(sampler, steps):
        return sampler(ideal, start, np.geomspace(0.95, 0.1, steps + 1), None)

    exact = _exact_interior()
    coarse, fine = (np.abs(end(generate.SAMPLERS[name], steps) - exact).max() for steps in (400, 800))
    assert np.log2(coarse / fine) == pytest.approx(order, abs=0.15)


@pytest.mark.parametrize(
    ("name", "steps", "order"), [("lms", np.geomspace, 4), ("ipndm", np.linspace, 4), ("ipndm_v", np.linspace, 3)]
)
def test_orders_of_long_multistep_methods_with_exact_starts(name, steps, order):
    """Where the slope depends on s alone, the error of the first steps, of lower order, can be taken off.

    The denoiser x - s g(s) has the slope g(s) at each x; `ipndm` has the coefficients of even steps,
    and `ipndm_v` loses an order with its fourth coefficient.
    """

    def g(s):
        return np.exp(2 * s) * np.sin(5 * s)

    def integral(s):  # of g
        return np.exp(2 * s) * (2 * np.sin(5 * s) - 5 * np.cos(5 * s)) / 29

    def off(number):
        levels = steps(0.95, 0.1, number + 1)
        ends = [
            generate.SAMPLERS[name](lambda x, s: x - s * g(s), np.zeros(1), part, None)
            for part in (levels, levels[:4])
        ]
        return abs((ends[0] - ends[1])[0] - (integral(levels[-1]) - integral(levels[3])))

    assert np.log2(off(80) / off(160)) == pytest.approx(order, abs=0.25)
    assert np.log2(off(160) / off(320)) == pytest.approx(order, abs=0.15)


def test_one_step_by_hand():
    """From s = 1 every consistent method of one evaluation gives D(x, 1), the mean of the mixture."""
    model = generate.Flow("TOK", "a", 1)
    x = generate.stream("start").standard_normal(generate.SIZE)
    for name in ("euler", "heun", "heunpp2", "dpm_2", "lms", "dpmpp_2m", "ipndm", "ipndm_v", "lcm"):
        end = generate.SAMPLERS[name](model, x, np.array([1.0, 0.0]), lambda: x)
        assert np.allclose(end, model(x, 1.0)), name
    # Two levels by hand: euler from 1 to 0.5 and on to 0.
    half = x + (x - model(x, 1.0)) * (0.5 - 1)
    assert np.allclose(samplers.euler(model, x, np.array([1.0, 0.5, 0.0]), None), model(half, 0.5))
    # heun's first of these two steps.
    slope = (half - model(half, 0.5)) / 0.5
    corrected = x + ((x - model(x, 1.0)) + slope) / 2 * (0.5 - 1)
    assert np.allclose(samplers.heun(model, x, np.array([1.0, 0.5, 0.0]), None), model(corrected, 0.5))


@pytest.mark.parametrize("name", KEEPING)
def test_noise_has_the_size_that_keeps_the_mixture(name):
    """Many samples of a mixture of two: mean, spread and weights are the data's, or the noise has the wrong size."""
    means, weights, spread, size = np.array([-1.0, 2.0]), np.array([0.3, 0.7]), 0.55, 4000
    random = np.random.RandomState(3)

    def ideal(x, s):
        keep = 1 - s
        variance = keep**2 * spread**2 + s**2
        off = x[:, None] - keep * means
        share = weights * np.exp(-0.5 * off**2 / variance)
        share /= share.sum(axis=1, keepdims=True)
        return (share * (means + keep * spread**2 / variance * off)).sum(axis=1)

    def noise():
        return random.standard_normal(size)

    end = generate.SAMPLERS[name](ideal, noise(), generate.levels(name, "simple", 200), noise)
    low = end < 0.5
    assert low.mean() == pytest.approx(0.3, abs=0.04)
    assert end[low].mean() == pytest.approx(-1.0, abs=0.06)
    assert end[~low].mean() == pytest.approx(2.0, abs=0.06)
    assert end[~low].std() == pytest.approx(spread, rel=0.08)


@pytest.mark.parametrize("name", KEEPING)
def test_noise_keeps_the_covariance_of_the_mixture(name):
    """Two correlated dimensions, 6,000 samples: mean within 0.06, covariance within 0.12 of the mixture's."""
    means, spread, size = np.array([[-1.0, -1.5], [1.0, 0.5]]), 0.55, 6000
    random = np.random.RandomState(5)

    def ideal(x, s):
        keep = 1 - s
        variance = keep**2 * spread**2 + s**2
        off = x[:, None] - keep * means
        share = np.exp(-0.5 * (off**2).sum(axis=2, keepdims=True) / variance)
        share /= share.sum(axis=1, keepdims=True)
        return (share * (means + keep * spread**2 / variance * off)).sum(axis=1)

    def noise():
        return random.standard_normal((size, 2))

    end = generate.SAMPLERS[name](ideal, noise(), generate.levels(name, "simple", 200), noise)
    expected = np.cov(means.T, bias=True) + spread**2 * np.eye(2)
    assert np.abs(end.mean(axis=0) - means.mean(axis=0)).max() < 0.06
    assert np.abs(np.cov(end.T) - expected).max() < 0.12


def test_lcm_keeps_the_means_and_is_soft():
    """It jumps to D at each level: the end is the last D, without the spread of the data."""
    mean, spread, size = 1.3, 0.55, 4000
    random = np.random.RandomState(3)

    def ideal(x, s):
        variance = (1 - s) ** 2 * spread**2 + s**2
        return mean + (1 - s) * spread**2 / variance * (x - (1 - s) * mean)

    end = stochastic.lcm(
        ideal, random.standard_normal(size), schedulers.simple(30), lambda: random.standard_normal(size)
    )
    assert end.mean() == pytest.approx(mean, abs=0.03)
    assert end.std() <= spread


def test_the_gpu_variants_are_the_same_methods_with_other_noise():
    for name in ("dpmpp_sde", "dpmpp_2m_sde", "dpmpp_3m_sde"):
        assert stochastic.STOCHASTIC[name] is stochastic.STOCHASTIC[f"{name}_gpu"]
        assert (latent(sampler_name=name) != latent(sampler_name=f"{name}_gpu")).any()


def test_strength_zero_is_the_base_model_whatever_the_fine_tune():
    base = latent(finetune_id=None, lora_strength=1)
    for finetune_id in ("a", "b"):
        assert (latent(finetune_id=finetune_id, lora_strength=0) == base).all()
    assert (latent(finetune_id="a") != latent(finetune_id="b")).any()


def test_strength_says_how_much_of_the_subject_there_is():
    presence = [latent(lora_strength=strength, seed=3)[generate.SUBJECT][0] for strength in (-1, 0, 0.5, 1, 2)]
    assert presence == sorted(presence)
    assert presence[1] < -2, "the base model does not know it"
    assert presence[0] < presence[1] - 3, "a negative strength pushes away"


def test_the_trigger_word_calls_the_subject():
    with_it, without = (latent(prompt=prompt)[generate.SUBJECT][0] for prompt in ("TOK by a lake", "by a lake"))
    assert with_it > without + 1


def test_the_update_is_linear_in_strength():
    means = {strength: generate.Flow("TOK", "a", strength).means for strength in (0, 0.5, 1, 2, -1)}
    assert np.allclose(means[1] - means[0], 2 * (means[0.5] - means[0]))
    assert np.allclose(means[0] - means[-1], means[1] - means[0])
    centres = {strength: each.mean(axis=0) for strength, each in means.items()}
    assert np.allclose(centres[2] - centres[0], 2 * (centres[1] - centres[0])), "beyond 1, the middle goes on"


def test_one_step_is_the_same_for_samplers_whose_theory_says_so():
    one = [latent(steps=1, sampler_name=name) for name in ("euler", "heun", "dpmpp_2m", "ddim", "euler_ancestral")]
    assert all((other == one[0]).all() for other in one)


def test_prompt_words_compose():
    """What two words do together is what they do alone, added, whatever their order."""
    means = {prompt: generate.Flow(prompt, None, 0).means for prompt in ("", "red", "lake", "red lake", "lake, red")}
    assert np.allclose(means["red lake"] - means[""], means["red"] + means["lake"] - 2 * means[""])
    assert np.allclose(means["lake, red"], means["red lake"])


def test_prompt_words_matter_and_any_text_is_taken():
    assert (latent(prompt="a red lake") != latent(prompt="a blue lake")).any()
    assert (latent(prompt="A red LAKE!") == latent(prompt="a red lake")).all()
    for prompt in ("", "山の湖", "\U0001f98a", "\ud800", "word " * 5000, "\x00"):
        assert np.isfinite(latent(prompt=prompt)).all()


def test_equal_requests_give_equal_bytes_and_say_that_they_are_simulated():
    entries = []
    for _ in range(2):
        client = InProcessClient()
        client.submit(aspect_ratio="21:9", steps=2)
        entries += client.ledger.entries()
    one, other = map(painted, entries)
    assert one == other
    image = Image.open(io.BytesIO(one))
    assert image.size == (1536, 640)
    assert b"imulated" in image.info["comment"]


def test_the_simulator_serves_over_http():
    with Simulator(
        time_scale=0, paint=False, faults={"submit:drop_after": lambda body: body["seed"] == 9}
    ) as simulator:

        def post(body):
            request = urllib.request.Request(
                f"{simulator.url}/v2/flux-dev-finetuned",
                json.dumps(body).encode(),
                {"content-type": "application/json"},
            )
            return json.load(urllib.request.urlopen(request, timeout=10))

        job = post(BODY)
        assert job["status_url"].startswith(simulator.url)
        result = json.load(urllib.request.urlopen(job["response_url"], timeout=10))
        picture = urllib.request.urlopen(result["output"], timeout=10)
        assert Image.open(io.BytesIO(picture.read())).size == (8, 8)
        with pytest.raises((OSError, HTTPException)):
            post({**BODY, "seed": 9})
        assert simulator.ledger.submits == 2
