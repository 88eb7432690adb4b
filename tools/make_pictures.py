"""Makes the contact sheet and the curve of README.md again, with the project itself.

Run with: python tools/make_pictures.py
"""

import tempfile
from pathlib import Path

from PIL import Image

import segflux_nb as sf

DOCS = Path(__file__).parents[1] / "docs"
COMMON = sf.Sweep(
    prompt="TOK on the shore of a mountain lake at dawn", finetune_id="my-finetune-id", seed=sf.seeds(4)
)


def contact_sheet(ws: sf.Workspace) -> None:
    runs = ws.run(COMMON.replace(lora_strength="0.4-1.4 (+0.2)", sampler_name=["euler", "dpmpp_2m"]))
    image = runs.sheet(cols="seed", rows="lora_strength", by="sampler_name").image
    image.resize((1600, round(image.height * 1600 / image.width)), Image.Resampling.LANCZOS).save(
        DOCS / "contact-sheet.jpg", quality=85, optimize=True
    )


def curve(ws: sf.Workspace, folder: Path) -> None:
    """The curve of notebook 02."""
    runs = ws.run(COMMON.replace(lora_strength="0-2.0 (+0.25)", steps=12))
    with Image.open(runs.curve().plot().save(folder / "curve.png")) as image:
        image.convert("RGB").save(DOCS / "curve.jpg", quality=85, optimize=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sf.Workspace(folder, service="simulator") as ws:
        contact_sheet(ws)
        curve(ws, Path(folder))


if __name__ == "__main__":
    main()
