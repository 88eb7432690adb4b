"""Texts that programs hide in the pixels of pictures without loss: NovelAI, and an extension of A1111. Pure.

The lowest bits of the pixels hold it, column by column: of the alpha channel, or of red, green and blue. They are a
signature of 15 bytes, the length of the text in bits (32 bits, big-endian), and the text, which may be compressed
(https://github.com/ashen-sensored/sd_webui_stealth_pnginfo).
"""

from __future__ import annotations

import json
import zlib
from typing import Any

import numpy as np

from ..errors import PictureError
from ..pictures.decode import decode
from .reading import json_object

_SIGNATURES = (b"stealth_pnginfo", b"stealth_pngcomp", b"stealth_rgbinfo", b"stealth_rgbcomp")

_SIGNED = 15
_LENGTH = 4
_MOST_TEXT = 64_000_000


def hidden_texts(data: bytes) -> dict[str, str]:
    """The texts in the lowest bits of a picture's pixels, by keyword; empty where there are none.

    Parameters
    ----------
    data:
        A picture file of a format without loss. One that does not decode has none.
    """
    try:
        image = decode(data)[0]
    except PictureError:
        return {}
    if image.mode not in ("RGB", "RGBA"):
        return {}
    pixels = np.asarray(image).swapaxes(0, 1)
    for channels in (pixels[..., 3:], pixels[..., :3]):
        text = _text(np.ravel(channels) & 1)
        if text is not None:
            found = json_object(text)
            if not found:
                return {"parameters": text}
            return {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}
    return {}


def _text(bits: np.ndarray[Any, Any]) -> str | None:
    """The text that bits hold; None for any other bits."""
    first = 8 * (_SIGNED + _LENGTH)
    head = np.packbits(bits[:first]).tobytes()
    if len(head) < _SIGNED + _LENGTH or head[:_SIGNED] not in _SIGNATURES:
        return None
    length = int.from_bytes(head[_SIGNED:])
    if length > bits.size - first:
        return None
    text = np.packbits(bits[first : first + length]).tobytes()
    if head[:_SIGNED].endswith(b"comp"):
        try:
            text = zlib.decompressobj(wbits=31).decompress(text, _MOST_TEXT)
        except zlib.error:
            return None
    return text.decode("utf-8", "replace")
