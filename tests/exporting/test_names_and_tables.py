"""Names keep values and rows apart, on every system and each time; tables hold what frames hold, as text at least."""

import csv
import enum
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segflux_nb.exporting.names import picture_names
from segflux_nb.exporting.tables import to_csv, to_jsonl, to_parquet

DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


def named(labels, pattern="{x}", runs=None):
    stems = picture_names(runs or [f"run{n}" for n in range(len(labels))], {"x": labels}, pattern)
    return [f"{stem}.png" for stem in stems]


def test_a_sign_is_kept():
    assert named(["-0.5", "0.5"]) == ["_-0.5.png", "0.5.png"]
    assert named(["-0.5", "0.5"], None) == ["x--0.5.png", "x-0.5.png"]
    assert named(["-0.5", "0.5"], "at {x}") == ["at--0.5.png", "at-0.5.png"]


@pytest.mark.parametrize(
    "values",
    [
        ["Euler", "euler"],
        ["狐", "梟", "熊"],
        ["a b", "a/b", "a-b"],
        ["0.5", "−0.5", "+0.5"],
        ["é", "e"],
        ["", " ", "–"],
    ],
)
@pytest.mark.parametrize("pattern", [None, "{x}", "of {x}"])
def test_values_that_look_alike_are_kept_apart(values, pattern):
    names = named(values, pattern, ["same"] * len(values))
    assert len({name.casefold() for name in names}) == len(values)
    assert names == named(values, pattern, ["same"] * len(values)), "and the same each time"
    assert not any("same" in name for name in names), "by the value, not by the run"


@pytest.mark.parametrize("device", ["CON", "nul", "Aux.txt", "com0", "LPT9.tar.gz", "com¹", "con .x", "CONIN$"])
@pytest.mark.parametrize("run", ["run", "nul", None])
def test_no_name_is_a_device_of_windows(device, run):
    for names in (named([device], "{x}", [run]), named([""], "{x}", [device]), named([device] * 3, "{x}", [run] * 3)):
        assert [name for name in names if DEVICE.match(name)] == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "A", "a_b", "a_b_2", "x_0001", "x", "", "CON", "-1", "1"]),
            st.sampled_from(["b", "B", "0001", "2", "", "nul", None, 2]),
        ),
        max_size=12,
    )
)
def test_no_row_overwrites_another(rows):
    labels, runs = [label for label, _ in rows], [run for _, run in rows]
    for pattern in (None, "{x}"):
        names = named(labels, pattern, runs)
        assert len({name.casefold() for name in names}) == len(rows)
        assert not any(name.startswith(("-", ".")) or DEVICE.match(name) for name in names)


def test_one_picture_that_cannot_be_written_stops_no_other(tmp_path, capsys):
    for number in range(3):
        Image.new("RGB", (8, 8), (80 * number, 0, 0)).save(tmp_path / f"{number}.png")
    frame = pd.DataFrame({"image": [str(tmp_path / f"{n}.png") for n in range(3)], "x": [0, 1, 2]})
    (tmp_path / "out" / "pictures" / "1.png" / "in the way").mkdir(parents=True)
    folder = frame.pictures.export(tmp_path / "out", names="{x}")
    assert sorted(path.name for path in (folder / "pictures").iterdir() if path.is_file()) == ["0.png", "2.png"]
    assert (folder / "left-out.txt").read_text().startswith("0001: 1.png cannot be written: ")
    assert "1 picture left out of the export: 0001: 1.png cannot be written" in capsys.readouterr().out
    again = frame.pictures.export(tmp_path / "again", names="{x}")
    assert frame.pictures.export(tmp_path / "again", names="{x}") == again
    assert sorted(path.name for path in again.rglob("*.png")) == ["0.png", "1.png", "2.png", "contact-sheet.png"]


# ---------------------------------------------------------------------- tables


class Sampler(enum.StrEnum):
    EULER = "=euler"


class Old(str, enum.Enum):  # noqa: UP042 - people have these
    EULER = "=euler"


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", ":", "^", "~", " "])
@pytest.mark.parametrize("formula", ["=1+1", "+1+1", "-cmd|x", "@SUM(A1)"])
def test_no_separator_makes_a_formula_of_a_cell(separator, formula):
    frame = pd.DataFrame({f"x{separator}{formula}": [f"fox{separator}{formula}", f"fox{separator} {formula}"]})
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
        for row in csv.reader(to_csv(frame).splitlines(), delimiter=separator, quoting=quoting):
            assert not any(cell.lstrip(' "').startswith(formula[0]) for cell in row), row


def test_a_lone_sign_is_no_formula():
    assert to_csv(pd.DataFrame({"prompt": ["a fox - at dawn"]})) == "prompt\na fox - at dawn\n"


