"""The sweep builder: a form with a field for each parameter of the model, and what its sweep is and costs.

The view sends what is written in a field, with a number that counts up. Python answers with what each field says, the
price and the code, and with that number: the view runs nothing whose price it has not shown. Below the form stand
the progress of a started sweep and its gallery, which are widgets of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import SegfluxError
from ..launching import StartedSweep, SweepLauncher
from ..markup import Template, axes_text
from ..model import MODEL
from ..notebook import bundle_of, in_marimo
from ..sweep.plan import Plan
from ..sweep.sweep import Sweep
from .assets import module, style
from .builder_form import EXACT, Form, field_of
from .live_view import LiveView
from .toolkit import anywidget, traitlets

FIRST = 8
"""The cells of a first look, unless one writes another number."""

_STATIC = Template(
    "<div><strong>A form for a sweep.</strong> It lives in a running notebook: run this cell again."
    '<pre style="font-family:monospace">{{ code }}</pre></div>'
)


class Builder(anywidget.AnyWidget):
    """A form for a sweep: values and ranges, how many runs they are, what they cost, and the Python that makes them.

    Parameters
    ----------
    launcher:
        Plans and starts the form's sweep.
    sweep:
        What the form holds at first, exactly; None for the defaults.

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

    _esm = module("builder")
    _css = style("builder")
    fields: Any = traitlets.List().tag(sync=True)
    written = traitlets.Dict().tag(sync=True)
    said = traitlets.Dict().tag(sync=True)
    summary: Any = traitlets.List().tag(sync=True)
    size = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    code = traitlets.Unicode().tag(sync=True)
    first = traitlets.Int(FIRST).tag(sync=True)
    buttons: Any = traitlets.List().tag(sync=True)
    is_running = traitlets.Bool().tag(sync=True)
    has_gallery = traitlets.Bool().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    shown: Any = traitlets.List().tag(sync=True)
    answered = traitlets.Int().tag(sync=True)

    def __init__(self, launcher: SweepLauncher, sweep: Sweep | None = None) -> None:
        self._launcher = launcher
        model = launcher.model_of(MODEL.slug if sweep is None else sweep.model.slug)
        self._form = Form(sweep, model)
        self._finetunes = launcher.finetunes()
        self._started: StartedSweep | None = None
        self._place = Below(self._show)
        self._gallery: Any = None  # nothing else may hold it
        self._shows = 0
        super().__init__()
        self._refresh()
        self.on_msg(self._hear)

    def __repr__(self) -> str:
        return "Builder()"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return bundle_of(super()._repr_mimebundle_(**kwargs), repr(self), str(_STATIC.render(code=self.code)))

    @property
    def sweep(self) -> Sweep:
        """The sweep of the form as it stands.

        Raises
        ------
        SweepError
            If a field is wrong or empty. The error names the field.
        """
        return self._form.sweep

    # ------------------------------------------------------------------ the form

    def _hear(self, widget: object, message: Mapping[str, Any], buffers: object) -> None:
        """Handle a message of the view. It may come on any thread.

        Parameters
        ----------
        widget:
            This widget.
        message:
            What was written or clicked.
        buffers:
            Bytes that came with it; there are none.
        """
        kind = message.get("kind")
        if kind == "write":
            self._write(message.get("values"), message.get("first"))
            self.answered = int(message.get("number", 0))
        elif kind == "run":
            self._begin(first=self.first if message.get("first") else None)
        elif kind == "gallery":
            self._show_gallery()

    def _write(self, values: Any, first: Any = None) -> None:
        """Write in fields.

        Parameters
        ----------
        values:
            What is written, by the name of the field.
        first:
            The number of cells of a first look; None for what it was.
        """
        for name, value in (values if isinstance(values, Mapping) else {}).items():
            is_list = isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
            if isinstance(value, str) or is_list:
                self._form.write(str(name), value)
        if isinstance(first, int) and first >= 1:
            self.first = first
        self._refresh()

    def _refresh(self) -> None:
        """Say everything again."""
        form = self._form
        sweep, problem = form.planned()
        with self.hold_sync():
            self.fields = [field_of(name, self._finetunes, form.model) for name in form.names]
            self.written = {
                name: written if isinstance(written, str) else list(written) for name, written in form.written.items()
            }
            self.said = {
                name: {"text": said.text, "is_wrong": said.is_wrong}
                for name in form.names
                if (said := form.said(name)).text
            }
            self.note = EXACT if form.is_exact else ""
            self._say_plan(sweep, problem)

    def _say_plan(self, sweep: Sweep | None, problem: str) -> None:
        """Say the number of runs, the price and the code of the form's sweep, or why there is none.

        Parameters
        ----------
        sweep:
            The sweep; None without one.
        problem:
            Why there is none.
        """
        self.summary, self.size, self.code, self.buttons = [problem], "", "", []
        if sweep is None:
            return
        try:
            plan = self._launcher.plan(sweep)
            look = self._launcher.plan(sweep, first=self.first) if self.first < len(sweep) else None
        except SegfluxError as error:
            self.summary = [str(error)]
            return
        sizes = axes_text({name: values for name, values in sweep.axes.items() if len(values) > 1}, len(sweep))
        self.size = f"{sizes} = {len(sweep):,} runs" if " × " in sizes else ""
        cap, over = self._launcher.cap(None), []
        if cap is not None and plan.cost is not None and plan.cost > cap:
            over = [f"Of this, a click pays for ${cap:,.2f} at most: ws.run(builder.sweep, max_cost=...) for more"]
        self.summary, self.code = [*plan.lines, *over], self._form.python(sweep)
        words = f"Run all {plan.cells:,}" if plan.cells > 1 else "Run"
        first = f"Run the first {look.cells:,}" if look is not None and look.cells > 1 else "Run the first"
        self.buttons = [] if look is None else [_button(first, look, is_first=True)]
        self.buttons = [*self.buttons, _button(words, plan, is_first=False)]

    # ------------------------------------------------------------------ running

    def _begin(self, first: int | None = None) -> None:
        """Run the form's sweep, or its first cells.

        Parameters
        ----------
        first:
            How many cells; None for all.
        """
        if self.is_running:
            return
        try:
            sweep = self.sweep
            self.is_running, self.has_gallery, self.error = True, False, ""
            self._started = self._launcher.start(sweep, first=first, has_stop_button=True, display=self._place)
        except SegfluxError as error:
            self.is_running = False
            self.shown = []
            self.error = str(error)
            self._refresh()
        except BaseException:  # or the button would be dead for ever
            self.is_running = False
            raise
        else:
            self._started.when_done(self._end)

    def _end(self) -> None:
        """The started sweep has ended. It may be called on any thread."""
        self.is_running = False
        self.has_gallery = True
        self._refresh()

    def _show_gallery(self) -> None:
        if self._started is None:
            return
        if in_marimo():  # it makes no new widget while no cell runs
            self.error = "Marimo shows new widgets in cells only: write ws.runs(builder.sweep).gallery() in one."
            return
        try:
            self._gallery = self._started.runs.gallery()
        except SegfluxError as error:
            self.error = str(error)
        else:
            self.shown = [*self.shown[:1], _reference(self._gallery)]

    def _show(self, widget: Any) -> None:
        """Show the progress of a sweep below the form, in place of that of an earlier one."""
        self._shows += 1
        self.shown = [_reference(widget, self._shows)]


