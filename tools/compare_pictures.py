"""Paints a few pictures and compares them with pictures that another environment painted.

The promise: between versions of NumPy and Pillow, a pixel differs by at most one level. At most 0.01 % of the pixels
may differ by more.

Run with: python tools/compare_pictures.py FILE     (writes the file where it is missing, else compares with it)
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from segflux_nb.model import MODEL
from segflux_nb.simulator.flow.finetunes import KINDS
from segflux_nb.simulator.flow.generate import SAMPLERS, painting
from segflux_nb.simulator.painter.paint import paint

BODY = {"prompt": "TOK on the shore of a mountain lake", "lora_strength": 1.2, "steps": 12, "scheduler": "simple"}


OTHERS = {
    "soft": {"steps": 4},
    "burnt": {"lora_strength": 2.0},
    "overshot": {"sampler_name": "dpmpp_2m", "scheduler": "normal", "steps": 6},
    "broken": {"sampler_name": "dpmpp_3m_sde", "scheduler": "normal"},
    "night": {"prompt": "TOK in the snow at night"},
    "storm": {"prompt": "TOK in a storm in autumn"},
    "red": {"prompt": "TOK under a red sky in the mist"},
}
"""What changes a request to one whose picture needs something else of the painter."""


def pictures() -> dict[str, np.ndarray]:
    """A picture for each sampler, with shapes, fine-tunes and seeds in turn, others, and one decoded from a JPEG."""
    painted = {}
    shapes = list(MODEL.sizes.values())
    for number, name in enumerate(SAMPLERS):
        kind = KINDS[number % len(KINDS)]
        body = {**BODY, "sampler_name": name, "seed": number, "finetune_id": kind}
        painted[name] = paint(painting(body), *shapes[number % len(shapes)])
    for name, changes in OTHERS.items():
        body = {**BODY, "sampler_name": "euler", "seed": 3, "finetune_id": "pagoda", **changes}
        painted[name] = paint(painting(body), 1024, 1024)
    buffer = io.BytesIO()
    Image.fromarray(painted["euler"]).save(buffer, "JPEG", quality=88)
    return {**painted, "served": np.asarray(Image.open(buffer))}


def main() -> None:
    file, here = Path(sys.argv[1]), pictures()
    versions = f"numpy {np.__version__}, Pillow {PIL.__version__}"
    if not file.exists():
        np.savez_compressed(file, **here)
        print(f"{versions}: {len(here)} pictures written")
        return
    with np.load(file) as there:
        apart = {name: np.abs(picture.astype(int) - there[name]).max(axis=2) for name, picture in here.items()}
    beyond = sum(int((one > 1).sum()) for one in apart.values())
    pixels = sum(one.size for one in apart.values())
    differing = sum(int((one > 0).sum()) for one in apart.values())
    print(f"{versions}: {differing} of {pixels:,} pixels differ, {beyond} by more than one level")
    if beyond > pixels / 10_000:
        sys.exit("More pixels differ than promised")


if __name__ == "__main__":
    main()
