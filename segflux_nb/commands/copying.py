"""``segflux copy``: a workspace or a bundle, entered in another workspace."""

from __future__ import annotations

import sys

import click

from .opening import JSON, echo_json


@click.command(short_help="Copy a workspace or a bundle into another workspace.")
@click.argument("source")
@click.argument("target")
@click.option("--pictures", default=None, help="The object store, or shared folder, for the pictures of TARGET.")
@click.option("--source-pictures", default=None, help="The object store that keeps the pictures of SOURCE.")
@JSON
def copy(source: str, target: str, pictures: str | None, source_pictures: str | None, as_json: bool) -> None:
    """Copy SOURCE, a workspace or a bundle, into TARGET, a workspace, which is made if it does not exist.

    Everything that the log holds is copied with its picture files, and compared afterwards. A TARGET with runs of its
    own keeps them. A copy that was interrupted goes on when it is started again. The exit code is 1 if a picture file
    of SOURCE is missing or damaged.
    """
    from ..clock import SystemClock
    from ..copying.copier import copy_workspace

    found = copy_workspace(
        source,
        target,
        SystemClock(),
        lambda line: click.echo(line, err=True),
        source_pictures=source_pictures,
        pictures=pictures,
    )
    if as_json:
        echo_json(found.facts())
    else:
        click.echo(found)
    sys.exit(not found.ok)
