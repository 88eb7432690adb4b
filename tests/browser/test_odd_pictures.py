"""The corpus of odd pictures in a real browser: thumbnails and large views read as they should, or say why."""

import numpy as np
import pandas as pd

from segflux_nb.widgets.gallery import Gallery
from tests.support.odd_pictures import NOT_SHOWN, ODD, SHOWN

COLOURS = """
async ([index, isLarge]) => {
  const tile = document.querySelector(`.sfx-tile[data-index="${index}"]`);
  const image = isLarge ? document.querySelector(".sfx-large") : tile.querySelector("img");
  await image.decode();
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const at = (share) => [...context.getImageData(
    Math.floor(canvas.width * share), Math.floor(canvas.height / 2), 1, 1).data].slice(0, 3);
  return [canvas.width / canvas.height, at(1 / 8), at(7 / 8)];
}
"""


def assert_reads(found, odd):
    shape, *colours = found
    assert abs(shape / (odd.size[0] / odd.size[1]) - 1) < 0.05, odd.name
    for colour, right in zip(colours, (odd.left, odd.right), strict=True):
        assert np.abs(np.subtract(colour, right)).max() <= odd.near + 6, (odd.name, colours)


def test_a_gallery_shows_each_of_them_in_the_right_way(page, tmp_path):
    for odd in ODD:
        (tmp_path / odd.name).write_bytes(odd.data)
    names = [*(odd.name for odd in ODD), "missing.png"]
    table = pd.DataFrame({"image": [str(tmp_path / name) for name in names], "number": range(len(names))})
    page.goto(Gallery(table).save(tmp_path / "gallery.html").as_uri())
    page.locator(".sfx-tile").first.wait_for()
    page.set_viewport_size({"width": 1000, "height": 4000})  # all of them are in view
    for index, odd in enumerate(SHOWN):
        tile = page.locator(f'.sfx-tile[data-index="{index}"]')
        tile.scroll_into_view_if_needed()
        tile.locator("img[src]").wait_for()
        assert_reads(page.evaluate(COLOURS, [index, False]), odd)
    for index, odd in enumerate(NOT_SHOWN, len(SHOWN)):
        tile = page.locator(f'.sfx-tile[data-index="{index}"]')
        assert odd.why in tile.locator(".sfx-absent").inner_text(), odd.name
    gone = page.locator(f'.sfx-tile[data-index="{len(names) - 1}"]')
    assert "file is missing" in gone.inner_text()
    page.locator('.sfx-tile[data-index="0"]').click()
    page.keyboard.press("Enter")
    for index, odd in enumerate(SHOWN):
        page.wait_for_function("document.querySelector('.sfx-large').src.startsWith('blob:')")
        assert_reads(page.evaluate(COLOURS, [index, True]), odd)
        page.keyboard.press("ArrowRight")
    assert "cannot be shown" in page.locator(".sfx-facts").inner_text()


def test_a_page_that_is_saved_after_a_file_went_says_so(page, tmp_path):
    (tmp_path / "a.png").write_bytes(SHOWN[0].data)
    gallery = Gallery(pd.DataFrame({"image": [str(tmp_path / "a.png")], "number": [1]}))
    (tmp_path / "a.png").unlink()
    page.goto(gallery.save(tmp_path / "gallery.html").as_uri())
    page.locator(".sfx-absent").wait_for()
    assert "The picture's file is missing" in page.locator(".sfx-absent").inner_text()
