"""Files of pictures with texts in them, written byte by byte: nothing of the package's own writers is used here."""

import io
import struct
import zlib

from PIL import Image


def pixels(size=(64, 48), colour=(90, 120, 200)):
    return Image.new("RGB", size, colour)


def encoded(kind, size=(64, 48), colour=(90, 120, 200)):
    buffer = io.BytesIO()
    pixels(size, colour).save(buffer, kind)
    return buffer.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def text_chunk(keyword, text, form="tEXt"):
    name = keyword.encode()
    if form == "tEXt":  # many programs write UTF-8 into it
        return chunk(b"tEXt", name + b"\0" + text.encode())
    if form == "zTXt":
        return chunk(b"zTXt", name + b"\0\0" + zlib.compress(text.encode()))
    if form == "iTXt compressed":
        return chunk(b"iTXt", name + b"\0\1\0\0\0" + zlib.compress(text.encode()))
    return chunk(b"iTXt", name + b"\0\0\0\0\0" + text.encode())


def png(texts=(), *, form="tEXt", behind=False, size=(64, 48), colour=(90, 120, 200)):
    """A PNG with texts before its pixels, or behind them."""
    data = encoded("PNG", size, colour)
    chunks = b"".join(text_chunk(keyword, text, form) for keyword, text in dict(texts).items())
    at = len(data) - 12 if behind else 33
    return data[:at] + chunks + data[at:]


def exif(comment, order=">"):
    """EXIF data with a UserComment of some bytes."""
    mark = b"MM\0*" if order == ">" else b"II*\0"
    inner = struct.pack(f"{order}H", 1) + struct.pack(f"{order}HHII", 0x9286, 7, len(comment), 44) + bytes(4)
    outer = struct.pack(f"{order}H", 1) + struct.pack(f"{order}HHII", 0x8769, 4, 1, 26) + bytes(4)
    return mark + struct.pack(f"{order}I", 8) + outer + inner + comment


def user_comment(text, coding="utf-16-be"):
    """The value of a UserComment as piexif writes it, or in other codings that programs use."""
    code = {"utf-8": b"ASCII\0\0\0", "none": b""}.get(coding, b"UNICODE\0")
    return code + text.encode("utf-8" if coding == "none" else coding)


def jpeg(comment, order=">", size=(64, 48), colour=(90, 120, 200)):
    data = encoded("JPEG", size, colour)
    body = b"Exif\0\0" + exif(comment, order)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def webp(comment, order="<", *, size=(64, 48), colour=(90, 120, 200)):
    inner = encoded("WEBP", size, colour)[12:]
    head = b"VP8X" + struct.pack("<I", 10) + b"\x08\0\0\0" + (size[0] - 1).to_bytes(3, "little")
    head += (size[1] - 1).to_bytes(3, "little")
    body = exif(comment, order)
    tail = b"EXIF" + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(head) + len(inner) + len(tail)) + b"WEBP" + head + inner + tail


def write(folder, files):
    """Write files, each under its name, with folders on the way."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
