"""Pictures described by whole numbers, so that tests in Python and in JavaScript make the same pixels."""

import base64

import numpy as np


def pixels_of(description):
    """The pixels (height × width × 3, bytes) of a picture in tests/golden/differences.json, which says how."""
    width, height = description["width"], description["height"]
    if "base64" in description:
        data = base64.b64decode(description["base64"])
        return np.frombuffer(data, dtype=np.uint8).reshape(height, width, 3)
    y, x = np.mgrid[0:height, 0:width]
    channels = [(a * x + b * y + c * x * y + d) // e % 256 for a, b, c, d, e in description["channels"]]
    return np.stack(channels, axis=-1).astype(np.uint8)
