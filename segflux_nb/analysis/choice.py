"""Which value of an axis to take: what curve and votes say, and where they disagree. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..markup import decimals
from ..model import MODEL, Value
from ..paths import nested
from ..sweep.request import canonical_json
from ..sweep.toml_text import format_settings
from .curves import Line


@dataclass(frozen=True)
class Votes:
    """What votes say about an axis.

    Attributes
    ----------
    best:
        The preferred value.
    low, high:
        Its interval; None without one.
    text:
        The ranking's sentence.
    """

    best: Value
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class Choice:
    """The chosen value of an axis, with its evidence. Its text is sentences.

    Attributes
    ----------
    axis:
        The axis.
    value:
        The chosen value.
    reason:
        Where it comes from.
    evidence:
        What curve and votes say.
    disagreement:
        Where they disagree, in a sentence; empty where they agree, or one of them is missing.
    constants:
        The parameters that all runs have in common.
    further:
        The chosen values of further axes that were judged together with it.
    model:
        The slug of the model.
    names:
        The names of its parameters.
    """

    axis: str
    value: Value
    reason: str
    evidence: Sequence[str] = ()
    disagreement: str = ""
    constants: Mapping[str, Value] = field(default_factory=dict, repr=False)
    further: Mapping[str, Value] = field(default_factory=dict)
    model: str = MODEL.slug
    names: Sequence[str] = field(default=tuple(MODEL.parameters), repr=False)

    @property
    def parameters(self) -> dict[str, Value]:
        """The parameters to send: those that all runs have in common, and the chosen values. The seed is yours.

        A chosen placeholder is in the prompt.
        """
        chosen = {self.axis: self.value, **self.further}
        return {**self.constants, **{name: value for name, value in chosen.items() if name in self.names}}

    def to_json(self) -> str:
        """The parameters as JSON, to paste into a program."""
        return canonical_json({"model": self.model, **nested(self.parameters)})

    def to_toml(self) -> str:
        """The parameters as TOML; with a seed it is a sweep file for ``segflux run``."""
        return format_settings(self.parameters, self.model)

    def __str__(self) -> str:
        chosen = {self.axis: self.value, **self.further}
        values = ", ".join(
            f"{axis} {value:g}" if isinstance(value, float) else f"{axis} {value}" for axis, value in chosen.items()
        )
        return "\n".join(filter(None, (f"{values}: {self.reason}", *self.evidence, self.disagreement)))

    __repr__ = __str__


def choose(
    axis: str, tried: Sequence[Value], line: Line | None, votes: Votes | None, constants: Mapping[str, Value]
) -> Choice | None:
    """The value to take; None where neither curve nor votes say one.

    Votes come first: they say what people prefer. On an axis of numbers their peak may lie between two values that
    were
    tried. Without votes it is the middle between where the subject is there and where burning begins, as the nearest
    value that was tried: farthest from both mistakes.

    Parameters
    ----------
    axis:
        The axis.
    tried:
        Its values.
    line:
        Its curve, or None.
    votes:
        What votes say, or None.
    constants:
        The parameters that all runs have in common.

    Example
    -------
    >>> from .curves import Estimate
    >>> line = Line("", (0.4, 0.8, 1.2), 4, {}, Estimate(0.5, 0.4, 0.6), Estimate(1.1, 1.0, 1.2))
    >>> print(choose("lora_strength", [0.4, 0.8, 1.2], line, Votes(1.18, 1.05, 1.2, "best 1.18"), {}))
    lora_strength 1.18: what the votes prefer
    Votes: best 1.18
    Curve: the subject is there from 0.50, burning begins at 1.10
    They nearly disagree: the votes prefer 1.18, their interval reaches below the burning
    >>> choose("lora_strength", [0.4, 0.8, 1.2], line, None, {}).value
    0.8
    """
    evidence = [f"Votes: {votes.text}"] if votes is not None else []
    lowest = line.present.value if line is not None and line.present is not None else None
    highest = line.burning.value if line is not None and line.burning is not None else None
    if line is not None and lowest is not None:
        places = max([2, *map(decimals, line.values)])
        burning = "no burning in what was tried" if line.shows_burning else "whether it burns cannot be told"
        if highest is not None:
            burning = f"burning begins at {highest:.{places}f}"
        evidence.append(f"Curve: the subject is there from {lowest:.{places}f}, {burning}")
    if votes is not None:
        return Choice(
            axis,
            votes.best,
            "what the votes prefer",
            evidence,
            _disagreement(votes, lowest, highest),
            dict(constants),
        )
    if line is None or lowest is None:
        return None
    end = highest if highest is not None else float(line.values[-1])
    middle = (lowest + end) / 2
    nearest = min((value for value in tried if isinstance(value, int | float)), key=lambda value: abs(value - middle))
    until = "the beginning of burning" if highest is not None else "the highest value that was tried"
    reason = (
        f"in the middle between the beginning of the subject and {until}; no votes yet (runs.tuner asks for them)"
    )
    return Choice(axis, nearest, reason, evidence, "", dict(constants))


def _disagreement(votes: Votes, lowest: float | None, highest: float | None) -> str:
    """Where curve and votes disagree. An interval of the votes that reaches the curve's range is no disagreement."""
    if not isinstance(votes.best, int | float):
        return ""
    low = votes.best if votes.low is None else votes.low
    high = votes.best if votes.high is None else votes.high
    if highest is not None and low > highest:
        return f"They disagree: the votes prefer {votes.best:g}, where pictures burn by the curve. Look at both"
    if highest is not None and votes.best > highest:
        return f"They nearly disagree: the votes prefer {votes.best:g}, their interval reaches below the burning"
    if lowest is not None and high < lowest:
        where = "where the subject is not there by the curve"
        return f"They disagree: the votes prefer {votes.best:g}, {where}. Look at both"
    return ""
