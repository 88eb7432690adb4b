"""A frame as sheets, galleries and exports see it: values, their order, the labels that stand for them."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from segflux_nb.errors import LayoutError
from segflux_nb.sheets import frame_view
from segflux_nb.sheets.frame_view import FrameView
from segflux_nb.sheets.sheet import contact_sheet
from tests.support.frames import coloured, frame


def column(values, **more):
    return FrameView.of(pd.DataFrame({"image": None, "x": values, **more}), image="image").column("x")


@pytest.mark.parametrize(
    "values",
    [
        [1.5, np.nan, None],
        pd.array([1, None, None], dtype="Int64"),
        pd.array(["a", None, pd.NA], dtype="string"),
        pd.to_datetime(["2026-01-01", None, None]),
    ],
    ids=["floats", "integers", "texts", "times"],
)
def test_missing_values_of_every_kind_are_one_value(values):
    found = column(values)
    assert found.values[1:] == (None, None)
    assert len(found.distinct) == 2
    assert found.labels[1:] == ("–", "–")


def test_values_keep_the_order_of_the_rows_and_floats_ascend_unless_they_descend():
    assert column([3, 1, 2, 1]).distinct == (3, 1, 2)
    assert column([0.4, 1.2, 0.8]).distinct == (0.4, 0.8, 1.2)
    assert column([1.2, 0.8, 0.4]).distinct == (1.2, 0.8, 0.4)


def test_labels_are_the_sweeps_own_or_values_with_the_same_decimals():
    assert column([1.0, 0.75]).labels == ("1.00", "0.75")
    assert column([1.0, 2.0]).labels == ("1.0", "2.0")
    assert column([0.25, np.inf]).labels == ("0.25", "inf")
    assert column(["3f", "9b"], x_label=["1200 steps", None]).labels == ("1200 steps", "9b")
    assert column(["a\nb\x1b[31m"]).labels == ("a b",)


def test_axes_are_those_of_the_frame_that_it_still_has():
    table = coloured(seed=[1, 2], steps=[5])
    assert FrameView.of(table).axes == ("seed", "steps")
    assert FrameView.of(table).varying_axes == ["seed"]
    assert FrameView.of(table.drop(columns="steps")).axes == ("seed",)
    assert FrameView.of(table, axes=["steps", "sampler_name"]).axes == ("steps",)
    assert FrameView.of(frame(seed=[1])).axes == ()


def test_what_describes_a_picture_is_neither_result_nor_mark_nor_label():
    table = coloured(seed=[1], finetune_id=["a"]).assign(finetune_id_label="one", stars=3, mood_label="dark")
    assert FrameView.of(table).describing == ["seed", "finetune_id", "mood_label"]


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(LayoutError, match=r"no column 'sede'\. Did you mean 'seed'\? It has seed"):
        FrameView.of(frame(seed=[1])).column("sede")


def test_a_sheet_looks_at_each_column_once(monkeypatch):
    seen = Counter()
    values = frame_view._values
    monkeypatch.setattr(frame_view, "_values", lambda column: (seen.update([column.name]), values(column))[1])
    table = coloured(seed=[1, 2], lora_strength=[0.5, 1.0]).assign(score=[1.0, 2.0, 3.0, 4.0], steps=25)
    contact_sheet(table, captions=["score", "seed"], border="score", relative_to={"lora_strength": 0.5})
    assert {"seed", "lora_strength", "score", "steps", "image"} <= set(seen)
    assert set(seen.values()) == {1}


def test_days_have_no_hours_and_floats_no_more_digits_than_they_need():
    days = pd.date_range("2024-01-01", periods=2)
    frame = pd.DataFrame(
        {"image": ["a.png"] * 2, "t": days, "s": days + pd.Timedelta(hours=1), "v": [0.3, 0.1 + 0.2]}
    )
    view = FrameView.of(frame)
    assert view.column("t").distinct_labels == ("2024-01-01", "2024-01-02")
    assert view.column("s").distinct_labels == ("2024-01-01 01:00:00", "2024-01-02 01:00:00")
    assert view.column("v").distinct_labels == ("0.3", "0.30000000000000004")


def test_addresses_have_short_labels_where_these_tell_them_apart():
    from segflux_nb.sheets.frame_column import FrameColumn

    def labels(*values):
        return list(FrameColumn("lora", values, {}).distinct_labels)

    assert labels("https://a.example/x/fox.st", "https://a.example/y/owl.st?v=2", None) == ["fox.st", "owl.st", "–"]
    assert labels('[{"path":"https://a.example/x/fox.st"}]', "[]") == ['[{"path":"fox.st"}]', "[]"]
    same = ("https://a.example/x/fox.st", "https://a.example/y/fox.st")
    assert labels(*same) == list(same)
    assert labels("a sign that says https://a.example/x") == ["a sign that says https://a.example/x"]
