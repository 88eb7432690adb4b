"""CPU seconds of `sf.read_folder` on pictures of other tools: `python benchmarks/folders.py [pictures]`.

Half of the pictures are by A1111, half by ComfyUI, with a workflow of thirty nodes. All are noise of 256 × 256
pixels, not compressed.
"""

import json
import os
import sys
import tempfile
import time
from contextlib import redirect_stdout
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np
import pandas  # noqa: F401 - its import is not what is measured
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import segflux_nb as sf

INFOTEXT = """a fox, "red", in snow <lora:tok:{strength}>
Negative prompt: blurry, low
Steps: 28, Sampler: Euler a, Schedule type: Simple, CFG scale: 1, Seed: {seed}, Size: 256x256, Model: dev"""


def graph(seed, strength):
    loader = {"lora_name": "tok.safetensors", "strength_model": strength, "strength_clip": 1, "model": ["4", 0]}
    sampler = {"seed": seed, "steps": 20, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1}
    return {
        "3": {"class_type": "KSampler", "inputs": {**sampler, "model": ["10", 0], "positive": ["6", 0]}},
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sdxl.safetensors"}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox, in snow", "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["8", 0]}},
        "10": {"class_type": "LoraLoader", "inputs": {**loader, "clip": ["4", 1]}},
    }


def picture(at, image):
    strength, seed = 0.4 + 0.2 * (at % 4), at // 4
    node = {"type": "KSampler", "widgets_values": ["x" * 50, 1, 2, 3], "inputs": [{"name": "a", "link": 3}] * 6}
    texts = PngInfo()
    if at % 2:
        texts.add_text("parameters", INFOTEXT.format(strength=strength, seed=seed))
    else:
        texts.add_text("prompt", json.dumps(graph(seed, strength)))
        texts.add_text("workflow", json.dumps({"nodes": [node] * 30}))
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=0, pnginfo=texts)
    return buffer.getvalue()


def main(number):
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 255, (256, 256, 3), dtype=np.uint8))
    with tempfile.TemporaryDirectory() as folder:
        for at in range(number):
            Path(folder, f"{at:05d}.png").write_bytes(picture(at, image))
        size = sum(entry.stat().st_size for entry in os.scandir(folder))
        start = time.process_time()
        with redirect_stdout(StringIO()):
            frame = sf.read_folder(folder)
        seconds = time.process_time() - start
        print(f"{len(frame):,} pictures, {size / 1e9:.1f} GB: {seconds:.1f} CPU seconds")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
