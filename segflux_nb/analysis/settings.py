"""Which settings give pictures that look like those of a reference, and what they cost. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..markup import count, shorten
from ..model import Value
from .differences import UNSEEN, difference_text
from .observations import Observations
from .vectors import differences

if TYPE_CHECKING:
    import pandas as pd

    from .plotting import Plot, Theme

LOOKS_THE_SAME = UNSEEN
"""The limit where no larger noise was measured."""


@dataclass(frozen=True)
class Setting:
    """Values of the axes that were compared, and the pairs of pictures with the reference.

    Attributes
    ----------
    values:
        By axis.
    pairs:
        The number of pairs: a picture of this setting and one of the reference with all else in common.
    missing:
        How many pictures of the reference have no partner.
    difference:
        The median difference of the pairs; None without pairs.
    largest:
        The largest one.
    evaluations:
        Network evaluations of a picture; None where the sampler decides it.
    cost_usd:
        US dollars for a picture; None if unknown.
    seconds:
        Seconds of inference for a picture; None if unknown.
    """

    values: Mapping[str, Value]
    pairs: int
    missing: int
    difference: float | None
    largest: float | None
    evaluations: int | None = None
    cost_usd: float | None = None
    seconds: float | None = None

    def looks_like(self, limit: float) -> bool:
        """Whether all its pictures look like the reference's, none of which lacks a partner."""
        return self.largest is not None and not self.missing and self.largest <= limit


@dataclass(frozen=True)
class Cheapest:
    """Settings whose pictures look like the reference's, the cheapest first. Its text is sentences.

    Attributes
    ----------
    like:
        The values of the reference.
    reference:
        What the reference costs.
    settings:
        All settings that were compared, the cheapest first.
    limit:
        The largest difference of pictures that look the same.
    why:
        Where the limit comes from.
    seeds:
        The number of seeds.
    """

    like: Mapping[str, Value]
    reference: Setting
    settings: Sequence[Setting] = field(repr=False)
    limit: float
    why: str
    seeds: int

    @property
    def alike(self) -> list[Setting]:
        """The settings whose pictures look like the reference's in all pairs."""
        return [setting for setting in self.settings if setting.looks_like(self.limit)]

    @property
    def df(self) -> pd.DataFrame:
        """A new frame with a row for each setting that looks like the reference, the cheapest first.

        The axes, ``cost_usd`` and ``seconds`` a picture, ``evaluations``, ``difference`` (the median of the pairs),
        ``largest`` and ``pairs``.
        """
        return self._frame(self.alike)

    @property
    def all(self) -> pd.DataFrame:
        """A new frame with a row for each setting that was compared, and whether it is ``alike``."""
        frame = self._frame(self.settings)
        frame["alike"] = [setting.looks_like(self.limit) for setting in self.settings]
        return frame

    def _frame(self, settings: Sequence[Setting]) -> pd.DataFrame:
        import pandas as pd

        names = ("cost_usd", "seconds", "evaluations", "difference", "largest", "pairs")
        columns: dict[str, Any] = {name: [setting.values[name] for setting in settings] for name in self.like}
        frame = pd.DataFrame({**columns, **{name: [getattr(one, name) for one in settings] for name in names}})
        types = {name: "Int64" if name in ("evaluations", "pairs") else "Float64" for name in names}
        return frame.astype(types)

    @property
    def pareto(self) -> list[Setting]:
        """The settings to which no other one is both cheaper and nearer to the reference, the cheapest first."""
        best, front = math.inf, []
        for setting in self.settings:
            if setting.cost_usd is not None and setting.difference is not None and setting.difference < best:
                best = setting.difference
                front.append(setting)
        return front

    def plot(self, *, theme: Theme = "light") -> Plot:
        """Cost against difference: no setting on the line is both dearer and farther than another one.

        Parameters
        ----------
        theme:
            ``light`` or ``dark``.

        Raises
        ------
        PlotError
            Without matplotlib: ``pip install "segflux-nb[plot]"``.
        """
        from .plotting import cheapest_plot

        return cheapest_plot(self, theme)

    def __str__(self) -> str:
        like = _words(self.like)
        alike = [setting for setting in self.alike if dict(setting.values) != dict(self.like)]
        limit = f"{difference_text(self.limit)}, {self.why}"
        others = [setting for setting in self.settings if dict(setting.values) != dict(self.like)]
        if len(others) == 1 and not alike and others[0].pairs and not others[0].missing:
            (other,) = others
            return (
                f"{_words(other.values)} does not look like {like}: {difference_text(other.difference or 0)}, at most"
                f" {difference_text(other.largest or 0)}, in {count(other.pairs, 'pair')} (limit: {limit})"
            )
        if not alike:
            return (
                f"None of {count(len(self.settings) - 1, 'other setting')} looks like {like} in all pairs"
                f" (limit: {limit})"
            )
        first = alike[0]
        lines = [
            f"{_words(first.values)} looks like {like}{_saving(first, self.reference)}:"
            f" {difference_text(first.difference or 0)}, at most {difference_text(first.largest or 0)},"
            f" in {count(first.pairs, 'pair')} of {count(self.seeds, 'seed')}"
        ]
        if len(alike) > 1:
            lines.append(f"{len(alike):,} of {count(len(self.settings) - 1, 'other setting')} look like it")
        return "\n".join([*lines, f"Limit: {limit}"])

    __repr__ = __str__


