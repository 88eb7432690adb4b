"""A notebook with a gallery of four runs, for tests in several front ends."""

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
