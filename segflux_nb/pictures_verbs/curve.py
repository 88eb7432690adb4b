"""``df.pictures.curve(...)``: what a column of numbers does step by step, in any frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..analysis.comparing import drift, overcooking, spreads
from ..analysis.curves import MEASURES, curve_of
from ..analysis.metrics import Measured, measured
from ..errors import RunError
from ..markup import count
from ..values import shown
from .study import FINETUNE, SEED, STRENGTH, Study, grouped, looked_at

if TYPE_CHECKING:
    import pandas as pd

    from ..analysis.curves import Curve


def curve(
    frame: pd.DataFrame,
    axis: str,
    *,
    by: str | None = None,
    relative_to: Mapping[str, Any] | None = None,
    image: Any = None,
) -> Curve:
    """Drift, overcooking and spread against a column of numbers.

    Parameters
    ----------
    frame:
        The frame.
    axis:
        The column.
    by:
        The column whose values are lines.
    relative_to:
        Values of the pictures that the others are compared with.
    image:
        The column of pictures; None to find it.

    Raises
    ------
    RunError
        If the column has fewer than two numbers, or nothing is there to compare with.
    """
    study = Study.of(frame, image, [name for name in (axis, by) if name is not None])
    study.check_axis(axis)
    _check_numbers(study, axis, by)
    reference = _reference(study, axis, relative_to)
    if study.has_own_seeds:
        raise RunError(
            f"Each picture has a seed of its own, so none can be compared with one of another {axis}",
            remedy="Make pictures with the same seeds for each value",
        )
    if by is None and FINETUNE in study.axes and axis != FINETUNE and study.view.column(FINETUNE).varies:
        by = FINETUNE
    found = _Measuring(study, axis, by, reference)
    rows = found.rows_of_curve()
    remarks = found.remarks(len(frame))
    pictures: dict[tuple[str, float], Any] = {}
    for row in rows:
        pictures.setdefault((row["line"], row["value"]), study.view.pictures[row["at"]])
    return curve_of(
        rows,
        axis,
        measures=[name for name in MEASURES if name != "likeness"],
        pictures=pictures,
        remarks=remarks,
        knees=axis == STRENGTH and reference == {STRENGTH: 0},
        reference="the base model" if reference == {STRENGTH: 0} else _in_words(reference),
        unit=found.unit,
    )


def _check_numbers(study: Study, axis: str, by: object) -> None:
    """Raise `RunError` for a column that has no curve."""
    values = {value for value in study.view.column(axis).values if value is not None}
    if axis == SEED or not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        raise RunError(f"{axis} is no column of numbers, so it has no curve", remedy="Name a column of numbers")
    if len(values) < 2:
        raise RunError(
            f"{axis} has {count(len(values), 'value')} in this frame, so it has no curve",
            remedy="Choose rows with several",
        )
    if by == axis:
        raise RunError(f"by={shown(by)} is the column of the curve itself", remedy="Name another one")


def _reference(study: Study, axis: str, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Values of the pictures that the others are compared with.

    Parameters
    ----------
    study:
        The frame.
    axis:
        The column of the curve.
    given:
        What the user names; None for strength 0, and otherwise for 0 on the axis.
    """
    if given is not None:
        found = {study.check_axis(name): value for name, value in dict(given).items()}
        for name, value in found.items():
            if value not in study.view.column(name).values:
                raise RunError(
                    f"No row has {name}={shown(value)} to compare the others with", remedy="Name values that it has"
                )
        return found
    for name in (STRENGTH, axis):
        if name in study.view and 0 in study.view.column(name).values:
            return {name: 0}
    lowest = min(value for value in study.view.column(axis).values if value is not None)
    raise RunError(
        f"No picture is at lora_strength 0, or at {axis} 0, to compare the others with",
        remedy=f"Name what they are compared with: relative_to={{{axis!r}: {lowest!r}}}",
    )


def _in_words(reference: Mapping[str, Any]) -> str:
    known = reference.items()
    return ", ".join(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in known)


