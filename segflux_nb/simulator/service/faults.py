"""Faults that the simulator commits on purpose, each at a rate or at exactly the places that a test names.

A fault is written ``operation:kind``. Operations are the calls of the service (`OPERATIONS`), ``any`` for all of
them but pictures, and ``job`` for what happens to an accepted job.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from .timeline import uniform

Fault = float | Callable[[Mapping[str, Any]], object] | Collection[int]
"""A rate from 0 to 1; or a function of the request's body; or which calls of the operation, counted from 1."""

OPERATIONS = ("submit", "v1", "status", "result", "history", "credits", "picture")

UNREAD = "drop_unread"

INSTEAD = {
    UNREAD: "the connection is cut at the request's head: its body is not read",
    "drop_before": "the connection is cut once the request is read, before it is handled",
    "403": "it is answered 403: the model is private",
    "404": "it is answered 404",
    "406": "it is answered 406: the team's spend limit is reached",
    "410": "it is answered 410: the model is retired",
    "429": "it is answered 429, with the moment of reset",
    "500": "it is answered 500 in the gateway's JSON envelope",
    "502": "it is answered 502 as HTML",
    "504": "it is answered 504 as HTML",
}
"""What happens in place of handling a call: a submit is not accepted."""

AFTERWARDS = {
    "drop_after": "it is handled, and the connection cut before the answer",
    "drop_middle": "it is handled, and the answer cut in the middle",
    "502_after": "it is handled, and answered 502 as HTML",
    "504_after": "it is handled, and answered 504 as HTML",
    "stale": "it is answered, and the connection closed without a word",
    "delay": "it is answered ten seconds late",
    "truncated": "the answer's body is cut short, and looks complete",
    "not_json": "the answer's body is a page of HTML",
}
"""What happens to the answer of a call that was handled: a submit is accepted."""

OF_SUBMITS = {"no_id": "a submit is accepted, and its answer has no id"}
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
    **{f"{where}:{kind}": says for where in ("any", *OPERATIONS) for kind, says in {**INSTEAD, **AFTERWARDS}.items()},
    **{f"submit:{kind}": says for kind, says in OF_SUBMITS.items()},
    **{f"picture:{kind}": says for kind, says in OF_PICTURES.items()},
    **{f"job:{kind}": says for kind, says in OF_JOBS.items()},
}
"""Every fault there is, and what it does."""

DELAY_SECONDS = 10.0
LATE_SECONDS = 600.0


class Faults:
    """Which fault strikes where.

    Parameters
    ----------
    faults:
        By name (see `KINDS`).
    seed:
        Rates draw from it: the same seed, the same faults.

    Raises
    ------
    ValueError
        For a name that is none, or a rate that is none.
    """

    def __init__(self, faults: Mapping[str, Fault], seed: int) -> None:
        for name, fault in faults.items():
            if name not in KINDS:
                raise ValueError(f"there is no fault {name!r}; there are {', '.join(KINDS)}")
            if callable(fault) and name.endswith(UNREAD):
                raise ValueError(f"{name} strikes before a body is read: give a rate, or which calls")
            if isinstance(fault, int | float) and not 0 <= fault <= 1:
                raise ValueError(f"the rate of {name} must be from 0 to 1, not {fault!r}")
        self._faults = dict(faults)
        self._seed = seed
        self._by_operation: dict[str, list[tuple[str, str]]] = {}

    def __bool__(self) -> bool:
        return bool(self._faults)

    def strikes(self, name: str, body: Mapping[str, Any], number: int, *occasion: object) -> bool:
        """Whether a fault strikes: on the `number`-th call of its operation, on this occasion, for this request."""
        fault = self._faults.get(name)
        if fault is None:
            return False
        if callable(fault):
            return bool(fault(body))
        if isinstance(fault, int | float):
            return uniform(self._seed, name, *occasion) < fault
        return number in fault

    def of_call(self, operation: str, body: Mapping[str, Any], number: int, *occasion: object) -> str | None:
        """The kind of fault that strikes a call, or None; of two that strike, the first."""
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
            # Given that it was missed, what is left of the draw is uniform again: one draw serves all rates.
            drawn = (drawn - fault) / (1 - fault)
        return None

    def leaves_unread(self, operation: str, number: int) -> bool:
        """Whether the connection is cut before the `number`-th call of an operation is read."""
        return any(self.strikes(f"{where}:{UNREAD}", {}, number, operation, number) for where in _wheres(operation))

    def _of_operation(self, operation: str) -> list[tuple[str, str]]:
        """The faults that are set for an operation once it is read: kind and name."""
        if operation not in self._by_operation:
            self._by_operation[operation] = [
                (kind, f"{where}:{kind}")
                for kind in {**INSTEAD, **AFTERWARDS, **OF_SUBMITS, **OF_PICTURES}
                if kind != UNREAD
                for where in _wheres(operation)
                if f"{where}:{kind}" in self._faults
            ]
        return self._by_operation[operation]


def _wheres(operation: str) -> tuple[str, ...]:
    return (operation,) if operation == "picture" else (operation, "any")


def parse_faults(text: str) -> dict[str, Fault]:
    """Faults as a person writes them in a shell: ``"submit:drop_after=0.1, job:failed=0.05"``.

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
