"""The outputs of a cell, divided into what is compared as text and what is compared as pictures.

nbval compares each media type of an output as text, but not PNG and JPEG. Here all kinds of pictures are taken out of
the outputs, also those that stand inside HTML as ``data:`` addresses; what is left goes to nbval. SVG is text, with
the ids that Matplotlib makes up numbered in their order, and its date left out.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from ..sheets.prints import METADATA
from .pictures import compare_pictures, size_in
from .sheet_prints import Print, compare_prints, read_prints
from .verdicts import Finding, Verdict
from .versions import differing, svg_drawn_with

SVG = "image/svg+xml"

COMPARED_BY_PRINTS = "text_varies"
"""Set in the metadata of an output whose text is not the same on every execution: its prints are compared instead."""

_ADDRESS_HEAD = r"data:(image/[a-z0-9.+-]+)(?:;[a-z0-9_.+-]+=[^;,\s\"'<>]*)*;base64,"
_DATA_ADDRESS = re.compile(
    rf"(?<=[\"'(]){_ADDRESS_HEAD}([a-z0-9+/=\s%]{{16,}})|{_ADDRESS_HEAD}([a-z0-9+/=%]{{16,}})", re.IGNORECASE
)
"""A picture in a text. Where nothing encloses its address, the address ends at the first space."""

_SVG_ID = re.compile(r"""\bid=["']([^"']+)["']""")
_SVG_DATE = re.compile(r"<dc:date>[^<]*</dc:date>")


@dataclass(frozen=True)
class ShownPicture:
    """A picture of an output.

    Attributes
    ----------
    data:
        Its bytes by media type: an output may hold it in several formats.
    metadata:
        The metadata of the output.
    """

    data: Mapping[str, bytes]
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outputs:
    """The outputs of a cell.

    Attributes
    ----------
    texts:
        The outputs without their pictures, as nbval compares them.
    pictures:
        The pictures, in their order.
    svg:
        The SVG files as they were, in their order.
    """

    texts: list[dict[str, Any]]
    pictures: list[ShownPicture]
    svg: list[str]


def divided(outputs: Iterable[Mapping[str, Any]]) -> Outputs:
    """Divide the outputs of a cell into texts and pictures.

    Pictures in the HTML of an output with prints, such as a loop and its still sheet, are forms of one picture.

    Parameters
    ----------
    outputs:
        The outputs, as a notebook has them.
    """
    texts: list[dict[str, Any]] = []
    pictures: list[ShownPicture] = []
    svg: list[str] = []
    for output in outputs:
        if "data" not in output:
            texts.append(dict(output))
            continue
        metadata = output.get("metadata") or {}
        shown: dict[str, bytes] = {}
        inside: list[ShownPicture] = []
        data: dict[str, Any] = {}
        varies = _text_varies(metadata)
        for mime, value in output["data"].items():
            text = "".join(value) if isinstance(value, list) and not _is_json(mime) else value
            if mime == SVG and isinstance(text, str):
                svg.append(text)
                data[mime] = normal_svg(text)
            elif mime.startswith("image/") and isinstance(text, str):
                shown[mime] = _decoded(text)
            elif isinstance(text, str) and not (mime == "text/plain" and varies):
                data[mime] = _without_pictures(text, inside)
            elif not isinstance(text, str):
                data[mime] = value
        if METADATA in metadata and not shown and len({mime for one in inside for mime in one.data}) == len(inside):
            shown, inside = {mime: file for one in inside for mime, file in one.data.items()}, []
        if shown or METADATA in metadata:
            pictures.append(ShownPicture(shown, metadata))
        pictures += inside
        texts.append({**output, "data": data})
    return Outputs(texts, pictures, svg)


def compare_outputs(saved: Outputs, new: Outputs, *, exact: bool = False) -> list[Finding]:
    """Compare the pictures of a cell with those that are saved.

    Parameters
    ----------
    saved:
        The saved outputs.
    new:
        The new outputs.
    exact:
        Whether a picture of a run that is not exactly the same is a changed one.
    """
    findings = []
    for number, (before, now) in enumerate(zip(saved.pictures, new.pictures, strict=False), start=1):
        findings += _compared(f"picture {number}" if len(saved.pictures) > 1 else "the picture", before, now, exact)
    for number, before in enumerate(saved.pictures[len(new.pictures) :], start=len(new.pictures) + 1):
        data = next(iter(before.data.values()), b"")
        findings.append(Finding(Verdict.CHANGED, f"picture {number}", "it is not shown any more", data))
    for number, now in enumerate(new.pictures[len(saved.pictures) :], start=len(saved.pictures) + 1):
        data = next(iter(now.data.values()), b"")
        findings.append(Finding(Verdict.CHANGED, f"picture {number}", "it was not shown before", new=data))
    return findings


def svg_causes(saved: Outputs, new: Outputs) -> str:
    """Why SVG files differ, as far as their versions say it.

    Parameters
    ----------
    saved:
        The saved outputs.
    new:
        The new outputs.
    """
    causes = (svg_drawn_with(*pair) for pair in zip(saved.svg, new.svg, strict=False))
    return next(filter(None, causes), "")


def normal_svg(text: str) -> str:
    """An SVG file without its date, and with its ids numbered in their order.

    >>> normal_svg('<g id="m1f0c"/><use href="#m1f0c"/>')
    '<g id="id-1"/><use href="#id-1"/>'
    """
    text = _SVG_DATE.sub("", text)
    numbers = {name: f"id-{number}" for number, name in enumerate(dict.fromkeys(_SVG_ID.findall(text)), start=1)}
    if not numbers:
        return text
    names = "|".join(re.escape(name) for name in sorted(numbers, key=len, reverse=True))
    return re.sub(rf"""((?:\bid=["'])|#)({names})(?=["')])""", lambda found: found[1] + numbers[found[2]], text)


def _compared(what: str, saved: ShownPicture, new: ShownPicture, exact: bool) -> list[Finding]:
    """Compare two pictures of outputs; of a sheet, each of the pictures on it.

    Parameters
    ----------
    what:
        Which picture it is, in words.
    saved:
        The saved picture.
    new:
        The new one.
    exact:
        Whether a picture of a run that is not exactly the same is a changed one.
    """
    before, now = _prints(saved), _prints(new)
    if isinstance(before, str):
        return [Finding(Verdict.CHANGED, what, f"the prints saved with it cannot be read: {before}")]
    if before is None or now is None or isinstance(now, str):
        return (
            [compare_pictures(what, saved.data, new.data)] if saved.data and new.data else _one_is_gone(what, saved)
        )
    findings = compare_prints(before, now, exact=exact)
    causes = differing(*({"pillow": str(picture.metadata[METADATA].get("pillow"))} for picture in (saved, new)))
    if saved.data and new.data and _is_drawn_otherwise(saved, new):
        why = "it is drawn in another size; the pictures on it are compared one by one"
        findings.append(Finding(Verdict.SAME_TO_THE_EYE, what, why))
    elif saved.data and new.data:
        whole = compare_pictures(what, saved.data, new.data)
        is_said = any(finding.verdict is Verdict.CHANGED for finding in findings)
        if whole.verdict is not Verdict.CHANGED or not is_said:
            findings = [whole, *findings]
    if not causes:
        return findings
    return [
        Finding(one.verdict, one.what, f"{one.why}; {causes}", one.saved, one.new)
        if one.verdict is Verdict.CHANGED
        else one
        for one in findings
    ]


def _one_is_gone(what: str, saved: ShownPicture) -> list[Finding]:
    why = "it is not shown any more" if saved.data else "it was not shown before"
    return [Finding(Verdict.CHANGED, what, why, next(iter(saved.data.values()), b""))]


def _is_drawn_otherwise(saved: ShownPicture, new: ShownPicture) -> bool:
    """Whether two sheets have another size: the largest one that fits its bytes depends on the encoder."""
    sizes = [{size_in(data) for data in picture.data.values()} for picture in (saved, new)]
    return sizes[0] != sizes[1]


def _prints(picture: ShownPicture) -> list[Print] | str | None:
    """The prints of an output's pictures; why they cannot be read, or None where there are none."""
    try:
        return read_prints(picture.metadata)
    except ValueError as error:
        return str(error)


def _text_varies(metadata: Mapping[str, Any]) -> bool:
    kept = metadata.get(METADATA)
    return isinstance(kept, Mapping) and bool(kept.get(COMPARED_BY_PRINTS))


def _is_json(mime: str) -> bool:
    """Whether a media type is JSON, in which a list is a list; other types are texts, which files keep as lines."""
    return mime == "application/json" or (mime.startswith("application/") and mime.endswith("+json"))


def _without_pictures(text: str, found: list[ShownPicture]) -> str:
    """A text in which the pictures have given way to numbers.

    Parameters
    ----------
    text:
        The text, such as HTML.
    found:
        The pictures of the text are added to it.
    """

    def take(address: re.Match[str]) -> str:
        mime, data = (address[1] or address[3]).lower(), _decoded(unquote(address[2] or address[4]))
        if mime == SVG:
            return f"data:{mime},{normal_svg(data.decode('utf-8', 'replace'))}"
        found.append(ShownPicture({mime: data}))
        return f"data:{mime};picture"

    return _DATA_ADDRESS.sub(take, text)


def _decoded(text: str) -> bytes:
    """The bytes of a picture in base64. What is no base64 stays as it is, and cannot be read as a picture."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        return text.encode()
