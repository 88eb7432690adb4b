"""The gallery in files that need no kernel: a page of its own, and the report of an export."""

import pytest

from segflux_nb.analysis.differences import difference_text
from segflux_nb.sheets.reading import Reader
from segflux_nb.widgets.gallery import Gallery
from tests.support.corpus import PAYLOADS
from tests.support.frames import coloured
from tests.support.gallery_notebook import compare_first_two, painted, tile


def test_a_page_of_its_own_has_pythons_differences(page, tmp_path):
    table = painted(tmp_path)
    page.goto(Gallery(table).save(tmp_path / "gallery.html").as_uri())
    caption = compare_first_two(page, "d")
    assert caption.inner_text() == f"mean difference {difference_text(Reader().difference(*table['image']))}"


def test_a_page_of_its_own_needs_no_kernel(page, tmp_path):
    table = coloured(lora_strength=[0.4, 0.8], seed=[1, 2]).assign(note=PAYLOADS[0])
    path = Gallery(table, title="</script><script>alert(1)</script>").save(tmp_path / "gallery.html")
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    page.locator(".sfx-tile img[src]").nth(3).wait_for()
    tile(page, 0).click()
    page.keyboard.press("5")
    assert "★★★★★" in page.locator(".sfx-marks").first.inner_text()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.sfx-large')?.naturalWidth === 64")
    assert [url for url in requests if not url.startswith(("file:", "blob:", "data:"))] == []


@pytest.fixture
def report(tmp_path):
    table = coloured(prompt=PAYLOADS, seed=[1, 2]).assign(note=PAYLOADS[0])
    return table.pictures.export(tmp_path / "out") / "report.html"


def test_a_report_is_a_gallery_and_shows_its_sheet_when_asked(page, report):
    requests, refused = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: refused.append(message.text))
    page.add_init_script("window.alert = () => { throw new Error('a script ran'); }")
    page.goto(report.as_uri())
    page.locator(".sfx-tile img[src]").first.wait_for()
    assert page.locator("#static").is_hidden()
    tile(page, 0).click()
    page.keyboard.press("4")
    assert "★★★★" in page.locator(".sfx-marks").first.inner_text()
    page.keyboard.press("Enter")
    large = page.locator(".sfx-large[src^='blob:']")
    assert large.evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show the static sheet").click()
    assert page.locator("#static").is_visible()
    assert page.locator("#gallery").is_hidden()
    assert [url for url in requests if not url.startswith(("file:", "blob:", "data:"))] == []
    assert refused == [], "the page's own policy permits what it does"


def test_a_report_shows_its_sheet_where_no_script_runs(browser, report):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator("#static img").first.is_visible()
    assert page.locator("#static img").count() == 2 * len(PAYLOADS)
    context.close()
