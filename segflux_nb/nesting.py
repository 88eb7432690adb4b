"""An opt-in for people who want ``asyncio.run`` inside a notebook cell. Nothing of this package needs it."""

from __future__ import annotations

import asyncio
from importlib.metadata import PackageNotFoundError, version

from .errors import SegfluxError


def enable_nested_asyncio() -> None:
    """Let ``asyncio.run`` and ``loop.run_until_complete`` be called where a loop is running, as in a notebook cell.

    It patches asyncio for the whole process, by ``nest-asyncio2``, the maintained continuation of ``nest-asyncio``.
    `Workspace.run` works in a cell without it, and ``await ws.arun(...)`` does too.

    Raises
    ------
    SegfluxError
        Where the archived ``nest_asyncio`` has been applied already, on a kernel (ipykernel 7 or newer) on which it
        loses the cells that are queued behind a nested run.
    """
    archived = hasattr(asyncio, "_nest_patched") and not hasattr(asyncio, "_nest_asyncio2")
    if archived and _kernel_version() >= 7:
        raise SegfluxError(
            "nest_asyncio was applied in this kernel, and on ipykernel 7 it loses queued cells",
            remedy="Restart the kernel and leave out nest_asyncio.apply(); ws.run(sweep) needs neither of them",
        )
    import nest_asyncio2

    nest_asyncio2.apply()


def _kernel_version() -> int:
    try:
        return int(version("ipykernel").split(".")[0])
    except PackageNotFoundError:
        return 0
