import io
import itertools
import json
import urllib.request
from http.client import HTTPException

import numpy as np
import pytest
from PIL import Image

from segflux_nb.model import MODEL, SAMPLERS
from segflux_nb.simulator import flow, painter, samplers, schedulers
from segflux_nb.simulator.app import Simulator
from segflux_nb.simulator.render import painted
from tests.support.service import BODY, Desk


def latent(**changes):
    return flow.latent({**BODY, **changes})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("normal", [1, 0.8634, 0.6125, 0.0010, 0]),
        ("karras", [1, 0.1635, 0.0141, 0.0003, 0]),
        ("exponential", [1, 0.0681, 0.0046, 0.0003, 0]),
        ("sgm_uniform", [1, 0.9046, 0.7596, 0.5132, 0]),
        ("simple", [1, 0.9045, 0.7595, 0.5128, 0]),
    ],
)
def test_schedules_are_those_of_the_tables(name, expected):
    assert schedulers.SCHEDULERS[name](4) == pytest.approx(expected, abs=6e-5)
    for steps in (1, 2, 25, 100):
        sigmas = schedulers.SCHEDULERS[name](steps)
        assert len(sigmas) == steps + 1
        assert (np.diff(sigmas) < 0).all()


@pytest.mark.parametrize("name", sorted(samplers.SAMPLERS))
def test_evaluations_are_what_the_model_table_says(name):
    calls = []
    ideal = flow.Flow("TOK", "a", 1)

    def counted(x, s):
        calls.append(s)
        return ideal(x, s)

    sigmas = schedulers.simple(12)
    samplers.SAMPLERS[name](counted, np.ones(flow.SIZE), sigmas, lambda: np.zeros(flow.SIZE))
    assert len(calls) == SAMPLERS[name].total(12)


def test_deterministic_samplers_converge_to_one_picture():
    exact = latent(steps=100, sampler_name="heun", scheduler="simple")
    for name in ("euler", "heun", "dpmpp_2m"):
        off = [np.abs(latent(steps=steps, sampler_name=name) - exact).max() for steps in (10, 100)]
        assert off[1] < off[0] / 4, name
    assert np.abs(latent(steps=10, sampler_name="dpmpp_2m") - exact).max() < np.abs(latent(steps=10) - exact).max()


def test_euler_is_of_first_order_and_heun_of_second_on_the_interior():
    ideal = flow.Flow("TOK at dawn", "a", 1)
    start = flow.stream("start").standard_normal(flow.SIZE)

    def end(sampler, steps):
        return sampler(ideal, start, np.linspace(0.95, 0.1, steps + 1), lambda: start)

    exact = end(samplers.heun, 6400)
    for sampler, order in ((samplers.euler, 1), (samplers.heun, 2)):
        coarse, fine = (np.abs(end(sampler, steps) - exact).max() for steps in (200, 400))
        assert np.log2(coarse / fine) == pytest.approx(order, abs=0.12)


def test_ancestral_sampling_keeps_the_mixture():
    """Many samples of one component: mean and spread are the data's, or the added noise has the wrong size."""
    mean, spread, size = 1.3, 0.55, 20_000
    random = np.random.RandomState(3)

    def ideal(x, s):
        variance = (1 - s) ** 2 * spread**2 + s**2
        return mean + (1 - s) * spread**2 / variance * (x - (1 - s) * mean)

    def noise():
        return random.standard_normal(size)

    ends = [samplers.euler_ancestral(ideal, noise(), schedulers.simple(steps), noise) for steps in (25, 400)]
    off = [abs(x.std() - spread) for x in ends]
    assert ends[1].mean() == pytest.approx(mean, abs=0.02)
    assert off[1] < 0.04 * spread, "with many steps the spread is the data's"
    assert off[1] < off[0] / 3, "and with few it is off by the steps' own error"


def test_strength_zero_is_the_base_model_whatever_the_fine_tune():
    base = latent(finetune_id=None, lora_strength=1)
    for finetune_id in ("a", "b"):
        assert (latent(finetune_id=finetune_id, lora_strength=0) == base).all()
    assert (latent(finetune_id="a") != latent(finetune_id="b")).any()


def test_the_update_is_linear_in_strength():
    means = {strength: flow.Flow("TOK", "a", strength).means for strength in (0, 1, 2, -1)}
    assert np.allclose(means[2] - means[0], 2 * (means[1] - means[0]))
    assert np.allclose(means[0] - means[-1], means[1] - means[0])


def test_one_step_is_the_same_for_samplers_whose_theory_says_so():
    one = [latent(steps=1, sampler_name=name) for name in ("euler", "heun", "dpmpp_2m", "ddim", "euler_ancestral")]
    assert all((other == one[0]).all() for other in one)


def test_prompt_words_matter_and_any_text_is_taken():
    assert (latent(prompt="a red lake") != latent(prompt="a blue lake")).any()
    assert (latent(prompt="A red LAKE!") == latent(prompt="a red lake")).all()
    for prompt in ("", "山の湖", "\U0001f98a", "\ud800", "word " * 5000, "\x00"):
        assert np.isfinite(latent(prompt=prompt)).all()


@pytest.mark.parametrize("ratio", sorted(MODEL.sizes))
def test_pictures_have_their_size(ratio):
    width, height = MODEL.sizes[ratio]
    assert painter.paint(latent(), width, height).shape == (height, width, 3)


@pytest.mark.parametrize("value", [-40.0, 0.0, 40.0])
def test_the_painter_takes_any_latent(value):
    with np.errstate(all="raise", under="ignore"):
        picture = painter.paint(np.full(flow.SIZE, value), 128, 96)
    assert picture.dtype == np.uint8


def test_the_subject_comes_with_strength():
    pictures = [painter.paint(latent(lora_strength=s, seed=2), 256, 256).astype(int) for s in (-1, 0, 0.05, 1)]
    change = [np.abs(one - other).mean() for one, other in itertools.pairwise(pictures)]
    assert change[1] < change[2], "a small step from zero changes less than a whole LoRA"


def test_equal_requests_give_equal_bytes_and_say_that_they_are_simulated():
    entries = []
    for _ in range(2):
        desk = Desk()
        desk.submit(aspect_ratio="21:9", steps=2)
        entries += desk.ledger.entries()
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
