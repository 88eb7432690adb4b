"""Texts put into picture files: PNG text chunks, EXIF in JPEG and WebP. No pixel is changed.

A picture that is written again carries the new texts alone: what this package or another program said about its
parameters before is taken out. Titles, authors and the like stay.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Collection, Mapping

from PIL import Image

from ..errors import MetadataError
from . import xmp
from .exif import EXIF_IFD, tags
from .texts import (
    JPEG,
    MAKER_NOTE,
    PNG,
    TEXT_TAGS,
    USER_COMMENT,
    exif_texts,
    graph_name,
    is_packet,
    jpeg_segments,
    png_chunks,
    png_texts,
    webp_chunks,
)

_UNICODE = b"UNICODE\0"
_ORIENTATION = 0x0112
_MOST_EXIF = 65_533
"""The most bytes of a JPEG's segment."""

_DAMAGED = (ValueError, TypeError, KeyError, IndexError, SyntaxError, OSError, OverflowError, struct.error)
"""What Pillow raises for EXIF data that is damaged."""

Stale = Callable[[Mapping[str, str]], Collection[str]]
"""Which texts of a picture, by keyword, say something about its parameters."""


def _has_credentials(data: bytes) -> bool:
    """Whether a picture is signed with C2PA content credentials. Any change of the file would make them invalid."""
    if data.startswith(PNG):
        return any(kind == b"caBX" for kind, _ in png_chunks(data))
    if data.startswith(JPEG):
        return any(marker == 0xEB for marker, _ in jpeg_segments(data))
    return data[8:12] == b"WEBP" and any(kind == b"C2PA" for kind, _ in webp_chunks(data))


def insert(data: bytes, texts: Mapping[str, str], own: str, stale: Stale) -> bytes:
    """A picture file with texts in place of those that it has.

    Parameters
    ----------
    data:
        A PNG, JPEG or WebP file.
    texts:
        The texts, by keyword. JPEG and WebP files can have two: ``parameters``, where A1111 looks for it, and `own`.
    own:
        Our keyword.
    stale:
        Which texts are taken out.

    Raises
    ------
    MetadataError
        Where the file has content credentials, is of another format or damaged, or the texts are too long for it.
    """
    if _has_credentials(data):
        raise MetadataError("content credentials (C2PA), which any change would make invalid")
    try:
        if data.startswith(PNG):
            return _into_png(data, texts, own, stale)
        if data.startswith(JPEG):
            return _into_jpeg(data, texts, own, stale)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _into_webp(data, texts, own, stale)
    except MetadataError:
        raise
    except (Warning, *_DAMAGED):
        raise MetadataError("metadata that is damaged") from None
    raise MetadataError("a format that has no place for texts")


def _into_png(data: bytes, texts: Mapping[str, str], own: str, stale: Stale) -> bytes:
    """The file with its texts replaced.

    Parameters
    ----------
    data:
        The file.
    texts:
        The new texts, by keyword.
    own:
        Our keyword.
    stale:
        Which texts are taken out.
    """
    chunks = list(png_chunks(data))
    old = stale(dict(png_texts(chunks)))
    kept = []
    for kind, body in chunks:
        if kind in (b"tEXt", b"zTXt", b"iTXt") and body.startswith(xmp.KEYWORD.encode() + b"\0"):
            packet = _without_stale(dict(png_texts([(kind, body)])).get(xmp.KEYWORD, ""), stale)
            kind, body = b"iTXt", xmp.KEYWORD.encode() + b"\0\0\0\0\0" + packet.encode("utf-8", "replace")
        elif kind == b"eXIf" and _is_stale(body, own, stale):
            body = _cleaned(body, own, stale).tobytes().removeprefix(b"Exif\0\0")
        elif kind in (b"tEXt", b"zTXt", b"iTXt") and body.partition(b"\0")[0].decode("latin-1") in old:
            continue
        kept.append(_png_chunk(kind, body))
    new = [
        # An international text: its keyword, uncompressed, without a language and a translated keyword, in UTF-8.
        _png_chunk(b"iTXt", name.encode("latin-1") + b"\0\0\0\0\0" + text.encode("utf-8", "replace"))
        for name, text in texts.items()
    ]
    return PNG + b"".join([*kept[:1], *new, *kept[1:]])  # the first chunk is the header


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _into_jpeg(data: bytes, texts: Mapping[str, str], own: str, stale: Stale) -> bytes:
    """The file with its EXIF segment replaced, and without comments about parameters.

    Parameters
    ----------
    data:
        The file.
    texts:
        The new texts, by keyword.
    own:
        Our keyword.
    stale:
        Which texts are taken out.
    """
    segments = list(jpeg_segments(data))
    old = next((body for marker, body in segments if marker == 0xE1 and body.startswith(b"Exif\0\0")), b"")
    exif = _with_texts(_cleaned(old, own, stale), texts, own)
    if len(exif) > _MOST_EXIF:
        raise MetadataError("no room for texts of this length")
    written, at = [_jpeg_segment(0xE1, exif)], len(JPEG)
    for marker, body in segments:
        is_old = marker == 0xE1 and body.startswith(b"Exif\0\0")
        if marker == 0xFE and stale({"comment": body.decode("utf-8", "replace")}):
            is_old = True
        if not is_old:
            kept = body
            if is_packet(marker, body):
                kept = xmp.IN_JPEG + _packet_without_stale(body.removeprefix(xmp.IN_JPEG), stale)
            written.append(_jpeg_segment(marker, kept))
        while data[at : at + 2] == b"\xff\xff":  # fill bytes before the marker
            at += 1
        at += 4 + len(body)
    return JPEG + b"".join(written) + data[at:]


