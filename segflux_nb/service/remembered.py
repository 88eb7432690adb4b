"""Which service answered at an address, kept in the workspace's folder for when it does not answer.

A service at a base URL says itself whether it is the simulator. While it is not up, its pictures in the log could not
be found under its name.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

_FILE = "services.json"
_MOST = 100
"""Addresses that are kept: a simulator takes another port each time."""


def remembered_name(folder: Path, address: str) -> str | None:
    """The name of the service that answered at an address; None if none did.

    Parameters
    ----------
    folder:
        The workspace's folder.
    address:
        The origin of the service: scheme, host and port.
    """
    return _read(folder).get(address)


def remember_name(folder: Path, address: str, name: str) -> None:
    """Keep the name of the service that answered at an address. A folder that cannot be written keeps nothing.

    Parameters
    ----------
    folder:
        The workspace's folder.
    address:
        The origin of the service: scheme, host and port.
    name:
        The name of the service.
    """
    known = _read(folder)
    if known.get(address) == name:
        return
    kept = list({**{key: value for key, value in known.items() if key != address}, address: name}.items())[-_MOST:]
    temporary = folder / f"{_FILE}.{os.getpid()}"
    with suppress(OSError):
        temporary.write_text(json.dumps(dict(kept)), encoding="utf-8")
        temporary.replace(folder / _FILE)


def _read(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str)}
