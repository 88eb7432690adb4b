"""Input pictures in the log: which runs name, and at which addresses a service has them.

The addresses are kept with what belongs to the log as a whole, as trigger words are. So a machine that looks up what
another one has sent knows which picture an address in the service's history stands for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import NamedTuple

from ..input_pictures import pictures_in
from ..lifecycle import State
from ..model import MODEL
from ..service.stored_pictures import Stored, stored_of
from .seam import LogDatabase

PREFIX = "input address"
"""Begins the names of these properties."""


class NamedInput(NamedTuple):
    """An input picture that runs of the log name.

    Attributes
    ----------
    text:
        The text that stands for it.
    digest:
        One of these runs.
    is_needed:
        Whether one of them has no picture yet, and may have to be sent.
    """

    text: str
    digest: str
    is_needed: bool


class InputLog:
    """The input pictures of a service's runs.

    Parameters
    ----------
    database:
        The log.
    service:
        The service whose runs are meant.
    """

    def __init__(self, database: LogDatabase, service: str) -> None:
        self._database = database
        self._service = service

    def named(self) -> list[NamedInput]:
        """The input pictures that runs name, each once. The own model takes none: there such a text is a text."""
        found: dict[str, NamedInput] = {}
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT digest, state, parameters FROM runs WHERE service = ? AND model <> ?"
                " AND CAST(parameters AS TEXT) LIKE ? ORDER BY digest",
                (self._service, MODEL.slug, "%picture:sha256-%"),
            )
            for digest, state, parameters in cursor:
                is_needed = state != State.COMPLETED.value
                for text in pictures_in(json.loads(parameters)):
                    if text not in found or (is_needed and not found[text].is_needed):
                        found[text] = NamedInput(text, digest, is_needed)
        return list(found.values())

    def add_address(self, stored: Stored) -> None:
        """Keep at which address the service has a picture.

        Parameters
        ----------
        stored:
            The picture and its address.
        """
        with self._database.writing() as cursor:
            cursor.execute(
                "INSERT INTO properties (name, value) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (f"{self._prefix}{hashlib.sha256(stored.sent.encode()).hexdigest()}", json.dumps(stored._asdict())),
            )

    def addresses(self) -> list[Stored]:
        """The pictures that the service has, by what all machines know, in the order in which they were stored."""
        return sorted(self._addresses(), key=lambda stored: stored.at)

    def _addresses(self) -> Iterator[Stored]:
        with self._database.reading() as cursor:
            cursor.execute("SELECT name, value FROM properties")
            for name, value in cursor.fetchall():
                stored = stored_of(str(value).encode()) if name.startswith(self._prefix) else None
                if stored is not None:
                    yield stored

    @property
    def _prefix(self) -> str:
        return f"{PREFIX}/{self._service}/"
