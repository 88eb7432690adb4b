"""The words that call the subjects of fine-tunes, as the user told them."""

from __future__ import annotations

from .seam import LogDatabase

PREFIX = "trigger word"
"""Begins the names of these properties."""


class TriggerWordLog:
    """The trigger words of a service's fine-tunes. They are kept with what belongs to the log as a whole.

    Parameters
    ----------
    database:
        The log.
    service:
        The service whose fine-tunes are meant.
    """

    def __init__(self, database: LogDatabase, service: str) -> None:
        self._database = database
        self._prefix = f"{PREFIX}/{service}/"

    def set(self, finetune_id: str, word: str) -> None:
        """Keep the word of a fine-tune in place of the one before.

        Parameters
        ----------
        finetune_id:
            The fine-tune.
        word:
            Its trigger word; empty if it needs none.
        """
        with self._database.writing() as cursor:
            cursor.execute(
                "INSERT INTO properties (name, value) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (self._prefix + finetune_id, word),
            )

    def all(self) -> dict[str, str]:
        """The words that are known, by fine-tune."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT name, value FROM properties")
            return {name.removeprefix(self._prefix): word for name, word in cursor if name.startswith(self._prefix)}
