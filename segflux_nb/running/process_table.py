"""Names of processes, and what the machine's process table says of one.

A name is ``machine:number:start``. The machine's part names the process table itself, so that two processes with the
same part can be looked up by each other: the host, its boot, and the PID namespace. Containers on one host may share
its name and have equal process numbers, and each sees its own processes only. Where it is not sure which table this
is, the name is unlike any other, and heartbeats alone say whether its process is alive.
"""

from __future__ import annotations

import os
import platform
import secrets
import sys
import uuid
from functools import lru_cache
from pathlib import Path

import psutil

_PROC = Path("/proc")
_DEAD_STATES = frozenset("ZXx")
"""A process that was killed keeps its number, as a zombie, until its parent asks for it."""


def pid_namespace() -> int:
    """The number of the PID namespace that this process is in; 0 where there are none, or it cannot be told."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


@lru_cache(maxsize=4)
def name_of(pid: int, namespace: int) -> str:
    """The name of this process in the log.

    Parameters
    ----------
    pid:
        Its number.
    namespace:
        Its PID namespace: that of a process that was restored from a checkpoint changes while it lives.
    """
    stat = _stat(_PROC / "self")
    started = _started(pid) if stat is None else stat[2]
    return f"{table_name(pid, namespace)}:{pid}:{started}"


def table_name(pid: int, namespace: int) -> str:
    """The name of the process table in which this process is found.

    Parameters
    ----------
    pid:
        The number of this process.
    namespace:
        Its PID namespace.
    """
    host = platform.node()
    if not sys.platform.startswith("linux"):
        # An address of a network card tells hosts of one name apart; without one, it is a random number.
        return f"{host}/{psutil.boot_time():.0f}-{uuid.getnode():012x}"
    stat, boot = _stat(_PROC / "self"), _boot_id()
    # /proc may be that of another namespace, where this process has another number, or none.
    is_ours = stat is not None and stat[0] == pid
    if is_ours and boot and namespace:
        return f"{host}/{boot}/{namespace}"
    return f"{host}/{secrets.token_hex(6)}"


def is_there(pid: int, started: str) -> bool | None:
    """Whether the process table has a process; None where it does not show it to this user.

    Parameters
    ----------
    pid:
        Its number.
    started:
        Its start, as in its name: a number may be used again.
    """
    try:
        return _state(pid) not in _DEAD_STATES and _started(pid) == started
    except psutil.AccessDenied:
        return None
    except psutil.NoSuchProcess:
        return _may_be_hidden(pid)


def _may_be_hidden(pid: int) -> bool | None:
    """Of a process that is not listed: None if it exists, and belongs to somebody else; False if it does not."""
    if os.name != "posix":
        return False  # there, every process is listed, and a signal would end it
    try:
        os.kill(pid, 0)
    except PermissionError:
        return None
    except (ProcessLookupError, OverflowError):
        return False
    return None  # it came, or is not listed: it is not known which process it is


def _started(pid: int) -> str:
    """When a process started, as a text that is the same for all who ask.

    On Linux, in ticks since the boot: a moment would be computed with the wall clock, which may be set meanwhile.
    """
    stat = _stat(_PROC / str(pid))
    return f"{psutil.Process(pid).create_time():.2f}" if stat is None else stat[2]


def _state(pid: int) -> str:
    """The state of a process, as a letter; empty where there is no such letter."""
    stat = _stat(_PROC / str(pid))
    if stat is not None:
        return stat[1]
    return "Z" if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE else ""


def _stat(folder: Path) -> tuple[int, str, str] | None:
    """Number, state and start of a process, by its folder in /proc; None if that cannot be read."""
    try:
        text = (folder / "stat").read_bytes().decode("ascii", "replace")
        number, _, rest = text.partition(" ")
        fields = rest.rpartition(")")[2].split()  # the name of a program may hold blanks and brackets
        return int(number), fields[0], fields[19]
    except (OSError, ValueError, IndexError):
        return None


def _boot_id() -> str:
    """The number that the kernel drew at its start; empty if it does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:13]
    except (OSError, ValueError):
        return ""
