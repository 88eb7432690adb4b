"""What is done with two logs: one is entered in the other, and both are compared."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from .comparing import ComparedTable, compared
from .copying import LogCopier
from .journal import Journal


def enter_all(source: Journal, target: Journal, seen: object, also: Callable[[], None]) -> None:
    """Enter everything that a log holds in another one, in one transaction; see `segflux_nb.runlog.copying`.

    Parameters
    ----------
    source:
        The log that is read.
    target:
        The log that gets what the source holds.
    seen:
        The version of the source that is meant.
    also:
        Enters what belongs to it, in the same transaction.

    Raises
    ------
    SourceHasChanged
        If the source has another version by now.
    """
    with target._database.together():
        LogCopier(source._database, target._database).enter(seen)
        also()


def are_same(source: Journal, target: Journal) -> bool:
    """Whether both are one log, by whatever address.

    Parameters
    ----------
    source:
        The log that is read.
    target:
        The log that is written.
    """
    name = f"copying/{uuid4().hex}"
    try:
        with target._database.writing() as cursor:
            cursor.execute("INSERT INTO properties (name, value) VALUES (?, '')", (name,))
        with source._database.reading() as cursor:
            cursor.execute("SELECT 1 FROM properties WHERE name = ?", (name,))
            return cursor.fetchone() is not None
    finally:
        with target._database.writing() as cursor:
            cursor.execute("DELETE FROM properties WHERE name = ?", (name,))


def compare(source: Journal, target: Journal) -> list[ComparedTable]:
    """Whether a log has everything that another one holds; see `segflux_nb.runlog.comparing`.

    Parameters
    ----------
    source:
        The log that was copied.
    target:
        The log that has got what the source holds.
    """
    return list(compared(source._database, target._database))
