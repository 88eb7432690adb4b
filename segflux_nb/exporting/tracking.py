"""What a tracker of experiments is told: groups of runs, with parameters, metrics, and a place for each picture.

Trackers show pictures of one key beside each other, and step through them with a slider. So a group is a value of an
axis, the slider steps through another axis, and the key names all that is left. Pure.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import LayoutError
from ..lifecycle import State
from ..markup import did_you_mean
from ..model import MODEL
from ..runlog.columns import COLUMNS
from ..sheets.frame_column import float_labels, text_of
from ..sheets.frame_view import FrameView
from ..sweep.names import LABEL, TEMPLATE
from ..values import is_missing, shown

Axes = Mapping[str, Sequence[Any]]
"""All values by axis."""

FIRST = ("finetune_id", "lora_strength")
"""The axes that make groups where the user names none, the first of them that varies."""

SEED, TAKE = "seed", "take"

_LONGEST_KEY = 100
"""The most characters of a key. It is a part of a file's name."""

_LONGEST = 5_000
"""The most characters of a parameter's text. MLflow takes 6,000."""

_OF_THE_LOG = {column.name for column in COLUMNS}


@dataclass(frozen=True)
class Placed:
    """A row of the frame, in its group.

    Attributes
    ----------
    row:
        Its position in the frame.
    key:
        What tells it from the others of its step: letters, digits, ``_``, ``-``, ``.`` and spaces.
    step:
        Its place along the axis of the slider, from 0; the value itself where that is a number of steps.
    """

    row: int
    key: str
    step: int


@dataclass(frozen=True)
class Group:
    """The rows of a value of the axis that makes groups.

    Attributes
    ----------
    label:
        The label of the value; empty where there is one group for all.
    value:
        The value itself.
    name:
        What the tracker calls the group: ``lora_strength 0.8``.
    parameters:
        The text of each parameter; of those that vary, all values.
    metrics:
        Means of the pictures' numbers and of the marks, and what the group has cost.
    along:
        Means by step, of each number that has several steps: ``sharpness by steps``.
    placed:
        Its rows.
    """

    label: str
    value: Any
    name: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    along: Mapping[str, Mapping[int, float]]
    placed: Sequence[Placed] = field(repr=False)


@dataclass(frozen=True)
class Study:
    """All groups of an export.

    Attributes
    ----------
    by:
        The axis that makes groups; empty where there is one.
    step:
        The axis of the slider; empty where there is none.
    steps:
        The label of each step.
    groups:
        The groups, in the order of their values.
    """

    by: str
    step: str
    steps: Mapping[int, str]
    groups: Sequence[Group]


def study_of(
    view: FrameView, axes: Axes, cells: Sequence[Mapping[str, Any]], by: str | None, step: str | None
) -> Study:
    """The rows of a frame as groups for a tracker.

    Parameters
    ----------
    view:
        `Runs.log`, with what was measured.
    axes:
        All values by axis.
    cells:
        The values of all cells, those without a run yet included: what they decide is the same before and after.
    by:
        The axis that makes groups. Left out, `FIRST`, or else the first that varies.
    step:
        The axis of the slider. Left out, the first axis of numbers that is left, or else the seed.

    Raises
    ------
    LayoutError
        Where one of them is no axis, or both are the same.
    """
    varying = [name for name in axes if name in view and len(axes[name]) > 1]
    by = _named("by", by, varying) or next((name for name in (*FIRST, *varying) if name in varying), "")
    left = [name for name in varying if name != by]
    if step is not None and step == by:
        raise LayoutError(f"by and step are both {by!r}", remedy="Name two axes, or leave one out")
    numbers = [name for name in left if name != SEED and all(_is_number(value) for value in axes[name])]
    step = _named("step", step, left) or next(iter([*numbers, *(name for name in left if name == SEED)]), "")
    places = _places(view, axes, step)
    telling = [name for name in left if name != step and not any(_decides(cells, one, name) for one in (by, step))]
    keys = _keys(view, axes, [*telling, *([TAKE] if TAKE in view and view.column(TAKE).varies else [])])
    labels = _labels(view, axes, by) if by else ("",) * len(view)
    values = view.column(by).values if by else (None,) * len(view)
    rows: dict[str, list[int]] = {}
    for at in _in_order(values, list(axes.get(by, ()))):
        rows.setdefault(labels[at], []).append(at)
    numeric = _numbers(view, axes)
    taken: Counter[tuple[str, str, int]] = Counter()
    groups = []
    for label, own in rows.items():
        placed = []
        for at in own:
            taken[label, keys[at], places[at]] += 1
            nth = taken[label, keys[at], places[at]]
            placed.append(Placed(at, keys[at] if nth == 1 else f"{keys[at]} {nth}", places[at]))
        metrics, along = _metrics(view, numeric, placed, step)
        name = f"{by} {label}" if by else "all runs"
        linked = [other for other in axes if _decides(cells, by, other)]
        parameters = _parameters(view, axes, by, linked, label, own)
        groups.append(Group(label, values[own[0]], name, parameters, metrics, along, placed))
    names = _labels(view, axes, step) if step else ("",) * len(view)
    return Study(by, step, {places[at]: names[at] for at in range(len(view))} if step else {}, groups)


