"""The containers of picture files, written: chunks of PNG and WebP, segments of JPEG. `texts` reads them. Pure."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence

from PIL import Image

from .texts import JPEG, PNG, jpeg_segments, png_chunks, webp_chunks

HAS_EXIF, HAS_XMP = 0x08, 0x04
"""What the first chunk of a WebP says of the chunks behind it."""


def is_webp(data: bytes) -> bool:
    """Whether a file is a WebP."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def has_credentials(data: bytes) -> bool:
    """Whether a picture is signed with C2PA content credentials. Any change of the file would make them invalid."""
    if data.startswith(PNG):
        return any(kind == b"caBX" for kind, _ in png_chunks(data))
    if data.startswith(JPEG):
        return any(marker == 0xEB for marker, _ in jpeg_segments(data))
    return is_webp(data) and any(kind == b"C2PA" for kind, _ in webp_chunks(data))


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_text(keyword: str, text: str) -> bytes:
    """A chunk with an international text: uncompressed, without a language and a translated keyword, in UTF-8."""
    return png_chunk(b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode("utf-8", "replace"))


def jpeg_segment(marker: int, body: bytes) -> bytes:
    """A segment of a JPEG."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def webp_file(data: bytes, chunks: Sequence[tuple[bytes, bytes]], flag: int) -> bytes:
    """A WebP file of other chunks, with a first chunk that says what is behind it.

    Parameters
    ----------
    data:
        The file that the chunks come from, which decides the size.
    chunks:
        Kind and body of each chunk.
    flag:
        What is new behind the first chunk: `HAS_EXIF` or `HAS_XMP`.
    """
    with Image.open(io.BytesIO(data)) as image:
        width, height, has_alpha = image.width, image.height, image.mode == "RGBA"
    flags = chunks[0][1][0] if chunks[0][0] == b"VP8X" else (0x10 if has_alpha else 0)
    extended = bytes([flags | flag, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    whole = [(b"VP8X", extended), *(chunk for chunk in chunks if chunk[0] != b"VP8X")]
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(part)) + part + b"\0" * (len(part) % 2) for kind, part in whole
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body
