"""The sweep: which requests to make, as an immutable value."""

from __future__ import annotations

import hashlib
import itertools
import random
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import tomli_w

from ..errors import SweepError
from ..markup import count, escape, plain, shorten
from ..model import MODEL, Value
from .axes import Axis, Linked, axis, check_name, check_value, fill, linked_axis, placeholders
from .request import Request, canonical_json

Cells = list[Request]

_TEMPLATE = "prompt_template"
"""The label that holds the unfilled prompt, where it has placeholders."""


class Sweep:
    """A grid of requests.

    One plain value is a constant; a list, tuple, range, array, Series, mapping (values with labels) or text range
    is an axis. The grid is the product of the axes in the order they are named, the last axis fastest. Names in
    braces in the prompt are placeholders and take values of their own. A sweep is never changed: each method
    returns another one. Nothing is sent by making one, and every value is checked here.

    Parameters
    ----------
    *linked:
        Groups of parameters that move together, from `segflux_nb.linked`.
    **parameters:
        The service's own names: ``prompt`` and ``finetune_id`` (both needed), ``lora_strength``, ``steps``,
        ``seed``, ``sampler_name``, ``scheduler``, ``aspect_ratio``, ``hardware``; and the prompt's placeholders.

    Raises
    ------
    SweepError
        Naming the parameter, the value and the remedy.

    Example
    -------
    >>> sweep = Sweep(prompt="TOK {animal}", animal=["fox", "owl"], finetune_id="a", lora_strength="0-1 [3]")
    >>> len(sweep), list(sweep.axes)
    (6, ['animal', 'lora_strength'])
    >>> [(cell.prompt, cell.lora_strength) for cell in sweep][:2]
    [('TOK fox', 0.0), ('TOK fox', 0.5)]
    """

    def __init__(self, *linked: Linked, **parameters: Any) -> None:
        for group in linked:
            if not isinstance(group, Linked):
                raise SweepError(
                    f"Sweep takes parameters by name; it was given {type(group).__name__} without one",
                    remedy="Write Sweep(prompt=..., finetune_id=..., seed=[1, 2])",
                )
        _check_names(linked, parameters)
        self._given: tuple[tuple[Linked, ...], dict[str, Any]] = (linked, parameters)
        self._declared: list[Axis] = [linked_axis(group) for group in linked]
        self._constants: dict[str, Value] = {}
        for name, given in parameters.items():
            found = axis(name, given)
            if found is None:
                self._constants[name] = check_value(name, given)
            else:
                self._declared.append(found)
        self._steps: tuple[_Step, ...] = ()
        _check_texts(self._constants, self._declared)

    # ------------------------------------------------------------------ what is in it

    @cached_property
    def _cells(self) -> tuple[Request, ...]:
        cells = [_request(self._constants, point) for point in itertools.product(*(a.points for a in self._declared))]
        for step in self._steps:
            cells = step.apply(cells)
        return tuple(cells)

    def __iter__(self) -> Iterator[Request]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    def __getitem__(self, index: int) -> Request:
        return self._cells[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sweep) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    @cached_property
    def axes(self) -> dict[str, list[Value]]:
        """The names that vary and their values, in order.

        Parameters that move together each have their entry; so have placeholders, in place of the prompt they
        fill.
        """
        values: dict[str, dict[Value, None]] = {name: {} for axis in self._declared for name in axis.names}
        for step in self._steps:
            values.update({name: {} for name in step.names if name not in values})
        if any(_TEMPLATE in cell.labels for cell in self._cells):
            # Filled prompts are as many as cells; what varies along this axis is the template.
            values = {_TEMPLATE if name == "prompt" else name: seen for name, seen in values.items()}
        for cell in self._cells:
            for name, seen in values.items():
                value = cell.labels.get(name, cell.parameters.get(name))
                if value is not None:
                    seen[value] = None
        return {name: _ordered(seen, self._declared, name) for name, seen in values.items() if seen}

    @cached_property
    def labels(self) -> dict[str, dict[Value, str]]:
        """For each axis that has labels: the label of each value."""
        found: dict[str, dict[Value, str]] = {}
        for cell in self._cells:
            for key, label in cell.labels.items():
                name = key.removesuffix("_label")
                if name != key:
                    found.setdefault(name, {})[cell.labels.get(name, cell.parameters.get(name, ""))] = str(label)
        return found

    @cached_property
    def constants(self) -> dict[str, Value]:
        """The parameters that have one value in all cells, defaults included."""
        varying = {name for cell in self._cells[1:] for name in _differences(cell, self._cells[0])}
        varying.update(self.axes)
        return {name: value for name, value in self._cells[0].parameters.items() if name not in varying}

    @cached_property
    def identity(self) -> str:
        """A digest of the cells with their labels, in order: the same for equal sweeps."""
        cells = [[cell.digest, dict(cell.labels)] for cell in self._cells]
        return hashlib.sha256(canonical_json([list(self.axes), cells]).encode()).hexdigest()

    @property
    def name(self) -> str:
        """The name a run of it is logged under unless it is given one: its axes and the start of its identity."""
        return " x ".join([*(self.axes or ["one"])]) + " " + self.identity[:6]

    # ------------------------------------------------------------------ other sweeps

    def where(self, keep: Callable[[Request], object]) -> Sweep:
        """The cells for which `keep(request)` is true.

        Example
        -------
        ``sweep.where(lambda cell: cell.sampler_name != "heun" or cell.steps <= 20)``
        """
        return self._with(_Where(keep))

    def sample(self, n: int, seed: int = 0) -> Sweep:
        """A random choice of `n` cells, the same for the same `seed`, in the sweep's order."""
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= len(self):
            raise SweepError(f"sample({n!r}) takes an integer from 1 to {len(self)}, the number of cells")
        return self._with(_Sample(n, seed))

    def with_baseline(self) -> Sweep:
        """The sweep and, for each of its cells, the base model's picture: ``lora_strength=0``, all else the same."""
        return self._with(_Baseline())

    def __add__(self, other: object) -> Sweep:
        if not isinstance(other, Sweep):
            return NotImplemented
        return self._with(_Plus(other))

    def replace(self, **parameters: Any) -> Sweep:
        """The sweep with some parameters given anew; axes keep their place, filters are applied again."""
        groups, given = self._given
        kept = tuple(group for group in groups if not set(group.values) & set(parameters))
        for group in groups:
            lost = set(group.values) - set(parameters)
            if group not in kept and lost:
                raise SweepError(
                    f"{', '.join(sorted(set(group.values) & set(parameters)))} moves together with "
                    f"{', '.join(sorted(lost))}",
                    remedy="Replace all parameters of a linked group",
                )
        changed = Sweep(*kept, **{**given, **parameters})
        changed._steps = tuple(step.replaced(parameters) for step in self._steps)
        return _checked(changed)

    def _with(self, step: _Step) -> Sweep:
        groups, given = self._given
        changed = Sweep(*groups, **given)
        changed._steps = (*self._steps, step)
        return _checked(changed)

    # ------------------------------------------------------------------ files

    def to_toml(self, path: str | Path) -> Path:
        """Write the sweep to a TOML file, to keep it beside a paper or to run it with ``segflux run``.

        Cells are written out where the sweep was filtered, sampled or added to; else its axes are.
        """
        path = Path(path)
        content: dict[str, Any] = {"model": MODEL.slug}
        if self._steps:
            content["axes"] = list(self.axes)
            content["cells"] = [
                {
                    "parameters": dict(cell.parameters),
                    **({"labels": dict(cell.labels)} if cell.labels else {}),
                }
                for cell in self._cells
            ]
        else:
            groups = [a for a in self._declared if len(a.names) > 1]
            if groups:
                content["linked"] = [{name: _toml_values(a, name) for name in a.names} for a in groups]
            singles = {a.names[0]: _toml_values(a, a.names[0]) for a in self._declared if len(a.names) == 1}
            order = [name for name in self._given[1] if name in singles or name in self._constants]
            content["sweep"] = {name: singles.get(name, self._constants.get(name)) for name in order}
        path.write_text(tomli_w.dumps(content), encoding="utf-8")
        return path

    @classmethod
    def from_toml(cls, path: str | Path) -> Sweep:
        """Read a sweep that `to_toml` or a person wrote.

        A file written by hand holds a table ``[sweep]`` with the arguments of `Sweep`, and may hold
        ``[[linked]]`` tables.

        Raises
        ------
        SweepError
            Where the file cannot be read, or a value in it cannot be.
        """
        try:
            content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SweepError(
                f"{path} is no sweep file: {error}", remedy="Write one with sweep.to_toml(path)"
            ) from None
        unknown = set(content) - {"model", "sweep", "linked", "cells", "axes"}
        if unknown or not (isinstance(content.get("sweep"), dict) ^ isinstance(content.get("cells"), list)):
            raise SweepError(
                f"{path} is no sweep file" + (f": it has {', '.join(sorted(unknown))}" if unknown else ""),
                remedy="It has a table [sweep] with the parameters, or [[cells]]; sweep.to_toml(path) writes one",
            )
        if content.get("model", MODEL.slug) != MODEL.slug:
            raise SweepError(f"{path} is for the model {content['model']!r}", remedy=f"This is for {MODEL.slug!r}")
        if "sweep" in content:
            return cls(*(Linked(group) for group in content.get("linked", [])), **content["sweep"])
        return _from_cells(content["cells"], content.get("axes", []))

    # ------------------------------------------------------------------ how it shows

    def __repr__(self) -> str:
        axes = " × ".join(f"{len(values)} {name}" for name, values in self.axes.items())
        return f"Sweep({count(len(self), 'run')}{': ' + axes if axes else ''})"

    def _repr_html_(self) -> str:
        rows = [
            (name, ", ".join(_shown(self, name, value) for value in values)) for name, values in self.axes.items()
        ]
        rows += [(name, plain(value)) for name, value in self.constants.items()]
        style = 'style="text-align:left;vertical-align:top;padding:1px 12px 1px 0"'
        body = "".join(
            f"<tr><th {style}>{escape(name)}</th><td {style}>{escape(shorten(text, 200))}</td></tr>"
            for name, text in rows
        )
        return f"<div><strong>{escape(repr(self))}</strong><table>{body}</table></div>"


