"""Subjects that sail, fly, stand in the water or grow: a boat, a balloon, a torii, a tree in blossom."""

from __future__ import annotations

import math

import numpy as np

from .canvas import Canvas
from .pen import CREAM, LAMP, Pen, Subject


def boat(canvas: Canvas, s: Subject) -> None:
    """Paint a hull with a transom, a mast, a main sail with a stripe, and a jib.

    Parameters
    ----------
    canvas:
        Where to paint.
    s:
        The subject.
    """
    pen = Pen(canvas, s)
    edge = pen.edge
    deck, top = s.foot - 0.10 * s.size, s.foot - s.size
    box, x, y = pen.at(top, deck, 0.02 * s.size)
    pen.fill(box, edge(0.008 * s.size - np.abs(x)) * edge(y - top), s.rock * 0.9)
    for side, length, low, high in ((1.0, 0.40, 0.03, 0.03), (-1.0, 0.27, 0.06, 0.16)):
        first, last = top + high * s.size, deck - low * s.size
        box, x, y = pen.at(first, last, length * s.size + 0.06 * s.size)
        part = np.clip((y - first) / np.float32(last - first), 0, 1)
        out = x * np.float32(side) - 0.007 * s.size
        # The wind fills the sail, so its free edge (the leech) bends outward.
        leech = length * s.size * (part + 0.14 * np.sin(np.pi * part))
        sail = edge(leech - out) * edge(out) * edge(y - first) * edge(last - y)
        pen.fill(box, sail, CREAM * (0.99 if side > 0 else 0.88), round_=0.12, reach=0.3 * s.size)
        seams = np.abs((part * 6) % 1 - 0.5) * np.float32((last - first) / 6)
        pen.add(box, sail * edge(0.0025 * s.size - seams), s.rock, 0.25)
        stripe = sail * edge(0.07 * s.size - np.abs(y - first - 0.62 * (last - first)))
        if side > 0:
            pen.add(box, stripe, s.accent)
        else:
            pen.fill(box, sail, s.accent, 0.55 * s.colour)
    box, x, y = pen.at(deck - 0.06 * s.size, s.foot + 0.02 * s.size, 0.42 * s.size)
    # The bow, at the left, rises and runs to a point; the transom, at the right, is cut at a slant.
    along = x / np.float32(0.34 * s.size)
    sheer = deck - 0.045 * s.size * np.clip(-along, 0, 1.3) ** 2 - 0.012 * s.size * np.clip(along, 0, 1) ** 2
    keel = s.foot + 0.004 - 0.115 * s.size * np.clip(-along - 0.1, 0, 1.1) ** 3
    stern = 0.335 * s.size - 0.35 * (y - deck)
    hull = edge(y - sheer) * edge(keel - y) * edge(stern - x) * edge(x + 0.40 * s.size)
    pen.fill(box, hull, s.accent * 0.85, reach=0.45 * s.size)
    pen.add(box, hull * edge(0.010 * s.size - np.abs(y - sheer - 0.022 * s.size)), CREAM)
    pen.add(box, hull * edge(y - s.foot + 0.022 * s.size), s.rock * 0.5, 0.7)
    box, x, y = pen.at(deck - 0.06 * s.size, deck + 0.01 * s.size, 0.20 * s.size)
    cabin = edge(0.045 * s.size - np.abs(y - deck)) * edge(0.055 * s.size - np.abs(x - 0.10 * s.size))
    pen.add(box, cabin * edge(deck - y), CREAM * 0.9)
    glass = edge(0.010 * s.size - np.abs(y - deck + 0.025 * s.size)) * edge(
        0.040 * s.size - np.abs(x - 0.10 * s.size)
    )
    pen.add(box, glass, LAMP * 0.9, glows=1)


