"""Subjects that are built on the shore: a pagoda, a lighthouse, a castle, a windmill."""

from __future__ import annotations

import math

import numpy as np

from .canvas import Canvas
from .pen import CREAM, LAMP, Pen, Subject


def pagoda(canvas: Canvas, s: Subject) -> None:
    """Paint tiers of dark walls with lit windows under sweeping roofs, and a spire.

    Parameters
    ----------
    canvas:
        Where to paint.
    s:
        The subject.
    """
    pen = Pen(canvas, s)
    edge = pen.edge
    roof, wall = s.accent, s.accent * 0.40
    top = s.foot - 1.1 * s.size
    box, x, y = pen.at(top, s.foot - 0.95 * s.size, 0.02 * s.size + 0.01)
    pen.fill(box, edge(0.011 * s.size - np.abs(x)) * edge(y - top), roof * 0.7)
    step = s.size / s.parts
    for tier in range(s.parts):
        top = s.foot - s.size + tier * step
        breadth = s.size * (0.15 + 0.11 * tier / s.parts)
        box, x, y = pen.at(top + 0.40 * step, top + 1.03 * step, 0.55 * breadth)
        part = (y - top) / np.float32(step)
        inside = edge((part - 0.40) * step) * edge((1.03 - part) * step)
        pen.fill(box, inside * edge(0.55 * breadth - np.abs(x)), wall, reach=0.2 * s.size)
        box, x, y = pen.at(top + 0.62 * step, top + 0.92 * step, 0.42 * breadth)
        high = edge((0.13 - np.abs((y - top) / np.float32(step) - 0.78)) * step)
        wide = sum(edge(breadth * 0.08 - np.abs(x - side * breadth)) for side in (-0.30, 0.0, 0.30))
        pen.add(box, high * wide, LAMP, 0.95, glows=1)
        box, x, y = pen.at(top, top + 0.57 * step, 1.36 * breadth)
        part, x = (y - top) / np.float32(step), np.abs(x)
        eaves = breadth * (0.30 + 1.04 * np.clip(part / 0.5, 0, 1) ** 2.0)
        hood = edge(eaves - x) * edge((part - 0.02) * step)
        hood *= edge((0.5 - 0.05 * np.clip(x / breadth, 0, 1.3) ** 2 - part) * step)
        pen.fill(box, hood, roof, reach=0.2 * s.size)
        pen.add(box, hood * np.clip((part - 0.36) * 6, 0, 1), roof * 0.35, 0.6)
        pen.add(box, hood * np.clip(1 - np.abs(part - 0.10) * 14, 0, 1), CREAM, 0.25)
    plinth = s.foot - 0.022 * s.size
    box, x, y = pen.at(plinth, s.foot + 0.012 * s.size, 0.22 * s.size)
    slab = edge(0.21 * s.size - np.abs(x)) * edge(y - plinth)
    pen.fill(box, slab, s.rock * 0.4 + CREAM * 0.32, reach=0.3 * s.size)


def lighthouse(canvas: Canvas, s: Subject) -> None:
    """Paint a banded tower with a lamp and two beams of light.

    Parameters
    ----------
    canvas:
        Where to paint.
    s:
        The subject.
    """
    pen = Pen(canvas, s)
    edge = pen.edge
    head = s.foot - 0.86 * s.size
    dark = max(s.light.night, 0.55 * s.light.storm, 0.45 * s.light.warm)
    box, x, y = pen.at(head - 0.26, head + 0.26, 0.85)
    far = np.abs(x)
    beam = np.exp(-(((y - head) / (0.010 + 0.085 * far)) ** 2)) * np.exp(far * -2.4)
    beam *= np.float32(0.20 + 0.5 * dark)
    beam += np.float32(0.25 + 0.4 * dark) * np.exp((far * far + (y - head) ** 2) * -190)
    pen.add(box, beam, LAMP, glows=1)
    top = s.foot - 0.76 * s.size
    box, x, y = pen.at(top, s.foot, 0.12 * s.size)
    part = np.maximum((y - top) / np.float32(0.76 * s.size), 0)
    tower = edge(s.size * (0.060 + 0.044 * part**1.3) - np.abs(x)) * edge(y - top) * np.ones_like(x)
    pen.fill(box, tower, CREAM, round_=0.30, reach=0.1 * s.size)
    band = np.clip(0.5 + 7 * np.sin(np.pi * (2 * s.parts - 3) * part), 0, 1)
    share = 0.25 + 0.75 * s.detail
    pen.fill(box, tower * band, s.accent, share, round_=0.30, reach=0.1 * s.size)
    for height in (0.30, 0.62):
        at = top + height * 0.72 * s.size
        box, x, y = pen.at(at - 0.03 * s.size, at + 0.03 * s.size, 0.02 * s.size)
        pen.add(box, edge(0.012 * s.size - np.abs(x)) * edge(0.024 * s.size - np.abs(y - at)), LAMP * 0.8, glows=1)
    box, x, y = pen.at(head - 0.055 * s.size, top, 0.06 * s.size)
    lantern = edge(0.048 * s.size - np.abs(x)) * edge(y - head + 0.055 * s.size)
    pen.fill(box, lantern, LAMP * 1.05, glows=1)
    bars = edge(0.005 * s.size - np.abs(np.abs(x) - 0.024 * s.size))
    pen.add(box, bars * edge(y - head + 0.055 * s.size), s.rock * 0.6)
    for high, thick, breadth in ((top, 0.014, 0.092), (head - 0.055 * s.size, 0.009, 0.062)):
        box, x, y = pen.at(high - thick * s.size, high + thick * s.size, breadth * s.size)
        pen.fill(box, edge(breadth * s.size - np.abs(x)) * edge(thick * s.size - np.abs(y - high)), s.rock * 0.6)
    peak = head - 0.17 * s.size
    box, x, y = pen.at(peak, head - 0.06 * s.size, 0.08 * s.size)
    slope = 0.066 * s.size * np.clip((y - peak) / (0.11 * s.size), 0, 1) ** 0.7
    pen.fill(box, edge(slope - np.abs(x)) * edge(head - 0.06 * s.size - y), s.accent, reach=0.08 * s.size)


