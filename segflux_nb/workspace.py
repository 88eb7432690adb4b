"""The workspace: a folder that keeps every run and every picture, and a connection to a service.

It wires the parts of a `Session` together and gives them their verbs. What starts something goes to the `Launcher`;
what reads the log gives `Runs`. Further verbs are functions in `workspace_verbs`, one in each module, attached below
as those of `Runs` are.
"""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .clock import SystemClock
from .connection import Connection, Simulated
from .errors import SegfluxError
from .kept_pictures import open_pictures, wanted_address
from .launcher import Launcher
from .model import SIMULATOR, TIME_SCALE
from .place import check_simulator, place_of, unshown
from .replaying import open_replay
from .reusing import ReplayedRuns, ReusedRuns, open_sources
from .runlog.journal import Journal
from .runs import Runs, all_runs, runs_of_name, runs_of_sweep
from .service.kept_catalogue import release
from .service.keys import held
from .session import Session
from .sweep.sweep import Sweep
from .workspace_arguments import (
    count,
    is_simulator,
    made_folder,
    seconds,
    service_of,
    service_or_default,
    simulated_rates,
)
from .workspace_verbs import (
    arun,
    builder,
    doctor,
    plan,
    probe,
    report,
    run,
    start,
    submit,
    trigger_word,
    usage,
    verify,
)
from .workspace_verbs import models as _models

if TYPE_CHECKING:
    import pandas as pd

    from .simulator.app import Simulator
    from .sweep.plan import Rates


