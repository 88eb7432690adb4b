"""The gallery's state, as its module wants it, and the gallery in a page that needs neither kernel nor network."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ..markup import escape, plain
from ..sheets.colours import ThemeName
from ..sheets.frame_view import FrameView
from ..sheets.html import GalleryPart
from ..sheets.layout import Layout
from ..sheets.pivot import arrange
from .assets import STATIC, absolute, module, picture_file, script_json, style, thumbnails


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
    view: FrameView,
    *,
    cols: str | None = None,
    rows: str | None = None,
    by: str | None = None,
    title: str = "",
) -> GalleryState:
    """The state of a gallery of a frame; parameters and errors are those of `arrange`."""
    layout = arrange(view, cols=cols, rows=rows, by=by, title=title)
    items, columns = _items(view)
    pictures = absolute(view.column(view.image).values)
    traits = {
        "items": items,
        "columns": columns,
        "view": {"cols": "" if layout.is_wrapped else layout.columns, "rows": layout.rows, "by": layout.outer},
        "marks": {item["run"]: mark for item, mark in zip(items, _marks(view), strict=True) if mark},
        "note": view.simulated_note,
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
    markup = f'<div id="gallery"></div>\n<script type="application/json" id="state">{state}</script>\n'
    return GalleryPart(
        markup=Markup(markup),  # noqa: S704 - script_json escapes what would end the element
        script=f'\nconst source = "{source}";\n{(STATIC / "page.js").read_text(encoding="utf-8")}\n',
        style=style("gallery"),
    )


def _items(view: FrameView) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the front end knows of each run, and of each column by which they can be ordered."""
    described = [view.column(name) for name in view.describing if name != "prompt_template"]
    columns: list[dict[str, Any]] = [
        {
            "name": str(column.name),
            "values": list(dict.fromkeys(column.distinct_labels)),
            "axis": column.name in view.axes or not view.axes,
        }
        for column in described
        if column.varies
    ]
    known = {
        name: view.column(name).values for name in ("status", "error_kind", "error", "run", "width") if name in view
    }
    by_name = {str(column.name): column for column in described}
    pictures = view.column(view.image).values
    picked = [name for name in (view.axes or [column["name"] for column in columns]) if name in by_name]
    items = []
    for at in range(len(view)):
        reason = [str(known[name][at]) for name in ("error_kind", "error") if known.get(name) and known[name][at]]
        run = str(known["run"][at]) if "run" in known else str(at)
        status = str(known["status"][at]) if "status" in known else "completed"
        values = {name: column.values[at] for name, column in by_name.items()}
        items.append(
            {
                "run": run,
                "width": known["width"][at] if "width" in known else None,
                "status": status if pictures[at] is not None or status != "completed" else "missing",
                "reason": plain(": ".join(reason)),
                "labels": {name: column.labels[at] for name, column in by_name.items()},
                "parameters": {name: _scalar(value) for name, value in values.items() if value is not None},
                "code": f"runs.one({', '.join(f'{name}={_scalar(values[name])!r}' for name in picked)})",
            }
        )
    return items, columns


def _scalar(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else str(value)


def _marks(view: FrameView) -> list[dict[str, Any]]:
    columns = {name: view.column(name).values for name in ("stars", "pick", "note") if name in view}
    kinds: dict[str, Callable[[Any], Any]] = {"stars": int, "pick": bool, "note": str}
    return [
        {name: kinds[name](values[at]) for name, values in columns.items() if values[at] is not None}
        for at in range(len(view))
    ]
