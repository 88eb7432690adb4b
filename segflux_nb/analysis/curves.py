"""What an axis of numbers does step by step: curves with intervals over seeds, where a subject begins, where it
burns.

**The subject is there from** the value at which the places that change most (`drift_peak`) have moved two thirds of
the way to where they stay: `REACHED` of the median between 0 and the beginning of burning, or the last value. It is
found for each seed, between two values by a straight line, and averaged. A fine-tune's style moves all places in
proportion to its strength. A subject moves few places much, and then stays.

**Burning begins** at the bend of `overcooking`: a straight line that continues at another, steeper slope is fitted to
the mean over seeds by least squares, and the bend is where its error is smallest (Hinkley, Biometrika 56, 1969).
Without a rise of `BURNT` after the bend there is no burning.

With photos, the subject is there from where its likeness has come two thirds of the way from that of the base model
to where it stays.

Intervals are Student's over seeds for what is found in each seed, and the jackknife's for the bend. Nothing is
known of
what lies between two values that were tried, so the variance of an even distribution over their distance d is added:
d² / 12. They are for other seeds of the same prompt, not for other prompts. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..markup import count, decimals, shorten
from .differences import difference_text
from .variance import CONFIDENCE
from .verdicts import CERTAINTY

if TYPE_CHECKING:
    import pandas as pd

    from .plotting import Plot, Theme

REACHED = 2 / 3
"""How far the places that change most have moved when the subject is there."""

BURNT = 0.1
"""The least rise of overcooking after the bend."""

PLACES = 400
"""Places at which a bend is tried."""

LEAST_VALUES = 5
"""A bend needs at least this number of values."""

MEASURES = ("drift", "drift_peak", "overcooking", "spread", "likeness")
"""What curves are drawn of, where it was measured."""


NEVER_NEGATIVE = ("drift", "drift_peak", "overcooking", "spread")
"""Distances and the like. Student's interval may reach below 0 where seeds differ much: it is cut off there."""


@dataclass(frozen=True)
class Estimate:
    """A value of the axis, with its interval.

    Attributes
    ----------
    value:
        The value.
    low, high:
        Its interval; None with one seed.
    """

    value: float
    low: float | None = None
    high: float | None = None

    def show(self, places: int, after: str = "") -> str:
        """The estimate as text: ``0.42, 0.31 to 0.53``.

        Parameters
        ----------
        places:
            Decimals.
        after:
            What stands behind the value.
        """
        text = f"{self.value:.{places}f}{after}"
        if self.low is None or self.high is None:
            return text
        return f"{text}, {self.low:.{places}f} to {self.high:.{places}f}"


@dataclass(frozen=True)
class Line:
    """The curves of one fine-tune, or of all pictures.

    Attributes
    ----------
    name:
        Its name; empty where there is one line.
    values:
        The values of the axis, in order.
    seeds:
        The number of seeds.
    numbers:
        By measure: a row for each value and a column for each seed, with gaps as NaN.
    present:
        From where the subject is there; None if that cannot be told.
    burning:
        Where burning begins; None if it does not within what was tried, or cannot be told.
    """

    name: str
    values: tuple[float, ...]
    seeds: int
    numbers: Mapping[str, NDArray[np.float64]] = field(repr=False)
    present: Estimate | None = None
    burning: Estimate | None = None

    @property
    def shows_burning(self) -> bool:
        """Whether its numbers can tell where burning begins, or that it does not."""
        burnt = self.numbers.get("overcooking", np.zeros((0, 0)))
        there = np.isfinite(burnt).any(axis=1) & (np.array(self.values[: len(burnt)]) >= 0)
        return int(there.sum()) >= LEAST_VALUES

    def summary(self, measure: str) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """The mean of a measure at each value, and the ends of its interval over seeds.

        Parameters
        ----------
        measure:
            One of `MEASURES`.
        """
        mean, low, high = _mean_with_interval(self.numbers[measure])
        return mean, (np.maximum(low, 0.0) if measure in NEVER_NEGATIVE else low), high


