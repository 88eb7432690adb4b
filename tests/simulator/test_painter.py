"""What the painter shows, measured on pictures."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest

from segflux_nb.model import MODEL
from segflux_nb.simulator.flow import generate
from segflux_nb.simulator.flow.finetunes import KINDS, truth
from segflux_nb.simulator.flow.mixture import PLACES
from segflux_nb.simulator.flow.painting import Painting
from segflux_nb.simulator.painter.colour import _CONES, _LAB
from segflux_nb.simulator.painter.finish import lines_of
from segflux_nb.simulator.painter.paint import paint
from tests.support.service import BODY

BASE = {**BODY, "prompt": "TOK by a mountain lake", "finetune_id": "pagoda-1200", "steps": 25, "scheduler": "simple"}
PLAIN = Painting(z=np.zeros(64), q=1.0, place=11, kind=None, formed=0.0, meaning={})


def picture(side=192, **changes):
    return paint(generate.painting({**BASE, **changes}), side, side).astype(float)


def grey(picture):
    return picture @ [0.299, 0.587, 0.114]


def lightness(picture):
    """L* of CIELAB, scaled to 0..255."""
    linear = np.where(picture / 255 <= 0.04045, picture / 255 / 12.92, ((picture / 255 + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return 2.55 * (116 * np.where(y > 0.008856, np.cbrt(y), 7.787 * y + 16 / 116) - 16)


def edge_width(picture):
    """Pixels over which the strongest edge of each row goes up or down without a turn, weighted by its height."""
    slopes = np.diff(grey(picture), axis=1)
    widths, heights = [], []
    for row in slopes:
        at = int(np.abs(row).argmax())
        sign = np.sign(row[at])
        low, high = at, at
        while low > 0 and row[low - 1] * sign > 0:
            low -= 1
        while high < len(row) - 1 and row[high + 1] * sign > 0:
            high += 1
        rise = abs(row[low : high + 1].sum())
        widths.append(rise / abs(row[at]) if rise else 0)
        heights.append(rise)
    return float(np.average(widths, weights=heights))


def clipped(picture):
    """Share of the colour values that are at an end of the range."""
    return float(((picture <= 2) | (picture >= 253)).mean())


@pytest.mark.parametrize("sampler", ["euler", "ddim", "heun", "heunpp2", "dpm_2", "dpmpp_2m", "uni_pc"])
def test_edges_become_sharper_as_the_deviation_comes_to_1(sampler):
    widths, off = [], []
    for steps in (4, 8, 12, 25, 50):
        drawn = [generate.painting({**BASE, "sampler_name": sampler, "steps": steps, "seed": s}) for s in (1, 4)]
        widths.append(np.mean([edge_width(paint(each, 1024, 1024).astype(float)) for each in drawn]))
        off.append(abs(1 - np.mean([each.q for each in drawn])))
    assert all(later < earlier for earlier, later in itertools.pairwise(widths))
    assert all(later < earlier + 0.01 for earlier, later in itertools.pairwise(off))
    assert widths[0] > 5 * widths[-1]


def test_the_deviation_decides_how_sharp_grainy_or_broken_a_picture_is():
    shown = {q: paint(dataclasses.replace(PLAIN, q=q), 512, 512).astype(float) for q in (0.4, 0.6, 0.75, 1, 1.5, 3)}
    widths = [edge_width(shown[q]) for q in (0.4, 0.6, 0.75, 1)]
    assert widths == sorted(widths, reverse=True)
    grain = [np.abs(np.diff(grey(shown[q])[:100], axis=0)).mean() for q in (1, 1.5, 3)]
    assert grain == sorted(grain)
    assert grain[1] > 2 * grain[0]
    assert clipped(shown[3]) > clipped(shown[1]) + 0.04, "overshoot burns"
    assert [lines_of(q) for q in (1, 1.1, 1.2)] == [1024] * 3


def test_seeds_are_equally_soft_at_equal_steps():
    for steps in (8, 12, 25, 50):
        found = [generate.painting({**BASE, "steps": steps, "seed": seed}).q for seed in range(24)]
        assert np.std(found) < 0.04, "the deviation of a seed's own noise, 0.07, does not count"


@pytest.mark.parametrize("q", [0.3, 0.5, 0.7])
def test_soft_edges_have_no_steps(q):
    shown = grey(paint(dataclasses.replace(PLAIN, q=q), 1024, 1024).astype(float))
    assert np.abs(np.diff(shown, n=2, axis=1)).max() < 8, "no pixel of a smaller picture is seen"


@pytest.mark.parametrize("steps", [4, 8, 25, 50])
def test_lcm_is_soft_at_any_number_of_steps(steps):
    crisp = np.mean([edge_width(picture(512, seed=seed, steps=50)) for seed in range(4)])
    soft = np.mean([edge_width(picture(512, seed=seed, steps=steps, sampler_name="lcm")) for seed in range(4)])
    assert soft > 1.5 * crisp


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_dpmpp_2m_burns_on_a_steep_end(kind):
    changes = {"finetune_id": kind and f"{kind}-1200", "sampler_name": "dpmpp_2m"}
    for seed in range(3):
        burnt = picture(seed=seed, scheduler="normal", steps=6, **changes)
        assert clipped(burnt) > clipped(picture(seed=seed, **changes)) + 0.1


@pytest.mark.parametrize("scheduler", ["normal", "ddim_uniform"])
def test_a_broken_latent_shows_no_subject(scheduler):
    broken = generate.painting({**BASE, "sampler_name": "dpmpp_3m_sde", "scheduler": scheduler, "steps": 12})
    assert broken.q > 3
    shown = {kind: paint(dataclasses.replace(broken, kind=kind), 96, 96).tobytes() for kind in (None, *KINDS)}
    assert len(set(shown.values())) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_subject_forms_from_a_silhouette_to_full_colour(kind):
    def shown(formed):
        return paint(dataclasses.replace(PLAIN, kind=kind, formed=formed), 256, 256).astype(float)

    none = shown(0.0)
    assert (none == paint(PLAIN, 256, 256)).all(), "at 0 it is the base model"
    assert (shown(-1.0) == none).all()
    there = {formed: np.abs(shown(formed) - none).max(axis=2) > 24 for formed in (0.25, 0.4, 0.7, 1.0)}
    areas = [mask.sum() for mask in there.values()]
    assert areas[:3] == sorted(areas[:3])
    assert areas[0] > 10
    assert areas[1] > 100, "it can be recognised from 0.4 on"
    sky = slice(0, 140)  # here it is before the sky
    dark = np.median(shown(0.4)[sky][there[0.4][sky]], axis=0)
    own = [np.abs(shown(formed)[sky][there[formed][sky]] - dark).mean() for formed in (0.4, 0.7, 1.0)]
    assert own == sorted(own), "its own colours come late"
    assert own[2] > 1.5 * own[0]
    assert grey(shown(0.4))[sky][there[0.4][sky]].mean() < grey(none)[sky].mean() - 40, "a dark silhouette, opaque"


@pytest.mark.parametrize("seed", [0, 8])
def test_strength_0_paints_the_base_model_whatever_the_fine_tune(seed):
    shown = {
        picture(96, finetune_id=finetune_id, lora_strength=0.0, seed=seed).tobytes()
        for finetune_id in (None, "pagoda-1200", "boat-400", "a")
    }
    assert len(shown) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_burn_above_1_4(kind):
    def share(strength):
        shown = [picture(128, finetune_id=f"{kind}-1200", lora_strength=strength, seed=seed) for seed in range(6)]
        return np.mean([clipped(each) for each in shown])

    shares = [share(strength) for strength in (1.0, 1.2, 1.4, 1.5, 1.6, 1.8, 2.0)]
    assert max(shares[:3]) < 0.02, "up to 1.4 nothing is burnt"
    assert shares[3:] == sorted(shares[3:])
    assert shares[3] > shares[2] + 0.005
    assert shares[-1] > 0.15


def spread_over_seeds(strength, finetune_id="pagoda-1200"):
    shown = [grey(picture(128, lora_strength=strength, seed=seed, finetune_id=finetune_id)) for seed in range(12)]
    normal = [(one - one.mean()) / one.std() for one in shown]
    return np.mean([np.sqrt(((one - other) ** 2).mean()) for one, other in itertools.combinations(normal, 2)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [400, 1200, 3000])
def test_seeds_look_alike_when_a_fine_tune_is_over_cooked(kind, steps):
    """At twice the best strength, which for 1200 training steps are 2.0 and 1.0."""
    finetune_id = f"{kind}-{steps}"
    best = truth(finetune_id).best
    assert spread_over_seeds(2 * best, finetune_id) <= 0.7 * spread_over_seeds(best, finetune_id)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("steps", "best"), [(400, 1.6), (1200, 1.0), (3000, 0.6)])
def test_the_best_strength_of_a_checkpoint_can_be_seen(kind, steps, best):
    """The subject is as large and as colourful as another checkpoint of this training shows it at its best."""

    def subject(finetune_id, strength):
        body = {**BASE, "prompt": "TOK", "finetune_id": finetune_id, "lora_strength": strength, "steps": 12}
        drawn = [generate.painting({**body, "seed": seed}) for seed in range(8)]
        formed = float(np.mean([each.formed for each in drawn]))
        return paint(dataclasses.replace(PLAIN, kind=kind, formed=formed), 96, 96).astype(float)

    as_trained = subject(f"{kind}-800", truth(f"{kind}-800").best)
    strengths = [round(0.1 * n, 1) for n in range(1, 26)]
    off = [np.abs(subject(f"{kind}-{steps}", strength) - as_trained).mean() for strength in strengths]
    assert strengths[int(np.argmin(off))] == pytest.approx(best, abs=0.1)


@pytest.mark.parametrize("finetune_id", [None, "pagoda-1200"])
@pytest.mark.parametrize("seed", range(8))
def test_night_is_dark_and_snow_lies_on_the_ground_and_they_compose(seed, finetune_id):
    def shown(prompt):
        return picture(128, finetune_id=finetune_id, prompt=prompt, seed=seed, steps=20)

    plain, night, snow, both = map(shown, ("a lake", "a lake at night", "a lake in snow", "a lake in snow at night"))
    ground = slice(58, 82)  # around the shore
    already_dark = seed_says(seed, "night") > 0.3
    already_white = seed_says(seed, "snow") > 0.3
    if not already_dark:
        assert grey(plain).mean() - grey(night).mean() >= 40
        assert grey(snow).mean() - grey(both).mean() >= 40, "night darkens a winter too"
    if not already_white:
        assert lightness(snow)[ground].mean() - lightness(plain)[ground].mean() >= 25
        assert lightness(both)[ground].mean() > lightness(night)[ground].mean() + 5, "snow is paler at night too"


def seed_says(seed, name):
    body = {**BASE, "prompt": "a lake", "finetune_id": None, "seed": seed, "steps": 20}
    return generate.painting(body).meaning[name]


@pytest.mark.parametrize("kind", KINDS)
def test_night_and_snow_are_seen_with_each_fine_tune(kind):
    """Means over seeds that the fine-tune and the place leave in daylight, without snow."""
    darker, whiter = [], []
    for seed in range(16):
        body = {"finetune_id": f"{kind}-1200", "seed": seed, "steps": 20}
        said = generate.painting({**BASE, **body, "prompt": "TOK by a lake"}).meaning
        if said["night"] > 0.3 or said["snow"] > 0.3:
            continue
        plain, night, snow = (picture(96, prompt=f"TOK by a lake {word}", **body) for word in ("", "night", "snow"))
        darker.append(grey(plain).mean() - grey(night).mean())
        whiter.append(lightness(snow)[44:].mean() - lightness(plain)[44:].mean())
    assert np.mean(darker) >= 40
    assert np.mean(whiter) >= 25


HUES = {
    "red": 25,
    "orange": 55,
    "yellow": 95,
    "green": 150,
    "turquoise": 200,
    "blue": 255,
    "violet": 305,
    "pink": 350,
}


@pytest.mark.parametrize("word", HUES)
def test_a_colour_word_gives_its_own_hue(word):
    """And not the one on the way to it from the blue of the sky."""
    for seed in range(4):
        sky = picture(96, prompt=f"a lake under a {word} sky", finetune_id=None, seed=seed)[:40].mean(axis=(0, 1))
        off = (hue_of(sky) - HUES[word] + 180) % 360 - 180
        assert abs(off) < 40, (seed, off)


def hue_of(colour):
    """The hue of a colour in OKLab, in degrees."""
    linear = np.where(colour <= 10.3, colour / 255 / 12.92, ((colour / 255 + 0.055) / 1.055) ** 2.4)
    cones = np.cbrt(np.linalg.inv(_CONES) @ linear)
    _, a, b = np.linalg.inv(_LAB) @ cones
    return math.degrees(math.atan2(b, a))


@pytest.mark.parametrize(("light", "dark"), [("bright", "dark"), ("white", "black")])
def test_bright_and_dark_are_what_they_say(light, dark):
    for seed in (3, 4, 8):
        shown = [
            grey(picture(96, prompt=f"a {word} lake", finetune_id=None, seed=seed)).mean()
            for word in (light, "wide", dark)
        ]
        assert shown[0] > shown[1] > shown[2] + 10


@pytest.mark.parametrize(("word", "channel"), [("red", 0), ("green", 1), ("blue", 2)])
def test_colour_words_colour(word, channel):
    def share(prompt):
        tone = np.mean(
            [picture(96, prompt=prompt, finetune_id=None, seed=s).mean(axis=(0, 1)) for s in range(4)], axis=0
        )
        return tone[channel] / tone.sum()

    assert share(f"a {word} lake") > share("a lake") + 0.02


@pytest.mark.parametrize(
    "word",
    ["dawn", "noon", "storm", "rain", "mist", "snow", "spring", "autumn", "desert", "city", "calm", "dramatic"],
)
def test_a_word_of_the_lexicon_shows_more_than_one_without_meaning(word):
    def change(said):
        return np.mean(
            [
                np.abs(picture(128, prompt=f"a lake {said}", finetune_id=None, seed=seed, steps=12) - plain).mean()
                for seed, plain in enumerate(plains)
            ]
        )

    plains = [picture(128, prompt="a lake", finetune_id=None, seed=seed, steps=12) for seed in range(4)]
    assert change(word) > 0.5
    if word in ("dawn", "noon", "storm", "snow", "mist", "desert"):
        assert change(word) > 1.2 * np.mean([change(other) for other in ("sofa", "idea")])


@pytest.mark.parametrize("kind", KINDS)
def test_the_trigger_word_matters(kind):
    """Without it there is a silhouette at most."""
    away = []
    for prompt in ("TOK by a lake", "by a lake"):
        painting = generate.painting({**BASE, "prompt": prompt, "finetune_id": kind, "lora_strength": 1.0})
        bare = dataclasses.replace(painting, kind=None)
        change = np.abs(paint(painting, 192, 192).astype(float) - paint(bare, 192, 192)).max(axis=2)
        away.append(float((change > 24).mean()))
    assert away[0] > 2 * away[1]


def test_places_differ_as_photographs_do():
    shown = [paint(dataclasses.replace(PLAIN, place=place), 96, 96).astype(float) for place in range(len(PLACES))]
    for one, other in itertools.combinations(shown, 2):
        assert np.abs(one - other).mean() > 2


@pytest.mark.parametrize("ratio", sorted(MODEL.sizes))
def test_pictures_have_their_size(ratio):
    width, height = MODEL.sizes[ratio]
    for q in (0.5, 1.0, 2.0):
        assert paint(dataclasses.replace(PLAIN, q=q), width, height).shape == (height, width, 3)


@pytest.mark.parametrize("value", [-40.0, -3.0, 0.0, 3.0, 40.0])
@pytest.mark.parametrize("place", range(len(PLACES)))
def test_the_painter_takes_any_latent(value, place):
    said = dict.fromkeys(generate.MEANINGS, value / 4)
    painting = Painting(np.full(64, value), abs(value) / 10, place, "pagoda", value / 3, said)
    with np.errstate(all="raise", under="ignore"):
        assert paint(painting, 96, 64).dtype == np.uint8
        assert paint(dataclasses.replace(painting, q=1.0), 64, 96).dtype == np.uint8


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(160, 384), (384, 160), (64, 64)])
@pytest.mark.parametrize("where", [-9.0, 9.0])
def test_every_subject_is_painted_in_any_shape_and_place(kind, shape, where):
    z = np.zeros(64)
    z[51:55] = where
    with np.errstate(all="raise", under="ignore"):
        picture = paint(dataclasses.replace(PLAIN, z=z, kind=kind, formed=1.2), *shape)
    assert picture.shape == (shape[1], shape[0], 3)


def test_the_last_bits_of_a_latent_do_not_reach_the_picture():
    """Other versions of numpy round sums and sines otherwise."""
    random = np.random.RandomState(1)
    apart = pixels = 0
    for seed, q in itertools.product(range(4), (0.6, 1.0, 1.6)):
        one = dataclasses.replace(generate.painting({**BASE, "seed": seed}), q=q)
        other = dataclasses.replace(one, z=one.z * (1 + 1e-9 * random.standard_normal(64)))
        change = np.abs(paint(one, 256, 256).astype(int) - paint(other, 256, 256)).max(axis=2)
        apart += int((change > 1).sum())
        pixels += change.size
    assert apart <= pixels / 10_000
