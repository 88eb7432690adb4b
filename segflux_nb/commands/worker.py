"""``segflux worker``: runs what is submitted to a workspace, until it is told to stop."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from queue import SimpleQueue
from types import FrameType

import click

from .opening import WorkspacePath

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@click.command(short_help="Run what is submitted to a workspace, until stopped.")
@click.option(
    "--workspace",
    type=WorkspacePath(),
    envvar="SEGFLUX_WORKSPACE",
    required=True,
    help="The folder of the log, or its database.",
)
@click.option("--service", default=None, help="'simulator' or a base URL.  [default: the hosted service]")
@click.option("--max-in-flight", type=click.IntRange(min=1), default=32, show_default=True, help="Jobs at a time.")
@click.option("--until-idle", is_flag=True, help="End when nothing is left to do, for machines that are hired.")
def worker(workspace: Path, service: str | None, max_in_flight: int, until_idle: bool) -> None:
    """Run the sweeps that ws.submit(sweep) hands over, one after the other, until stopped.

    Ctrl-C or SIGTERM: nothing more is submitted, what is in flight is collected, then it ends. A second time: it ends
    at once, and another worker continues. Without a terminal, a line a minute says how far a sweep is. Any number of
    workers, on any number of machines, may share a workspace.
    """
    from ..clock import SystemClock
    from ..worker import STOP, Worker
    from ..workspace import Workspace

    news: SimpleQueue[str] = SimpleQueue()
    caught: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        news.put(STOP)

    before = [signal.signal(one, stop) for one in SIGNALS]
    try:
        with Workspace(workspace, service=service, max_in_flight=max_in_flight) as ws:
            own = Worker(ws, SystemClock(), click.echo, news=news, until_idle=until_idle)
            is_done = own.run()
    finally:
        for one, handler in zip(SIGNALS, before, strict=True):
            signal.signal(one, handler)
    sys.exit(128 + caught[1] if own.was_interrupted else not is_done)