@dataclass(frozen=True)
class Curve:
    """What an axis does step by step. Its text is a sentence for each line.

    Attributes
    ----------
    axis:
        The axis.
    lines:
        One for each fine-tune.
    pictures:
        A picture for each line and value, to show under the axis.
    remarks:
        What to know about the numbers.
    knees_known:
        Whether it is looked for where the subject and where burning begin: along strengths, and no other axis.
    reference:
        What the pictures are compared with, in words.
    unit:
        What the intervals are over, in a word.
    """

    axis: str
    lines: Sequence[Line]
    pictures: Mapping[tuple[str, float], Any] = field(default_factory=dict, repr=False)
    remarks: Sequence[str] = ()
    knees_known: bool = True
    reference: str = "the base model"
    unit: str = "seed"

    @property
    def df(self) -> pd.DataFrame:
        """A new frame with a row for each line and value.

        ``line``, the axis, ``seeds``, and for each measure its mean over seeds and its interval: ``drift``,
        ``drift_low``, ``drift_high``, and the same for the others.
        """
        import pandas as pd

        frames = []
        for line in self.lines:
            columns: dict[str, Any] = {"line": line.name, self.axis: line.values, "seeds": line.seeds}
            for measure in line.numbers:
                mean, low, high = line.summary(measure)
                columns |= {measure: mean, f"{measure}_low": low, f"{measure}_high": high}
            frames.append(pd.DataFrame(columns))
        return pd.concat(frames, ignore_index=True)

    @property
    def knees(self) -> pd.DataFrame:
        """A new frame with a row for each line: ``present`` and ``burning`` with their intervals."""
        import pandas as pd

        rows = []
        for line in self.lines:
            row: dict[str, Any] = {"line": line.name, "seeds": line.seeds}
            for name, found in (("present", line.present), ("burning", line.burning)):
                row |= {
                    name: found.value if found else None,
                    f"{name}_low": found.low if found else None,
                    f"{name}_high": found.high if found else None,
                }
            rows.append(row)
        frame = pd.DataFrame(rows)
        numbers = [name for name in frame.columns if name not in ("line", "seeds")]
        return frame.astype(dict.fromkeys(numbers, "Float64"))

    def plot(self, *, theme: Theme = "light") -> Plot:
        """The curves with their intervals, where the subject begins and burning begins, and pictures below.

        Parameters
        ----------
        theme:
            ``light`` or ``dark``.

        Raises
        ------
        PlotError
            Without matplotlib: ``pip install "segflux-nb[plot]"``.
        """
        from .plotting import curve_plot

        return curve_plot(self, theme)

    def __str__(self) -> str:
        return "\n".join([*map(self._sentence, self.lines), *self.remarks])

    __repr__ = __str__

    def _moved(self, line: Line) -> str:
        """What an axis does that is no strength: how far it moves the picture from that of the base model."""
        name = f"{shorten(line.name, 40)}: " if line.name else ""
        means = line.summary("drift")[0] if "drift" in line.numbers else np.zeros(0)
        known = [(value, mean) for value, mean in zip(line.values, means, strict=False) if math.isfinite(mean)]
        if not known:
            return f"{name}no drift from {self.reference} is known"
        ends = " to ".join(f"{difference_text(mean)} at {value:g}" for value, mean in (known[0], known[-1]))
        return f"{name}the drift from {self.reference} goes from {ends} ({self._tried(line)})"

    def _tried(self, line: Line) -> str:
        return f"{count(line.seeds, self.unit)}, {count(len(line.values), 'value')} of {self.axis}"

    def _sentence(self, line: Line) -> str:
        if not self.knees_known:
            return self._moved(line)
        places = max([2, *map(decimals, line.values)])
        lowest, highest = (f"{value:g}" for value in (line.values[0], line.values[-1]))
        if line.present is None:
            parts = [f"whether the subject is there cannot be told from {lowest} to {highest}"]
        else:
            below = line.present.value <= _first_positive(line.values)
            parts = [f"the subject is there from {line.present.show(places, ' or below' if below else '')}"]
        if line.burning is None and not line.shows_burning:
            parts.append("whether it burns cannot be told: that needs 2 seeds and 5 values from 0 on")
        elif line.burning is None:
            parts.append(f"no burning up to {highest}")
        else:
            parts.append(f"burning begins at {line.burning.show(places)}")
        name = f"{shorten(line.name, 40)}: " if line.name else ""
        return f"{name}{'; '.join(parts)} ({self._tried(line)})"


