"""The report of a check as one HTML file: saved, new and difference of each changed picture, side by side."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops

from ..errors import PictureError
from ..markup import Template, count
from ..pictures.appearance import read
from .results import CellResult

MARK = "<!-- segflux check -->"
"""The first line of a report. A file without it is never removed."""

MOST_SIDE = 1200
"""The most pixels of a side of a picture of differences."""

_PAGE = Template("""\
{{ mark }}
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>segflux check: {{ title }}</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
pre { overflow-x: auto; padding: .6rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
.pictures { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1rem; }
figure { margin: 0; } img { max-width: 100%; display: block; } figcaption { opacity: .75; }
</style>
<h1>{{ title }}</h1>
<p>{{ lead }}</p>
{% for cell in cells %}
<section>
<h2>{{ cell.notebook }}, cell {{ cell.cell }}</h2>
<details><summary>The code</summary><pre>{{ cell.source }}</pre></details>
{% if cell.causes %}<p>{{ cell.causes }}</p>{% endif %}
{% for one in cell.pictures %}
<h3>{{ one.what }}</h3>
<p>{{ one.why }}</p>
{% if one.saved or one.new %}
<div class="pictures">
{% for name, address in (("saved", one.saved), ("new", one.new), ("difference", one.difference)) %}
<figure>
{% if address %}<img src="{{ address }}" alt="{{ name }}: {{ one.what }}">{% else %}<p>none</p>{% endif %}
<figcaption>{{ name }}</figcaption></figure>
{% endfor %}
</div>
{% endif %}
{% endfor %}
</section>
{% endfor %}
</html>
""")

_LEAD = (
    "Left is what the notebook holds, in the middle what it shows now, right where they differ: white where most, "
    "black where they are the same. A picture of a run on a sheet is shown as its print: small, "
    "as the sheet's metadata keeps it."
)


def write_report(path: Path, cells: Sequence[CellResult]) -> None:
    """Write the report.

    Parameters
    ----------
    path:
        The file. Its folder is made if it does not exist.
    cells:
        The cells with a changed picture.
    """
    shown = [
        {
            "notebook": cell.notebook,
            "cell": cell.cell,
            "source": cell.source,
            "causes": cell.causes,
            "pictures": [
                {
                    "what": one["what"],
                    "why": one["why"],
                    "saved": _address(one["saved"]),
                    "new": _address(one["new"]),
                    "difference": _address(difference(one["saved"], one["new"])),
                }
                for one in cell.changed
            ],
        }
        for cell in cells
    ]
    title = f"{count(sum(len(cell.changed) for cell in cells), 'picture')} changed"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(_PAGE.render(mark=_Mark(MARK), title=title, lead=_LEAD, cells=shown)), encoding="utf-8")


def remove_report(path: Path) -> None:
    """Remove the report of an earlier check; another file of its name stays."""
    try:
        with path.open(encoding="utf-8") as file:
            is_ours = file.readline().strip() == MARK
    except (OSError, UnicodeDecodeError):
        return
    if is_ours:
        path.unlink()


def difference(saved: bytes, new: bytes) -> bytes:
    """Where two pictures differ, as a PNG file; empty where one is missing or cannot be read.

    Parameters
    ----------
    saved, new:
        The bytes of their files.
    """
    if not saved or not new:
        return b""
    try:
        before, now = read(saved), read(new)
    except PictureError:
        return b""
    before.thumbnail((MOST_SIDE, MOST_SIDE))
    differ = ImageChops.difference(before, now.resize(before.size))
    most = int(np.asarray(differ).max())
    buffer = io.BytesIO()
    differ.point([min(255, level * 255 // max(1, most)) for level in range(256)] * 3).save(buffer, "PNG")
    return buffer.getvalue()


class _Mark(str):
    """The first line of a report, which is markup."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def _address(data: bytes) -> str:
    """A ``data:`` address of a picture; empty where there is none."""
    if not data:
        return ""
    try:
        with Image.open(io.BytesIO(data)) as image:
            mime = Image.MIME.get(image.format or "", "application/octet-stream")
    except Exception:  # noqa: BLE001 - what cannot be read is named in the text beside it
        return ""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
