"""The command ``segflux``: sweeps without a notebook.

Each command imports what it needs, so that ``segflux --help`` answers at once.
"""

from __future__ import annotations

import contextlib
import io
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .checking.commands import check, notebook
from .errors import MissingKey, SegfluxError, SweepInterrupted
from .model import TIME_SCALE
from .service.addresses import HOSTED
from .service.keys import WAYS, WAYS_OF_COMMANDS
from .version import __version__

if TYPE_CHECKING:
    from .runs import Runs
    from .sweep.sweep import Sweep
    from .workspace import Workspace


class _Commands(click.Group):
    """Commands that print an error as a sentence, not as a traceback, and on any console."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # there may be no console
                stream.reconfigure(errors="backslashreplace")
        return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except MissingKey as error:
            raise click.ClickException(str(error).replace(WAYS, WAYS_OF_COMMANDS)) from None
        except SegfluxError as error:
            raise click.ClickException(str(error)) from None
        except SweepInterrupted:
            sys.exit(130)


@click.group(cls=_Commands)
@click.version_option(__version__, prog_name="segflux")
def main() -> None:
    """Parameter sweeps of Segmind's flux-dev-finetuned."""


main.add_command(check)
main.add_command(notebook)


@main.command(short_help="Run the quickstart sweep on the simulator, free.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("demo"), help="The folder for everything it makes."
)
def demo(folder: Path) -> None:
    """Run the quickstart sweep on the simulator, free and without a key."""
    from .sweep.ranges import seeds
    from .sweep.sweep import Sweep
    from .workspace import Workspace

    sweep = Sweep(
        prompt="TOK on the shore of a mountain lake at dawn",
        finetune_id="my-finetune-id",
        seed=seeds(4),
        lora_strength="0.4-1.4 (+0.2)",
        sampler_name=["euler", "dpmpp_2m"],
    )
    with Workspace(folder / "workspace", service="simulator") as ws:
        click.echo(f"{sweep!r} on the built-in simulator, which paints with a toy flow model, not with Flux.")
        click.echo(ws.plan(sweep))
        runs = ws.run(sweep)
        runs.export(folder)
        click.echo(_files(folder, runs))


@main.command()
@click.argument("sweep", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--workspace", type=click.Path(path_type=Path), required=True, help="The folder of the log, or a bundle."
)
@click.option("--service", default=None, help="'simulator' or a base URL.  [default: the hosted service]")
@click.option("--name", default=None, help="What the log calls the sweep.")
@click.option("--max-cost", type=float, default=None, help="US dollars that this call may spend.")
def run(sweep: Path, workspace: Path, service: str | None, name: str | None, max_cost: float | None) -> None:
    """Run the sweep of a TOML file. Run it again to continue an interrupted sweep."""
    from .sweep.sweep import Sweep
    from .workspace import Workspace

    loaded = Sweep.from_toml(sweep)
    with Workspace(workspace, service=service) as ws:
        click.echo(ws.plan(loaded))
        runs = ws.run(loaded, name=name, max_cost=max_cost)
        click.echo(_counted(runs))
        incomplete = runs.counts.get("completed", 0) < len(runs)
    if incomplete:
        sys.exit(1)


@main.command()
@click.argument("workspace", type=click.Path(exists=True, path_type=Path))
def status(workspace: Path) -> None:
    """Show what the log of a workspace or a bundle holds. It needs neither key nor network."""
    from .workspace import Workspace

    _check_log(workspace)
    with Workspace(workspace) as ws:
        lines = ws.report()
    click.echo("\n".join(lines) or "No runs yet.")


@main.command(short_help="Examine machine, key, account and service; free.")
@click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    default=Path("segflux-runs"),
    show_default=True,
    help="The folder of the log; it need not be there.",
)
@click.option("--service", default=None, help="'simulator' or a base URL.  [default: the hosted service]")
@click.option("--spend", type=float, default=None, help="US dollars for one cheap picture, on the whole way.")
@click.option("--finetune-id", default=None, help="The fine-tune of that picture.  [default: the log's newest]")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Where to write the report for an issue.  [default with --spend: doctor.json]",
)
def doctor(
    workspace: Path, service: str | None, spend: float | None, finetune_id: str | None, report: Path | None
) -> None:
    """Examine this machine, the key, the account and the service: free, nothing is submitted.

    With --spend, one cheap picture goes the whole way, and the report says what the service does otherwise than this
    version expects. The report has no key, no account and no prompt.
    """
    from .examining import examination_of

    found = examination_of(workspace, service, spend, finetune_id)
    click.echo(found)
    if report is not None or spend is not None:
        click.echo(f"Report: {found.save(report or Path('doctor.json'))}")
    sys.exit(found.exit_code)


