"""Own columns of runs: scores, tags and whatever else a user joins to them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from .reading import Few
from .seam import LogDatabase


class AnnotationLog:
    """Own columns of the runs of a service.

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

    def set(self, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep values, in place of those that runs had under the same names.

        Parameters
        ----------
        values:
            Values that JSON can hold, by digest and by the name of the column.
        """
        rows = [
            (self._service, digest, name, json.dumps(value))
            for digest, own in values.items()
            for name, value in own.items()
        ]
        with self._database.writing() as cursor:
            cursor.executemany(
                "INSERT INTO annotations (service, digest, name, value) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (service, digest, name) DO UPDATE SET value = excluded.value",
                rows,
            )

    def all(self, digests: Collection[str] | None = None) -> dict[str, dict[str, Any]]:
        """The values, by digest and by the name of the column.

        Parameters
        ----------
        digests:
            The runs that are meant, if they are few; None for all.
        """
        values: dict[str, dict[str, Any]] = {}
        with self._database.reading() as cursor:
            few = Few("digest", digests)
            cursor.execute(
                f"SELECT digest, name, value FROM annotations WHERE service = ?{few.condition}"  # noqa: S608 - see Few
                " ORDER BY name, digest",
                (self._service, *few.values),
            )
            for digest, name, value in cursor:
                values.setdefault(digest, {})[name] = json.loads(value)
        return values
