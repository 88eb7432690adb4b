"""Connections that notice two things which no error tells: a server that hangs, and a pooler before the server."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
from psycopg.errors import ConnectionTimeout

from ...clock import SystemClock

T = TypeVar("T")

PATIENCE_SECONDS = 10.0
"""How long an answer may take before the server is asked for a sign of life; and between two such questions."""

FIRST_ANSWER_SECONDS = 5.0
"""How long the first answer on a new connection may take."""

HURRIED_SECONDS = 1.0
"""How long an answer may take once its user has pressed Ctrl-C."""

_NOTHING_CAME = 0
"""What psycopg sends to its generators, ten times a second, while there is nothing to read or write."""

_clock = SystemClock()


class AttentiveConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that is broken off where its server hangs: a machine that swaps, or is stopped, cuts nothing.

    Who takes long may be at work. So the server is asked by another connection whether it lives, and only a server
    that does not answer that one either is taken for gone.

    Attributes
    ----------
    is_pooled:
        Whether a pooler, such as pgbouncer, stands before the server: each transaction may be on another connection
        of its own.
    lives:
        Asks whether the server gives a sign of life; None until the first answer has come.
    is_hurried:
        Whether its user has pressed Ctrl-C.
    """

    is_pooled = False
    lives: Callable[[], bool] | None = None
    is_hurried = False
    _hung_for = 0.0

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **options: Any) -> T:
        """Let psycopg wait for the server.

        Parameters
        ----------
        gen:
            What psycopg does meanwhile.
        args:
            Further arguments of psycopg's.
        options:
            The same.
        """
        return super().wait(self._attentive(gen), *args, **options)

    def _attentive(self, steps: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        """The same steps, with a look at the time when nothing came."""
        began = _clock.monotonic()
        limit = FIRST_ANSWER_SECONDS if self.lives is None else PATIENCE_SECONDS
        try:
            wanted = next(steps)
            while True:
                came = yield wanted
                if came != _NOTHING_CAME:
                    began = _clock.monotonic()
                elif self._hangs(_clock.monotonic() - began, limit):
                    self._hung_for = _clock.monotonic() - began
                    break_off(self)
                elif _clock.monotonic() - began > limit:  # it has given a sign of life
                    began = _clock.monotonic()
                wanted = steps.send(came)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        except psycopg.OperationalError as error:
            if self._hung_for:
                raise ConnectionTimeout(f"the server has not answered for {self._hung_for:.0f} s") from None
            raise error from None

    def _hangs(self, seconds: float, limit: float) -> bool:
        """Whether the server is to be taken for gone.

        Parameters
        ----------
        seconds:
            How long nothing came.
        limit:
            How long that may be.
        """
        if self.is_hurried:
            return seconds > HURRIED_SECONDS
        return seconds > limit and (self.lives is None or not self.lives())

    def hurry(self) -> None:
        """Wait for a short while only."""
        self.is_hurried = True


def break_off(connection: psycopg.Connection[Any]) -> None:
    """End a connection: who waits on it gets an error at once, also where the server hangs."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as own:
        own.shutdown(socket.SHUT_RDWR)
