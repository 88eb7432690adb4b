"""segflux_nb: explore Segmind's flux-dev-finetuned from a notebook.

Sweep (what to run) → Plan (what it will cost) → Runs (what happened) → ContactSheet (what it looks like); a
Workspace holds the folder and the connection. The names below are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .version import __version__

_HOMES = {
    "Sweep": "sweep.sweep",
    "linked": "sweep.axes",
    "seeds": "sweep.ranges",
    "span": "sweep.ranges",
    "Request": "sweep.request",
    "Plan": "sweep.plan",
    "SegfluxError": "errors",
    "SweepError": "errors",
    "SweepInterrupted": "errors",
}

__all__ = ["__version__", *_HOMES]

if TYPE_CHECKING:
    from .errors import SegfluxError as SegfluxError
    from .errors import SweepError as SweepError
    from .errors import SweepInterrupted as SweepInterrupted
    from .sweep.axes import linked as linked
    from .sweep.plan import Plan as Plan
    from .sweep.ranges import seeds as seeds
    from .sweep.ranges import span as span
    from .sweep.request import Request as Request
    from .sweep.sweep import Sweep as Sweep


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
