"""Files and folders among the arguments of commands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from .values import as_path


class GivenPath(click.Path):
    """A path that somebody has written.

    An empty text is refused: a variable of a shell that is not set gives one. A shell does not expand the ``~`` in
    ``--workspace=~/study``, so it is expanded here.

    Parameters
    ----------
    options:
        Those of `click.Path`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """The path, or a sentence on what is wrong with it."""
        if isinstance(value, str) and not value.strip():
            self.fail("it is empty. Write . for the current folder", param, ctx)
        try:
            path = as_path(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return super().convert(path, param, ctx)
