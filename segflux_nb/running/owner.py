"""Who is submitting a run: a process, told apart from an earlier one with the same number."""

from __future__ import annotations

import os
import platform

import psutil


def this_process() -> str:
    """This process, as the log names it."""
    return f"{platform.node()}:{os.getpid()}:{psutil.Process().create_time():.2f}"


def is_alive(owner: str | None) -> bool:
    """Whether the process still runs. One on another machine is taken to, since nothing here can tell."""
    if not owner:
        return False
    node, pid, created = owner.rsplit(":", 2)
    if node != platform.node():
        return True
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(created)) < 0.05
    except psutil.NoSuchProcess:
        return False