@dataclass
class _Measuring:
    """The numbers of a curve.

    Parameters
    ----------
    study:
        The frame.
    axis:
        The column of the curve.
    by:
        The column of its lines; None for one line.
    reference:
        Values of the pictures that the others are compared with.
    """

    study: Study
    axis: str
    by: str | None
    reference: Mapping[str, Any]

    def __post_init__(self) -> None:
        study = self.study
        # At strength 0 there is no fine-tune: the picture is the same for each of them, or names none.
        free = {*self.reference, *([FINETUNE] if STRENGTH in self.reference else [])}
        self._shared = [name for name in study.axes if name not in free]
        self._blocks = [name for name in study.axes if name not in (self.axis, self.by) and name not in free]
        self.unit = SEED if SEED in self._blocks or not self._blocks else "group"
        if self._blocks in (["prompt_index"], ["prompt"]):
            self.unit = "prompt"
        self._looked = looked_at(study.view, study.rows)
        self._measured: dict[int, Measured] = {at: measured(one.image()) for at, one in self._looked.items()}
        rows = list(self._measured)
        self._bases: dict[tuple[Any, ...], int] = {}
        for at in rows:
            if self._is_base(at):
                self._bases.setdefault(self._key(at, self._shared), at)
        others = [name for name in study.axes if name != SEED]
        self._groups = grouped([study.values(at, others) for at in rows], rows) if SEED in study.axes else {}
        self._spreads: dict[int, float] = {}
        for group in self._groups.values():
            if len(group) > 1:
                values = spreads([self._measured[at].lab for at in group])
                self._spreads |= dict(zip(group, values, strict=True))

    def rows_of_curve(self) -> list[dict[str, Any]]:
        """A row for each picture, and for the reference one in each line that it is the beginning of."""
        study = self.study
        values = study.view.column(self.axis).values
        lines = study.view.column(self.by).labels if self.by else [""] * len(values)
        known = dict.fromkeys(
            lines[at]
            for at in self._measured
            if not self._is_base(at) or self.by is None or study.view.column(self.by).values[at] is not None
        )
        found = []
        for at in self._measured:
            if values[at] is None:
                continue
            is_of_all = self._is_base(at) and STRENGTH in self.reference and self.by == FINETUNE
            for line in known if is_of_all else [lines[at]]:
                row = {"at": at, "line": line, "value": float(values[at]), "seed": self._block(at)}
                found.append(row | self._numbers(at))
        return found

    def remarks(self, number: int) -> list[str]:
        """What to know about the numbers.

        Parameters
        ----------
        number:
            The rows of the frame.
        """
        remarks = []
        alone = sum(self._base_of(at) is None for at in self._measured)
        if alone:
            have = "has" if alone == 1 else "have"
            remarks.append(
                f"{alone:,} of {count(len(self._measured), 'picture')} {have} none at {_in_words(self.reference)}"
                " to compare with"
            )
        if SEED not in self.study.axes:
            remarks.append("No seed varies with the settings, so spread and overcooking are not known")
        absent = number - len(self._measured)
        if absent:
            have = "has" if absent == 1 else "have"
            remarks.append(f"{absent:,} of {count(number, 'row')} {have} no picture that can be read")
        return remarks

    def _is_base(self, at: int) -> bool:
        return all(self.study.view.column(name).values[at] == value for name, value in self.reference.items())

    def _key(self, at: int, axes: list[str]) -> tuple[Any, ...]:
        return self.study.values(at, axes)

    def _block(self, at: int) -> Any:
        return self.study.values(at, [SEED] if self.unit == SEED and self._blocks else self._blocks)

    def _base_of(self, at: int) -> int | None:
        return self._bases.get(self._key(at, self._shared))

    def _numbers(self, at: int) -> dict[str, float]:
        """The measures of a picture, as far as there is something to compare it with."""
        own, base = self._measured[at], self._base_of(at)
        numbers: dict[str, float] = {}
        if at in self._spreads:
            numbers["spread"] = self._spreads[at]
        if base is None:
            return numbers
        other = self._measured[base]
        numbers["drift"], numbers["drift_peak"] = drift(own.lab, other.lab)
        if at in self._spreads and base in self._spreads:
            numbers["overcooking"] = overcooking(
                own.values["saturation"],
                other.values["saturation"],
                own.values["clipping"],
                other.values["clipping"],
                self._spreads[at],
                self._spreads[base],
            )
        return numbers
