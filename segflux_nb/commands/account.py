"""``segflux login``: the API key."""

from __future__ import annotations

import click

from ..errors import SegfluxError
from ..service.addresses import HOSTED


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
            f"The key works; the account has ${balance:.2f}." if isinstance(balance, float) else "The key works."
        )
    except AuthenticationError as error:
        raise click.ClickException(f"{error} Nothing was saved.") from None
    except SegfluxError as error:
        click.echo(f"The key could not be tested: {error}")
    click.echo(f"Saved to {save_key(key)}.")
