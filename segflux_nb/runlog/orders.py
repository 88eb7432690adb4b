"""Orders: the sweeps of a service that were submitted, and which of their runs workers may pay for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..clock import Clock
from .changes import NEWS
from .seam import LogDatabase

ORDERED = "ordered"
"""What a server tells in place of a run's digest when orders have changed."""


class Order(NamedTuple):
    """A sweep that workers are to run.

    Attributes
    ----------
    sweep:
        The number of the sweep.
    name:
        Its title, or its name.
    max_cost:
        US dollars that may be spent on it in all; None for no limit.
    price:
        US dollars for one picture, as the user says; None where the user says nothing.
    ordered_at:
        When it was submitted last, in seconds since 1970 UTC.
    """

    sweep: int
    name: str
    max_cost: float | None
    price: float | None
    ordered_at: float


class OrderLog:
    """The orders of a service. The agreement to pay is in them: no worker pays for a run that is in none.

    Parameters
    ----------
    database:
        The log's file.
    clock:
        Source of the current time.
    service:
        The service whose sweeps are meant.
    """

    def __init__(self, database: LogDatabase, clock: Clock, service: str) -> None:
        self._database = database
        self._clock = clock
        self._service = service

    def enter(
        self, sweep: int, max_cost: float | None, price: float | None, costs: Mapping[str, float | None]
    ) -> None:
        """Enter the order of a sweep, in place of an earlier one. An equal one changes nothing.

        Parameters
        ----------
        sweep:
            The number of the sweep.
        max_cost:
            US dollars that may be spent on it in all; None for no limit.
        price:
            US dollars for one picture, as the user says; None where the user says nothing.
        costs:
            The runs, each with its estimate in US dollars, or None where that is unknown.
        """
        with self._database.writing() as cursor:
            cursor.execute("SELECT max_cost, price FROM orders WHERE sweep = ?", (sweep,))
            before = cursor.fetchone()
            cursor.execute("SELECT digest, cost FROM ordered_runs WHERE sweep = ?", (sweep,))
            known = dict(cursor.fetchall())
            if before is not None and tuple(before) == (max_cost, price) and known == costs:
                return
            cursor.execute(
                "INSERT INTO orders (sweep, max_cost, price, ordered_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (sweep) DO UPDATE SET max_cost = excluded.max_cost, price = excluded.price,"
                " ordered_at = excluded.ordered_at",
                (sweep, max_cost, price, self._clock.now()),
            )
            cursor.executemany(
                "DELETE FROM ordered_runs WHERE sweep = ? AND digest = ?",
                [(sweep, digest) for digest in known.keys() - costs.keys()],
            )
            cursor.executemany(
                "INSERT INTO ordered_runs (sweep, digest, cost) VALUES (?, ?, ?)"
                " ON CONFLICT (sweep, digest) DO UPDATE SET cost = excluded.cost",
                [(sweep, digest, cost) for digest, cost in costs.items()],
            )
            if self._database.is_far:  # the server wakes workers when this is committed
                cursor.execute(f"SELECT pg_notify('{NEWS}', ?)", (ORDERED,))

    def all(self) -> list[Order]:
        """The orders, the sweep that was entered first before the others."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT orders.sweep, CASE WHEN title = '' THEN name ELSE title END, max_cost, price, ordered_at"
                " FROM orders JOIN sweeps ON sweeps.number = orders.sweep WHERE service = ? ORDER BY orders.sweep",
                (self._service,),
            )
            return [Order(*row) for row in cursor]

    def costs(self, sweep: int) -> dict[str, float | None]:
        """The runs of a sweep's order, each with its estimate in US dollars, or None where that is unknown.

        Nothing where the sweep was not submitted.
        """
        with self._database.reading() as cursor:
            cursor.execute("SELECT digest, cost FROM ordered_runs WHERE sweep = ?", (sweep,))
            return dict(cursor.fetchall())

    def unfinished(self) -> set[int]:
        """The numbers of the sweeps whose orders have runs that are not completed."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT DISTINCT ordered_runs.sweep FROM ordered_runs JOIN sweeps"
                " ON sweeps.number = ordered_runs.sweep JOIN runs ON runs.service = sweeps.service"
                " AND runs.digest = ordered_runs.digest WHERE sweeps.service = ? AND runs.state <> 'completed'",
                (self._service,),
            )
            return {number for (number,) in cursor}
