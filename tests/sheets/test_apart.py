"""Labels that are too long are cut so that those which differ still look different."""

import pandas as pd
import pytest
from PIL import Image

from segflux_nb.sheets.apart import wrapped_apart
from segflux_nb.sheets.frame_view import FrameView
from segflux_nb.sheets.geometry import geometry_of
from segflux_nb.sheets.pivot import arrange

BASE = "a cinematic photograph of TOK the fox standing on a wooden bridge over a misty river, early light, 35mm, "
ENDS = ["red hat", "blue hat", "green hat", "no hat"]
PROMPTS = [BASE + end for end in ENDS]
SQUARE = Image.new("RGB", (32, 32))


def texts_of(table, side=96, **options):
    return geometry_of(arrange(FrameView.of(table), **options), side).texts


def table(prompts, copies=2):
    rows = [{"image": SQUARE, "prompt": prompt, "seed": seed} for seed in range(copies) for prompt in prompts]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    "options", [{"cols": "prompt"}, {"rows": "prompt"}, {"by": "prompt"}, {"cols": "seed", "captions": ["prompt"]}]
)
def test_prompts_that_begin_alike_show_where_they_differ(options):
    texts = texts_of(table(PROMPTS), **options)
    joined = [" ".join(text.lines) for text in texts]
    for end in ENDS:
        assert any(end in text for text in joined), end
    assert any("stands for “a cinematic" in text for text in joined)


def test_what_fits_stays_whole():
    joined = [" ".join(text.lines) for text in texts_of(table(["a fox", "a bear"]), cols="prompt", side=400)]
    assert "a fox" in joined
    assert not any("stands for" in text for text in joined)


def test_texts_of_several_beginnings_are_told_apart():
    texts = [f"{BASE}{place}{BASE}{end}" for place in ("at dawn, ", "at night, ") for end in ENDS]
    found = wrapped_apart([*texts, "a fox"], 200, 12, lines=2)
    shown = [tuple(found.lines[text]) for text in texts]
    assert len(set(shown)) == len(texts)
    assert found.lines["a fox"] == ["a fox"]


def test_texts_that_end_alike_or_are_one_word_are_told_apart():
    texts = ["x" * 80 + "1", "x" * 80 + "2", "1" + "x" * 80, "", "same", "x" * 80]
    found = wrapped_apart(texts, 100, 12, lines=1)
    assert len({tuple(found.lines[text]) for text in texts}) == len(texts)
    texts = ["a  b" * 30, "a b" * 30]  # drawn, these are the same
    assert set(wrapped_apart(texts, 100, 12, lines=1).lines) == set(texts)
