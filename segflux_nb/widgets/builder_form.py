"""What a form for a sweep knows: its fields, what each one says, and the sweep that they make. It has no widget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import SegfluxError, SweepError
from ..input_pictures import short
from ..markup import count, shorten
from ..model import MODEL, Model, Parameter, Value
from ..paths import is_path, top_of
from ..sweep.axes import as_given, axis
from ..sweep.form import code, code_of, format_field, number_of_cells, parse_field, sweep_arguments
from ..sweep.sweep import Sweep
from ..sweep.template import placeholders

Written = str | Sequence[str]
"""What stands in a field: a text, or the names that are chosen."""

MOST_CELLS = 20_000
"""The form makes no larger sweep: each change of a field makes it again."""

LONGEST = 160
"""The most characters of the values that a field names."""

_EXAMPLES = 'e.g. "0.4-1.4 (+0.2)", "0-1 [5]" or "1, 2"'

_TEXT_HINTS = {
    "prompt": 'one prompt a line; {names} in braces get values of their own; "first\\nsecond line" in quotes',
    "finetune_id": "the id of your fine-tune; one a line",
}

_PRESETS: Mapping[str, Mapping[str, Written]] = {
    "lora_strength": {"coarse": "0-1.6 (+0.4)", "usual": "0.4-1.4 (+0.2)", "fine": "0.8-1.2 (+0.05)"},
    "steps": {"few to many": "10, 25, 50"},
    "seed": {"4 seeds": "seeds(4)", "8 seeds": "seeds(8)"},
    "sampler_name": {"three kinds": ["euler", "heun", "dpmpp_2m"], "all": ()},
    "scheduler": {"three kinds": ["simple", "beta", "karras"], "all": ()},
    "aspect_ratio": {"three shapes": ["2:3", "1:1", "3:2"]},
}
"""Values that are often wanted, by name, for each parameter. None stand for all that there are."""

EXACT = (
    "The sweep has labels, linked parameters, filters, a baseline or cells of its own: they stay as they are. "
    "A field that you change is changed in all its cells."
)


@dataclass(frozen=True)
class Said:
    """What a field says below itself.

    Attributes
    ----------
    text:
        What is wrong with it, or its values.
    is_wrong:
        Whether something is wrong.
    """

    text: str = ""
    is_wrong: bool = False


class Form:
    """The fields of a form, and the sweep that they make.

    A sweep that is more than a product of its fields, with filters, labels or links, is kept beside them. Fields that
    were changed then replace its parameters.

    Parameters
    ----------
    sweep:
        What the form holds at first; None for the defaults.
    model:
        The model, as it is known now.

    Attributes
    ----------
    model:
        The model.
    written:
        What stands in each field, by name: the model's parameters, then the placeholders of the prompts.
    """

    def __init__(self, sweep: Sweep | None = None, model: Model = MODEL) -> None:
        self.model = model
        self.written: dict[str, Written] = {name: _empty(one) for name, one in model.parameters.items()}
        self._order: list[str] = []
        self._parts: list[str] = []
        self._kept: Sweep | None = None
        self._opened: dict[str, Written] = {}
        if sweep is not None:
            self._open(sweep)

    def _open(self, sweep: Sweep) -> None:
        given = sweep_arguments(sweep)
        self._order = list(given)
        for name, value in given.items():
            values = value if isinstance(value, list) else [value]
            self.written[name] = _as_written(name, values, self.model)
        if inside := {top_of(name) for name in given if is_path(name)}:  # their parts have fields of their own
            self.written = {name: text for name, text in self.written.items() if name not in inside}
        self._parts = [
            name for name in given if name not in self.model.parameters and self._is_parameter(sweep, name)
        ]
        self._follow_placeholders()
        self._opened = dict(self.written)
        try:
            is_same = number_of_cells(self.arguments(), self.model) == len(sweep) and self._made() == sweep
        except SweepError:
            is_same = False
        self._kept = None if is_same else sweep

    @staticmethod
    def _is_parameter(sweep: Sweep, name: str) -> bool:
        return any(name in cell.parameters for cell in sweep)

    def _made(self) -> Sweep:
        return Sweep(model=self.model, **self.arguments())

    # ------------------------------------------------------------------ the fields

    @property
    def names(self) -> list[str]:
        """The names of the fields, in order."""
        return list(self.written)

    @property
    def is_exact(self) -> bool:
        """Whether it keeps a sweep that is more than what its fields say."""
        return self._kept is not None

    def write(self, name: str, written: Written) -> None:
        """Write in a field. A field that is not there is ignored: its name has left the prompt meanwhile.

        Parameters
        ----------
        name:
            The parameter or placeholder.
        written:
            The text, or the names that are chosen.
        """
        if name in self.written:
            self.written[name] = written
        if name == "prompt":
            self._follow_placeholders()

    def _follow_placeholders(self) -> None:
        """Give each name in braces a field, and take away the fields of names that are gone."""
        prompts = parse_field("prompt", self.written.get("prompt", ""), self.model) or ""
        each = [prompts] if isinstance(prompts, str) else prompts
        found = dict.fromkeys(name for prompt in each for name in placeholders(prompt))
        known = [*self.model.parameters, *self._parts]
        own = {name: self.written[name] for name in known if name in self.written}
        names = [name for name in found if name not in own]
        self.written = own | {name: self.written.get(name, "") for name in names}

    def said(self, name: str) -> Said:
        """What a field says: what is wrong with it, or how many values it has and which.

        Parameters
        ----------
        name:
            The parameter or placeholder.
        """
        if self._kept is not None and not self._is_changed(name):
            return _values_said(name, self._kept_values(name), self.model)
        try:
            value = parse_field(name, self.written[name], self.model)
            if value is None:
                is_placeholder = name not in self.model.parameters and name not in self._parts
                return Said("Give at least one value", is_wrong=True) if is_placeholder else Said()
            given = as_given(name, value, self.model)
            found = axis(name, given, self.model)
        except SweepError as error:
            return Said(str(error), is_wrong=True)
        values = [given] if found is None else [point[name] for point in found.points]
        return _values_said(name, values, self.model)

    def _is_changed(self, name: str) -> bool:
        return self.written.get(name) != self._opened.get(name)

    def _kept_values(self, name: str) -> Sequence[Value]:
        assert self._kept is not None  # noqa: S101 - asked for by `said` alone
        values = sweep_arguments(self._kept).get(name)
        return [] if values is None else values if isinstance(values, list) else [values]

    # ------------------------------------------------------------------ the sweep

    def arguments(self) -> dict[str, Any]:
        """The arguments for `Sweep`, without those that are the default: axes in the order of the opened sweep.

        Raises
        ------
        SweepError
            If a field is wrong.
        """
        given: dict[str, Any] = {}
        names = [name for name in self._order if name in self.written]
        for name in [*names, *(name for name in self.written if name not in names)]:
            value = parse_field(name, self.written[name], self.model)
            if value is not None and (not self.model.fills_defaults or value != _default(name, self.model)):
                given[name] = value
        return given

    @property
    def sweep(self) -> Sweep:
        """The sweep of the form as it stands.

        Raises
        ------
        SweepError
            If a field is wrong or empty. The error names the field.
        """
        if self._kept is None:
            return self._made()
        changed: dict[str, Any] = {}
        for name in self.written:
            if self._is_changed(name):
                value = parse_field(name, self.written[name], self.model)
                changed[name] = _default(name, self.model) if value is None else value
        changed = {name: value for name, value in changed.items() if value is not None}
        return self._kept.replace(**changed) if changed else self._kept

    def planned(self) -> tuple[Sweep | None, str]:
        """The form's sweep, or None and why there is none."""
        if any(self.said(name).is_wrong for name in self.written):
            return None, "Correct the marked fields."
        try:
            return (None, missing) if (missing := self._missing()) else (self.sweep, "")
        except SegfluxError as error:
            return None, str(error)

    def _missing(self) -> str:
        """Why the form makes no sweep yet; empty if it does."""
        if self._kept is not None:
            return ""
        arguments = self.arguments()
        number = number_of_cells(arguments, self.model)
        if number > MOST_CELLS:
            return f"{count(number, 'run')}: the form makes at most {MOST_CELLS:,}."
        if not self.model.fills_defaults:
            return ""  # making the sweep says what is missing
        is_whole = "prompt" in arguments and "finetune_id" in arguments
        return "" if is_whole else "Fill in a prompt and the id of your fine-tune."

    def python(self, sweep: Sweep) -> str:
        """The Python that makes the form's sweep.

        Parameters
        ----------
        sweep:
            The sweep.
        """
        return code(self.arguments(), model=self.model) if self._kept is None else code_of(sweep)


