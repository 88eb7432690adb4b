"""The sweep: which requests to make, as an immutable value."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import SweepError
from ..markup import Template, axes_text, count, plain, shorten
from ..model import MODEL, Model, Value
from ..saving import path_of, saving
from ..values import as_integer, shown
from .asked import as_model, asked, check_one_model, taken
from .axes import Linked
from .from_frame import MODEL_OF_FRAME, cells_of_frame
from .listed import ListedCells
from .names import LABEL, TEMPLATE
from .order import ordered, value_of
from .points import MOST_CELLS, too_large
from .product import Product
from .request import Request, canonical_json, differences
from .steps import Baseline, Plus, Sample, Step, Where
from .toml_read import parse
from .toml_text import format_cells, format_product
from .wanted import condition

_HTML = Template("""\
{% set style = "text-align:left;vertical-align:top;padding:1px 12px 1px 0" %}
<div><strong>{{ title }}</strong><table>
{%- for name, text in rows -%}
<tr><th style="{{ style }}">{{ name }}</th><td style="{{ style }}">{{ text }}</td></tr>
{%- endfor -%}
</table></div>""")


class Sweep:
    """A grid of requests.

    A single value is a constant, and so is a text with one value, such as ``"7"``. A list, tuple, range, array,
    Series, mapping (labels to values) or text range is an axis. The grid is the product of the axes, in the order of
    the arguments; the last axis changes fastest. Names in braces in the prompt are placeholders with values of their
    own. Every value is checked when a sweep is made, and nothing is sent. A sweep does not change: each method
    returns another one.

    Parameters
    ----------
    *linked:
        Groups of parameters that move together, from `segflux_nb.linked`.
    model:
        Another model of the service: its slug, or a `Model` such as ``ws.model("sdxl1.0-txt2img")``. Of a slug alone
        nothing is checked until the workspace knows the model.
    **parameters:
        The service's own names: ``prompt`` and ``finetune_id`` (both needed), ``lora_strength``, ``steps``,
        ``seed``, ``sampler_name``, ``scheduler``, ``aspect_ratio``, ``hardware``; and the prompt's placeholders. For
        another model, its own names; a value inside a list has a path, ``**{"loras[0].scale": [0.5, 1]}``.

    Raises
    ------
    SweepError
        If a name or value is not allowed. The text names the parameter, the value and what to use.

    Example
    -------
    >>> sweep = Sweep(prompt="TOK {animal}", animal=["fox", "owl"], finetune_id="a", lora_strength="0-1 [3]")
    >>> len(sweep), list(sweep.axes)
    (6, ['animal', 'lora_strength'])
    >>> [(cell.prompt, cell.lora_strength) for cell in sweep][:2]
    [('TOK fox', 0.0), ('TOK fox', 0.5)]
    """

    def __init__(self, /, *linked: Linked, model: str | Model = MODEL, **parameters: Any) -> None:
        for group in linked:
            if not isinstance(group, Linked):
                raise SweepError(
                    f"Sweep takes parameters by name, and got a {type(group).__name__} without a name",
                    remedy="Write Sweep(prompt=..., finetune_id=..., seed=[1, 2])",
                )
        made, known = asked(model, parameters)
        self._source: Product | ListedCells = Product(linked, known, made)
        self._steps: tuple[Step, ...] = ()

    @classmethod
    def _made(cls, source: Product | ListedCells, steps: tuple[Step, ...] = ()) -> Sweep:
        """A sweep of checked cells; an error if none is left."""
        sweep = cls.__new__(cls)
        sweep._source, sweep._steps = source, steps
        if steps and not len(sweep):
            raise SweepError("No cell is left in the sweep", remedy="Loosen the filter")
        return sweep

    # ------------------------------------------------------------------ what is in it

    @property
    def model(self) -> Model:
        """The model that is asked."""
        return self._source.model

    def with_model(self, model: Model) -> Sweep:
        """The sweep, checked by what is known of its model now.

        Parameters
        ----------
        model:
            The same model, with its schema.

        Raises
        ------
        SweepError
            If the model makes no pictures, or does not allow a name or a value.
        """
        if model is self.model:
            return self
        return self._made(self._source.with_model(as_model(model)), self._steps)

    @cached_property
    def _cells(self) -> tuple[Request, ...]:
        cells = self._source.cells()
        for step in self._steps:
            cells = step.apply(cells, self._source)
            if len(cells) > MOST_CELLS:
                raise too_large(len(cells))
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

        Parameters that move together have an entry each. Placeholders have entries in place of the prompt that they
        fill.
        """
        values: dict[str, dict[Value, None]] = {name: {} for name in self._source.names}
        for step in self._steps:
            values.update({name: {} for name in step.names if name not in values})
        if any(TEMPLATE in cell.labels for cell in self._cells):
            # The filled prompt differs in each cell. The values of this axis are the templates.
            values = {TEMPLATE if name == "prompt" else name: seen for name, seen in values.items()}
        for cell in self._cells:
            for name, seen in values.items():
                value = value_of(cell, name)
                if value is not None:
                    seen[value] = None
        return {name: ordered(seen, self._source.axes, name) for name, seen in values.items() if seen}

    @cached_property
    def labels(self) -> dict[str, dict[Value, str]]:
        """For each axis that has labels: the label of each value."""
        found: dict[str, dict[Value, str]] = {}
        for cell in self._cells:
            for key, label in cell.labels.items():
                name = key.removesuffix(LABEL)
                if name != key and (name in cell.labels or name in cell.parameters):
                    found.setdefault(name, {})[cell.labels.get(name, cell.parameters.get(name, ""))] = str(label)
        return found

    @cached_property
    def constants(self) -> dict[str, Value]:
        """The parameters that have one value in all cells, defaults included."""
        varying = {name for cell in self._cells[1:] for name in differences(cell, self._cells[0])}
        varying.update(self.axes)
        return {name: value for name, value in self._cells[0].parameters.items() if name not in varying}

    @cached_property
    def identity(self) -> str:
        """A digest of the cells with their labels, in order: the same for equal sweeps."""
        axes = canonical_json(list(self.axes))
        # The digests are written as they are: a sweep may have many cells.
        cells = [
            f'["{cell.digest}",{canonical_json(dict(cell.labels)) if cell.labels else "{}"}]' for cell in self._cells
        ]
        return hashlib.sha256(f"[{axes},[{','.join(cells)}]]".encode()).hexdigest()

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know of it before it is run, a sentence each: values, labels and cells that are the same."""
        shared = len(self) - len({cell.digest for cell in self._cells})
        cells = f"{shared:,} of its {len(self):,} cells ask for the same picture as another one"
        also = (f"{cells}: a run is shared, and paid once",) if shared else ()
        return (*(note for axis in self._source.axes for note in axis.notes), *also)

    @property
    def name(self) -> str:
        """The name of the sweep in the log, unless the user gives one: its axes and the start of its identity."""
        return " x ".join([*(self.axes or ["one"])]) + " " + self.identity[:6]

    # ------------------------------------------------------------------ other sweeps

    def where(self, keep: Callable[[Request], object] | None = None, /, **values: Any) -> Sweep:
        """The cells for which a condition is true and that have these values.

        Parameters
        ----------
        keep:
            Called with each `Request`; left out, the values alone decide.
        values:
            Values by the name of a parameter or placeholder, as `Runs.where` takes them: one value, its label, a list
            of which any is meant, or a text range such as ``"1-4"``.

        Raises
        ------
        SweepError
            If no cell is left, `keep` is not a function, or the cells have nothing of a name.

        Example
        -------
        ``sweep.where(lambda cell: cell.sampler_name != "heun" or cell.steps <= 20, seed=[1, 2])``
        """
        if keep is not None and not callable(keep):
            raise SweepError(
                f"where() takes a function of a cell, and got {shown(keep)}",
                remedy="Write sweep.where(lambda cell: cell.steps <= 20), or sweep.where(seed=1)",
            )
        chosen = self if keep is None else self._with(Where(keep))
        return chosen._with(Where(condition(self._cells, values))) if values else chosen

    def sample(self, n: int, seed: int = 0) -> Sweep:
        """A random choice of cells, in the sweep's order.

        Parameters
        ----------
        n:
            How many cells.
        seed:
            The same seed chooses the same cells.

        Raises
        ------
        SweepError
            If `n` is not an integer from 1 to the number of cells.
        """
        try:
            number, root = as_integer(n), as_integer(seed)
        except ValueError:
            number = root = 0
        if not 1 <= number <= len(self):
            raise SweepError(
                f"sample({shown(n)}, seed={shown(seed)}) is not possible",
                remedy=f"Use an integer from 1 to {len(self)}, the number of cells, and an integer as the seed",
            )
        return self._with(Sample(number, root))

    def with_baseline(self) -> Sweep:
        """The sweep and the base model: each cell also with ``lora_strength=0`` and all else the same.

        0 has its place among the other strengths. The baseline stays through `replace`: with one strength in place of
        the axis, there are still two runs for each cell, that strength and 0.
        """
        return self._with(Baseline())

    def __add__(self, other: object) -> Sweep:
        if not isinstance(other, Sweep):
            return NotImplemented
        if other.model.slug != self.model.slug:
            raise SweepError(
                f"A sweep of {self.model.slug} and one of {other.model.slug} have no sum",
                remedy="Run each of them, and put the frames together: pandas.concat([runs.df, other.df])",
            )
        return self._with(Plus(other))

    def replace(self, /, **parameters: Any) -> Sweep:
        """The sweep with other values for some parameters. Axes keep their place, filters are applied again.

        A sweep that `from_toml` read from a list of cells takes one value for what is the same in all of them.

        Parameters
        ----------
        parameters:
            The new values, as `Sweep` takes them.

        Raises
        ------
        SweepError
            If a value is not allowed; if only a part of a linked group is replaced; if the sweep is a list of
            cells from a file, and the parameter varies in it.

        Example
        -------
        ``sweep.replace(finetune_id="...")`` repeats a sweep with another fine-tune.
        """
        parameters = taken(parameters, self.model)
        return self._made(self._source.replaced(parameters), tuple(step.replaced(parameters) for step in self._steps))

    def _with(self, step: Step) -> Sweep:
        return self._made(self._source, (*self._steps, step))

    # ------------------------------------------------------------------ files

    def to_toml(self, path: str | Path) -> Path:
        """Write the sweep to a TOML file, to keep it beside a paper or to run it with ``segflux run``.

        The file holds the axes and whether there is a baseline, or each cell if the sweep was filtered, sampled or
        added to.

        Parameters
        ----------
        path:
            The file to write. An existing one is replaced, and its folder is made if it does not exist.

        Raises
        ------
        SegfluxError
            If the file cannot be written.
        """
        with saving(path) as file:
            file.write_text(self._toml, encoding="utf-8")
        return file

    @property
    def product(self) -> Product | None:
        """The product of axes that it is, apart from a baseline; None where it was filtered, sampled or added to."""
        is_compact = all(isinstance(step, Baseline) for step in self._steps)
        return self._source if isinstance(self._source, Product) and is_compact else None

    @property
    def has_baseline(self) -> bool:
        """Whether `with_baseline` was called."""
        return any(isinstance(step, Baseline) for step in self._steps)

    @property
    def _toml(self) -> str:
        """The text of the sweep's TOML file."""
        if self.product is not None:
            return format_product(self.product, has_baseline=bool(self._steps))
        # The order of values is written where it does not follow from the cells.
        is_plain = Sweep.of_cells(self._cells, list(self.axes)).axes == self.axes
        return format_cells(self, list(self.axes) if is_plain else self.axes)

    @classmethod
    def from_toml(cls, path: str | Path, *, model: Model | Callable[[str], Model] | None = None) -> Sweep:
        """Read a sweep that `to_toml` or a person wrote.

        A file written by hand holds a table ``[sweep]`` with the arguments of `Sweep`, and may hold
        ``[[linked]]`` tables and ``baseline = true``. The guide describes the format.

        Parameters
        ----------
        path:
            The file to read.
        model:
            The model that the file names, to check it at once, or a function that gives it for its slug, such as
            ``ws.model``; without it, `Workspace.run` does.

        Raises
        ------
        SweepError
            If the file cannot be read, is not a sweep file, or holds a value that is not allowed. The text names
            the file, and the line where it is known.
        """
        file = path_of(path, "path", SweepError)
        try:
            data = file.read_bytes()
        except OSError as error:
            raise SweepError(
                f"The sweep file {shorten(str(file), 200)} cannot be read: {error.strerror}",
                remedy="Check its name and its folder",
            ) from None
        source, has_baseline = parse(data, source=str(path), model=model)
        return cls._made(source, (Baseline(),) if has_baseline else ())

    @classmethod
    def of_cells(cls, cells: Sequence[Request], axes: Sequence[str] | Mapping[str, Sequence[Value]]) -> Sweep:
        """A sweep of requests that were checked before, such as those of the log.

        Parameters
        ----------
        cells:
            The requests, in order; at least one.
        axes:
            The names of the parameters and placeholders that are its axes, in order; or their values by name.
        """
        check_one_model(cell.model for cell in cells)
        return cls._made(ListedCells(tuple(cells), tuple(axes), axes if isinstance(axes, Mapping) else {}))

    @classmethod
    def from_frame(cls, frame: Any, *, model: str | Model = "", **parameters: Any) -> Sweep:
        """A sweep from a table of settings, a cell for each row: the inverse of `Runs.df` for what is no grid.

        Columns are parameters, placeholders of the prompt, and labels (``finetune_id_label``); of other columns
        nothing is used. A missing value is the default, but a seed is never missing: a row without one is refused
        where the frame has a column of seeds. Equal rows become one cell.

        Parameters
        ----------
        frame:
            A pandas frame. Parameters may be in its index.
        model:
            The model, as `Sweep` takes it. A frame of runs knows its own.
        parameters:
            One value for each parameter that is not a column.

        Raises
        ------
        SweepError
            If a value is not allowed, or one is missing that is needed. The text names the row.

        Example
        -------
        ``Sweep.from_frame(runs.df.query("stars >= 4")).replace(hardware="...")``
        """
        known = getattr(frame, "attrs", {}).get(MODEL_OF_FRAME, MODEL)
        return cls.of_cells(*cells_of_frame(frame, parameters, as_model(model or known)))

    # ------------------------------------------------------------------ how it shows

    def __repr__(self) -> str:
        axes = axes_text(self.axes, len(self))
        return f"Sweep({count(len(self), 'run')}{': ' + axes if axes else ''})"

    def _repr_html_(self) -> str:
        rows = [
            (name, ", ".join(_shown(self, name, value) for value in values)) for name, values in self.axes.items()
        ]
        rows += [(name, plain(value)) for name, value in self.constants.items()]
        shown = [(name, shorten(text, 200)) for name, text in rows]
        return str(_HTML.render(title=repr(self), rows=shown))


def check_sweep(value: object) -> None:
    """Raise `SweepError` for a value that is not a sweep, such as the name of a sweep file."""
    if isinstance(value, Sweep):
        return
    ways = "Give a Sweep, or Sweep.from_toml(path) for a file"
    if isinstance(value, Mapping):
        ways = "Write Sweep(**parameters) with this dict as its parameters: ws.run(sf.Sweep(**{...}))"
    elif hasattr(value, "columns"):
        ways = "Write Sweep.from_frame(frame)"
    elif isinstance(value, list | tuple) and value and all(isinstance(one, Mapping) for one in value):
        ways = "Write Sweep.from_frame(pandas.DataFrame(rows)) with these dicts as its rows"
    raise SweepError(f"{shown(value, 80)} is not a sweep", remedy=ways)


def _shown(sweep: Sweep, name: str, value: Value) -> str:
    label = sweep.labels.get(name, {}).get(value)
    return plain(f"{label} ({value})" if label else f"{value}")