def balloon(canvas: Canvas, s: Subject) -> None:
    """Paint a striped envelope with its basket below, above the mountains.

    Parameters
    ----------
    canvas:
        Where to paint.
    s:
        The subject.
    """
    pen = Pen(canvas, s)
    edge = pen.edge
    radius = 0.34 * s.size
    centre = max(1.15 * radius, s.foot - 1.12 * s.size)
    box, x, y = pen.at(centre - radius, centre + 1.46 * radius, radius)
    high = (y - centre) / np.float32(radius)
    dome = np.sqrt(np.clip(1 - high * high, 0, 1))
    neck = 0.13 + 0.755 * np.clip((1.45 - high) / 0.985, 0, 1) ** 1.15
    half = np.where(high < 0.465, dome, neck).astype(np.float32)
    envelope = edge((half - np.abs(x) / np.float32(radius)) * radius) * edge((1.45 - high) * radius)
    around = np.arcsin(np.clip(x / np.float32(radius) / np.maximum(half, 0.05), -1, 1))
    gores = np.clip(0.5 + 5 * np.sin(around * (s.parts + 3)), 0, 1)
    pen.fill(box, envelope, CREAM, round_=0.26, reach=radius)
    pen.fill(box, envelope * gores, s.accent, 0.3 + 0.7 * s.detail, round_=0.26, reach=radius)
    belt = envelope * edge(0.10 * radius - np.abs(y - centre - 0.28 * radius))
    pen.add(box, belt, s.accent * 0.5, reach=radius)
    pattern = np.abs((around * 3.2) % 1 - 0.5) * 0.20 * radius
    pen.add(box, belt * edge(0.05 * radius - np.abs(y - centre - 0.28 * radius) - pattern + 0.02 * radius), LAMP, 0.9)
    shine = np.exp(-((around - 0.55 * s.sun_side) ** 2) * 7) * np.exp(-((high + 0.35) ** 2) * 3)
    pen.add(box, envelope * shine, CREAM, 0.35)
    top, low = centre + 1.45 * radius, centre + 1.72 * radius
    flame = np.exp(
        -(((canvas.x[box[1]][None] - np.float32(s.centre)) / (0.10 * radius)) ** 2)
        - ((y - top + 0.08 * radius) / (0.22 * radius)) ** 2
    )
    pen.add(box, envelope * flame, LAMP, 0.9, glows=1)
    box, x, y = pen.at(top, low, 0.16 * radius)
    line = 0.12 * radius + 0.02 * radius * (low - y) / (low - top)
    pen.fill(box, edge(0.008 * radius + 0.0006 - np.abs(np.abs(x) - line)), s.rock * 0.6)
    box, x, y = pen.at(low, low + 0.20 * radius, 0.16 * radius)
    basket = edge(0.14 * radius - np.abs(x)) * edge(y - low) * edge(low + 0.20 * radius - y)
    pen.fill(box, basket, s.rock * 0.5 + 0.25 * LAMP, reach=0.16 * radius)
    pen.add(box, basket * edge(0.02 * radius - np.abs(y - low - 0.02 * radius)), LAMP * 0.7)


def torii(canvas: Canvas, s: Subject) -> None:
    """Paint a gate that stands in the water: two leaning pillars, two beams, and a roof that sweeps upward.

    Parameters
    ----------
    canvas:
        Where to paint.
    s:
        The subject.
    """
    pen = Pen(canvas, s)
    edge = pen.edge
    size = 0.82 * s.size
    top = s.foot - size
    for side in (-1.0, 1.0):
        box, x, y = pen.at(top + 0.10 * size, s.foot, 0.42 * size)
        lean = np.float32(side) * (0.325 * size + 0.045 * (y - top))
        pillar = edge(np.float32(0.036 * size) - np.abs(x - lean)) * edge(s.foot - y)
        pen.fill(box, pillar, s.accent, reach=0.5 * size, round_=0.15)
        round_side = edge(-(x - lean) * np.float32(s.sun_side) - np.float32(0.006 * size))
        pen.add(box, pillar * round_side, s.accent * 0.62, 0.7)
        pen.add(box, pillar * edge(y - s.foot + 0.085 * size), s.rock * 0.4, 0.9)
    box, x, y = pen.at(top + 0.24 * size, top + 0.34 * size, 0.50 * size)
    beam = edge(0.47 * size - np.abs(x)) * edge(0.030 * size - np.abs(y - top - 0.285 * size))
    pen.fill(box, beam, s.accent * 0.92)
    box, x, y = pen.at(top + 0.10 * size, top + 0.28 * size, 0.06 * size)
    pen.fill(box, edge(0.045 * size - np.abs(x)) * np.ones_like(y), s.accent * 0.8)
    pen.add(box, edge(0.030 * size - np.abs(x)) * edge(0.055 * size - np.abs(y - top - 0.195 * size)), LAMP * 0.95)
    box, x, y = pen.at(top - 0.08 * size, top + 0.16 * size, 0.66 * size)
    sweep = np.float32(0.075 * size) * (np.abs(x) / np.float32(0.62 * size)) ** 2.2
    lintel = edge(0.575 * size - np.abs(x)) * edge(0.030 * size - np.abs(y - top - 0.112 * size + sweep))
    pen.fill(box, lintel, s.accent * 0.85)
    roof = edge(0.625 * size - np.abs(x)) * edge(0.034 * size - np.abs(y - top - 0.052 * size + sweep))
    pen.fill(box, roof, s.rock * 0.35 + s.accent * 0.12)
    pen.add(box, roof * edge(top + 0.034 * size - sweep - y), CREAM, 0.35)


