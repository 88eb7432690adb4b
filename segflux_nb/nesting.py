"""An opt-in for people who want ``asyncio.run`` inside a notebook cell. Nothing in this package needs it."""

from __future__ import annotations

import asyncio
from importlib.metadata import PackageNotFoundError, version

from .errors import SegfluxError


def enable_nested_asyncio() -> None:
    """Allow ``asyncio.run`` and ``loop.run_until_complete`` while a loop is running, as in a notebook cell.

    It patches asyncio for the whole process with ``nest-asyncio2``, the maintained continuation of ``nest-asyncio``.
    `Workspace.run` works in a cell without it, and so does ``await ws.arun(...)``.

    Raises
    ------
    SegfluxError
        If the archived ``nest_asyncio`` was applied in this kernel, and the kernel is ipykernel 7 or newer: there it
        loses the cells that are queued behind a nested run.

    Example
    -------
    ``sf.enable_nested_asyncio()``, and then ``asyncio.run(ws.arun(sweep))`` in a cell
    """
    archived = hasattr(asyncio, "_nest_patched") and not hasattr(asyncio, "_nest_asyncio2")
    if archived and _kernel_version() >= 7:
        raise SegfluxError(
            "nest_asyncio was applied in this kernel, and on ipykernel 7 it loses queued cells",
            remedy="Restart the kernel and leave out nest_asyncio.apply(); ws.run(sweep) works without it",
        )
    import nest_asyncio2

    nest_asyncio2.apply()


def _kernel_version() -> int:
    """The major version of ipykernel; 0 if it is not installed."""
    try:
        return int(version("ipykernel").split(".")[0])
    except PackageNotFoundError:
        return 0
