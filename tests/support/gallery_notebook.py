"""A notebook with a gallery of four runs, for tests in several front ends, and what those tests do with a gallery."""

from tools.draw_sheets import frame as draw_frame

CELLS = [
    """import segflux_nb as sf
ws = sf.Workspace("study", service=sf.Simulator(time_scale=0.001))
runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2], lora_strength=[0.5, 1.0], steps=4))
print("ready")""",
    "runs.gallery(cols='lora_strength', rows='seed')",
    "print('stars', runs.df['stars'].dropna().tolist(), runs.df['note'].dropna().tolist())",
]


def tile(page, number):
    """A picture of the gallery on the page, counted from the upper left."""
    return page.locator(".sfx-tile").nth(number)


def row(page, number):
    """The tile of a row of the frame; it exists while it is in view."""
    return page.locator(f".sfx-tile[data-index='{number}']")


def scroll(page, top):
    """Scrolls the gallery on the page to a height in pixels."""
    page.locator(".sfx-area").evaluate("(area, top) => { area.scrollTop = top; }", top)


def compare_first_two(page, mode):
    tile(page, 0).click()
    for key in (" ", "ArrowRight", " ", "c", mode):
        page.keyboard.press(key)
    return page.get_by_role("dialog", name="Comparison").locator("figcaption")


def painted(tmp_path):
    """A frame of two pictures of the simulator's model, as JPEG files."""
    table = draw_frame(640, lora_strength=[0.4, 1.6])
    for number, image in enumerate(table["image"]):
        image.save(tmp_path / f"{number}.jpg", quality=90)
    table["image"] = [str(tmp_path / f"{number}.jpg") for number in range(2)]
    return table