BLOSSOMS = (
    (0.00, 0.80, 0.200), (-0.19, 0.73, 0.165), (0.20, 0.72, 0.170), (-0.34, 0.60, 0.130), (0.35, 0.58, 0.130),
    (-0.09, 0.64, 0.160), (0.12, 0.60, 0.150), (-0.24, 0.52, 0.095), (0.26, 0.48, 0.090), (0.02, 0.92, 0.115),
)  # fmt: skip
"""Clouds of blossom: from the middle, above the foot, and radius; in sizes of the tree."""

BRANCHES = (
    (0.00, 0.00, 0.03, 0.42, 0.046), (0.03, 0.40, -0.18, 0.70, 0.024), (0.02, 0.40, 0.20, 0.68, 0.024),
    (0.01, 0.34, -0.30, 0.56, 0.016), (0.03, 0.36, 0.31, 0.53, 0.016), (0.03, 0.42, 0.01, 0.80, 0.020),
)  # fmt: skip
"""The trunk and branches: both ends, and thickness at the first."""


def blossom(canvas: Canvas, s: Subject) -> None:
    """Paint a cherry tree in blossom, with petals in the air.

    Parameters
    ----------
    canvas:
        Where to paint.
    s:
        The subject.
    """
    pen = Pen(canvas, s)
    bark = s.rock * 0.35 + np.array([0.12, 0.06, 0.06], dtype=np.float32)
    for x0, y0, x1, y1, thick in BRANCHES:
        box, x, y = pen.at(s.foot - y1 * s.size, s.foot - y0 * s.size + 0.01, 0.36 * s.size)
        up = np.clip((s.foot - y) / np.float32(s.size) - y0, 0, y1 - y0) / np.float32(y1 - y0)
        middle = np.float32(s.size) * (x0 + (x1 - x0) * up**1.3)
        flare = 1 + (0.9 * np.clip(1 - up * 5, 0, 1) ** 2 if y0 == 0 else 0)
        half = np.float32(thick * s.size) * (1 - 0.65 * up) * flare
        pen.fill(box, pen.edge(half - np.abs(x - middle)) * pen.edge(s.foot + 0.004 - y), bark)
    for shade, lift in ((0.74, -0.035), (1.0, 0.0), (1.16, 0.045)):
        for index, (x0, up, radius) in enumerate(BLOSSOMS):
            size = radius * (1 if lift <= 0 else 0.62) * s.size
            shift = 0.030 * s.sun_side * (lift > 0)
            colour = np.clip(s.accent * np.float32(shade) + np.float32(0.10 * (lift > 0)), 0, 1)
            at = s.foot - (up + lift) * s.size
            across = (x0 + shift) * s.size
            if lift > 0 and s.detail < 0.01:
                continue
            pen.round(across, at, size, colour, 0.96 if lift <= 0 else 0.75, detail=lift > 0)
            for leaf in range(5):  # a lobed rim
                turn = 2.4 * leaf + index
                rim_x, rim_y = across + 0.8 * size * math.cos(turn), at + 0.8 * size * math.sin(turn)
                pen.round(rim_x, rim_y, 0.34 * size, colour, 0.96 if lift <= 0 else 0.75, detail=True)
    for petal in range(26):
        turn = 2.399 * petal
        drift = s.size * (0.62 * math.sin(turn) + 0.05 * petal / 26)
        up = 0.05 + 0.75 * ((0.618 * petal) % 1)
        pen.round(drift, s.foot - up * s.size, 0.0062 * s.size + 0.0008, s.accent * 1.1, 0.85, detail=True)
