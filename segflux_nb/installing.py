"""How a missing extra, or a newer version, is installed: what errors say, from one place.

The package may come from an index or from a clone of its repository, and one line does not fit both.
"""

from __future__ import annotations

DISTRIBUTION = "segflux-nb"
"""What package indexes call this package."""


def how_to_install(extra: str) -> str:
    """What to do where a package of an extra is not installed; a remedy.

    Parameters
    ----------
    extra:
        The name of the extra in ``pyproject.toml``.

    >>> print(how_to_install("plot"))
    Run: pip install "segflux-nb[plot]" (in a clone of the repository: pip install ".[plot]")
    """
    return f'Run: pip install "{DISTRIBUTION}[{extra}]" (in a clone of the repository: pip install ".[{extra}]")'


def how_to_upgrade() -> str:
    """What to do where this version is too old; a remedy."""
    return f"Run: pip install --upgrade {DISTRIBUTION} (in a clone of the repository: git pull, then pip install .)"
