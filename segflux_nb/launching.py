"""What `Runs` and the widgets ask of the launcher, which is above them.

The launcher plans and starts sweeps, so it must know the engine, `Runs` and the progress view. Those need it too: the
tuner shows the cost of its next sweep, the builder has a Run button, and `Runs` can run what failed again. They see
it as the protocol below, and import nothing from above.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .model import Model
from .notebook import MimeBundle, volatile_bundle
from .sweep.plan import Plan
from .sweep.sweep import Sweep

ELSEWHERE = {True: "by another notebook", False: "by another sweep"}
"""What the progress of a sweep shows for a run that somebody else works on: whether that is another process."""


class Display(Protocol):
    """Shows the progress of a sweep.

    Attributes
    ----------
    view:
        A view that shows the progress of one sweep after another; None where each has its own.
    """

    view: Any

    def __call__(self, widget: Any) -> None:
        """Show a widget.

        Parameters
        ----------
        widget:
            The view of the progress.
        """


@dataclass(frozen=True)
class ShownPlan(Plan):
    """A plan that shows itself in a notebook.

    Attributes
    ----------
    static:
        What the sweep decides alone, as HTML for places without widgets.
    """

    static: str = field(default="", repr=False, compare=False)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> MimeBundle:
        return volatile_bundle(repr(self), self.html(), self.static)

    def _mime_(self) -> tuple[str, str]:
        """How marimo shows it: its notebooks hold no outputs, so the words may change."""
        return "text/html", self.html()

    def __repr__(self) -> str:
        return super().__repr__()


@dataclass(frozen=True)
class RunSnapshot:
    """What the log says of a run that has ended.

    Attributes
    ----------
    status:
        completed, failed, refused, unknown or lost.
    picture:
        The picture's file; None without one.
    error:
        Kind of error and text; empty without one.
    cost:
        US dollars that the service billed.
    more:
        What stands beside the picture where its output has several: ``+2, 1 not served``.
    """

    status: str
    picture: str | None = None
    error: str = ""
    cost: float = 0.0
    more: str = ""


class StartedSweep(Protocol):
    """A sweep that was started: what a widget needs of a `LiveRun`."""

    @property
    def runs(self) -> Any:
        """Its `Runs`."""

    def when_done(self, action: Callable[[], None]) -> None:
        """Call `action` when the sweep has ended; it may come on any thread."""


class SweepLauncher(Protocol):
    """Plans and starts sweeps in one workspace."""

    @property
    def submits(self) -> bool:
        """Whether there is a service to submit to: not where a bundle is replayed."""

    def plan(self, sweep: Sweep, *, ask_balance: bool = False, first: int | None = None) -> Plan:
        """What running a sweep would do, cost and take now; nothing is submitted.

        Parameters
        ----------
        sweep:
            What would be run.
        ask_balance:
            Whether to ask the service for the balance of the account.
        first:
            The number of cells, those that are submitted first; None for all.
        """

    def start(
        self,
        sweep: Sweep,
        *,
        first: int | None = None,
        has_stop_button: bool,
        display: Display,
        max_cost: float | None = None,
    ) -> StartedSweep:
        """Start a sweep, and return at once.

        Parameters
        ----------
        sweep:
            What to run.
        first:
            The number of cells, those that are submitted first; None for all.
        has_stop_button:
            Whether its progress has a Stop button.
        display:
            Shows its progress.
        max_cost:
            US dollars that this call may spend; see `Workspace.run`.
        """

    def model_of(self, slug: str) -> Model:
        """What the workspace knows of a model."""
        ...

    def finetunes(self) -> list[str]:
        """The ids of the fine-tunes that the log has runs of, the newest first."""

    def cap(self, max_cost: float | None) -> float | None:
        """US dollars that one call may spend; None for no limit.

        Parameters
        ----------
        max_cost:
            What the user gave, or None.
        """

    def retry(self, runs: Any) -> Any:
        """Submit again what failed or was refused among these `Runs`; blocks, and gives the `Runs` afterwards."""

    def retry_lost(self, runs: Any) -> Any:
        """Ask again for what these `Runs` miss, without paying; blocks, and gives the `Runs` afterwards."""

    def hide_key(self, text: str) -> str:
        """A text without the configured API key."""

    def snapshots(self, digests: Collection[str]) -> Mapping[str, RunSnapshot]:
        """What the log says of these runs, by digest."""
