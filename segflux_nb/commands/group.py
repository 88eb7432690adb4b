"""The group of all commands: errors are sentences, and every console shows them."""

from __future__ import annotations

import errno
import io
import sys
from typing import Any

import click

from ..errors import MissingKey, SegfluxError
from ..runlog.postgres.address import without_logins
from ..service.keys import WAYS, WAYS_OF_COMMANDS

INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 and the number of the signal, as shells have it."""


class Commands(click.Group):
    """Commands that print an error as a sentence, not as a traceback, and on any console."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command that the arguments name."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # there may be no console
                stream.reconfigure(errors="backslashreplace")
        return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; its errors become sentences and exit codes."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise click.UsageError(without_logins(error.format_message()), error.ctx) from None
        except MissingKey as error:
            raise click.ClickException(str(error).replace(WAYS, WAYS_OF_COMMANDS)) from None
        except SegfluxError as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise click.ClickException(f"No space is left where this was written: {error}") from None
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
