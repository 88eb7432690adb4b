"""The mark of a picture that no camera took: IPTC's ``DigitalSourceType`` in a packet of XMP. No pixel is changed.

Search engines, archives and social networks look there for how a picture was made
(https://iptc.org/std/photometadata/documentation/userguide/#_guidance_for_generative_ai_images). The terms are those
of http://cv.iptc.org/newscodes/digitalsourcetype.
"""

from __future__ import annotations

from ..errors import MetadataError
from ..model import SIMULATOR
from . import xmp
from .containers import HAS_XMP, has_credentials, is_webp, jpeg_segment, png_chunk, png_text, webp_file
from .texts import JPEG, PNG, is_packet, jpeg_segments, png_chunks, png_texts, webp_chunks

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""Made by a model that was trained on pictures."""

COMPUTED = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
"""Made by an algorithm alone, without training: the pictures of the simulator."""

_MOST_PACKET = 65_502
"""The most bytes of a packet in a JPEG's segment, whose length has 16 bits."""

_IN_GIF = b"!\xff\x0bXMP DataXMP"
_END_IN_GIF = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
"""Readers of GIF that do not know XMP take its bytes for lengths of blocks. This leads each of them to the end."""


def source_type(service: str) -> str:
    """How the pictures of a service are made, as a term of IPTC.

    Parameters
    ----------
    service:
        The service of a run.

    >>> source_type("segmind").rpartition("/")[2], source_type("simulator").rpartition("/")[2]
    ('trainedAlgorithmicMedia', 'algorithmicMedia')
    """
    return COMPUTED if service == SIMULATOR else GENERATED


def mark(data: bytes, how: str) -> bytes:
    """A picture file that says how it was made. One that says so already keeps what it says.

    Parameters
    ----------
    data:
        A PNG, JPEG, WebP or GIF file.
    how:
        A term of IPTC, as an address: `GENERATED` or `COMPUTED`.

    Raises
    ------
    MetadataError
        Where the file has content credentials, is of another format or damaged, or has no room for the mark.
    """
    if has_credentials(data):
        raise MetadataError("content credentials (C2PA), which any change would make invalid")
    try:
        if data.startswith(PNG):
            return _png(data, how)
        if data.startswith(JPEG):
            return _jpeg(data, how)
        if is_webp(data):
            return _webp(data, how)
        if data[:4] == b"GIF8":
            return _gif(data, how)
    except MetadataError:
        raise
    except (ValueError, IndexError, OSError, SyntaxError):
        raise MetadataError("metadata that is damaged") from None
    raise MetadataError("a format that has no place for XMP")


def packet(how: str) -> str:
    """A packet of XMP that says how a picture was made, for a file beside it.

    Parameters
    ----------
    how:
        A term of IPTC, as an address.
    """
    return xmp.with_source_type("", how)


def _png(data: bytes, how: str) -> bytes:
    written, is_marked = [], False
    for kind, body in png_chunks(data):
        if kind in (b"tEXt", b"zTXt", b"iTXt") and body.startswith(xmp.KEYWORD.encode() + b"\0"):
            if is_marked:
                continue
            old = dict(png_texts([(kind, body)])).get(xmp.KEYWORD, "")
            written.append(png_text(xmp.KEYWORD, xmp.with_source_type(old, how)))
            is_marked = True
        else:
            written.append(png_chunk(kind, body))
    new = [] if is_marked else [png_text(xmp.KEYWORD, packet(how))]
    return PNG + b"".join([*written[:1], *new, *written[1:]])  # the first chunk is the header


def _jpeg(data: bytes, how: str) -> bytes:
    """The file with its packet replaced, or with a new one behind the first segments, where readers look for it."""
    at = place = len(JPEG)
    for marker, body in jpeg_segments(data):
        while data[at : at + 2] == b"\xff\xff":  # fill bytes before the marker
            at += 1
        end = at + 4 + len(body)
        if is_packet(marker, body):
            text = body.removeprefix(xmp.IN_JPEG).decode("utf-8", "replace")
            return data[:at] + _segment(xmp.with_source_type(text, how)) + data[end:]
        if place == at and (marker == 0xE0 or (marker == 0xE1 and body.startswith(b"Exif\0"))):
            place = end
        at = end
    return data[:place] + _segment(packet(how)) + data[place:]


def _segment(text: str) -> bytes:
    body = text.encode("utf-8", "replace")
    if len(body) > _MOST_PACKET:
        raise MetadataError("no room for a mark in XMP")
    return jpeg_segment(0xE1, xmp.IN_JPEG + body)


def _webp(data: bytes, how: str) -> bytes:
    chunks = list(webp_chunks(data))
    old = next((body for kind, body in chunks if kind == b"XMP "), b"").decode("utf-8", "replace")
    new = xmp.with_source_type(old, how).encode("utf-8", "replace")
    others = [chunk for chunk in chunks if chunk[0] != b"XMP "]
    return webp_file(data, [*others, (b"XMP ", new)], HAS_XMP)


def _gif(data: bytes, how: str) -> bytes:
    """The file with its block of XMP replaced, or a new one behind the header and its table of colours."""
    place = end = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    old = ""
    if (at := data.find(_IN_GIF)) >= 0:
        place, stop = at, data.index(_END_IN_GIF, at)
        old, end = data[at + len(_IN_GIF) : stop].decode("utf-8", "replace"), stop + len(_END_IN_GIF)
    block = _IN_GIF + xmp.with_source_type(old, how).encode("utf-8", "replace") + _END_IN_GIF
    return b"GIF89a" + data[6:place] + block + data[end:]
