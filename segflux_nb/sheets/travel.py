"""A loop along an axis: a picture for each of its values, with the other axes as on a sheet."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from ..errors import LayoutError
from ..markup import Template
from ..saving import path_of, refuse_originals, saving
from .colours import Theme, ThemeName, theme_in_notebook, theme_of
from .fonts import font_file, written_in
from .frame_view import FrameView
from .geometry import SMALLEST_SIDE, largest_side
from .inline import side_that_fits
from .layout import Layout
from .linked import LinkedView
from .loops import Format, Gif, WebP
from .pivot import arrange
from .prints import METADATA, prints_of
from .reading import MEASURED, Reader, size_of, with_aspects, with_missing_files
from .sheet import ContactSheet
from .travel_frames import Frames, grid_alone
from .way import Step, places_of, steps_of

MOST_BYTES = {".webp": 2_000_000, ".gif": 2_900_000}
"""The most bytes of a file. A notebook holds the WebP in base64 and a still sheet: below 3 MB in all."""

STILL_BYTES = 250_000
"""The most characters of the still sheet in base64."""

WIDTH = 1600
"""The most pixels of the width of a loop."""

LARGEST_SIDE = 512
"""The most pixels of a side of a picture of a run."""

READABLE_SIDE = 160
"""Where pictures of runs would be smaller than this, a lower quality is taken first."""

SMALLEST = 64
"""They are never smaller than this: at last all of the loop is reduced, words included."""

MOST_VALUES = 100
"""The most values of the axis."""

_HTML = Template(
    '<picture><source type="image/webp" media="(prefers-reduced-motion: no-preference)"'
    ' srcset="data:image/webp;base64,{{ loop }}">'
    '<img src="data:image/jpeg;base64,{{ still }}" alt="{{ text }}" style="max-width:100%;height:auto"></picture>'
)


class Travel:
    """Pictures along an axis as a loop: a value after the other, from the first to the last and back.

    In a notebook it is an animated WebP with alternative text. Where the reader's system asks for less motion, a
    still sheet with all values is shown in its place.

    Parameters
    ----------
    layout:
        The pictures as data: a grid for each value.
    still:
        The still sheet.
    places:
        Where each value stands on the axis, from 0 to 1.
    crossfade:
        Whether each picture fades into the next one.
    theme:
        ``light`` or ``dark``; None is light, and what ``SEGFLUX_THEME`` says in a notebook.
    font:
        The file of a font, or None.

    Attributes
    ----------
    text:
        The loop as text: axes, values, counts. Equal loops have equal texts, on every execution.

    Example
    -------
    ``runs.travel("lora_strength").save("travel.webp")``
    """

    def __init__(
        self,
        layout: Layout,
        still: ContactSheet,
        places: Sequence[float],
        *,
        crossfade: bool = False,
        theme: ThemeName | None = None,
        font: Path | None = None,
    ) -> None:
        self._layout = with_aspects(layout)
        self._still = still
        self._places = places
        self._steps = steps_of(len(layout.groups), crossfade=crossfade)
        self._theme = theme_of(theme)
        self._theme_in_notebook = theme_in_notebook(theme)
        self._font = font
        self._reader = Reader()

    @property
    def text(self) -> str:
        """The loop as text: axes, values and counts."""
        return self._layout.described(f"Travel along {self._layout.outer}", outer="values")

    def __repr__(self) -> str:
        return self.text

    def save(self, path: str | Path) -> Path:
        """Write the loop to a WebP or GIF file.

        WebP files have at most 2 MB and GIF files 2.9 MB. The pictures are as large as fits.

        Parameters
        ----------
        path:
            The file. Its ending decides the format, and its folder is made if it does not exist.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        LayoutError
            If the ending is not one of these formats.
        SegfluxError
            If the file cannot be written.
        """
        path = path_of(path, "path", LayoutError)
        ending = path.suffix.lower()
        if ending not in MOST_BYTES:
            raise LayoutError(f"A loop cannot be saved as {path.name!r}", remedy="End the name in .webp or .gif")
        refuse_originals([path.resolve()], self._layout.pictures)
        data = self._webp if ending == ".webp" else self._gif
        with saving(path):
            path.write_bytes(data)
        return path

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        prints = prints_of(self._layout)
        return {"text/plain": self.text, "text/html": self._html}, {METADATA: prints} if prints else {}

    @cached_property
    def _html(self) -> str:
        is_as_saved = self._theme_in_notebook == self._theme
        data = self._webp if is_as_saved else self._webp_in(self._theme_in_notebook)
        loop = base64.b64encode(data).decode("ascii")
        return str(_HTML.render(loop=loop, still=self._still.inline(STILL_BYTES), text=self.text))

    @cached_property
    def _webp(self) -> bytes:
        return self._webp_in(self._theme)

    def _webp_in(self, theme: Theme) -> bytes:
        with written_in(self._font):
            frames = partial(self._frames, theme)
            return _Fitting(frames, self._steps, WebP(), MOST_BYTES[".webp"]).file(self._largest)

    @cached_property
    def _gif(self) -> bytes:
        with written_in(self._font):
            frames = partial(self._frames, self._theme)
            samples = [frames(READABLE_SIDE).frame(at) for at in _sampled(self._steps)]
            exact = [self._theme.background, self._theme.text, self._theme.muted, self._theme.frame]
            fitting = _Fitting(
                partial(self._frames, self._theme), self._steps, Gif(samples, exact), MOST_BYTES[".gif"]
            )
            return fitting.file(self._largest)

    def _frames(self, theme: Theme, side: int) -> Frames:
        return Frames(self._layout, self._places, theme, self._reader, side)

    @property
    def _largest(self) -> int:
        """The largest side of the pictures of runs: no larger than they are, and the loop is not too wide."""
        pictures = [cell.picture for cell in self._layout.cells if cell.picture is not None][:MEASURED]
        own = max((max(size) for size in map(size_of, pictures) if size is not None), default=0)
        most = min(LARGEST_SIDE, max(READABLE_SIDE, own))
        return largest_side(grid_alone(self._layout, 0), SMALLEST_SIDE, most, lambda width, _: width <= WIDTH)


class _Fitting:
    """Finds the largest pictures whose file is within a limit.

    A few pictures of the loop are drawn and encoded, which tell about how many bytes all of them would have. Then all
    are drawn, once or twice.

    Parameters
    ----------
    frames:
        Draws the pictures, by the side of those of runs.
    steps:
        The pictures of the loop.
    format:
        The format of the file.
    most:
        The most bytes.
    """

    def __init__(self, frames: Callable[[int], Frames], steps: Sequence[Step], format: Format, most: int) -> None:
        self._frames = frames
        self._steps = steps
        self._format = format
        self._most = most
        self._last: tuple[int, Frames] | None = None

    def file(self, largest: int) -> bytes:
        """The file.

        Parameters
        ----------
        largest:
            The largest side of the pictures of runs.
        """
        side, quality = largest, self._format.qualities[0]
        for quality in self._format.qualities:
            side = side_that_fits(partial(self._share, quality), side, largest)
            if side >= min(READABLE_SIDE, largest):
                break
        side = max(side, min(SMALLEST, largest))
        data = self._encoded(side, quality, 1.0)
        while len(data) > self._most and side > SMALLEST:  # what was drawn first had fewer bytes than the rest
            side = max(SMALLEST, min(side - 1, int(side * (0.96 * self._most / len(data)) ** 0.5)))
            data = self._encoded(side, quality, 1.0)
        scale = 1.0
        while len(data) > self._most:
            scale *= 0.8
            data = self._encoded(side, quality, scale)
        return data

    def _drawn(self, side: int) -> Frames:
        if self._last is None or self._last[0] != side:
            self._last = side, self._frames(side)
        return self._last[1]

    def _share(self, quality: int, side: int) -> float:
        """About the share of the limit that the file takes.

        Parameters
        ----------
        quality:
            The quality of the file.
        side:
            The side of the pictures of runs.
        """
        frames = self._drawn(side)
        sampled = [frames.frame(at) for at in _sampled(self._steps)]
        found = len(self._format.loop(sampled, [self._steps[0].milliseconds] * len(sampled), quality))
        return found / len(sampled) * len(self._steps) / self._most

    def _encoded(self, side: int, quality: int, scale: float) -> bytes:
        """The file with all pictures.

        Parameters
        ----------
        side:
            The side of the pictures of runs.
        quality:
            The quality.
        scale:
            What width and height are multiplied by at last.
        """
        frames = self._drawn(side)
        width, height = (max(1, round(length * scale)) for length in frames.size)

        def fitted(at: float) -> Image.Image:
            frame = frames.frame(at)
            return frame if scale == 1.0 else frame.resize((width, height), Image.Resampling.BOX)

        # Each is drawn when it is encoded: many large ones need no memory.
        images = (fitted(step.at) for step in self._steps)
        return self._format.loop(images, [step.milliseconds for step in self._steps], quality)


def travel(
    frame: pd.DataFrame,
    axis: str,
    *,
    cols: str | None = None,
    rows: str | None = None,
    image: str | None = None,
    title: str = "",
    crossfade: bool = False,
    theme: ThemeName | None = None,
    font: str | Path | None = None,
) -> Travel:
    """The pictures of a frame as a loop along an axis.

    Parameters
    ----------
    frame:
        `Runs.df`, or any frame with a column of pictures.
    axis:
        The axis, or another column: each of its values is shown for a moment.
    cols:
        The column of the frame whose values stand side by side.
    rows:
        The column whose values stand below each other.
    image:
        The column of pictures. It is found by what it holds if left out.
    title:
        Text above the pictures.
    crossfade:
        Whether each picture fades into the next one.
    theme:
        ``light`` or ``dark``; left out, light, and in notebooks as ``SEGFLUX_THEME`` says.
    font:
        The file of a font.

    Raises
    ------
    LayoutError
        Where a column does not exist, the axis has fewer than two values, or there is nothing to show.
    """
    file = font_file(font)
    view = FrameView.of(frame, image=image)
    axis = view.name_of(axis)
    beside = [view.name_of(name) for name in (cols, rows) if name is not None]
    if axis in beside:
        raise LayoutError(
            f"{axis} cannot be the way and stand beside it too", remedy="Give cols and rows another axis"
        )
    linked = LinkedView.of(view, [[axis], *([name] for name in beside)])
    layout = with_missing_files(
        arrange(linked.view, cols=linked.name(cols), rows=linked.name(rows), by=linked.name(axis), title=title)
    )
    column = view.column(axis)
    number = len(layout.groups)
    if number < 2:
        others = [name for name in view.axes if name != axis and view.column(name).varies]
        remedy = f"Choose one that varies: {', '.join(others)}" if others else "Show frames like this with sheet()"
        raise LayoutError(f"{axis} has one value here: {column.distinct_labels[0]}", remedy=remedy)
    if number > MOST_VALUES:
        raise LayoutError(
            f"{axis} has {number:,} values, and a loop shows at most {MOST_VALUES}",
            remedy="Choose some of them, such as every tenth",
        )
    way = linked.view.column(linked.name(axis))
    value_of = dict(zip(way.labels, linked.view.column(axis).values, strict=True))
    places = places_of([value_of.get(group.label) for group in layout.groups])
    still = arrange(linked.view, cols=way.name, rows=layout.columns or None, by=layout.rows or [], title=title)
    sheet = ContactSheet(with_missing_files(still), theme=theme, font=file)
    return Travel(layout, sheet, places, crossfade=crossfade, theme=theme, font=file)


def _sampled(steps: Sequence[Step]) -> list[float]:
    """Some values and, where pictures fade, some between them: those from which the size of a file is known."""
    places = sorted({step.at for step in steps})
    return [places[at * (len(places) - 1) // 4] for at in range(5)]
