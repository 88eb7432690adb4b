"""A gallery in a page that needs neither kernel nor network. Marks that are made there stay in that page."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ..markup import Template, plain
from ..sheets.colours import ThemeName
from ..sheets.frame_view import FrameView
from ..sheets.html import GalleryPart
from .assets import module, picture_file, script_json, style, thumbnails
from .gallery_state import GalleryState, differences_of, later_columns
from .gallery_table import Encoder

_PART = Template("""\
<div id="gallery"></div>
<script type="application/json" id="state">{{ state }}</script>
""")

_PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{{ title }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
html { color-scheme: {{ theme or "light dark" }}; }
body { margin: 0; }
{{ style }}
.sfx-gallery { max-height: 100vh; height: 100vh; }
</style>
</head>
<body>
<script type="application/json" id="full">{{ full }}</script>
{{ markup }}<script type="module">{{ script }}</script>
</body>
</html>
""")


def gallery_page(
    traits: dict[str, Any],
    pictures: Sequence[Any],
    title: str,
    theme: ThemeName | None,
    further: Encoder | None = None,
) -> str:
    """A page with a gallery and nothing else.

    Parameters
    ----------
    traits:
        What the gallery's JavaScript knows; see `GalleryState`.
    pictures:
        A picture for each run, None for a run without one; after them the further pictures of outputs.
    title:
        The title of the page.
    theme:
        ``light`` or ``dark``; None for what the reader's system prefers.
    further:
        The columns that would be sent when they are asked for; None if there are none.
    """
    traits = with_columns(traits, Encoder() if further is None else further)
    files = [picture_file(picture) for picture in pictures]
    full = [[mime, _base64(data)] if data else None for data, mime, _ in files]
    part = _part(traits, pictures)
    return _PAGE.render(
        title=plain(title) or "Gallery",
        theme=theme,
        full=script_json(full),
        markup=part.markup,
        script=Markup(part.script),  # noqa: S704 - our own file: no text from outside is in it
        style=Markup(part.style),  # noqa: S704 - as above
    )


def with_columns(traits: Mapping[str, Any], further: Encoder) -> dict[str, Any]:
    """The traits of a page, which holds all columns.

    Parameters
    ----------
    traits:
        What the gallery's JavaScript knows.
    further:
        The columns that would be sent when they are asked for.
    """
    table, codes = traits["table"], traits["codes"]
    columns = [{**column, "at": column["at"] + len(codes)} for column in further.columns]
    return {
        **traits,
        "table": {**table, "columns": [*table["columns"], *columns], "later": []},
        "codes": codes + further.codes,
    }


def gallery_part(state: GalleryState, view: FrameView) -> GalleryPart:
    """A gallery for a page that has the pictures already, each with its run in ``data-run``.

    It hides the element with the id ``static``, and a button shows that element again.

    Parameters
    ----------
    state:
        The state of the gallery.
    view:
        The frame that it shows.
    """
    further = later_columns(view, state.traits["table"]["later"])
    return _part(with_columns(state.traits, further), [*state.pictures, *state.more])


def _part(traits: dict[str, Any], pictures: Sequence[Any]) -> GalleryPart:
    """The gallery's part of a page.

    Parameters
    ----------
    traits:
        What the gallery's JavaScript knows.
    pictures:
        A picture for each run, None for a run without one; after them the further pictures of outputs.
    """
    number = traits["table"]["number"]
    thumbs, offsets, unreadable = thumbnails(pictures[:number])
    differences = {**differences_of(pictures[:number]), **traits.get("differences", {})}
    known: dict[str, Any] = {"thumbs": _base64(thumbs), "offsets": offsets, "unreadable": unreadable}
    known |= {"later": [[number, len(pictures)]], "codes": _base64(traits["codes"]), "form": [], "can_save": False}
    state = script_json({**traits, **known, "differences": differences})
    return GalleryPart(markup=_PART.render(state=state), script=module("page"), style=style("gallery"))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
