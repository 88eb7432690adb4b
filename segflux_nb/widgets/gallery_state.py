"""The gallery's state, as its module wants it, and the gallery in a page that needs neither kernel nor network."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..markup import escape, plain
from ..sheets.colours import ThemeName
from ..sheets.html import GalleryPart
from ..sheets.layout import Layout
from ..sheets.pivot import NEVER_AXES, arrange
from ..sheets.values import distinct, keys, labels_of, picture_column, value_labels
from .assets import STATIC, absolute, module, picture_file, script_json, simulated_note, style, thumbnails


@dataclass(frozen=True)
class GalleryState:
    """What a gallery knows.

    Attributes
    ----------
    pictures:
        Paths, bytes or Pillow images, one for each run; None where there is none.
    layout:
        How it is laid out at first.
    traits:
        What its module knows: ``items``, ``columns``, ``view``, ``marks``, ``note``.
    """

    pictures: list[Any]
    layout: Layout
    traits: dict[str, Any]


def gallery_state(
    frame: pd.DataFrame,
    *,
    cols: str | None = None,
    rows: str | None = None,
    by: str | None = None,
    image: str | None = None,
    title: str = "",
) -> GalleryState:
    """The state of a gallery of a frame; parameters and errors are those of `arrange`."""
    axes = frame.attrs.get("segflux_axes", ())
    image = picture_column(frame, image)
    layout = arrange(frame, cols=cols, rows=rows, by=by, axes=axes, image=image, title=title)
    items, columns = _items(frame, image, axes)
    pictures = absolute(keys(frame[image]))
    traits = {
        "items": items,
        "columns": columns,
        "view": {"cols": "" if layout.is_wrapped else layout.columns, "rows": layout.rows, "by": layout.outer},
        "marks": {item["run"]: mark for item, mark in zip(items, _marks(frame), strict=True) if mark},
        "note": simulated_note(frame),
    }
    return GalleryState(pictures, layout, traits)


def page(traits: dict[str, Any], pictures: Sequence[Any], title: str, theme: ThemeName) -> str:
    """A page with nothing but a gallery; marks made there stay in that page."""
    files = [picture_file(picture) for picture in pictures]
    full = [None if one is None else [one[1], base64.b64encode(one[0]).decode("ascii")] for one in files]
    heading = escape(plain(title) or "Gallery")
    part = _part(traits, pictures)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{heading}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>html {{ color-scheme: {theme}; }} body {{ margin: 0; }}\n{part.style}\n"
        ".sfx-gallery { max-height: 100vh; height: 100vh; }</style>\n</head>\n<body>\n"
        f'<script type="application/json" id="full">{script_json(full)}</script>\n'
        f'{part.markup}<script type="module">{part.script}</script>\n</body>\n</html>\n'
    )


def gallery_part(state: GalleryState) -> GalleryPart:
    """A gallery for a page that holds the pictures, each marked ``data-run``.

    It hides the element with the id ``static``, and a button shows that element again.
    """
    return _part(state.traits, state.pictures)


def _part(traits: dict[str, Any], pictures: Sequence[Any]) -> GalleryPart:
    source = base64.b64encode(module("gallery").encode()).decode("ascii")
    thumbs, offsets = thumbnails(pictures)
    blob = base64.b64encode(thumbs).decode("ascii")
    state = script_json({**traits, "thumbs": blob, "offsets": offsets, "later": []})
    return GalleryPart(
        markup=f'<div id="gallery"></div>\n<script type="application/json" id="state">{state}</script>\n',
        script=f'\nconst source = "{source}";\n{(STATIC / "page.js").read_text(encoding="utf-8")}\n',
        style=style("gallery"),
    )


def _items(frame: pd.DataFrame, image: str, axes: Sequence[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the front end knows of each run, and of each column by which they can be ordered."""
    names = [name for name in frame.columns if name != image and (name not in NEVER_AXES or name in axes)]
    names = [name for name in names if name not in ("prompt_template",) and not str(name).endswith("_label")]
    words = {str(name): value_labels(frame, name) for name in names}
    columns: list[dict[str, Any]] = []
    for name in names:
        values = distinct(frame, name)
        if len(values) > 1:
            labels = list(dict.fromkeys(labels_of(frame, name, values)))
            columns.append({"name": str(name), "values": labels, "axis": name in axes or not axes})
    known = {
        name: keys(frame[name]) for name in ("status", "error_kind", "error", "run", "width") if name in frame.columns
    }
    raw = {str(name): keys(frame[name]) for name in names}
    pictures = keys(frame[image])
    picked = [str(name) for name in (axes or [c["name"] for c in columns]) if str(name) in raw]
    items = []
    for at in range(len(frame)):
        reason = [str(known[name][at]) for name in ("error_kind", "error") if known.get(name) and known[name][at]]
        run = str(known["run"][at]) if "run" in known else str(at)
        status = str(known["status"][at]) if "status" in known else "completed"
        items.append(
            {
                "run": run,
                "width": known["width"][at] if "width" in known else None,
                "status": status if pictures[at] is not None or status != "completed" else "missing",
                "reason": plain(": ".join(reason)),
                "labels": {name: labels[at] for name, labels in words.items()},
                "parameters": {name: _scalar(values[at]) for name, values in raw.items() if values[at] is not None},
                "code": f"runs.one({', '.join(f'{name}={_scalar(raw[name][at])!r}' for name in picked)})",
            }
        )
    return items, columns


def _scalar(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else str(value)


def _marks(frame: pd.DataFrame) -> list[dict[str, Any]]:
    columns = {name: keys(frame[name]) for name in ("stars", "pick", "note") if name in frame.columns}
    kinds: dict[str, Callable[[Any], Any]] = {"stars": int, "pick": bool, "note": str}
    return [
        {name: kinds[name](values[at]) for name, values in columns.items() if values[at] is not None}
        for at in range(len(frame))
    ]