def table_columns(view: FrameView, axes: Iterable[str]) -> list[str]:
    """The columns of a table of runs: what tells them apart, marks, numbers. Ids and times are left to the log.

    Parameters
    ----------
    view:
        `Runs.log`, with what was measured.
    axes:
        The names of the axes.
    """
    own = [name for name in view.frame.columns if name not in _OF_THE_LOG and name != TEMPLATE]
    first = ["run", "status", *axes, *(name for name in MODEL.parameters if name in view)]
    marks = ["stars", "pick", "note"]
    last = ["service", TAKE, "cost_usd", "render_seconds", "error", "sha256"]
    return [name for name in dict.fromkeys((*first, *own, *marks, *last)) if name in view]


def digest_of(*parts: object) -> str:
    """A digest of values, the same on each machine.

    Parameters
    ----------
    parts:
        The values; what JSON does not have counts by its text.
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _named(argument: str, name: str | None, axes: Sequence[str]) -> str:
    """The name of an axis that the user gave; empty for none.

    Parameters
    ----------
    argument:
        The argument.
    name:
        What the user gave.
    axes:
        The axes that can be named.
    """
    if name is None:
        return ""
    if name not in axes:
        known = f"The axes are {', '.join(axes)}" if axes else "These runs have no axis that is left"
        near = did_you_mean(name, axes) if isinstance(name, str) else ""
        raise LayoutError(f"{argument}={shown(name)} is no axis of these runs", remedy=near or known)
    return name


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _in_order(values: Sequence[Any], order: Sequence[Any]) -> list[int]:
    """The rows in the order of an axis; rows of values that it does not name come last."""
    ranks = {value: rank for rank, value in enumerate(order)}
    return sorted(range(len(values)), key=lambda at: ranks.get(values[at], len(ranks)))


def _places(view: FrameView, axes: Axes, step: str) -> list[int]:
    """The step of each row: numbers of steps as they are, and of other axes the place of the value.

    Parameters
    ----------
    view:
        The rows.
    axes:
        All values by axis.
    step:
        The axis of the slider; empty for none.
    """
    if not step:
        return [0] * len(view)
    values = view.column(step).values
    known = [*dict.fromkeys([*axes[step], *values])]
    if step != SEED and all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in known):
        return [int(value) for value in values]
    ranks = {value: rank for rank, value in enumerate(known)}
    return [ranks[value] for value in values]


def _labels(view: FrameView, axes: Axes, name: str) -> tuple[str, ...]:
    """The label of each row's value of a column; the decimals of numbers are those of the whole axis."""
    labels = _label_of(view, axes, name)
    return tuple(labels[value] for value in view.column(name).values)


def _label_of(view: FrameView, axes: Axes, name: str) -> dict[Any, str]:
    column, known = view.column(name), axes.get(name, ())
    if not column.given_labels and known and all(isinstance(value, float) for value in known):
        return {
            **column.label_of,
            **float_labels([*known, *(value for value in column.distinct if value is not None)]),
        }
    return {**{value: text_of(value) for value in known}, **column.label_of}


