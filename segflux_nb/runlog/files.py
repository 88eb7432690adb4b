"""The file system of a folder, and whether locks work there. They decide how the log is opened."""

from __future__ import annotations

import os
import re
import sqlite3
import tempfile
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")

NOT_LOCAL = ("nfs", "cifs", "smb", "lustre", "fuse", "9p", "afs", "ceph", "gpfs", "beegfs", "glusterfs")
"""The beginnings of the names of file systems that another machine may write to at the same time."""

LOCAL_LOCKS = ("nolock", "local_lock=all", "local_lock=posix")
"""Mount options with which locks do not reach other machines."""


def file_system(folder: Path, mounts: str | None = None) -> tuple[str, str]:
    """The type and the mount options of the file system of a folder; empty if they are not known.

    Parameters
    ----------
    folder:
        A folder that exists.
    mounts:
        The text of ``/proc/self/mountinfo``, for tests.
    """
    if mounts is None:
        try:
            mounts = MOUNTS.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return "", ""
    path, best = folder.resolve(), ("", "", "")
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(), after.split()
        if len(fields) < 6 or len(kinds) < 3:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4])  # a space is written \040
        if path.is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, kinds[0], f"{fields[5]},{kinds[2]}")
    return best[1], best[2]


def is_local(kind: str) -> bool:
    """Whether only this machine can write to a type of file system."""
    return bool(kind) and not kind.startswith(NOT_LOCAL)


def locks_work(folder: Path, options: str = "") -> bool:
    """Whether locks work: a second opening of a file must not get the lock that the first one has.

    Parameters
    ----------
    folder:
        Where to try.
    options:
        Mount options, which may say that locks do not reach other machines.
    """
    if os.name != "posix" or os.environ.get("PYODIDE"):
        return True
    if any(option in options.split(",") for option in LOCAL_LOCKS):
        return False
    import fcntl

    if not hasattr(fcntl, "F_OFD_SETLK"):
        return True
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".lock-") as mine, open(mine.name, "rb+") as other:
        if not _lock(mine.fileno()):
            return False
        return not _lock(other.fileno())


def _lock(descriptor: int) -> bool:
    """Try to lock a whole file for this opening of it, as SQLite does for its process."""
    import fcntl
    import struct

    whole = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, whole)
    except OSError:
        return False
    return True


def wal_is_sound(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite is free of the WAL-reset bug (3.7.0 to 3.51.2, fixed in 3.51.3, 3.50.7 and 3.44.6).

    With it, two connections that write and checkpoint at once may corrupt the file or lose what was committed.

    >>> wal_is_sound((3, 40, 1)), wal_is_sound((3, 50, 7)), wal_is_sound((3, 51, 3))
    (False, True, True)
    """
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
