"""Texts put into picture files: PNG text chunks, EXIF in JPEG and WebP. No pixel is changed.

A picture that is written again carries the new texts alone: what this package or another program said about its
parameters before is taken out. Titles, authors and the like stay.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping

from PIL import Image

from ..errors import MetadataError
from . import xmp
from .containers import HAS_EXIF, has_credentials, is_webp, jpeg_segment, png_chunk, png_text, webp_file
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
    if has_credentials(data):
        raise MetadataError("content credentials (C2PA), which any change would make invalid")
    try:
        if data.startswith(PNG):
            return _into_png(data, texts, own, stale)
        if data.startswith(JPEG):
            return _into_jpeg(data, texts, own, stale)
        if is_webp(data):
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
        kept.append(png_chunk(kind, body))
    new = [png_text(name, text) for name, text in texts.items()]
    return PNG + b"".join([*kept[:1], *new, *kept[1:]])  # the first chunk is the header


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
    written, at = [jpeg_segment(0xE1, exif)], len(JPEG)
    for marker, body in segments:
        is_old = marker == 0xE1 and body.startswith(b"Exif\0\0")
        if marker == 0xFE and stale({"comment": body.decode("utf-8", "replace")}):
            is_old = True
        if not is_old:
            kept = body
            if is_packet(marker, body):
                kept = xmp.IN_JPEG + _packet_without_stale(body.removeprefix(xmp.IN_JPEG), stale)
            written.append(jpeg_segment(marker, kept))
        while data[at : at + 2] == b"\xff\xff":  # fill bytes before the marker
            at += 1
        at += 4 + len(body)
    return JPEG + b"".join(written) + data[at:]


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
    return webp_file(data, [*chunks, (b"EXIF", exif)], HAS_EXIF)


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
