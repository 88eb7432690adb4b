"""The gallery: many runs on a grid that can be pivoted, looked at closely, compared and rated.

A widget for notebooks, and the same module in a page of its own that needs no kernel. Thumbnails travel once, as one
blob; pictures at full size are sent when they are looked at and kept nowhere.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import traitlets

from ..errors import SegfluxError
from ..markup import count, escape, plain
from .arranging import NEVER_AXES, arrange
from .colours import ThemeName
from .values import distinct, keys, labels_of, picture_column, value_labels
from .widget import STATIC, PictureWidget, module, picture_file, simulated_note, style

OnMark = Callable[..., None]
"""Called with a run's name and one of ``stars``, ``pick``, ``note``; raises where it cannot be kept."""


class Gallery(PictureWidget):
    """Runs on a grid, to be looked at and rated with mouse or keyboard; press ``?`` in it for its keys.

    Marks are handed on at once. In a saved notebook a small static sheet stands beside it.

    Example
    -------
    ::

        gallery = runs.gallery(cols="seed", rows="lora_strength")
        gallery.save("gallery.html")     # a page of its own
    """

    _esm = module("gallery")
    _css = style("gallery")
    items: Any = traitlets.List().tag(sync=True)
    columns: Any = traitlets.List().tag(sync=True)
    view = traitlets.Dict().tag(sync=True)
    marks = traitlets.Dict().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        cols: str | None = None,
        rows: str | None = None,
        by: str | None = None,
        image: str | None = None,
        title: str = "",
        on_mark: OnMark | None = None,
    ) -> None:
        axes = frame.attrs.get("segflux_axes", ())
        image = picture_column(frame, image)
        layout = arrange(frame, cols=cols, rows=rows, by=by, axes=axes, image=image, title=title)
        self._title = title
        self._on_mark = on_mark
        items, columns = _items(frame, image, axes)
        marks = {item["run"]: mark for item, mark in zip(items, _marks(frame), strict=True) if mark}
        super().__init__(
            keys(frame[image]),
            layout,
            f"Gallery({count(len(frame), 'run')})",
            items=items,
            columns=columns,
            view={"cols": "" if layout.is_wrapped else layout.columns, "rows": layout.rows, "by": layout.outer},
            marks=marks,
            note=simulated_note(frame),
        )

    def save(self, path: str | Path, *, theme: ThemeName = "light") -> Path:
        """Write it as one HTML file that needs neither kernel nor network; marks made there stay in that page."""
        path = Path(path)
        path.write_text(self.page(theme=theme), encoding="utf-8")
        return path

    def page(self, *, theme: ThemeName = "light") -> str:
        """The HTML of `save`."""
        state = {name: getattr(self, name) for name in ("items", "columns", "offsets", "view", "marks", "note")}
        state["thumbs"] = base64.b64encode(self.thumbs).decode("ascii")
        pictures = [picture_file(picture) for picture in self._pictures]
        full = [None if one is None else [one[1], base64.b64encode(one[0]).decode("ascii")] for one in pictures]
        source = base64.b64encode(module("gallery").encode()).decode("ascii")
        title = escape(plain(self._title) or "Gallery")
        return (
            f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<style>html {{ color-scheme: {theme}; }} body {{ margin: 0; }}\n"
            f"{style('gallery')}\n"
            ".sfx-gallery { max-height: 100vh; height: 100vh; }</style>\n</head>\n<body>\n"
            f'<div id="gallery"></div>\n<script type="application/json" id="state">{_json(state)}</script>\n'
            f'<script type="application/json" id="full">{_json(full)}</script>\n'
            f'<script type="module">\nconst source = "{source}";\n'
            f"{(STATIC / 'page.js').read_text(encoding='utf-8')}\n</script>\n</body>\n</html>\n"
        )

    def _asked(self, message: Mapping[str, Any]) -> None:
        if message.get("kind") == "mark":
            self._mark(str(message.get("run")), {k: message[k] for k in ("stars", "pick", "note") if k in message})

    def _mark(self, run: str, mark: Mapping[str, Any]) -> None:
        if not mark or run not in {item["run"] for item in self.items}:
            return
        try:
            if self._on_mark is not None:
                self._on_mark(run, **mark)
        except SegfluxError as error:
            self.send({"kind": "error", "text": f"Not kept: {error}"})
            return
        self.marks = {**self.marks, run: {**self.marks.get(run, {}), **mark}}

    @property
    def marked(self) -> pd.DataFrame:
        """The marks as a frame, a row for each run that has one; for frames that no workspace keeps."""
        rows = [{"run": run, **mark} for run, mark in self.marks.items()]
        table = pd.DataFrame(rows, columns=["run", "stars", "pick", "note"])
        return table.astype({"run": "string", "stars": "Int64", "pick": "boolean", "note": "string"})


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


def _json(value: Any) -> str:
    """JSON that can stand in a script element: nothing in it ends the element."""
    text = json.dumps(value, ensure_ascii=False)
    for char in "<\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
