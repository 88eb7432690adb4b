"""Plots of effects, curves and settings, by matplotlib, which is an extra: ``pip install "segflux-nb[plot]"``.

A plot shows itself in a notebook as a PNG with a constant text. Nothing of matplotlib's global state is used, so no
plot changes how those of the user look. What is drawn imports this module, so it is named by `Any` here.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import PictureError, PlotError
from ..installing import how_to_install
from ..markup import count, shorten
from ..notebook import MimeBundle
from ..pictures.appearance import read
from ..pictures.mounted import thumbnail_file
from ..saving import saving
from .labelling import add_labels
from .variance import LEAST_SEEDS

Theme = Literal["light", "dark"]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Of lines. People with each kind of colour blindness can tell them apart (Okabe and Ito, 2008)."""

DPI = 110
THUMBNAIL = 96
"""The longer side of a picture under an axis, in pixels."""

_ROW = 0.9
"""The height of a row of pictures, in inches."""

MOST_THUMBNAILS = 16
"""With more values than this, not each has its picture."""

MOST_LABELS = 12
"""Settings with a name beside their point."""

_THEMES = {
    "light": {"back": "#ffffff", "ink": "#1f2328", "muted": "#59636e", "grid": "#d9dee3", "first": "#0072b2"},
    "dark": {"back": "#16191d", "ink": "#e6e9ec", "muted": "#9aa4ae", "grid": "#343a41", "first": "#56b4e9"},
}

_TITLES = {
    "drift": "drift from {reference} (ΔE)",
    "overcooking": "overcooking",
    "spread": "spread across seeds (ΔE)",
    "likeness": "likeness to the photos",
}


@dataclass(frozen=True)
class Plot:
    """A plot that shows itself in a notebook.

    Attributes
    ----------
    figure:
        The figure of matplotlib.
    text:
        What it shows, in words.
    """

    figure: Any = field(repr=False)
    text: str

    def __repr__(self) -> str:
        return self.text

    def save(self, path: str | Path) -> Path:
        """Write it to a file; the ending says the format: png, svg, pdf.

        Parameters
        ----------
        path:
            The file.

        Raises
        ------
        SegfluxError
            If the file cannot be written, or matplotlib has no such format.
        """
        try:
            with saving(path) as place:
                self.figure.savefig(place, dpi=DPI, facecolor=self.figure.get_facecolor())
        except ValueError as error:  # a format that matplotlib does not have
            raise PlotError(str(error), remedy="Give a file whose name ends in .png, .svg or .pdf") from None
        return place

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[MimeBundle, MimeBundle]:
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", dpi=DPI, facecolor=self.figure.get_facecolor())
        data = base64.b64encode(buffer.getvalue()).decode()
        return {"text/plain": self.text, "image/png": data}, {"image/png": {"alt": self.text}}


def effects_plot(effects: Any, theme: Theme) -> Plot:
    """The shares as bars with their intervals, and the verdict of each axis.

    Parameters
    ----------
    effects:
        The `Effects`.
    theme:
        ``light`` or ``dark``.
    """
    look = _look(theme)
    if not effects.shares:
        raise PlotError("No axis varies, so there is nothing to draw", remedy="Run a sweep with an axis")
    shares = [share for share in effects.shares if len(share.term) == 1 or share.share >= 0.005]
    figure = _figure(look, 7.2, 0.9 + 0.36 * len(shares))
    axes = figure.add_subplot()
    _dress(axes, look)
    words = {verdict.axis: verdict.word for verdict in effects.verdicts}
    for place, share in enumerate(shares):
        single = len(share.term) == 1
        axes.barh(place, 100 * share.share, height=0.62, color=look["first"] if single else look["muted"])
        end = share.share
        if share.low is not None and share.high is not None:
            axes.plot([100 * share.low, 100 * share.high], [place, place], color=look["ink"], linewidth=1.2)
            end = max(end, share.high)
        if single:
            box = {"facecolor": look["back"], "edgecolor": "none", "pad": 1.5}  # hides the grid behind the words
            word = words[share.term[0]]
            axes.text(100 * end + 1.2, place, word, va="center", color=look["muted"], fontsize=9, bbox=box)
    axes.grid(visible=False, axis="y")
    axes.set_yticks(range(len(shares)), [shorten(" × ".join(share.term), 40) for share in shares])
    axes.invert_yaxis()
    axes.set_xlim(0, 118)
    axes.set_xticks(range(0, 101, 20))
    about = "" if effects.is_exact else "about "
    lines = f"intervals need {LEAST_SEEDS} or more seeds"
    if any(share.low is not None for share in shares):
        lines = "lines are 90 % intervals for other seeds"
    axes.set_xlabel(f"{about}% of the pictures' variance; {lines}", color=look["muted"])
    return Plot(
        figure,
        f"Effects of {len(words)} {'axis' if len(words) == 1 else 'axes'} on {count(effects.pictures, 'picture')}",
    )


