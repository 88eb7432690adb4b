"""``segflux check``: pytest with our plug-in, and without the settings of the project around the notebooks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bundle.contents import ENDING
from ..errors import SegfluxError
from .notebooks import needed, notebooks_in, require
from .results import Results, results_of

if TYPE_CHECKING:
    import pytest

REPLAY = "SEGFLUX_REPLAY"
"""The bundle that every workspace of a process reads, by its path."""

TIMEOUT = 600.0
"""The most seconds of a cell."""

SETTINGS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
"""Variables with settings of the user's own tests, which name plug-ins that are not loaded here."""

OPTIONS = ["--disable-plugin-autoload", "-p", "nbval", "-p", "pytest_segflux", "-p", "no:cacheprovider"]
OPTIONS += ["-W", "default", "-W", "ignore::ResourceWarning", "-q", "--no-header"]


class Outcome:
    """What a check came to. pytest takes it as a plug-in, and tells it each cell that failed.

    Attributes
    ----------
    status:
        pytest's exit status.
    failed:
        The cells that failed, each with its notebook, its number and the reason.
    results:
        What was found in all cells.
    """

    def __init__(self) -> None:
        self.status = 0
        self.failed: list[dict[str, Any]] = []
        self.results = Results()

    def pytest_configure(self, config: pytest.Config) -> None:
        """Learn where the results are gathered.

        Parameters
        ----------
        config:
            The settings of the session.
        """
        self.results = results_of(config)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a cell that failed.

        Parameters
        ----------
        report:
            How the cell ended.
        """
        if report.failed:
            notebook, _, cell = report.nodeid.partition("::")
            crash = getattr(report.longrepr, "reprcrash", None)
            why = report.longreprtext if crash is None else crash.message
            self.failed.append({"notebook": notebook, "cell": cell, "why": why})

    @property
    def plain(self) -> dict[str, Any]:
        """The outcome as plain values, for other programs."""
        return {
            "status": self.status,
            "cells": len(self.results.cells),
            "not_compared": sum(not cell.is_compared for cell in self.results.cells),
            "failed": self.failed,
            "pictures": dict(self.results.counts),
            "changed": [
                {"notebook": cell.notebook, "cell": cell.cell, "what": changed["what"], "why": changed["why"]}
                for cell in self.results.changed
                for changed in cell.changed
            ],
        }


def check(
    paths: Sequence[Path],
    *,
    replay: Path | None = None,
    exact: bool = False,
    lax: bool = False,
    kernel: str | None = None,
    timeout: float = TIMEOUT,
    sanitize_with: Path | None = None,
    report: Path | None = None,
) -> Outcome:
    """Execute notebooks and compare text and pictures with what is saved in them.

    Parameters
    ----------
    paths:
        Notebooks, or folders with notebooks.
    replay:
        A bundle that the notebooks' workspaces read in place of a service; it makes the check exact.
    exact:
        Whether a run's picture whose pixels are not exactly the same is a changed one.
    lax:
        Whether only cells with ``# NBVAL_CHECK_OUTPUT`` are compared; all are executed.
    kernel:
        The name of the kernel; the Python of this process if left out.
    timeout:
        The most seconds of a cell.
    sanitize_with:
        A file of regular expressions in nbval's format.
    report:
        The HTML file that shows what has changed.

    Returns
    -------
    Outcome
        pytest's exit status, 0 where nothing has changed, and what was found.

    Raises
    ------
    SegfluxError
        Where there is no notebook, the bundle is not there, or pytest or nbval is not installed.
    """
    main = needed("pytest").main
    require("nbval")
    notebooks = notebooks_in(list(paths))
    if sanitize_with is not None and not sanitize_with.is_file():
        raise SegfluxError(f"{sanitize_with} does not exist", remedy="Give a file of sanitizers, as nbval has them")
    here = Path.cwd()
    arguments = [*OPTIONS, "-c", os.devnull, "--rootdir", str(here), "--segflux"]
    arguments += ["--segflux-exact"] if exact or replay is not None else []
    arguments += ["--nbval-lax"] if lax else []
    arguments += ["--nbval-kernel-name", kernel] if kernel else ["--nbval-current-env"]
    arguments += [f"--nbval-cell-timeout={timeout}"]
    arguments += ["--nbval-sanitize-with", str(sanitize_with)] if sanitize_with else []
    arguments += ["--segflux-report", str(report)] if report else []
    chosen, outcome = _Chosen(notebooks), Outcome()
    with replaying(replay), _environment(dict.fromkeys(SETTINGS)):
        outcome.status = int(main([*arguments, *chosen.arguments], plugins=[chosen, outcome]))
    return outcome


@contextmanager
def replaying(bundle: Path | None) -> Iterator[None]:
    """Have the kernels that are started meanwhile read a bundle.

    Parameters
    ----------
    bundle:
        The bundle; None leaves the kernels as they are.

    Raises
    ------
    SegfluxError
        Where the bundle does not exist.
    """
    if bundle is None:
        yield
        return
    if not bundle.is_file():
        raise SegfluxError(f"{bundle} does not exist", remedy="runs.bundle(path) or segflux bundle makes a bundle")
    if bundle.suffix.lower() != ENDING:
        raise SegfluxError(
            f"{bundle} does not end in {ENDING}, so it is not opened as a bundle",
            remedy=f"If it is one, rename it to {bundle.with_suffix(ENDING).name}",
        )
    with _environment({REPLAY: str(bundle.resolve())}):
        yield


@contextmanager
def _environment(changes: Mapping[str, str | None]) -> Iterator[None]:
    """Change the environment of this process meanwhile.

    Parameters
    ----------
    changes:
        The new values of variables; None takes one away.
    """
    before = {name: os.environ.get(name) for name in changes}
    try:
        _set(changes)
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


class _Chosen:
    """Collects the chosen notebooks alone, where pytest is given the folder around one.

    pytest reads ``[`` and ``::`` in a path as a choice of tests. So it is given the folder around such a path.

    Parameters
    ----------
    notebooks:
        The chosen notebooks.
    """

    def __init__(self, notebooks: Sequence[Path]) -> None:
        self._files = {path.absolute() for path in notebooks}
        self._folders = {folder for path in self._files for folder in path.parents}
        self.arguments = list(dict.fromkeys(map(_plain_place, notebooks)))

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Whether a file or folder has nothing to do with the chosen notebooks."""
        chosen = self._folders if collection_path.is_dir() else self._files
        return None if collection_path in chosen else True


def _plain_place(path: Path) -> str:
    """The path, or the nearest folder around it that pytest does not misread."""
    while "[" in str(path) or "::" in str(path):
        path = path.absolute().parent
    return str(path)
