"""Changes of a picture, and what the check must say of each. `python benchmarks/check.py` prints the distances."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from segflux_nb.analysis.prints import box_thumbnail, distances, packed, pixels_sha256, unpacked
from segflux_nb.checking.pictures import compare_pictures
from segflux_nb.checking.verdicts import judged
from segflux_nb.pictures.appearance import read

SAME, EYE, CHANGED = "same bytes", "same to the eye", "changed"


@dataclass(frozen=True)
class Change:
    """A change of a photograph of 1024 × 1024 pixels.

    `whole` is the verdict on the picture itself, `print` that on its print on a sheet of up to 64 pictures. Where
    `is_missed` is set, the tolerant form does not see what a person may see.
    """

    name: str
    change: Any
    whole: str
    print: str
    kind: str = "JPEG"
    is_missed: bool = False


def encoded(image, kind="JPEG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **{**({"quality": 92} if kind != "PNG" else {}), **options})
    return buffer.getvalue()


def decoded(data):
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")


def again(**options):
    return lambda image, data: encoded(decoded(data), **options)


def edited(edit, kind="JPEG"):
    """The file of the picture after an edit of its pixels, encoded as before."""
    return lambda image, data: encoded(edit(image), kind)


def levels(change):
    def edit(image):
        return Image.fromarray(np.clip(np.asarray(image).astype(int) + np.asarray(change), 0, 255).astype(np.uint8))

    return edit


def block(side, by, at=(0.61, 0.37)):
    """A block of pixels changed by some levels: brighter where it is dark, and darker where it is bright."""

    def edit(image):
        pixels = np.asarray(image).astype(int)
        y, x = (int(share * length) for share, length in zip(at, pixels.shape, strict=False))
        part = pixels[y : y + side, x : x + side]
        pixels[y : y + side, x : x + side] = part + (by if part.mean() < 128 else -by)
        return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))

    return edit


def shifted(by):
    return lambda image: Image.fromarray(np.roll(np.asarray(image), by, axis=1))


def zoomed(image):
    part = image.crop((10, 10, image.width - 10, image.height - 10))
    return part.resize(image.size, Image.Resampling.LANCZOS)


def written_on(image):
    copy = image.copy()
    ImageDraw.Draw(copy).text((40, 940), "sample", fill=(255, 255, 255), font_size=48)
    return copy


def blurred(image):
    return image.filter(ImageFilter.GaussianBlur(1))


def smaller(image, data):
    return encoded(image.resize((512, 512)))


def another_seed(image, data):
    return encoded(ANOTHER[0])


ANOTHER = []
"""The picture of another seed."""

CHANGES = [
    Change("JPEG at quality 95", again(quality=95), EYE, EYE),
    Change("JPEG at quality 85", again(quality=85), EYE, EYE),
    Change("JPEG at quality 75", again(quality=75), EYE, EYE),
    Change("JPEG twice at 92", lambda i, d: encoded(decoded(encoded(decoded(d)))), EYE, EYE),
    Change("JPEG at 92, full colour", again(subsampling=0), EYE, EYE),
    Change("WebP at 92", lambda i, d: encoded(decoded(d), "WEBP"), EYE, EYE, kind="WEBP"),
    Change("PNG, another zlib level", lambda i, d: encoded(i, "PNG", compress_level=1), SAME, SAME, kind="PNG"),
    Change("PNG with a palette of the same colours", None, SAME, SAME, kind="PNG"),
    Change("PNG, one level of one pixel", edited(block(1, 1), "PNG"), CHANGED, EYE, kind="PNG"),
    Change("brightness + 2", edited(levels(2)), EYE, EYE),
    Change("brightness + 4", edited(levels(4)), CHANGED, CHANGED),
    Change("blue + 8", edited(levels((0, 0, 8))), CHANGED, CHANGED),
    Change("saturation × 0.8", edited(lambda image: ImageEnhance.Color(image).enhance(0.8)), CHANGED, CHANGED),
    Change("a block of 32 × 32 by 40 levels", edited(block(32, 40)), CHANGED, CHANGED),
    Change("the same across four places", edited(block(32, 40, (0.61 + 1 / 128, 0.37 + 1 / 128))), CHANGED, CHANGED),
    Change("a block of 64 × 64 by 20 levels", edited(block(64, 20)), CHANGED, CHANGED),
    Change("moved by 8 pixels", edited(shifted(8)), CHANGED, CHANGED),
    Change("zoomed by 2 percent", edited(zoomed), CHANGED, CHANGED),
    Change("mirrored", edited(lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)), CHANGED, CHANGED),
    Change("a word written on it", edited(written_on), CHANGED, CHANGED),
    Change("half the size", smaller, CHANGED, CHANGED),
    Change("another seed", another_seed, CHANGED, CHANGED),
    Change("a block of 8 × 8 by 40 levels", edited(block(8, 40)), EYE, EYE, is_missed=True),
    Change("blurred by a pixel", edited(blurred), EYE, EYE, is_missed=True),
]  # fmt: skip


def files_of(change, image):
    """The saved and the new file of a change of a picture."""
    if change.change is None:
        few = image.quantize(200, dither=Image.Dither.NONE)
        return encoded(few.convert("RGB"), "PNG"), encoded(few, "PNG")
    saved = encoded(image, change.kind)
    return saved, change.change(image if change.kind == "PNG" else decoded(saved), saved)


@dataclass(frozen=True)
class Measured:
    """What the check says of a change: verdicts and distances of picture and print, and that of the exact form."""

    whole: str
    worst: float
    mean: float
    print: str
    print_worst: float
    print_mean: float
    exact: str


def measured(change, image, side=32):
    saved, new = files_of(change, image)
    mime = f"image/{change.kind.lower()}"
    whole = compare_pictures("it", {mime: saved}, {mime: new}).verdict
    pair = [read(data) for data in (saved, new)]
    worst, mean = distances(*(box_thumbnail(shown, 64) for shown in pair))
    is_other_size = pair[0].size != pair[1].size
    small = unpacked(packed([box_thumbnail(shown, side) for shown in pair]), 2, side)
    print_worst, print_mean = distances(*small)
    is_same = pixels_sha256(pair[0]) == pixels_sha256(pair[1])
    verdict = SAME if is_same else CHANGED if is_other_size else str(judged(print_worst, print_mean, side))
    return Measured(str(whole), worst, mean, verdict, print_worst, print_mean, SAME if is_same else CHANGED)


HEADINGS = ("change", "picture", "worst", "mean", "print on a sheet", "worst", "mean", "exact form")


def rows_of(image):
    for change in CHANGES:
        found = measured(change, image)
        numbers = [f"{number:.1f}" for number in (found.worst, found.mean, found.print_worst, found.print_mean)]
        yield (change.name, found.whole, *numbers[:2], found.print, *numbers[2:], found.exact)
