"""The water: it mirrors what stands above, with ripples, the light path of the sun, banks of land, and far lights."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .canvas import Canvas, Plane, soft, step
from .colour import ramp
from .light import Light
from .sky import Sun


def far_lights(canvas: Canvas, light: Light, z: Sequence[float], shore: float) -> None:
    """Paint windows on the far shore at dusk and night, and a town where words ask for one. The water mirrors them.

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
    """
    if light.lamps < 0.03:
        return
    number = int((7 + 40 * light.city) * canvas.wide)
    gold = np.array([1.0, 0.80, 0.45], dtype=np.float32)
    middle = canvas.wide * (0.5 - 0.3 * math.tanh(z[52]))
    for index in range(number):
        turn = index * 2.399 + z[49]
        x0 = middle + canvas.wide * (0.24 + 0.16 * light.city) * math.sin(turn) * math.cos(0.7 * index)
        y0 = shore - 0.006 - (0.006 + 0.035 * light.city) * abs(math.sin(5.3 * turn))
        size = 0.0022 + 0.0012 * math.sin(9 * turn)
        box = canvas.box(y0 - 3 * size, y0 + 3 * size, x0 - 3 * size, x0 + 3 * size)
        x = (canvas.x[box[1]][None] - np.float32(x0)) / np.float32(size)
        y = (canvas.y[box[0]][:, None] - np.float32(y0)) / np.float32(size)
        mask = np.exp(-0.9 * (x * x + y * y))
        canvas.blend(*box, mask * np.float32(light.lamps * (0.75 + 0.25 * math.sin(4 * turn))), gold)


def water(canvas: Canvas, light: Light, sun: Sun, z: Sequence[float], shore: float) -> None:
    """Paint the water below the horizon.

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
    """
    first = int(shore * canvas.unit)
    count = canvas.height - first
    if count <= 0 or first < 2:
        return
    y = canvas.y[first:]
    depth = np.clip((y - shore) / (canvas.tall - shore), 0, 1)
    # The phase grows ever more slowly, so ripples get longer toward the front and none stands still.
    phase = (95 * (canvas.tall - shore) * np.log1p(5 * depth)).astype(np.float32)
    above, share, columns = _mirrored(canvas, light, z, shore, first, y, depth, phase)
    near, far = light.zenith.but(-0.05), light.zenith.mixed(light.haze, 0.35).but(-0.02)
    frozen = 0.75 * light.snow  # ice lies on it: paler, and it mirrors less
    tone = ramp(far.mixed(light.snowy, frozen), near.mixed(light.snowy, frozen), depth)
    tint = (0.08 + 0.30 * depth + 0.18 * light.storm + 0.42 * light.snow * (1 - depth)).astype(np.float32)
    keep = ((1 - tint) * np.float32(0.95))[:, None]
    for channel in range(3):
        flat = canvas.planes[channel].reshape(-1)
        mirror = flat.take(above + columns)
        lower = flat.take(above + (columns + 1))
        lower -= mirror
        lower *= share
        mirror += lower
        mirror *= keep
        mirror += (tint * tone[channel])[:, None]
        canvas.planes[channel, first:] = mirror
    _glints(canvas, light, z, shore, first, depth)
    _light_path(canvas, light, sun, z, first, depth)
    rows = canvas.rows(shore - 0.004, shore + 0.008)
    line = np.exp(-(((canvas.y[rows, None] - shore) / 0.0022) ** 2)) * (0.38 * (1 - 0.6 * light.night))
    canvas.blend(rows, slice(None), line * np.ones_like(canvas.x)[None], light.haze.but(0.02).rgb)


def _mirrored(
    canvas: Canvas, light: Light, z: Sequence[float], shore: float, first: int, y: Plane, depth: Plane, phase: Plane
) -> tuple[Plane, Plane, Plane]:
    """Where each pixel of the water looks: the start of a row above, the share of the next column, and the column."""
    height = light.waves * 0.55 * canvas.unit * depth
    up = (2 * shore - y) * canvas.unit + 0.030 * height * np.sin(1.3 * phase)
    row = np.clip(np.round(up), 0, first - 1).astype(np.int32)
    shift = (0.013 * height * (np.sin(phase) + 0.5 * np.sin(2.3 * phase + z[48]))).astype(np.float32)
    wobble = (0.005 * height).astype(np.float32)
    along = np.sin(canvas.x * np.float32(13) + np.float32(z[48]))
    places = np.arange(canvas.width, dtype=np.float32)[None] + shift[:, None]
    places += (wobble * np.sin(1.9 * phase))[:, None] * along[None]
    np.clip(places, 0, canvas.width - 1.01, out=places)
    columns = places.astype(np.int32)
    places -= columns
    return row[:, None] * canvas.width, places, columns


def _glints(canvas: Canvas, light: Light, z: Sequence[float], shore: float, first: int, depth: Plane) -> None:
    """Thin bright streaks that lie on the water, more of them in wind."""
    number = int(10 * canvas.wide * light.waves)
    bright = light.haze.but(0.03).rgb
    for index in range(min(number, 60)):
        turn = index * 2.399 + z[48]
        deep = ((index + 0.5) / number) ** 1.6
        y0 = shore + (canvas.tall - shore) * (0.03 + 0.90 * deep)
        x0 = canvas.wide * ((0.618 * index + 0.17 * z[48] + 0.1 * math.sin(turn)) % 1)
        length = (0.03 + 0.10 * deep) * (0.6 + 0.4 * math.sin(3 * turn))
        thick = 0.0010 + 0.0030 * deep
        box = canvas.box(y0 - thick, y0 + thick, x0 - length, x0 + length)
        x = (canvas.x[box[1]][None] - np.float32(x0)) / np.float32(length)
        off = np.abs(canvas.y[box[0]][:, None] - np.float32(y0))
        mask = canvas.edge(np.float32(thick) * np.maximum(1 - x * x, 0) - off)
        canvas.blend(*box, mask * np.float32(0.26 * (1 - 0.55 * light.night)), bright)


def _light_path(canvas: Canvas, light: Light, sun: Sun, z: Sequence[float], first: int, depth: Plane) -> None:
    """The path of the sun's or the moon's light: a column of broken streaks, wider and sparser toward the front."""
    strength = (0.90 - 0.35 * light.night) * (1 - 0.92 * light.storm) * (1 - 0.4 * light.mist)
    near = depth * (canvas.tall - canvas.y[first])
    # Bands of equal ripple phase; each has a width and an offset of its own, and the form of a lens.
    place = 15 * np.log1p(6 * near)
    band = np.floor(place)
    within = 2 * (place - band) - 1
    turn = band * 2.399 + z[48]
    random = 0.5 + 0.5 * np.sin(12.9898 * band + 4.1 * np.sin(band * 1.7 + z[48]))
    wide = (0.022 + 0.16 * near) * (0.35 + 1.1 * random) * np.sqrt(np.maximum(1 - within * within, 0))
    off = (0.010 + 0.10 * near) * np.sin(3.7 * turn)
    reach = float(wide.max()) + float(np.abs(off).max()) + 0.02
    box = canvas.box(0, 0, sun.x - reach, sun.x + reach)[1]
    x = canvas.x[box][None] - np.float32(sun.x)
    streaks = canvas.edge(wide[:, None].astype(np.float32) - np.abs(x - off[:, None].astype(np.float32)), 0.010)
    streaks *= np.clip(np.abs(within) < 0.93, 0, 1)[:, None]
    streaks *= (0.80 - 0.35 * depth)[:, None].astype(np.float32)
    glow = np.exp(-((x / (0.07 + 0.12 * near[:, None].astype(np.float32))) ** 2)) * np.float32(0.30)
    np.maximum(streaks, glow, out=streaks)
    streaks *= np.float32(strength)
    canvas.blend(slice(first, canvas.height), box, streaks, light.sun.but(-0.01, 1.1).rgb)


def banks(canvas: Canvas, light: Light, z: Sequence[float], place: str, shore: float) -> None:
    """Paint the land in front: meadows on both sides of a river, or a dark bank with reeds in a corner.

    Parameters
    ----------
    canvas:
        Where to paint.
    light:
        The light.
    z:
        The numbers of the latent.
    place:
        The scene.
    shore:
        Height of the horizon, in units from the top.
    """
    if place in ("river plain", "winter"):
        _meadows(canvas, light, z, shore, narrow=0.0 if place == "river plain" else 0.45)
    if place in ("bay", "mist", "lake", "night") and z[58] > 0.3:
        _reeds(canvas, light, z, shore)


def _meadows(canvas: Canvas, light: Light, z: Sequence[float], shore: float, narrow: float) -> None:
    first = int(shore * canvas.unit) + 1
    y = canvas.y[first:]
    if not y.size:
        return
    depth = np.clip((y - shore) / (canvas.tall - shore), 0, 1)
    bend = 0.16 * np.sin(5.2 * np.sqrt(depth) + 2 * math.tanh(z[52])) * (1 - 0.4 * depth)
    middle = canvas.wide * (0.5 + 0.26 * math.tanh(z[52] / 1.5) * (1 - depth) + bend * depth**0.3)
    half = canvas.wide * (0.20 + 0.15 * depth + narrow * 0.4) * (1 + 0.14 * np.sin(9 * depth**0.6 + z[48]))
    x = canvas.x[None]
    inside = np.abs(x - middle[:, None].astype(np.float32)) - half[:, None].astype(np.float32)
    inside += (
        np.float32(0.012) * np.sin(x * 23 + 7 * depth[:, None].astype(np.float32)) * depth[:, None].astype(np.float32)
    )
    mask = canvas.edge(inside, 0.006)
    near = light.ground.but(-0.05, 1.05)
    tone = ramp(light.ground.mixed(light.haze, 0.42), near.mixed(light.forest, 0.25 * (1 - light.snow)), depth)
    furrow = 1 + (0.045 * np.sin(70 * np.log1p(4 * depth)))[:, None] * np.sin(x * 5 + 9 * depth[:, None])
    rim = light.ground.mixed(light.forest, 0.6 * (1 - 0.8 * light.snow)).but(-0.06)
    edge_mask = mask * canvas.edge(0.006 + 0.010 * depth[:, None].astype(np.float32) - inside, 0.004)
    rows = slice(first, canvas.height)
    region = canvas.planes[:, rows]
    furrow = furrow.astype(np.float32)
    for channel in range(3):
        part = tone[channel][:, None] * furrow
        part -= region[channel]
        part *= mask
        region[channel] += part
    canvas.blend(rows, slice(None), edge_mask * np.float32(0.7), rim.rgb)
    for tree in range(26):
        deep = ((tree + 0.5) / 26) ** 2.2 * 0.72
        row = int(np.searchsorted(depth, deep))
        if row >= len(y):
            continue
        side = 1 if (tree * 7 + int(abs(z[49]) * 10)) % 3 else -1
        away = 0.02 + (0.05 + 0.30 * deep) * (0.2 + abs(math.sin(5.7 * tree + z[48])))
        _tree(canvas, light, float(middle[row] + side * (half[row] + away)), float(y[row]), 0.022 + 0.13 * deep, tree)


def _tree(canvas: Canvas, light: Light, x0: float, foot: float, size: float, number: int) -> None:
    """A tree on a meadow: a fir, or a round one in spring and autumn.

    Parameters
    ----------
    canvas:
        Where to paint.
    light:
        The light.
    x0, foot:
        Where it stands.
    size:
        Its height.
    number:
        Its number, which varies it.
    """
    size *= 0.8 + 0.35 * math.sin(2.399 * number)
    box = canvas.box(foot - size, foot + 0.12 * size, x0 - 0.6 * size, x0 + 0.6 * size)
    x = (canvas.x[box[1]][None] - np.float32(x0)) / np.float32(size)
    up = (np.float32(foot) - canvas.y[box[0]][:, None]) / np.float32(size)
    shadow = np.clip(1 - (x / 0.42) ** 2 - ((up + 0.01) / 0.07) ** 2, 0, 1)
    canvas.blend(*box, shadow * np.float32(0.45), light.ground.but(-0.14).rgb)
    trunk = canvas.edge(np.float32(0.025 * size) - np.abs(x) * np.float32(size)) * (up > 0) * (up < 0.5)
    canvas.blend(*box, trunk, light.forest.but(-0.06).rgb)
    if max(light.spring, light.autumn) * (1 - light.snow) > 0.5 and number % 3:
        crown = 0.36 - np.sqrt(x * x + (up - 0.60) ** 2 * 0.8)
    else:
        tiers = np.maximum((up - 0.12) * 3.2, 0) % 1
        crown = np.where((up > 0.10) & (up < 0.98), 0.25 * (1.04 - up) * (1.15 - 0.45 * tiers) - np.abs(x), -1)
    mask = canvas.edge(crown.astype(np.float32) * np.float32(size))
    tone = light.forest.but(0.03 * math.sin(number), 1.1)
    canvas.blend(*box, mask, tone.mixed(light.snowy, 0.55 * light.snow).rgb)
    canvas.blend(
        *box,
        mask * np.clip(up * 1.6 - 0.6, 0, 1) * np.float32(0.30),
        tone.but(0.12).mixed(light.snowy, light.snow).rgb,
    )


def _reeds(canvas: Canvas, light: Light, z: Sequence[float], shore: float) -> None:
    """A bank with reeds in a lower corner, dark against the water."""
    side = 1 if z[49] > 0 else -1
    tall = 0.055 + 0.030 * soft(z[58])
    x = canvas.x if side < 0 else np.float32(canvas.wide) - canvas.x
    reach = canvas.wide * (0.26 + 0.14 * soft(z[59]))
    rise = np.clip(1 - x / np.float32(reach), 0, 1) ** 1.6
    bank = canvas.tall - 0.020 - 0.115 * rise
    blades = np.zeros_like(canvas.x, dtype=np.float64)
    for pitch, share in ((0.0085, 1.0), (0.0137, 0.8)):
        place = canvas.x.astype(np.float64) / pitch + z[49]
        index = np.floor(place)
        high = 0.5 + 0.5 * np.sin(index * 12.9898 + 4.1 * np.sin(index * 0.731))
        blades = np.maximum(blades, share * high * np.clip(1 - 2.2 * np.abs(place - index - 0.5), 0, 1) ** 0.55)
    top = (bank - tall * blades * step(0.0, 0.02, tall) * rise**0.35 * (rise > 0)).astype(np.float32)
    top[rise <= 0] = canvas.tall + 0.02
    rows = canvas.rows(max(shore + 0.02, float(top.min()) - 0.01), canvas.tall)
    columns = np.flatnonzero(rise > 0)
    if not len(columns):
        return
    where = slice(int(columns[0]), int(columns[-1]) + 1)
    mask = canvas.edge(canvas.y[rows, None] - top[None, where])
    canvas.blend(rows, where, mask, light.forest.mixed(light.snowy, 0.6 * light.snow).but(-0.05).rgb)
