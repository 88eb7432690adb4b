"""The light of a picture: time of day, weather and season become colours."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..flow.painting import Painting
from .canvas import soft, step
from .colour import Tone

SNOW = Tone(0.955, 0.012, 250)
TINTS = {"red": 25.0, "orange": 55.0, "yellow": 95.0, "green": 150.0, "blue": 255.0, "violet": 305.0}
"""Hues of the colours that words name."""

DYE = 0.14
"""Chroma that a colour word gives to what had less."""


class Light:
    """The colours of one picture, and the numbers that decide what is in it.

    Parameters
    ----------
    painting:
        What is painted.

    Attributes
    ----------
    night, snow, storm, mist, rain, stars, lamps:
        How much of each, from 0 to 1.
    warm:
        Glow of a low sun, from 0 to 1.
    waves:
        Height of the waves: 1 is as usual, 0 a mirror.
    drama:
        How steep and rich in contrast, about -1 to 1.
    zenith, haze:
        The sky's colours at its top and at the horizon.
    sun:
        The colour of the sun or moon.
    rock, forest, ground:
        The colours of land: far, near, and open ground.
    """

    def __init__(self, painting: Painting) -> None:
        z = [float(value) for value in painting.z]

        def says(*names: str) -> float:
            return sum(painting.meaning.get(name, 0.0) for name in names)

        self.night = step(0.22, 0.75, says("night"))
        self.stars = max(0.85 * self.night, step(0.3, 1.0, says("stars")) * min(1.0, 0.3 + self.night))
        self.moon = max(self.night, step(0.4, 0.9, says("moon")))
        self.forest_high = 1 + 0.8 * max(-0.8, min(1.6, says("forest")))
        self.mountains = max(0.35, 1 + 0.35 * says("mountains"))
        self.snow = step(0.2, 0.85, says("snow"))
        self.storm = step(0.2, 0.9, says("storm"))
        self.rain = step(0.3, 1.0, says("rain", "storm") - 0.15)
        self.mist = step(0.2, 1.0, says("mist"))
        self.desert = step(0.25, 0.85, says("desert"))
        self.autumn = step(0.25, 0.85, says("autumn"))
        self.spring = step(0.15, 0.9, says("spring"))
        self.high = says("sun_high")
        self.warm = soft(1.1 * z[2] + 3.0 * says("warm") - 1.6 * self.high - 2.5 * self.storm - 2.6 * self.snow)
        self.drama = max(-1.0, min(1.6, says("dramatic")))
        self.waves = max(0.05, 1 - 0.8 * says("calm") + 1.6 * self.storm)
        self.clouds = says("clouds") + 0.8 * self.storm
        self.city = step(0.25, 0.85, says("city"))
        self.lamps = max(0.8 * self.night, 0.55 * self.city, 0.4 * step(0.75, 0.95, self.warm))
        self.bright = soft(0.8 * z[4] + 1.8 * says("light") + 0.5 * self.high)
        vivid = says("vivid")
        self.vivid = max(
            0.04, 1 + 0.6 * vivid * step(0.2, 0.6, abs(vivid)) * (1.0 if vivid > 0 else 1.55) - 0.3 * self.storm
        )
        said = max(-1.0, min(1.0, says("light")))
        self._lift = step(0.3, 0.9, abs(said)) * (0.09 if said > 0 else -0.17)
        self._tint = self._tinted(says)
        self._choose(z)

    @staticmethod
    def _tinted(says: Callable[..., float]) -> tuple[float, float]:
        """What colour words add, in the plane of hues."""
        # A little of a colour is only the latent's own deviation.
        said = {hue: says(name) for name, hue in TINTS.items()}
        amounts = {hue: max(-1.5, min(1.5, amount)) * step(0.25, 0.6, abs(amount)) for hue, amount in said.items()}
        return (
            sum(amount * math.cos(math.radians(hue)) for hue, amount in amounts.items()),
            sum(amount * math.sin(math.radians(hue)) for hue, amount in amounts.items()),
        )

    def _choose(self, z: Sequence[float]) -> None:
        bright, warm, night = self.bright, self.warm, self.night
        hue = 252 + 20 * math.tanh(z[0] / 2) + 44 * soft(z[1] - 1.8)
        zenith = Tone(0.40 + 0.26 * bright - 0.06 * warm, 0.100 + 0.055 * soft(z[3]), hue)
        cool = Tone(0.90 + 0.04 * bright, 0.030 + 0.02 * soft(z[3]), 232 + 25 * math.tanh(z[0] / 2))
        glow = Tone(0.80 + 0.09 * soft(z[6]) - 0.03 * self.drama, 0.100 + 0.05 * warm, 22 + 52 * soft(1.3 * z[5]))
        haze = cool.mixed(glow, step(0.12, 0.75, warm))
        grey = Tone(0.40, 0.022, 262)
        zenith = zenith.mixed(grey, 0.85 * self.storm).mixed(haze, 0.45 * self.mist)
        haze = haze.mixed(Tone(0.74, 0.030, 75), 0.8 * self.storm).mixed(Tone(0.91, 0.035, haze.hue), 0.5 * self.mist)
        haze = haze.mixed(Tone(0.86, 0.095, 72), 0.40 * self.autumn * (1 - self.storm))
        zenith = zenith.mixed(Tone(0.65, 0.085, 248), 0.60 * self.snow)
        haze = haze.mixed(Tone(0.945, 0.022, 255), 0.70 * self.snow)
        zenith = zenith.mixed(Tone(0.155, 0.055, 272 + 14 * math.tanh(z[0] / 2)), 0.97 * night)
        haze = haze.mixed(Tone(0.32, 0.075, 282 + 18 * soft(2 * z[5])), 0.95 * night)
        self.zenith, self.haze = self.shown(zenith), self.shown(haze, 0.7)
        gold = Tone(0.97 - 0.03 * warm, 0.03 + 0.075 * warm, 62 + 28 * soft(z[13]))
        self.sun = self.shown(gold.mixed(Tone(0.95, 0.02, 95), max(night, 0.6 * self.storm)), 0.3)
        dusk = Tone(0.20 + 0.05 * bright, 0.060, hue + 28)
        day = Tone(0.38 + 0.06 * bright, 0.055, hue - 8)
        low = step(0.25, 0.75, warm)
        rock = day.mixed(dusk, low).mixed(Tone(0.60, 0.085, 48), 0.8 * self.desert)
        rock = rock.mixed(Tone(0.50, 0.10, 42), 0.55 * self.autumn).mixed(Tone(0.50, 0.08, 140), 0.45 * self.spring)
        forest = Tone(0.30 + 0.06 * bright, 0.055, 201).mixed(Tone(0.155, 0.045, hue + 25), low)
        forest = forest.mixed(Tone(0.45, 0.11, 135), 0.7 * self.spring).mixed(
            Tone(0.50, 0.13, 48), 0.85 * self.autumn
        )
        forest = forest.mixed(Tone(0.70, 0.095, 68), 0.95 * self.desert)
        ground = Tone(0.52, 0.095, 128).mixed(Tone(0.30, 0.060, 20), 0.75 * low)
        ground = ground.mixed(Tone(0.58, 0.11, 62), 0.8 * self.autumn).mixed(Tone(0.78, 0.09, 75), 0.95 * self.desert)
        snow = SNOW.mixed(self.zenith, 0.08).mixed(self.haze, 0.10)
        self.snowy = self.shown(snow.mixed(Tone(0.56, 0.045, 265), 0.92 * night))
        dark, deep = 0.80 * night, Tone(0.115, 0.040, 275)
        self.rock = self.shown(rock.mixed(deep.but(0.05), dark).mixed(self.haze, 0.12 * self.mist))
        self.forest = self.shown(forest.mixed(deep, dark).but(-0.05 * self.storm))
        self.ground = self.shown(ground.mixed(deep.but(0.03), dark).but(-0.08 * self.storm))
        self.ground = self.ground.mixed(self.snowy, 0.95 * self.snow)

    def shown(self, tone: Tone, share: float = 1.0) -> Tone:
        """A colour as the words tint it.

        Parameters
        ----------
        tone:
            The colour without tint.
        share:
            How much of the tint it takes.
        """
        x, y = self._tint
        strength = math.hypot(x, y)
        tone = tone.but(light=self._lift * (1 - self.night), chroma=self.vivid)
        if strength < 0.05:
            return tone
        part = share * min(0.92, 0.92 * strength)
        hue = math.degrees(math.atan2(y, x))
        return tone.dyed(Tone(tone.light, max(DYE, tone.chroma), hue), part)
