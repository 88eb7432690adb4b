"""Clears what the notebooks leave behind, so that each check of them starts the same."""

import shutil
from pathlib import Path


def pytest_sessionstart(session):
    if not hasattr(session.config, "workerinput"):  # of the processes of pytest-xdist, the first one clears them
        clear_workspaces()


def clear_workspaces():
    """Remove the workspaces and exports that the notebooks made beside themselves."""
    for folder in Path(__file__).parent.iterdir():
        made_here = (folder / "log.sqlite").exists() or (folder / "runs.csv").exists()
        if folder.is_dir() and made_here:
            shutil.rmtree(folder)