class _Step(Protocol):
    """Something done to the product's cells, kept as data so that `replace` can do it again."""

    @property
    def names(self) -> Sequence[str]:
        """Axes that it may add."""
        ...

    def apply(self, cells: Cells) -> Cells: ...

    def replaced(self, parameters: Mapping[str, Any]) -> _Step: ...


class _Derived:
    """What most steps share: they do not depend on the parameters that are replaced."""

    names: Sequence[str] = ()

    def replaced(self, parameters: Mapping[str, Any]) -> Any:
        return self


@dataclass(frozen=True)
class _Where(_Derived):
    keep: Callable[[Request], object]

    def apply(self, cells: Cells) -> Cells:
        return [cell for cell in cells if self.keep(cell)]


@dataclass(frozen=True)
class _Sample(_Derived):
    n: int
    seed: int

    def apply(self, cells: Cells) -> Cells:
        chosen = random.Random(self.seed).sample(range(len(cells)), min(self.n, len(cells)))
        return [cells[index] for index in sorted(chosen)]


@dataclass(frozen=True)
class _Baseline(_Derived):
    names: Sequence[str] = ("lora_strength",)

    def apply(self, cells: Cells) -> Cells:
        return _unique(cell for own in cells for cell in (_without_lora(own), own))


@dataclass(frozen=True)
class _Plus(_Derived):
    other: Sweep

    @property
    def names(self) -> Sequence[str]:  # type: ignore[override]  # a field elsewhere; here it follows from the other
        return list(self.other.axes)

    def apply(self, cells: Cells) -> Cells:
        return _unique([*cells, *self.other])

    def replaced(self, parameters: Mapping[str, Any]) -> _Plus:
        return _Plus(self.other.replace(**parameters))


