"""The sweep builder: a form made from the table of the model's parameters, and what its sweep is and costs.

The launcher plans and starts its sweep. The progress and the gallery of a started one stand below the form.
"""

from __future__ import annotations

from typing import Any

import ipywidgets

from ..errors import SegfluxError, SweepError
from ..launching import StartedSweep, SweepLauncher
from ..markup import count, escape
from ..model import MODEL, Parameter
from ..sweep.axes import placeholders
from ..sweep.form import code, format_field, number_of_cells, parse_field, sweep_arguments
from ..sweep.sweep import Sweep

MOST_CELLS = 20_000
"""A larger sweep is not made while somebody types."""

_TALL, _WIDE = "4.5em", "auto"
_WRITTEN = 'e.g. "0.4-1.4 (+0.2)", "0-1 [5]" or "1, 2"'


class Builder(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A form for a sweep: values and ranges, how many runs they are, what they cost, and the Python that makes them.

    Parameters
    ----------
    launcher:
        Plans and starts the form's sweep.
    sweep:
        What the form holds at first; None for the defaults.

    Attributes
    ----------
    sweep:
        The sweep of the form as it stands; raises `SweepError` where it is none.

    Example
    -------
    ::

        builder = ws.builder()     # in a cell: shows itself
        runs = ws.runs(builder.sweep)
    """

    def __init__(self, launcher: SweepLauncher, sweep: Sweep | None = None) -> None:
        self._launcher = launcher
        self._is_running = False
        self._started: StartedSweep | None = None
        self._filling = True
        self._left_out = ""
        self._fields: dict[str, Any] = {}
        self._said: dict[str, Any] = {}
        self._rows = ipywidgets.VBox([self._row(name, _field(field)) for name, field in MODEL.parameters.items()])
        self._holes = ipywidgets.VBox([])
        self._words = ipywidgets.HTML()
        self._code = ipywidgets.HTML()
        self._run = ipywidgets.Button(description="Run", icon="play", button_style="primary", disabled=True)
        self._open = ipywidgets.Button(description="Open the gallery", disabled=True)
        self._run.on_click(lambda _: self._begin())
        self._open.on_click(lambda _: self._show_gallery())
        self._stage = ipywidgets.VBox([])
        form = ipywidgets.VBox([self._rows, self._holes], layout={"flex": "1 1 420px", "min_width": "280px"})
        side = ipywidgets.VBox(
            [self._words, ipywidgets.HBox([self._run, self._open]), self._code],
            layout={"flex": "1 1 320px", "min_width": "260px"},
        )
        both = ipywidgets.HBox([form, side], layout={"flex_flow": "row wrap", "grid_gap": "16px"})
        super().__init__([both, self._stage])
        if sweep is not None:
            self._fill(sweep)
        self._filling = False
        self._refresh()

    def __repr__(self) -> str:
        return "Builder()"

    @property
    def sweep(self) -> Sweep:
        """The sweep of the form as it stands.

        Raises
        ------
        SweepError
            Naming what is wrong with it.
        """
        return Sweep(**self._given())

    # ------------------------------------------------------------------ the form

    def _row(self, name: str, field: Any) -> Any:
        self._fields[name] = field
        self._said[name] = ipywidgets.HTML(layout={"margin": "0 0 0 124px"})
        field.observe(lambda _: self._refresh(), names="value")
        return ipywidgets.VBox([field, self._said[name]])

    def _fill(self, sweep: Sweep) -> None:
        given, is_whole = sweep_arguments(sweep)
        for name, value in given.items():
            if name not in self._fields:
                self._follow_placeholders(str(given["prompt"]))
            values = value if isinstance(value, list) else [value]
            field = self._fields[name]
            if isinstance(field, ipywidgets.SelectMultiple):
                field.value = tuple(values)
            else:
                field.value = str(values[0]) if isinstance(field, ipywidgets.Dropdown) else format_field(name, values)
        if not is_whole:
            self._left_out = "A form holds a grid: what moves together, labels and filters are left out."

    def _follow_placeholders(self, prompt: str) -> None:
        """A field for each name in braces."""
        names = [name for name in placeholders(prompt) if name not in MODEL.parameters]
        kept = [name for name in self._fields if name not in MODEL.parameters]
        if names == kept:
            return
        for name in set(kept) - set(names):
            del self._fields[name], self._said[name]
        rows = {row.children[0].description: row for row in self._holes.children}
        shown = [rows.get(name) or self._row(name, _area(name, "one value a line")) for name in names]
        self._holes.children = shown
        self._fields = {name: self._fields[name] for name in (*MODEL.parameters, *names)}

    def _given(self) -> dict[str, Any]:
        """What the form gives `Sweep`; placeholders stand where the prompt has them."""
        given: dict[str, Any] = {}
        for name, field in self._fields.items():
            value = parse_field(name, field.value)
            if value is not None and value != _default(name):
                given[name] = value
        return given

    def _refresh(self) -> None:
        if self._filling:
            return
        prompt = str(self._fields["prompt"].value)
        self._follow_placeholders(prompt)
        wrong = {name: why for name in self._fields if (why := self._wrong(name))}
        for name, said in self._said.items():
            said.value = _note(wrong[name]) if name in wrong else ""
        sweep: Sweep | None = None
        words = "Fill in a prompt and the id of your fine-tune." if not wrong else "Mend what is marked."
        text = ""
        if not wrong:
            try:
                given = self._given()
                number = number_of_cells(given)
                if number > MOST_CELLS:
                    words = f"{count(number, 'run')}: more than {MOST_CELLS:,} are not made here."
                elif "prompt" in given and "finetune_id" in given:
                    sweep = Sweep(**given)
                    words = "\n".join([*self._launcher.plan(sweep).lines, self._left_out]).rstrip()
                    text = code(given)
            except SegfluxError as error:
                words = str(error)
        self._words.value = f'<div style="white-space:pre-wrap;line-height:1.6" role="status">{escape(words)}</div>'
        # One click selects it all, to be copied.
        self._code.value = (
            f'<pre style="user-select:all;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.5;padding:8px;'
            f'border:1px solid var(--jp-border-color1,#8888)">{escape(text)}</pre>'
            if text
            else ""
        )
        self._run.disabled = sweep is None or self._is_running

    def _wrong(self, name: str) -> str:
        """What is wrong with a field by itself; empty where nothing is."""
        try:
            value = parse_field(name, self._fields[name].value)
            if value is None and name not in MODEL.parameters:
                return "give at least one value"
            number_of_cells({} if value is None else {name: value})
        except SweepError as error:
            return str(error)
        return ""

    # ------------------------------------------------------------------ running

    def _begin(self) -> None:
        try:
            sweep = self.sweep
            self._is_running, self._run.disabled, self._open.disabled = True, True, True
            self._started = self._launcher.start(sweep, has_stop_button=True, display=self._display)
        except SegfluxError as error:
            self._is_running = False
            self._stage.children = (ipywidgets.HTML(_note(str(error))),)
            self._refresh()
        else:
            self._started.when_done(self._ended)

    def _display(self, widget: Any) -> None:
        self._stage.children = (widget,)

    def _ended(self) -> None:
        """May be called on any thread."""
        self._is_running = False
        self._open.disabled = False
        self._refresh()

    def _show_gallery(self) -> None:
        if self._started is not None:
            try:
                self._stage.children = (*self._stage.children[:1], self._started.runs.gallery())
            except SegfluxError as error:
                self._stage.children = (*self._stage.children[:1], ipywidgets.HTML(_note(str(error))))


def _field(parameter: Parameter) -> Any:
    options: dict[str, Any] = {
        "description": parameter.name,
        "tooltip": f"{parameter.meaning} It is {parameter.allowed}.",
        "style": {"description_width": "120px"},
        "layout": {"width": _WIDE},
    }
    if not parameter.decides_picture:
        return ipywidgets.Dropdown(options=parameter.choices, value=parameter.default, **options)
    if parameter.kind == "choice":
        return ipywidgets.SelectMultiple(
            options=parameter.choices, value=(parameter.default,), rows=min(4, len(parameter.choices)), **options
        )
    if parameter.name == "prompt":
        return _area(
            parameter.name, "one prompt a line; {names} in braces get values of their own", options["tooltip"]
        )
    hint = "the id of your fine-tune" if parameter.kind == "text" else f"{parameter.default} unless given; {_WRITTEN}"
    if parameter.name == "seed":
        hint = f"{parameter.default} unless given; seeds(4), or a list"
    return ipywidgets.Text(placeholder=hint, **options)


def _area(name: str, hint: str, tooltip: str = "") -> Any:
    return ipywidgets.Textarea(
        description=name,
        placeholder=hint,
        tooltip=tooltip or f"Values of {{{name}}} in the prompt.",
        style={"description_width": "120px"},
        layout={"width": _WIDE, "height": _TALL},
    )


def _default(name: str) -> Any:
    """What a field may be left out for; None for one that has no default."""
    parameter = MODEL.parameters.get(name)
    return None if parameter is None or parameter.required else parameter.default


def _note(text: str) -> str:
    return f'<div style="line-height:1.4;overflow-wrap:anywhere" role="alert">✘ {escape(text)}</div>'