def _jpeg_segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def _into_webp(data: bytes, texts: Mapping[str, str], own: str, stale: Stale) -> bytes:
    """The file with its EXIF chunk replaced.

    Parameters
    ----------
    data:
        The file.
    texts:
        The new texts, by keyword.
    own:
        Our keyword.
    stale:
        Which texts are taken out.
    """
    old = next((body for kind, body in webp_chunks(data) if kind == b"EXIF"), b"")
    exif = _with_texts(_cleaned(old, own, stale), texts, own).removeprefix(b"Exif\0\0")
    chunks = [
        (kind, _packet_without_stale(body, stale) if kind == b"XMP " else body)
        for kind, body in webp_chunks(data)
        if kind != b"EXIF"
    ]
    with Image.open(io.BytesIO(data)) as image:
        width, height, has_alpha = image.width, image.height, image.mode == "RGBA"
    flags = chunks[0][1][0] if chunks[0][0] == b"VP8X" else (0x10 if has_alpha else 0)
    extended = bytes([flags | 0x08, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = [(b"VP8X", extended), *(chunk for chunk in chunks if chunk[0] != b"VP8X"), (b"EXIF", exif)]
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(part)) + part + b"\0" * (len(part) % 2) for kind, part in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _with_texts(exif: Image.Exif, texts: Mapping[str, str], own: str) -> bytes:
    """EXIF with the new texts.

    Parameters
    ----------
    exif:
        What is kept of the old one.
    texts:
        The texts, by keyword.
    own:
        Our keyword.
    """
    tags = exif.get_ifd(EXIF_IFD)
    if "parameters" in texts:
        tags[USER_COMMENT] = _UNICODE + texts["parameters"].encode("utf-16-be", "replace")
    if own in texts:
        tags[MAKER_NOTE] = own.encode() + b"\0" + texts[own].encode("utf-8", "replace")
    return exif.tobytes()


def _packet_without_stale(packet: bytes, stale: Stale) -> bytes:
    """A packet of XMP without what says something about parameters; as it is where nothing does.

    Parameters
    ----------
    packet:
        The packet.
    stale:
        Which texts are taken out.
    """
    text = packet.decode("utf-8", "replace")
    kept = _without_stale(text, stale)
    return packet if kept == text else kept.encode()


def _without_stale(packet: str, stale: Stale) -> str:
    return xmp.without(packet, lambda name, text: name == xmp.COMMENT or bool(stale({name: text})))


def _is_stale(exif: bytes, own: str, stale: Stale) -> bool:
    return bool(stale(exif_texts(exif, own)))


def _cleaned(old: bytes, own: str, stale: Stale) -> Image.Exif:
    """EXIF without what says something about parameters. Of damaged EXIF, the orientation is kept.

    Parameters
    ----------
    old:
        The EXIF of a picture; empty for none.
    own:
        Our keyword.
    stale:
        Which texts are taken out.
    """
    exif, found = Image.Exif(), tags(old)
    if not found:
        return exif
    stale_texts = stale(exif_texts(old, own))
    taken_out = {USER_COMMENT, MAKER_NOTE, *(tag for tag, name in TEXT_TAGS.items() if name in stale_texts)}
    taken_out |= {tag for tag, value in found.items() if isinstance(value, bytes) and graph_name(tag, value)}
    try:
        exif.load(b"Exif\0\0" + old.removeprefix(b"Exif\0\0"))
        for table in (exif, exif.get_ifd(EXIF_IFD)):
            for tag in taken_out & set(table):
                del table[tag]
        exif.tobytes()
    except (Warning, *_DAMAGED):
        exif = Image.Exif()
        if isinstance(orientation := found.get(_ORIENTATION), int):
            exif[_ORIENTATION] = orientation
    return exif
