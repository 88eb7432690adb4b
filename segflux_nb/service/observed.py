"""What the answers of a service have otherwise than the contract says, counted in daily use.

What is counted here never ends a request: a log that cannot be written for now keeps its counts for later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from ..clock import Clock
from ..errors import WorkspaceError
from .contract import CALLS
from .deviations import Deviation, deviations
from .transport import HttpRequest, HttpResponse

MOST_KINDS = 100
"""Deviations that one process tells apart: a service may send other names each time."""

PAUSE_SECONDS = 30.0
"""Between writes of counts, once each deviation is in the log."""

OTHERS = Deviation("any", "unknown field", "(others)", "no such field", "more of them than are told apart")

MOST_BYTES = 1 << 20
"""A larger answer is not compared: it would hold up the others."""

_KEPT_ANSWERS = 500
"""The most answers that are kept while somebody records them."""

Keep = Callable[[Mapping[Deviation, int]], None]


class Observed:
    """Compares answers with the contract, and counts in how many of them each deviation was.

    Parameters
    ----------
    clock:
        Source of the current time.
    keep:
        Adds numbers of answers to what the log has.
    """

    def __init__(self, clock: Clock, keep: Keep) -> None:
        self._clock = clock
        self._keep = keep
        self._known: set[Deviation] = set()
        self._waiting: Counter[Deviation] = Counter()
        self._written_at = clock.monotonic()
        self._recordings: list[list[tuple[str, HttpResponse]]] = []

    def see(self, request: HttpRequest, response: HttpResponse) -> None:
        """Compare an answer with the contract.

        Parameters
        ----------
        request:
            What was asked.
        response:
            The answer.
        """
        call = call_of(request)
        for recording in self._recordings:
            if len(recording) < _KEPT_ANSWERS:
                recording.append((call, response))
        if call != "picture" and len(response.body) > MOST_BYTES:
            return
        found = deviations(CALLS[call], response, of_any_model=True)
        if not found:
            return
        is_new = False
        for deviation in found:
            if deviation not in self._known:
                if len(self._known) >= MOST_KINDS:
                    deviation = OTHERS
                is_new = is_new or deviation not in self._known
                self._known.add(deviation)
            self._waiting[deviation] += 1
        if is_new or self._clock.monotonic() - self._written_at >= PAUSE_SECONDS:
            self.write()

    def write(self) -> None:
        """Add what was counted to the log, if that can be written now."""
        waiting, self._waiting = self._waiting, Counter()
        self._written_at = self._clock.monotonic()
        if waiting:
            try:
                self._keep(waiting)
            except WorkspaceError:
                self._waiting.update(waiting)

    @contextmanager
    def recording(self) -> Iterator[list[tuple[str, HttpResponse]]]:
        """Keep the answers that come in the block: the name of each call, and its answer."""
        answers: list[tuple[str, HttpResponse]] = []
        self._recordings.append(answers)
        try:
            yield answers
        finally:
            self._recordings.remove(answers)


def call_of(request: HttpRequest) -> str:
    """The name of the call that a request is, as the contract has it.

    Parameters
    ----------
    request:
        The request.
    """
    if request.purpose == "history":
        return "record" if not request.url.endswith("/request-history") else "history"
    return "picture" if request.purpose == "download" else request.purpose
