"""The sky: its colours from top to horizon, sun or moon, stars, clouds, birds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .canvas import Canvas, Plane, soft, step
from .colour import Rgb, Tone, ramp
from .light import Light

STARS = 170


@dataclass(frozen=True)
class Sun:
    """Where the sun, or the moon, is.

    Attributes
    ----------
    x, y:
        Its middle, in units of the canvas.
    radius:
        Its radius.
    """

    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Disc:
    """The disc of the sun or moon, as painted.

    Attributes
    ----------
    box:
        Its rows and columns.
    behind:
        The sky behind it.
    mask:
        How much of the disc each pixel has.
    bright:
        Its colour.
    """

    box: tuple[slice, slice]
    behind: Plane
    mask: Plane
    bright: Rgb


def sun_of(z: Sequence[float], light: Light, canvas: Canvas, shore: float) -> Sun:
    """Where the sun is.

    Parameters
    ----------
    z:
        The numbers of the latent.
    light:
        The light.
    canvas:
        What is painted on.
    shore:
        Height of the horizon, in units from the top.
    """
    up = 0.46 + 0.20 * math.tanh(z[10] / 1.5) - 0.16 * light.warm + 0.05 + 0.36 * math.tanh(light.high)
    y = shore * (1 - min(0.86, max(0.10, up + 0.12 * light.night)))
    radius = (0.042 + 0.040 * soft(z[11])) * (1 - 0.25 * light.night)
    return Sun(canvas.wide * (0.5 + 0.32 * math.tanh(z[9] / 1.5)), y, radius)


def sky(canvas: Canvas, light: Light, sun: Sun, z: Sequence[float], shore: float) -> Disc:
    """Paint the sky down to the horizon.

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
    shore:
        Height of the horizon, in units from the top.

    Returns
    -------
    The disc of the sun, for `without_disc`.
    """
    rows = min(canvas.height, int(shore * canvas.unit) + 1)
    down = np.clip(canvas.y[:rows] / shore, 0, 1) ** (1.15 + 0.40 * math.tanh(z[8]))
    base = ramp(light.zenith, light.haze, down)
    shine = 0.78 * (1 - 0.45 * light.night) * (1 - 0.75 * light.storm) * (1 - 0.35 * light.mist)
    glow = _bell(canvas, rows, sun, 0.17 + 0.06 * soft(z[12]), 0.62 * shine)
    wide = _bell(canvas, rows, sun, 0.42 + 0.20 * light.warm, 0.42 * shine)
    halo, veil = light.sun.mixed(light.haze, 0.2).rgb, light.haze.but(0.03, 1.15).rgb
    for channel in range(3):
        row = base[channel][:, None]
        plane = canvas.planes[channel, :rows]
        np.multiply(wide, veil[channel] - row, out=plane)
        plane += row
        plane += glow * (halo[channel] - plane)
    canvas.planes[:, rows:] = light.haze.rgb[:, None, None]
    stars = light.stars * (1 - light.storm) * (1 - 0.6 * light.mist)
    if stars > 0.05:
        _stars(canvas, stars, z[47], rows)
    disc = _disc(canvas, light, sun, rows, z)
    if light.clouds > -0.8:
        _bands(canvas, light, z, shore)
        _heaps(canvas, light, z, shore)
    if light.storm > 0.05:
        if light.storm > 0.5 and z[57] + light.drama > -0.2:
            _lightning(canvas, light, z, shore)
        _bank(canvas, light, z, shore)
    if light.night < 0.4 and light.storm < 0.4 and z[49] > -0.3:
        _birds(canvas, light, sun, z, shore)
    return disc


def without_disc(canvas: Canvas, disc: Disc) -> Plane:
    """Take the disc out of the sky, for the water mirrors its glow and not its outline.

    Parameters
    ----------
    canvas:
        Where to paint.
    disc:
        The disc, as `sky` painted it.

    Returns
    -------
    What is in its box, to be put back.
    """
    region = canvas.planes[:, disc.box[0], disc.box[1]]
    kept = region.copy()
    # Land and clouds in front of it stay: only what still looks like the disc goes.
    expected = disc.behind + disc.mask * (disc.bright[:, None, None] - disc.behind)
    apart = np.abs(region - expected).sum(axis=0)
    region += (disc.mask > 0) * np.clip(1.3 - apart * np.float32(2.6), 0, 1) * (disc.behind - region)
    return kept


def _bell(canvas: Canvas, rows: int, sun: Sun, size: float, share: float) -> Plane:
    """A round glow. It is a product of two lines, which is fast."""
    across = np.exp(-(((canvas.x - np.float32(sun.x)) / np.float32(size)) ** 2))
    along = np.exp(-(((canvas.y[:rows] - np.float32(sun.y)) / np.float32(size)) ** 2)) * np.float32(share)
    return np.asarray(along[:, None] * across[None], dtype=np.float32)


def _disc(canvas: Canvas, light: Light, sun: Sun, rows: int, z: Sequence[float]) -> Disc:
    around = sun.radius + 4 / canvas.unit
    box = canvas.box(sun.y - around, sun.y + around, sun.x - around, sun.x + around)
    box = slice(box[0].start, min(box[0].stop, rows)), box[1]
    x, y = canvas.x[box[1]][None] - np.float32(sun.x), canvas.y[box[0]][:, None] - np.float32(sun.y)
    disc = canvas.edge(sun.radius - np.sqrt(x * x + y * y)) * np.float32((1 - 0.9 * light.storm) * 0.98)
    bright = light.sun.but(0.04, 0.7).rgb
    if light.moon > 0.5:
        # The moon's dark part: a second circle, moved to a side.
        phase = sun.radius * (0.45 + 0.55 * soft(z[12]))
        side = 1 if z[12] > 0 else -1
        shadow = np.sqrt((x - np.float32(side * phase)) ** 2 + (y + np.float32(0.25 * phase)) ** 2)
        disc *= 1 - canvas.edge(np.float32(sun.radius) - shadow)
    behind = canvas.planes[:, box[0], box[1]].copy()
    canvas.blend(*box, disc, bright)
    return Disc(box, behind, disc, bright)


@lru_cache(maxsize=1)
def _places() -> tuple[Plane, Plane, Plane]:
    """Places of the stars, from 0 to 1, and their sizes. They are the same in every night."""
    random = np.random.RandomState(7)
    return random.rand(STARS), random.rand(STARS) ** 1.3, random.rand(STARS) ** 4


def _stars(canvas: Canvas, share: float, turn: float, rows: int) -> None:
    across, down, size = _places()
    x = (across + 0.15 * turn) % 1 * (canvas.width - 6) + 3
    y = 3 + down * (rows * 0.86 - 6)
    reach = np.arange(-2, 3)
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    grid_y = np.clip(row[:, None, None] + reach[None, :, None], 0, canvas.height - 1)
    grid_x = np.clip(column[:, None, None] + reach[None, None, :], 0, canvas.width - 1)
    radius = np.maximum(0.55, canvas.unit * (0.0006 + 0.0012 * size))[:, None, None]
    square = (grid_x - x[:, None, None]) ** 2 + (grid_y - y[:, None, None]) ** 2
    alpha = np.exp(-square / (radius * radius)) * (share * (0.35 + 0.65 * size))[:, None, None]
    grid_y, grid_x = np.broadcast_arrays(grid_y, grid_x)
    for channel, value in enumerate((0.95, 0.95, 1.0)):
        np.maximum.at(canvas.planes[channel], (grid_y, grid_x), (alpha * value).astype(np.float32))


def _bands(canvas: Canvas, light: Light, z: Sequence[float], shore: float) -> None:
    """Thin long clouds, lit from below."""
    tone = light.haze.mixed(light.sun, 0.45 * (1 - light.night)).but(0.02 - 0.02 * light.night).rgb
    for bank in range(3):
        centre = shore * (0.14 + 0.21 * bank + 0.06 * math.tanh(z[56 + bank]))
        phase = 2.1 * z[59 + bank] + 1.7 * bank
        x = canvas.x / np.float32(max(1.0, canvas.wide**0.5))
        line = centre + 0.010 * (np.sin(2.3 * x + phase) + 0.5 * np.sin(5.1 * x + 2 * phase))
        thick = 0.004 + 0.017 * np.clip(np.sin(1.9 * x - 1.3 * phase) + 0.4 * np.sin(4.7 * x + phase), 0, 1.2)
        rows = canvas.rows(float(line.min()) - 0.05, min(shore, float(line.max()) + 0.04))
        off = (canvas.y[rows, None] - line[None]) * (1 / thick)[None]
        off *= np.where(off > 0, np.float32(2.0), np.float32(0.9))
        off *= off
        mask = np.maximum(1 - off * np.float32(0.25), 0)
        mask *= mask
        mask *= np.float32((0.10 + 0.30 * soft(z[59 + bank])) * (1 - 0.6 * light.storm) * (1 - 0.5 * light.night))
        canvas.blend(rows, slice(None), mask, tone)


def _heaps(canvas: Canvas, light: Light, z: Sequence[float], shore: float) -> None:
    """Heaps of cloud with flat feet."""
    amount = soft(1.5 * z[57] - 0.6 + 2.6 * light.clouds - 1.5 * light.night)
    top = light.haze.mixed(Tone(0.98, 0.01, 80), 0.55 * (1 - 0.9 * light.night)).mixed(light.sun, 0.2).rgb
    foot_tone = light.haze.mixed(light.zenith, 0.30).rgb
    number = 1 + round(3 * amount)
    for cloud in range(number):
        turn = z[58 + cloud % 4] + 1.37 * cloud + 0.6 * z[57]
        size = (0.05 + 0.045 * (0.5 + 0.5 * math.sin(3 * turn))) * (1 + 0.5 * amount)
        centre = canvas.wide * (0.5 + 0.52 * math.sin(2.4 * turn + 2.1 * cloud))
        foot = shore * (0.22 + 0.13 * cloud + 0.05 * math.sin(5 * turn))
        box = canvas.box(foot - 1.5 * size, foot, centre - 2.4 * size, centre + 2.4 * size)
        x = (canvas.x[box[1]][None] - np.float32(centre)) / np.float32(size)
        y = (np.float32(foot) - canvas.y[box[0]][:, None]) / np.float32(size)
        mask = np.zeros((y.shape[0], x.shape[1]), dtype=np.float32)
        for at, high, wide in (
            (-1.4, 0.15, 0.5),
            (-0.7, 0.35, 0.7),
            (0.05, 0.5, 0.85),
            (0.8, 0.3, 0.65),
            (1.5, 0.1, 0.45),
        ):
            wide *= 0.85 + 0.3 * math.sin(7 * turn + 5 * at)
            circle = np.float32(wide) - np.sqrt((x - np.float32(at)) ** 2 + (y - np.float32(high)) ** 2)
            np.maximum(mask, canvas.edge(circle * np.float32(size)), out=mask)
        mask *= np.clip(y * 5, 0, 1)
        mask *= np.float32(min(1.0, 0.25 + amount) * (0.75 - 0.35 * light.night))
        shade = np.clip(y / 0.9, 0, 1)
        for channel in range(3):
            region = canvas.planes[channel][box]
            region += mask * (foot_tone[channel] + shade * (top[channel] - foot_tone[channel]) - region)


def _bank(canvas: Canvas, light: Light, z: Sequence[float], shore: float) -> None:
    """The dark heavy clouds of a storm, in three folds from the top, with rain below."""
    for fold in range(3):
        tone = light.zenith.but(-0.04 - 0.035 * fold, 1.1).rgb
        depth = shore * (0.50 - 0.15 * fold)
        phase = 2 * z[56 + fold] + fold
        bumps = np.zeros_like(canvas.x)
        for octave in range(4):
            bumps += 0.06 / 1.7**octave * np.abs(np.sin((1.7 + 0.3 * fold) * 1.9**octave * canvas.x + phase + octave))
        line = depth - 0.10 + bumps + 0.05 * np.sin(1.3 * canvas.x + phase)
        rows = canvas.rows(0, float(line.max()) + 0.01)
        mask = canvas.edge(line[None] - canvas.y[rows, None], 0.012)
        fade = 0.55 + 0.45 * np.clip(canvas.y[rows] / depth, 0, 1) ** 2
        mask *= (np.float32(0.82 * light.storm) * fade)[:, None].astype(np.float32)
        canvas.blend(rows, slice(None), mask, tone)


def _lightning(canvas: Canvas, light: Light, z: Sequence[float], shore: float) -> None:
    """A flash from the clouds to the ground."""
    rows = canvas.rows(shore * 0.30, shore)
    y = canvas.y[rows]
    path = np.full_like(y, canvas.wide * (0.5 + 0.38 * math.sin(2.2 * z[59])))
    for pitch, swing in ((0.16, 0.050), (0.061, 0.020), (0.023, 0.007)):
        path += swing * (2 * np.abs(((y / pitch + z[59]) % 2) - 1) - 1)
    off = np.abs(canvas.x[None] - path[:, None].astype(np.float32))
    bolt = canvas.edge(np.float32(0.0022) - off)
    bolt += np.float32(0.30) * np.exp(off * np.float32(-26))
    bolt *= np.float32(step(0.5, 0.9, light.storm))
    canvas.blend(rows, slice(None), np.minimum(bolt, 1), Tone(0.97, 0.03, 290).rgb)


def rain(canvas: Canvas, light: Light, z: Sequence[float]) -> None:
    """Paint slanting curtains of rain, or flakes of snow, over everything.

    Parameters
    ----------
    canvas:
        Where to paint.
    light:
        The light.
    z:
        The numbers of the latent.
    """
    if light.rain < 0.05:
        return
    streak = canvas.x[None] * np.float32(310) + canvas.y[:, None] * np.float32(75) + np.float32(z[56])
    mask = np.sin(streak)
    mask += np.sin(streak * np.float32(0.371) + (14 * canvas.y)[:, None])
    mask -= np.float32(1.05)
    np.clip(mask, 0, 1, out=mask)
    mask *= np.float32(0.20 * light.rain * (1 - light.snow))
    canvas.blend(slice(None), slice(None), mask, light.haze.but(0.1).rgb)


def fog(canvas: Canvas, light: Light, z: Sequence[float], shore: float, share: float) -> None:
    """Paint mist that lies on the water and hides the feet of mountains.

    Parameters
    ----------
    canvas:
        Where to paint.
    light:
        The light.
    z:
        The numbers of the latent.
    shore:
        Height of the horizon, in units from the top.
    share:
        Factor of its thickness.
    """
    if light.mist < 0.03:
        return
    rows = canvas.rows(shore - 0.34, shore + 0.20)
    y, x = canvas.y[rows], canvas.x[None]
    bank = np.exp(-(((y - shore + 0.03) / 0.10) ** 2)) + 0.55 * np.exp(-(((y - shore + 0.17) / 0.06) ** 2))
    drift = np.float32(0.80) + np.float32(0.20) * np.sin(x * np.float32(4.3) + (9 * y)[:, None] + np.float32(z[57]))
    mask = drift * (np.minimum(bank, 1.0) * (share * light.mist)).astype(np.float32)[:, None]
    canvas.blend(rows, slice(None), mask, light.haze.but(0.03, 0.8).rgb)


def _birds(canvas: Canvas, light: Light, sun: Sun, z: Sequence[float], shore: float) -> None:
    """A small flock."""
    tone = light.rock.but(-0.06).rgb
    number = 3 + int(5 * soft(z[49]))
    side = -1 if sun.x > canvas.wide / 2 else 1
    for bird in range(number):
        turn = bird * 2.399 + z[49]
        span = 0.011 + 0.006 * math.sin(3 * turn)
        x0 = canvas.wide * (0.5 + 0.22 * side) + 0.13 * math.cos(turn) * (0.4 + 0.25 * bird**0.5)
        y0 = shore * (0.36 + 0.06 * math.tanh(z[58])) + 0.05 * math.sin(1.7 * turn)
        box = canvas.box(y0 - span, y0 + span, x0 - 1.1 * span, x0 + 1.1 * span)
        x = (canvas.x[box[1]][None] - np.float32(x0)) / np.float32(span)
        y = (canvas.y[box[0]][:, None] - np.float32(y0)) / np.float32(span)
        part = np.abs(x)
        wing = 0.42 * part * part - 0.62 * np.sin(np.minimum(part, 1) * np.float32(math.pi)) * (
            0.7 + 0.2 * math.sin(turn)
        )
        thick = np.float32(0.13) * (1 - 0.75 * part)
        mask = canvas.edge((thick - np.abs(y - wing)) * np.float32(span)) * (part < 1)
        canvas.blend(*box, mask * np.float32(0.75 * step(0.0, 0.01, span)), tone)