def castle(canvas: Canvas, s: Subject) -> None:
    """Paint a keep and towers with pointed roofs, walls with battlements, and lit windows.

    Parameters
    ----------
    canvas:
        Where to paint.
    s:
        The subject.
    """
    pen = Pen(canvas, s)
    edge = pen.edge
    wall = CREAM * np.float32(0.86)

    def block(x0: float, half: float, high: float, notch: float, shade: float = 1.0) -> None:
        """A tower or wall, from its middle, half of its width, its height and the pitch of its battlements."""
        top = s.foot - high * s.size
        box, x, y = pen.at(top - 0.03 * s.size, s.foot, (abs(x0) + half + 0.02) * s.size)
        off = x - np.float32(x0 * s.size)
        teeth = np.float32(0.022 * s.size) * (np.abs((off / np.float32(notch * s.size)) % 1 - 0.5) < 0.27)
        mask = edge(half * s.size - np.abs(off)) * edge(y - top + teeth)
        pen.fill(box, mask, wall * np.float32(shade), reach=0.45 * s.size, round_=0.2)
        # The side away from the sun.
        dark = edge(-off * np.float32(s.sun_side) - np.float32(0.25 * half * s.size))
        pen.add(box, mask * dark, s.rock * 0.5 + wall * 0.32, 0.6)

    def roof(x0: float, half: float, base: float, high: float) -> None:
        """A pointed roof, from its middle, half of its width, its lower edge and its height."""
        top, low = s.foot - (base + high) * s.size, s.foot - base * s.size
        box, x, y = pen.at(top, low + 0.01 * s.size, (abs(x0) + half) * s.size)
        slope = half * s.size * np.clip((y - top) / np.float32(high * s.size), 0, 1) ** 1.15
        mask = edge(slope - np.abs(x - np.float32(x0 * s.size))) * edge(low - y)
        pen.fill(box, mask, s.accent)
        dark = edge(-(x - np.float32(x0 * s.size)) * np.float32(s.sun_side))
        pen.add(box, mask * dark, s.accent * 0.6, 0.75)

    def window(x0: float, up: float) -> None:
        y0 = s.foot - up * s.size
        box, x, y = pen.at(y0 - 0.03 * s.size, y0 + 0.03 * s.size, (abs(x0) + 0.02) * s.size)
        off = np.abs(x - np.float32(x0 * s.size))
        arch = np.sqrt(off * off + np.minimum(y - y0, 0) ** 2)
        pen.add(box, edge(0.013 * s.size - arch) * edge(0.024 * s.size - (y - y0)), LAMP, 0.95, glows=1)

    block(0.0, 0.115, 0.66, 0.046, 0.93)
    roof(0.0, 0.135, 0.66, 0.30)
    block(-0.215, 0.062, 0.50, 0.040)
    roof(-0.215, 0.082, 0.50, 0.25)
    block(0.235, 0.052, 0.58, 0.036)
    roof(0.235, 0.070, 0.58, 0.26)
    block(0.0, 0.36, 0.25, 0.048)
    block(-0.36, 0.056, 0.34, 0.038)
    roof(-0.36, 0.074, 0.34, 0.19)
    block(0.37, 0.056, 0.31, 0.038)
    roof(0.37, 0.074, 0.31, 0.19)
    for x0, up in (
        (0, 0.52),
        (-0.05, 0.38),
        (0.05, 0.38),
        (-0.215, 0.40),
        (0.235, 0.46),
        (-0.36, 0.22),
        (0.37, 0.21),
    ):
        window(x0, up)
    box, x, y = pen.at(s.foot - 0.17 * s.size, s.foot, 0.07 * s.size)
    door = np.sqrt(x * x + np.minimum(y - (s.foot - 0.10 * s.size), 0) ** 2)
    pen.add(box, edge(0.055 * s.size - door), s.rock * 0.45)
    top = s.foot - 1.05 * s.size
    box, x, y = pen.at(top, s.foot - 0.94 * s.size, 0.13 * s.size)
    pen.add(box, edge(0.004 * s.size - np.abs(x)) * np.ones_like(y), s.rock * 0.6)
    flag = edge(x) * edge(np.float32(0.028 * s.size) * (1 - x / (0.11 * s.size)) - np.abs(y - top - 0.03 * s.size))
    pen.add(box, flag, s.accent * 1.2)


