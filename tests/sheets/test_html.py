"""Sheets as HTML documents: what is escaped, what a document permits, what it shows of each cell."""

import base64
import hashlib
import html

import pytest
from markupsafe import Markup

from segflux_nb.sheets.html import GalleryPart, standalone
from tests.support.frames import coloured, layout_of

SCRIPT = 'const a = "<b>" && 1 < 2;\n'


def gallery(script=SCRIPT, style=".a > .b { color: red; }"):
    return GalleryPart(Markup('<div id="gallery"></div>\n'), script, style)


def test_a_gallery_is_placed_and_its_script_is_the_only_one_permitted():
    document = standalone([layout_of(coloured(seed=[1, 2]))], gallery=gallery())
    assert f'<script type="module">{SCRIPT}</script>' in document
    assert ".a > .b { color: red; }" in document
    assert document.index('<div id="static">') < document.index('<div id="gallery"></div>') < document.index(SCRIPT)
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = html.unescape(document.split('http-equiv="Content-Security-Policy" content="')[1].split('">')[0])
    assert policy == (
        f"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )


def test_without_a_gallery_no_script_is_permitted():
    document = standalone([layout_of(coloured(seed=[1, 2]))])
    assert "script" not in document.lower()


def test_a_script_or_style_that_ends_its_element_is_refused():
    layouts = [layout_of(coloured(seed=[1]))]
    with pytest.raises(ValueError, match="script element would end"):
        standalone(layouts, gallery=gallery(script="'</SCRIPT><script>alert(1)'"))
    with pytest.raises(ValueError, match="style element would end"):
        standalone(layouts, gallery=gallery(style="</style>"))


def test_text_after_the_sheets_is_escaped_unless_it_is_markup():
    layouts = [layout_of(coloured(seed=[1]))]
    assert "&lt;b&gt;x" in standalone(layouts, body="<b>x")
    assert "<b>x</b>" in standalone(layouts, body=Markup("<b>x</b>"))
    assert standalone(layouts, title="<i>").count("&lt;i&gt;") == 2


def test_several_sheets_are_in_one_document():
    layouts = [
        layout_of(coloured(seed=[1, 2])),
        layout_of(coloured(lora_strength=[0.5, 1.0], seed=[7]), title="Second"),
    ]
    document = standalone(layouts)
    assert document.count("<section>") == 2
    assert "<title>Second</title>" in document
    assert document.count("<img ") == 4
    assert document.index('<th scope="col">2</th>') < document.index('<th scope="col">1.0</th>')
