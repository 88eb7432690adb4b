import shutil

import pytest
from PIL import Image

from segflux_nb.errors import LayoutError
from segflux_nb.sheets import fonts
from segflux_nb.sheets.fonts import drawable, font_file, text_width, write, written_in
from segflux_nb.sheets.geometry import geometry_of
from segflux_nb.sheets.sheet import contact_sheet
from tests.support.frames import coloured, layout_of


def drawn(text, size=32):
    image = Image.new("RGB", (900, 60), "white")
    write(image, 10, 30, text, size, "black")
    return image


def test_right_to_left_text_is_shaped_and_ordered():
    # The letters of the word join, so it is narrower than its letters apart, and it begins at the right.
    word = "بحيرة"
    joined = fonts._in_drawing_order(word)
    assert joined != word
    assert not set(joined) & set(word), "presentation forms"
    assert fonts._in_drawing_order("abc") == "abc"
    assert fonts._in_drawing_order("x שלום y").index("ם") < fonts._in_drawing_order("x שלום y").index("ש")
    ink = drawn(word).convert("L").point(lambda level: 255 - level).getbbox()
    assert ink[2] - ink[0] <= text_width(joined, 32) + 4


@pytest.mark.parametrize("text", ["山の湖", "🦊", "한국어"])
def test_other_scripts_are_drawn_by_a_font_of_the_system_or_as_code_points(text):
    shown = drawable(text)
    assert shown == text or "U+" in shown
    assert drawn(shown).getcolors(100_000) != [(900 * 60, (255, 255, 255))], "something is drawn"
    assert text_width(shown, 32) > 20


def test_without_fonts_of_the_system_there_are_no_empty_boxes(monkeypatch):
    monkeypatch.setattr(fonts, "_SYSTEM_FOLDERS", ())
    for cached in (fonts._system_fonts, fonts._family):
        cached.cache_clear()
    try:
        assert drawable("山 🦊 é") == "U+5C71 U+1F98A é"
    finally:
        for cached in (fonts._system_fonts, fonts._family):
            cached.cache_clear()


@pytest.fixture
def no_fonts_of_the_system(monkeypatch):
    monkeypatch.setattr(fonts, "_SYSTEM_FOLDERS", ())
    for cached in (fonts._system_fonts, fonts._family):
        cached.cache_clear()
    yield
    for cached in (fonts._system_fonts, fonts._family):
        cached.cache_clear()


@pytest.mark.usefixtures("no_fonts_of_the_system")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("山の湖", "U+5C71 U+306E U+6E56"),
        ("東京, Łódź", "U+6771 U+4EAC, Łódź"),
        ("a山b", "a U+5C71 b"),
        ("(山)", "(U+5C71)"),
        ("山-1", "U+5C71-1"),
        ("山 の", "U+5C71 U+306E"),
        ("🦊🦊", "U+1F98A U+1F98A"),
        ("👨\u200d👩", "U+1F468 U+1F469"),
    ],
)
def test_code_points_stand_apart(text, shown):
    assert drawable(text) == shown


@pytest.mark.usefixtures("no_fonts_of_the_system")
def test_no_line_breaks_or_ends_inside_a_code_point():
    from segflux_nb.sheets.fonts import wrap

    for text in ("山の湖の夜明け", "fox山の湖🦊の夜明けfox", "山" * 9, "Łódź, 東京, القاهرة, 🎨"):
        codes = set(drawable(text).replace(",", "").split())
        for width in range(90, 400, 7):
            for lines in (1, 2, 3, 9):
                for line in wrap(text, width, 16, lines=lines):
                    assert text_width(line, 16) <= width
                    words = line.replace(",", "").replace("…", " ").split()
                    assert all(word in codes for word in words if word.startswith("U")), (line, width)


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("text", ["بحيرة جبلية عند الفجر", "القاهرة, Łódź", "שלום עולם", "fox بحيرة", "lake"])
def test_the_width_of_a_text_is_that_of_what_is_drawn(text, bold):
    image = Image.new("L", (900, 60), "white")
    write(image, 100, 30, text, 32, "black", bold=bold)
    left, _, right, _ = image.point(lambda level: 255 - level).getbbox()
    assert abs(left - 100) <= 6
    assert abs(right - 100 - text_width(text, 32, bold=bold)) <= 6


