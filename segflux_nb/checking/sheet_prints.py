"""The comparison of the prints that a sheet, or a fingerprint, carries in the metadata of its output."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from ..analysis.prints import Thumbnail, distances, rgb, unpacked
from ..markup import plain, shorten
from ..sheets.prints import FORMAT, METADATA, OF_FILE
from .verdicts import Finding, Verdict, distance_text, judged

SHOWN_SIDE = 256
"""The side of a print in the report, in pixels."""

MOST_PICTURES = 100_000


@dataclass(frozen=True)
class Print:
    """What is kept of one picture.

    Attributes
    ----------
    run:
        The run's short name, or empty.
    label:
        Its values in words.
    sha256:
        The beginning of the sha256 of its pixels, or of its file after `OF_FILE`; empty where it could not be read.
    size:
        Its width and height in words.
    thumbnail:
        Its Lab thumbnail, or None.
    """

    run: str
    label: str
    sha256: str
    size: str
    thumbnail: Thumbnail | None

    @property
    def what(self) -> str:
        """The picture in words."""
        values = shorten(plain(self.label), 200)
        return (
            f"run {plain(self.run)} ({values})" if self.run and values else f"run {self.run}" if self.run else values
        )


def read_prints(metadata: Mapping[str, Any]) -> list[Print] | None:
    """The prints in the metadata of an output; None where there are none.

    Parameters
    ----------
    metadata:
        The output's metadata.

    Raises
    ------
    ValueError
        Where there are some, and they cannot be read.
    """
    kept = metadata.get(METADATA)
    if kept is None:
        return None
    try:
        if kept["format"] != FORMAT:
            raise ValueError(f"their format is {kept['format']}, and this version reads {FORMAT}")
        entries = [(str(run), str(label), str(sha256), str(size)) for run, label, sha256, size in kept["pictures"]]
        if len(entries) > MOST_PICTURES:
            raise ValueError(f"there are more than {MOST_PICTURES:,}")
        there = [entry for entry in entries if entry[2]]
        side = kept.get("side")
        if side is not None and side not in (16, 32, 64):
            raise ValueError(f"their side is {side}")
        thumbnails = iter(unpacked(str(kept["lab"]), len(there), side)) if side else iter(())
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"they are not complete: {error}") from None
    return [Print(*entry, next(thumbnails, None) if entry[2] else None) for entry in entries]


def compare_prints(saved: list[Print], new: list[Print], *, exact: bool) -> list[Finding]:
    """Compare the pictures of a sheet, one by one.

    Parameters
    ----------
    saved:
        The saved prints.
    new:
        The new prints.
    exact:
        Whether a picture that is not exactly the same is a changed one.
    """
    waiting: defaultdict[tuple[str, str], list[Print]] = defaultdict(list)
    for one in new:
        waiting[one.run, one.label].append(one)
    findings = []
    for one in saved:
        others = waiting[one.run, one.label]
        if others:
            findings.append(_compared(one, others.pop(0), exact=exact))
        else:
            findings.append(Finding(Verdict.CHANGED, one.what, "it is not shown any more", _file(one)))
    for others in waiting.values():
        findings += [Finding(Verdict.CHANGED, one.what, "it was not shown before", new=_file(one)) for one in others]
    return findings


def _compared(saved: Print, new: Print, *, exact: bool) -> Finding:
    """Compare two prints of one run.

    Parameters
    ----------
    saved:
        The saved print.
    new:
        The new one.
    exact:
        Whether a picture that is not exactly the same is a changed one.
    """
    what = saved.what
    if saved.sha256 == new.sha256:
        return Finding(Verdict.SAME_BYTES, what)
    if not (saved.sha256 and new.sha256):
        which = "saved" if not saved.sha256 else "new"
        return Finding(Verdict.CHANGED, what, f"the {which} picture could not be read", _file(saved), _file(new))
    if saved.sha256.startswith(OF_FILE) != new.sha256.startswith(OF_FILE):
        why = "one print is of the file, one of the pixels, as in older versions: execute and save the notebook again"
        return Finding(Verdict.CHANGED, what, why)
    one, other = saved.thumbnail, new.thumbnail
    if one is None or other is None or one.shape != other.shape:
        compared = "files" if new.sha256.startswith(OF_FILE) else "pixels"
        why = f"the {compared} are not the same; there are too many pictures for prints that tell how much"
        return Finding(Verdict.CHANGED, what, why, _file(saved), _file(new))
    worst, mean = distances(one, other)
    verdict = judged(worst, mean, len(one))
    why = distance_text(worst, mean, len(one))
    if saved.size != new.size:
        verdict, why = Verdict.CHANGED, f"it has {plain(new.size)} pixels, and had {plain(saved.size)}; {why}"
    if exact and verdict is Verdict.SAME_TO_THE_EYE:
        verdict, why = Verdict.CHANGED, f"the pixels are not the same, though it looks the same: {why}"
    return Finding(verdict, what, why, _file(saved), _file(new))


def _file(one: Print) -> bytes:
    """A print as a PNG file, large enough to look at; empty where it has no thumbnail."""
    if one.thumbnail is None:
        return b""
    image = Image.fromarray(np.asarray(rgb(one.thumbnail)))
    buffer = io.BytesIO()
    image.resize((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()
