"""Names of files that the user describes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import segflux_nb as sf
from segflux_nb.folders.pattern import NamePattern
from tests.folders import tools
from tests.folders.files import encoded, write


@pytest.mark.parametrize(
    ("pattern", "path", "values"),
    [
        (
            "{checkpoint}-{step:d}-{seed:d}.png",
            "tok-v2-500-42.png",
            {"checkpoint": "tok-v2", "step": 500, "seed": 42},
        ),
        ("{checkpoint}-{step:d}", "tok-500.webp", {"checkpoint": "tok", "step": 500}),
        ("s{strength:g}_{seed:d}", "s-0.25_7.png", {"strength": -0.25, "seed": 7}),
        ("s{strength:f}_{}", "s.5_whatever.png", {"strength": 0.5}),
        ("{checkpoint}/{seed:d}.png", "a/b/tok v2/7.png", {"checkpoint": "tok v2", "seed": 7}),
        ("{model}/{}/{seed:d}", "a/flux/x/7.png", {"model": "flux", "seed": 7}),
        ("cfg{cfg:g} ({n:d})", "cfg7.5 (2).png", {"cfg": 7.5, "n": 2}),
        ("{a}.{b}.png", "x.y.z.png", {"a": "x", "b": "y.z"}),
        ("{seed:d}", "0042.png", {"seed": 42}),
        ("{{{seed:d}}}", "{7}.png", {"seed": 7}),
        ("{狐}-{seed:d}", "fox-7.png", {"狐": "fox", "seed": 7}),
        ("./{a}-{seed:d}.png", "fox-7.png", {"a": "fox", "seed": 7}),
        ("././{a}/./{seed:d}.png", "fox/7.png", {"a": "fox", "seed": 7}),
        ("{a}-{seed:d}.png", "A-1.PNG", {"a": "A", "seed": 1}),
        ("{a}-{seed:d}.PNG", "A-1.png", {"a": "A", "seed": 1}),
        ("{a}-{seed:d}", "A-1.PNG", {"a": "A", "seed": 1}),
        ("{a}-{seed:d}.png", "A-1.JPG", None),
        ("{seed:d}.png", "x7.png", None),
        ("{seed:d}.png", "7.jpg", None),
        ("{a}/{b}.png", "b.png", None),
        ("{seed:d}", "7٣.png", None),
    ],
)
def test_what_a_pattern_reads(pattern, path, values):
    assert NamePattern.of(pattern).read(tuple(path.split("/"))) == values


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("plain.png", "names no column"),
        ("{}", "names no column"),
        ("{a}{b}", "nothing between two names"),
        ("{a}-{a}", "occurs once"),
        ("{a:x}", ":d for an integer"),
        ("{a!r}", "is not possible"),
        ("{a.__class__}", "is not possible"),
        ("{a[0]}", "is not possible"),
        ("{0}", "is not possible"),
        ("{a", "is not a pattern"),
        ("{image}.png", "a column of the frame already"),
        ("../{a}.png", "begin in the folder"),
        ("/tmp/{a}.png", "begin in the folder"),
        ("{b}//{a}.png", "begin in the folder"),
        (7, "is not text"),
    ],
)
def test_what_is_no_pattern(pattern, says):
    with pytest.raises(sf.SegfluxError, match=says):
        NamePattern.of(pattern)


@given(st.from_regex(r"[a-z][a-z0-9.-]{0,9}", fullmatch=True), st.integers(0, 10**15), st.integers(-99, 99))
def test_a_pattern_is_the_opposite_of_format(checkpoint, seed, step):
    values = {"checkpoint": checkpoint, "step": step, "seed": seed}
    pattern = "{checkpoint}_{step:d}_{seed:d}.png"
    assert NamePattern.of(pattern).read((pattern.format(**values),)) == values


def test_names_that_do_not_fit_are_rows_and_are_reported(tmp_path, capsys):
    write(tmp_path, dict.fromkeys(["a-1.png", "a-2.png", "other.png"], encoded("PNG")))
    frame = sf.read_folder(tmp_path, pattern="{name}-{seed:d}")
    assert frame["seed"].isna().tolist() == [False, False, True]
    assert frame.attrs["report"]["no_fit"] == ["other.png"]
    assert "The pattern does not fit 1 name, such as other.png" in capsys.readouterr().out


def test_a_pattern_that_fits_nothing_shows_a_name(tmp_path):
    write(tmp_path, {"a_1.png": encoded("PNG")})
    with pytest.raises(sf.SegfluxError, match=r"fits not the only name, 'a_1\.png'"):
        sf.read_folder(tmp_path, pattern="{name}-{seed:d}")


def test_the_pattern_counts_more_than_the_metadata(tmp_path, capsys):
    write(tmp_path, {"tok-7.png": tools.A1111["00000-1.png"][0]})
    frame = sf.read_folder(tmp_path, pattern="{checkpoint}-{seed:d}.png")
    assert frame["seed"].tolist() == [7]
    assert "Of 1 picture the metadata says another seed than the name, which counts" in capsys.readouterr().out


def test_an_empty_folder_and_none(tmp_path, capsys):
    assert len(sf.read_folder(tmp_path)) == 0
    assert "0 pictures" in capsys.readouterr().out
    for path in (tmp_path / "nowhere", __file__):
        with pytest.raises(sf.SegfluxError, match="cannot be read as a folder"):
            sf.read_folder(path)


def test_a_pattern_of_many_texts_ends_soon_on_any_name():
    pattern = NamePattern.of("{a}a{b}a{c}a{d}a{e}a{f}b.png")
    assert pattern.read(("a" * 250 + ".png",)) is None
    assert pattern.read(("a" * 249 + "b.png",)) == {**dict.fromkeys("abcde", "a"), "f": "a" * 239}
