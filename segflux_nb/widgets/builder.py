"""The sweep builder: a form with a field for each parameter of the model, and what its sweep is and costs.

Each change of a field is checked at once. The messages stand below the fields; the number of runs, the cost and the
Python that makes the same sweep stand beside them. The launcher plans and starts the sweep. Below the form stand the
progress of a started sweep and its gallery.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets

from ..errors import SegfluxError, SweepError
from ..launching import StartedSweep, SweepLauncher
from ..markup import Template, count, shorten
from ..model import MODEL, Parameter
from ..sweep.form import code, format_field, number_of_cells, parse_field, sweep_arguments
from ..sweep.sweep import Sweep
from ..sweep.template import placeholders

MOST_CELLS = 20_000
"""The form makes no larger sweep: each change of a field makes it again."""

_EXAMPLES = 'e.g. "0.4-1.4 (+0.2)", "0-1 [5]" or "1, 2"'

_TEXT_HINTS = {
    "prompt": 'one prompt a line; {names} in braces get values of their own; "first\\nsecond line" in quotes',
    "finetune_id": "the id of your fine-tune; one a line",
}

_SUMMARY = Template('<div style="white-space:pre-wrap;line-height:1.6" role="status">{{ text }}</div>')
_MESSAGE = Template('<div style="line-height:1.4;overflow-wrap:anywhere" role="alert">✘ {{ text }}</div>')
_NOTE = Template('<div style="line-height:1.4;overflow-wrap:anywhere;opacity:.8" role="status">{{ text }}</div>')
_CODE = Template(
    # One click selects all of it.
    '<pre style="user-select:all;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.5;padding:8px;'
    'border:1px solid var(--jp-border-color1,#8888)">{{ code }}</pre>'
)


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
        The sweep of the form as it stands; `SweepError` if a field is wrong.

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
        self._is_filling = True
        self._omitted = ""
        self._fields: dict[str, Any] = {}
        self._messages: dict[str, Any] = {}
        self._rows = ipywidgets.VBox([self._row(name, _field(field)) for name, field in MODEL.parameters.items()])
        self._placeholder_rows = ipywidgets.VBox([])
        self._summary = ipywidgets.HTML()
        self._code = ipywidgets.HTML()
        self._run_button = ipywidgets.Button(description="Run", icon="play", button_style="primary", disabled=True)
        self._gallery_button = ipywidgets.Button(description="Open the gallery", disabled=True)
        self._run_button.on_click(lambda _: self._begin())
        self._gallery_button.on_click(lambda _: self._show_gallery())
        self._output = ipywidgets.VBox([])
        form = ipywidgets.VBox(
            [self._rows, self._placeholder_rows], layout={"flex": "1 1 420px", "min_width": "280px"}
        )
        side = ipywidgets.VBox(
            [self._summary, ipywidgets.HBox([self._run_button, self._gallery_button]), self._code],
            layout={"flex": "1 1 320px", "min_width": "260px"},
        )
        both = ipywidgets.HBox([form, side], layout={"flex_flow": "row wrap", "grid_gap": "16px"})
        super().__init__([both, self._output])
        if sweep is not None:
            self._fill(sweep)
        self._is_filling = False
        self._refresh()

    def __repr__(self) -> str:
        return "Builder()"

    @property
    def sweep(self) -> Sweep:
        """The sweep of the form as it stands.

        Raises
        ------
        SweepError
            If a field is wrong or empty. The error names the field.
        """
        return Sweep(**self._arguments())

    # ------------------------------------------------------------------ the form

    def _row(self, name: str, field: Any) -> Any:
        """A field with the place for its message.

        Parameters
        ----------
        name:
            The parameter or placeholder.
        field:
            The widget in which its values are written.
        """
        self._fields[name] = field
        self._messages[name] = ipywidgets.HTML(layout={"margin": "0 0 0 124px"})
        field.observe(lambda _: self._refresh(), names="value")
        return ipywidgets.VBox([field, self._messages[name]])

    def _fill(self, sweep: Sweep) -> None:
        """Write the values of a sweep into the fields."""
        given, is_whole = sweep_arguments(sweep)
        for name, value in given.items():
            if name not in self._fields:
                self._follow_placeholders(given["prompt"])
            values = value if isinstance(value, list) else [value]
            field = self._fields[name]
            if isinstance(field, ipywidgets.SelectMultiple):
                field.value = tuple(values)
            else:
                field.value = str(values[0]) if isinstance(field, ipywidgets.Dropdown) else format_field(name, values)
        if not is_whole:
            self._omitted = "A form holds a grid: what moves together, labels and filters are left out."

    def _follow_placeholders(self, prompts: str | Sequence[str]) -> None:
        """Give each name in braces a field, and take away the fields of names that are gone."""
        each = [prompts] if isinstance(prompts, str) else prompts
        found = dict.fromkeys(name for prompt in each for name in placeholders(prompt))
        names = [name for name in found if name not in MODEL.parameters]
        kept = [name for name in self._fields if name not in MODEL.parameters]
        if names == kept:
            return
        for name in set(kept) - set(names):
            del self._fields[name], self._messages[name]
        rows = {row.children[0].description: row for row in self._placeholder_rows.children}
        shown = [rows.get(name) or self._row(name, _area(name, "one value a line")) for name in names]
        self._placeholder_rows.children = shown
        self._fields = {name: self._fields[name] for name in (*MODEL.parameters, *names)}

    def _arguments(self) -> dict[str, Any]:
        """The arguments for `Sweep`, without those that are the default."""
        given: dict[str, Any] = {}
        for name, field in self._fields.items():
            value = parse_field(name, field.value)
            if value is not None and value != _default(name):
                given[name] = value
        return given

    def _refresh(self) -> None:
        if self._is_filling:
            return
        self._follow_placeholders(parse_field("prompt", self._fields["prompt"].value) or "")
        problems = {name: problem for name in self._fields if (problem := self._problem(name))}
        for name, message in self._messages.items():
            message.value = _message(problems[name]) if name in problems else self._note(name)
        sweep, summary, python = (None, "Correct the marked fields.", "") if problems else self._planned()
        self._summary.value = str(_SUMMARY.render(text=summary))
        self._code.value = str(_CODE.render(code=python)) if python else ""
        self._run_button.disabled = sweep is None or self._is_running

    def _planned(self) -> tuple[Sweep | None, str, str]:
        """The form's sweep (None without one), its number of runs and cost in words, and its Python."""
        try:
            arguments = self._arguments()
            number = number_of_cells(arguments)
            if number > MOST_CELLS:
                return None, f"{count(number, 'run')}: the form makes at most {MOST_CELLS:,}.", ""
            if "prompt" not in arguments or "finetune_id" not in arguments:
                return None, "Fill in a prompt and the id of your fine-tune.", ""
            sweep = Sweep(**arguments)
            summary = "\n".join([*self._launcher.plan(sweep).lines, self._omitted]).rstrip()
            return sweep, summary, code(arguments)
        except SegfluxError as error:
            return None, str(error), ""

    def _problem(self, name: str) -> str:
        """What is wrong with a field by itself; empty if nothing is."""
        try:
            value = parse_field(name, self._fields[name].value)
            if value is None and name not in MODEL.parameters:
                return "Give at least one value"
            number_of_cells({} if value is None else {name: value})
        except SweepError as error:
            return str(error)
        return ""

    def _note(self, name: str) -> str:
        """How many values a field of free text has: a comma does not part them, so one sees it before one pays."""
        parameter = MODEL.parameters.get(name)
        if parameter is not None and parameter.kind != "text":
            return ""
        value = parse_field(name, self._fields[name].value)
        if value is None or (parameter is not None and not isinstance(value, list)):
            return ""
        values = value if isinstance(value, list) else [value]
        text = f"{count(len(values), 'value')}: {shorten(' | '.join(map(str, values)), 200)}"
        if len(values) == 1 and "," in str(value):
            text += ". For several, write one a line"
        return str(_NOTE.render(text=text))

    # ------------------------------------------------------------------ running

    def _begin(self) -> None:
        try:
            sweep = self.sweep
            self._is_running, self._run_button.disabled, self._gallery_button.disabled = True, True, True
            self._started = self._launcher.start(sweep, has_stop_button=True, display=self._display)
        except SegfluxError as error:
            self._is_running = False
            self._output.children = (_shown_error(error),)
            self._refresh()
        else:
            self._started.when_done(self._end)

    def _display(self, widget: Any) -> None:
        self._output.children = (widget,)

    def _end(self) -> None:
        """The started sweep has ended. It may be called on any thread."""
        self._is_running = False
        self._gallery_button.disabled = False
        self._refresh()

    def _show_gallery(self) -> None:
        if self._started is None:
            return
        try:
            shown = self._started.runs.gallery()
        except SegfluxError as error:
            shown = _shown_error(error)
        self._output.children = (*self._output.children[:1], shown)