def field_of(name: str, finetunes: Sequence[str] = (), model: Model = MODEL) -> dict[str, Any]:
    """What a view must know of a field to draw it: its kind, choices, hints and presets.

    Parameters
    ----------
    name:
        The parameter or placeholder.
    finetunes:
        The fine-tunes of the log, which are a preset.
    model:
        The model.
    """
    parameter = model.parameter(name)
    if parameter is None or (name not in model.parameters and not is_path(name) and model.parameters):
        return _field(name, "lines", "one value a line", f"Values of {{{name}}} in the prompt.")
    help_ = f"{parameter.meaning} It is {parameter.allowed}.".strip()
    usual = _PRESETS.get(name, {}) if model.fills_defaults else {}
    presets = {label: written if written != () else parameter.choices for label, written in usual.items()}
    if name == "finetune_id" and finetunes:
        presets = {f"all {len(finetunes)} of the log": "\n".join(finetunes)} if len(finetunes) > 1 else {}
        presets |= {f"newest: {shorten(finetunes[0], 24)}": finetunes[0]}
    if not parameter.decides_picture:
        return _field(name, "one", "", help_, parameter.choices, presets)
    if parameter.kind == "choice":
        return _field(name, "several", "", help_, parameter.choices, presets)
    if parameter.kind not in ("integer", "number"):
        return _field(name, "lines", _TEXT_HINTS.get(name, "one value a line"), help_, (), presets)
    examples = "seeds(4), or a list" if name == "seed" else _EXAMPLES
    default = "" if parameter.default is None else f"{parameter.default} unless given; "
    return _field(name, "range", f"{default}{examples}", help_, (), presets)


