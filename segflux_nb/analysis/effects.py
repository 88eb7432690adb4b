"""What each axis does to the pictures: shares of their variance, verdicts, and sentences about both. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..markup import count, shorten
from .differences import UNSEEN, difference_text
from .observations import Observations
from .variance import LEAST_SEEDS, Share, shares_of
from .verdicts import BELOW, INERT, LIMIT, MATTERS, UNMEASURED, Noise, Verdict, verdict_of

if TYPE_CHECKING:
    import pandas as pd

    from .plotting import Plot, Theme

SEED = "seed"
"""The axis over which intervals are taken."""

LEAST_SHARE = 0.01
"""Pairs of axes with a smaller share are not in the text. They are in `Effects.df`."""

VALUE_LENGTH = 30
"""The most characters of a value in a sentence."""


@dataclass(frozen=True)
class AtZero:
    """Pictures at strength 0 that should be the same for two fine-tunes.

    Attributes
    ----------
    one, other:
        The two fine-tunes.
    pairs:
        The number of pairs of pictures.
    apart:
        In how many of them the two differ by more than the noise.
    difference:
        The largest difference.
    """

    one: str
    other: str
    pairs: int
    apart: int
    difference: float

    def __str__(self) -> str:
        return (
            f"At lora_strength 0, {shorten(self.one, VALUE_LENGTH)} and {shorten(self.other, VALUE_LENGTH)} give"
            f" different pictures in {self.apart} of {count(self.pairs, 'pair')} (up to"
            f" {difference_text(self.difference)}): 0 should be the base model for both"
        )


@dataclass(frozen=True)
class Effects:
    """What each axis, and each pair of axes, does to the pictures. Its text is sentences.

    Attributes
    ----------
    shares:
        The share of the variance of each axis, then of each pair of axes.
    verdicts:
        Whether each axis did anything.
    noise:
        How much the service differs from itself.
    pictures:
        The number of pictures.
    cells:
        The number of cells of the whole grid.
    levels:
        The number of values of each axis.
    left_out:
        The number of runs without a picture that can be read.
    at_zero:
        Fine-tunes that differ at strength 0.
    hints:
        Further sentences.
    is_of_runs:
        Whether the pictures are runs of ours, which a service can be asked for again.
    """

    shares: Sequence[Share]
    verdicts: Sequence[Verdict]
    noise: Noise = field(repr=False)
    pictures: int
    cells: int
    levels: Mapping[str, int]
    left_out: int = 0
    at_zero: Sequence[AtZero] = ()
    hints: Sequence[str] = ()
    is_of_runs: bool = True

    @property
    def is_exact(self) -> bool:
        """Whether each cell of the grid has a picture. Otherwise the shares are approximate."""
        return self.pictures == self.cells

    @property
    def df(self) -> pd.DataFrame:
        """A new frame with a row for each axis and each pair of axes.

        ``term``; ``share`` of the variance, with its interval ``low`` to ``high``; and for axes ``verdict``,
        ``pairs``,
        ``equal``, ``difference`` (the median of all pairs), ``largest`` (the median of the two values that differ
        most), ``noise`` and ``more_pairs``.
        """
        import pandas as pd

        verdicts: dict[tuple[str, ...], Verdict] = {(verdict.axis,): verdict for verdict in self.verdicts}
        rows = []
        for share in self.shares:
            row = {
                "term": " × ".join(share.term),
                "share": share.share,
                "low": share.low,
                "high": share.high,
            }
            verdict = verdicts.get(share.term)
            if verdict is not None:
                row |= {
                    "verdict": verdict.word,
                    "pairs": verdict.pairs,
                    "equal": verdict.equal,
                    "difference": verdict.difference,
                    "largest": verdict.largest.difference if verdict.largest is not None else None,
                    "noise": self.noise.typical,
                    "more_pairs": verdict.more,
                }
            rows.append(row)
        types = {
            **dict.fromkeys(("term", "verdict"), "string"),
            **dict.fromkeys(("share", "low", "high", "difference", "largest", "noise"), "Float64"),
            **dict.fromkeys(("pairs", "equal", "more_pairs"), "Int64"),
        }
        names = ["term", "share", "low", "high", "verdict", "pairs", "equal"]
        names += ["difference", "largest", "noise", "more_pairs"]
        return pd.DataFrame(rows, columns=names).astype({name: types[name] for name in names})

    @property
    def values(self) -> pd.DataFrame:
        """A new frame with a row for each two values of an axis.

        ``axis``, ``one`` and ``other``, ``pairs``, ``equal``, ``difference`` (the median), ``verdict``.
        """
        import pandas as pd

        pairs = [pair for verdict in self.verdicts for pair in verdict.values]
        names = ("axis", "one", "other", "pairs", "equal", "difference", "verdict")
        return pd.DataFrame({name: [getattr(pair, name) for pair in pairs] for name in names})

    def plot(self, *, theme: Theme = "light") -> Plot:
        """The shares as bars with their intervals, and the verdict of each axis.

        Parameters
        ----------
        theme:
            ``light`` or ``dark``.

        Raises
        ------
        PlotError
            Without matplotlib: ``pip install "segflux-nb[plot]"``.
        """
        from .plotting import effects_plot

        return effects_plot(self, theme)

    def __str__(self) -> str:
        return "\n".join(self.lines)

    __repr__ = __str__

    @property
    def lines(self) -> list[str]:
        """The sentences: one for the pictures, one for each axis, then pairs of axes, noise, and what to know."""
        shares = {share.term: share for share in self.shares}
        grid = " × ".join(f"{number} {name}" for name, number in self.levels.items())
        lines = [f"{count(self.pictures, 'picture')}: {grid}" if grid else count(self.pictures, "picture")]
        if not self.verdicts:
            return [*lines, "No axis varies: there is nothing to compare"]
        lines += [line for verdict in self.verdicts for line in self._about(verdict, shares[(verdict.axis,)])]
        together = [share for share in self.shares if len(share.term) > 1 and share.share >= LEAST_SHARE]
        together.sort(key=lambda share: -share.share)
        lines += [f"{' × '.join(share.term)}: {_share(share, is_exact=self.is_exact)}" for share in together]
        return [*lines, *self._notes]

    def _about(self, verdict: Verdict, share: Share) -> list[str]:
        """The sentences about an axis."""
        what = f"{verdict.axis}: {_share(share, is_exact=self.is_exact)}; {verdict.word}"
        equal = f"equal pictures in {verdict.equal} of {count(verdict.pairs, 'pair')}"
        if not verdict.pairs:
            lines = [f"{what}: no two pictures differ in it alone"]
        elif verdict.word == INERT:
            lines = [f"{what}: {equal}"]
        else:
            lines = [f"{what}: {difference_text(verdict.difference or 0.0)} in {count(verdict.pairs, 'pair')}"]
            if verdict.equal and not verdict.groups:
                lines[0] += f", {equal}"
            if verdict.word in (MATTERS, BELOW) and verdict.largest is not None and self.noise.limit is not None:
                word = "above" if verdict.word == MATTERS else "not above"
                lines[0] += (
                    f"; {_value(verdict.largest.one)} and {_value(verdict.largest.other)} differ most,"
                    f" {difference_text(verdict.largest.difference)}, {word} {difference_text(self.noise.limit)}"
                )
                if verdict.word == MATTERS and verdict.largest.difference < UNSEEN:
                    lines[0] += ", too small to see"
            if verdict.more is not None:
                lines[0] += f"; {count(verdict.more, 'more pair')} would tell"
        for group in verdict.groups:
            pairs = [
                pair for pair in verdict.values if pair.verdict == INERT and {pair.one, pair.other} <= set(group)
            ]
            number = sum(pair.pairs for pair in pairs)
            lines.append(f"{verdict.axis}: {' = '.join(map(_value, group))} in {number} of {count(number, 'pair')}")
        return lines

    @property
    def _notes(self) -> list[str]:
        """What to know about the numbers."""
        notes = []
        typical = self.noise.typical
        if typical is not None:
            pairs = count(len(self.noise.differences), "pair")
            what = "the service differs from itself" if self.is_of_runs else "pictures with equal settings differ"
            notes.append(
                f"Noise: {what} by {difference_text(typical)} in {pairs}{' of takes' * self.is_of_runs};"
                f" a difference is real above {LIMIT} times that"
            )
        elif any(verdict.word == UNMEASURED for verdict in self.verdicts):
            notes.append(
                "No noise was measured: ws.probe(runs) measures how much the service differs from itself"
                if self.is_of_runs
                else "No noise was measured: two pictures with equal settings would tell what chance does"
            )
        if SEED not in self.levels:
            notes.append("One seed: nothing here says whether it holds for others")
        elif self.levels[SEED] < LEAST_SEEDS:
            notes.append(f"{count(self.levels[SEED], 'seed')}: intervals need {LEAST_SEEDS} or more")
        if not self.is_exact:
            missing = self.cells - self.pictures
            before = "the seed and the axes before it" if SEED in self.levels else "the axes before it"
            notes.append(
                f"The shares are approximate: {count(missing, 'cell')} of {self.cells:,}"
                f" {'has' if missing == 1 else 'have'} no"
                f" picture, so each axis gets what {before} leave"
            )
        if self.left_out:
            what = "run" if self.is_of_runs else "row"
            notes.append(f"{count(self.left_out, what)} without a picture that can be read left out")
        return [*notes, *map(str, self.at_zero), *self.hints]


def effects_of(
    seen: Observations,
    noise: Noise | None = None,
    *,
    left_out: int = 0,
    at_zero: Sequence[AtZero] = (),
    hints: Sequence[str] = (),
    is_of_runs: bool = True,
) -> Effects:
    """What each axis of some pictures does.

    Parameters
    ----------
    seen:
        The pictures.
    noise:
        How much the service differs from itself; None where it was not measured.
    left_out:
        The number of runs without a picture.
    at_zero:
        Fine-tunes that differ at strength 0.
    hints:
        Further sentences.
    is_of_runs:
        Whether the pictures are runs of ours.

    Example
    -------
    >>> import numpy as np
    >>> settings = [{"seed": seed, "scheduler": one} for seed in (1, 2) for one in ("simple", "normal")]
    >>> vectors = np.repeat(np.array([[0.0], [9.0]], dtype=np.float32), 2, axis=0) * np.ones((1, 3), dtype=np.float32)
    >>> print(effects_of(Observations.of(settings, ["seed", "scheduler"], vectors, "aabb")))
    4 pictures: 2 seed × 2 scheduler
    seed: 100 %; no noise measured: ΔE 15.6 in 2 pairs
    scheduler: 0 %; inert: equal pictures in 2 of 2 pairs
    No noise was measured: ws.probe(runs) measures how much the service differs from itself
    2 seeds: intervals need 3 or more
    """
    noise = noise or Noise()
    return Effects(
        shares=shares_of(seen, seed=SEED if SEED in seen.axes else None, noise=noise.variance) if seen.axes else [],
        verdicts=[verdict_of(seen, axis, noise) for axis in seen.axes],
        noise=noise,
        pictures=len(seen),
        cells=seen.cells,
        levels={name: len(values) for name, values in seen.axes.items()},
        left_out=left_out,
        at_zero=tuple(at_zero),
        hints=tuple(hints),
        is_of_runs=is_of_runs,
    )


def _share(share: Share, *, is_exact: bool) -> str:
    """A share as text: ``66 % (58 to 74)``."""
    text = f"{'' if is_exact else 'about '}{_percent(share.share)} %"
    return (
        text
        if share.low is None or share.high is None
        else f"{text} ({_percent(share.low)} to {_percent(share.high)})"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}" if 0.0005 <= share < 0.0995 else f"{100 * share:.0f}"


def _value(value: object) -> str:
    return shorten(f"{value:g}" if isinstance(value, float) else str(value), VALUE_LENGTH)
