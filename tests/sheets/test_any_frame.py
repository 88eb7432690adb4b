"""Frames of every kind, made by Hypothesis: each row is shown or counted, and no exception but ours comes out."""

import datetime
import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import segflux_nb as sf
from segflux_nb.sheets.frame_view import FrameView
from segflux_nb.sheets.geometry import geometry_of
from segflux_nb.sheets.html import standalone
from segflux_nb.sheets.pivot import arrange
from tests.support.frames import overlap
from tests.support.gallery_rows import names_of

SQUARE = Image.new("RGB", (8, 8), (200, 30, 30))
NAMES = st.one_of(
    st.sampled_from(
        [
            *("seed", "image", "run", "status", "stars", "note", "take", "prompt", "error", "index", "row", "path"),
            *("lora_strength", "lora_strength_label", "width", "service", "", "a\nb", "x", "x_label", "level_0", "0"),
        ]
    ),
    st.integers(-2, 3),
    st.text(max_size=4),
    st.tuples(st.sampled_from(["a", "", "seed"]), st.sampled_from(["b", "", "seed"])),
    st.sampled_from([None, 1.5, math.nan, True, datetime.date(2026, 1, 1)]),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.floats(),
    st.sampled_from(
        [1e-7, 5e-7, math.inf, -math.inf, math.nan, pd.NA, pd.NaT, np.float32(0.5), np.int64(3), 10**400]
    ),
    st.text(max_size=5),
    st.sampled_from(["\ud800", "completed", "failed", "a\0b.png", "9" * 300]),
    st.datetimes(),
    st.lists(st.integers(0, 1), max_size=2),
    st.dictionaries(st.sampled_from("ab"), st.integers(0, 1), max_size=2),
    st.sampled_from([np.zeros(2), np.ones((2, 2)), frozenset({1}), b"bytes", object, 1j]),
)
PICTURES = st.one_of(
    st.just(SQUARE),
    st.none(),
    st.sampled_from(["gone.png", "", b"junk", bytearray(b"junk"), np.zeros((9, 9, 3), np.uint8), np.zeros(3), 7, {}]),
    st.sampled_from([{"bytes": None, "path": "gone.png"}, {"bytes": b"x"}, "a\0.png", "\ud800.png", math.nan]),
)
FEW = st.one_of(st.lists(st.sampled_from([1, 2]), min_size=7, max_size=7), st.lists(SCALARS, min_size=7, max_size=7))
DTYPES = st.sampled_from([None, object, "category", "string", "Int64", "float64", "datetime64[ns]", "boolean"])


def column(values, dtype):
    try:
        return pd.Series(values, dtype=dtype or object)
    except Exception:  # noqa: BLE001 - what pandas does not convert stays an object
        return pd.Series(values, dtype=object)


@st.composite
def frames(draw):
    rows = draw(st.integers(0, 7))
    names = draw(st.lists(NAMES, max_size=5))
    held = [column(draw(FEW)[:rows], draw(DTYPES)) for _ in names]
    where = draw(st.integers(0, len(names)))
    held.insert(where, pd.Series([draw(PICTURES) for _ in range(rows)], dtype=object))
    names.insert(where, draw(st.sampled_from(["image", "render", "path", 0, ("image", "")])))
    table = pd.DataFrame(dict(enumerate(held)))
    table.columns = pd.Index(names, tupleize_cols=draw(st.booleans()) and all(isinstance(n, tuple) for n in names))
    index = draw(st.sampled_from(["range", "named", "repeated", "several", "texts"]))
    if index == "named":
        table.index = pd.Index(range(rows), name="seed")
    elif index == "repeated":
        table.index = pd.Index([0] * rows)
    elif index == "several":
        pairs = [(at % 2, f"k{at % 3}") for at in range(rows)]
        table.index = pd.MultiIndex.from_tuples(pairs, names=["steps", None]) if rows else table.index
    elif index == "texts":
        table.index = pd.Index([f"r{at}" for at in range(rows)], dtype=object)
    chosen = st.none() | st.sampled_from(names)
    options = {"cols": draw(chosen), "rows": draw(chosen), "heat": draw(chosen), "border": draw(chosen)}
    options["by"] = draw(st.sampled_from([None, [], [names[0]], names[:2]]))
    options["captions"] = draw(st.sampled_from([[], [names[-1]]]))
    return table, {name: value for name, value in options.items() if draw(st.booleans())}


def rows_on(layout):
    """How many rows of its frame a sheet shows, or averages."""
    shown = 0
    for cell in layout.cells:
        if layout.is_heat and cell.share is not None:
            shown += cell.mean_of
        elif cell.run or cell.picture is not None:  # a frame's own name of a row may be empty
            shown += 1
    return shown


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frames())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_row_is_shown_or_counted_and_no_exception_but_ours_comes_out(given_frame):
    table, options = given_frame
    try:
        layout = arrange(FrameView.of(table), **options)
    except sf.SegfluxError:
        return
    without = sum(
        int(note.rsplit(" ", 1)[1].replace(",", "")) for note in layout.notes if note.startswith("Rows without")
    )
    counted = rows_on(layout) + layout.left_out
    assert counted <= len(table) <= counted + (without if layout.is_heat else 0)
    if layout.left_out:
        assert "not shown" in layout.text
        assert any("not shown" in line for text in geometry_of(layout, 96).texts for line in text.lines)
    for labels in (layout.column_labels, layout.row_labels, [group.label for group in layout.groups]):
        assert len(set(labels)) == len(labels), "two values have one label"
    geometry = geometry_of(layout, 96)
    boxes = [box for _, box in geometry.cells]
    assert len(boxes) == len(layout.cells), "every picture has its place"
    assert not any(overlap(one, other) for at, one in enumerate(boxes) for other in boxes[at + 1 :])
    assert "<main>" in standalone([layout])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frames())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_gallery_has_an_item_for_every_row_and_its_state_is_json(given_frame):
    table, options = given_frame
    try:
        gallery = table.pictures.gallery(cols=options.get("cols"), rows=options.get("rows"))
    except sf.SegfluxError:
        return
    assert gallery.table["number"] == len(table)
    state = re.search(r'id="state">(.*?)</script>', gallery.page(), re.DOTALL)[1]

    def refused(constant):
        raise AssertionError(f"browsers do not read {constant}")

    names = names_of(json.loads(state, parse_constant=refused)["table"])
    if not FrameView.of(table).is_of_runs:
        assert len(set(names)) == len(names), "a mark would touch two pictures"
