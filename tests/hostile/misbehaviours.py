"""The table: what a service may do wrong, and what must be seen afterwards.

Each row is data: a script for the scripted service, and what ledger, log and the other cells must show. What is
expected is what is right, not what the product does today: `known_failures.txt` lists the rows that fail.
"""

from pathlib import Path

from .expected import Misbehaviour
from .table import accounts, bounds, clocks, failed, history, ids, isolation, limits, outputs, paid, pictures, wire

TABLE: list[Misbehaviour] = [
    *isolation.TABLE,
    *bounds.TABLE,
    *limits.TABLE,
    *paid.TABLE,
    *failed.TABLE,
    *ids.TABLE,
    *history.TABLE,
    *outputs.TABLE,
    *pictures.TABLE,
    *clocks.TABLE,
    *accounts.TABLE,
    *wire.TABLE,
]

KNOWN_FAILURES = frozenset((Path(__file__).parent / "known_failures.txt").read_text(encoding="utf-8").splitlines())
"""Rows that fail today. A row that is mended must be removed: its test then says so."""