class Workspace(Session):
    """A folder that keeps every run and every picture, and a connection to a service.

    The folder is the truth: open it again, in this kernel or another, and everything is there. Opening it and
    reading the log needs neither key nor network.

    Parameters
    ----------
    path:
        The folder; it is made if it does not exist. The address of a PostgreSQL database, such as
        ``"postgresql://user@host/study"``, is a log that several machines share (``pip install
        "segflux-nb[postgres]"``). Left out, it is what ``SEGFLUX_WORKSPACE`` names, or ``segflux-runs``. A file whose
        name ends in ``.sfx`` is a bundle: it is opened read-only, needs no service and no key, and nothing is ever
        sent. While the environment variable ``SEGFLUX_REPLAY`` names a bundle, every workspace reads that one instead
        of its folder and its service.
    service:
        None for the hosted service (or what ``SEGFLUX_SERVICE`` says), ``"simulator"`` for one that keeps its state
        in the folder, a `Simulator`, or a base URL.
    api_key:
        The key of the hosted service. Left out, it comes from the environment variable ``SEGMIND_API_KEY``, the file
        that ``segflux login`` writes, or Colab's secret of that name.
    max_in_flight:
        The largest number of jobs at the service at a time.
    max_rpm:
        The largest number of requests per minute, of all kinds and of all processes that use this workspace; None
        for no limit of your own.
    max_wait:
        The most seconds for which new submits wait when the service says that its rate limit ends later. If it ends
        later than that, the sweep stops submitting, collects what is accepted, and `Runs.stopped` says when to come
        back.
    reuse:
        Other workspaces and bundles that are read as a cache: a cell that is completed in one of them, on the same
        service, is copied from there and not paid for.
    pictures:
        The object store that keeps the pictures, such as ``"s3://bucket/prefix"``; also gs, az, file and memory, or
        the path of another folder. The workspace's folder then has copies of those that were used last. Left out, it
        is what ``SEGFLUX_PICTURES`` says, or the workspace's folder. It needs ``pip install
        "segflux-nb[objectstore]"``.

    Raises
    ------
    WorkspaceError
        If the folder cannot be used, or `service` is not a service.

    Example
    -------
    ::

        with Workspace("study", service="simulator") as ws:
            runs = ws.run(Sweep(prompt="TOK at dawn", finetune_id="my-id", seed=seeds(4)))
    """

    _shown = ""
    """The path as the user gave it; empty until it is checked, because tracebacks may show an object half made."""

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        service: str | Simulator | None = None,
        api_key: str | None = None,
        max_in_flight: int = 32,
        max_rpm: int | None = None,
        max_wait: float = 900,
        reuse: Sequence[str | Path] | str | Path = (),
        pictures: str | Path | None = None,
    ) -> None:
        find_secret = held(api_key)
        del api_key  # an error from here on may be shown with the variables of its frames
        path = unshown(path)  # as the key: an address may hold a password
        max_in_flight = count("max_in_flight", max_in_flight)
        max_rpm = None if max_rpm is None else count("max_rpm", max_rpm)
        max_wait = seconds("max_wait", max_wait)
        service, place = service_of(service), place_of(path)
        self._shown = place.shown
        self._replayed: ReplayedRuns | None = None
        replay = open_replay(place.folder, lambda: _simulator(service, place.folder)[1])
        if replay is not None:
            self._replayed, self._sources = replay.runs, replay.sources
            launcher = Launcher(
                replay.journal,
                replay.connection,
                replay.folder,
                has_key=True,  # none is needed
                max_in_flight=max_in_flight,
                clock=replay.clock,
                reused=replay.runs,
            )
            super().__init__(replay.folder, replay.journal, replay.connection, launcher)
            _open_workspaces.add(self)
            return
        refusal: SegfluxError | None = None
        try:
            secret = find_secret()
        except SegfluxError as error:
            refusal = error.with_traceback(None)  # its frames hold the key
        if refusal is not None:
            raise refusal
        clock = SystemClock()
        check_simulator(place, service_or_default(service))
        store = wanted_address(pictures)
        self._sources = open_sources(reuse, clock)
        folder = made_folder(place.folder)
        journal = Journal(replace(place, folder=folder).log, clock, address=place.address)
        start_simulator, simulated = _simulator(service, folder)
        connection = Connection(
            SIMULATOR if start_simulator is not None else str(service_or_default(service)),
            start_simulator,
            closes=not is_simulator(service),
            simulated=simulated,
            folder=folder,
            journal=journal,
            clock=clock,
            secret=secret,
            max_in_flight=max_in_flight,
            max_rpm=max_rpm,
            max_wait=max_wait,
        )
        open_pictures(folder, journal, store, clock)
        release(folder)
        launcher = Launcher(
            journal,
            connection,
            folder,
            has_key=secret is not None,
            max_in_flight=max_in_flight,
            clock=clock,
            reused=ReusedRuns(self._sources, folder) if self._sources else None,
        )
        super().__init__(folder, journal, connection, launcher)
        _open_workspaces.add(self)

    def __repr__(self) -> str:
        return f"Workspace({self._shown!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Interrupt what runs, and close connections and files. What is on disk stays."""
        super().close()
        for source in self._sources:
            source.journal.close()
        _open_workspaces.discard(self)

    # what to do
    plan = plan.plan
    run = run.run
    arun = arun.arun
    start = start.start
    submit = submit.submit
    probe = probe.probe
    builder = builder.builder
    trigger_word = trigger_word.trigger_word

    # what the service offers, and whether all is ready
    doctor = doctor.doctor
    model = _models.model
    refresh_models = _models.refresh_models
    models = property(_models.models)

    # what the log holds
    report = report.report
    usage = usage.usage
    verify = verify.verify

    @property
    def sweeps(self) -> pd.DataFrame:
        """The sweeps that were run here: name, date, axes, cells, done, paid."""
        if self._replayed is not None:
            self._replayed.enter_asked(self._launcher.source.log, None)
        from .runlog.tables import sweeps_frame

        return sweeps_frame(self._journal.of(self.service).sweeps.all())

    def runs(self, sweep: Sweep | Runs | str | None = None) -> Runs:
        """Runs of the log, without the network.

        Parameters
        ----------
        sweep:
            A sweep, runs, the name of a sweep (the newest of that name), or None for all runs.

        Raises
        ------
        WorkspaceError
            If the log has no sweep of that name.

        Example
        -------
        ``ws.runs("first look").sheet()``
        """
        source = self._launcher.source
        if self._replayed is not None:
            self._replayed.enter_asked(source.log, sweep)
        if sweep is None:
            return all_runs(source)
        return runs_of_name(source, sweep) if isinstance(sweep, str) else runs_of_sweep(source, sweep)


def _simulator(
    service: str | Simulator | None, folder: Path
) -> tuple[Callable[[], Simulator] | None, Simulated | None]:
    """What gives the simulator, and what is known of it; None where the service is another one."""
    wanted = service_or_default(service)
    if is_simulator(wanted):
        return lambda: wanted, Simulated(
            rates=lambda: simulated_rates(wanted.pace), has_credits=lambda: wanted.settings.credits is not None
        )
    if wanted != SIMULATOR:
        return None, None
    started: list[Simulator] = []

    def start() -> Simulator:
        from .simulator.app import Simulator

        started.append(Simulator(folder=folder / "simulator", time_scale=TIME_SCALE))
        return started[-1]

    def rates() -> Rates:
        from .simulator.app import usual_pace

        return simulated_rates(started[-1].pace if started else usual_pace(TIME_SCALE))

    return start, Simulated(rates=rates, has_credits=lambda: False)


_open_workspaces: weakref.WeakSet[Workspace] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """At the interpreter's end, let submits on the wire finish and close what is open."""
    for workspace in list(_open_workspaces):
        workspace.close()
