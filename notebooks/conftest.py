"""Clears what the notebooks leave behind, so that each check of them starts the same."""

import shutil
from pathlib import Path


def pytest_sessionstart(session):
    if hasattr(session.config, "workerinput"):  # a process of pytest-xdist: the first one cleared them before
        return
    for folder in Path(__file__).parent.iterdir():
        made_here = (folder / "log.sqlite").exists() or (folder / "runs.csv").exists()
        if folder.is_dir() and made_here:
            shutil.rmtree(folder)