@main.command(short_help="Write a workspace to one file that replays it.")
@click.argument("workspace", type=click.Path(exists=True, path_type=Path))
@click.argument("sweep", required=False)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The .sfx file.")
@click.option("--no-cost", is_flag=True, help="Leave out what runs cost.")
@click.option("--license", default=None, help="The licence of the pictures, such as CC-BY-4.0.")
@click.option("--title", default=None, help="What the data card calls the study.")
@click.option("--service", default=None, help="Whose runs, if the log has runs of several services.")
def bundle(
    workspace: Path,
    sweep: str | None,
    output: Path,
    no_cost: bool,
    license: str | None,
    title: str | None,
    service: str | None,
) -> None:
    """Write a workspace, or one SWEEP of it (a name or a TOML file), to one file that replays it.

    Prompts and finetune ids are in the file; no API key, account, request id or path of this machine is. It needs
    neither key nor network.
    """
    from .sweep.sweep import Sweep
    from .workspace import Workspace

    _check_log(workspace)
    with Workspace(workspace) as ws:
        wanted = Sweep.from_toml(sweep) if sweep is not None and Path(sweep).suffix == ".toml" else sweep
        _logged_runs(ws, service, wanted).bundle(output, cost=not no_cost, license=license, title=title)


@main.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen on; other machines need --key."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8765,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@click.option("--key", default=None, help="The API key that requests must carry.")
@click.option(
    "--time-scale", type=float, default=TIME_SCALE, show_default=True, help="Speed: with 1, a picture takes 22 s."
)
@click.option("--rpm", type=int, default=None, help="Submits per minute; more get a 429.")
@click.option("--credits", type=float, default=None, help="US dollars on the account.")
@click.option("--faults", default="", help='Faults to make, such as "submit:drop_after=0.1,job:failed=0.05".')
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="The folder of the ledger; left out, it is in memory.",
)
def serve(
    host: str,
    port: int,
    key: str | None,
    time_scale: float,
    rpm: int | None,
    credits: float | None,
    faults: str,
    folder: Path | None,
) -> None:
    """Serve the simulator for other programs, until Ctrl-C."""
    from .simulator.app import Simulator
    from .simulator.service.faults import parse_faults

    try:
        simulator = Simulator(
            host=host,
            port=port,
            key=key,
            time_scale=time_scale,
            rpm=rpm,
            credits=credits,
            faults=parse_faults(faults),
            folder=folder,
        )
        url = simulator.url
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from None
    with simulator:
        # The key itself is never printed.
        key_argument = ', api_key="..."' if key else ""
        click.echo(f"The simulated service is at {url}. It paints with a toy flow model, not with Flux.")
        click.echo(f'segflux_nb:        Workspace("study", service="{url}"{key_argument})')
        click.echo(f'segflux_nb.client: SegmindClient(base_url="{url}/v1"{key_argument})')
        click.echo(f'the official SDK:  SegmindClient(base_url="{url}/v1"{key_argument})')
        click.echo(f"ledger:            {url}/simulator/ledger        description: {url}/openapi.json")
        click.echo("Ctrl-C stops it.")
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
    click.echo("Stopped.")


@main.command()
@click.option(
    "--base-url", default=HOSTED.api + "/v1", show_default=True, help="The service with which the key is tested."
)
def login(base_url: str) -> None:
    """Test an API key and save it. The file can be read by you alone."""
    from .client import SegmindClient
    from .errors import AuthenticationError
    from .service.keys import save_key

    key = click.prompt("API key (hidden)", hide_input=True).strip()
    try:
        with SegmindClient(key, base_url) as client:
            balance = client.credits().get("credits")
        click.echo(
            f"The key works; the account has ${balance:.2f}." if isinstance(balance, float) else "The key works."
        )
    except AuthenticationError as error:
        raise click.ClickException(f"{error} Nothing was saved.") from None
    except SegfluxError as error:
        click.echo(f"The key could not be tested: {error}")
    click.echo(f"Saved to {save_key(key)}.")


def _check_log(workspace: Path) -> None:
    """Refuse a folder that is no workspace; opening it would make it one."""
    from .bundle.opened import is_bundle

    if workspace.is_dir() and not (workspace / "log.sqlite").exists():
        raise click.ClickException(f"{workspace} is no workspace: it has no log.sqlite")
    if workspace.is_file() and not is_bundle(workspace):
        raise click.ClickException(f"{workspace} is no workspace and no bundle: a bundle's name ends in .sfx")


def _logged_runs(ws: Workspace, service: str | None, sweep: Sweep | str | None) -> Runs:
    """The runs of one service in a workspace's log, without the network.

    Parameters
    ----------
    ws:
        The workspace.
    service:
        The service; None for the one that the log has runs of.
    sweep:
        A sweep or its name; None for all runs.
    """
    from .runs import all_runs, runs_of_name, runs_of_sweep
    from .source import Source

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
    return runs_of_name(source, sweep) if isinstance(sweep, str) else runs_of_sweep(source, sweep)


def _counted(runs: Runs) -> str:
    """The number of runs by status, in words."""
    return ", ".join(f"{number:,} {name}" for name, number in sorted(runs.counts.items()))


def _files(folder: Path, runs: Runs) -> str:
    """What the demo wrote."""
    return (
        f"{_counted(runs)}.\n"
        f"{folder / 'report.html'}        open it in a browser: all pictures, to sort, zoom and compare\n"
        f"{folder / 'contact-sheet.png'}  the contact sheet\n"
        f"{folder / 'runs.csv'}           the table (runs.jsonl, too)\n"
        f"{folder / 'pictures'}/          the pictures\n"
        f"{folder / 'workspace'}/         the log; run the demo again, and no picture is made twice"
    )
