"""Faults that the simulator commits on purpose: at a rate, or at the places that a test names.

A fault is named ``operation:kind``. Operations are the calls of the service (`OPERATIONS`), ``any`` for all of them
but pictures, and ``job`` for what happens to an accepted job.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ...values import shown
from .timeline import uniform

Fault = float | Callable[[Mapping[str, Any]], object] | Collection[int]
"""When a fault strikes: a rate from 0 to 1, a function of the request's body, or numbers of calls, from 1."""

OPERATIONS = ("submit", "v1", "status", "result", "history", "credits", "catalogue", "upload", "picture")

UNREAD = "drop_unread"

INSTEAD = {
    UNREAD: "the connection is cut after the request's head; the body is not read",
    "drop_before": "the connection is cut after the request is read, before it is handled",
    "403": "the response is 403: the model is private",
    "404": "the response is 404",
    "406": "the response is 406: the team's spend limit is reached",
    "410": "the response is 410: the model is retired",
    "429": "the response is 429, with the time of reset",
    "500": "the response is 500 in the gateway's JSON envelope",
    "502": "the response is 502 as HTML",
    "504": "the response is 504 as HTML",
}
"""What happens in place of handling a call. A submit is not accepted."""

AFTERWARDS = {
    "drop_after": "the call is handled, and the connection cut before the response",
    "drop_middle": "the call is handled, and the response cut in the middle",
    "502_after": "the call is handled, and the response is 502 as HTML",
    "504_after": "the call is handled, and the response is 504 as HTML",
    "stale": "the response is sent, and the connection closed without an announcement",
    "delay": "the response comes ten seconds late",
    "truncated": "the response has half of its body, and looks complete",
    "not_json": "the response's body is a page of HTML",
}
"""What happens to the response of a call that was handled. A submit is accepted."""

OF_SUBMITS = {"no_id": "the submit is accepted, and the response has no id"}
OF_UPLOADS = {
    "413": "the response is 413: the file is too large",
    "no_url": "the file is stored, and the response names no address",
    "vanished": "the file is stored, and is gone at once",
}
OF_PICTURES = {
    "wrong_type": "the picture's file is a page of HTML",
    "huge": "the picture's file is small and has 400 megapixels",
}
OF_JOBS = {
    "failed": "the job fails",
    "moderated": "the job fails with a content-policy text",
    "no_output": "the result names no picture",
    "output_list": "the result's output is a list",
    "output_object": "the result's output is an object",
    "late_history": "the job's row comes to the history ten minutes late",
}

KINDS: dict[str, str] = {
    **{f"{scope}:{kind}": text for scope in ("any", *OPERATIONS) for kind, text in {**INSTEAD, **AFTERWARDS}.items()},
    **{f"submit:{kind}": text for kind, text in OF_SUBMITS.items()},
    **{f"upload:{kind}": text for kind, text in OF_UPLOADS.items()},
    **{f"picture:{kind}": text for kind, text in OF_PICTURES.items()},
    **{f"job:{kind}": text for kind, text in OF_JOBS.items()},
}
"""Every fault, and what it does."""

DELAY_SECONDS = 10.0
LATE_SECONDS = 600.0


class Faults:
    """Decides which fault strikes where.

    Parameters
    ----------
    faults:
        When each fault strikes, by name (see `KINDS`).
    seed:
        What rates are drawn from. The same seed gives the same faults.

    Raises
    ------
    ValueError
        A name is unknown, or a rate is not from 0 to 1.
    """

    def __init__(self, faults: Mapping[str, Fault], seed: int) -> None:
        if not isinstance(faults, Mapping):
            raise ValueError(f"faults={shown(faults)} does not name faults: write {{'submit:500': 0.1}}")
        for name, fault in faults.items():
            if name not in KINDS:
                close = difflib.get_close_matches(str(name), KINDS, n=1, cutoff=0.5)
                meant = f": did you mean {close[0]!r}?" if close else f"; there are {', '.join(KINDS)}"
                raise ValueError(f"there is no fault {shown(name)}{meant}")
            if callable(fault) and name.endswith(UNREAD):
                raise ValueError(f"{name} strikes before the body is read: give a rate or numbers of calls")
            if isinstance(fault, int | float) and not 0 <= fault <= 1:
                raise ValueError(f"the rate of {name} must be from 0 to 1, not {shown(fault)}")
        self._faults = dict(faults)
        self._seed = seed
        self._by_operation: dict[str, list[tuple[str, str]]] = {}

    def __bool__(self) -> bool:
        return bool(self._faults)

    def strikes(self, name: str, body: Mapping[str, Any], number: int, *occasion: object) -> bool:
        """Whether one fault strikes.

        Parameters
        ----------
        name:
            Name of the fault.
        body:
            Body of the submit that the call is about.
        number:
            Which call of its operation it is, counted from 1.
        occasion:
            What the draw of a rate depends on, besides name and seed.
        """
        fault = self._faults.get(name)
        if fault is None:
            return False
        if callable(fault):
            return bool(fault(body))
        if isinstance(fault, int | float):
            return uniform(self._seed, name, *occasion) < fault
        return number in fault

    def of_call(self, operation: str, body: Mapping[str, Any], number: int, *occasion: object) -> str | None:
        """The kind of fault that strikes a call, or None. If several would, it is the first in the tables above.

        Parameters
        ----------
        operation:
            Operation of the call.
        body, number, occasion:
            See `strikes`.
        """
        drawn: float | None = None
        for kind, name in self._of_operation(operation):
            fault = self._faults[name]
            if not isinstance(fault, int | float):
                if self.strikes(name, body, number, *occasion):
                    return kind
                continue
            if drawn is None:
                drawn = uniform(self._seed, *occasion)
            if drawn < fault:
                return kind
            # Given that this one missed, the rest of the draw is uniform again. So one draw serves all rates.
            drawn = (drawn - fault) / (1 - fault)
        return None

    def leaves_unread(self, operation: str, number: int) -> bool:
        """Whether the connection is cut before the body of a call is read.

        Parameters
        ----------
        operation:
            Operation of the call.
        number:
            Which call of its operation it is, counted from 1.
        """
        return any(self.strikes(f"{scope}:{UNREAD}", {}, number, operation, number) for scope in _scopes(operation))

    def _of_operation(self, operation: str) -> list[tuple[str, str]]:
        """Kind and name of the faults that are set for an operation and strike once the request is read."""
        if operation not in self._by_operation:
            self._by_operation[operation] = [
                (kind, f"{scope}:{kind}")
                for kind in {**INSTEAD, **AFTERWARDS, **OF_SUBMITS, **OF_UPLOADS, **OF_PICTURES}
                if kind != UNREAD
                for scope in _scopes(operation)
                if f"{scope}:{kind}" in self._faults
            ]
        return self._by_operation[operation]


def _scopes(operation: str) -> tuple[str, ...]:
    """The prefixes of fault names that apply to an operation."""
    return (operation,) if operation == "picture" else (operation, "any")


def parse_faults(text: str) -> dict[str, Fault]:
    """Faults as they are written in a shell: ``"submit:drop_after=0.1, job:failed=0.05"``.

    >>> parse_faults("submit:500=0.1")
    {'submit:500': 0.1}
    """
    faults: dict[str, Fault] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, rate = part.partition("=")
        try:
            faults[name.strip()] = float(rate)
        except ValueError:
            raise ValueError(f"{part!r} is no fault: write name=rate, such as submit:500=0.1") from None
    Faults(faults, 0)
    return faults
