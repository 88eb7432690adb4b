"""The painter: from a latent to a landscape.

It paints a sky with a sun and thin clouds, four ranges of mountains in haze, a lake that mirrors them, and the
fine-tune's subject on the shore. Each coordinate of the latent means something (the hue, the height of the sun, one
wave of one ridge), so that similar latents give similar pictures.

To be fast, it works on planes of float32, keeps factors one-dimensional if possible, and touches only the rows and
columns that a layer covers.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..flow.finetunes import kind_at
from ..flow.samplers import Latent
from .canvas import Canvas, Plane, hsv, soft
from .subjects import DRAWN, Subject

LAYERS = 4
"""Ranges of mountains."""


def paint(latent: Latent, width: int, height: int) -> NDArray[np.uint8]:
    """The picture of a latent as height × width × 3 bytes.

    Parameters
    ----------
    latent:
        The latent.
    width:
        Width in pixels.
    height:
        Height in pixels.
    """
    return _Landscape([float(value) for value in latent], width, height).paint()


class _Landscape(Canvas):
    """One picture, and what the latent means for it.

    Parameters
    ----------
    z:
        The numbers of the latent.
    width:
        Width in pixels.
    height:
        Height in pixels.
    """

    def __init__(self, z: list[float], width: int, height: int) -> None:
        super().__init__(width, height)
        self.z = z
        self._choose_light()

    def _choose_light(self) -> None:
        z = self.z
        hue = 0.56 + 0.09 * math.tanh(z[0] / 2) + 0.20 * soft(z[1] - 1.8)
        self.warm = soft(z[2])
        light = 0.30 + 0.55 * soft(z[4])
        self.zenith = hsv(hue, 0.40 + 0.35 * soft(z[3]), light)
        self.haze = hsv(0.02 + 0.10 * soft(z[5]), 0.22 + 0.50 * self.warm, 0.72 + 0.25 * soft(z[6]))
        self.middle = 0.45 * self.zenith + 0.55 * self.haze
        self.sun = hsv(0.05 + 0.08 * soft(z[13]), 0.12 + 0.32 * self.warm, 1.0)
        self.rock = hsv(hue + 0.03 + 0.05 * math.tanh(z[46] / 2), 0.38 + 0.25 * soft(z[46]), 0.10 + 0.10 * light)
        self.shore = (0.60 + 0.07 * math.tanh(z[7] / 2)) * self.tall
        self.sun_x = self.wide * (0.5 + 0.30 * math.tanh(z[9] / 1.5))
        self.sun_y = self.shore * (0.46 + 0.22 * math.tanh(z[10] / 1.5))
        self.sun_r = 0.055 + 0.055 * soft(z[11])

    def paint(self) -> NDArray[np.uint8]:
        self._sky()
        self._clouds()
        for layer in range(LAYERS):
            self._range(layer)
        self._subject()
        self._lake()
        self._finish()
        np.clip(self.planes, 0, 1, out=self.planes)
        np.multiply(self.planes, 255, out=self.planes)
        self.planes += 0.5
        return np.ascontiguousarray(self.planes.astype(np.uint8).transpose(1, 2, 0))

    # ------------------------------------------------------------------ the sky

    def _sky(self) -> None:
        rows = min(self.height, int(self.shore * self.unit) + 1)
        down = np.clip(self.y[:rows] / self.shore, 0, 1) ** (1.0 + 0.45 * math.tanh(self.z[8]))
        low = np.clip(2 * down, 0, 1)[None] * (self.middle - self.zenith)[:, None] + self.zenith[:, None]
        sky = low + np.clip(2 * down - 1, 0, 1)[None] * (self.haze - self.middle)[:, None]
        self.planes[:, :rows] = sky[:, :, None]
        self.planes[:, rows:] = self.haze[:, None, None]  # the subject's foot is here; the lake covers the rest
        distance = np.sqrt((self.x[None] - self.sun_x) ** 2 + (self.y[:rows, None] - self.sun_y) ** 2)
        beyond = np.maximum(distance - self.sun_r, 0)
        glow = np.exp(beyond * (-1 / (0.10 + 0.16 * soft(self.z[12]))))
        beyond *= -1.6
        glow += 0.35 * np.exp(beyond, out=beyond)
        glow *= 0.52
        self.blend(slice(0, rows), slice(None), glow, self.sun)
        around = self.sun_r + 4 / self.unit
        box_y, box_x = self.box(
            self.sun_y - around, min(self.sun_y + around, self.shore), self.sun_x - around, self.sun_x + around
        )
        box_y = slice(box_y.start, min(box_y.stop, rows))
        disc = self.edge(self.sun_r - distance[box_y, box_x])
        self.blend(box_y, box_x, disc, 0.25 + 0.78 * self.sun)

    def _clouds(self) -> None:
        """Three thin banks. Each is a wavy band with soft edges."""
        z = self.z
        for bank in range(3):
            centre = self.shore * (0.16 + 0.20 * bank + 0.05 * math.tanh(z[56 + bank]))
            phase = 2.1 * z[59 + bank] + 1.7 * bank
            wave = (
                np.sin(2.3 * self.x + phase)
                + 0.6 * np.sin(5.1 * self.x + 2 * phase)
                + 0.3 * np.sin(11 * self.x - phase)
            )
            line = centre + 0.012 * wave
            thick = 0.008 + 0.020 * np.clip(0.35 + 0.5 * np.sin(1.9 * self.x - 1.3 * phase), 0, 1)
            rows = self.rows(float(line.min()) - 0.09, float(line.max()) + 0.09)
            off = (self.y[rows, None] - line[None]) / thick[None]
            np.multiply(off, np.where(off > 0, np.float32(1.9), np.float32(0.8)), out=off)
            mask = np.exp(-off * off) * (0.10 + 0.22 * soft(z[59 + bank]))
            self.blend(rows, slice(None), mask, 0.35 * self.sun + 0.65 * self.haze)

    # ------------------------------------------------------------------ the mountains

    def _range(self, layer: int) -> None:
        """One range: a ridge, light from the side of the sun, and haze that gets thicker downward."""
        near = layer / (LAYERS - 1)
        ridge, smooth = self._ridge(layer, near)
        top = self.rows(float(ridge.min()) - 2 / self.unit, self.shore)
        y = self.y[top, None]
        mask = self.edge(y - ridge[None])
        slope = np.gradient(_blurred(smooth, int(0.05 * self.unit))).astype(np.float32) * self.unit
        lit = np.clip(slope * (1 if self.sun_x < self.wide / 2 else -1), -1, 1)
        colour = self.haze * (0.80 - 0.10 * near) * (1 - near) + self.rock * (0.45 + 0.55 * near)
        if layer == LAYERS - 1:
            colour = self.rock * 0.55
        down = np.clip((y - smooth[None]) * (1 / (0.34 - 0.10 * near)), 0, 1)
        shade = 1 + (0.14 * (1 - 0.75 * near)) * lit[None] * (1 - down)
        mist = down * down * (0.62 - 0.50 * near)
        haze = 0.25 * self.middle + 0.75 * self.haze
        region = self.planes[:, top]
        for channel in range(3):
            body = colour[channel] * shade
            body += mist * (haze[channel] - body)
            body -= region[channel]
            body *= mask
            region[channel] += body

    def _ridge(self, layer: int, near: float) -> tuple[Plane, Plane]:
        waves = self.z[14 + 8 * layer : 22 + 8 * layer]
        height = 0.245 - 0.205 * near**0.8
        line: Plane = np.zeros(self.width, dtype=np.float32)
        for octave, wave in enumerate(waves[:5]):
            frequency = 1.15 * 1.9**octave * (1 + 0.07 * layer)
            size = 0.105 / 1.85**octave * (1 - 0.50 * near) * math.tanh(0.55 + abs(wave))
            angle = 2 * math.pi * frequency * self.x + 2.2 * wave + 1.9 * layer * (octave + 1)
            # The absolute value makes sharp crests and round valleys, which look like mountains and not like waves.
            line += size * (1 - 1.6 * np.abs(np.sin(angle / 2)))
        smooth = self.shore - height - line
        detail: Plane = np.zeros(self.width, dtype=np.float32)
        for octave, wave in enumerate(waves[5:]):
            frequency = 17 * 2.1**octave * (1 + 0.1 * layer)
            detail += 0.0075 / 1.7**octave * np.abs(np.sin(math.pi * frequency * self.x + 3 * wave))
        if layer >= LAYERS - 2:
            detail = detail * 0.6 + self._firs(layer, waves[7])
        limit = np.float32(self.shore - 0.004)
        return np.minimum(smooth - detail, limit), np.minimum(smooth, limit)

    def _firs(self, layer: int, wave: float) -> Plane:
        """Firs along a ridge: triangles of different heights."""
        pitch = 0.016 if layer == LAYERS - 1 else 0.010
        places = self.x / pitch + wave
        index = np.floor(places)
        height = 0.5 + 0.5 * np.sin(index * 12.9898 + 4.1 * np.sin(index * 0.731))
        across = np.abs(places - index - 0.5) * 2
        return np.asarray(pitch * (0.55 + 1.55 * height) * np.clip(1 - across, 0, 1) ** 0.8, dtype=np.float32)

    # ------------------------------------------------------------------ the subject

    def _subject(self) -> None:
        """The fine-tune's subject. Presence, size, place, colour and kind are coordinates of the latent."""
        z = self.z
        presence = soft(2.2 * z[50])
        if presence < 0.004:
            return
        size = 0.42 * (0.55 + 0.6 * soft(z[50] - 1.2)) * (1 + 0.20 * math.tanh(z[51] / 2))
        # It fills as much of a tall picture as of a square one, but never reaches the top.
        size = min(size * (1 + 0.35 * (self.tall - 1)), 0.80 * self.shore)
        centre = self.wide * (0.5 + 0.26 * math.tanh(z[52] / 1.5))
        burn = max(0.0, z[50] - 1.5)
        accent = hsv(
            0.99 + 0.05 * math.tanh(z[53]), min(1.0, 0.55 + 0.12 * burn), 0.50 + 0.10 * burn + 0.1 * self.warm
        )
        DRAWN[kind_at(z[62], z[63])](
            self,
            Subject(
                centre=centre,
                foot=self.shore + 0.012,
                size=size,
                presence=presence,
                accent=accent,
                rock=self.rock,
                parts=4 + int(2 * soft(z[54])),
                sun_side=float(np.sign(self.sun_x - centre)),
            ),
        )

    # ------------------------------------------------------------------ the lake and the finish

    def _lake(self) -> None:
        """A mirror image with ripples that grow toward the front, tinted like the sky, with glitter of the sun."""
        first = int(self.shore * self.unit)
        if first >= self.height:
            return
        y = self.y[first:, None]
        depth = np.clip((y - self.shore) / (self.tall - self.shore), 0, 1)
        angle = 34 * (1 - 0.55 * depth) * (y - self.shore) / 0.1 + 0.8 * np.sin(7 * self.x[None] + self.z[48])
        places = np.sin(angle + 5 * self.x[None])
        places *= 0.0085 * self.unit * depth**0.6
        places += (2 * self.shore - y) * self.unit
        np.clip(places, 0, first - 1.001, out=places)
        above = places.astype(np.intp)
        share = places - above
        tint = 0.16 + 0.20 * depth
        # The glitter is narrow, so only these columns need it.
        _, near = self.box(0, 0, self.sun_x - 0.36, self.sun_x + 0.36)
        x = self.x[None, near]
        glitter = np.exp(-(((x - self.sun_x) / (0.05 + 0.10 * depth)) ** 2)) * (0.10 + 0.16 * self.warm)
        glitter *= np.clip(np.sin(angle[:, near] * 1.7 + 3 * np.sin(9 * x)), 0, 1)
        water = 0.55 * self.zenith + 0.10 * self.haze
        for channel in range(3):
            plane = self.planes[channel]
            upper = np.take_along_axis(plane[:first], above, axis=0)
            mirrored = np.take_along_axis(plane[:first], above + 1, axis=0)
            mirrored -= upper
            mirrored *= share
            mirrored += upper
            mirrored *= 0.86 * (1 - tint)
            mirrored += tint * water[channel]
            mirrored[:, near] += glitter * (self.sun[channel] - mirrored[:, near])
            plane[first:] = mirrored
        rows = self.rows(self.shore - 0.004, self.shore + 0.006)
        line = np.exp(-(((self.y[rows, None] - self.shore) / 0.0022) ** 2)) * 0.30
        self.blend(rows, slice(None), line * np.ones_like(self.x)[None], self.haze)

    def _finish(self) -> None:
        """A soft vignette. Beyond the useful strength the picture burns out."""
        side = 1 - 0.16 * ((self.x / self.wide - 0.5) * 1.9) ** 4
        ends = 1 - 0.16 * ((self.y / self.tall - 0.5) * 1.9) ** 4
        self.planes *= (ends[:, None] * side[None])[None]
        burn = max(0.0, self.z[50] - 3.4)
        if burn:
            self.planes -= 0.5
            self.planes *= 1 + 0.27 * burn
            self.planes += 0.5 + 0.02 * burn


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
    return np.asarray((padded[window:] - padded[:-window])[: line.size] / window, dtype=np.float32)