def _field(
    name: str,
    kind: str,
    hint: str,
    help_: str,
    choices: Sequence[str] = (),
    presets: Mapping[str, Written] | None = None,
) -> dict[str, Any]:
    named = [{"name": label, "value": value} for label, value in (presets or {}).items()]
    return {"name": name, "kind": kind, "hint": hint, "help": help_, "choices": list(choices), "presets": named}


def _empty(parameter: Parameter) -> Written:
    if not parameter.decides_picture:
        return str(parameter.default)
    if parameter.kind != "choice":
        return ""
    return [] if parameter.default is None else [str(parameter.default)]


def _as_written(name: str, values: Sequence[Value], model: Model) -> Written:
    parameter = model.parameter(name)
    if parameter is not None and parameter.kind == "choice":
        return [str(value) for value in values] if parameter.decides_picture else str(values[0])
    return format_field(name, values, model)


def _default(name: str, model: Model) -> Any:
    """The value of a field that is left empty; None for one that has no default.

    Parameters
    ----------
    name:
        The parameter or placeholder.
    model:
        The model.
    """
    parameter = model.parameter(name)
    return None if parameter is None or parameter.required else parameter.default


def _values_said(name: str, values: Sequence[Value], model: Model) -> Said:
    """How many values a field has and which. One that holds a comma may be meant as several: it says how.

    Parameters
    ----------
    name:
        The parameter or placeholder.
    values:
        Its values.
    model:
        The model.
    """
    parameter = model.parameter(name)
    is_text = parameter is None or parameter.kind == "text"
    if len(values) == 1 and short(str(values[0])) != str(values[0]):
        return Said(short(str(values[0])))
    if not values or (len(values) == 1 and not (parameter is None or (is_text and "," in str(values[0])))):
        return Said()
    listed = (" | " if is_text else ", ").join(short(str(value)) for value in values)
    text = f"{count(len(values), 'value')}: {shorten(listed, LONGEST)}"
    if is_text and len(values) == 1 and "," in str(values[0]) and name != "prompt":
        text += ". For several, write one a line"
    elif is_text and len(values) == 1 and name == "prompt":
        return Said()
    return Said(text)