@dataclass(frozen=True)
class _Exactly(_Derived):
    """The cells of a file, in place of a product."""

    cells: tuple[Request, ...]
    names: Sequence[str]

    def apply(self, cells: Cells) -> Cells:
        return list(self.cells)


def _without_lora(cell: Request) -> Request:
    labels = {name: value for name, value in cell.labels.items() if name != "lora_strength_label"}
    return Request({**cell.parameters, "lora_strength": 0.0}, labels=labels)


def _unique(cells: Iterator[Request] | Cells) -> Cells:
    return list({(cell.digest, tuple(sorted(cell.labels.items()))): cell for cell in reversed(list(cells))}.values())[
        ::-1
    ]


def _checked(sweep: Sweep) -> Sweep:
    if not len(sweep):
        raise SweepError("No cell is left in the sweep", remedy="Loosen the filter")
    return sweep


def _check_names(groups: Sequence[Linked], parameters: Mapping[str, Any]) -> None:
    prompts = parameters.get("prompt", "")
    for group in groups:
        prompts = group.values.get("prompt", prompts)
    texts = prompts.values() if isinstance(prompts, Mapping) else prompts
    if isinstance(texts, str) or not isinstance(texts, Iterable):
        texts = [texts]
    found = {name for text in texts if isinstance(text, str) for name in placeholders(text)}
    taken = sorted(found & set(MODEL.parameters))
    if taken:
        raise SweepError(
            f"The placeholder {{{taken[0]}}} has the name of a parameter",
            remedy="Give it another name, or double the braces",
        )
    known = [*MODEL.parameters, *sorted(found)]
    given = [name for group in groups for name in group.values] + list(parameters)
    for name in given:
        check_name(name, known)
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise SweepError(f"{twice[0]} is given twice", remedy="Give it in linked() or by itself")
    for parameter in MODEL.parameters.values():
        if parameter.required and parameter.name not in given:
            raise SweepError(f"{parameter.name} is missing: {parameter.meaning}", remedy=f"Give {parameter.name}=...")
    for name in sorted(found):
        if name not in given:
            raise SweepError(
                f"The prompt's placeholder {{{name}}} has no values",
                remedy=f"Give {name}=[...], or double the braces ({{{{{name}}}}}) to mean them literally",
            )