def _keys(view: FrameView, axes: Axes, names: Sequence[str]) -> list[str]:
    """The key of each row: the values that neither the group nor the step decides. It is the same in all groups.

    Parameters
    ----------
    view:
        The rows.
    axes:
        All values by axis.
    names:
        The columns that tell rows of a group and a step apart.
    """
    parts: list[list[str]] = [[] for _ in range(len(view))]
    for name in names:
        values = view.column(name).values
        is_number = all(_is_number(value) or value is None for value in values)
        for at, label in enumerate(_labels(view, axes, name)):
            parts[at].append(f"{name} {label}" if is_number else label)
    return [_as_key(own) for own in parts]


def _decides(cells: Sequence[Mapping[str, Any]], one: str, other: str) -> bool:
    """Whether each value of an axis comes with one value of another one, as linked axes do."""
    if not one:
        return False
    pairs = {(cell.get(one), cell.get(other)) for cell in cells}
    return len(pairs) == len({value for value, _ in pairs})


def _as_key(parts: Sequence[str]) -> str:
    """A key of labels. Where characters are lost or cut off, a digest keeps it apart from others."""
    text = " - ".join(parts)
    key = re.sub(r"[^A-Za-z0-9_\-. ]+", "_", text).strip(" .")
    if key == text and len(key) <= _LONGEST_KEY:
        return key or "picture"
    return f"{key[: _LONGEST_KEY - 9].strip(' .')} {digest_of(text)[:8]}".strip()


def _parameters(
    view: FrameView, axes: Axes, by: str, linked: Sequence[str], label: str, rows: Sequence[int]
) -> dict[str, str]:
    """The text of each parameter of a group.

    Parameters
    ----------
    view:
        The rows.
    axes:
        All values by axis.
    by:
        The axis that makes groups.
    linked:
        The axes that it decides.
    label:
        The label of the group's value.
    rows:
        The rows of the group.
    """
    found = {}
    for name in dict.fromkeys((*axes, *MODEL.parameters, "service")):
        if name not in view:
            continue
        labels = _label_of(view, axes, name)
        own = dict.fromkeys(view.column(name).values[at] for at in rows)
        values = axes[name] if name in axes and name not in (by, *linked) else own
        text = ", ".join(labels[value] for value in values)
        found[name] = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        if name == by and view.column(name).given_labels:
            found[f"{name} value"] = ", ".join(map(text_of, own))
    return found


def _numbers(view: FrameView, axes: Axes) -> list[str]:
    """The columns of numbers about pictures: what was measured, and the user's own."""
    return [
        name
        for name in view.frame.columns
        if name not in _OF_THE_LOG
        and name not in axes
        and not str(name).endswith(LABEL)
        and any(_is_number(value) for value in view.column(name).values)
        and all(_is_number(value) or value is None for value in view.column(name).values)
    ]


def _metrics(
    view: FrameView, numbers: Sequence[str], placed: Sequence[Placed], step: str
) -> tuple[dict[str, float], dict[str, dict[int, float]]]:
    """Means of a group, and means of each of its steps.

    Parameters
    ----------
    view:
        The rows.
    numbers:
        The columns of numbers.
    placed:
        The rows of the group.
    step:
        The axis of the slider; empty for none.
    """
    metrics: dict[str, float] = {}
    along: dict[str, dict[int, float]] = {}
    for name in (*numbers, "stars", "render_seconds"):
        values = [(one.step, view.column(name).values[one.row]) for one in placed] if name in view else []
        known = [(at, float(value)) for at, value in values if not is_missing(value)]
        if not known:
            continue
        metrics[name] = _mean([value for _, value in known])
        by_step = defaultdict(list)
        for at, value in known:
            by_step[at].append(value)
        if len(by_step) > 1:
            along[f"{name} by {step}"] = {at: _mean(own) for at, own in sorted(by_step.items())}
    costs = [view.column("cost_usd").values[one.row] for one in placed] if "cost_usd" in view else []
    if any(not is_missing(cost) for cost in costs):
        metrics["cost_usd"] = sum(float(cost) for cost in costs if not is_missing(cost))
    if "pick" in view:
        metrics["picks"] = sum(view.column("pick").values[one.row] is True for one in placed)
    metrics["pictures"] = sum(view.pictures[one.row] is not None for one in placed)
    without = [view.statuses[one.row] for one in placed if view.pictures[one.row] is None]
    metrics["failed"] = sum(status in (State.FAILED.status, State.REFUSED.status) for status in without)
    return metrics, along


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
