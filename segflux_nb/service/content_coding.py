"""Unpack the body of a response, with a limit on its size at each step. Pure.

Servers pack bodies twice, pack what they do not announce, and announce what they do not pack: storage says
``aws-chunked`` of plain pictures. So the bytes decide. What is packed in a way that was not asked for stays as it is,
and nobody can read it.
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
        The body is damaged, or a layer is larger.

    Example
    -------
    >>> import gzip
    >>> unpacked(gzip.compress(gzip.compress(b"{}")), "gzip, gzip", 100)
    b'{}'
    """
    for name in reversed([name.strip().lower() for name in codings.split(",")][:MOST_LAYERS]):
        if name == "deflate":
            body = _without_deflate(body, most)
        elif body.startswith(_GZIP_MAGIC):
            body = _inflated(body, _GZIP, most)
    for _ in range(MOST_LAYERS):
        if not body.startswith(_GZIP_MAGIC):
            return body
        body = _inflated(body, _GZIP, most)
    raise ValueError(f"it is packed more than {MOST_LAYERS} times")


def _without_deflate(body: bytes, most: int) -> bytes:
    """A body that is said to be deflated: with the frame of zlib, without it, or not at all.

    Parameters
    ----------
    body:
        The bytes.
    most:
        The largest size of the result.
    """
    is_framed = len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0
    for form in [_ZLIB, _BARE] if is_framed else [_BARE]:
        if (found := _layer(body, form, most)) is not None:
            return found
    return body


def _inflated(body: bytes, form: int, most: int) -> bytes:
    """One layer less.

    Parameters
    ----------
    body:
        The packed bytes.
    form:
        How they are packed.
    most:
        The largest size of the result.
    """
    if (found := _layer(body, form, most)) is None:
        raise ValueError("it is damaged: it does not unpack")
    return found


def _layer(body: bytes, form: int, most: int) -> bytes | None:
    """One layer less, or None if the bytes are not packed in this form; a gzip file may have several parts.

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
            return None
        size += len(parts[-1])
        if size > most:
            raise ValueError(f"it is larger than {most >> 20} MiB")
        if not unpacker.eof and form == _BARE:
            return None  # plain bytes often look like the beginning of this form
        if not unpacker.eof:
            raise ValueError("it is damaged: its end is missing")
        body = unpacker.unused_data
        if form != _GZIP or not body.startswith(_GZIP_MAGIC):
            return b"".join(parts)
