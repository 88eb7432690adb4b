"""What subjects are painted with. A subject forms: first a soft dark silhouette, then details and colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .canvas import Canvas, Plane, step
from .colour import Rgb
from .light import Light

LAMP: Rgb = np.array([1.0, 0.86, 0.52], dtype=np.float32)
CREAM: Rgb = np.array([0.98, 0.95, 0.89], dtype=np.float32)


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
    formed:
        How far it has formed: 0.3 is a silhouette, 0.6 an outline, 1 complete.
    accent:
        Its own colour.
    rock:
        The colour of the land on which it stands, and of its silhouette.
    parts:
        Number of tiers, bands or gores.
    sun_side:
        -1 if the light comes from the left, 1 if it comes from the right.
    light:
        The light of the picture.
    """

    centre: float
    foot: float
    size: float
    formed: float
    accent: Rgb
    rock: Rgb
    parts: int
    sun_side: float
    light: Light

    @property
    def colour(self) -> float:
        """How much of its own colours it has, from 0 to 1."""
        return step(0.32, 0.92, self.formed)

    @property
    def detail(self) -> float:
        """How much of its details there is, from 0 to 1."""
        return step(0.5, 0.95, self.formed)

    @property
    def blur(self) -> float:
        """Width of its edges, in units."""
        return 0.055 * self.size * (1 - step(0.15, 0.72, self.formed))


class Pen:
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
        self._shade = subject.rock * np.float32(0.55)

    def at(self, top: float, bottom: float, reach: float) -> tuple[tuple[slice, slice], Plane, Plane]:
        """A box around the subject's middle: its rows and columns, x from the middle, and y.

        Parameters
        ----------
        top, bottom:
            Upper and lower side of the box.
        reach:
            Half of its width.
        """
        centre, more = self.subject.centre, self.subject.blur
        box = self.canvas.box(top - more, bottom + more, centre - reach - more, centre + reach + more)
        return box, (self.canvas.x[box[1]] - np.float32(centre))[None], self.canvas.y[box[0]][:, None]

    def edge(self, inside: Plane) -> Plane:
        """A mask: 0 outside of an edge, 1 inside. It is soft while the subject forms.

        Parameters
        ----------
        inside:
            Distance to the edge in units, negative outside.
        """
        return self.canvas.edge(inside, self.subject.blur)

    def fill(
        self,
        box: tuple[slice, slice],
        mask: Plane,
        colour: Rgb,
        share: float = 1.0,
        *,
        round_: float = 0.25,
        reach: float | None = None,
        glows: float = 0.0,
    ) -> None:
        """Paint a part: opaque, dark while the subject forms, then in its colour.

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
        glows:
            How much of the colour stays at night, from 0 to 1.
        """
        lit = None
        if reach is not None:
            x = self.canvas.x[box[1]] - np.float32(self.subject.centre)
            bend = np.float32(round_ * self.subject.sun_side * self.subject.colour)
            lit = 1 + bend * np.clip(x / np.float32(reach), -1, 1)[None]
        light = self.subject.light
        dim = 1 - (1 - glows) * (0.42 * light.night + 0.16 * light.storm)
        own = colour * np.float32(dim)
        shown = self._shade + np.float32(self.subject.colour) * (own - self._shade)
        self.canvas.blend(*box, mask * np.float32(share), shown, lit)

    def add(
        self,
        box: tuple[slice, slice],
        mask: Plane,
        colour: Rgb,
        share: float = 1.0,
        *,
        reach: float | None = None,
        glows: float = 0.0,
    ) -> None:
        """Paint a detail, which comes late.

        Parameters
        ----------
        box, mask, colour, share, reach, glows:
            As of `fill`.
        """
        if self.subject.detail > 0.003:
            self.fill(box, mask, colour, share * self.subject.detail, reach=reach, glows=glows)

    def round(
        self, x0: float, y0: float, radius: float, colour: Rgb, share: float = 1.0, *, detail: bool = False
    ) -> None:
        """Paint a disc.

        Parameters
        ----------
        x0, y0:
            Its middle: from the subject's middle, and from the top.
        radius:
            Its radius.
        colour:
            Its colour.
        share:
            How much of the colour it takes.
        detail:
            Whether it is a detail, which comes late.
        """
        more = self.subject.blur
        box = self.canvas.box(
            y0 - radius - more,
            y0 + radius + more,
            self.subject.centre + x0 - radius - more,
            self.subject.centre + x0 + radius + more,
        )
        x = self.canvas.x[box[1]][None] - np.float32(self.subject.centre + x0)
        y = self.canvas.y[box[0]][:, None] - np.float32(y0)
        mask = self.edge(np.float32(radius) - np.sqrt(x * x + y * y))
        (self.add if detail else self.fill)(box, mask, colour, share)
