"""Pictures in other formats are kept as they are served. Global settings do not decide what counts as a picture."""

from __future__ import annotations

import decimal
import io
import struct
import warnings
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image, ImageFile, PngImagePlugin, features

from ..expected import OPEN, TEN_MINUTES, Expected, again, rows_of
from ..scripts import accepting, edited, on, says, together
from ..server import Answer, Call

LOST = Expected(kept=3, bad=("lost", *OPEN), within=TEN_MINUTES)


def saved(format: str, mode: str = "RGB", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    """A picture in some format."""
    buffer = io.BytesIO()
    Image.radial_gradient("L").resize(size).convert(mode).save(buffer, format, **options)
    return buffer.getvalue()


def frames(format: str) -> bytes:
    """An animation of three frames."""
    first, *more = [Image.new("RGB", (32, 32), (n * 80, 0, 0)) for n in range(3)]
    buffer = io.BytesIO()
    first.save(buffer, format, save_all=True, append_images=more, duration=100)
    return buffer.getvalue()


def png_with_text(size: int, *, compressed: bool = True) -> bytes:
    """A PNG with a large text, as ComfyUI writes workflows."""
    text = PngImagePlugin.PngInfo()
    text.add_text("workflow", "x" * size, zip=compressed)
    return saved("PNG", pnginfo=text)


def png_with_chunk(name: bytes, data: bytes) -> bytes:
    """A PNG with one more chunk after its header."""
    plain = saved("PNG")
    chunk = struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return plain[:33] + chunk + plain[33:]


COATS: dict[str, Callable[[], bytes]] = {
    "a PNG": lambda: saved("PNG"),
    "a PNG of 16 bits": lambda: saved("PNG", "I;16"),
    "a PNG with a palette": lambda: saved("PNG", "P"),
    "a PNG in black and white": lambda: saved("PNG", "1"),
    "a PNG with 2 MB of compressed text": lambda: png_with_text(2 << 20),
    "a PNG with 2 MB of text": lambda: png_with_text(2 << 20, compressed=False),
    "a PNG with 20 MB of compressed text": lambda: png_with_text(20 << 20),
    "a PNG with a profile of 2 MB": lambda: png_with_chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(2 << 20))),
    "a PNG with a chunk that nobody knows": lambda: png_with_chunk(b"xyZz", bytes(100)),
    "a WebP": lambda: saved("WEBP"),
    "a WebP without loss": lambda: saved("WEBP", lossless=True),
    "an animated WebP": lambda: frames("WEBP"),
    "a GIF": lambda: saved("GIF", "P"),
    "an animated GIF": lambda: frames("GIF"),
    "an animated PNG": lambda: frames("PNG"),
    "an AVIF": lambda: saved("AVIF"),
    "a BMP": lambda: saved("BMP"),
    "a TIFF": lambda: saved("TIFF"),
    "a progressive JPEG": lambda: saved("JPEG", progressive=True),
    "a grey JPEG": lambda: saved("JPEG", "L"),
    "a JPEG in CMYK": lambda: saved("JPEG", "CMYK"),
    "a JPEG with 5 MB of metadata": lambda: saved("JPEG")[:2] + _jpeg_comments(5 << 20) + saved("JPEG")[2:],
    "a JPEG with bytes after its end": lambda: saved("JPEG") + bytes(5000),
    "a picture of one pixel": lambda: saved("JPEG", size=(1, 1)),
    "a picture of 1 x 3000 pixels": lambda: saved("PNG", size=(1, 3000)),
}

NO_PICTURES: dict[str, Callable[[], bytes]] = {
    "a PNG of 225 megapixels": lambda: png_with_size(15_000, 15_000),
    "a PNG that says 2 thousand million pixels": lambda: png_with_size(65_000, 65_000),
    "a PNG of no pixels": lambda: png_with_size(0, 0),
    "a PDF": lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF",
    "an EPS": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
    "an SVG with a script": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "a ZIP": lambda: b"PK\x03\x04" + bytes(60),
    "ten megabytes of zeros": lambda: bytes(10 << 20),
}