def windmill(canvas: Canvas, s: Subject) -> None:
    """Paint a round tower with a cap, a gallery, and four sails of lattice.

    Parameters
    ----------
    canvas:
        Where to paint.
    s:
        The subject.
    """
    pen = Pen(canvas, s)
    edge = pen.edge
    top = s.foot - 0.66 * s.size
    box, x, y = pen.at(top, s.foot, 0.19 * s.size)
    part = np.maximum((y - top) / np.float32(0.66 * s.size), 0)
    tower = edge(s.size * (0.098 + 0.070 * part**1.4) - np.abs(x)) * edge(y - top)
    pen.fill(box, tower, CREAM * 0.95, reach=0.17 * s.size, round_=0.3)
    skirt = tower * edge((part - 0.66) * 0.66 * s.size)
    pen.fill(box, skirt, s.accent * 0.75, 0.2 + 0.8 * s.detail, reach=0.17 * s.size)
    ring = s.foot - 0.225 * s.size
    box, x, y = pen.at(ring - 0.03 * s.size, ring + 0.03 * s.size, 0.22 * s.size)
    pen.fill(box, edge(0.20 * s.size - np.abs(x)) * edge(0.009 * s.size - np.abs(y - ring)), s.rock * 0.6)
    posts = edge(0.004 * s.size - np.abs((x / np.float32(0.04 * s.size)) % 1 - 0.5) * np.float32(0.04 * s.size))
    pen.add(box, posts * edge(0.20 * s.size - np.abs(x)) * edge(ring - y), s.rock * 0.6, 0.8)
    for height in (0.16, 0.42):
        at = top + height * s.size
        box, x, y = pen.at(at - 0.03 * s.size, at + 0.03 * s.size, 0.025 * s.size)
        pane = edge(0.018 * s.size - np.abs(x)) * edge(0.026 * s.size - np.abs(y - at))
        pen.add(box, pane, LAMP * 0.85, glows=1)
    box, x, y = pen.at(top - 0.13 * s.size, top + 0.01 * s.size, 0.13 * s.size)
    dome = np.sqrt((x / np.float32(0.118)) ** 2 + ((y - top) / np.float32(0.118)) ** 2)
    pen.fill(box, edge((s.size - dome) * 0.118) * edge(top + 0.008 * s.size - y), s.accent, reach=0.12 * s.size)
    hub = top - 0.035 * s.size
    reach = 0.44 * s.size
    box, x, y = pen.at(hub - reach, hub + reach, reach)
    y = y - np.float32(hub)
    for sail in range(4):
        angle = math.pi / 2 * sail + 0.42
        along = x * np.float32(math.cos(angle)) + y * np.float32(math.sin(angle))
        off = y * np.float32(math.cos(angle)) - x * np.float32(math.sin(angle))
        arm = edge(np.float32(0.0085 * s.size) - np.abs(off)) * edge(along) * edge(reach - along)
        cloth = edge(np.float32(0.036 * s.size) - np.abs(off - np.float32(0.042 * s.size)))
        cloth *= edge(along - 0.10 * s.size) * edge(reach - along)
        pen.fill(box, cloth, CREAM * 0.98)
        rungs = np.abs((along / np.float32(0.050 * s.size)) % 1 - 0.5) * np.float32(0.050 * s.size)
        lattice = np.maximum(
            edge(0.004 * s.size - rungs), edge(0.0035 * s.size - np.abs(off - np.float32(0.042 * s.size)))
        )
        pen.add(box, cloth * lattice, s.rock * 0.6, 0.85)
        pen.fill(box, arm, s.rock * 0.55)
    pen.round(0, hub, 0.020 * s.size, s.accent * 0.6)
