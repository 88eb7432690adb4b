"""The gallery in files that need no kernel: a page of its own, and the report of an export."""

import pytest
from PIL import Image

from segflux_nb.analysis.differences import difference_text
from segflux_nb.sheets.reading import Reader
from segflux_nb.widgets.gallery import Gallery
from tests.support.corpus import PAYLOADS
from tests.support.frames import colour_of, coloured
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


# ---------------------------------------------------------------- files of what is shown


def study():
    table = coloured(lora_strength=[0.4, 0.8, 1.2], seed=[1, 2], sampler_name=["euler", "heun"])
    return table.assign(run=[f"{number:012x}" for number in range(12)], note=["calm", *[None] * 11])


@pytest.fixture(params=["page", "report"])
def opened(request, page, tmp_path):
    """A gallery in a page of its own, or in a report, without a kernel."""
    if request.param == "page":
        path = Gallery(study(), cols="lora_strength", rows="seed", title="a study").save(tmp_path / "gallery.html")
    else:
        path = study().pictures.export(tmp_path / "out") / "report.html"
    page.goto(path.as_uri())
    page.locator(".sfx-tile img[src]").nth(1).wait_for()
    return page


def saved(page, entry, path):
    page.get_by_role("button", name="Save").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=entry).click()
    download.value.save_as(path)
    page.locator(".sfx-status", has_text="where your browser keeps downloads").wait_for()
    return download.value.suggested_filename


def test_a_page_without_a_kernel_keeps_what_it_shows_as_a_sheet(opened, tmp_path):
    page = opened
    for name in ("Columns", "Rows", "Groups"):
        page.get_by_label(name).select_option({"Columns": "lora_strength", "Rows": "seed"}.get(name, ""))
    page.get_by_label("Show sampler_name").select_option("heun")
    assert saved(page, "Contact sheet of 6 runs", tmp_path / "sheet.png") == "sheet.png"
    with Image.open(tmp_path / "sheet.png") as sheet:
        image = sheet.convert("RGB")
    assert image.width > 3 * 384, "the tiles are as large as it permits"
    colours = {colour for number, colour in image.getcolors(1 << 24) if number > 100_000}
    for wanted in map(colour_of, (1, 3, 5, 7, 9, 11)):
        nearest = min(max(abs(a - b) for a, b in zip(wanted, colour, strict=True)) for colour in colours)
        assert nearest < 8, wanted
    assert len(colours) == 7, "six pictures and the ground"
    assert (255, 255, 255) in colours, "the ground is light"


def test_a_page_without_a_kernel_keeps_what_it_shows_as_a_page(opened, browser, tmp_path):
    page = opened
    page.get_by_label("Groups").select_option("")
    tile(page, 0).click()
    page.keyboard.press("5")
    page.get_by_label("Show sampler_name").select_option("euler")
    page.get_by_label("Columns").select_option("lora_strength")
    assert saved(page, "One HTML file of 6 runs", tmp_path / "part.html") == "gallery.html"
    context = browser.new_context(accept_downloads=True)
    part, errors = context.new_page(), []
    part.on("pageerror", lambda error: errors.append(str(error)))
    requests = []
    part.on("request", lambda request: requests.append(request.url))
    part.goto((tmp_path / "part.html").as_uri())
    part.locator(".sfx-tile img[src]").nth(5).wait_for()
    assert part.locator(".sfx-status").inner_text().startswith("6 of 6 runs · 0 hidden")
    assert part.title() == page.title()
    assert part.get_by_label("Show sampler_name").count() == 0, "it does not vary any more"
    assert "★★★★★" in part.locator(".sfx-marks").first.inner_text()
    tile(part, 4).click()
    part.keyboard.press("Enter")
    part.wait_for_function("document.querySelector('.sfx-large')?.naturalWidth === 64")
    dialog = part.get_by_role("dialog", name="Picture").inner_text()
    assert "runs.one(lora_strength=0.8, seed=2, sampler_name='euler')" in dialog
    part.keyboard.press("Escape")
    assert saved(part, "One HTML file of 6 runs", tmp_path / "again.html") == "gallery.html"
    assert errors == []
    assert [url for url in requests if not url.startswith(("file:", "blob:", "data:"))] == []
    context.close()


def test_a_page_keeps_itself_with_all_its_runs_and_marks(opened, tmp_path):
    page = opened
    tile(page, 0).click()
    page.keyboard.press("4")
    page.keyboard.press("/")
    page.keyboard.type("heun")
    assert saved(page, "This page with its marks", tmp_path / "whole.html") == "gallery.html"
    page.goto((tmp_path / "whole.html").as_uri())
    page.locator(".sfx-tile img[src]").first.wait_for()
    assert page.locator(".sfx-status").inner_text().startswith("6 of 12 runs"), "the search is as it was"
    page.get_by_role("button", name="End the search").click()
    assert "★★★★" in page.locator(".sfx-marks").first.inner_text()


def test_a_sheet_that_no_browser_can_draw_says_so(page, tmp_path):
    page.goto(Gallery(study()).save(tmp_path / "gallery.html").as_uri())
    page.evaluate("() => { HTMLCanvasElement.prototype.toBlob = (done) => done(null); }")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("menuitem", name="Contact sheet of 12 runs").click()
    page.locator(".sfx-status", has_text="too large for the browser").wait_for()
    page.get_by_label("Search").fill("nothing like this")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("menuitem", name="Contact sheet of 0 runs").click()
    page.locator(
        ".sfx-status", has_text="There is nothing to save: no picture is shown. Loosen the filters"
    ).wait_for()
