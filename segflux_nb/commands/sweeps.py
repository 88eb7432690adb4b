"""Commands that run a sweep file, or look on while one runs."""

from __future__ import annotations

import dataclasses
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import SweepInterrupted
from ..given_path import GivenPath
from ..markup import count
from .opening import JSON, SERVICE, WorkspacePath, check_log, counted, echo_json, logged_runs, reads_workspace

if TYPE_CHECKING:
    from ..runs import Runs
    from ..sweep.plan import Plan

SECONDS_BETWEEN = 1.0
"""The time between two looks at a log in which another process works."""

_SWEEP_FILE = click.argument("sweep", type=GivenPath(exists=True, dir_okay=False))
_LOG = click.option(
    "--workspace",
    type=WorkspacePath(),
    required=True,
    envvar="SEGFLUX_WORKSPACE",
    help="The folder of the log, a bundle, or the address of a database.",
)
_OF_SERVICE = click.option(
    "--service", default=None, help="'simulator' or a base URL.  [default: the hosted service]"
)
_FIRST = click.option(
    "--first",
    type=click.IntRange(min=1),
    default=None,
    help="This many cells only, corners and middles first; a call without it is for the others too.",
)
_AGAIN = click.option("--again", is_flag=True, help="Another take of each cell, which is paid for again.")


@click.command()
@_SWEEP_FILE
@_LOG
@_OF_SERVICE
@_FIRST
@_AGAIN
@JSON
def plan(sweep: Path, workspace: Path, service: str | None, first: int | None, again: bool, as_json: bool) -> None:
    """Say what running the sweep of a TOML file would do, cost and take. Nothing is paid."""
    from ..sweep.sweep import Sweep
    from ..workspace import Workspace

    with Workspace(workspace, service=service) as ws:
        loaded = Sweep.from_toml(sweep, model=ws._launcher.model_of)
        planned = ws.plan(loaded, first=first, again=again)
    if as_json:
        echo_json(_facts(planned))
    else:
        click.echo(planned)


@click.command()
@_SWEEP_FILE
@_LOG
@_OF_SERVICE
@click.option("--name", default=None, help="What the log calls the sweep.")
@click.option("--max-cost", type=float, default=None, help="US dollars that this call may spend.")
@_FIRST
@_AGAIN
@JSON
def run(
    sweep: Path,
    workspace: Path,
    service: str | None,
    name: str | None,
    max_cost: float | None,
    first: int | None,
    again: bool,
    as_json: bool,
) -> None:
    """Run the sweep of a TOML file. Run it again to continue an interrupted sweep.

    The exit code is 1 if a cell has no picture. Without a terminal, as under nohup, a line a minute says how far it
    is.
    """
    from ..sweep.sweep import Sweep
    from ..workspace import Workspace

    with Workspace(workspace, service=service) as ws:
        loaded = Sweep.from_toml(sweep, model=ws._launcher.model_of)
        planned = ws.plan(loaded, first=first, again=again)
        if not as_json:
            click.echo(planned)
        try:
            runs = ws.run(loaded, name=name, max_cost=max_cost, first=first, again=again)
        except SweepInterrupted as interrupted:
            kept = str(interrupted).partition(";")[0]
            click.echo(f"{kept}. From a shell: segflux run with the same arguments continues.", err=True)
            raise
        counts = runs.counts
        if as_json:
            stopped = str(runs.stopped) if runs.stopped else None
            echo_json({"plan": _facts(planned), "cells": len(runs), "counts": counts, "stopped": stopped})
        else:
            click.echo(counted(counts))
            if len(runs) < len(loaded):
                whole = count(len(loaded), "run")
                click.echo(f"These are the first {len(runs):,} of {whole}; without --first, all are run.")
        incomplete = counts.get("completed", 0) < len(runs)
    sys.exit(incomplete)


@click.command(short_help="Look on while another process runs a sweep.")
@reads_workspace(of_sweep=True)
@SERVICE
@JSON
def follow(workspace: Path, sweep: str | None, service: str | None, as_json: bool) -> None:
    """Show how far a workspace, or one SWEEP of it, is, until nobody works on it any more.

    It reads the log alone and sends nothing. A line is written whenever a count changes. The exit code is 0 if every
    cell has its picture.
    """
    from ..workspace import Workspace

    check_log(workspace)
    with Workspace(workspace) as ws:
        complete = _follow(logged_runs(ws, service, sweep), as_json)
    sys.exit(not complete)


def _follow(runs: Runs, as_json: bool) -> bool:
    """Write the counts until no process works on them; whether every run is completed then."""
    from ..running.in_hands import is_worked_on

    shown: dict[str, int] = {}
    between = threading.Event()
    idle = 0
    while True:
        # First who is there, then what they have done: what ends in between is written.
        is_busy = is_worked_on(runs.source.log)
        counts = runs.counts
        if counts != shown:
            shown = counts
            echo_json(counts) if as_json else click.echo(counted(counts))
        is_open = any(counts.get(status) for status in ("planned", "submitted", "processing"))
        idle = 0 if is_busy else idle + 1
        if not is_open or idle == 2:  # a process that has just planned sends its first heartbeat a moment later
            break
        between.wait(SECONDS_BETWEEN)
    if is_open and not as_json:
        click.echo("No process works on the others. segflux run continues.", err=True)
    return counts.get("completed", 0) == len(runs)


def _facts(planned: Plan) -> dict[str, Any]:
    """A plan for machines; what notebooks show of it is left out."""
    names = [field.name for field in dataclasses.fields(planned) if field.name != "static"]
    return {name: _plain(getattr(planned, name)) for name in names}


def _plain(value: Any) -> Any:
    return dict(value) if hasattr(value, "keys") else value
