"""The command ``segflux``: sweeps without a notebook.

Each command imports what it needs, so that ``segflux --help`` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .checking.commands import check, notebook
from .commands.account import doctor, login
from .commands.copying import copy
from .commands.group import Commands
from .commands.opening import counted
from .commands.simulator import serve
from .commands.studies import bundle, export, sheet, status, verify
from .commands.sweeps import follow, plan, run
from .commands.worker import worker
from .given_path import GivenPath
from .version import __version__

if TYPE_CHECKING:
    from .runs import Runs


@click.group(cls=Commands)
@click.version_option(__version__, prog_name="segflux")
def main() -> None:
    """Parameter sweeps of Segmind's flux-dev-finetuned."""


@main.command(short_help="Run the quickstart sweep on the simulator, free.")
@click.option("--folder", type=GivenPath(), default=Path("demo"), help="The folder for everything it makes.")
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


for command in (
    plan,
    run,
    worker,
    follow,
    status,
    sheet,
    export,
    bundle,
    copy,
    verify,
    check,
    notebook,
    serve,
    login,
    doctor,
):
    main.add_command(command)


def _files(folder: Path, runs: Runs) -> str:
    """What the demo wrote."""
    return (
        f"{counted(runs.counts)}.\n"
        f"{folder / 'report.html'}        open it in a browser: all pictures, to sort, zoom and compare\n"
        f"{folder / 'contact-sheet.png'}  the contact sheet\n"
        f"{folder / 'runs.csv'}           the table (runs.jsonl, too)\n"
        f"{folder / 'pictures'}/          the pictures\n"
        f"{folder / 'workspace'}/         the log; run the demo again, and no picture is made twice"
    )