def curve_plot(curve: Any, theme: Theme) -> Plot:
    """The curves with their intervals, and pictures below the axis.

    Parameters
    ----------
    curve:
        The `Curve`.
    theme:
        ``light`` or ``dark``.
    """
    look = _look(theme)
    measures = [name for name in _TITLES if any(name in line.numbers for line in curve.lines)]
    values = sorted({value for line in curve.lines for value in line.values})
    rows = [line for line in curve.lines if any((line.name, value) in curve.pictures for value in line.values)]
    heights = [1.55] * len(measures) + [_ROW] * len(rows)
    figure = _figure(look, 8.2, sum(heights) + 0.9)
    panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    for panel, measure in zip(panels, measures, strict=False):
        _dress(panel, look)
        panel.set_title(
            _TITLES[measure].format(reference=curve.reference), loc="left", fontsize=10, color=look["ink"]
        )
        for line, colour in zip(curve.lines, _cycle(len(curve.lines), look), strict=True):
            if measure in line.numbers:
                _draw(panel, line, measure, colour)
        for line, colour in zip(curve.lines, _cycle(len(curve.lines), look), strict=True):
            _mark(panel, line, colour)
    for panel, line in zip(panels[len(measures) :], rows, strict=True):
        colour = (
            _cycle(len(curve.lines), look)[list(curve.lines).index(line)] if len(curve.lines) > 1 else look["back"]
        )
        _pictures(panel, curve, line, look, colour)
    panels[len(measures) - 1].tick_params(labelbottom=True)
    for panel in panels[len(measures) :]:
        panel.tick_params(labelbottom=False)  # the values stand above the pictures
    panels[-1].set_xlabel(curve.axis, color=look["ink"])
    margin = (values[-1] - values[0]) / max(len(values) - 1, 1) * 0.6
    panels[-1].set_xlim(values[0] - margin, values[-1] + margin)
    _explain(figure, curve, look)
    return Plot(figure, f"Curves of {', '.join(measures)} over {count(len(values), 'value')} of {curve.axis}")


def cheapest_plot(cheapest: Any, theme: Theme) -> Plot:
    """Cost against difference, with the settings to which no other one is both cheaper and nearer.

    Parameters
    ----------
    cheapest:
        The `Cheapest`.
    theme:
        ``light`` or ``dark``.
    """
    look = _look(theme)
    known = [one for one in cheapest.settings if one.cost_usd is not None and one.difference is not None]
    if not known:
        raise PlotError("No setting has both a cost and a difference", remedy="See cheapest.all")
    figure = _figure(look, 7.2, 4.2)
    axes = figure.add_subplot()
    _dress(axes, look)
    front = cheapest.pareto
    alike = [one.looks_like(cheapest.limit) for one in known]
    for one, is_alike in zip(known, alike, strict=True):
        marker = "o" if is_alike else "x"
        axes.plot(*_point(one), marker, color=look["first"] if is_alike else look["muted"], markersize=6)
    axes.plot(*zip(*map(_point, front), strict=True), color=look["first"], linewidth=1)
    axes.axhline(cheapest.limit, color=look["muted"], linewidth=1, linestyle=":")
    axes.set_xlabel("US dollars a picture", color=look["ink"])
    axes.set_ylabel("median ΔE from the reference", color=look["ink"])
    axes.margins(x=0.14, y=0.12)
    _legend(
        figure,
        look,
        [
            {
                "color": look["first"],
                "marker": "o",
                "linestyle": "",
                "label": "looks like the reference in all pairs",
            },
            {"color": look["muted"], "marker": "x", "linestyle": "", "label": "does not"},
            {"color": look["muted"], "linestyle": ":", "linewidth": 1, "label": "the limit"},
            {"color": look["first"], "linewidth": 1, "label": "none is both cheaper and nearer"},
        ],
        columns=2,
    )
    names = [shorten(", ".join(map(str, one.values.values())), 28) for one in front[:MOST_LABELS]]
    add_labels(
        axes,
        list(zip(map(_point, front), names, strict=False)),
        points=list(map(_point, known)),
        lines=[
            list(map(_point, front)),
            [(axes.get_xlim()[0], cheapest.limit), (axes.get_xlim()[1], cheapest.limit)],
        ],
        colours=(look["ink"], look["muted"]),
    )
    return Plot(figure, f"Cost against difference of {count(len(known), 'setting')}")


def _point(setting: Any) -> tuple[float, float]:
    """Where a setting stands, finer than a pixel: other versions of numpy differ in the last bits."""
    return round(setting.cost_usd, 5), round(setting.difference, 3)


def _look(theme: str) -> dict[str, str]:
    if theme not in _THEMES:
        raise PlotError(f"theme={theme!r} is not possible", remedy='Write theme="light" or theme="dark"')
    return _THEMES[theme]


