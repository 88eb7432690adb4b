"""Pictures that carry texts."""

import pandas as pd
from PIL import Image, PngImagePlugin

import segflux_nb as sf
from tests.metadata.corpus import TEXTS


def written(path, texts, colour=(0, 0, 0)):
    """A small PNG with texts, by keyword."""
    chunks = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        chunks.add_itxt(name, text)
    Image.new("RGB", (8, 8), colour).save(path, "PNG", pnginfo=chunks)
    return path


def frame_of_texts(folder):
    """A frame of pictures with the texts of the corpus, each with the parameters that are read out of it."""
    rows = []
    for at, text in enumerate(TEXTS):
        path = written(folder / f"{at}.png", text.texts, colour=(at, 255 - at, 90))
        rows.append({"image": str(path), "number": at, "name": text.name, **sf.read_metadata(path).parameters})
    return pd.DataFrame(rows)
