"""Ids of accepted jobs that the log cannot take for now, in a small file beside it.

The file has its space on the disk before the first submit, so that an id can be kept when the disk is full. The next
run of a sweep enters what it holds in the log. A line is one job, in JSON; the first line says whose file it is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from ..errors import WorkspaceError
from .rows import AcceptedJob

BYTES_OF_A_SUBMIT = 4096
"""Space for about ten jobs, for each submit that may be on the wire."""


_KEPT = tuple(name for name in AcceptedJob._fields if name != "owner")
"""What a line has of a job: when it is read, nobody polls it."""

_open: set[Path] = set()
"""The side files that this process writes."""


def is_open_here(path: Path) -> bool:
    """Whether an engine of this process writes this side file."""
    return path in _open


class SideFile:
    """The side file of one engine. It is made by `reserve`, and removed by `close` if nothing is left in it.

    Parameters
    ----------
    log:
        The log's file.
    service:
        The service whose jobs it keeps.
    owner:
        The process that writes it.
    """

    def __init__(self, log: Path, service: str, owner: str) -> None:
        self.path = log.with_name(f"{log.name}-accepted-{uuid4().hex[:12]}")
        _open.add(self.path)
        self._head = json.dumps({"service": service, "owner": owner})
        self._end = 0
        self._left: dict[str, AcceptedJob] = {}

    @property
    def is_reserved(self) -> bool:
        """Whether the file is there."""
        return self._end > 0

    def reserve(self, most: int) -> None:
        """Make the file, with space for some jobs.

        Parameters
        ----------
        most:
            Submits that are ever on the wire at a time.

        Raises
        ------
        WorkspaceError
            If the disk is full, or the folder cannot be written.
        """
        if self._end:
            return
        try:
            self._write(f"{self._head}\n".ljust(most * BYTES_OF_A_SUBMIT), 0)
        except OSError as error:
            self.path.unlink(missing_ok=True)
            raise WorkspaceError(
                f"{self.path} cannot be written: {error.strerror}",
                money="nothing was billed",
                remedy="Free some space on the disk, and run again",
            ) from None
        self._end = len(self._head.encode()) + 1

    def add(self, job: AcceptedJob) -> None:
        """Keep a job, durably.

        Raises
        ------
        OSError
            If more jobs are kept than space was reserved for, and the disk is full.
        """
        if job.request_id not in self._left:
            self._left[job.request_id] = job
            line = f"{json.dumps({name: getattr(job, name) for name in _KEPT})}\n"
            self._write(line, self._end)
            self._end += len(line.encode())

    @property
    def left(self) -> list[AcceptedJob]:
        """The jobs that are not in the log yet."""
        return list(self._left.values())

    def entered(self, job: AcceptedJob) -> None:
        """Note that a job is in the log."""
        self._left.pop(job.request_id, None)

    def close(self) -> None:
        """Remove the file if all its jobs are in the log; else the next run of a sweep does."""
        _open.discard(self.path)
        if self._end and not self._left:
            self.path.unlink(missing_ok=True)

    def _write(self, text: str, position: int) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            os.lseek(descriptor, position, os.SEEK_SET)
            data = text.encode()
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@dataclass(frozen=True)
class FoundSideFile:
    """A side file that was found beside the log.

    Attributes
    ----------
    path:
        The file.
    owner:
        The process that wrote it.
    jobs:
        The jobs in it.
    """

    path: Path
    owner: str
    jobs: list[AcceptedJob] = field(default_factory=list)


def side_files(log: Path, service: str) -> Iterator[FoundSideFile]:
    """The side files beside a log, whichever process wrote them.

    A line that is not one of ours is passed over: the power may have gone while it was written.

    Parameters
    ----------
    log:
        The log's file.
    service:
        The service whose jobs are looked for.
    """
    for path in sorted(log.parent.glob(f"{log.name}-accepted-*")):
        try:
            lines = path.read_text("utf-8", errors="replace").splitlines()
        except OSError:  # its process has just removed it
            continue
        head, *rest = [_parsed(line) for line in lines] or [{}]
        owner = head.get("owner")
        if head.get("service") == service and isinstance(owner, str):
            yield FoundSideFile(path, owner, [job for line in rest if (job := _job(line, service))])


def _parsed(line: str) -> dict[str, object]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _job(line: dict[str, object], service: str) -> AcceptedJob | None:
    """The job of a line; None where it is not one.

    Parameters
    ----------
    line:
        The line.
    service:
        The service that the job must be of.
    """
    line = {name: value for name, value in line.items() if name != "owner"}
    if set(line) != set(_KEPT) or line["service"] != service:
        return None
    texts = [line[name] for name in _KEPT if name != "accepted_at" and line[name] is not None]
    if None in (line["digest"], line["request_id"]) or not all(isinstance(text, str) for text in texts):
        return None
    return AcceptedJob(**cast(dict[str, Any], line)) if isinstance(line["accepted_at"], float) else None
