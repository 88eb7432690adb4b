"""Pictures by other programs in a real browser: one gallery of what they say shows each of them, with its words."""

from segflux_nb.widgets.gallery import Gallery
from tests.metadata.corpus import TEXTS
from tests.support.metadata import frame_of_texts

COLOUR = """
async (index) => {
  const image = document.querySelector(`.sfx-tile[data-index="${index}"] img`);
  await image.decode();
  const context = new OffscreenCanvas(image.naturalWidth, image.naturalHeight).getContext("2d");
  context.drawImage(image, 0, 0);
  return [...context.getImageData(4, 4, 1, 1).data].slice(0, 3);
}
"""


def test_a_gallery_shows_each_of_them_with_its_words(page, tmp_path):
    table = frame_of_texts(tmp_path)
    page.goto(Gallery(table, cols="number").save(tmp_path / "gallery.html").as_uri())
    page.locator(".sfx-tile").first.wait_for()
    for index in range(len(TEXTS)):
        tile = page.locator(f'.sfx-tile[data-index="{index}"]')
        tile.scroll_into_view_if_needed()
        tile.locator("img[src]").wait_for()
        found = page.evaluate(COLOUR, index)
        assert max(abs(one - other) for one, other in zip(found, (index, 255 - index, 90), strict=True)) < 12
    page.locator(f'.sfx-tile[data-index="{len(TEXTS) - 1}"]').click()
    page.keyboard.press("Home")  # of the line
    page.keyboard.press("Home")  # of all
    page.locator('.sfx-tile[data-index="0"]').wait_for()
    page.keyboard.press("Enter")
    for index, text in enumerate(TEXTS):
        facts = page.locator(".sfx-facts")
        facts.get_by_text(text.name, exact=True).wait_for()
        prompt = table["prompt"][index]
        if isinstance(prompt, str):
            for line in filter(None, map(str.strip, prompt.splitlines())):
                assert line in facts.text_content(), text.name
        page.keyboard.press("ArrowRight")
