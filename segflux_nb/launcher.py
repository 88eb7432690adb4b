"""The launcher: plans, prices, checks, starts, retries and follows sweeps.

It is the one place that turns a `Sweep` into a `LiveRun`. A sweep passes through once, from top to bottom::

    Workspace.run -> Launcher.start -> Engine.run

`start` refuses what the hosted service would not take, enters the sweep in the log as planned, and starts the engine
on the private event loop. From then on the engine reports changes of state to the progress view, and the `LiveRun`
can be waited for or stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from . import loopthread
from .caps import cap_of, price_of
from .clock import Clock
from .connection import ServiceConnection
from .console import say
from .errors import SweepError
from .hints import notes_of
from .interrupts import Uninterrupted
from .known_models import KnownModels
from .launching import ELSEWHERE, Display, RunSnapshot, ShownPlan
from .lifecycle import Disposition, State, disposition, reason_of
from .live import STOPPED, LiveRun
from .markup import more_text
from .model import SIMULATOR, Model, unknown_model
from .pictures.inputs import know_names
from .pictures.mounted import pictures_of
from .planner import Planner
from .refusals import as_note, refusals, without_key
from .reusing import KnownRuns
from .runlog.journal import Journal, ServiceLog
from .runlog.picture_files import MISSING, PictureFile, missing_files, status_with_file
from .runlog.reading import without_collection
from .runlog.rows import LoggedRun, RunState
from .running.context import StopToken
from .running.in_hands import as_seen
from .running.policy.budget import Budget
from .running.refetching import Refetched
from .running.waits import Waits
from .runs import Runs, as_sweep, runs_of_sweep
from .service.addresses import HOSTED
from .source import Source
from .sweep.plan import Plan, static_html
from .sweep.request import Request
from .sweep.sweep import Sweep
from .values import as_text, shown
from .widgets.progress import Progress, ProgressSource
from .widgets.progress_display import shows_sheet


class Launcher:
    """Plans and starts sweeps for one workspace.

    Parameters
    ----------
    journal:
        The log, in which sweeps are planned.
    connection:
        The service: its engine, its prices, and the balance of the account.
    folder:
        The workspace's folder, as an absolute path; pictures are in it.
    has_key:
        Whether an API key is configured.
    max_in_flight:
        Jobs at the service at a time; plans estimate the time with it.
    clock:
        Source of the current time; tests replace it.
    reused:
        Runs that are known from elsewhere; None where there is no such place.

    Attributes
    ----------
    models:
        What is known of the service's models.
    planner:
        Chooses, prices and enters cells.
    """

    def __init__(
        self,
        journal: Journal,
        connection: ServiceConnection,
        folder: Path,
        *,
        has_key: bool,
        max_in_flight: int,
        clock: Clock,
        reused: KnownRuns | None = None,
    ) -> None:
        self._journal = journal
        self._connection = connection
        self._folder = folder
        self._has_key = has_key
        self._max_in_flight = max_in_flight
        self._clock = clock
        self._pictures = pictures_of(folder)
        know_names(folder)
        self.planner = Planner(journal, connection, folder, max_in_flight=max_in_flight, clock=clock, reused=reused)
        self.models = KnownModels(connection, folder, clock, lambda: self._log.runs.models())
        self._live: list[LiveRun] = []

    @property
    def source(self) -> Source:
        """Where the runs of this workspace come from."""
        return Source(self._log, self._folder, self)

    @property
    def submits(self) -> bool:
        """Whether there is a service to submit to: not where a bundle is replayed."""
        return self._connection.submits

    # ------------------------------------------------------------------ what to do

    @without_collection()
    def plan(
        self, sweep: Sweep | Runs, *, ask_balance: bool = False, first: int | None = None, again: bool | int = False
    ) -> Plan:
        """What running a sweep would do, cost and take now; nothing is submitted.

        Parameters
        ----------
        sweep:
            What would be run.
        ask_balance:
            Whether to ask the service for the balance of the account.
        first:
            The number of cells, those that are submitted first; None for all.
        again:
            Whether another take of each cell would be paid for, or how many more takes.
        """
        whole = self.checked(as_sweep(sweep))
        chosen = self.planner.first(whole, first)
        requests = self.planner.next_takes(chosen, int(again)) if again else chosen
        balance = self._connection.balance() if ask_balance else None
        plan, asked = self.planner.plan(requests, balance, self.models.priced(whole.model))
        stops = refusals(asked, has_key=self._has_key) if self._sends_to_hosted else ()
        notes = (
            *map(as_note, stops),
            *whole.notes,
            *notes_of(self.source, whole),
            *self.models.notes(whole.model.slug),
        )
        if ask_balance:
            self.models.check_when_due()
        plan = replace(plan, notes=(*plan.notes, *notes), whole=self.planner.whole(whole, first))
        return ShownPlan(**vars(plan), static=static_html(chosen, whole.axes, whole.model))

    @without_collection()
    def start(
        self,
        sweep: Sweep | Runs,
        *,
        name: str | None = None,
        max_cost: float | None = None,
        price: float | None = None,
        first: int | None = None,
        again: bool | int = False,
        resubmit_unknown: bool = False,
        has_stop_button: bool = False,
        display: Display | None = None,
        on_done: Callable[[Runs], object] | None = None,
    ) -> LiveRun:
        """Check a sweep, enter it in the log and start it.

        Parameters
        ----------
        sweep:
            What to run.
        name:
            The title of the sweep in the log.
        max_cost:
            US dollars that this call may spend; see `Workspace.run`.
        price:
            US dollars for one picture, as the user says: it decides what fits under the cap. Needed where neither the
            log nor the catalogue knows the price of a model.
        first:
            The number of cells that this call pays for, those that are submitted first; None for all.
        again:
            Whether to pay for another take of every cell, or how many more takes to pay for.
        resubmit_unknown:
            Whether to submit again what may have been accepted.
        has_stop_button:
            Whether its progress has a Stop button.
        display:
            Shows its progress; the output of the notebook's cell if left out.
        on_done:
            Called with the runs when the sweep has ended, on a thread of its own.

        Raises
        ------
        MissingKey, SweepError
            Before anything is sent.
        """
        sweep = self.checked(as_sweep(sweep))
        if on_done is not None and not callable(on_done):
            raise SweepError(
                f"on_done={shown(on_done)} is not a function", remedy="Give a function of the runs: on_done=print"
            )
        cap, said = self.cap(max_cost), price_of(price)
        title = title_of(name)
        self._connection.confirm_name()
        chosen = self.planner.first(sweep, first)
        requests = self.planner.next_takes(chosen, int(again)) if again else chosen
        entered = [*sweep, *(request for request in requests if request.take)] if again else list(sweep)
        _, logged, planned = self.planner.enter(sweep, title, entered, requests, self.check)
        runs = runs_of_sweep(self.source, sweep)
        return self.follow(
            requests,
            runs if first is None else self.planner.only(runs, [*chosen, *requests]),
            self.budget(cap, requests, said),
            logged=None if planned else {r.digest: logged[r.digest] for r in requests} if again else logged,
            whole=self.planner.whole(sweep, first),
            resubmit_unknown=resubmit_unknown,
            has_stop_button=has_stop_button,
            display=display,
            on_done=on_done,
        )

    def retry(self, runs: Runs) -> Runs:
        """Submit again what failed or was refused among these runs, wait for it, and give the runs afterwards."""
        self._connection.confirm_name()
        logged = self._log.runs.read([digest for digest, _ in runs.cells])
        failed = [run.request for run in logged.values() if run.state in (State.FAILED, State.REFUSED)]
        if not failed:
            say("Nothing to try again: none of these runs has failed or was refused.")
            return runs
        self.check(failed)
        self.planner.keep_inputs(failed, failed)
        return self.follow(failed, runs, self.budget(self.cap(None), failed), retry_held=True).wait_or_interrupt()

    def retry_lost(self, runs: Runs) -> Runs:
        """Ask again for what is lost or missing among these runs, without paying, and give the runs afterwards."""
        logged = self._log.runs.read([digest for digest, _ in runs.cells])
        gone = self.planner.missing(list(logged))
        incomplete = {picture.digest for picture in gone}.union(self._log.pictures.incomplete(logged))
        of_states = {State.LOST: logged.keys(), State.COMPLETED: incomplete}
        lost = [run.request for run in logged.values() if run.digest in of_states.get(run.state, ())]
        if not lost:
            say("Nothing to ask for again: none of these runs is lost, and no picture is missing.")
            return runs
        self.check(lost)
        return self.follow(lost, runs, Budget(self.cap(None)), only_collect=True).wait_or_interrupt()

    def snapshots(self, digests: Collection[str]) -> dict[str, RunSnapshot]:
        """What the log says of these runs, by digest."""
        logged = as_seen(self._log, self._log.runs.read(digests))
        missing = missing_files((run.picture for run in logged.values()), self._pictures)

        def file_of(run: LoggedRun) -> str | None:
            own = self._pictures.own(run.picture)
            return None if own is None or own in missing else str(self._folder / own)

        more = self._log.pictures.paths()
        return {
            digest: RunSnapshot(
                status_with_file(run.state, run.picture, missing),
                file_of(run),
                reason_of(run.error_kind, run.error),
                run.cost_usd or 0.0,
                more_text(len(more.get(digest, ())), more.get(digest, []).count(None)),
            )
            for digest, run in logged.items()
        }

    def finetunes(self) -> list[str]:
        """The ids of the fine-tunes that the log has runs of, the newest first."""
        return self._log.runs.finetunes()

    def hide_key(self, text: str) -> str:
        """A text without the configured API key."""
        return self._connection.hide_key(text)

    def interrupt_all(self) -> None:
        """Interrupt every sweep that is running."""
        for live in list(self._live):
            live.interrupt()

    def cap(self, max_cost: float | None) -> float | None:
        """US dollars that one call may spend; None for no limit.

        Parameters
        ----------
        max_cost:
            What the user gave, or None.

        Raises
        ------
        SweepError
            If `max_cost`, or ``SEGFLUX_MAX_COST`` that is used without it, is not an amount of money.
        """
        return cap_of(max_cost, is_hosted=self._service == HOSTED.name)

    def model_of(self, slug: str) -> Model:
        """What is known of a model, without the network."""
        return self.models.known(slug)

    def checked(self, sweep: Sweep) -> Sweep:
        """A sweep that may have been made with a slug alone, checked by what the workspace knows now."""
        model = sweep.model
        is_slug_alone = model.is_open and not model.parameters
        if other := self.models.written_otherwise(model.slug):
            raise SweepError(
                f"The service's catalogue has no model {model.slug!r}",
                money="nothing was billed",
                remedy=f"Did you mean {other!r}?",
            )
        if is_slug_alone and self._log.is_far:  # or it would be another sweep here than where more is known of it
            self.models.learn(model.slug)
        return sweep.with_model(self.model_of(model.slug)) if is_slug_alone else sweep

    def budget(self, cap: float | None, requests: Sequence[Request], price: float | None = None) -> Budget:
        """What a call may spend, with the prices of its models.

        Parameters
        ----------
        cap:
            US dollars; None for no limit.
        requests:
            What would be submitted.
        price:
            US dollars for one picture, as the user says.
        """
        models = dict.fromkeys(request.model for request in requests)
        costs = {slug: self._connection.rates(self.model_of(slug)).cost for slug in models}
        return Budget(cap, price=price, costs=costs, is_free=self._service == SIMULATOR)

    # ------------------------------------------------------------------ its steps

    @property
    def _service(self) -> str:
        return self._connection.service

    @property
    def _log(self) -> ServiceLog:
        return self._journal.of(self._service)

    def refetch(self, pictures: Collection[PictureFile]) -> list[Refetched]:
        """Fetch pictures again whose files are gone, without paying, and wait for it."""
        self._connection.confirm_name()
        future = loopthread.submit(self._connection.engine().refetch(pictures))
        try:
            return loopthread.wait(future)
        except KeyboardInterrupt:
            future.cancel()
            raise

    def check_key(self) -> None:
        """Refuse to send anything to the hosted service without a key."""
        if self._sends_to_hosted and not self._has_key:
            raise without_key()

    @property
    def _sends_to_hosted(self) -> bool:
        return self._service == HOSTED.name and self.submits

    def check(self, requests: Sequence[Request], *, by_others: bool = False) -> None:
        """Refuse, before anything is sent, what the hosted service would not take.

        Parameters
        ----------
        requests:
            What would be run.
        by_others:
            Whether processes with keys of their own will run it.
        """
        if self._service == HOSTED.name:
            for refusal in refusals(requests, has_key=self._has_key or by_others or not self.submits):
                raise refusal

    def follow(
        self,
        requests: Sequence[Request],
        runs: Runs,
        budget: Budget,
        *,
        logged: Mapping[str, RunState] | None = None,
        resubmit_unknown: bool = False,
        retry_held: bool = False,
        only_collect: bool = False,
        has_stop_button: bool = False,
        display: Display | None = None,
        on_done: Callable[[Runs], object] | None = None,
        whole: int = 0,
    ) -> LiveRun:
        """Start the engine on requests that the log has, and show its progress.

        Parameters
        ----------
        requests:
            What to run; equal ones run once.
        runs:
            The runs that the `LiveRun` gives in the end.
        budget:
            What this call may spend.
        logged:
            The states of the runs, where they were just read.
        resubmit_unknown:
            Whether to submit again what may have been accepted.
        retry_held:
            Whether to submit again what was moderated or invalid.
        only_collect:
            Whether to submit nothing, and ask again for what is lost.
        has_stop_button:
            Whether the progress has a Stop button.
        display:
            Shows the progress; the output of the notebook's cell if left out.
        on_done:
            Called with the runs in the end.
        whole:
            The cells of the sweep whose first ones these are; 0 where they are all.
        """
        stop, waits = StopToken(), Waits()
        unique = {request.digest: request for request in requests}
        logged = as_seen(self._log, logged or self._log.runs.states(unique))
        slugs = {request.model for request in requests}
        model = self.model_of(slugs.pop()) if len(slugs) == 1 else unknown_model("several models")
        plan, missing = self.planner.plan_from(list(unique.values()), logged, model=model)
        gone = {picture.digest for picture in missing if picture.number == 0}
        in_flight = [d for d, run in logged.items() if disposition(run.state) is Disposition.IN_FLIGHT]
        # Without anything to do, no server is started and no connection made.
        engine = None if self.planner.is_done(logged, missing) else self._connection.engine()
        held = engine.held_elsewhere(in_flight) if engine is not None else {}
        elsewhere = {digest: ELSEWHERE[other] for digest, other in held.items()}
        others = dict.fromkeys(gone, MISSING) | elsewhere
        status_of = {state: state.status for state in State}
        progress = Progress(
            ProgressSource(
                states={digest: status_of[run.state] for digest, run in logged.items()} | others,
                frame=runs.df if shows_sheet(len(unique)) else None,
                launcher=self,
                planned=plan.hosted_cost if self._service == SIMULATOR else plan.cost,
                is_free=self._service == SIMULATOR,
                on_stop=(lambda: stop.set(STOPPED)) if has_stop_button else None,
                display=display,
                waits=waits.in_words,
                static=static_html(unique.values(), runs.axes, model),
                whole=whole,
                expected=plan.seconds,
                first=plan.until_first,
            ),
            self._clock,
        )
        work = (
            _nothing
            if engine is None
            else partial(
                engine.run,
                list(unique.values()),
                stop=stop,
                budget=budget,
                on_change=lambda digest, state: progress.update(digest, state.status),
                on_elsewhere=lambda digest, is_other_process: progress.update(digest, ELSEWHERE[is_other_process]),
                resubmit_unknown=resubmit_unknown,
                retry_held=retry_held,
                only_collect=only_collect,
                missing=missing,
                shown={digest: run.state for digest, run in logged.items()},
                waits=waits,
            )
        )
        live: LiveRun | None = None
        try:
            with Uninterrupted():  # or the sweep would go on, and nobody could stop it
                # The runs may be those of an earlier call, which was stopped.
                live = LiveRun(
                    replace(runs, stopped=None), loopthread.submit(self.models.after(work)), stop, progress, on_done
                )
                self._live = [*(other for other in self._live if not other.done), live]
        except KeyboardInterrupt:
            if live is not None:
                live.interrupt()
            raise
        return live


async def _nothing() -> None:
    """The work of a sweep that is done."""


def title_of(name: object) -> str:
    """The title of a sweep, as the user gave it.

    Raises
    ------
    SweepError
        If it is not text.
    """
    try:
        return "" if name is None else as_text(name)
    except ValueError as error:
        raise SweepError(f"name={shown(name)} is not possible: {error}", remedy="Give text") from None
