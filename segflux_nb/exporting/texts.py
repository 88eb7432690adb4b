"""The texts inside picture files, by keyword: chunks of PNG, EXIF and XMP of all formats, comments of JPEG.

No pixel is decoded.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator

from ..pictures.decode import opened
from . import xmp
from .exif import tags
from .reading import json_object

USER_COMMENT, MAKER_NOTE = 0x9286, 0x927C
"""EXIF tags: A1111 keeps its text in the first, we keep ours in the second."""

MODEL = 0x0110
"""The highest EXIF tag in which programs keep graphs, as ``prompt:{…}`` and ``workflow:{…}``."""

TEXT_TAGS = {0x010E: "Description", 0x0131: "Software"}
"""EXIF tags of texts, and the keywords that they have in a PNG."""

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8"
WITHOUT_LOSS = (PNG, b"RIFF")
"""How files of formats begin that may keep each bit of their pixels."""

_MOST_TEXT = 16_000_000
"""The most bytes of all compressed texts of a file. A small one could hold texts that fill the memory."""

_NAMED = re.compile(r"\s*(prompt|workflow|parameters)\s*:\s*(?=\S)", re.IGNORECASE)
_CODES = (b"UNICODE\0", b"ASCII\0\0\0", b"JIS\0\0\0\0\0", b"\0\0\0\0\0\0\0\0")


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
    packet = b""
    if data.startswith(PNG):
        chunks = list(png_chunks(data))
        if not chunks or chunks[0][0] != b"IHDR":
            raise OSError("it is not a PNG file")
        texts = dict(png_texts(chunks))
        exif = next((body for kind, body in chunks if kind == b"eXIf"), b"")
    elif data.startswith(JPEG):
        segments = list(jpeg_segments(data))
        if not segments:
            raise OSError("it is not a JPEG file")
        comments = [_decoded(body) for marker, body in segments if marker == 0xFE]
        texts = {"comment": "\n".join(comments)} if comments else {}
        exif = next((body for marker, body in segments if marker == 0xE1 and body.startswith(b"Exif\0")), b"")
        packet = next((body for marker, body in segments if is_packet(marker, body)), b"").removeprefix(xmp.IN_JPEG)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        texts = {}
        chunks = list(webp_chunks(data))
        exif, packet = (next((body for kind, body in chunks if kind == name), b"") for name in (b"EXIF", b"XMP "))
    else:
        with opened(data) as image:
            texts, exif = {}, image.getexif().tobytes()
    for name, text in exif_texts(exif, own).items():
        texts.setdefault(name, text)
    if packet:
        texts.setdefault(xmp.KEYWORD, _decoded(packet))
    return _unfolded(texts)


def is_packet(marker: int, body: bytes) -> bool:
    """Whether a segment of a JPEG holds a packet of XMP.

    Parameters
    ----------
    marker:
        The segment's marker.
    body:
        What is in it.
    """
    return marker == 0xE1 and body.startswith(xmp.IN_JPEG)


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the body of each chunk of a PNG file, as far as it goes."""
    at = len(PNG)
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        at += 12 + size


def jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The marker and the body of each segment of a JPEG file before its pixels."""
    at = 2
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data):
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker in (0xDA, 0xD9):
            return
        size = int.from_bytes(data[at + 2 : at + 4])
        yield marker, data[at + 4 : at + 2 + size]
        at += 2 + size


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the body of each chunk of a WebP file."""
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def png_texts(chunks: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[str, str]]:
    """Keyword and text of the chunks of text. A damaged one is left out.

    Parameters
    ----------
    chunks:
        Kind and body of each chunk.
    """
    left = _MOST_TEXT
    for kind, body in chunks:
        keyword, found, rest = body.partition(b"\0")
        if kind not in (b"tEXt", b"zTXt", b"iTXt") or not found:
            continue
        text: bytes | None = rest
        is_compressed = kind == b"zTXt"
        if kind == b"zTXt":
            text = rest[1:]
        elif kind == b"iTXt":
            is_compressed, parts = rest[:1] == b"\x01", rest[2:].split(b"\0", 2)
            text = None if len(parts) < 3 else parts[2]
        if text is not None and is_compressed:
            text = _inflated(text, left)
            left -= len(text or b"")
        if text is not None:
            # A tEXt should be Latin-1, and many programs write UTF-8 into it.
            yield keyword.decode("latin-1"), _decoded(text)


