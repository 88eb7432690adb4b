"""Odd pictures, made by code, each with its right reading.

Most show one flag: its left half is red and its right half is blue, 64 × 32 pixels as it is shown. So a picture that
is turned, mirrored, inverted, washed out or shows what is hidden has a wrong colour somewhere.
"""

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
import PIL
from PIL import Image, ImageCms, PngImagePlugin, features

RED, BLUE, WHITE, BLACK = (200, 40, 40), (40, 60, 200), (255, 255, 255), (0, 0, 0)
DARK, LIGHT = (60, 60, 60), (190, 190, 190)
ORIENTATION = 0x0112


@dataclass(frozen=True)
class Odd:
    """A picture file, and how it reads.

    `left` and `right` are the colours in the middle of its halves, within `near`. Where it cannot be shown, `why` is
    a part of the reason.
    """

    name: str
    data: bytes
    left: tuple = RED
    right: tuple = BLUE
    size: tuple = (64, 32)
    near: int = 14
    why: str = ""

    @property
    def is_shown(self):
        return not self.why


def flag(left=RED, right=BLUE, size=(64, 32)):
    picture = Image.new("RGB", size, left)
    picture.paste(right, (size[0] // 2, 0, *size))
    return picture


def saved(picture, kind, **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, depth, colours, rows, *chunks):
    """A PNG from its raw rows."""
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    data = zlib.compress(rows, 9)
    parts = (chunk(b"IHDR", header), *chunks, chunk(b"IDAT", data), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def turned(kind, orientation, size=(64, 32), **options):
    """The flag stored so that it is upright when it is turned as its EXIF says."""
    undo = {
        **{2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM},
        **{5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE},
        **{8: Image.Transpose.ROTATE_270},
    }
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return saved(flag(size=size).transpose(undo[orientation]), kind, exif=exif, **options)


def over_nothing(kind="PNG", mode="RGBA", **options):
    """The left half is red; the right half is transparent over a hidden green."""
    picture = flag(RED, (0, 200, 0)).convert("RGBA")
    picture.putalpha(Image.fromarray(np.repeat(np.array([[255, 0]], np.uint8), 32, axis=1).repeat(32, axis=0)))
    return saved(picture.convert(mode), kind, **options)


def greys(mode, dark, light, kind="TIFF", dtype=None):
    levels = np.full((32, 64), dark, dtype)
    levels[:, 32:] = light
    picture = Image.fromarray(levels)
    assert picture.mode == mode, picture.mode
    return saved(picture, kind)


def palette(*, transparent=None):
    picture = flag().quantize(4)
    options = {} if transparent is None else {"transparency": transparent(picture)}
    return saved(picture, "PNG", **options)


def with_text(size, *, compressed):
    info = PngImagePlugin.PngInfo()
    info.add_text("workflow", "x" * size, zip=compressed)
    info.add_text("parameters", "a fox\nSteps: 20, Sampler: Euler, CFG scale: 1, Seed: 1")
    return saved(flag(), "PNG", pnginfo=info)


def frames(kind, **options):
    return saved(flag(), kind, save_all=True, append_images=[flag(BLACK, WHITE)], **options)


def profile(name):
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


def sixteen_bits(colours, pixels):
    row = b"\0" + b"".join(struct.pack(f">{len(pixel)}H", *(257 * level for level in pixel)) for pixel in pixels)
    return png(64, 32, 16, colours, row * 32)


def shown():
    yield Odd("plain.png", saved(flag(), "PNG"))
    yield Odd("plain.jpg", saved(flag(), "JPEG", quality=95))
    yield Odd("plain.webp", saved(flag(), "WEBP", lossless=True))
    yield Odd("lossy.webp", saved(flag(), "WEBP", quality=90), near=30)
    yield Odd("plain.gif", saved(flag(), "GIF"))
    yield Odd("plain.bmp", saved(flag(), "BMP"))
    yield Odd("plain.tif", saved(flag(), "TIFF"))
    yield Odd("deflate.tif", saved(flag(), "TIFF", compression="tiff_deflate"))
    yield Odd("plain.ppm", saved(flag(), "PPM"))
    yield Odd("plain.tga", saved(flag(), "TGA"))
    yield Odd("progressive.jpg", saved(flag(), "JPEG", quality=95, progressive=True))
    yield Odd("full-colour.jpg", saved(flag(), "JPEG", quality=95, subsampling=0))
    for orientation in range(2, 9):
        yield Odd(f"turned-{orientation}.jpg", turned("JPEG", orientation, quality=95))
        yield Odd(f"turned-{orientation}.png", turned("PNG", orientation))
    for orientation in (3, 6):
        yield Odd(f"turned-{orientation}.webp", turned("WEBP", orientation, lossless=True))
        yield Odd(f"turned-{orientation}.tif", turned("TIFF", orientation))
    if features.check("avif"):
        yield Odd("plain.avif", saved(flag(), "AVIF", quality=90), near=30)
        yield Odd("turned-6.avif", turned("AVIF", 6, quality=90), near=30)
    yield Odd("alpha.png", over_nothing(), RED, WHITE)
    yield Odd("alpha.webp", over_nothing("WEBP", lossless=True, exact=True), RED, WHITE)
    yield Odd("alpha.tif", over_nothing("TIFF"), RED, WHITE)
    yield Odd("opaque.png", saved(flag().convert("RGBA"), "PNG"))
    half = flag().convert("RGBA")
    half.putalpha(128)
    yield Odd("half.png", saved(half, "PNG"), (227, 147, 147), (147, 157, 227))
    yield Odd("grey-alpha.png", over_nothing(mode="LA"), (88, 88, 88), WHITE)
    yield Odd("palette.png", palette())
    yield Odd("palette-index.png", palette(transparent=lambda p: p.getpixel((60, 5))), RED, WHITE)
    yield Odd(
        "palette-alpha.png",
        palette(transparent=lambda p: bytes([255 * (n != p.getpixel((60, 5))) for n in range(4)])),
        RED,
        WHITE,
    )
    yield Odd("colour-key.png", saved(flag(), "PNG", transparency=BLUE), RED, WHITE)
    yield Odd("grey-key.png", saved(flag(DARK, LIGHT).convert("L"), "PNG", transparency=190), DARK, WHITE)
    yield Odd(
        "transparent.gif",
        saved(flag().quantize(4), "GIF", transparency=flag().quantize(4).getpixel((60, 5))),
        RED,
        WHITE,
    )
    yield Odd("grey.png", saved(flag(DARK, LIGHT).convert("L"), "PNG"), DARK, LIGHT)
    yield Odd("grey.jpg", saved(flag(DARK, LIGHT).convert("L"), "JPEG"), DARK, LIGHT)
    yield Odd("bits.png", saved(flag(BLACK, WHITE).convert("1"), "PNG"), BLACK, WHITE)
    yield Odd("bits.bmp", saved(flag(BLACK, WHITE).convert("1"), "BMP"), BLACK, WHITE)
    yield Odd("sixteen.png", greys("I;16", 60 * 257, 190 * 257, "PNG", np.uint16), DARK, LIGHT)
    yield Odd("sixteen.tif", greys("I;16", 60 * 257, 190 * 257, "TIFF", np.uint16), DARK, LIGHT)
    yield Odd("sixteen-colours.png", sixteen_bits(2, [RED] * 32 + [BLUE] * 32))
    yield Odd("sixteen-alpha.png", sixteen_bits(6, [(*RED, 255)] * 32 + [(0, 200, 0, 0)] * 32), RED, WHITE)
    yield Odd("sixteen-grey-alpha.png", sixteen_bits(4, [(60, 255)] * 32 + [(10, 0)] * 32), DARK, WHITE)
    key = chunk(b"tRNS", struct.pack(">H", 190 * 257))
    rows = (b"\0" + struct.pack(">H", 60 * 257) * 32 + struct.pack(">H", 190 * 257) * 32) * 32
    yield Odd("sixteen-key.png", png(64, 32, 16, 0, rows, key), DARK, WHITE)
    yield Odd("integers.tif", greys("I", 60 * 257, 190 * 257, "TIFF", np.int32), DARK, LIGHT)
    yield Odd("small-integers.tif", greys("I", 60, 190, "TIFF", np.int32), DARK, LIGHT)
    yield Odd("large-integers.tif", greys("I", -5_000_000, 5_000_000, "TIFF", np.int32), BLACK, WHITE)
    yield Odd("unit.tif", greys("F", 60 / 255, 190 / 255, "TIFF", np.float32), DARK, LIGHT)
    yield Odd("depth.tif", greys("F", 1.5, 80.0, "TIFF", np.float32), BLACK, WHITE)
    yield Odd("infinite.tif", greys("F", np.nan, np.inf, "TIFF", np.float32), BLACK, WHITE)
    yield Odd("constant.tif", greys("F", 60.0, 60.0, "TIFF", np.float32), DARK, DARK)
    yield Odd("print.jpg", saved(flag().convert("CMYK"), "JPEG", quality=95))
    yield Odd("print.tif", saved(flag().convert("CMYK"), "TIFF"))
    lab = ImageCms.profileToProfile(
        flag(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    yield Odd("lab.tif", saved(lab, "TIFF"))
    yield Odd("video.tif", saved(flag().convert("YCbCr"), "TIFF", compression="jpeg"))
    # Pillow reads it from version 13 on; before, it is one cell that says why.
    before = int(PIL.__version__.partition(".")[0]) < 13
    yield Odd("raw-video.tif", saved(flag().convert("YCbCr"), "TIFF"), why="truncated" if before else "")
    yield Odd("animated.gif", frames("GIF"))
    yield Odd("animated.webp", frames("WEBP", lossless=True))
    yield Odd("animated.png", frames("PNG"))
    yield Odd("pages.tif", frames("TIFF"))
    yield Odd("phone.mpo", frames("MPO", quality=95))
    yield Odd("profile.jpg", saved(flag(), "JPEG", quality=95, icc_profile=profile("sRGB")))
    yield Odd("bad-profile.png", saved(flag(), "PNG", icc_profile=b"no profile"))
    yield Odd("other-profile.png", saved(flag(), "PNG", icc_profile=profile("LAB")))
    yield Odd("large-profile.png", saved(flag(), "PNG", icc_profile=b"\0" * 3_000_000))
    yield Odd("text.png", with_text(3_000_000, compressed=True))
    yield Odd("long-text.png", with_text(3_000_000, compressed=False))
    yield Odd("trailing.jpg", saved(flag(), "JPEG", quality=95) + b"trailing bytes" * 50)
    yield Odd("trailing.png", saved(flag(), "PNG") + b"trailing bytes")
    bad_exif = b"Exif\0\0" + b"II*\0\xff\xff\xff\xff"
    yield Odd("bad-exif.jpg", saved(flag(), "JPEG", quality=95, exif=bad_exif))
    yield Odd("no-such-orientation.jpg", saved(flag(), "JPEG", quality=95, exif=orientation_of(99)))
    yield Odd("tall.png", saved(flag(size=(8, 400)), "PNG"), size=(8, 400))
    yield Odd("one-pixel.png", saved(Image.new("RGB", (1, 1), RED), "PNG"), RED, RED, (1, 1))


def orientation_of(value):
    exif = Image.Exif()
    exif[ORIENTATION] = value
    return exif


def not_shown():
    jpeg, whole = saved(Image.effect_noise((400, 300), 80).convert("RGB"), "JPEG"), saved(flag(), "PNG")
    yield Odd("empty.png", b"", why="not a picture")
    yield Odd("words.png", b"this is no picture", why="not a picture")
    yield Odd("page.jpg", b"<!doctype html><title>404</title>", why="not a picture")
    yield Odd("vector.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", why="not a picture")
    yield Odd("paper.jpg", b"%PDF-1.7\n1 0 obj", why="not a picture")
    yield Odd("cut.jpg", jpeg[: len(jpeg) // 2], why="truncated")
    yield Odd("cut.png", saved(Image.effect_noise((400, 300), 80), "PNG")[:20_000], why="truncated")
    yield Odd("cut.webp", saved(Image.effect_noise((400, 300), 80).convert("RGB"), "WEBP")[:3000], why=" ")
    yield Odd("start.gif", saved(flag(), "GIF")[:14], why=" ")
    yield Odd("start.jpg", b"\xff\xd8\xff\xe0", why=" ")
    yield Odd("start.png", whole[:8], why=" ")
    at = whole.index(b"IDAT") + 10
    yield Odd("torn.png", whole[:at] + b"\xff\xff\xff" + whole[at + 3 :], why=" ")
    yield Odd("huge.png", png(20_000, 20_000, 1, 0, bytes(2501) * 20_000), why="more than 50,000,000")
    yield Odd("large.png", png(7100, 7100, 1, 0, bytes(889) * 7100), why="more than 50,000,000")
    yield Odd("no-size.png", png(0, 0, 8, 2, b""), why=" ")


SHOWN = [odd for odd in shown() if odd.is_shown]
NOT_SHOWN = [odd for odd in (*shown(), *not_shown()) if not odd.is_shown]
ODD = [*SHOWN, *NOT_SHOWN]
