import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import segflux_nb as sf
from segflux_nb.sheets.fonts import drawable, text_width, wrap
from segflux_nb.sheets.geometry import geometry_of
from tests.support.frames import coloured, frame, layout_of, overlap

THREE = {"seed": [5, 3], "lora_strength": [0.4, 0.8, 1.2], "sampler_name": ["euler", "heun"]}


def test_first_axis_is_columns_second_rows_third_groups():
    layout = layout_of(frame(**THREE))
    assert (layout.columns, layout.rows, layout.outer) == ("seed", "lora_strength", "sampler_name")
    assert layout.column_labels == ("5", "3"), "in the order they were given"
    assert layout.row_labels == ("0.4", "0.8", "1.2")
    assert [group.label for group in layout.groups] == ["euler", "heun"]
    assert layout.groups[1].cells[2][0].picture == "5.jpg"


def test_named_axes_win():
    layout = layout_of(frame(**THREE), cols="lora_strength", by="seed")
    assert (layout.columns, layout.rows, layout.outer) == ("lora_strength", "sampler_name", "seed")


def test_further_axes_of_a_sweep_are_held_and_the_sheet_says_how_many_rows_it_leaves_out():
    layout = layout_of(coloured(**THREE, steps=[10, 20]))
    assert layout.notes == ("steps 10 shown, of 10, 20: 12 of 24 rows not shown",)
    assert len(layout.cells) == 12
    assert "steps 10 shown" in layout.text
    assert layout.text.startswith("ContactSheet: 12 pictures, 12 rows not shown")
    assert layout_of(coloured(**THREE, steps=list(range(30)))).notes[0].count(",") < 20, "long lists are cut"


def test_numbers_are_aligned_and_labels_shown():
    table = frame(lora_strength=[1.0, 0.75], finetune_id=["3f2a", "9b1c"])
    table["finetune_id_label"] = table["finetune_id"].map({"3f2a": "1200 steps", "9b1c": "2400 steps"})
    layout = layout_of(table)
    assert layout.column_labels == ("1.00", "0.75"), "an axis that falls keeps falling"
    assert layout.row_labels == ("1200 steps", "2400 steps")
    assert layout_of(frame(lora_strength=[0.4, 1.2, 0.8])).column_labels == ("0.4", "0.8", "1.2")


def test_a_single_long_axis_is_wrapped_with_captions():
    layout = layout_of(frame(seed=list(range(1, 24))))
    assert layout.column_labels == ()
    captions = [cell.caption for cell in layout.cells if cell.caption]
    assert captions == [str(seed) for seed in range(1, 24)]
    assert len(layout.groups[0].cells) > 2
    assert "empty" not in layout.text


def test_the_text_differs_when_cells_labels_or_statuses_differ():
    base = frame(**THREE)
    texts = {layout_of(base).text, layout_of(base.iloc[1:]).text, layout_of(base, cols="lora_strength").text}
    failed = base.copy()
    failed.loc[3, ["status", "image", "error_kind", "error"]] = ["failed", None, "moderated", "content policy"]
    texts.add(layout_of(failed).text)
    failed.loc[3, "error"] = "another reason"
    texts.add(layout_of(failed).text)
    labelled = base.assign(seed_label=base["seed"].map({5: "five", 3: "three"}))
    texts.add(layout_of(labelled).text)
    other = base.assign(run=[f"other{number}" for number in range(len(base))])
    texts.add(layout_of(other).text)
    assert len(texts) == 7
    assert layout_of(base).text == layout_of(base.copy()).text


def test_failed_and_missing_cells_are_told_apart():
    table = frame(**THREE)
    table.loc[3, ["status", "image", "error_kind", "error"]] = ["failed", None, "moderated", "content policy"]
    layout = layout_of(table.drop(index=5))
    cells = {cell.status: cell for cell in layout.cells}
    assert cells["failed"].reason == "moderated: content policy"
    assert cells["missing"].run == ""
    assert "10 pictures, 1 failed, 1 empty" in layout.text


def test_takes_stand_beside_each_other():
    table = pd.concat(
        [frame(seed=[1, 2]).assign(take=0), frame(seed=[1, 2]).assign(take=1, image=["new1.jpg", "new2.jpg"])],
        ignore_index=True,
    )
    layout = layout_of(table)
    assert [cell.picture for cell in layout.cells] == ["0.jpg", "new1.jpg", "1.jpg", "new2.jpg"]
    assert [cell.caption for cell in layout.cells] == ["take 0", "take 1"] * 2