def curve_of(
    rows: Iterable[Mapping[str, Any]],
    axis: str,
    *,
    measures: Sequence[str] = MEASURES,
    pictures: Mapping[tuple[str, float], Any] | None = None,
    remarks: Sequence[str] = (),
    knees: bool = True,
    reference: str = "the base model",
    unit: str = "seed",
) -> Curve:
    """The curves of an axis.

    Parameters
    ----------
    rows:
        For each picture: ``line``, ``value``, ``seed``, and its measures. What is not a number is left out.
    axis:
        The name of the axis.
    measures:
        The measures.
    pictures:
        A picture for each line and value.
    remarks:
        What to know about the numbers.
    knees:
        Whether to look for where the subject and where burning begin, which only an axis of strengths has.
    reference:
        What the pictures are compared with, in words.
    unit:
        What the intervals are over, in a word.

    Example
    -------
    >>> rows = [
    ...     {"line": "", "value": at / 10, "seed": seed, "drift_peak": min(at, 4), "overcooking": max(0, at - 14)}
    ...     for at in range(0, 19, 2)
    ...     for seed in (1, 2, 3)
    ... ]
    >>> print(*str(curve_of(rows, "lora_strength")).split("; "), sep=chr(10))
    the subject is there from 0.27, 0.17 to 0.36
    burning begins at 1.40, 1.31 to 1.49 (3 seeds, 10 values of lora_strength)
    """
    by_line: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_line.setdefault(str(row["line"]), []).append(row)
    lines = [_line(name, own, measures, knees) for name, own in by_line.items()]
    return Curve(axis, lines, pictures or {}, tuple(remarks), knees, reference, unit)


def _line(name: str, rows: Sequence[Mapping[str, Any]], measures: Sequence[str], knees: bool) -> Line:
    """The curves of one line, and with `knees` where subject and burning begin."""
    values = sorted({float(row["value"]) for row in rows})
    seeds = list(dict.fromkeys(row["seed"] for row in rows))
    numbers = {}
    for measure in measures:
        cells: dict[tuple[int, int], list[float]] = {}
        for row in rows:
            number = row.get(measure)
            if number is not None and math.isfinite(number):
                place = values.index(float(row["value"])), seeds.index(row["seed"])
                cells.setdefault(place, []).append(float(number))
        if cells:
            table = np.full((len(values), len(seeds)), np.nan)
            for place, several in cells.items():  # cells that differ in other axes
                table[place] = np.mean(several)
            numbers[measure] = table
    if not knees:
        return Line(name, tuple(values), len(seeds), numbers)
    places = np.array(values)
    burning = _burning(places, numbers["overcooking"]) if "overcooking" in numbers else None
    until = burning.value if burning is not None else math.inf
    measure = "likeness" if "likeness" in numbers else "drift_peak"
    present = (
        _present(places, numbers[measure], until, from_base=measure == "likeness") if measure in numbers else None
    )
    return Line(name, tuple(values), len(seeds), numbers, present, burning)


def _present(
    values: NDArray[np.float64], numbers: NDArray[np.float64], until: float, *, from_base: bool
) -> Estimate | None:
    """From where the subject is there.

    Parameters
    ----------
    values:
        The values of the axis.
    numbers:
        What is read: a row for each value, a column for each seed.
    until:
        Where burning begins.
    from_base:
        Whether the number of the base model is not 0: that of the value nearest to 0 is taken for it.
    """
    tried = (values > 0) & (values <= until)
    if tried.sum() < 2:
        return None
    found = []
    for column in numbers.T:
        base = float(column[np.argmin(np.abs(values))]) if from_base else 0.0
        rise = column - base
        there = tried & np.isfinite(rise)
        if there.sum() < 2:
            continue
        level = REACHED * float(np.median(rise[there]))
        if level <= 0:
            continue
        place = _crossing(values[np.isfinite(rise) & (values >= 0)], rise[np.isfinite(rise) & (values >= 0)], level)
        if place is not None:
            found.append(place)
    if not found:
        return None
    mean, low, high = (float(one[0]) for one in _mean_with_interval(np.array([found])))
    if math.isnan(low):
        return Estimate(mean)
    return _within(values, mean, low, high)


