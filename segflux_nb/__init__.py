"""segflux_nb: explore Segmind's flux-dev-finetuned from a notebook.

Sweep (what to run) → Plan (what it will cost) → Runs (what happened) → ContactSheet (what it looks like); a
Workspace holds the folder and the connection. The names below are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .accessor import register_when_loaded
from .version import __version__

_HOMES = {
    "Workspace": "workspace",
    "Simulator": "simulator.app",
    "Run": "run",
    "Runs": "runs",
    "LiveRun": "live",
    "ContactSheet": "sheets.sheet",
    "read_metadata": "exporting.metadata",
    "Sweep": "sweep.sweep",
    "linked": "sweep.axes",
    "seeds": "sweep.ranges",
    "span": "sweep.ranges",
    "Request": "sweep.request",
    "Plan": "sweep.plan",
    "enable_nested_asyncio": "nesting",
    "SegfluxError": "errors",
    "SweepError": "errors",
    "SweepInterrupted": "errors",
}

__all__ = ["__version__", *_HOMES]

register_when_loaded()

if TYPE_CHECKING:
    from .errors import SegfluxError as SegfluxError
    from .errors import SweepError as SweepError
    from .errors import SweepInterrupted as SweepInterrupted
    from .exporting.metadata import read_metadata as read_metadata
    from .live import LiveRun as LiveRun
    from .nesting import enable_nested_asyncio as enable_nested_asyncio
    from .run import Run as Run
    from .runs import Runs as Runs
    from .sheets.sheet import ContactSheet as ContactSheet
    from .simulator.app import Simulator as Simulator
    from .sweep.axes import linked as linked
    from .sweep.plan import Plan as Plan
    from .sweep.ranges import seeds as seeds
    from .sweep.ranges import span as span
    from .sweep.request import Request as Request
    from .sweep.sweep import Sweep as Sweep
    from .workspace import Workspace as Workspace


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
