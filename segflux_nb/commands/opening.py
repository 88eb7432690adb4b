"""What commands open: a workspace or a bundle, and the runs in its log."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..given_path import GivenPath

if TYPE_CHECKING:
    from ..runs import Runs
    from ..workspace import Workspace


class WorkspacePath(GivenPath):
    """The path of a workspace or a bundle, or the address of a database.

    A path would make one slash of two, and a folder of an address that is mistyped.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; an address as it is. Parameters are those of `click.ParamType.convert`."""
        from ..runlog.postgres.address import check_place, is_address

        if is_address(value):
            return value
        check_place(str(value))
        return super().convert(value, param, ctx)


class _PlaceOrSweep(WorkspacePath):
    """The first word of a command that reads a workspace: its place; a sweep where that is named otherwise."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The text as it is. Parameters are those of `click.ParamType.convert`."""
        if not str(value).strip():
            super().convert(value, param, ctx)  # refuses it
        return value


def reads_workspace(*, of_sweep: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a command have a workspace: as its first word, by ``--workspace``, or from ``SEGFLUX_WORKSPACE``.

    Parameters
    ----------
    of_sweep:
        Whether the next word, which is the first one where the workspace is named otherwise, is a sweep.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def resolved(*, workspace: str | None, named: Any, sweep: str | None = None, **others: Any) -> None:
            place, sweep = _place_and_sweep(workspace, named, sweep, of_sweep=of_sweep)
            command(workspace=place, **({"sweep": sweep} if of_sweep else {}), **others)

        if of_sweep:
            resolved = click.argument("sweep", required=False)(resolved)
        first = click.argument("workspace", type=_PlaceOrSweep(), required=False)
        option = click.option(
            "--workspace",
            "named",
            type=WorkspacePath(exists=True),
            envvar="SEGFLUX_WORKSPACE",
            help="The same as WORKSPACE.  [default: SEGFLUX_WORKSPACE]",
        )
        return first(option(resolved))

    return decorated


def _place_and_sweep(given: str | None, named: Any, sweep: str | None, *, of_sweep: bool) -> tuple[Any, str | None]:
    """The workspace and the sweep that the words of a command mean.

    Parameters
    ----------
    given:
        The first word.
    named:
        What ``--workspace`` or ``SEGFLUX_WORKSPACE`` says.
    sweep:
        The second word.
    of_sweep:
        Whether the command takes a sweep.
    """
    context = click.get_current_context()
    if named is None and given is None:
        raise click.UsageError("Name the workspace: its folder, or its address. SEGFLUX_WORKSPACE may name it too")
    if context.get_parameter_source("named") is ParameterSource.COMMANDLINE:
        if sweep is not None or (given is not None and not of_sweep):
            raise click.UsageError(f"Two workspaces are named: {given}, and that of --workspace")
        return named, given
    if given is None or (named is not None and of_sweep and sweep is None and not _is_place(given)):
        return named, given
    return WorkspacePath(exists=True).convert(given, None, context), sweep


def _is_place(given: str) -> bool:
    """Whether a word names a workspace or a bundle, and not a sweep."""
    from ..bundle.opened import is_bundle
    from ..place import place_of

    place = place_of(given)
    return bool(place.address) or is_bundle(place.folder) or place.log.is_file()


SERVICE = click.option("--service", default=None, help="Whose runs, if the log has runs of several services.")
JSON = click.option("--json", "as_json", is_flag=True, help="For machines: JSON alone on the standard output.")


def check_log(workspace: Path) -> None:
    """Refuse a folder that is no workspace; opening it would make it one."""
    from ..bundle.opened import is_bundle
    from ..place import place_of

    if place_of(workspace).address:
        return
    if workspace.is_dir() and not (workspace / "log.sqlite").exists():
        raise click.ClickException(f"{workspace} is no workspace: it has no log.sqlite")
    if workspace.is_file() and not is_bundle(workspace):
        raise click.ClickException(f"{workspace} is no workspace and no bundle: a bundle's name ends in .sfx")


def logged_runs(ws: Workspace, service: str | None, sweep: str | None) -> Runs:
    """The runs of one service in a workspace's log, without the network.

    Parameters
    ----------
    ws:
        The workspace.
    service:
        The service; None for the one that the log has runs of.
    sweep:
        The name of a sweep, or a sweep file; None for all runs.
    """
    from ..runs import all_runs, runs_of_name, runs_of_sweep
    from ..source import Source
    from ..sweep.sweep import Sweep

    known = ws._journal.services()
    if service is None and len(known) > 1:
        raise click.ClickException(f"The log has runs of {' and '.join(known)}: choose one with --service")
    if service is not None and service not in known:
        raise click.ClickException(f"The log has no run of {service}: it has runs of {' and '.join(known) or 'none'}")
    if not known:
        raise click.ClickException("The log has no run")
    source = Source(ws._journal.of(service or known[0]), ws.path, ws._launcher)
    if sweep is None:
        return all_runs(source)
    if Path(sweep).suffix == ".toml":
        return runs_of_sweep(source, Sweep.from_toml(sweep, model=ws._launcher.model_of))
    return runs_of_name(source, sweep)


def counted(counts: dict[str, int]) -> str:
    """The number of runs by status, in words."""
    return ", ".join(f"{number:,} {status}" for status, number in sorted(counts.items()))


@contextmanager
def kept_for_json(as_json: bool) -> Iterator[None]:
    """Let sentences that are printed meanwhile go to the standard error, where the output is to be JSON alone.

    Parameters
    ----------
    as_json:
        Whether it is.
    """
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        yield


def echo_json(value: Any) -> None:
    """Write a value as one line of JSON to the standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))
