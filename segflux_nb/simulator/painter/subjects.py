"""The subjects that fine-tunes bring: a pagoda, a lighthouse, a sailing boat, a balloon.

Each stands on the shore (the balloon flies above it) and is painted before the lake, which mirrors it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .canvas import Canvas, Plane, Rgb

LAMP: Rgb = np.array([1.0, 0.86, 0.52], dtype=np.float32)
CREAM: Rgb = np.array([0.97, 0.94, 0.88], dtype=np.float32)


@dataclass(frozen=True)
class Subject:
    """Where a subject stands and how it looks; lengths in units of the canvas.

    Attributes
    ----------
    centre:
        Where its middle is, from the left.
    foot:
        Where it stands, from the top.
    size:
        Its height.
    presence:
        How much of it is there, from 0 to 1.
    accent:
        Its own colour.
    rock:
        The colour of the land.
    parts:
        Number of tiers, bands or gores.
    sun_side:
        -1 if the light comes from the left, 1 if it comes from the right.
    """

    centre: float
    foot: float
    size: float
    presence: float
    accent: Rgb
    rock: Rgb
    parts: int
    sun_side: float


class _Pen:
    """Paints the parts of one subject, each in a box that is no larger than necessary.

    Parameters
    ----------
    canvas:
        Where to paint.
    subject:
        The subject.
    """

    def __init__(self, canvas: Canvas, subject: Subject) -> None:
        self.canvas, self.subject = canvas, subject

    def at(self, top: float, bottom: float, reach: float) -> tuple[tuple[slice, slice], Plane, Plane]:
        """A box around the subject's middle: its rows and columns, x from the middle, and y.

        Parameters
        ----------
        top, bottom:
            Upper and lower side of the box.
        reach:
            Half of its width.
        """
        centre = self.subject.centre
        box = self.canvas.box(top, bottom, centre - reach, centre + reach)
        return box, (self.canvas.x[box[1]] - np.float32(centre))[None], self.canvas.y[box[0]][:, None]

    def fill(
        self,
        box: tuple[slice, slice],
        mask: Plane,
        colour: Rgb,
        share: float = 1.0,
        *,
        round_: float = 0.25,
        reach: float | None = None,
    ) -> None:
        """Paint a colour.

        Parameters
        ----------
        box:
            Rows and columns.
        mask:
            How much of the colour each pixel takes, from 0 to 1.
        colour:
            The colour.
        share:
            Factor of the mask.
        round_:
            How much lighter the side of the sun is, and how much darker the other.
        reach:
            Distance from the middle at which that light ends. None paints without it.
        """
        lit = None
        if reach is not None:
            x = self.canvas.x[box[1]] - np.float32(self.subject.centre)
            lit = 1 + np.float32(round_ * self.subject.sun_side) * np.clip(x / np.float32(reach), -1, 1)[None]
        self.canvas.blend(*box, mask * np.float32(self.subject.presence * share), colour, lit)


def pagoda(canvas: Canvas, s: Subject) -> None:
    """Paint tiers of dark walls with lit windows under sweeping roofs, and a spire.

    Parameters
    ----------
    canvas:
        Where to paint.
    s:
        The subject.
    """
    pen, edge = _Pen(canvas, s), canvas.edge
    roof, wall = s.accent, s.accent * 0.42
    box, x, y = pen.at(s.foot - 1.1 * s.size, s.foot - 0.95 * s.size, 0.02 * s.size + 0.01)
    pen.fill(box, edge(0.013 * s.size - np.abs(x)) * edge(y - (s.foot - 1.1 * s.size)), roof * 0.7)
    step = s.size / s.parts
    for tier in range(s.parts):
        top = s.foot - s.size + tier * step
        breadth = s.size * (0.15 + 0.10 * tier / s.parts)
        box, x, y = pen.at(top + 0.40 * step, top + 1.03 * step, 0.55 * breadth)
        part = (y - top) / np.float32(step)
        inside = edge((part - 0.40) * step) * edge((1.03 - part) * step)
        pen.fill(box, inside * edge(0.55 * breadth - np.abs(x)), wall, reach=0.2 * s.size)
        box, x, y = pen.at(top + 0.64 * step, top + 0.92 * step, 0.40 * breadth)
        high = edge((0.13 - np.abs((y - top) / np.float32(step) - 0.78)) * step)
        wide = sum(edge(breadth * 0.075 - np.abs(x - side * breadth)) for side in (-0.30, 0.0, 0.30))
        pen.fill(box, high * wide, LAMP, 0.92)
        box, x, y = pen.at(top, top + 0.57 * step, 1.3 * breadth)
        part, x = (y - top) / np.float32(step), np.abs(x)
        eaves = breadth * (0.30 + 0.98 * np.clip(part / 0.5, 0, 1) ** 1.9)
        hood = edge(eaves - x) * edge((part - 0.02) * step)
        hood *= edge((0.5 + 0.05 * np.clip(x / breadth, 0, 1) ** 2 - part) * step)
        pen.fill(box, hood, roof, reach=0.2 * s.size)
        hood *= np.clip((part - 0.36) * 6, 0, 1)
        pen.fill(box, hood, roof * 0.35, 0.55)
    box, x, y = pen.at(s.foot - 0.012, s.foot + 0.006, 0.24 * s.size)
    pen.fill(box, edge(0.24 * s.size - np.abs(x)) * np.ones_like(y), s.rock * 0.8)


def lighthouse(canvas: Canvas, s: Subject) -> None:
    """Paint a banded tower on a rock, with a lamp and two beams of light.

    Parameters
    ----------
    canvas:
        Where to paint.
    s:
        The subject.
    """
    pen, edge = _Pen(canvas, s), canvas.edge
    head = s.foot - 0.86 * s.size
    box, x, y = pen.at(head - 0.30, head + 0.30, 0.9)
    far = np.abs(x)
    beam = np.exp(-(((y - head) / (0.012 + 0.10 * far)) ** 2)) * np.exp(far * -2.2) * 0.5
    beam += 0.55 * np.exp((far * far + (y - head) ** 2) * -160)
    pen.fill(box, beam, LAMP)
    top = s.foot - 0.76 * s.size
    box, x, y = pen.at(top, s.foot - 0.04 * s.size, 0.12 * s.size)
    part = (y - top) / np.float32(0.72 * s.size)
    tower = edge(s.size * (0.066 + 0.038 * part) - np.abs(x)) * edge(y - top) * np.ones_like(x)
    pen.fill(box, tower, CREAM, round_=0.35, reach=0.1 * s.size)
    band = np.clip(0.5 + 6 * np.sin(np.pi * (2 * s.parts - 3) * part), 0, 1)
    pen.fill(box, tower * band, s.accent, round_=0.35, reach=0.1 * s.size)
    box, x, y = pen.at(s.foot - 0.16 * s.size, s.foot + 0.008, 0.40 * s.size)
    ground = s.foot - 0.13 * s.size * (1 - (x / (0.36 * s.size)) ** 2) - 0.006 * np.sin(x * 70)
    pen.fill(box, edge(y - ground), s.rock * 1.5 + 0.06, reach=0.3 * s.size)
    for height in (0.30, 0.62):
        at = top + height * 0.72 * s.size
        box, x, y = pen.at(at - 0.03 * s.size, at + 0.03 * s.size, 0.02 * s.size)
        pen.fill(box, edge(0.014 * s.size - np.abs(x)) * edge(0.026 * s.size - np.abs(y - at)), LAMP * 0.8)
    box, x, y = pen.at(head - 0.055 * s.size, top, 0.06 * s.size)
    pen.fill(box, edge(0.052 * s.size - np.abs(x)) * edge(y - head + 0.055 * s.size), LAMP * 1.05)
    bars = edge(0.006 * s.size - np.abs(np.abs(x) - 0.026 * s.size))
    pen.fill(box, bars * edge(y - head + 0.055 * s.size), s.rock * 0.6)
    for high, thick, breadth in ((top, 0.016, 0.098), (head - 0.055 * s.size, 0.010, 0.066)):
        box, x, y = pen.at(high - thick * s.size, high + thick * s.size, breadth * s.size)
        pen.fill(box, edge(breadth * s.size - np.abs(x)) * edge(thick * s.size - np.abs(y - high)), s.rock * 0.7)
    peak = head - 0.17 * s.size
    box, x, y = pen.at(peak, head - 0.06 * s.size, 0.08 * s.size)
    slope = 0.070 * s.size * np.clip((y - peak) / (0.11 * s.size), 0, 1) ** 0.7
    pen.fill(box, edge(slope - np.abs(x)) * edge(head - 0.06 * s.size - y), s.accent, reach=0.08 * s.size)


def boat(canvas: Canvas, s: Subject) -> None:
    """Paint a hull, a mast, a main sail with a stripe, and a jib.

    Parameters
    ----------
    canvas:
        Where to paint.
    s:
        The subject.
    """
    pen, edge = _Pen(canvas, s), canvas.edge
    deck, top = s.foot - 0.10 * s.size, s.foot - s.size
    box, x, y = pen.at(top, deck, 0.012 * s.size)
    pen.fill(box, edge(0.008 * s.size - np.abs(x)) * edge(y - top), s.rock * 1.4)
    for side, length, low, high in ((1.0, 0.40, 0.03, 0.03), (-1.0, 0.27, 0.06, 0.16)):
        first, last = top + high * s.size, deck - low * s.size
        box, x, y = pen.at(first, last, length * s.size + 0.02 * s.size)
        part = np.clip((y - first) / np.float32(last - first), 0, 1)
        out = x * np.float32(side) - 0.018 * s.size
        # The wind fills the sail, so its free edge (the leech) bends outward.
        leech = length * s.size * (part + 0.14 * np.sin(np.pi * part))
        sail = edge(leech - out) * edge(out) * edge(y - first) * edge(last - y)
        pen.fill(box, sail, CREAM * (0.98 if side > 0 else 0.90), round_=0.14, reach=0.3 * s.size)
        stripe = sail * edge(0.07 * s.size - np.abs(y - first - 0.62 * (last - first)))
        pen.fill(box, stripe if side > 0 else sail * 0.35, s.accent, round_=0.14, reach=0.3 * s.size)
    box, x, y = pen.at(deck - 0.02 * s.size, s.foot + 0.01 * s.size, 0.36 * s.size)
    bow = x / np.float32(0.34 * s.size)
    sheer = deck - 0.035 * s.size * bow * bow
    keel = s.foot + 0.004 - 0.10 * s.size * np.clip(np.abs(bow), 0, 1) ** 5
    hull = edge(y - sheer) * edge(keel - y) * edge(0.34 * s.size - np.abs(x))
    pen.fill(box, hull, s.accent * 0.8, reach=0.4 * s.size)
    pen.fill(box, hull * edge(0.016 * s.size - np.abs(y - sheer - 0.012 * s.size)), CREAM)


def balloon(canvas: Canvas, s: Subject) -> None:
    """Paint a striped envelope with its basket below, above the mountains.

    Parameters
    ----------
    canvas:
        Where to paint.
    s:
        The subject.
    """
    pen, edge = _Pen(canvas, s), canvas.edge
    radius = 0.34 * s.size
    centre = max(1.15 * radius, s.foot - 1.05 * s.size)
    box, x, y = pen.at(centre - radius, centre + 1.46 * radius, radius)
    high = (y - centre) / np.float32(radius)
    dome = np.sqrt(np.clip(1 - high * high, 0, 1))
    neck = 0.13 + 0.755 * np.clip((1.45 - high) / 0.985, 0, 1) ** 1.15
    half = np.where(high < 0.465, dome, neck).astype(np.float32)
    envelope = edge((half - np.abs(x) / np.float32(radius)) * radius) * edge((1.45 - high) * radius)
    around = np.arcsin(np.clip(x / np.float32(radius) / np.maximum(half, 0.05), -1, 1))
    gores = np.clip(0.5 + 4 * np.sin(around * (s.parts + 3)), 0, 1)
    pen.fill(box, envelope, CREAM, round_=0.30, reach=radius)
    pen.fill(box, envelope * gores, s.accent, round_=0.30, reach=radius)
    belt = envelope * edge(0.06 * radius - np.abs(y - centre - 0.30 * radius))
    pen.fill(box, belt, s.accent * 0.5, reach=radius)
    top, low = centre + 1.45 * radius, centre + 1.72 * radius
    box, x, y = pen.at(top, low, 0.16 * radius)
    line = 0.12 * radius + 0.02 * radius * (low - y) / (low - top)
    pen.fill(box, edge(0.008 * radius + 0.0006 - np.abs(np.abs(x) - line)), s.rock)
    box, x, y = pen.at(low, low + 0.20 * radius, 0.16 * radius)
    basket = edge(0.14 * radius - np.abs(x)) * edge(y - low) * edge(low + 0.20 * radius - y)
    pen.fill(box, basket, s.rock * 0.9 + 0.12 * LAMP, reach=0.16 * radius)
    pen.fill(box, basket * edge(0.02 * radius - np.abs(y - low - 0.02 * radius)), LAMP * 0.7)


DRAWN: dict[str, Callable[[Canvas, Subject], None]] = {
    "pagoda": pagoda,
    "lighthouse": lighthouse,
    "boat": boat,
    "balloon": balloon,
}
"""How each kind of subject is painted. Each function takes the canvas and the subject."""
