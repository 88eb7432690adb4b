"""Running a picture again with other parameters: what it costs, and what becomes of it.

Nothing is paid for without an offer. An offer has a number and names its price; only the last offer can be run, and
only once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import pandas as pd

from ..errors import SegfluxError, SweepError
from ..launching import StartedSweep, SweepLauncher
from ..markup import count
from ..model import SIMULATOR, Model, Parameter, Value
from ..parameter import ANY
from ..paths import is_path, top_of
from ..sweep.axes import check_value
from ..sweep.form import format_field, number_of_cells, parse_field
from ..sweep.names import LABEL, TEMPLATE
from ..sweep.plan import Plan
from ..sweep.sweep import Sweep
from ..sweep.template import escape
from .gallery_messages import FormField

MOST_RUNS = 100
"""The most runs that one form starts: more are a sweep, and worth a cell of the notebook."""


class Shown(Protocol):
    """The runs that a gallery shows."""

    def request(self, run: str) -> tuple[Mapping[str, Value], Mapping[str, Value]]:
        """The parameters of a run, by its short name, and its labels."""

    @property
    def slug(self) -> str:
        """The slug of the model of these runs; that of our own where they are of several."""
        ...

    @property
    def parameters(self) -> Sequence[str]:
        """The names of their parameters."""
        ...

    def add(self, runs: Any) -> pd.DataFrame:
        """Show these runs too, and give the frame of all."""


class _Unshown:
    """Shows no progress: the gallery shows what it runs."""

    view = None

    def __call__(self, widget: object) -> None:
        """Show nothing.

        Parameters
        ----------
        widget:
            The view of the progress.
        """


@dataclass(frozen=True)
class Offer:
    """What can be run for a price.

    Attributes
    ----------
    number:
        Its number.
    sweep:
        What would be run.
    text:
        What it would do, cost and take.
    button:
        What stands on the button: it names the price. Empty where there is nothing to run.
    cost:
        US dollars; 0 where nothing is paid.
    """

    number: int
    sweep: Sweep
    text: str
    button: str
    cost: float


@dataclass
class PictureRunner:
    """Runs pictures of a gallery again with other parameters.

    Attributes
    ----------
    launcher:
        Plans and starts sweeps.
    shown:
        The runs of the gallery.
    max_cost:
        US dollars that all runs of this gallery may cost together; None for the limit that each call has.
    spent:
        US dollars that they cost so far.
    wrong_field:
        The parameter for whose text there was no offer the last time; empty if its text was not the reason.
    """

    launcher: SweepLauncher
    shown: Shown
    max_cost: float | None = None
    spent: float = 0.0
    wrong_field: str = ""
    _offers: int = 0
    _offer: Offer | None = None

    @property
    def fields(self) -> list[FormField]:
        """The fields of the form; none where nothing can be submitted."""
        if not self.launcher.submits:
            return []
        return [
            {"name": name, "kind": _kind_of(one), "allowed": one.allowed, "choices": [str(c) for c in one.choices]}
            for name in self._names
            if (one := self._model.parameter(name)) is not None
        ]

    @property
    def _model(self) -> Model:
        """The model of the runs."""
        return self.launcher.model_of(self.shown.slug)

    @property
    def _names(self) -> list[str]:
        """The names of the fields: the parameters of the model, or what the runs of it have."""
        model = self._model
        return list(model.parameters) if model.fills_defaults else list(self.shown.parameters)

    def written(self, run: str) -> dict[str, str]:
        """What the fields hold at first: the parameters of a run."""
        model = self._model
        return {
            name: str(value) if _is_choice(name, model) else format_field(name, [value], model)
            for name, value in self.shown.request(run)[0].items()
        }

    def offer(self, run: str, fields: Mapping[str, str]) -> Offer:
        """What the fields would run, and its price.

        Parameters
        ----------
        run:
            The short name of the run whose picture it is.
        fields:
            What is written, by parameter; what is left out is as in the run.

        Raises
        ------
        SegfluxError
            If a field is wrong (`wrong_field` names it), there is nothing to run, or it is too much.
        """
        self._offer, self.wrong_field = None, ""
        given, model, names = _arguments(*self.shown.request(run)), self._model, self._names
        for name, text in fields.items():
            if name in names:
                self.wrong_field = name
                given[name] = _parsed(name, text, model)
        self.wrong_field = ""
        if "prompt" in fields:  # what stood for names in braces stands there no more
            given = {name: value for name, value in given.items() if name in names}
        number = number_of_cells(given, model)
        if number > MOST_RUNS:
            raise SweepError(
                f"These are {number:,} runs, and this form starts at most {MOST_RUNS}",
                remedy="Run a sweep of its own, with ws.run(sf.Sweep(...))",
            )
        sweep = Sweep(model=model, **given)
        plan = self.launcher.plan(sweep)
        self._check(plan)
        self._offers += 1
        cost = plan.cost or 0.0 if plan.to_submit else 0.0
        self._offer = Offer(self._offers, sweep, "\n".join(plan.lines), _button(plan), cost)
        return self._offer

    def run(self, number: Any, on_end: Callable[[pd.DataFrame | None, list[str], str], None]) -> str:
        """Run the last offer, and return at once with what is run, in words.

        Parameters
        ----------
        number:
            The number of the offer. An offer that is not the last one is not run.
        on_end:
            Called when it has ended, on any thread: with the frame of all runs (None if it failed), the short names
            of the runs of the offer, and what became of them in words.

        Raises
        ------
        SegfluxError
            If there is no such offer, or it costs more than is allowed.
        """
        offer, self._offer = self._offer, None
        if offer is None or offer.number != number or not offer.button:
            raise SweepError("This price is not valid any more", remedy="Change a field to see the price of today")
        left = None if self.max_cost is None else max(0.0, self.max_cost - self.spent)
        started = self.launcher.start(offer.sweep, has_stop_button=False, display=_Unshown(), max_cost=left)
        self.spent += offer.cost
        # That is called on the engine's thread, which must not wait for frames and thumbnails.
        end = threading.Thread(target=self._end, args=(started, on_end), daemon=True)
        started.when_done(end.start)
        return f"{count(len(offer.sweep), 'run')} started"

    def _end(self, started: StartedSweep, on_end: Callable[[pd.DataFrame | None, list[str], str], None]) -> None:
        """Tell what became of a started sweep.

        Parameters
        ----------
        started:
            The sweep.
        on_end:
            As in `run`.
        """
        runs = started.runs
        try:
            made = list(runs)
            failed = [run for run in made if run.error]
            done = sum(run.status == "completed" for run in made)
            words = [f"{done} of {count(len(runs), 'picture')}"]
            words += [f"{run.status}: {run.error}" for run in failed[:1]]
            words += [str(runs.stopped)] if runs.stopped else []
            on_end(self.shown.add(runs), [run.run for run in made], " · ".join(words))
        except Exception as error:  # the page waits for the end, whatever became of it
            on_end(None, [], str(error) if isinstance(error, SegfluxError) else f"{type(error).__name__}: {error}")
            if not isinstance(error, SegfluxError):
                raise

    def _check(self, plan: Plan) -> None:
        """Refuse what costs more than this gallery may spend."""
        cost = plan.cost or 0.0
        if self.max_cost is not None and plan.to_submit and self.spent + cost > self.max_cost:
            raise SweepError(
                f"This costs about ${cost:,.4f}, and {_money(self.max_cost - self.spent)} of max_cost is left",
                remedy="runs.gallery(max_cost=...) sets the limit",
            )


def _arguments(parameters: Mapping[str, Value], labels: Mapping[str, Value]) -> dict[str, Any]:
    """The arguments of `Sweep` that make a run again, with its labels.

    Parameters
    ----------
    parameters:
        Its request.
    labels:
        Values of placeholders, the template of the prompt, and labels of values.
    """
    given: dict[str, Any] = dict(parameters)
    if "prompt" in parameters:
        given["prompt"] = labels.get(TEMPLATE, escape(str(parameters["prompt"])))
    for name, value in labels.items():
        if name.endswith(LABEL) and name.removesuffix(LABEL) in parameters:
            given[name.removesuffix(LABEL)] = {str(value): parameters[name.removesuffix(LABEL)]}
        elif name != TEMPLATE and not any(is_path(path) and top_of(path) == name for path in parameters):
            given[name] = value
    return given


def _kind_of(parameter: Parameter) -> Literal["text", "integer", "number", "choice"]:
    """What a field of the form takes: what is neither a number nor a choice is written as a text."""
    kind = parameter.kind
    return kind if kind in ("integer", "number", "choice") else "text"


def _is_choice(name: str, model: Model) -> bool:
    parameter = model.parameter(name)
    return parameter is not None and parameter.kind == "choice"


def _parsed(name: str, text: str, model: Model) -> Any:
    """The argument of `Sweep` for a field's text.

    Parameters
    ----------
    name:
        The parameter.
    text:
        What is written.
    model:
        The model.
    """
    if _is_choice(name, model):
        return check_value(name, text, model)
    if name == "prompt":
        lines = parse_field(name, text, model)
        # It is a text as it was sent: braces in it are no placeholders.
        value = [escape(line) for line in lines] if isinstance(lines, list) else lines and escape(lines)
    else:
        value = parse_field(name, text, model)
    if value is None:
        raise SweepError(f"{name} is empty", remedy=f"It must be {(model.parameter(name) or ANY).allowed}")
    return value


def _money(dollars: float) -> str:
    return f"${dollars:,.2f}" if dollars >= 1 else f"${dollars:.4f}"


def _button(plan: Plan) -> str:
    """What stands on the button that runs a plan; empty where there is nothing to run."""
    if not plan.to_submit:
        return f"Show {count(plan.cells, 'run')}, nothing to pay" if plan.logged or plan.in_flight else ""
    runs = count(plan.to_submit, "run")
    if plan.service == SIMULATOR:
        return f"Make {runs}, free on the simulator"
    return f"Make {runs} for an unknown price" if plan.cost is None else f"Make {runs} for about {_money(plan.cost)}"
