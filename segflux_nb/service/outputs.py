"""Where the pictures of a result are, in every form that such services use. Pure.

An output may be a text, a list or an object, and these may be nested. It may hold addresses, or the picture itself as
a ``data:`` URL or in base64.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .addresses import is_address
from .json_reader import MOST_CHARACTERS, read_json

MOST_PICTURES = 64
"""Addresses that are read from one output."""

_MOST_VALUES = 100_000
_LONGEST_PATH = 4000

_ADDRESS_NAMES = ("url", "image_url", "uri", "file_url", "output_url", "download_url", "generation_url", "href")
_BASE64_NAMES = ("b64_json", "base64", "image_base64")
_HOLDERS = ("image", "images", "output", "outputs", "data", "result", "results", "file", "files", "artifacts")

_BASE64_PICTURE = re.compile(
    r"(?:[/_]9j[/_]|iVBORw0KGgo|UklGR|R0lGOD|AAAA[A-Za-z0-9]{2}Z0eXBhdml|SUkqA|TU0AK|Qk[0-3])[A-Za-z0-9+/_=\s-]{80,}"
)
"""The first characters of a JPEG, PNG, WebP, GIF, AVIF, TIFF and BMP in base64."""

_IN_TEXT = re.compile(r"https?://[^\s\"'<>()\[\]\\`]+", re.IGNORECASE)
"""An address within other text, such as Markdown or HTML."""

_AROUND = " \t\r\n\f\v\u00a0\u200b\u2060\ufeff"
"""What texts have around them, unseen."""

_MEDIA_TYPE = re.compile(r"(?:image|video|audio|text|application)/[\w.+-]+", re.IGNORECASE)
_ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)
_DATA = re.compile(r"data:([^,]{0,2000}),", re.IGNORECASE)
_PICTURE_PATH = re.compile(r"/[^\s:?#]+\.(?:jpe?g|png|webp|gif|avif|bmp|tiff?)(?:[?#]\S*)?", re.IGNORECASE)
_PATH = re.compile(r"[^\s:?#]*(?:/[^\s:?#]+|\.(?:jpe?g|png|webp|gif|avif|bmp|tiff?))(?:[?#]\S*)?", re.IGNORECASE)


def picture_urls(*outputs: Any) -> tuple[str, ...]:
    """The addresses of all pictures, each once, in the order in which they are named.

    Parameters
    ----------
    outputs:
        Values of a body that may name pictures, as JSON has them.

    Example
    -------
    >>> picture_urls({"images": [{"url": " HTTPS://images.example/x.jpeg "}]}, None)
    ('https://images.example/x.jpeg',)
    """
    found: dict[str, None] = {}
    texts: list[str] = []
    waiting: list[Any] = list(reversed(outputs))
    for _ in range(_MOST_VALUES):
        if not waiting or len(found) >= MOST_PICTURES:
            break
        value = waiting.pop()
        if isinstance(value, str):
            if (url := _address(value)) is not None:
                found.setdefault(url)
            elif value.lstrip()[:1] in ("[", "{") and isinstance(inner := read_json(value), list | dict):
                waiting.append(inner)
            elif not _ABSOLUTE.match(value.strip(_AROUND)):
                texts.append(value[:MOST_CHARACTERS])
        elif isinstance(value, list):
            waiting.extend(reversed(value))
        elif isinstance(value, dict):
            waiting.extend(reversed(list(_parts(value))))
    if not found:  # a sentence or a piece of HTML may have an address in it
        urls = [_address(match[0].rstrip(".,;")) for text in texts for match in _IN_TEXT.finditer(text)]
        found = dict.fromkeys([url for url in urls if url is not None][:MOST_PICTURES])
    return tuple(found)


def _parts(value: dict[str, Any]) -> Iterable[Any]:
    """What of an object may name a picture. Only where no name says so, all of its values."""
    # One picture may have several addresses. The first of them is the picture; a list has more pictures.
    address = next((value[name] for name in _ADDRESS_NAMES if _may_be_address(value.get(name))), None)
    inline = next((value[name] for name in _BASE64_NAMES if value.get(name)), None)
    if address is not None:
        yield address
    elif isinstance(inline, str):
        yield inline if _DATA.match(inline.strip()) else f"data:;base64,{inline}"
    holders = [value[name] for name in _HOLDERS if value.get(name)]
    yield from holders
    if address is None and inline is None and not holders:
        for inner in value.values():
            if isinstance(inner, list | dict) or (isinstance(inner, str) and _names_picture(inner.strip(_AROUND))):
                yield inner


def _may_be_address(value: Any) -> bool:
    """Whether the value of a name that is one for addresses has one: other names count where it has not."""
    return _address(value) is not None if isinstance(value, str) else isinstance(value, list | dict) and bool(value)


def _names_picture(text: str) -> bool:
    return _ABSOLUTE.match(text) is not None or _PICTURE_PATH.fullmatch(text) is not None


def _address(value: str) -> str | None:
    """A text as an address, or None."""
    url = value.strip(_AROUND)
    if (match := _DATA.match(url)) is not None:
        return f"data:{match[1]},{''.join(url[match.end() :].split())}"
    if _BASE64_PICTURE.fullmatch(url):
        return f"data:;base64,{''.join(url.split())}"
    if (match := _ABSOLUTE.match(url)) is not None:
        url = match[0].lower() + url[match.end() :]
        return url if is_address(url) else None
    if url.startswith("//"):
        return url if is_address(f"https:{url}") else None
    if len(url) > _LONGEST_PATH or _MEDIA_TYPE.fullmatch(url) or not _PATH.fullmatch(url):
        return None
    return url if is_address(f"https://host.example/{url}") else None
