"""The pytest plug-in: ``pytest --segflux notebooks/``.

pytest loads this module in every project where segflux_nb is installed. So it stands beside the package and imports
nothing, not even the package, until the option is given; then `segflux_nb.checking.session` does the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options.

    Parameters
    ----------
    parser:
        pytest's parser.
    """
    group = parser.getgroup("segflux", "notebooks whose pictures are checked")
    group.addoption(
        "--segflux",
        action="store_true",
        default=False,
        help="Execute notebooks and compare text (as nbval does) and pictures with what is saved.",
    )
    group.addoption(
        "--segflux-exact",
        action="store_true",
        default=False,
        help="A run's picture whose pixels are not exactly the same is a changed one.",
    )
    group.addoption(
        "--segflux-report",
        metavar="PATH",
        default="segflux-check.html",
        help="The HTML file that shows what has changed; it is written if something has. [segflux-check.html]",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Start the work, where the option is given.

    Parameters
    ----------
    config:
        pytest's configuration.
    """
    if config.getoption("--segflux"):
        from segflux_nb.checking.session import start

        start(config)
