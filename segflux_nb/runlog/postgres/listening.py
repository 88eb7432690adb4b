"""Listens for runs that are not in flight any more, so that nobody needs to look for them."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg

from ..changes import NEWS
from .connections import Connections

AGAIN_SECONDS = 0.5
"""Between tries to listen again once the connection was lost."""

TURN_SECONDS = 0.5
"""How soon it notices that it is to stop."""


class Listener(threading.Thread):
    """Listens until it is stopped; again where the connection is lost. Behind a pooler it does not listen.

    Parameters
    ----------
    connections:
        Give the connection.
    heard:
        Called with the digest of a run, and whether news are heard from now on. The digest is empty where news may
        have been missed: when it begins to listen, and when the connection is lost.
    """

    def __init__(self, connections: Connections, heard: Callable[[str, bool], None]) -> None:
        super().__init__(name="segflux-listener", daemon=True)
        self._connections = connections
        self._heard = heard
        self._stopped = threading.Event()

    def run(self) -> None:
        """Listen."""
        while not self._stopped.is_set():
            try:
                with self._connections.connect() as connection:
                    if connection.is_pooled:  # news may go to another connection, and nobody says so
                        self._heard("", False)
                        return
                    connection.execute(f"LISTEN {NEWS}".encode())
                    self._heard("", True)
                    while not self._stopped.is_set():
                        for news in connection.notifies(timeout=TURN_SECONDS):
                            self._heard(news.payload, True)
            except (psycopg.Error, OSError):
                self._heard("", False)
            self._stopped.wait(AGAIN_SECONDS)

    def stop(self) -> None:
        """Stop, soon."""
        self._stopped.set()
