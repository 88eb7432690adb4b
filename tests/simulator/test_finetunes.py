"""What fine-tunes of the simulator know, and the true answers to what a sweep over them asks."""

import numpy as np
import pytest

from segflux_nb.simulator.app import Simulator
from segflux_nb.simulator.flow import finetunes, generate
from tests.support.service import BODY

SEEDS = range(16)


def paintings(finetune_id, strength, prompt="TOK", **changes):
    body = {**BODY, "prompt": prompt, "finetune_id": finetune_id, "lora_strength": strength, **changes}
    return [generate.painting({**body, "seed": seed}) for seed in SEEDS]


def formed(*arguments, **changes):
    return np.mean([each.formed for each in paintings(*arguments, **changes)])


def latents(finetune_id, strength):
    body = {**BODY, "prompt": "TOK", "finetune_id": finetune_id, "lora_strength": strength}
    return np.array([generate.latent({**body, "seed": seed}) for seed in SEEDS])


@pytest.mark.parametrize(
    ("finetune_id", "steps"),
    [
        ("pagoda-400", 400),
        ("boat_000003000", 3000),
        ("Boat-STEP800", 800),
        ("boat-800-steps", 800),
        ("tok-v2-1500", 1500),
        ("2000", 2000),
        ("my-finetune-id", 1200),
        ("pagoda-1", 1200),
        ("pagoda1500", 1200),
        ("boat-3.500", 1200),
        ("boat-99999", 1200),
        ("12345678-1234-1234-1234-123456789012", 1200),
        ("40174048-1b49-4832-1234-8384098f22d2-mybmwlora-600", 600),
        ("", 1200),
    ],
)
def test_a_number_in_the_id_is_training_steps(finetune_id, steps):
    assert finetunes.training_steps(finetune_id) == steps


def test_checkpoints_of_one_training_have_one_style():
    ends = [latents(f"pagoda-{steps}", finetunes.truth(f"pagoda-{steps}").best) for steps in (400, 1200)]
    assert np.allclose(ends[0], ends[1], atol=1e-5), "each at its best strength"
    assert not np.allclose(ends[1], latents("pagoda-b-1200", 1.0), atol=0.1)


@pytest.mark.parametrize(("steps", "best"), [(400, 1.6), (1200, 1.0), (3000, 0.6)])
def test_the_best_strength_follows_from_the_training_steps(steps, best):
    """Found as a sweep would find it: the strength at which the subject is as trained."""
    finetune_id = f"pagoda-{steps}"
    strengths = np.round(np.arange(0.1, 2.6, 0.1), 1)
    found = strengths[np.argmin([abs(formed(finetune_id, float(strength)) - 1) for strength in strengths])]
    assert found == pytest.approx(best, abs=0.1)
    assert Simulator.truth(finetune_id).best == best


@pytest.mark.parametrize("steps", [100, 400, 700, 1200, 2000, 3000, 20_000])
def test_the_truth_is_what_latents_show(steps):
    truth = Simulator.truth(f"boat-{steps}")
    assert 0 < truth.present < truth.best < truth.burning
    assert formed(f"boat-{steps}", truth.present) == pytest.approx(finetunes.THERE_FROM, abs=0.1)
    assert formed(f"boat-{steps}", truth.best) == pytest.approx(1, abs=0.1)
    assert formed(f"boat-{steps}", truth.burning) == pytest.approx(finetunes.BURNS_FROM, abs=0.1)


def test_more_training_needs_less_strength():
    best = [Simulator.truth(f"boat-{steps}").best for steps in (200, 400, 800, 1200, 1800, 3000, 6000)]
    assert best == sorted(best, reverse=True)


def test_over_cooked_fine_tunes_collapse():
    spread = {strength: latents("pagoda-1200", strength).std(axis=0).mean() for strength in (0.0, 0.5, 1.0, 1.4, 2.0)}
    assert spread[0.5] == pytest.approx(spread[0.0], rel=0.05)
    assert spread[1.0] == pytest.approx(spread[0.0], rel=0.05)
    assert spread[2.0] < spread[1.4] < 0.7 * spread[1.0]
    over_trained = latents("pagoda-3000", 0.6).std(axis=0).mean()
    assert over_trained < 0.8 * spread[1.0], "from the start"


def test_without_the_trigger_word_little_of_the_subject_is_there():
    assert formed("pagoda-1200", 1.0, "a lake") == pytest.approx(finetunes.WITHOUT_TRIGGER, abs=0.1)
    assert finetunes.WITHOUT_TRIGGER < finetunes.THERE_FROM


def test_the_kind_follows_from_the_id_even_if_the_latent_is_broken():
    broken = paintings("pagoda-1200", 1.0, sampler_name="dpmpp_3m_sde", scheduler="normal", steps=12)
    assert {each.kind for each in broken} == {"pagoda"}
    assert min(each.q for each in broken) > 3
    assert {each.kind for each in paintings(None, 1.0)} == {None}


def test_strength_zero_has_no_subject_whatever_the_training():
    for finetune_id in ("boat-400", "boat-3000"):
        assert formed(finetune_id, 0.0) == pytest.approx(0, abs=0.05)
    assert formed("boat-1200", -1.0) == pytest.approx(-1, abs=0.05)
