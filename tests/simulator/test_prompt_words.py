"""The words of a prompt: which there are, what the lexicon says of them, and that meanings compose."""

import re

import numpy as np
import pytest

from segflux_nb.simulator.flow import generate
from segflux_nb.simulator.flow.words import LEXICON, MEANINGS, meaning_of, words
from tests.support.service import BODY


def meaning(prompt, **changes):
    """The mean of each meaning over a few seeds."""
    body = {**BODY, "finetune_id": None, "prompt": prompt, "steps": 12, **changes}
    each = [generate.painting({**body, "seed": seed}).meaning for seed in range(12)]
    return {name: float(np.mean([one[name] for one in each])) for name in MEANINGS}


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("A red LAKE!", ["a", "red", "lake"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("e\u0301t\u00e9", ["\u00e9t\u00e9"]),
        ("مَرْحَبًا", ["مَرْحَبًا"]),
        ("می\u200cخواهم", ["میخواهم"]),
        ("🦊🐉 🦊", ["🦊", "🐉", "🦊"]),
        ("a🦊b", ["a", "🦊", "b"]),
        ("👩\u200d🚀 👍🏽", ["👩🚀", "👍🏽"]),
        ("🇩🇪🇫🇷", ["🇩🇪", "🇫🇷"]),
        ("❤\ufe0f ❤", ["❤", "❤"]),
        ("sun-lit, 3.5 mm", ["sun", "lit", "3", "5", "mm"]),
        ("\u0301 \u200d", ["\u0301"]),
        ("a + b < c", ["a", "b", "c"]),
        ("", []),
    ],
)
def test_words_of_a_prompt(prompt, expected):
    assert words(prompt) == expected


def test_emoji_and_marks_change_the_picture():
    prompts = ("TOK", "TOK 🦊", "TOK 🐉", "TOK 👍🏽", "TOK 👍", "TOK नमस्ते", "TOK नमसत")
    ends = [generate.latent({**BODY, "prompt": prompt}) for prompt in prompts]
    assert len({end.tobytes() for end in ends}) == len(prompts)


def test_the_lexicon_is_large_and_names_known_meanings():
    plain = [word for word in LEXICON if word.isalpha()]
    assert len(plain) >= 40
    assert all(words(word) == [word] for word in LEXICON), "each is a word of a prompt"
    assert {name for meanings in LEXICON.values() for name in meanings} == set(MEANINGS)
    assert all(any(abs(value) >= 0.4 for value in meanings.values()) for meanings in LEXICON.values())


@pytest.mark.parametrize("word", sorted(LEXICON))
def test_each_word_means_what_the_lexicon_says(word):
    moved = generate.Flow(word, None, 1).means - generate.Flow("", None, 1).means
    said = moved[:, generate.MEANING] / generate.OUTRIGHT
    expected = [LEXICON[word].get(name, 0.0) for name in MEANINGS]
    assert np.allclose(said, expected), "in each place of the mixture"


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("at night", {"night": 1}),
        ("in snow", {"snow": 1}),
        ("winter night", {"snow": 0.8, "night": 1}),
        ("a stormy red evening", {"storm": 1, "red": 1, "warm": 1}),
        ("low sun", {"sun_high": -1}),
        ("noon in the desert", {"sun_high": 1, "desert": 1}),
        ("night at noon", {"night": 0}),
        ("🌙❄", {"night": 0.6, "snow": 1}),
        ("TOK, calm autumn forest", {"calm": 1, "autumn": 1, "forest": 1}),
    ],
)
def test_meanings_reach_the_picture_and_compose(prompt, said):
    without, with_words = meaning(""), meaning(prompt)
    for name, value in said.items():
        assert with_words[name] - without[name] == pytest.approx(value, abs=0.2), name
    for name in set(MEANINGS) - set(meaning_names(prompt)):
        assert with_words[name] - without[name] == pytest.approx(0, abs=0.2), name


def meaning_names(prompt):
    return [name for name, value in meaning_of(words(prompt)).items() if value]


def test_other_words_move_the_picture_a_little_their_own_way():
    base = generate.Flow("TOK", None, 1).means
    moves = [generate.Flow(f"TOK {word}", None, 1).means - base for word in ("wombat", "teapot", "🦊")]
    sizes = [np.linalg.norm(move, axis=1).max() for move in moves]
    assert max(sizes) < 2 < generate.OUTRIGHT
    assert min(sizes) > 0.5
    for move in moves:
        assert not move[:, generate.MEANING].any()
    assert not np.allclose(moves[0], moves[1])


def test_a_place_means_something_without_a_word():
    """Places of the mixture are as different as photographs: some are winter, some night, most neither."""
    body = {**BODY, "prompt": "TOK", "finetune_id": None}
    drawn = [generate.painting({**body, "seed": seed}) for seed in range(60)]
    assert len({each.place for each in drawn}) >= 8
    dark = [each.meaning["night"] > 0.5 for each in drawn]
    assert 0 < sum(dark) < 20


def test_every_word_of_the_lexicon_is_documented(pytestconfig):
    page = (pytestconfig.rootpath / "docs" / "simulator.md").read_text(encoding="utf-8")
    section = page.split("## Words of the prompt")[1].split("\n## ")[0]
    assert set(re.findall(r"`(\w+)`", section)) - {"TOK"} == {word for word in LEXICON if word.isalpha()}