@pytest.mark.parametrize("value", [Sampler.EULER, Old.EULER, Path("=a"), np.str_("=x"), [1, "=2"], object(), b"=x"])
def test_any_object_is_text_and_no_formula(value, tmp_path):
    frame = pd.DataFrame({"x": [value, "b"], "n": [1, 2]})
    (_, first, _) = csv.reader(io.StringIO(to_csv(frame)))
    assert not first[0].startswith("=")
    assert " at 0x" not in first[0], "the same each time"
    assert json.loads(to_jsonl(frame).splitlines()[0])["n"] == 1
    to_parquet(frame, tmp_path / "x.parquet")
    assert len(pd.read_parquet(tmp_path / "x.parquet")) == 2


def test_members_of_enumerations_are_their_texts():
    frame = pd.DataFrame({"x": [Sampler.EULER, Old.EULER, Colour.RED]})
    assert [json.loads(line)["x"] for line in to_jsonl(frame).splitlines()] == ["=euler", "=euler", "RED"]
    assert to_csv(frame).splitlines() == ["x", "'=euler", "'=euler", "RED"]


def test_what_json_does_not_have_is_null_or_text():
    odd = [
        float("inf"),
        float("nan"),
        [1.0, float("-inf")],
        {"a": np.float32("nan"), 1: Path("b")},
        np.arange(2),
        pd.NaT,
    ]
    odd += [pd.Timestamp("2026-01-02"), {"\ud83d"}, np.int64(3), pd.NA]
    frame = pd.DataFrame({"x": pd.Series(odd, dtype=object)})

    def refuse(word):
        raise AssertionError(word)

    read = [json.loads(line, parse_constant=refuse)["x"] for line in to_jsonl(frame).splitlines()]
    assert read == [
        None,
        None,
        [1.0, None],
        {"a": None, "1": "b"},
        [0, 1],
        None,
        "2026-01-02 00:00:00",
        ["\ud83d"],
        3,
        None,
    ]


def test_columns_of_one_name_are_all_written():
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "a", "a_2"])
    assert json.loads(to_jsonl(frame)) == {"a": 1, "a_3": 2, "a_2": 3}
    assert to_csv(frame).splitlines() == ["a,a,a_2", "1,2,3"]


def test_half_a_character_is_written_as_its_escape(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    frame = pd.DataFrame({"image": [str(tmp_path / "a.png")], "note": pd.Series(["fox \ud83d"], dtype=object)})
    folder = frame.pictures.export(tmp_path / "out")
    assert json.loads((folder / "runs.jsonl").read_text(encoding="utf-8"))["note"] == "fox \ud83d"


def test_parquet_writes_as_text_what_it_cannot_hold_and_leaves_other_columns_alone(tmp_path):
    frame = pd.DataFrame(
        {
            "great": pd.Series([10**400, 1], dtype=object),
            "complex": [1j, 2],
            "sparse": pd.arrays.SparseArray([0.0, 1.5]),
            "lists": [[1], [2, 3]],
            "mixed": [1, "a"],
            "number": [1, 2],
        }
    )
    to_parquet(frame, tmp_path / "x.parquet")
    again = pd.read_parquet(tmp_path / "x.parquet")
    assert again["great"].tolist() == [str(10**400), "1"]
    assert again["complex"].tolist() == ["1j", "(2+0j)"]
    assert again["sparse"].tolist() == ["0.0", "1.5"]
    assert [list(one) for one in again["lists"]] == [[1], [2, 3]]
    assert again["mixed"].tolist() == ["1", "a"]
    assert again["number"].tolist() == [1, 2]


class Mute:
    def __repr__(self):
        raise RuntimeError("it has no text")


def test_objects_without_a_text_and_the_longest_floats_are_written(tmp_path):
    frame = pd.DataFrame({"x": [Mute(), 1], "y": np.array([1.5, np.inf], dtype=np.longdouble)})
    assert "Mute without a text" in to_csv(frame)
    rows = [json.loads(line) for line in to_jsonl(frame).splitlines()]
    assert [row["y"] for row in rows] == [1.5, None]
    to_parquet(frame, tmp_path / "x.parquet")
    assert pd.read_parquet(tmp_path / "x.parquet")["x"][0] == "Mute without a text (RuntimeError)"
    half = pd.DataFrame({"x": pd.Series(["a\ud800", "b"], dtype=object)})
    half.columns = pd.Index(["a\ud800"], dtype=object)
    to_parquet(half, tmp_path / "x.parquet")
    assert pd.read_parquet(tmp_path / "x.parquet")["a\\ud800"].tolist() == ["a\\ud800", "b"]


def test_a_name_of_a_file_loses_its_ending_before_it_gets_one():
    labels = {"name": ["a.png", "b.JPG", "c.v1.5", "d.tar.gz", ".png", "a.webp"]}
    names = picture_names(["r1", "r2", "r3", "r4", "r5", "r6"], labels, "{name}")
    assert names == ["a_r1", "b", "c.v1.5", "d.tar.gz", "png", "a_r6"]