def _check_texts(constants: Mapping[str, Value], axes: Sequence[Axis]) -> None:
    for name in ("prompt", "finetune_id"):
        values = (
            [constants[name]] if name in constants else [p[name] for a in axes if name in a.names for p in a.points]
        )
        if any(not str(value).strip() for value in values):
            raise SweepError(f"{name} is empty", remedy=f"Give {name} a text")


def _request(constants: Mapping[str, Value], point: tuple[Mapping[str, Value], ...]) -> Request:
    values = dict(constants)
    for part in point:
        values.update(part)
    template = str(values["prompt"])
    if placeholders(template):
        values.setdefault(_TEMPLATE, template)
    values["prompt"] = fill(template, values)
    parameters = {name: values.pop(name, field.default) for name, field in MODEL.parameters.items()}
    return Request(parameters, labels=values)


def _differences(one: Request, other: Request) -> list[str]:
    return [name for name, value in one.parameters.items() if value != other.parameters[name]]


def _ordered(seen: Mapping[Value, None], declared: Sequence[Axis], name: str) -> list[Value]:
    """Values in the order of the axis that declares them; what a step added goes where numbers sort it."""
    own = [point[name] for axis in declared if name in axis.names for point in axis.points]
    extra = [value for value in seen if value not in own]
    if extra and all(isinstance(value, int | float) for value in [*own, *extra]):
        kept = [value for value in dict.fromkeys(own) if value in seen]
        descending = len(kept) > 1 and kept == sorted(kept, reverse=True)
        return sorted(seen, reverse=descending)
    return [value for value in dict.fromkeys([*own, *extra]) if value in seen]


def _toml_values(axis: Axis, name: str) -> Any:
    if any(f"{name}_label" in point for point in axis.points):
        return {str(point[f"{name}_label"]): point[name] for point in axis.points}
    return [point[name] for point in axis.points]


def _from_cells(cells: Sequence[Any], axes: Sequence[str]) -> Sweep:
    requests = []
    for cell in cells:
        if not isinstance(cell, dict) or not isinstance(cell.get("parameters"), dict):
            raise SweepError("A cell of the file has no parameters", remedy="Write the file with sweep.to_toml(path)")
        given = cell["parameters"]
        made = Sweep(**{**given, "prompt": given.get("prompt", "").replace("{", "{{").replace("}", "}}")})[0]
        requests.append(replace(made, labels=cell.get("labels", {})))
    if not requests:
        raise SweepError("The file has no cells", remedy="Write the file with sweep.to_toml(path)")
    sweep = Sweep(prompt="-", finetune_id="-")
    sweep._steps = (_Exactly(tuple(requests), list(axes)),)
    return sweep


def _shown(sweep: Sweep, name: str, value: Value) -> str:
    label = sweep.labels.get(name, {}).get(value)
    return plain(f"{label} ({value})" if label else f"{value}")
