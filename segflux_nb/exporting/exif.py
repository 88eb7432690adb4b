"""The tags of EXIF data. Damaged data gives the tags that are whole, without a warning.

EXIF is a TIFF file without a picture: a byte order, then tables of tags, each with a type and a value or its place.
"""

from __future__ import annotations

import struct

EXIF_IFD = 0x8769
"""The tag that says where the second table is."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1}
"""Bytes of one value, by type: bytes, text, integers of two and of four bytes, anything."""

_MOST_TAGS = 1000


def tags(data: bytes) -> dict[int, bytes | int]:
    """The texts, bytes and integers of EXIF data, by tag. Texts are bytes, as they are in the file.

    Parameters
    ----------
    data:
        The data, with or without ``Exif`` before it.
    """
    data = data.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None or len(data) < 8:
        return {}
    found = _table(data, order, struct.unpack_from(f"{order}I", data, 4)[0])
    inner = found.get(EXIF_IFD)
    return {**found, **_table(data, order, inner)} if isinstance(inner, int) else found


def _table(data: bytes, order: str, at: int) -> dict[int, bytes | int]:
    """The tags of one table.

    Parameters
    ----------
    data:
        The data.
    order:
        Its byte order, as `struct` writes it.
    at:
        Where the table begins.
    """
    found: dict[int, bytes | int] = {}
    number = struct.unpack_from(f"{order}H", data, at)[0] if at + 2 <= len(data) else 0
    for entry in range(at + 2, at + 2 + 12 * min(number, _MOST_TAGS), 12):
        if entry + 12 > len(data):
            break
        tag, kind, count = struct.unpack_from(f"{order}HHI", data, entry)
        size = _SIZES.get(kind, 0) * count
        start = entry + 8 if size <= 4 else struct.unpack_from(f"{order}I", data, entry + 8)[0]
        if not size or start + size > len(data):
            continue
        if kind in (3, 4):
            found[tag] = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, start)[0]
        else:
            found[tag] = data[start : start + size]
    return found