def test_what_cannot_be_laid_out_says_so():
    table = frame(**THREE)
    for kwargs, says in (
        ({"cols": "sede"}, "no column 'sede'"),
        ({"cols": "seed", "rows": "seed"}, "an axis twice"),
        ({"image": "sede"}, "no column 'sede'"),
    ):
        with pytest.raises(sf.SegfluxError, match=says):
            layout_of(table, **kwargs)
    with pytest.raises(sf.SegfluxError, match="nothing to show: the frame has no rows"):
        layout_of(table.iloc[:0])
    with pytest.raises(sf.SegfluxError, match="no column of pictures"):
        layout_of(table.drop(columns="image"))


def test_the_footer_explains_the_sheet():
    table = frame(**THREE).assign(prompt="TOK at dawn", steps=25, service="simulator")
    layout = layout_of(table)
    assert layout.footer[0] == "prompt “TOK at dawn”"
    assert "steps 25" in layout.footer[1]
    assert "not pictures by Flux" in layout.footer[-1]
    assert "not pictures by Flux" not in layout_of(table.assign(service="segmind")).text


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ([2, 2, 2], ""),
        ([None, None, None], ""),
        ([2, 1, 2], "Different versions of the simulator painted them: 1, 2."),
        ([3, 1, 2], ": 1, 2, 3."),
        ([None, 2, 2], ": unknown, 2."),
        (["odd", float("inf"), None], ""),
    ],
)
def test_the_footer_says_if_versions_of_the_simulator_are_mixed(versions, said):
    table = frame(seed=[1, 2, 3]).assign(service="simulator", simulator_version=versions, image=["a", "b", "c"])
    for kind in (object, "Int64") if said else (object,):
        footer = layout_of(table.astype({"simulator_version": kind})).footer[-1]
        assert "not pictures by Flux" in footer
        assert said in footer
        assert bool(said) == ("Different versions" in footer)
    alone = layout_of(table.assign(service=["simulator", "segmind", "segmind"])).footer[-1]
    assert "Different versions" not in alone
    failed = table.assign(image=["a", None, None])
    assert "Different versions" not in layout_of(failed).footer[-1], "a cell without a picture mixes nothing"


LABELS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=40)


@given(
    columns=st.lists(LABELS, min_size=1, max_size=5, unique=True),
    rows=st.lists(LABELS, min_size=1, max_size=4, unique=True),
    groups=st.lists(LABELS, min_size=1, max_size=3, unique=True),
    cell=st.integers(24, 400),
    shape=st.sampled_from([(1024, 1024), (640, 1536), (1536, 640)]),
)
def test_boxes_are_disjoint_and_on_the_page(columns, rows, groups, cell, shape):
    table = frame(a=columns, b=rows, c=groups)
    table["width"], table["height"] = shape
    geometry = geometry_of(layout_of(table, cols="a", rows="b", by="c", title="A title"), cell)
    boxes = [box for _, box in geometry.cells] + [text.box for text in geometry.texts if text.lines]
    for left, top, right, bottom in boxes:
        assert 0 <= left <= right <= geometry.width
        assert 0 <= top <= bottom <= geometry.height
    for (_, one), (_, other) in itertools.combinations(geometry.cells, 2):
        assert not overlap(one, other)
    for (_, one), text in itertools.product(geometry.cells, geometry.texts):
        assert not overlap(one, text.box), f"{text.lines} overlaps a picture"
    for one, other in itertools.combinations([text for text in geometry.texts if text.lines], 2):
        assert not overlap(one.box, other.box), f"{one.lines} overlaps {other.lines}"


@given(text=st.text(max_size=300), width=st.integers(10, 400), size=st.integers(8, 30), lines=st.integers(1, 4))
def test_wrapped_lines_fit(text, width, size, lines):
    wrapped = wrap(text, width, size, lines=lines)
    assert len(wrapped) <= lines
    for line in wrapped:
        assert text_width(line, size) <= width or len(line) <= 2


def test_long_prompts_are_elided_and_no_tofu_is_drawn():
    prompt = "a very long prompt about a lake " * 13
    lines = wrap(prompt, 300, 12, lines=3)
    assert lines[-1].endswith("…")
    assert drawable("é × ł Ω → ☃") == "é × ł Ω → ☃"
    assert drawable("\ue000") == "U+E000", "a private character that no font has"
    assert drawable("山") in ("山", "U+5C71"), "by what the system has"
    assert "U+" not in drawable("".join(map(chr, range(32, 127))))


def test_a_frame_that_is_not_ours():
    table = pd.DataFrame({"path": [b"x", None], "style": ["ink", "oil"], "score": [np.nan, 2.0]})
    layout = layout_of(table, cols="style")
    assert [cell.status for cell in layout.cells] == ["completed", "missing"]