def _inflated(data: bytes, most: int) -> bytes | None:
    """A compressed text; None where it is damaged, or longer than what is left for it.

    Parameters
    ----------
    data:
        The compressed bytes.
    most:
        The most bytes of the text.
    """
    reader = zlib.decompressobj()
    try:
        text = reader.decompress(data, most) if most > 0 else b""
    except zlib.error:
        return None
    return None if most <= 0 or reader.unconsumed_tail else text


def _decoded(text: bytes) -> str:
    """The text of UTF-8, or of Latin-1 where the bytes are not UTF-8."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def exif_texts(exif: bytes, own: str) -> dict[str, str]:
    """The texts in EXIF data, by the keyword that they would have in a PNG.

    Parameters
    ----------
    exif:
        The data; empty for none.
    own:
        Our keyword.
    """
    found = {tag: value for tag, value in tags(exif).items() if isinstance(value, bytes)}
    texts: dict[str, str] = {}
    if comment := comment_text(found.get(USER_COMMENT, b"")):
        texts["parameters"] = comment
    note = found.get(MAKER_NOTE, b"")
    if note.startswith(own.encode() + b"\0"):
        texts[own] = note[len(own) + 1 :].decode("utf-8", "replace")
    # ComfyUI writes from Model downward, one tag for each text; others use Make and ImageDescription.
    for tag, value in sorted(found.items(), reverse=True):
        if name := graph_name(tag, value):
            texts.setdefault(name, _decoded(value).partition(":")[2].strip("\0 "))
    for tag, name in TEXT_TAGS.items():
        text = _decoded(found.get(tag, b"")).strip("\0 ")
        if text and not graph_name(tag, found[tag]):
            texts[name] = text
    return texts


def graph_name(tag: int, value: bytes) -> str:
    """The keyword of a graph that a tag holds with its name before it, as ComfyUI writes it; empty for another tag.

    Parameters
    ----------
    tag:
        The tag.
    value:
        Its value.
    """
    named = _NAMED.match(_decoded(value[:64])) if tag <= MODEL else None
    return named[1].lower() if named else ""


def comment_text(comment: bytes) -> str:
    """The text of EXIF's ``UserComment``, in the codings that programs use; empty for no text.

    It begins with eight bytes that name its coding. Some programs leave them out, some write another coding than they
    name.

    Parameters
    ----------
    comment:
        The value of the tag.

    >>> comment_text(b"UNICODE\\0" + "a fox".encode("utf-16-be")), comment_text(b"ASCII\\0\\0\\0a fox")
    ('a fox', 'a fox')
    """
    code = next((code for code in _CODES if comment.upper().startswith(code)), b"")
    body = comment[len(code) :]
    if code == _CODES[2]:
        try:
            return body.decode("iso2022_jp").strip("\0")
        except UnicodeDecodeError:
            return _decoded(body).strip("\0")
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace").strip("\0")
    if len(body) % 2 and body.endswith(b"\0"):
        body = body[:-1]
    if len(body) % 2 == 0 and _is_utf_16(body, is_named=code == _CODES[0]):
        # Text has zeros in the higher byte of most of its characters. Most programs write big-endian text, whatever
        # the file's byte order.
        is_little = body[1::2].count(0) > body[0::2].count(0)
        return body.decode("utf-16-le" if is_little else "utf-16-be", "replace").strip("\0")
    return _decoded(body).strip("\0")


def _is_utf_16(body: bytes, *, is_named: bool) -> bool:
    """Whether bytes are text of two bytes a character.

    Parameters
    ----------
    body:
        The bytes.
    is_named:
        Whether the file says so.
    """
    text = body.rstrip(b"\0")
    if text.count(0) > len(text) // 8:
        return True
    if not is_named:
        return False
    try:  # text without Latin letters has no zeros; read as UTF-8 it is hardly ever valid
        text.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _unfolded(texts: dict[str, str]) -> dict[str, str]:
    """The texts, with those that some programs keep in one JSON object each under its own keyword.

    A JPEG's comment with settings in it is what others keep in ``UserComment``.

    Parameters
    ----------
    texts:
        The texts, by keyword.
    """
    if "Steps: " in texts.get("comment", "") or json_object(texts.get("comment")):
        texts.setdefault("parameters", texts["comment"])
    held = json_object(texts.get("parameters"))
    if any(isinstance(node, dict) and "class_type" in node for node in held.values()):
        texts.setdefault("prompt", texts["parameters"])
    for name in ("prompt", "workflow"):
        value = held.get(name)
        if isinstance(value, dict):
            value = json.dumps(value)
        if isinstance(value, str) and json_object(value):
            texts.setdefault(name, value)
    return texts
