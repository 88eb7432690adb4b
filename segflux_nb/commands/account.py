"""``segflux login`` and ``segflux doctor``: the key, and whether all is ready."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..errors import SegfluxError
from ..given_path import GivenPath
from ..service.addresses import HOSTED
from .opening import JSON, WorkspacePath, echo_json, kept_for_json


@click.command()
@click.option(
    "--base-url", default=HOSTED.api + "/v1", show_default=True, help="The service with which the key is tested."
)
def login(base_url: str) -> None:
    """Test an API key and save it. The file can be read by you alone."""
    from ..client import SegmindClient
    from ..errors import AuthenticationError
    from ..service.keys import save_key

    key = click.prompt("API key (hidden)", hide_input=True).strip()
    try:
        with SegmindClient(key, base_url) as client:
            balance = client.credits().get("credits")
        click.echo(
            f"The key works; the account has ${balance:,.2f}." if isinstance(balance, float) else "The key works."
        )
    except AuthenticationError as error:
        raise click.ClickException(f"{error} Nothing was saved.") from None
    except SegfluxError as error:
        click.echo(f"The key could not be tested: {error}")
    click.echo(f"Saved to {save_key(key)}.")


@click.command(short_help="Examine machine, key, account and service; free.")
@click.option(
    "--workspace",
    type=WorkspacePath(),
    default=Path("segflux-runs"),
    show_default=True,
    envvar="SEGFLUX_WORKSPACE",
    help="The folder of the log, which need not be there; or its database.",
)
@click.option("--service", default=None, help="'simulator' or a base URL.  [default: the hosted service]")
@click.option("--spend", type=float, default=None, help="US dollars for one cheap picture, on the whole way.")
@click.option("--finetune-id", default=None, help="The fine-tune of that picture.  [default: the log's newest]")
@click.option(
    "--report",
    type=GivenPath(dir_okay=False),
    default=None,
    help="Where to write the report for an issue.  [default with --spend: doctor.json]",
)
@JSON
def doctor(
    workspace: Path,
    service: str | None,
    spend: float | None,
    finetune_id: str | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Examine this machine, the key, the account and the service: free, nothing is submitted.

    With --spend, one cheap picture goes the whole way, and the report says what the service does otherwise than this
    version expects. The report has no key, no account and no prompt.
    """
    from ..examining import examination_of

    with kept_for_json(as_json):
        found = examination_of(workspace, service, spend, finetune_id)
    click.echo(found, err=as_json)
    if report is not None or spend is not None:
        click.echo(f"Report: {found.save(report or Path('doctor.json'))}", err=as_json)
    if as_json:
        echo_json(found.report)
    sys.exit(found.exit_code)
