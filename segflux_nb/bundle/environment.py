"""The versions of what made a study: Python, the system, and the packages that this one needs."""

from __future__ import annotations

import platform
import re
from importlib import metadata
from typing import Any

from ..version import __version__

PACKAGE = "segflux-nb"


def environment() -> dict[str, Any]:
    """The versions of Python and of packages, as a bundle keeps them. No name of a machine or a user is in it."""
    return {
        "segflux_nb": __version__,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "machine": platform.machine(),
        "packages": dict(sorted(_packages())),
    }


def _packages() -> list[tuple[str, str]]:
    """The names and versions of the packages that this one needs, as far as they are installed."""
    try:
        needed = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:  # it runs from its sources
        needed = []
    found = []
    for requirement in needed:
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        if "extra ==" not in requirement:
            try:
                found.append((name.lower(), metadata.version(name)))
            except metadata.PackageNotFoundError:
                continue
    return found
