"""What goes to a front end: modules, style sheets, thumbnails as one blob, pictures as files, JSON for a page."""

from __future__ import annotations

import io
import json
import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import Any

from markupsafe import Markup

from ..errors import PictureError
from ..pictures.appearance import is_plain, readable
from ..pictures.decode import opened
from ..pictures.mounted import fetch_ahead, read_file
from ..pictures.thumbnails import SIDE
from ..sheets.reading import Reader, kept_thumbnail, shown_file

STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import \{(?:(?! as )[^{}])*\} from "(?P<path>\.[^"]*\.js)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function |class |const )", re.MULTILINE)
_OTHER_FORM = re.compile(r"^(?:import\b|export\b(?! default)).*$", re.MULTILINE)
_COMMENT = re.compile(r"^ *(?://[^\n]*|/\*\*(?:(?!\*/).)*\*/)\n", re.MULTILINE | re.DOTALL)
"""A comment that fills its lines: ``// ...``, or a JSDoc comment."""

QUALITY = 78
"""Of the JPEG thumbnails that are made here."""

JPEG = b"\xff\xd8\xff"
"""The first bytes of a JPEG file."""

LIGHT = 24_000
"""A JPEG file of at most this many bytes is its own thumbnail."""


@cache
def module(name: str) -> str:
    """A module of `static/` and all modules that it imports, as one ES module.

    No build step and no tool is needed: each imported module stands once, before those that import it, without its
    ``import`` and ``export`` words and without its comments. So modules that are used together must not give one name
    to two things, and an import must have the form ``import { name, other } from "./path.js";``, at the beginning of
    a line. Only the first module may have an ``export default``.

    Parameters
    ----------
    name:
        The module that a front end loads, such as ``gallery``.

    Raises
    ------
    ValueError
        If a module has an import or an export of another form.
    """
    return "\n".join(_parts(PurePosixPath(f"{name}.js"), set()))


def _parts(path: PurePosixPath, seen: set[PurePosixPath]) -> Iterator[str]:
    """The text of a module, after those of the modules that it imports; each one once."""
    seen.add(path)
    source = (STATIC / path).read_text(encoding="utf-8")
    for found in _IMPORT.finditer(source):
        target = PurePosixPath(posixpath.normpath(path.parent / found["path"]))
        if target not in seen:
            yield from _parts(target, seen)
    text = _EXPORT.sub("", _IMPORT.sub("", source))
    odd = _OTHER_FORM.search(text)
    if odd is not None:
        raise ValueError(f"{path} has an import or export that cannot be bundled: {odd[0]}")
    yield _COMMENT.sub("", text).strip()


@cache
def style(name: str) -> str:
    """The style sheet of a widget, after the one that all of them share."""
    return "".join((STATIC / f"{part}.css").read_text(encoding="utf-8") for part in ("common", name))


def absolute(pictures: Sequence[Any]) -> list[Any]:
    """Pictures with absolute paths: they are read later, when the current folder may be another one."""
    return [Path(os.path.abspath(one)) if isinstance(one, str) else one for one in pictures]


def thumbnails(pictures: Sequence[Any]) -> tuple[bytes, list[int], dict[str, str]]:
    """The thumbnails of pictures, one after the other; the offsets at which each begins and the last ends; and why
    pictures have none, by their number."""
    fetch_ahead(pictures, small=True)
    small = [thumbnail(picture) for picture in pictures]
    reasons = {str(at): why for at, (_, why) in enumerate(small) if why}
    return b"".join(data for data, _ in small), [0, *accumulate(len(data) for data, _ in small)], reasons


def thumbnail(picture: Any) -> tuple[bytes, str]:
    """A picture as a small JPEG; or empty, and why it cannot be shown. A row without a picture has no reason."""
    if picture is None:
        return b"", ""
    try:
        kept = kept_thumbnail(picture)
        if kept is not None:
            return readable(kept.read_bytes), ""
        if isinstance(picture, bytes | os.PathLike):
            data = picture if isinstance(picture, bytes) else readable(lambda: read_file(picture))
            if data.startswith(JPEG) and len(data) <= LIGHT and readable(lambda: _is_its_own_thumbnail(data)):
                return data, ""
        reader = Reader()
        small = reader.fitted(picture, (SIDE, SIDE))
        if small is None:
            return b"", reader.reason(picture)
    except PictureError as error:
        return b"", error.what
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue(), ""


def _is_its_own_thumbnail(data: bytes) -> bool:
    """Whether a small file can be shown as it is: it is whole, and browsers show it as sheets do."""
    with opened(data) as image:
        image.load()
        return is_plain(image)


def picture_file(picture: Any) -> tuple[bytes, str, str]:
    """A picture as the bytes of a file, and its mime type; or empty bytes, and at last why it cannot be shown."""
    if picture is None:
        return b"", "", ""
    try:
        return *shown_file(picture), ""
    except PictureError as error:
        return b"", "", error.what


def script_json(value: Any) -> Markup:
    """A value as JSON that is safe in a script element: nothing in it ends the element."""
    text = json.dumps(value, ensure_ascii=False)
    # Lone surrogates cannot be encoded as UTF-8.
    text = re.sub("[<\u2028\u2029\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)
    return Markup(text)  # noqa: S704 - without "<" it holds no HTML
