"""An open workspace: its folder, log, service and launcher. `Workspace` is this, with the verbs for users."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

from .connection import ServiceConnection
from .launcher import Launcher
from .runlog.journal import Journal


class Session:
    """An open workspace folder with the connection to its service.

    Parameters
    ----------
    path:
        The folder, as an absolute path.
    journal:
        The log in that folder.
    connection:
        The service.
    launcher:
        Plans and starts sweeps.
    """

    def __init__(self, path: Path, journal: Journal, connection: ServiceConnection, launcher: Launcher) -> None:
        self.path = path
        self._process = os.getpid()
        self._journal = journal
        self._connection = connection
        self._launcher = launcher

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A workspace cannot be pickled, copied or sent to another process: it holds a log and a connection. "
            "Open it there: Workspace(path)."
        )

    @property
    def service(self) -> str:
        """The service's name: ``segmind``, ``simulator``, or a custom origin without its port."""
        return self._connection.service

    def close(self) -> None:
        """Interrupt what runs, and close connections and files. What is on disk stays."""
        if self._process != os.getpid():  # a forked child, where the engine's threads do not run
            return
        self._launcher.interrupt_all()
        self._launcher.models.close()
        self._connection.close()
        self._journal.close()
