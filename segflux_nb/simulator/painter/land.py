"""The land: ranges of mountains whose shape depends on the place, with lit and shaded sides, snow, haze and firs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from .canvas import Canvas, Plane, step
from .light import Light
from .places import Place
from .sky import Sun


def ranges(canvas: Canvas, light: Light, sun: Sun, z: Sequence[float], place: Place, shore: float) -> None:
    """Paint the ranges, the far ones first.

    Parameters
    ----------
    canvas:
        Where to paint.
    light:
        The light.
    sun:
        Where the sun is.
    z:
        The numbers of the latent.
    place:
        The land.
    shore:
        Height of the horizon, in units from the top.
    """
    for layer in range(place.ranges):
        near = layer / (place.ranges - 1)
        ridge, smooth = _ridge(canvas, light, z, place, shore, layer, near)
        _body(canvas, light, sun, ridge, smooth, shore, near, z, place)


def _ridge(
    canvas: Canvas, light: Light, z: Sequence[float], place: Place, shore: float, layer: int, near: float
) -> tuple[Plane, Plane]:
    """The upper edge of a range, with and without its details; the shore where there is no land."""
    waves = z[14 + 8 * (layer % 4) : 22 + 8 * (layer % 4)]
    # Mountains of a tall picture are higher, and those of a wide one broader.
    rise = canvas.tall**0.55 * (1 + 0.22 * light.drama) * light.mountains
    x = canvas.x / np.float32(canvas.wide)
    broad = canvas.x / np.float32(canvas.wide**0.4)
    height = (0.225 - 0.175 * near**0.8) * rise
    side = math.tanh(4 * z[20])
    at = 0.5 + 0.5 * math.tanh(z[14])
    outline = place.shape(x.astype(np.float64), at, side, near) * height
    rough = np.zeros(canvas.width)
    for octave, wave in enumerate(waves[:5]):
        frequency = 1.15 * 1.9**octave * (1 + 0.07 * layer)
        size = 0.085 / 1.85**octave * (1 - 0.50 * near) * math.tanh(0.55 + abs(wave))
        angle = 2 * math.pi * frequency * broad + 2.2 * wave + 1.9 * layer * (octave + 1)
        # The absolute value makes sharp crests and round valleys, which look like mountains and not like waves.
        rough += size * (0.62 - 1.3 * np.abs(np.sin(angle / 2)))
    stands = np.clip(outline / (0.35 * height), 0, 1)  # no roughness where there is no land
    smooth = shore - outline - rough * stands * place.relief * rise * (1 + 0.3 * light.drama)
    detail = np.zeros(canvas.width)
    for octave, wave in enumerate(waves[5:]):
        frequency = 17 * 2.1**octave * (1 + 0.1 * layer)
        detail += 0.0070 / 1.7**octave * np.abs(np.sin(math.pi * frequency * broad + 3 * wave))
    if near > 0.6 and light.desert < 0.5:
        detail = detail * 0.5 + place.firs * light.forest_high * _firs(
            canvas, 0.016 if near == 1 else 0.010, waves[7]
        )
    highest = float((shore - smooth).max())
    most = 0.80 * shore
    if highest > most:
        smooth = shore - (shore - smooth) * (most / highest)
    limit = shore + 0.004
    smooth = np.minimum(smooth, limit)
    ridge = smooth - detail * stands * place.relief**0.3
    return np.minimum(ridge, limit).astype(np.float32), smooth.astype(np.float32)


def _firs(canvas: Canvas, pitch: float, wave: float) -> Plane:
    """Firs along a ridge: triangles of different heights, in groups."""
    places = canvas.x.astype(np.float64) / pitch + wave
    index = np.floor(places)
    height = 0.5 + 0.5 * np.sin(index * 12.9898 + 4.1 * np.sin(index * 0.731))
    height *= np.clip(0.65 + 0.6 * np.sin(index * 0.171 + wave), 0.12, 1)
    across = np.abs(places - index - 0.5) * 2
    return np.asarray(pitch * (0.35 + 1.9 * height) * np.clip(1 - across, 0, 1) ** 0.8)


def _body(
    canvas: Canvas,
    light: Light,
    sun: Sun,
    ridge: Plane,
    smooth: Plane,
    shore: float,
    near: float,
    z: Sequence[float],
    place: Place,
) -> None:
    """Colour of a range: its lit and shaded sides, snow above, and haze that gets thicker downward."""
    rows = canvas.rows(float(ridge.min()) - 2 / canvas.unit, shore)
    y = canvas.y[rows, None]
    if not y.size:
        return
    far = (1 - near) ** 0.85 * (1 - 0.25 * light.drama * (1 - light.mist)) + 0.10 * light.mist
    body = light.rock.mixed(light.forest, near**1.5)
    dark = body.mixed(light.haze.but(-0.09), min(0.92, 0.72 * far)).rgb
    sunny = body.but(0.07 + 0.03 * (1 - near), 1.15).mixed(light.sun.mixed(light.haze, 0.5), 0.16 * (1 - light.night))
    lit = sunny.mixed(light.haze, min(0.92, 0.66 * far)).rgb
    haze = light.haze.but(-0.015).rgb
    down = y - smooth[None]
    height = max(0.03, float(shore - smooth.min()))
    side = _strata(canvas, sun, y, down) if place.strata else _side(canvas, sun, smooth, y, down, near, z, place)
    mist = np.clip(down * np.float32(1 / (0.75 * height)), 0, 1)
    mist *= mist
    mist *= np.float32((0.58 - 0.46 * near) * (1 - 0.3 * light.drama) + 0.38 * light.mist)
    mask = canvas.edge(y - ridge[None])
    cover = _snow_cover(canvas, light, y, smooth, near, shore)
    white = light.snowy.mixed(light.haze, min(0.8, 0.22 * far)).rgb
    shaded = light.snowy.but(-0.15, 1.9).mixed(light.haze, min(0.8, 0.30 * far)).rgb
    for channel in range(3):
        tone = side * (lit[channel] - dark[channel])
        tone += dark[channel]
        if cover is not None:
            tone += cover * (shaded[channel] + side * (white[channel] - shaded[channel]) - tone)
        tone += mist * (haze[channel] - tone)
        region = canvas.planes[channel, rows]
        tone -= region
        tone *= mask
        region += tone


def _side(
    canvas: Canvas,
    sun: Sun,
    smooth: Plane,
    y: Plane,
    down: Plane,
    near: float,
    z: Sequence[float],
    place: Place,
) -> Plane:
    """How lit each pixel of a range is. From each summit, a jagged line divides the lit from the shaded side."""
    line = _blurred(smooth, max(2, int((0.05 - 0.02 * near) * canvas.unit)))
    rising = np.diff(line, prepend=line[:1]) < 0
    summits = np.flatnonzero(rising[:-1] & ~rising[1:])
    valleys = np.concatenate([[0], np.flatnonzero(~rising[:-1] & rising[1:]), [canvas.width - 1]])
    if not len(summits):
        return np.full(down.shape, 0.5, dtype=np.float32)
    # Each column belongs to the summit between the same two valleys.
    section = np.searchsorted(valleys[1:-1], np.arange(canvas.width))
    middle = np.array([_summit(line, int(low), int(high)) for low, high in pairwise(valleys)])
    foot = np.array([min(line[low], line[high]) for low, high in pairwise(valleys)])
    position = middle / canvas.unit
    toward = np.where(sun.x > position, 1, -1)[section].astype(np.float32)
    off = canvas.x - position[section].astype(np.float32)
    # At a valley the light is even, so no mountain ends in a wall.
    weight = np.clip((foot[section] - line) / 0.045, 0, 1).astype(np.float32)
    jag = np.abs((y * 16 + 0.3 * z[14]) % 1 - 0.5) * 0.045 + np.abs((y * 37) % 1 - 0.5) * 0.018
    jag = jag * min(1.0, 1.3 * place.relief) - 0.012
    jag -= (0.10 + 0.9 * max(0.0, 0.4 - place.relief)) * np.maximum(y - smooth.min() - 0.03, 0)
    side = (off * toward)[None] + jag.astype(np.float32) * toward[None]
    side = canvas.edge(side, 0.006)
    side -= np.float32(0.45)
    side *= np.clip(1 - down * np.float32(2.6 + 2 * near), 0, 1)
    side *= weight[None]
    side += np.float32(0.45)
    return side


def _strata(canvas: Canvas, sun: Sun, y: Plane, down: Plane) -> Plane:
    """How lit each pixel of a cliff is: layers of rock, and crevices that run down from its edge."""
    x = canvas.x[None]
    slant = np.float32(0.22 if sun.x > canvas.wide / 2 else -0.22)
    height = y + x * slant + np.float32(0.004) * np.sin(x * np.float32(43))
    layer = np.sin(height * np.float32(95)) + np.sin(height * np.float32(41) + 1)
    side: Plane = np.clip(layer * 1.5, -1, 1) * np.float32(0.16)
    jag = np.abs((y * np.float32(21)) % 1 - np.float32(0.5)) * np.float32(0.03)
    place = (x + jag + y * np.float32(0.12)) * np.float32(7)
    crevice = np.abs(place % 1 - np.float32(0.5)) + np.float32(0.12) * np.sin(np.floor(place) * 7)
    side += np.clip((crevice - np.float32(0.36)) * 12, 0, 1) * np.float32(-0.55)
    side *= np.clip(down * 14 - np.float32(0.35), 0, 1)
    side += np.float32(0.42)
    side += np.float32(0.5) * np.clip(1.4 - down * 26, 0, 1)
    return side


def _summit(line: Plane, low: int, high: int) -> int:
    """The column of the highest point of a line between two columns."""
    return low + int(np.argmin(line[low : high + 1]))


def _snow_cover(canvas: Canvas, light: Light, y: Plane, smooth: Plane, near: float, shore: float) -> Plane | None:
    """How much of each pixel is under snow: caps of high summits always, everything in winter."""
    top = float(smooth.min())
    height = shore - top
    cap = step(0.20, 0.34, height) * (1 - light.desert) * (near < 0.4) * (1 - 0.5 * light.spring)
    snow = max(light.snow, 0.01 if cap > 0.02 else 0.0)
    if snow < 0.005:
        return None
    broad = canvas.x * np.float32(15) + np.float32(3 * near)
    ragged = np.abs(broad % 1 - 0.5) + 0.5 * np.abs((broad * 2.7) % 1 - 0.5) + 0.3 * np.abs((broad * 6.1) % 1 - 0.5)
    follows = np.float32(0.55) * (smooth - np.float32(top))  # the line of snow goes up and down with the ridge
    line = top + follows + height * (0.06 + 0.20 * cap + 1.1 * snow) + (0.10 * height) * (ragged - 0.5)
    cover = canvas.edge(line.astype(np.float32)[None] - y, 0.004 + 0.10 * height * snow)
    cover *= np.float32(max(0.9 * cap, snow * 0.97))
    if near > 0.3:
        firs = np.clip(1 - (smooth[None] - y) * 90, 0.42, 1)  # above the ground stand firs, which are dusted only
        cover *= firs
    return cover


def _blurred(line: Plane, reach: int) -> Plane:
    """The running mean of a line.

    Parameters
    ----------
    line:
        A value for each column.
    reach:
        Columns to each side that count.
    """
    padded = np.pad(line.astype(np.float64), reach + 1, mode="edge").cumsum()
    window = 2 * reach + 1
    return np.asarray((padded[window:] - padded[:-window])[: line.size] / window)
