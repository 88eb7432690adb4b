"""The messages between a gallery's Python and its JavaScript have the same names on both sides."""

import re
from pathlib import Path

import pytest

from segflux_nb.widgets import gallery_messages

SOURCE = (Path(gallery_messages.__file__).parent / "static" / "gallery" / "messages.js").read_text(encoding="utf-8")
TYPES = {
    name: value
    for name, value in vars(gallery_messages).items()
    if isinstance(value, type) and value.__module__ == gallery_messages.__name__
}


def properties(name):
    """The names of a type's properties in the JavaScript, and those that may be left out."""
    block = re.search(rf"@typedef {{object}} {name}\b(.*?)(?=@typedef|\*/)", SOURCE, re.DOTALL)
    assert block, f"messages.js has no {name}"
    found = re.findall(r"@property \{.*\} (\[?)(\w+)\]?", block[1])
    return {text for _, text in found}, {text for bracket, text in found if bracket}


@pytest.mark.parametrize("name", sorted(TYPES))
def test_both_sides_name_the_same(name):
    all_of_them, optional = properties(name)
    assert all_of_them == set(TYPES[name].__annotations__)
    annotations = TYPES[name].__annotations__
    may_be_left_out = {key for key, kind in annotations.items() if "NotRequired" in str(kind)}
    assert optional == (may_be_left_out if TYPES[name].__total__ else set(annotations))


def test_no_type_is_on_one_side_alone():
    assert set(re.findall(r"@typedef {object} (\w+)", SOURCE)) == set(TYPES)
