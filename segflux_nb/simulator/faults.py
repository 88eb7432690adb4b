"""Faults that the simulator commits on purpose, each at a rate or at exactly the requests that a test names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .timeline import uniform

Fault = float | Callable[[Mapping[str, Any]], object]

KINDS = {
    "submit_500": "a submit is answered 500 and not accepted",
    "submit_lost": "a submit is accepted, and its answer cut off",
    "failed": "the job fails",
    "moderated": "the job fails with a content-policy text",
    "no_output": "the result names no picture",
    "output_list": "the result's output is a list",
    "output_object": "the result's output is an object",
    "status_404": "the record of an accepted job cannot be found",
    "status_500": "a status or result call is answered 500",
    "picture_404": "the picture's file cannot be found",
    "bad_picture": "the picture's file is cut off",
}


class Faults:
    """Which fault strikes where.

    Parameters
    ----------
    faults:
        By kind (see `KINDS`): a rate from 0 to 1, or a function of the request's body that is true where the
        fault strikes.
    seed:
        Rates draw from it: the same seed, the same faults.
    """

    def __init__(self, faults: Mapping[str, Fault], seed: int) -> None:
        unknown = sorted(set(faults) - set(KINDS))
        if unknown:
            raise ValueError(f"there is no fault {unknown[0]!r}; there are {', '.join(KINDS)}")
        self._faults = dict(faults)
        self._seed = seed

    def strikes(self, kind: str, body: Mapping[str, Any], *occasion: object) -> bool:
        """Whether the fault strikes on this occasion of this request."""
        fault = self._faults.get(kind, 0.0)
        return bool(fault(body)) if callable(fault) else uniform(self._seed, kind, *occasion) < fault
