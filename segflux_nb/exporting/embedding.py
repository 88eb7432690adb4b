"""Texts inside picture files: PNG text chunks, EXIF in JPEG and WebP. No pixel is changed."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Mapping

from PIL import Image

from ..pictures.decode import opened

USER_COMMENT, MAKER_NOTE, EXIF_IFD = 0x9286, 0x927C, 0x8769
"""EXIF tags: A1111 keeps its text in the first, we keep ours in the second. The third holds both."""

_PNG = b"\x89PNG\r\n\x1a\n"
_UNICODE = b"UNICODE\0"


def insert(data: bytes, texts: Mapping[str, str], own: str) -> bytes:
    """A picture file with texts added.

    Parameters
    ----------
    data:
        A PNG, JPEG or WebP file. Other bytes are returned as they are.
    texts:
        The texts, by keyword. JPEG and WebP files can have two: ``parameters``, where A1111 looks for it, and `own`.
    own:
        Our keyword.
    """
    if data.startswith(_PNG):
        return _into_png(data, texts)
    if data[:2] == b"\xff\xd8":
        return _into_jpeg(data, _exif(data, texts, own))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _into_webp(data, _exif(data, texts, own))
    return data


def read(data: bytes, own: str) -> dict[str, str]:
    """The texts in a picture file, by keyword.

    Parameters
    ----------
    data:
        The file.
    own:
        Our keyword.

    Raises
    ------
    OSError
        Where it is not a picture.
    """
    with opened(data) as image:
        texts = {str(name): value for name, value in getattr(image, "text", {}).items() if isinstance(value, str)}
        tags = image.getexif().get_ifd(EXIF_IFD)
    comment, note = tags.get(USER_COMMENT), tags.get(MAKER_NOTE)
    if isinstance(comment, bytes) and "parameters" not in texts:
        texts["parameters"] = _comment_text(comment)
    if isinstance(note, bytes) and note.startswith(own.encode() + b"\0"):
        texts[own] = note[len(own) + 1 :].decode("utf-8", "replace")
    return texts


def _exif(data: bytes, texts: Mapping[str, str], own: str) -> bytes:
    """The EXIF of a file with texts added.

    Parameters
    ----------
    data:
        The file.
    texts:
        The texts, by keyword.
    own:
        Our keyword.
    """
    with Image.open(io.BytesIO(data)) as image:
        exif = image.getexif()
        tags = exif.get_ifd(EXIF_IFD)
        if "parameters" in texts:
            tags[USER_COMMENT] = _UNICODE + texts["parameters"].encode("utf-16-be")
        if own in texts:
            tags[MAKER_NOTE] = own.encode() + b"\0" + texts[own].encode()
        return exif.tobytes()


def _comment_text(comment: bytes) -> str:
    if not comment.startswith(_UNICODE):
        return comment.removeprefix(b"ASCII\0\0\0").decode("utf-8", "replace").strip("\0")
    body = comment[len(_UNICODE) :]
    # Most programs write big-endian text, whatever the file's byte order. Little-endian text has zeros at odd places.
    little = body[1::2].count(0) > body[0::2].count(0)
    return body.decode("utf-16-le" if little else "utf-16-be", "replace")


def _into_png(data: bytes, texts: Mapping[str, str]) -> bytes:
    chunks = b"".join(
        # An international text: its keyword, uncompressed, without a language and a translated keyword, in UTF-8.
        _png_chunk(b"iTXt", name.encode("latin-1") + b"\0\0\0\0\0" + text.encode())
        for name, text in texts.items()
    )
    header_ends = len(_PNG) + 25  # the first chunk is the header, with 13 bytes of data
    return data[:header_ends] + chunks + data[header_ends:]


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _into_jpeg(data: bytes, exif: bytes) -> bytes:
    """The file with its EXIF segment replaced. EXIF of more than a segment's 65,533 bytes is left out.

    Parameters
    ----------
    data:
        The file.
    exif:
        The new EXIF.
    """
    if len(exif) > 65_533:
        return data
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    other_segments, at = b"", 2
    while data[at : at + 1] == b"\xff" and 0xE0 <= data[at + 1] <= 0xEF:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if not (data[at + 1] == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0"):
            other_segments += data[at:end]
        at = end
    return data[:2] + segment + other_segments + data[at:]


def _into_webp(data: bytes, exif: bytes) -> bytes:
    exif = exif.removeprefix(b"Exif\0\0")
    chunks = [(kind, body) for kind, body in _webp_chunks(data) if kind != b"EXIF"]
    with Image.open(io.BytesIO(data)) as image:
        width, height, has_alpha = image.width, image.height, image.mode == "RGBA"
    flags = chunks[0][1][0] if chunks[0][0] == b"VP8X" else (0x10 if has_alpha else 0)
    extended = bytes([flags | 0x08, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = [(b"VP8X", extended), *(chunk for chunk in chunks if chunk[0] != b"VP8X"), (b"EXIF", exif)]
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(part)) + part + b"\0" * (len(part) % 2) for kind, part in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
