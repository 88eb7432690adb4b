"""The places: the shape of the land in each kind of scene."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .canvas import Plane

Shape = Callable[[Plane, float, float, float], Plane]
"""The height of a range at each x from 0 to 1. It takes x, the middle, the side (-1 to 1) and the nearness."""


@dataclass(frozen=True)
class Place:
    """The land of one kind of scene.

    Attributes
    ----------
    shape:
        Height of each range, as a multiple of its usual height.
    ranges:
        Number of ranges.
    relief:
        How rough the ranges are: 1 as mountains, 0 flat.
    firs:
        Height of the firs, 1 as usual.
    horizon:
        Height of the horizon, from 0 (top) to 1.
    strata:
        Whether the rock shows its layers.
    """

    shape: Shape
    ranges: int = 4
    relief: float = 1.0
    firs: float = 1.0
    horizon: float = 0.60
    strata: bool = False


def _bump(x: Plane, centre: float, width: float) -> Plane:
    height: Plane = np.exp(-(((x - centre) / width) ** 2))
    return height


def _lake(x: Plane, at: float, side: float, near: float) -> Plane:
    height: Plane = 0.85 + 0.25 * np.sin(3 * x + 2 * near + side)
    return height


def _bay(x: Plane, at: float, side: float, near: float) -> Plane:
    arm = np.clip(1.15 - 1.7 * np.abs(x - (0.5 + 0.5 * side)), 0, 2)
    height: Plane = 0.45 * (1 - near) + (0.35 + 0.9 * near) * arm * 1.35
    return height


def _valley(x: Plane, at: float, side: float, near: float) -> Plane:
    off = np.abs(x - (0.4 + 0.2 * at))
    height: Plane = 0.10 + (2.3 + 1.2 * near) * off ** (1.25 + 0.5 * near)
    return height


def _peak(x: Plane, at: float, side: float, near: float) -> Plane:
    off = np.abs(x - (0.28 + 0.44 * at))
    cone = 2.1 * np.clip(1 - off / 0.46, 0, 1) ** 1.35
    height: Plane = np.where(near < 0.2, 0.22 + cone, 0.42 + 0.30 * np.sin(5 * x + 7 * near))
    return height


def _islands(x: Plane, at: float, side: float, near: float) -> Plane:
    shift = 0.5 + 0.45 * side * (0.25 + 0.75 * near) * (1 - 1.6 * ((near * 3) % 1)) + 0.12 * (at - 0.5)
    hill = np.clip(1.25 - np.abs(x - shift) / (0.13 + 0.05 * near), 0, 2) * (0.95 - 0.25 * near)
    low = np.clip(1 - np.abs(x - 1 + shift * 0.8) / 0.10, 0, 1) * (0.25 + 0.5 * at)
    height: Plane = np.maximum(hill, low) - 0.16 * (1 - near) - 0.06
    return height


def _cliffs(x: Plane, at: float, side: float, near: float) -> Plane:
    off = (x if side < 0 else 1 - x) - (0.16 + 0.20 * at + 0.10 * (1 - near))
    wall = 1 / (1 + np.exp(np.clip(off * 60, -30, 30)))
    stack = 1 / (1 + np.exp(np.clip((np.abs(off - 0.17) - 0.03) * 140, -30, 30)))
    height: Plane = (1.0 + 2.3 * near) * wall + (0.5 + 0.9 * near) * stack - 0.16 * (1 - wall)
    return height


def _river(x: Plane, at: float, side: float, near: float) -> Plane:
    height: Plane = 0.62 - 0.22 * near + 0.14 * np.sin(4 * x + 5 * near + side)
    return height


def _winter(x: Plane, at: float, side: float, near: float) -> Plane:
    height: Plane = 1.10 + 0.35 * np.sin(4.4 * x + 3 * near + 3 * at) - 0.15 * near
    return height


def _mist(x: Plane, at: float, side: float, near: float) -> Plane:
    height: Plane = 0.75 + 0.55 * np.sin(2.6 * x + 2.4 * near + side) * (1 - 0.3 * near) + 0.1 * at
    return height


def _storm(x: Plane, at: float, side: float, near: float) -> Plane:
    height: Plane = 0.38 + (0.5 + 1.3 * near) * _bump(x, 0.5 + side * (0.46 - 0.10 * at), 0.22) * 1.25
    return height


def _dunes(x: Plane, at: float, side: float, near: float) -> Plane:
    long = x * (2.1 + 0.6 * near) + 0.37 * near * 7 + 0.5 * at
    height: Plane = 0.30 + 0.50 * (
        0.5 + 0.5 * np.sin(2 * math.pi * long + 0.45 * side * np.sin(2 * math.pi * long + 1.2))
    )
    return height


LAND: dict[str, Place] = {
    "bay": Place(_bay),
    "valley": Place(_valley, ranges=5, relief=0.8, horizon=0.66),
    "peak": Place(_peak, relief=0.6, horizon=0.64),
    "islands": Place(_islands, relief=0.55, firs=0.7, horizon=0.56),
    "cliffs": Place(_cliffs, ranges=3, relief=0.32, firs=0.25, horizon=0.60, strata=True),
    "river plain": Place(_river, relief=0.55, firs=0.8, horizon=0.54),
    "winter": Place(_winter, relief=1.15, horizon=0.62),
    "night": Place(_lake, horizon=0.62),
    "storm": Place(_storm, ranges=3, relief=0.7, firs=0.6, horizon=0.58),
    "mist": Place(_mist, ranges=6, relief=0.7, firs=1.3, horizon=0.68),
    "dunes": Place(_dunes, ranges=5, relief=0.06, firs=0.0, horizon=0.66),
    "lake": Place(_lake),
}
"""The land of each place."""


HOME = "lake"
"""The place at which over-cooked fine-tunes all end."""


def land_of(name: str, variety: float) -> Place:
    """The land of a place, which approaches `HOME` as variety is lost.

    Parameters
    ----------
    name:
        The place.
    variety:
        How much of the differences between places is left, from 0 to 1.
    """
    own, home = LAND[name], LAND[HOME]
    if variety >= 1:
        return own
    share = max(0.0, variety)
    mostly = own if share > 0.5 else home

    def shape(x: Plane, at: float, side: float, near: float) -> Plane:
        return share * own.shape(x, at, side, near) + (1 - share) * home.shape(x, at, side, near)

    def between(one: float, other: float) -> float:
        return share * one + (1 - share) * other

    return Place(
        shape=shape,
        ranges=mostly.ranges,
        relief=between(own.relief, home.relief),
        firs=between(own.firs, home.firs),
        horizon=between(own.horizon, home.horizon),
        strata=mostly.strata,
    )