def test_joiners_and_variation_selectors_leave_no_trace():
    assert drawable("★\ufe0f a\u200db") == "★ ab"


@pytest.fixture
def own(tmp_path):
    """A font of the user's: it is bold and has no Chinese."""
    return str(shutil.copy(fonts._FOLDER / "DejaVuSans-Bold.ttf", tmp_path / "my own.ttf"))


def test_an_own_font_draws_what_it_has(own, tmp_path):
    plain = text_width("strength", 32)
    with written_in(font_file(own)):
        assert text_width("strength", 32) == text_width("strength", 32, bold=True) > plain
        missing = drawable("山 é")
        assert drawn("山é").getbbox()
    assert missing == drawable("山 é"), "what it lacks is drawn as without it"
    assert text_width("strength", 32) == plain, "for other sheets nothing has changed"
    table = coloured(seed=[1, 2, 3])
    sheet = contact_sheet(table, title="A study", font=own)
    assert sheet.image.tobytes() != contact_sheet(table, title="A study").image.tobytes()
    assert sheet.save(tmp_path / "a.png").exists()
    for one in (table.pictures.sheet(font=own), table.pictures.compare(0, 1, font=own)):
        assert one.inline(100_000)
    loops = [table.pictures.travel("seed", font=font).save(tmp_path / "a.gif").read_bytes() for font in (own, None)]
    assert loops[0] != loops[1]


def test_characters_that_an_own_font_lacks_come_from_ours(monkeypatch):
    lacks = fonts._FOLDER / "lacks.ttf"
    draws = fonts._draws
    monkeypatch.setattr(fonts, "_draws", lambda path, char: path != lacks and draws(path, char))
    fonts._family.cache_clear()
    with written_in(lacks):
        assert text_width("abc 1", 20) == fonts.font(20).getlength("abc 1")
    fonts._family.cache_clear()


@pytest.mark.parametrize(
    ("font", "what"),
    [
        ("nowhere.ttf", "There is no file nowhere.ttf"),
        (".", ". is not a font that can be read"),
        ("text.ttf", "text.ttf is not a font that can be read"),
        ("empty.ttf", "empty.ttf is not a font that can be read"),
        (3, "font=3 is not possible"),
    ],
)
def test_what_is_no_font_is_said_to_be_none(font, what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.ttf").write_text("not a font")
    (tmp_path / "empty.ttf").touch()
    for show in (
        coloured(seed=[1, 2]).pictures.sheet,
        lambda font: coloured(seed=[1]).pictures.travel("seed", font=font),
    ):
        with pytest.raises(LayoutError) as error:
            show(font=font)
        assert what in str(error.value)
        assert error.value.remedy


@pytest.mark.parametrize("side", [96, 320, 512])
@pytest.mark.parametrize("number", [1, 2, 3, 8])
def test_a_title_is_in_proportion_to_the_sheet(side, number):
    """Where it is shown at most 1,000 pixels wide, its letters are about as high as a notebook's."""
    table = coloured(seed=range(number)).assign(prompt="a lake")
    geometry = geometry_of(layout_of(table, title="A study of seeds"), side)
    shown = min(1.0, 1000 / geometry.width)
    title = next(text for text in geometry.texts if text.bold)
    assert 11 <= title.size * shown <= 22
    assert max(text.size * shown for text in geometry.texts if not text.bold) <= 18


def test_a_line_of_a_million_characters_is_cut():
    from segflux_nb.sheets.fonts import wrap

    lines = wrap("fox " * 260_000, 300, 14, lines=2)
    assert len(lines) == 2
    assert lines[-1].endswith("…")
