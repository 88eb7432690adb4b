"""Commands that read a log: status, sheet, export, bundle, verify. They need no key."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ..given_path import GivenPath
from .opening import JSON, SERVICE, check_log, echo_json, kept_for_json, logged_runs, reads_workspace


@click.command()
@reads_workspace(of_sweep=False)
@JSON
def status(workspace: Path, as_json: bool) -> None:
    """Show what the log of a workspace or a bundle holds. It needs neither key nor network."""
    from ..workspace import Workspace
    from ..workspace_verbs.report import logged_sweeps

    check_log(workspace)
    with Workspace(workspace) as ws:
        sweeps = logged_sweeps(ws)
    if as_json:
        echo_json([sweep._asdict() for sweep in sweeps])
    else:
        click.echo("\n".join(map(str, sweeps)) or "No runs yet.")


@click.command(short_help="Draw a contact sheet to a file.")
@reads_workspace(of_sweep=True)
@click.option(
    "-o",
    "--output",
    type=GivenPath(dir_okay=False),
    required=True,
    help="The file: .png, .jpg, .webp, .pdf or .html.",
)
@click.option("--cols", default=None, help="The column of the table whose values are the columns of the sheet.")
@click.option("--rows", default=None, help="The column whose values are its rows.")
@click.option("--by", multiple=True, help="The outer axis; more than one makes a grid of each combination.")
@click.option("--caption", "captions", multiple=True, help="A column that is written under each picture; repeatable.")
@click.option("--border", default=None, help="A column of numbers, as the colour of a border.")
@click.option("--heat", default=None, help="A column of numbers that is shown instead of the pictures.")
@click.option(
    "--relative-to",
    multiple=True,
    metavar="AXIS=VALUE",
    help="The pictures that the others are compared with, such as lora_strength=0; repeatable.",
)
@click.option("--theme", type=click.Choice(["light", "dark"]), default=None, help="The colours.")
@SERVICE
@JSON
def sheet(
    workspace: Path,
    sweep: str | None,
    output: Path,
    cols: str | None,
    rows: str | None,
    by: tuple[str, ...],
    captions: tuple[str, ...],
    border: str | None,
    heat: str | None,
    relative_to: tuple[str, ...],
    theme: Any,
    service: str | None,
    as_json: bool,
) -> None:
    """Draw the contact sheet of a workspace, or of one SWEEP of it (a name or a TOML file), to a file.

    The first axis that is not named becomes the columns, the second the rows, the others the outer axes.
    """
    from ..workspace import Workspace

    check_log(workspace)
    with Workspace(workspace) as ws, kept_for_json(as_json):
        drawn = logged_runs(ws, service, sweep).sheet(
            cols=cols,
            rows=rows,
            by=list(by) or None,
            captions=captions,
            border=border,
            heat=heat,
            relative_to=dict(map(_value_of_axis, relative_to)) or None,
            theme=theme,
        )
        first = drawn.save(output)
    if as_json:
        echo_json({"path": str(first), "text": drawn.text})
    else:
        click.echo(f"{first}: {drawn.text}")


def _value_of_axis(given: str) -> tuple[str, Any]:
    """The axis and the value in ``axis=value``: a number where the axis has numbers."""
    from ..model import MODEL

    axis, equals, value = given.partition("=")
    if not equals:
        raise click.BadParameter(f"{given!r} is not AXIS=VALUE, such as lora_strength=0", param_hint="--relative-to")
    parameter = MODEL.parameters.get(axis)
    if parameter is None or parameter.kind not in ("integer", "number"):
        return axis, value
    try:
        return axis, parameter.normalise(float(value))
    except ValueError as error:
        raise click.BadParameter(f"{axis}={value}: {error}", param_hint="--relative-to") from None


@click.command(short_help="Write pictures, tables, the sheet and a report.")
@reads_workspace(of_sweep=True)
@click.option("-o", "--output", type=GivenPath(file_okay=False), required=True, help="The folder to write.")
@click.option("--names", default=None, help="How pictures are named, such as '{lora_strength}-{seed}'.")
@click.option("--no-metadata", is_flag=True, help="Copy the pictures without their parameters.")
@click.option("--parquet", is_flag=True, help="Also write runs.parquet; needs the extra [parquet].")
@SERVICE
@JSON
def export(
    workspace: Path,
    sweep: str | None,
    output: Path,
    names: str | None,
    no_metadata: bool,
    parquet: bool,
    service: str | None,
    as_json: bool,
) -> None:
    """Write a workspace, or one SWEEP of it (a name or a TOML file), to a folder that explains itself."""
    from ..workspace import Workspace

    check_log(workspace)
    with Workspace(workspace) as ws, kept_for_json(as_json):
        runs = logged_runs(ws, service, sweep)
        folder = runs.export(output, names=names, metadata=not no_metadata, parquet=parquet)
        counts = runs.counts
    if as_json:
        echo_json({"path": str(folder), "counts": counts})
    else:
        click.echo(folder)


@click.command(short_help="Write a workspace to one file that replays it.")
@reads_workspace(of_sweep=True)
@click.option("-o", "--output", type=GivenPath(dir_okay=False), required=True, help="The .sfx file.")
@click.option("--no-cost", is_flag=True, help="Leave out what runs cost.")
@click.option("--license", default=None, help="The licence of the pictures, such as CC-BY-4.0.")
@click.option("--title", default=None, help="What the data card calls the study.")
@SERVICE
@JSON
def bundle(
    workspace: Path,
    sweep: str | None,
    output: Path,
    no_cost: bool,
    license: str | None,
    title: str | None,
    service: str | None,
    as_json: bool,
) -> None:
    """Write a workspace, or one SWEEP of it (a name or a TOML file), to one file that replays it.

    Prompts and finetune ids are in the file; no API key, account, request id or path of this machine is. It needs
    neither key nor network.
    """
    from ..workspace import Workspace

    check_log(workspace)
    with Workspace(workspace) as ws, kept_for_json(as_json):
        runs = logged_runs(ws, service, sweep)
        path = runs.bundle(output, cost=not no_cost, license=license, title=title)
        counts = runs.counts
    if as_json:
        echo_json({"path": str(path), "counts": counts})


@click.command(short_help="Check every picture file, and fetch again what is gone.")
@reads_workspace(of_sweep=False)
@click.option("--service", default=None, help="'simulator' or a base URL.  [default: the hosted service]")
@JSON
def verify(workspace: Path, service: str | None, as_json: bool) -> None:
    """Check every picture file of a workspace against its sha256, and fetch again what is missing or damaged.

    Nothing is submitted and nothing is paid. The exit code is 1 if a picture is not there, or not as it was.
    """
    from ..workspace import Workspace

    check_log(workspace)
    with Workspace(workspace, service=service) as ws:
        found = ws.verify()
    if as_json:
        echo_json({"ok": found.ok, "pictures": found.df.to_dict("records")})
    else:
        click.echo(found)
    sys.exit(not found.ok)
