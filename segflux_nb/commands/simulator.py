"""``segflux serve``: the simulator for other programs."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import click

from ..given_path import GivenPath
from ..model import TIME_SCALE


@click.command()
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
    type=GivenPath(file_okay=False),
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
    from ..simulator.app import Simulator
    from ..simulator.service.faults import parse_faults

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