class Below:
    """The place below a form, where the progress of one sweep after another is shown.

    Parameters
    ----------
    show:
        Shows the view there.

    Attributes
    ----------
    view:
        The view of the progress. It is made with the form: marimo makes no new widget while no cell runs.
    """

    def __init__(self, show: Callable[[Any], None]) -> None:
        self.view = LiveView(None, 0, None)
        self._show = show

    def __call__(self, widget: Any) -> None:
        """Show a widget.

        Parameters
        ----------
        widget:
            The view.
        """
        self._show(widget)


def _reference(widget: Any, time: int = 0) -> str:
    """How the form's view finds a widget: by its model, and by how often it was shown.

    Parameters
    ----------
    widget:
        The widget.
    time:
        Another number shows it from its start again.
    """
    return f"anywidget:{widget.model_id}#{time}"


def _button(words: str, plan: Plan, *, is_first: bool) -> dict[str, Any]:
    """A button that runs a plan.

    Parameters
    ----------
    words:
        What it says.
    plan:
        What it pays for.
    is_first:
        Whether it is the first cells only.
    """
    return {"words": words, "price": _price(plan), "first": is_first, "cells": plan.cells}


def _price(plan: Plan) -> str:
    """What running a plan costs, in a few words for a button."""
    if not plan.to_submit:
        return "nothing to pay"
    if plan.hosted_cost is not None:
        return "free here"
    return "price unknown" if plan.cost is None else f"about ${plan.cost:,.2f}"
