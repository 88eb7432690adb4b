"""Small plots as SVG, for the documentation: readable on light and on dark pages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 30, 50, 60
INK, GRID, PAPER = "#24292f", "#d8dee4", "#ffffff"
COLOURS = ("#9aa4ae", "#6e7781", "#bf8700", "#0969da")


def _frame(title: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" font-family="DejaVu Sans, Verdana, sans-serif" font-size="13">'
        f'<rect width="100%" height="100%" fill="{PAPER}"/>'
        f'<text x="{LEFT}" y="28" font-size="15" font-weight="bold" fill="{INK}">{escape(title)}</text>{body}</svg>\n'
    )


def _text(x: float, y: float, text: str, anchor: str = "middle", **style: str) -> str:
    extra = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}"{extra}>{escape(text)}</text>'


def scatter(points: Sequence[tuple[str, float, float]], x_title: str, y_title: str, title: str) -> str:
    """Labelled points on two logarithmic axes."""

    def scale(values: Sequence[float], low: float, high: float) -> tuple[list[float], list[tuple[float, float]]]:
        first, last = math.log10(min(values) / 1.5), math.log10(max(values) * 1.5)

        def place(value: float) -> float:
            return low + (math.log10(value) - first) / (last - first) * (high - low)

        ticks = [step * 10.0**power for power in range(-2, 3) for step in (1, 2, 5)]
        return [place(value) for value in values], [
            (tick, place(tick)) for tick in ticks if first <= math.log10(tick) <= last
        ]

    xs, x_ticks = scale([point[1] for point in points], LEFT, WIDTH - RIGHT)
    ys, y_ticks = scale([point[2] for point in points], HEIGHT - BOTTOM, TOP)
    body = ""
    for tick, x in x_ticks:
        body += f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="{GRID}"/>'
        body += _text(x, HEIGHT - BOTTOM + 20, f"{tick:g}")
    for tick, y in y_ticks:
        body += f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="{GRID}"/>'
        body += _text(LEFT - 8, y + 4, f"{tick:g}", "end")
    for (name, _, _), x, y in zip(points, xs, ys, strict=True):
        ours = name == "ours"
        colour = COLOURS[3] if ours else INK
        below = name == "optimum"
        body += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{7 if ours else 5}" fill="{colour}"/>'
        body += _text(x, y + 22 if below else y - 12, name, font_weight="bold" if ours else "normal")
    body += _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 18, x_title)
    middle = (TOP + HEIGHT - BOTTOM) / 2
    body += _text(20, middle, y_title, transform=f"rotate(-90 20 {middle})")
    return _frame(title, body)


def bars(groups: Mapping[str, Mapping[str, float]], title: str) -> str:
    """Groups of bars from 0 to 1, with a legend below."""
    names = list(next(iter(groups.values())))
    span = (WIDTH - LEFT - RIGHT) / len(groups)
    thick = span * 0.8 / len(names)
    floor, roof = HEIGHT - BOTTOM - 20, TOP
    body = ""
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = floor - share * (floor - roof)
        body += f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="{GRID}"/>'
        body += _text(LEFT - 8, y + 4, f"{share:.0%}", "end")
    for number, (group, values) in enumerate(groups.items()):
        left = LEFT + number * span + span * 0.1
        for place, name in enumerate(names):
            height = min(1.0, values[name]) * (floor - roof)
            body += (
                f'<rect x="{left + place * thick:.1f}" y="{floor - height:.1f}" width="{thick - 2:.1f}" '
                f'height="{height:.1f}" fill="{COLOURS[place]}"/>'
            )
        body += _text(left + span * 0.4, floor + 20, group)
    for place, name in enumerate(names):
        x = LEFT + place * 165
        body += f'<rect x="{x}" y="{HEIGHT - 26}" width="14" height="14" fill="{COLOURS[place]}"/>'
        body += _text(x + 20, HEIGHT - 14, name, "start")
    return _frame(title, body)
