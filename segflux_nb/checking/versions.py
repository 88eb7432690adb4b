"""Which library drew a picture, and in which version: the likely cause where all figures change at once.

Matplotlib writes its version into its PNG and SVG files. Our sheets keep that of Pillow with their prints. Of other
libraries, `segflux notebook run` keeps the versions in the notebook's own metadata.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("matplotlib", "pillow", "numpy", "seaborn", "plotly", "altair", "bokeh", "segflux-nb")
"""Libraries whose version may change how a picture looks."""

_SOFTWARE = re.compile(rb"Software\x00+([^\x00]{0,80}?),? https?://")
_CREATOR = re.compile(r"<dc:title>([^<]{1,80}?),? https?://")


def drawn_with(saved: bytes, new: bytes) -> str:
    """A sentence where the two files were drawn by different programs or versions; else empty.

    Parameters
    ----------
    saved:
        The saved PNG file.
    new:
        The new PNG file.
    """
    return _sentence(*(_named(_SOFTWARE.search(data[:4096])) for data in (saved, new)))


def svg_drawn_with(saved: str, new: str) -> str:
    """The same for two SVG files.

    Parameters
    ----------
    saved:
        The saved SVG file.
    new:
        The new SVG file.
    """
    return _sentence(*(_named(_CREATOR.search(text[:8192])) for text in (saved, new)))


def installed() -> dict[str, str]:
    """The versions of the drawing libraries of this environment."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def differing(saved: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Which of the libraries have another version, in words; empty where none has.

    Parameters
    ----------
    saved:
        Versions by library, when the notebook was saved.
    now:
        Versions by library.

    >>> differing({"pillow": "12.3.0", "numpy": "2.1.0"}, {"pillow": "13.0.0", "numpy": "2.1.0"})
    'pillow 12.3.0 is now 13.0.0'
    """
    changed = [f"{name} {was} is now {now.get(name, 'gone')}" for name, was in saved.items() if was != now.get(name)]
    return ", ".join(changed)


def _named(found: re.Match[bytes] | re.Match[str] | None) -> str:
    if found is None:
        return ""
    text = found[1]
    return re.sub(r"\s*v(?:ersion\s?)?(?=\d)", " ", text.decode("latin-1") if isinstance(text, bytes) else text)


def _sentence(saved: str, new: str) -> str:
    if not saved or not new or saved == new:
        return ""
    return f"the likely cause: it was drawn by {saved}, and is now drawn by {new}"