def _figure(look: dict[str, str], width: float, height: float) -> Any:
    """An empty figure, of a size in inches."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise PlotError("Plots need matplotlib", remedy=how_to_install("plot")) from None
    figure = Figure(figsize=(width, height), facecolor=look["back"])
    figure.set_layout_engine("constrained", hspace=0.02)
    return figure


def _dress(axes: Any, look: dict[str, str]) -> None:
    """Colours of a panel, and a quiet grid."""
    axes.set_facecolor(look["back"])
    axes.grid(visible=True, color=look["grid"], linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=look["ink"], labelsize=9, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _cycle(number: int, look: dict[str, str]) -> list[str]:
    """Colours of lines. On dark pages the two blues are exchanged: the first one is the lighter."""
    colours = [look["first"], *COLOURS[1:-1], COLOURS[-1] if look["first"] == COLOURS[0] else COLOURS[0]]
    return [colours[at % len(colours)] for at in range(number)]


def _draw(panel: Any, line: Any, measure: str, colour: str) -> None:
    """A curve with the band of its interval."""
    mean, low, high = line.summary(measure)
    panel.plot(line.values, mean, color=colour, linewidth=1.6, marker="o", markersize=3, label=shorten(line.name, 40))
    if np.isfinite(low).any():
        panel.fill_between(line.values, low, high, color=colour, alpha=0.18, linewidth=0)


def _mark(panel: Any, line: Any, colour: str) -> None:
    """Where the subject begins and where it burns: lines with the bands of their intervals."""
    for found, style in ((line.present, "--"), (line.burning, ":")):
        if found is not None:
            panel.axvline(found.value, color=colour, linestyle=style, linewidth=1.2)
            if found.low is not None and found.high is not None:
                panel.axvspan(found.low, found.high, color=colour, alpha=0.07, linewidth=0)


def _explain(figure: Any, curve: Any, look: dict[str, str]) -> None:
    """Says above the panels what the colours, the vertical lines and the bands are."""
    several = len(curve.lines) > 1
    colour = look["muted"] if several else look["first"]
    signs: list[dict[str, Any]] = []
    if several:
        signs += [
            {"color": own, "linewidth": 1.6, "marker": "o", "markersize": 3, "label": shorten(line.name, 40)}
            for line, own in zip(curve.lines, _cycle(len(curve.lines), look), strict=True)
        ]
    for words, name, style in (("the subject is there", "present", "--"), ("burning begins", "burning", ":")):
        found = [estimate for line in curve.lines if (estimate := getattr(line, name)) is not None]
        if found:
            value = "" if several else f": {found[0].value:.2f}"
            signs.append({"color": colour, "linestyle": style, "linewidth": 1.2, "label": f"{words}{value}"})
    if any(line.seeds > 1 for line in curve.lines):
        signs.append(
            {"color": colour, "alpha": 0.25, "linewidth": 8, "label": f"90 % interval for other {curve.unit}s"}
        )
    _legend(figure, look, signs, columns=2 if several else 3)


def _legend(figure: Any, look: dict[str, str], signs: Sequence[dict[str, Any]], *, columns: int) -> None:
    """Says above the panels what is drawn in them.

    Parameters
    ----------
    figure:
        The figure.
    look:
        Its colours.
    signs:
        How each line or marker looks, with its ``label``.
    columns:
        How many stand beside each other.
    """
    from matplotlib.lines import Line2D

    if signs:
        figure.legend(
            handles=[Line2D([], [], **sign) for sign in signs],
            loc="outside upper left",
            ncols=columns,
            frameon=False,
            labelcolor=look["ink"],
            fontsize=9,
        )


def _pictures(panel: Any, curve: Any, line: Any, look: dict[str, str], colour: str) -> None:
    """A row of pictures, each under its value, in frames of the colour of their line."""
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    panel.set_facecolor(look["back"])
    panel.set_ylim(-0.5, 0.5)
    panel.set_yticks([])
    panel.tick_params(colors=look["ink"], labelsize=9, length=0)
    for spine in panel.spines.values():
        spine.set_visible(False)
    shown = _thinned(line.values)
    side = min(THUMBNAIL, round(_ROW * DPI * 0.8), round(8.2 * DPI * 0.86 / max(len(shown), 1)))
    for value in shown:
        image = _small(curve.pictures.get((line.name, value)), side)
        if image is not None:
            box = OffsetImage(image, zoom=72 / DPI * 0.94)
            panel.add_artist(
                AnnotationBbox(box, (value, 0), pad=0.15, bboxprops={"edgecolor": colour, "facecolor": colour})
            )


def _thinned(values: Sequence[float]) -> list[float]:
    step = -(-len(values) // MOST_THUMBNAILS)
    return list(values[::step])


def _small(picture: Any, side: int) -> Any:
    """A picture as small pixels; None where it cannot be read."""
    if not isinstance(picture, str):
        return None
    try:
        image = read(thumbnail_file(Path(picture)))
    except PictureError:
        return None
    image.thumbnail((side, side))
    return np.asarray(image)
