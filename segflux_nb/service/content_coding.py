"""Unpack the body of a response, with a limit on its size at each step. Pure.

Servers pack bodies twice, pack what they do not announce, and announce what they do not pack. So the bytes decide.
"""

from __future__ import annotations

import zlib

MOST_LAYERS = 4

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP, _ZLIB, _BARE = 31, 15, -15
"""Forms of compressed data, as zlib numbers them."""


def unpacked(body: bytes, codings: str, most: int) -> bytes:
    """The body without its content codings.

    Parameters
    ----------
    body:
        The bytes as they came.
    codings:
        The header ``Content-Encoding``.
    most:
        The largest size in bytes, of the result and of each layer.

    Raises
    ------
    ValueError
        The body is damaged, a layer is larger, or it is packed in a way that was not asked for.

    Example
    -------
    >>> import gzip
    >>> unpacked(gzip.compress(gzip.compress(b"{}")), "gzip, gzip", 100)
    b'{}'
    """
    for name in reversed([name.strip().lower() for name in codings.split(",")][:MOST_LAYERS]):
        if name == "deflate":
            body = _inflated(body, _ZLIB if body[:1] == b"\x78" else _BARE, most)
        elif name not in ("", "identity", "gzip", "x-gzip"):
            raise ValueError(f"it is packed with {name[:20]!r}, which was not asked for")
        elif body.startswith(_GZIP_MAGIC):
            body = _inflated(body, _GZIP, most)
    for _ in range(MOST_LAYERS):
        if not body.startswith(_GZIP_MAGIC):
            return body
        body = _inflated(body, _GZIP, most)
    raise ValueError(f"it is packed more than {MOST_LAYERS} times")


def _inflated(body: bytes, form: int, most: int) -> bytes:
    """One layer less; a gzip file may have several parts.

    Parameters
    ----------
    body:
        The packed bytes.
    form:
        How they are packed.
    most:
        The largest size of the result.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        unpacker = zlib.decompressobj(form)
        try:
            parts.append(unpacker.decompress(body, most - size + 1))
        except zlib.error:
            raise ValueError("it is damaged: it does not unpack") from None
        size += len(parts[-1])
        if size > most:
            raise ValueError(f"it is larger than {most >> 20} MiB")
        if not unpacker.eof:
            raise ValueError("it is damaged: its end is missing")
        body = unpacker.unused_data
        if form != _GZIP or not body.startswith(_GZIP_MAGIC):
            return b"".join(parts)
