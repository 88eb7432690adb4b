"""How far many runs are, and which files they have. Each answer is one text, not a row for each run."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import orjson

from ..lifecycle import State
from . import reading
from .picture_files import PictureFile
from .reading import Few
from .seam import LogDatabase

_COMPLETED = State.COMPLETED.value


class ByState(NamedTuple):
    """Runs by their states.

    Attributes
    ----------
    completed:
        The digests of those that are completed, in the log's own order.
    others:
        The digests of the others.
    states:
        The state of each of these, as the log writes it.
    """

    completed: list[str]
    others: list[str]
    states: list[str]


class Files(NamedTuple):
    """The picture files of runs, as the log has them.

    Attributes
    ----------
    first:
        How many of them are first pictures of their runs.
    paths:
        All files, relative to the workspace.
    """

    first: int
    paths: list[str]


class CompletionLog:
    """How far the runs of a service are, and which files they have.

    Parameters
    ----------
    database:
        The log.
    service:
        The service whose runs are meant.
    """

    def __init__(self, database: LogDatabase, service: str) -> None:
        self._database = database
        self._array = database.dialect.array_of
        self._service = service

    def by_state(self, digests: Collection[str]) -> ByState:
        """Runs by their states. Of more than some thousands the answer has all runs of the service.

        Parameters
        ----------
        digests:
            The runs.
        """
        few = Few("digest", digests, reading.LOOKED_UP)
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT {self._array('digest', 'state = ?')},"  # noqa: S608 - see Few
                f" {self._array('digest', 'state <> ?')}, {self._array('state', 'state <> ?')}"
                f" FROM runs WHERE service = ?{few.condition}",
                (_COMPLETED, _COMPLETED, _COMPLETED, self._service, *few.values),
            )
            return ByState(*map(orjson.loads, cursor.fetchone()))

    def files(self, digests: Collection[str]) -> Files:
        """The picture files of runs. Of more than some thousands the answer has those of all runs of the service.

        Parameters
        ----------
        digests:
            The runs.
        """
        few = Few("digest", digests, reading.LOOKED_UP)
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT count(*) FILTER (WHERE number = 0), {self._array('path')}"  # noqa: S608 - see Few
                f" FROM pictures WHERE service = ?{few.condition} AND path IS NOT NULL",
                (self._service, *few.values),
            )
            first, paths = cursor.fetchone()
            return Files(first, orjson.loads(paths))

    def without_first(self, completed: Collection[str], digests: Collection[str], files: Files) -> set[str]:
        """Those of completed runs whose first picture has no file in the log: it was discarded.

        Parameters
        ----------
        completed:
            The completed ones of these runs, each once.
        digests:
            The runs.
        files:
            Their files, by `files`.
        """
        few = Few("digest", digests, reading.LOOKED_UP)
        which = f"WHERE service = ?{few.condition}"
        with self._database.reading() as cursor:
            cursor.execute(f"SELECT count(*) FROM runs {which}", (self._service, *few.values))  # noqa: S608 - see Few
            if cursor.fetchone()[0] == len(completed) == files.first:  # all are completed, and each has one
                return set()
            cursor.execute(
                f"SELECT {self._array('digest')} FROM pictures {which}"  # noqa: S608 - see Few
                " AND number = 0 AND path IS NOT NULL",
                (self._service, *few.values),
            )
            return set(completed).difference(orjson.loads(cursor.fetchone()[0]))

    def at(self, paths: Collection[str], digests: Collection[str]) -> list[PictureFile]:
        """The pictures of these runs that have one of these files, in the order of runs and of places there.

        Parameters
        ----------
        paths:
            The files, relative to the workspace.
        digests:
            The runs.
        """
        if not paths:
            return []
        few = Few("path", paths)
        wanted, files = set(digests), set(paths)
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT digest, number, url, path, sha256 FROM pictures"  # noqa: S608 - see Few
                f" WHERE service = ?{few.condition} AND path IS NOT NULL ORDER BY digest, number",
                (self._service, *few.values),
            )
            return [PictureFile(*row) for row in cursor if row[0] in wanted and row[3] in files]
