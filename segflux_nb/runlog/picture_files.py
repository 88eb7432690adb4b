"""The files of pictures in the log: which there are, and what the disk says of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..clock import Clock
from ..lifecycle import State
from ..pictures.located import LocatedPictures
from .reading import Few
from .rows import LoggedRun, MorePicture
from .seam import AtOnce, Cursor, LogDatabase, Statement, Ways

MISSING, DISCARDED = "missing", "discarded"
"""The statuses of completed runs whose picture file is gone: without a word, or by `Runs.discard`."""


class PictureFile(NamedTuple):
    """A picture file as the log has it.

    Attributes
    ----------
    digest:
        The digest of its run.
    number:
        Its place in the output of the run, from 0.
    url:
        Where the service had it, or None.
    path:
        The file, relative to the workspace.
    sha256:
        The digest of its bytes.
    """

    digest: str
    number: int
    url: str | None
    path: str
    sha256: str | None


class PictureLog:
    """The picture files of a service's runs.

    Parameters
    ----------
    database:
        The log.
    clock:
        Source of the current time.
    service:
        The service whose pictures are meant.
    """

    def __init__(self, database: LogDatabase, clock: Clock, service: str) -> None:
        self._database = database
        self._clock = clock
        self._service = service

    def all(self) -> list[PictureFile]:
        """All picture files, in the order of their runs and of their places there."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT digest, number, url, path, sha256 FROM pictures"
                " WHERE service = ? AND path IS NOT NULL ORDER BY digest, number",
                (self._service,),
            )
            return list(map(PictureFile._make, cursor))

    def knows(self, url: str) -> bool:
        """Whether a run has a picture from this address."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT 1 FROM pictures WHERE service = ? AND url = ?", (self._service, url))
            return cursor.fetchone() is not None

    def of(self, digests: Collection[str]) -> list[PictureFile]:
        """The picture files of these runs."""
        wanted = set(digests)
        return [picture for picture in self.all() if picture.digest in wanted]

    def used_elsewhere(self, digests: Collection[str]) -> set[str]:
        """The files that other runs use too, of whatever service: equal pictures are one file."""
        wanted = set(digests)
        with self._database.reading() as cursor:
            cursor.execute("SELECT service, digest, path FROM pictures WHERE path IS NOT NULL")
            return {path for service, digest, path in cursor if service != self._service or digest not in wanted}

    def add(self, digest: str, url: str, stored: Mapping[str, Any], size: int) -> None:
        """Enter one more picture of a run, after those that it has. One that it has already is not entered again.

        Parameters
        ----------
        digest:
            The run.
        url:
            Where the service has it.
        stored:
            Its path, sha256, width and height.
        size:
            Bytes.
        """
        look = (
            "SELECT coalesce(max(number), 0) + 1, coalesce(max(CASE WHEN sha256 = ? THEN 1 ELSE 0 END), 0)"
            " FROM pictures WHERE service = ? AND digest = ?"
        )
        of_run = (stored["sha256"], self._service, digest)
        columns = "INSERT INTO pictures (service, digest, number, url, path, sha256, width, height, size)"
        values = (url, *(stored[name] for name in ("path", "sha256", "width", "height")), size)

        def in_steps(cursor: Cursor) -> None:
            number, is_known = cursor.execute(look, of_run).fetchone()
            if not is_known:
                cursor.execute(
                    f"{columns} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (self._service, digest, number, *values)
                )

        def at_once(_: str) -> AtOnce:
            lock = Statement(
                "SELECT 1 FROM runs WHERE service = ? AND digest = ? FOR UPDATE", (self._service, digest)
            )
            text = (
                f"WITH found (number, is_known) AS ({look})"  # noqa: S608 - our own
                f" {columns} SELECT ?, ?, number, ?, ?, ?, ?, ?, ? FROM found WHERE is_known = 0"
            )
            return AtOnce([lock, Statement(text, (*of_run, self._service, digest, *values))], lambda row: None)

        self._database.write(Ways(in_steps, at_once))

    def keep(self, run: LoggedRun, picture: MorePicture) -> None:
        """Enter the file of one more picture of a run.

        Parameters
        ----------
        run:
            The run.
        picture:
            The picture, with its file.
        """
        update = Statement(
            "UPDATE pictures SET path = ?, width = ?, height = ?, sha256 = ?, size = ?"
            " WHERE service = ? AND digest = ? AND number = ?",
            (
                *(picture.path, picture.width, picture.height, picture.sha256, picture.size),
                *(run.service, run.digest, picture.number),
            ),
        )

        def in_steps(cursor: Cursor) -> None:
            cursor.execute(*update)

        self._database.write(Ways(in_steps, lambda _: AtOnce([update], lambda row: None)))

    def more(self, digest: str) -> list[MorePicture]:
        """The pictures of a run beside its first one, in order."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT number, url, path, width, height, sha256, size FROM pictures"
                " WHERE service = ? AND digest = ? AND number > 0 ORDER BY number",
                (self._service, digest),
            )
            return [MorePicture(*row) for row in cursor]

    def paths(self, digests: Collection[str] | None = None) -> dict[str, list[str | None]]:
        """The files of the pictures beside the first ones, by digest; None for one that was never there.

        Those that were discarded are left out.

        Parameters
        ----------
        digests:
            The runs that are meant, if they are few; None for all.
        """
        found: dict[str, list[str | None]] = {}
        with self._database.reading() as cursor:
            few = Few("digest", digests)
            cursor.execute(
                f"SELECT digest, path, sha256 FROM pictures WHERE service = ?{few.condition}"  # noqa: S608 - see Few
                " AND number > 0 ORDER BY digest, number",
                (self._service, *few.values),
            )
            for digest, path, sha256 in cursor:
                if path is not None or sha256 is None:  # else it was discarded
                    found.setdefault(digest, []).append(path)
        return found

    def incomplete(self, digests: Iterable[str]) -> list[str]:
        """Those of these runs that have more pictures, beside the first one, which were never served."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT DISTINCT digest FROM pictures"
                " WHERE service = ? AND number > 0 AND path IS NULL AND sha256 IS NULL",
                (self._service,),
            )
            found = {digest for (digest,) in cursor}
        return [digest for digest in digests if digest in found]

    def forget(self, pictures: Iterable[PictureFile]) -> None:
        """Enter that picture files were discarded. That they were made, and paid for, stays."""
        by_run: dict[str, list[PictureFile]] = {}
        for picture in pictures:
            by_run.setdefault(picture.digest, []).append(picture)
        with self._database.writing() as cursor:
            for digest, gone in by_run.items():
                cursor.executemany(
                    "UPDATE pictures SET path = NULL WHERE service = ? AND digest = ? AND number = ?",
                    [(self._service, digest, picture.number) for picture in gone],
                )
                cursor.execute(
                    "INSERT INTO events (at, service, digest, from_state, to_state, data)"
                    " SELECT ?, service, digest, state, state, ? FROM runs WHERE service = ? AND digest = ?",
                    (
                        self._clock.now(),
                        json.dumps({"discarded": [picture.path for picture in gone]}),
                        self._service,
                        digest,
                    ),
                )


def status_with_file(state: State, picture: str | None, missing: Collection[str]) -> str:
    """The status of a run, with what the disk says of its picture.

    Parameters
    ----------
    state:
        Its state.
    picture:
        Its file in the log, or None.
    missing:
        The files that are not there, by `missing_files`.
    """
    if state is not State.COMPLETED:
        return state.status
    if picture is None:
        return DISCARDED
    return MISSING if picture in missing else state.status


def statuses_with_files(states: Sequence[str], pictures: Sequence[str | None], missing: Collection[str]) -> list[str]:
    """The statuses of many runs, with what the disk says of their pictures.

    Parameters
    ----------
    states:
        Their states, as the log writes them.
    pictures:
        Their files in the log.
    missing:
        The files that are not there, by `missing_files`.
    """
    statuses = {state.value: state.status for state in State}
    completed = State.COMPLETED.value
    return [
        statuses.get(state, state)
        if state != completed or (picture is not None and picture not in missing)
        else status_with_file(State.COMPLETED, picture, missing)
        for state, picture in zip(states, pictures, strict=True)
    ]


def reason_with_file(status: str, picture: str | None, error: str) -> str:
    """Why a completed run has no picture file; its own error for every other run.

    Parameters
    ----------
    status:
        The status, by `status_with_file`.
    picture:
        Its file in the log, or None.
    error:
        What the log says of it.
    """
    if status == DISCARDED:
        return "its picture was discarded; the log keeps that it was made and paid for"
    if status != MISSING:
        return error
    # What helps stands before the long name: a small cell of a sheet cuts the end.
    why = f"its picture file is gone; ws.verify() fetches it again while the service has it ({picture})"
    return f"{why}. {error}" if error else why


def missing_files(picture_paths: Iterable[str | None], pictures: LocatedPictures) -> set[str]:
    """Those of these files that are not there. What is no file of the workspace's store is not looked for.

    Parameters
    ----------
    picture_paths:
        Paths as the log has them; None is passed over.
    pictures:
        The files of the workspace.
    """
    absent = pictures.absent(filter(None, picture_paths))
    return {path for path in pictures.owned(absent) if path is not None}


def with_files(table: Mapping[str, Sequence[Any]], pictures: LocatedPictures) -> dict[str, Sequence[Any]]:
    """Columns of the log with what the disk says of their pictures: status and reason.

    Parameters
    ----------
    table:
        The columns, ``state``, ``picture`` and ``error`` among them.
    pictures:
        The files of the workspace.
    """
    missing = missing_files(table["picture"], pictures)
    statuses = statuses_with_files(table["state"], table["picture"], missing)
    changed = [at for at, status in enumerate(statuses) if status in (MISSING, DISCARDED)]
    errors = list(table["error"])
    for at in changed:
        errors[at] = reason_with_file(statuses[at], table["picture"][at], errors[at])
    own = pictures.owned(table["picture"])
    return {**table, "picture": own, "error": errors, "state": statuses}
