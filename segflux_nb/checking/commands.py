"""The commands ``segflux check`` and ``segflux notebook``."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path

import click

from ..given_path import GivenPath

_NOTEBOOKS = click.argument("paths", nargs=-1, required=True, type=GivenPath())


_CODES = {0: 0, 2: 130}
"""Exit codes of all commands, by those of pytest: nothing has changed, and interrupted. Any other one is 1."""


@click.command(short_help="Execute notebooks and compare their outputs.")
@_NOTEBOOKS
@click.option("--replay", type=GivenPath(), help="A bundle that the notebooks read: no key, no network.")
@click.option("--exact", is_flag=True, help="Runs' pictures must have exactly the same pixels; --replay implies it.")
@click.option("--lax", is_flag=True, help="Compare cells with # NBVAL_CHECK_OUTPUT alone.")
@click.option("--kernel", help="The name of the kernel.  [default: this Python]")
@click.option("--timeout", type=float, default=600.0, show_default=True, help="The most seconds of a cell.")
@click.option("--sanitize-with", type=GivenPath(), help="Regular expressions, in nbval's format.")
@click.option(
    "--report",
    type=GivenPath(),
    help="Where changed pictures are shown.  [default: segflux-check.html]",
)
@click.option("--json", "as_json", is_flag=True, help="For machines: JSON alone on the standard output.")
def check(
    paths: tuple[Path, ...],
    replay: Path | None,
    exact: bool,
    lax: bool,
    kernel: str | None,
    timeout: float,
    sanitize_with: Path | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Execute notebooks; compare text and pictures with what is saved in them."""
    from . import running

    if report is not None and report.suffix.lower() not in (".html", ".htm"):
        raise click.BadParameter(f"{report} does not end in .html", param_hint="--report")
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        outcome = running.check(
            paths,
            replay=replay,
            exact=exact,
            lax=lax,
            kernel=kernel,
            timeout=timeout,
            sanitize_with=sanitize_with,
            report=report,
        )
    if as_json:
        click.echo(json.dumps(outcome.plain, indent=2))
    sys.exit(_CODES.get(outcome.status, 1))


@click.group()
def notebook() -> None:
    """Prepare notebooks for git and for the check."""


@notebook.command()
@_NOTEBOOKS
def clean(paths: tuple[Path, ...]) -> None:
    """Take out what changes on every execution: random ids, times, widgets' state. Outputs stay."""
    from .notebooks import clean, notebooks_in

    for path in notebooks_in(list(paths)):
        click.echo(f"{path}: {'cleaned' if clean(path) else 'clean already'}")


@notebook.command()
@_NOTEBOOKS
@click.option("--timeout", type=float, default=600.0, show_default=True, help="The most seconds of a cell.")
@click.option("--kernel", help="The name of the kernel.  [default: the notebook's own]")
@click.option("--replay", type=GivenPath(), help="A bundle that the notebooks read: no key, no network.")
def run(paths: tuple[Path, ...], timeout: float, kernel: str | None, replay: Path | None) -> None:
    """Execute notebooks and save their outputs, clean: the check compares with them from now on."""
    from .notebooks import execute, notebooks_in
    from .running import replaying

    with replaying(replay):
        for path in notebooks_in(list(paths)):
            execute(path, timeout=timeout, kernel=kernel)
            click.echo(f"{path}: executed and saved, {path.stat().st_size:,} bytes")


@notebook.command()
@click.argument("folder", type=GivenPath(exists=True, file_okay=False), default=Path())
def init(folder: Path) -> None:
    """Make a folder of notebooks ready for the check: a conftest.py for the clean start, and clean notebooks."""
    from .notebooks import clean
    from .start import CONFTEST

    conftest = folder / "conftest.py"
    if not conftest.exists():
        conftest.write_text(CONFTEST, encoding="utf-8")
        click.echo(f"{conftest}: written")
    elif "segflux_nb.checking.start" in conftest.read_text(encoding="utf-8"):
        click.echo(f"{conftest}: ready already")
    else:
        line = "from segflux_nb.checking.start import prepare; pytest_sessionstart = prepare(__file__)"
        click.echo(f"{conftest} exists and was not changed. Add to it:\n{line}")
    for path in sorted(folder.glob("*.ipynb")):
        click.echo(f"{path}: {'cleaned' if clean(path) else 'clean already'}")
