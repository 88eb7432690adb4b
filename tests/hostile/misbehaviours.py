"""The table: what a service may do wrong, and what must be seen afterwards.

Each row is data: a script for the scripted service, and what ledger, log and the other cells must show. What is
expected is what is right.
"""

from .expected import Misbehaviour
from .table import (
    accounts,
    bounds,
    clocks,
    failed,
    history,
    history_otherwise,
    ids,
    isolation,
    limits,
    otherwise,
    outputs,
    paid,
    pictures,
    wire,
)

TABLE: list[Misbehaviour] = [
    *isolation.TABLE,
    *bounds.TABLE,
    *limits.TABLE,
    *paid.TABLE,
    *failed.TABLE,
    *ids.TABLE,
    *history.TABLE,
    *history_otherwise.TABLE,
    *otherwise.TABLE,
    *outputs.TABLE,
    *pictures.TABLE,
    *clocks.TABLE,
    *accounts.TABLE,
    *wire.TABLE,
]