TYPES = ("text/html", "application/octet-stream", "image/png", "")


def served(data: Callable[[], bytes]) -> Any:
    """The job of the cell has this picture."""
    return on("submit", lambda call: accepting(picture=data())(call))


LARGE = served(lambda: saved("JPEG", size=(400, 300)))


def half(call: Call) -> Answer:
    """Half of the picture, the first three times."""
    answer = call.contract()
    return Answer(200, answer.headers, answer.body[: len(answer.body) * 2 // 3])


@contextmanager
def truncated_pictures_load() -> Iterator[None]:
    """A line that is in many notebooks."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


@contextmanager
def few_pixels_are_too_many() -> Iterator[None]:
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, 10
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


@contextmanager
def no_limit_of_pixels() -> Iterator[None]:
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


@contextmanager
def warnings_are_errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@contextmanager
def coarse_decimals() -> Iterator[None]:
    with decimal.localcontext() as context:
        context.prec = 3
        context.traps[decimal.Inexact] = True
        yield


@contextmanager
def numpy_raises() -> Iterator[None]:
    with np.errstate(all="raise"):
        yield


ENVIRONMENTS = {
    "LOAD_TRUNCATED_IMAGES": truncated_pictures_load,
    "MAX_IMAGE_PIXELS of 10": few_pixels_are_too_many,
    "MAX_IMAGE_PIXELS of None": no_limit_of_pixels,
    "warnings as errors": warnings_are_errors,
    "a decimal context of 3 digits": coarse_decimals,
    "np.seterr raise": numpy_raises,
}


def _jpeg_comments(size: int) -> bytes:
    segment = b"\xff\xfe" + struct.pack(">H", 65_535) + bytes(65_533)
    return segment * (size // len(segment))


def png_with_size(width: int, height: int) -> bytes:
    """A small PNG that says it is larger."""
    plain = saved("PNG")
    header = b"IHDR" + struct.pack(">II", width, height) + plain[24:29]
    return plain[:12] + header + struct.pack(">I", zlib.crc32(header)) + plain[33:]


row = rows_of("pictures")

TABLE = [
    *(row(name, served(data)) for name, data in COATS.items() if name != "an AVIF" or features.check("avif")),
    *(row(name, served(data), LOST) for name, data in NO_PICTURES.items()),
    *(
        row(
            f"the type is {kind[:30]!r}",
            on("picture", lambda call, kind=kind: Answer(200, {"content-type": kind}, call.contract().body)),
        )
        for kind in TYPES
    ),
    *(
        row(
            f"it comes with {code}",
            on("picture", lambda call, code=code: Answer(code, {}, call.contract().body)),
        )
        for code in (201, 202, 203, 206)
    ),
    *(
        row(
            f"the output is {name} in base64",
            together(
                served(data),
                on("result", edited(output=lambda call: b64encode(call.job.picture).decode(), images=None)),
                on("record history", says(404, {"error": "none"})),
            ),
        )
        for name, data in COATS.items()
        if name in ("a PNG", "a WebP", "a GIF", "a BMP", "a TIFF") or (name == "an AVIF" and features.check("avif"))
    ),
    *(
        row(f"{name}, and a picture is cut off", together(LARGE, on("picture", half, times=3)), environment=e)
        for name, e in ENVIRONMENTS.items()
    ),
    *(
        row(
            f"{name}, and a picture is always cut off",
            together(LARGE, on("picture", half)),
            LOST,
            environment=ENVIRONMENTS[name],
        )
        for name in ("LOAD_TRUNCATED_IMAGES", "MAX_IMAGE_PIXELS of None")
    ),
    row(
        "LOAD_TRUNCATED_IMAGES, and a PNG is always cut off",
        together(served(lambda: saved("PNG", size=(400, 300))), on("picture", half)),
        LOST,
        environment=truncated_pictures_load,
    ),
    row(
        "two cells have the same picture",
        on("submit", accepting(picture=saved("PNG")), cell=None),
    ),
    row("the second call finds nothing to do", None, calls=again()),
]
