"""A clean start: what notebooks leave beside themselves is removed before they are checked, if it cost nothing."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ..model import SIMULATOR

if TYPE_CHECKING:
    import pytest

CONFTEST = '''\
"""Each check of these notebooks starts the same: see `segflux notebook --help`."""

from segflux_nb.checking.start import prepare

# Removes the workspaces beside this file of which every run was made by the simulator, with their marks and votes,
# and the exports of such runs. What was paid for is never removed.
pytest_sessionstart = prepare(__file__)
'''
"""What `segflux notebook init` writes."""


def prepare(conftest: str) -> Callable[[pytest.Session], None]:
    """What pytest calls at its start, in a ``conftest.py``: ``pytest_sessionstart = prepare(__file__)``.

    It removes what `clear` removes from the folder of that file, and gives nbval our sanitizers where it has none.
    """

    def pytest_sessionstart(session: pytest.Session) -> None:
        option = session.config.option
        if getattr(option, "nbval_sanitize_with", "") is None:
            option.nbval_sanitize_with = str(files(__package__).joinpath("sanitize.cfg"))
        if not hasattr(session.config, "workerinput"):  # of the processes of pytest-xdist, the first one clears them
            clear(Path(conftest).parent)

    return pytest_sessionstart


def clear(folder: Path) -> list[Path]:
    """Remove the simulated workspaces and exports in a folder; the result names them.

    Parameters
    ----------
    folder:
        The folder of the notebooks. What is in folders below its own is left alone.
    """
    removed = [one for one in sorted(folder.iterdir()) if one.is_dir() and not one.is_symlink() and cost_nothing(one)]
    for one in removed:
        shutil.rmtree(one)
    return removed


def cost_nothing(folder: Path) -> bool:
    """Whether a folder is a workspace, or an export, whose runs were all made by the simulator.

    A log without runs counts too. What cannot be read does not.
    """
    log, table = folder / "log.sqlite", folder / "runs.csv"
    if log.exists():
        return _services_of_log(log) <= {SIMULATOR}
    if table.exists() and (folder / "runs.jsonl").exists():
        return _services_of_table(table) == {SIMULATOR}
    return False


def _services_of_log(log: Path) -> set[str]:
    try:
        with closing(sqlite3.connect(f"{log.resolve().as_uri()}?mode=ro", uri=True)) as database:
            return {str(row[0]) for row in database.execute("SELECT DISTINCT service FROM runs")}
    except sqlite3.Error:
        return {"unknown"}


def _services_of_table(table: Path) -> set[str]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            return {row.get("service") or "unknown" for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, csv.Error):
        return {"unknown"}