def _crossing(values: NDArray[np.float64], rise: NDArray[np.float64], level: float) -> float | None:
    """The first value at which something reaches a level, on a straight line between two; from 0 at 0."""
    if values[0] > 0:
        values, rise = np.append(0.0, values), np.append(0.0, rise)
    above = np.flatnonzero(rise >= level)
    if not len(above):
        return None
    at = int(above[0])
    if at == 0:
        return float(values[0])
    share = (level - rise[at - 1]) / (rise[at] - rise[at - 1])
    return float(values[at - 1] + share * (values[at] - values[at - 1]))


def _burning(values: NDArray[np.float64], numbers: NDArray[np.float64]) -> Estimate | None:
    """Where burning begins, with the jackknife's interval over seeds."""
    from scipy.special import stdtrit

    usable = (values >= 0) & np.isfinite(numbers).any(axis=1)
    values, numbers = values[usable], numbers[usable]
    found = _bend_of(values, numbers)
    if found is None:
        return None
    low, high = found
    bend, seeds = (low + high) / 2, numbers.shape[1]
    if seeds < 2:
        return Estimate(bend, *((low, high) if high > low else (None, None)))
    others = [_bend_of(values, np.delete(numbers, seed, axis=1)) or found for seed in range(seeds)]
    left = np.array([(low + high) / 2 for low, high in others])
    variance = (seeds - 1) / seeds * float(((left - left.mean()) ** 2).sum())
    half = float(stdtrit(seeds - 1, (1 + CONFIDENCE) / 2)) * math.sqrt(variance)
    return _within(values, bend, low - half, high + half)


def _within(values: NDArray[np.float64], value: float, low: float, high: float) -> Estimate:
    """An estimate whose interval also covers what lies between the values that were tried."""
    at = min(int(np.searchsorted(values[1:], value)), len(values) - 2)
    apart = float(values[at + 1] - values[at])
    between = CERTAINTY * apart / math.sqrt(12)
    return Estimate(
        value,
        max(value - math.hypot(value - low, between), 0.0),
        min(value + math.hypot(high - value, between), float(values[-1])),
    )


def _bend_of(values: NDArray[np.float64], numbers: NDArray[np.float64]) -> tuple[float, float] | None:
    """The first and the last place that fit best as the bend of the mean over seeds; None where nothing rises.

    With one value after the bend, all places between it and the value before fit equally.

    Parameters
    ----------
    values:
        The values of the axis.
    numbers:
        Overcooking: a row for each value, a column for each seed.
    """
    there = np.isfinite(numbers).any(axis=1)
    values, means = values[there], np.nanmean(numbers[there], axis=1)
    if len(values) < LEAST_VALUES:
        return None
    places = np.linspace(values[1], values[-1], PLACES, endpoint=False)
    errors, rises = np.full(PLACES, np.inf), np.zeros(PLACES)
    for at, place in enumerate(places):
        terms = np.stack([np.ones_like(values), values, np.maximum(0.0, values - place)], axis=1)
        weights = np.linalg.lstsq(terms, means, rcond=None)[0]
        if weights[2] > 0:
            errors[at] = float(((terms @ weights - means) ** 2).sum())
            rises[at] = float(weights[2]) * (values[-1] - place)
    best = int(np.argmin(errors))
    if rises[best] < BURNT:
        return None
    as_good = np.flatnonzero(errors <= errors[best] + 1e-9 * (1 + float((means**2).sum())))
    return float(places[as_good[0]]), float(places[as_good[-1]])


def _mean_with_interval(
    numbers: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Means of rows, and the ends of Student's intervals; NaN where a row has too few numbers."""
    from scipy.special import stdtrit

    there = np.isfinite(numbers)
    number = there.sum(axis=1)
    filled = np.where(there, numbers, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(number > 0, filled.sum(axis=1) / number, np.nan)
        squares = np.where(there, (numbers - mean[:, None]) ** 2, 0.0).sum(axis=1)
        half = stdtrit(np.maximum(number - 1, 1), (1 + CONFIDENCE) / 2) * np.sqrt(squares / (number - 1) / number)
    half = np.where(number > 1, half, np.nan)
    return mean, mean - half, mean + half


def _first_positive(values: Sequence[float]) -> float:
    return next((value for value in values if value > 0), values[-1])
