"""What one call may spend."""

from __future__ import annotations

import math
import os

from .errors import SweepError
from .values import as_number, shown

HOSTED_CAP = 10.0
"""US dollars that one call may spend on the hosted service, unless the user gives another amount."""

_MOST_DOLLARS = 1e15
"""A larger amount is no limit."""


def cap_of(max_cost: float | None, *, is_hosted: bool) -> float | None:
    """US dollars that one call may spend; None for no limit.

    Parameters
    ----------
    max_cost:
        What the user gave, or None.
    is_hosted:
        Whether the service is the hosted one, which has a limit of its own.

    Raises
    ------
    SweepError
        If `max_cost`, or ``SEGFLUX_MAX_COST`` that is used without it, is not an amount of money.
    """
    if max_cost is None:
        return _default_cap() if is_hosted else None
    try:
        cap = as_number(max_cost)
    except ValueError:
        cap = 0
    if not cap > 0:
        raise SweepError(f"max_cost={shown(max_cost)} is not an amount of US dollars", remedy="Write max_cost=5")
    return float(cap) if cap < _MOST_DOLLARS else None


def price_of(price: float | None) -> float | None:
    """US dollars for one picture, as the user says; None where the user says nothing.

    Parameters
    ----------
    price:
        What the user gave, or None.

    Raises
    ------
    SweepError
        If it is not an amount of money.
    """
    if price is None:
        return None
    try:
        amount = as_number(price)
    except ValueError:
        amount = -1
    if not 0 <= amount < _MOST_DOLLARS:
        raise SweepError(
            f"price={shown(price)} is not an amount of US dollars",
            remedy="Write price=0.05, for five cents a picture",
        )
    return float(amount)


def _default_cap() -> float | None:
    """US dollars that one call may spend on the hosted service, unless the call says so; None for no limit."""
    text = os.environ.get("SEGFLUX_MAX_COST")
    if not text:
        return HOSTED_CAP
    try:
        cap = float(text)
    except ValueError:
        cap = math.nan
    if not cap > 0:
        raise SweepError(
            f"SEGFLUX_MAX_COST={text!r} is not an amount of US dollars", remedy="Set it to 5, or unset it"
        )
    return None if math.isinf(cap) else cap
