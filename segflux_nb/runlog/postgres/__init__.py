"""The log in a PostgreSQL database. Nothing of psycopg is imported before such a log is opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import WorkspaceError
from ...installing import how_to_install

if TYPE_CHECKING:
    from ...clock import Clock
    from .database import PostgresDatabase


def open_database(address: str, path: Path, clock: Clock, *, plays: bool, durable: bool) -> PostgresDatabase:
    """Open a log in a database; parameters are those of `PostgresDatabase`.

    Raises
    ------
    WorkspaceError
        If psycopg is not installed, or the database cannot be opened.
    """
    try:
        import psycopg  # noqa: F401 - to say what is missing
    except ImportError:
        raise WorkspaceError(
            "A workspace in a PostgreSQL database needs the package psycopg",
            remedy=how_to_install("postgres"),
        ) from None
    from .database import PostgresDatabase

    return PostgresDatabase(address, path, clock, plays=plays, durable=durable)
