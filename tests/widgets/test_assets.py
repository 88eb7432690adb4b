"""What goes to a front end: bundles of JavaScript modules, thumbnails, and JSON in pages."""

import json
import re
from collections import Counter

import pytest
from PIL import Image

from segflux_nb.widgets import assets
from segflux_nb.widgets.assets import STATIC, module, picture_file, script_json, thumbnails

MODULES = sorted(STATIC.rglob("*.js"))
ENTRIES = sorted(path.stem for path in STATIC.glob("*.js"))


@pytest.fixture
def static(tmp_path, monkeypatch):
    """A folder of modules: path and text."""

    def write(**modules):
        for name, text in modules.items():
            path = tmp_path / f"{name.replace('__', '/')}.js"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")

    monkeypatch.setattr(assets, "STATIC", tmp_path)
    module.cache_clear()
    yield write
    module.cache_clear()


def test_a_module_stands_once_before_those_that_import_it(static):
    static(
        main='import { one } from "./part/one.js";\nimport {\n  two,\n} from "./two.js";\nexport default one;\n',
        part__one='import { two } from "../two.js";\n// A comment.\nexport const one = 1;\nexport function f() {}\n',
        two="/** A comment\n * of two lines. */\nexport const two = 2;\nexport async function g() {}\n",
    )
    assert module("main").split("\n") == [
        *("const two = 2;", "async function g() {}"),
        *("const one = 1;", "function f() {}"),
        "export default one;",
    ]


@pytest.mark.parametrize(
    "line",
    [
        'import one from "./one.js";',
        'import * as one from "./one.js";',
        'import { one as two } from "./one.js";',
        'import { one } from "package";',
        'import "./one.js";',
        'export * from "./one.js";',
        "export { one };",
        "export let one = 1;",
    ],
)
def test_other_forms_of_import_and_export_are_refused(static, line):
    static(main=f"const zero = 0;\n{line}\n", one="export const one = 1;\n")
    with pytest.raises(ValueError, match=r"main\.js has an import or export that cannot be bundled"):
        module("main")


@pytest.mark.parametrize("entry", ENTRIES)
def test_no_name_stands_twice_in_a_bundle_and_it_can_stand_in_a_page(entry):
    text = module(entry)
    names = Counter(re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", text, re.MULTILINE))
    assert [name for name, number in names.items() if number > 1] == []
    assert not re.search(r"</script|<!--", text, re.IGNORECASE)
    assert text.count("export ") == text.count("export default "), "the one word that a front end looks for"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(STATIC).as_posix())
def test_a_module_has_no_long_lines(path):
    assert [line for line in path.read_text(encoding="utf-8").splitlines() if len(line) > 120] == []


def test_thumbnails_are_one_blob_and_what_cannot_be_read_has_none(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    blob, offsets, reasons = thumbnails([Image.new("RGB", (900, 300)), tmp_path / "broken.jpg", None])
    assert len(blob) == offsets[1]
    assert offsets[1:] == [offsets[1]] * 3
    assert reasons == {"1": "The file is not a picture in a format that is known"}


def test_a_picture_as_a_file(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "picture.webp")
    assert picture_file(tmp_path / "picture.webp") == ((tmp_path / "picture.webp").read_bytes(), "image/webp", "")
    assert picture_file(Image.new("RGB", (8, 8)))[1] == "image/png"
    assert picture_file(tmp_path / "gone.png") == (b"", "", "The picture's file is missing")
    assert picture_file(None) == (b"", "", "")


def test_json_in_a_page_ends_no_script():
    value = {"text": "</script><!-- \u2028", "numbers": [1, 2.5, None]}
    text = script_json(value)
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text) == value
