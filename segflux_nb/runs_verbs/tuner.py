"""``runs.tuner(...)``: finding the best value of an axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..selection import Selection
from ..sweep.plan import Plan
from ..sweep.refine import refine
from ..sweep.sweep import Sweep
from .vote import comparison_of, rater_named

if TYPE_CHECKING:
    from ..widgets.tuner import Tuner


def tuner(runs: Selection, axis: str = "lora_strength", *, rater: str | None = None) -> Tuner:
    """Find the best value of an axis by looking: a slider through its values, and blind votes between pairs.

    Parameters
    ----------
    axis:
        What is tuned.
    rater:
        The name under which votes are kept; your user name on this machine if left out.

    Raises
    ------
    RunError
        If fewer than two values of the axis have pictures.

    Example
    -------
    ``tuner = runs.tuner()``, and when you have voted ``tuner.ranking`` and ``tuner.next_sweep()``
    """
    from ..widgets.tuner import Tuner

    def propose(axis: str, low: float, high: float) -> tuple[Sweep, Plan]:
        sweep = refine([run.parameters for run in runs], axis, low, high)
        return sweep, runs.source.launcher.plan(sweep, ask_balance=True)

    comparison = comparison_of(runs, axis)
    return Tuner(runs.df, axis, comparison, rater=rater_named(rater), propose=propose)
