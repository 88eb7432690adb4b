"""What one call may spend. Pure."""

from __future__ import annotations

from collections.abc import Mapping


class Budget:
    """A cap in US dollars. Each submit reserves its estimated cost before it is made.

    Parameters
    ----------
    cap:
        US dollars, or None for no cap.
    price:
        US dollars for one picture, as the user says; None where the user says nothing.
    costs:
        US dollars for one evaluation, by model; None where the price is unknown.
    agreed:
        US dollars for a run, by digest, to which the user has agreed: no run counts less.
    is_free:
        Whether nothing is paid in truth: on the simulator, where a cap is rehearsed as all the rest is.
    """

    def __init__(
        self,
        cap: float | None,
        *,
        price: float | None = None,
        costs: Mapping[str, float | None] | None = None,
        agreed: Mapping[str, float | None] | None = None,
        is_free: bool = False,
    ) -> None:
        self.cap = cap
        self.price = price
        self.costs = costs or {}
        self.agreed = agreed or {}
        self.is_free = is_free
        self.reserved = 0.0

    def estimate(self, digest: str, cost: float | None, evaluations: int | None) -> float | None:
        """What a submit costs, in US dollars; None where that is unknown.

        Parameters
        ----------
        digest:
            The run.
        cost:
            US dollars for one evaluation of its model; None where that is unknown.
        evaluations:
            The evaluations that it takes; None where that is unknown.
        """
        if self.price is not None:
            return self.price
        own = None if evaluations is None or cost is None else evaluations * cost
        return max((one for one in (own, self.agreed.get(digest)) if one is not None), default=None)

    def reserve(self, cost: float | None) -> str | None:
        """Reserve the cost of a submit: None if it fits, else a sentence that says why it does not fit.

        Parameters
        ----------
        cost:
            US dollars, or None where the price is unknown: it fits no cap.
        """
        if self.cap is None:
            return None
        if cost is None:
            return (
                f"A run's price is unknown, and this call may spend ${self.cap:,.2f}: say what one picture costs,"
                " in US dollars, ws.run(sweep, price=0.05)"
            )
        if self.reserved + cost > self.cap + 1e-9:
            free = " (on the simulator, where nothing is paid)" if self.is_free else ""
            return f"This call may spend ${self.cap:,.2f}, and ${self.reserved:,.2f} of it is spent or reserved{free}"
        self.reserved += cost
        return None

    def release(self, cost: float | None) -> None:
        """Give back what a submit reserved, because the service did not accept it."""
        if self.cap is not None and cost is not None:
            self.reserved -= cost
