"""Makes the contact sheet of README.md and docs again, with the project itself.

Run with: python tools/make_pictures.py
"""

import tempfile
from pathlib import Path

from PIL import Image

import segflux_nb as sf

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    sweep = sf.Sweep(
        prompt="TOK on the shore of a mountain lake at dawn",
        finetune_id="my-finetune-id",
        seed=sf.seeds(4),
        lora_strength="0.4-1.4 (+0.2)",
        sampler_name=["euler", "dpmpp_2m"],
    )
    with tempfile.TemporaryDirectory() as folder, sf.Workspace(folder, service="simulator") as ws:
        # The sheet reads its pictures when it is drawn, so it is drawn before the folder is removed.
        image = ws.run(sweep).sheet(cols="seed", rows="lora_strength", by="sampler_name").image
    image.resize((1600, round(image.height * 1600 / image.width)), Image.Resampling.LANCZOS).save(
        DOCS / "contact-sheet.jpg", quality=85, optimize=True
    )


if __name__ == "__main__":
    main()
