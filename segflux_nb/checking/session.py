"""A session of pytest with ``--segflux``: which files are collected, and what is said at the end."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ..errors import SegfluxError
from ..installing import how_to_install
from ..saving import path_of
from .report import remove_report, write_report
from .results import results_of

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

NOTEBOOK = ".ipynb"


def start(config: pytest.Config) -> None:
    """Register the work.

    Parameters
    ----------
    config:
        pytest's configuration.

    Raises
    ------
    pytest.UsageError
        Where nbval is not there.
    """
    if not hasattr(config.option, "nbval"):
        raise pytest.UsageError(f"--segflux needs nbval, which executes the notebooks. {how_to_install('check')}")
    config.pluginmanager.register(_Session(config), "segflux-session")


def _report_of(config: pytest.Config) -> Path:
    try:
        return Path(config.invocation_params.dir, path_of(config.getoption("--segflux-report"), "--segflux-report"))
    except SegfluxError as error:
        raise pytest.UsageError(str(error)) from None


class _Session:
    """Collects notebooks once, and says what was found.

    Parameters
    ----------
    config:
        pytest's configuration.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._report = _report_of(config)
        self._is_worker = hasattr(config, "workerinput")

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> Generator[None, Iterable[Any], Iterable[Any]]:
        """Collect a notebook, in place of nbval, which collects it too where ``--nbval`` is given.

        Parameters
        ----------
        file_path:
            The file.
        parent:
            What collects it.
        """
        found = yield
        if file_path.suffix != NOTEBOOK or ".ipynb_checkpoints" in file_path.parts:
            return found
        import nbval.plugin

        from .items import CheckedFile

        others = [one for one in found if not isinstance(one, nbval.plugin.IPyNbFile)]
        return [CheckedFile.from_parent(parent, path=file_path), *others]

    def pytest_sessionstart(self) -> None:
        """Remove the report of an earlier check."""
        if not self._is_worker:
            remove_report(self._report)

    def pytest_sessionfinish(self) -> None:
        """Send what was found to the process that gathers it, or write the report."""
        results = results_of(self._config)
        if self._is_worker:
            self._config.workeroutput["segflux"] = results.sent()  # type: ignore[attr-defined]  # of xdist
        elif results.changed:
            write_report(self._report, results.changed)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take in what a process of pytest-xdist found.

        Parameters
        ----------
        node:
            The process.
        """
        results_of(self._config).receive(getattr(node, "workeroutput", {}).get("segflux", ()))

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Say how many pictures were compared, which have changed, and where they are shown.

        Parameters
        ----------
        terminalreporter:
            Writes to the terminal.
        """
        results = results_of(self._config)
        if not results.cells:
            return
        terminalreporter.section("segflux check")
        for cell in results.changed:
            for changed in cell.changed:
                terminalreporter.line(f"{cell.notebook}, cell {cell.cell}, {changed['what']}: {changed['why']}")
            if cell.causes:
                terminalreporter.line(f"  {cell.causes}")
        terminalreporter.line(results.summary)
        if results.changed:
            terminalreporter.line(f"Saved, new and difference side by side: {self._report}")
            terminalreporter.line("If the new pictures are right: segflux notebook run NOTEBOOK saves them")
