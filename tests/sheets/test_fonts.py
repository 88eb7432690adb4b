import pytest
from PIL import Image

from segflux_nb.sheets import fonts
from segflux_nb.sheets.fonts import drawable, text_width, write


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


def test_joiners_and_variation_selectors_leave_no_trace():
    assert drawable("★\ufe0f a\u200db") == "★ ab"
