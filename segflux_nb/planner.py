"""Which cells of a sweep are run, and what that would do, cost and take; it enters them. Nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .clock import Clock
from .connection import ServiceConnection
from .errors import SweepError
from .lifecycle import Disposition, State, disposition, is_asked_again
from .model import MODEL, Model
from .pictures.inputs import keep_inputs, notes_of_inputs, share_inputs
from .pictures.mounted import pictures_of
from .reusing import KnownRuns
from .runlog.completion import Files
from .runlog.journal import Journal, ServiceLog
from .runlog.picture_files import PictureFile, missing_files
from .runlog.rows import RunState, is_of_another_key
from .runlog.runs import REPLANNED
from .runlog.side_file import side_files
from .running.in_hands import as_seen
from .running.policy.order import first_digests
from .runs import Runs
from .service.stored_pictures import StoredPictures
from .sweep.plan import Plan, make_plan
from .sweep.request import Request
from .sweep.sweep import Sweep
from .values import as_integer, shown


class Planner:
    """Chooses and prices cells for one workspace.

    Parameters
    ----------
    journal:
        The log.
    connection:
        The service: its prices and its times.
    folder:
        The workspace's folder, as an absolute path.
    max_in_flight:
        Jobs at the service at a time.
    clock:
        Source of the current time; tests replace it.
    reused:
        Runs that are known from elsewhere; None where there is no such place.
    """

    def __init__(
        self,
        journal: Journal,
        connection: ServiceConnection,
        folder: Path,
        *,
        max_in_flight: int,
        clock: Clock,
        reused: KnownRuns | None,
    ) -> None:
        self._journal = journal
        self._connection = connection
        self._folder = folder
        self._pictures = pictures_of(folder)
        self._max_in_flight = max_in_flight
        self._clock = clock
        self._reused = reused

    @property
    def _log(self) -> ServiceLog:
        return self._journal.of(self._connection.service)

    def first(self, sweep: Sweep, number: object) -> list[Request]:
        """The cells with which a look at a sweep begins, in the sweep's order: corners and middles of its axes.

        Parameters
        ----------
        sweep:
            The sweep.
        number:
            How many; None for all of them.

        Raises
        ------
        SweepError
            If it is not a number of cells.
        """
        if number is None:
            return list(sweep)
        try:
            wanted = as_integer(number)
        except ValueError:
            wanted = 0
        if wanted < 1:
            raise SweepError(
                f"first={shown(number)} is not a number of cells",
                remedy="Write first=8 for eight cells, or leave it out for all of them",
            )
        chosen = first_digests(sweep, wanted)
        return [cell for cell in sweep if cell.digest in chosen]

    def whole(self, sweep: Sweep, number: int | None) -> int:
        """The number of different cells of a sweep of which only the first ones are run; 0 where all are.

        Parameters
        ----------
        sweep:
            The sweep.
        number:
            How many cells are run; None for all of them.
        """
        cells = 0 if number is None else len({cell.digest for cell in sweep})
        return cells if number is not None and number < cells else 0

    def only(self, runs: Runs, requests: Iterable[Request]) -> Runs:
        """Those of a sweep's runs that stand for these requests, and for other takes of the same cells."""
        chosen = {request.again(0).digest for request in requests}
        table = runs._table("first_digest")
        first_of = dict(zip(table["digest"], table["first_digest"], strict=True))
        return runs._with_cells([cell for cell in runs.cells if first_of.get(cell[0], cell[0]) in chosen])

    def next_takes(self, cells: Iterable[Request], number: int) -> list[Request]:
        """Cells, each as the takes that the log does not have yet.

        Parameters
        ----------
        cells:
            The cells.
        number:
            The number of further takes of each.
        """
        first = [(request, self._next_take(request.again(0).digest)) for request in cells]
        return [request.again(take + further) for request, take in first for further in range(number)]

    def enter(
        self,
        sweep: Sweep,
        title: str,
        entered: Sequence[Request],
        requests: Sequence[Request],
        check: Callable[[Sequence[Request]], None],
    ) -> tuple[int, dict[str, RunState], list[Request]]:
        """Enter a sweep and its runs in the log as planned, once what would be sent for them was checked.

        Parameters
        ----------
        sweep:
            The sweep.
        title:
            What the user calls it, or empty.
        entered:
            Its cells.
        requests:
            Those of them that would be run.
        check:
            Refuses what the service would not take.

        Returns
        -------
        The number of the sweep, the states of its runs before, and the requests that were planned.
        """
        can_write = not self._log.refusal
        if self._reused is not None and can_write:
            self._reused.enter(self._log, [request.digest for request in requests])
        logged = self._log.runs.states([request.digest for request in entered])
        done = {digest for digest, run in logged.items() if run.state is State.COMPLETED}
        asked = self.not_settled([r for r in requests if r.digest not in done], logged)
        check(asked)
        self.keep_inputs(asked, [r for r in asked if _is_submitted(logged.get(r.digest))])
        left = [request for request in entered if request.digest not in done]
        planned = [r for r in left if r.digest not in logged or logged[r.digest].state in REPLANNED]
        if not left and not can_write:  # a sweep that is done is read, where nothing can be written
            return 0, logged, planned
        self._log.runs.plan(planned)
        number = self._log.sweeps.enter(sweep.identity, sweep.name, title, sweep.axes, entered)
        return number, logged, planned

    def keep_inputs(self, asked: Sequence[Request], submitted: Sequence[Request]) -> None:
        """Keep input pictures in the folder, and in the store where there is one, before anything is entered.

        Parameters
        ----------
        asked:
            The requests for which the service will be asked.
        submitted:
            Those of them that are to be submitted, by whichever machine.

        Raises
        ------
        SweepError, WorkspaceError
            If that cannot be done for one of them.
        """
        if self._connection.submits:
            keep_inputs(self._folder, asked)
            share_inputs(self._folder, submitted)

    def missing(self, digests: Collection[str]) -> list[PictureFile]:
        """The pictures of these runs whose files are gone."""
        return self._gone(self._log.completion.files(digests), digests)

    def _gone(self, files: Files, digests: Collection[str]) -> list[PictureFile]:
        """The pictures of these runs whose files are not there.

        Parameters
        ----------
        files:
            What files they have; it may name those of other runs too.
        digests:
            The runs.
        """
        return self._log.completion.at(missing_files(files.paths, self._pictures), digests)

    def plan(
        self, requests: Sequence[Request], balance: float | None = None, model: Model = MODEL
    ) -> tuple[Plan, list[Request]]:
        """What running these requests would do, cost and take; and those for which the service would be asked.

        Parameters
        ----------
        requests:
            What would be run; equal ones count once.
        balance:
            US dollars on the account; None where that is unknown.
        model:
            The model that is asked.
        """
        digests = list(dict.fromkeys(request.digest for request in requests))
        logged = as_seen(self._log, self._log.runs.states(digests))
        known = {} if self._reused is None else self._reused.states(self._log, digests)
        states = {**logged, **known}
        plan, _ = self.plan_from(requests, states, known, model)
        notes = () if model is MODEL or model.slug == MODEL.slug else self._notes_of_inputs(requests, states, model)
        return replace(plan, balance=balance, notes=tuple(notes)), self.not_settled(requests, states)

    def _notes_of_inputs(
        self, requests: Sequence[Request], logged: Mapping[str, RunState], model: Model
    ) -> Iterator[str]:
        """What to know of the input pictures of what would be submitted.

        Parameters
        ----------
        requests:
            What would be run.
        logged:
            The states of their runs.
        model:
            The model that is asked.
        """
        submits = [request for request in requests if _is_submitted(logged.get(request.digest))]
        stored, now = StoredPictures(self._folder, self._connection.service), self._clock.now()
        stored.learn(self._log.inputs.addresses())
        return notes_of_inputs(
            self._folder, submits, lambda slug: model, lambda text: stored.find(text, now) is not None
        )

    def plan_from(
        self,
        requests: Sequence[Request],
        logged: Mapping[str, RunState],
        known: Collection[str] = (),
        model: Model = MODEL,
    ) -> tuple[Plan, list[PictureFile]]:
        """The plan for some requests, and the pictures of completed ones whose files are gone.

        Parameters
        ----------
        requests:
            The requests.
        logged:
            The states of their runs, as people see them.
        known:
            Digests of runs that are known elsewhere, with their pictures.
        model:
            The model that is asked.
        """
        files = self._log.completion.files(logged)
        completed = {digest for digest, run in logged.items() if run.state is State.COMPLETED}
        gone = self._gone(files, completed)
        plan = make_plan(
            requests,
            {digest: (run.state, run.error_kind) for digest, run in logged.items()},
            service=self._connection.service,
            rates=self._connection.rates(model),
            model=model,
            max_in_flight=self._max_in_flight,
            of_another_key=self._of_another_key(logged),
            missing=dict.fromkeys(picture.digest for picture in gone),
            discarded=len(self._log.completion.without_first(completed, logged, files).difference(known)),
            asked_again=self._asked_again(logged),
        )
        return replace(plan, replays=self._connection.replays), gone

    def not_settled(self, requests: Sequence[Request], logged: Mapping[str, RunState]) -> list[Request]:
        """The requests for which the service will be asked: to submit, to collect, or to look up.

        Parameters
        ----------
        requests:
            The requests.
        logged:
            The states of their runs.
        """

        def is_settled(request: Request) -> bool:
            run = logged.get(request.digest)
            if run is None or run.state is State.UNKNOWN:
                return False
            return disposition(run.state, run.error_kind) in (Disposition.DONE, Disposition.HELD)

        return [request for request in requests if not is_settled(request)]

    def is_done(self, logged: Mapping[str, RunState], missing: Collection[PictureFile]) -> bool:
        """Whether the engine has nothing to do: all runs are completed, all their pictures there, no id waits aside.

        Parameters
        ----------
        logged:
            The states of the runs.
        missing:
            Their pictures whose files are gone.
        """
        if missing or any(run.state is not State.COMPLETED for run in logged.values()):
            return False
        aside = side_files(self._log.path, self._connection.service)
        return not self._log.pictures.incomplete(logged) and not any(aside)

    def _of_another_key(self, logged: Mapping[str, RunState]) -> list[str]:
        """Digests of the runs that were submitted with another key and are not complete yet."""
        account = self._connection.account()
        return [
            digest
            for digest, run in logged.items()
            if is_of_another_key(run, account)
            and run.state not in (State.COMPLETED, State.FAILED, State.REFUSED, State.PLANNED)
        ]

    def _asked_again(self, states: Mapping[str, RunState]) -> set[str]:
        """The digests of the lost runs among these for which the next call asks again."""
        lost = [digest for digest, run in states.items() if run.state is State.LOST]
        now = self._clock.now()
        return {d for d, run in self._log.runs.read(lost).items() if is_asked_again(run.submitted_at, now)}

    def _next_take(self, first_digest: str) -> int:
        """The number of the take that neither the log has nor what is reused."""
        own = self._log.runs.next_take(first_digest)
        return own if self._reused is None else max(own, self._reused.next_take(self._log.service, first_digest))


def _is_submitted(run: RunState | None) -> bool:
    """Whether a request is submitted, by what the log says of its run; None where it has none."""
    return run is None or disposition(run.state, run.error_kind) is Disposition.SUBMIT
