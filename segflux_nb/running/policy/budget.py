"""What a run of a sweep may spend. Pure."""

from __future__ import annotations


class Budget:
    """A cap in US dollars, from which each submit reserves its estimated cost before it is made.

    Parameters
    ----------
    cap:
        US dollars, or None for no cap.
    """

    def __init__(self, cap: float | None) -> None:
        self.cap = cap
        self.reserved = 0.0

    def reserve(self, cost: float | None) -> str | None:
        """Reserve a submit's cost: None if it fits, else a sentence that says why it does not."""
        if self.cap is None:
            return None
        if cost is None:
            return f"a cell's price is unknown, and the run may spend ${self.cap:.2f}"
        if self.reserved + cost > self.cap + 1e-9:
            return f"the run may spend ${self.cap:.2f}, and ${self.reserved:.2f} of it are spent or reserved"
        self.reserved += cost
        return None

    def release(self, cost: float | None) -> None:
        """Give back what a submit reserved that was not accepted."""
        if self.cap is not None and cost is not None:
            self.reserved -= cost
