"""``runs.curve(...)``: what an axis of numbers does step by step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import RunError
from ..markup import count
from ..selection import Selection
from ..sweep.names import LABEL
from ..values import shown
from .measure import measure

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ..analysis.curves import Curve

STRENGTH, SEED, FINETUNE = "lora_strength", "seed", "finetune_id"


def curve(
    runs: Selection,
    axis: str = "lora_strength",
    *,
    by: str | None = None,
    photos: str | Path | None = None,
    executor: Executor | None = None,
) -> Curve:
    """Drift from the base model, overcooking and spread across seeds against an axis, each with its interval.

    Its text is a sentence for each fine-tune: from where the subject is there, and where burning begins. Both are
    read
    from pictures alone, so look at the pictures too: ``docs/analysis.md`` says how, and when not to trust it. The
    numbers are those of `measure`, so they are computed once.

    Parameters
    ----------
    axis:
        An axis of numbers.
    by:
        The axis whose values are lines; fine-tunes if left out and they vary. All other axes are averaged.
    photos:
        A folder with photos of the person that the fine-tune is of: then the likeness says from where the subject is
        there (extra ``[likeness]``; only with that person's consent).
    executor:
        Where pictures are decoded, such as a `concurrent.futures.ProcessPoolExecutor`; this thread if left out.

    Returns
    -------
    Curve
        ``.df`` has a row for each line and value, ``.knees`` one for each line, ``.plot()`` draws both.

    Raises
    ------
    RunError
        If the axis has fewer than two numbers, or the log has no picture at ``lora_strength`` 0 to compare with.

    Example
    -------
    ``runs.curve()`` shows, for example, ``the subject is there from 0.42, 0.31 to 0.53; burning begins at 1.38, …``
    """
    from ..analysis.curves import MEASURES, curve_of

    _check_axes(runs, axis, by)
    values = [value for value in runs.axes[axis] if isinstance(value, int | float)]
    if len(values) == 1 == len(runs.axes[axis]):
        raise RunError(f"{axis} has one value in these runs, so it has no curve", remedy="Choose runs with several")
    if len(values) < len(runs.axes[axis]) or axis == SEED:
        raise RunError(
            f"{axis} is no axis of numbers in these runs, so it has no curve",
            remedy=f"The axes are {', '.join(runs.axes)}" if runs.axes else "These runs have no axis",
        )
    if by is None:
        by = FINETUNE if len(runs.axes.get(FINETUNE, ())) > 1 else ""
    names = ["drift", "drift_peak", "overcooking", "spread", *(["likeness"] if photos is not None else [])]
    found = measure(runs, *names, photos=photos, executor=executor)
    if found["drift"].isna().all():
        raise RunError(
            "The log has no picture at lora_strength 0 to compare these with",
            remedy="Make them: ws.run(runs.sweep.with_baseline())",
        )
    log = runs.log.set_index("run", drop=False).loc[found["run"]]
    lines = _lines(log, by)
    measured = [name for name in MEASURES if name in found.columns]
    numbers = [[_number(value) for value in found[name]] for name in measured]
    places = [float(value) for value in log[axis]]
    seeds = log[SEED].tolist()
    rows = [
        {"line": line, "value": value, "seed": seed, **dict(zip(measured, row, strict=True))}
        for line, value, seed, *row in zip(lines, places, seeds, *numbers, strict=True)
    ]
    pictures: dict[tuple[str, float], Any] = {}
    for line, value, image in zip(lines, places, found["image"], strict=True):
        pictures.setdefault((line, value), image)
    remarks = _remarks(runs, found)
    if "likeness_of_photos" in found.attrs:
        low, high = found.attrs["likeness_of_photos"]
        remarks.append(f"The photos' own likeness to each other is {low:.2f} to {high:.2f}")
    return curve_of(rows, axis, pictures=pictures, remarks=remarks, knees=axis == STRENGTH)


def _check_axes(runs: Selection, axis: object, by: object) -> None:
    """Raise `RunError` for what is no axis of these runs."""
    axes = f"The axes are {', '.join(runs.axes)}" if runs.axes else "These runs have no axis"
    if not isinstance(axis, str) or axis not in runs.axes:
        raise RunError(f"{shown(axis)} is no axis of numbers in these runs, so it has no curve", remedy=axes)
    if by is not None and (not isinstance(by, str) or by not in runs.axes):
        raise RunError(f"by={shown(by)} is no axis of these runs", remedy=axes)
    if by == axis:
        raise RunError(f"by={shown(by)} is the axis of the curve itself", remedy="Name another axis, or leave by out")


def _lines(log: Any, by: str) -> list[str]:
    """The name of the line of each run; labels stand for their values."""
    if not by:
        return [""] * len(log)

    return [str(value) for value in log[f"{by}{LABEL}" if f"{by}{LABEL}" in log.columns else by]]


def _number(value: Any) -> float | None:
    import pandas as pd

    return None if pd.isna(value) else float(value)


def _remarks(runs: Selection, found: Any) -> list[str]:
    """What to know about the numbers."""
    without = int(found["drift"].isna().sum())
    remarks = []
    if without:
        have, are = ("has", "is") if without == 1 else ("have", "are")
        remarks.append(
            f"{without:,} of {count(len(found), 'picture')} {have} none at lora_strength 0 to compare with, and"
            f" {are} left out"
        )
    absent = len(runs) - len(found)
    if absent:
        have = "has" if absent == 1 else "have"
        remarks.append(f"{absent:,} of {count(len(runs), 'run')} {have} no picture")
    return remarks