def compared(seen: Observations, like: Mapping[str, Value]) -> list[Setting]:
    """The settings of some axes against a reference, without what they cost.

    Parameters
    ----------
    seen:
        The pictures.
    like:
        The values of the reference, by axis. Pictures that agree on all other axes are pairs.

    Example
    -------
    >>> settings = [{"seed": seed, "steps": steps} for seed in (1, 2) for steps in (9, 25)]
    >>> vectors = np.zeros((4, 3), dtype=np.float32)
    >>> vectors[:, 0] = 0, 0, 5, 8
    >>> seen = Observations.of(settings, ["seed", "steps"], vectors, "abcd")
    >>> [(one.values["steps"], one.pairs, one.difference, one.largest) for one in compared(seen, {"steps": 25})]
    [(9, 2, 1.5, 3.0), (25, 2, 0.0, 0.0)]
    """
    names = list(seen.axes)
    own = [names.index(name) for name in like]
    rest = [at for at in range(len(names)) if at not in own]
    wanted = tuple(list(seen.axes[name]).index(value) for name, value in like.items())
    by_setting: dict[tuple[int, ...], dict[tuple[int, ...], int]] = {}
    for row, codes in enumerate(seen.codes.tolist()):
        by_setting.setdefault(tuple(codes[at] for at in own), {})[tuple(codes[at] for at in rest)] = row
    reference = by_setting.get(wanted, {})
    found = []
    for setting in sorted(by_setting):
        partners = [
            (row, by_setting[setting][place]) for place, row in reference.items() if place in by_setting[setting]
        ]
        apart = differences(seen.vectors, *zip(*partners, strict=True)) if partners else np.zeros(0)
        found.append(
            Setting(
                {name: seen.axes[name][code] for name, code in zip(like, setting, strict=True)},
                len(partners),
                len(reference) - len(partners),
                float(np.median(apart)) if partners else None,
                float(apart.max()) if partners else None,
            )
        )
    return found


def cheapest_first(settings: Sequence[Setting]) -> list[Setting]:
    """Settings in the order of their cost; of equal cost the nearest first, of unknown cost last."""

    def order(setting: Setting) -> tuple[float, float]:
        cost = math.inf if setting.cost_usd is None else round(setting.cost_usd, 9)
        return cost, math.inf if setting.difference is None else setting.difference

    return sorted(settings, key=order)


def _words(values: Mapping[str, Value]) -> str:
    return ", ".join(
        f"{name} {shorten(f'{value:g}' if isinstance(value, float) else str(value), 40)}"
        for name, value in values.items()
    )


def _saving(setting: Setting, reference: Setting) -> str:
    """How much cheaper a setting is, in words; empty where that is unknown."""
    if not setting.cost_usd or not reference.cost_usd or setting.cost_usd == reference.cost_usd:
        return ""
    share = setting.cost_usd / reference.cost_usd
    return f" for {100 * share:.0f} % of its cost"