def _field(parameter: Parameter) -> Any:
    """The widget in which the values of a parameter are written or chosen."""
    options: dict[str, Any] = {
        "description": parameter.name,
        "tooltip": f"{parameter.meaning} It is {parameter.allowed}.",
        "style": {"description_width": "120px"},
        "layout": {"width": "auto"},
    }
    if not parameter.decides_picture:
        return ipywidgets.Dropdown(options=parameter.choices, value=parameter.default, **options)
    if parameter.kind == "choice":
        return ipywidgets.SelectMultiple(
            options=parameter.choices, value=(parameter.default,), rows=min(4, len(parameter.choices)), **options
        )
    if parameter.kind == "text":
        return _area(parameter.name, _TEXT_HINTS[parameter.name], options["tooltip"])
    hint = f"{parameter.default} unless given; {_EXAMPLES}"
    if parameter.name == "seed":
        hint = f"{parameter.default} unless given; seeds(4), or a list"
    return ipywidgets.Text(placeholder=hint, **options)


def _area(name: str, hint: str, tooltip: str = "") -> Any:
    """A field of several lines.

    Parameters
    ----------
    name:
        The parameter or placeholder.
    hint:
        What stands in it while it is empty.
    tooltip:
        What is shown when the pointer rests on it; that of a placeholder if left out.
    """
    return ipywidgets.Textarea(
        description=name,
        placeholder=hint,
        tooltip=tooltip or f"Values of {{{name}}} in the prompt.",
        style={"description_width": "120px"},
        layout={"width": "auto", "height": "2.6em" if name == "finetune_id" else "4.5em"},
    )


def _default(name: str) -> Any:
    """The value of a field that is left empty; None for one that has no default."""
    parameter = MODEL.parameters.get(name)
    return None if parameter is None or parameter.required else parameter.default


def _message(text: str) -> str:
    return str(_MESSAGE.render(text=text))


def _shown_error(error: SegfluxError) -> Any:
    return ipywidgets.HTML(_message(str(error)))
