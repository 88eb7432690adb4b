"""Votes of a frame that has no log: in memory, or in a file of their own.

The file has a vote in each line, as JSON; a vote that was taken back is a line too. It is added to and never written
again, so that a kernel that is killed loses nothing, and two notebooks may use it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from ..clock import Clock
from ..errors import SegfluxError
from ..runlog.rows import LoggedVote

MOST_LINE = 10_000
"""The most characters of a line: a longer one is not ours."""


class KeptVotes:
    """Votes between pictures, in the order in which they were made.

    Parameters
    ----------
    path:
        The file; None to keep them in memory alone.
    clock:
        Source of the current time.

    Raises
    ------
    SegfluxError
        If the file cannot be read, or holds something else.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._votes: list[tuple[float, LoggedVote]] = []
        self._read_to = 0
        self._read()

    def add(self, vote: LoggedVote) -> None:
        """Keep a vote. It is on disk at once."""
        self._write(self._clock.now(), vote, is_taken_back=False)

    def undo(self, axes: Collection[str], rater: str, digests: Iterable[str]) -> bool:
        """Delete a rater's latest vote between these pictures. Returns whether there was one.

        Parameters
        ----------
        axes:
            The axes of the vote: any of these texts.
        rater:
            Who voted.
        digests:
            The pictures.
        """
        wanted = set(digests)
        self._read()
        for at, vote in reversed(self._votes):
            if vote.rater == rater and vote.axis in axes and {vote.left, vote.right} <= wanted:
                self._write(at, vote, is_taken_back=True)
                return True
        return False

    def all(self) -> list[tuple[float, LoggedVote]]:
        """All votes in order, each with its time."""
        self._read()
        return list(self._votes)

    def _write(self, at: float, vote: LoggedVote, *, is_taken_back: bool) -> None:
        """Keep a vote, or that it was taken back."""
        if self._path is None:
            self._enter(at, vote, is_taken_back=is_taken_back)
            return
        line = {"at": at, **vote._asdict(), **({"taken_back": True} if is_taken_back else {})}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(json.dumps(line, ensure_ascii=True) + "\n")
        except OSError as error:
            raise SegfluxError(
                f"The vote cannot be kept in {self._path}: {error.strerror or error}",
                remedy="Give a file in a folder that can be written",
            ) from None
        self._read()

    def _read(self) -> None:
        """Read what was added to the file since it was last read."""
        if self._path is None:
            return
        try:
            with self._path.open("rb") as file:
                file.seek(self._read_to)
                data = file.read()
        except FileNotFoundError:
            return
        except OSError as error:
            raise SegfluxError(
                f"The votes in {self._path} cannot be read: {error.strerror or error}", remedy="Give another file"
            ) from None
        *lines, rest = data.split(b"\n")  # another program may be writing the last one
        for line in lines:
            at, vote, is_taken_back = self._parsed(line)
            self._enter(at, vote, is_taken_back=is_taken_back)
        self._read_to += len(data) - len(rest)

    def _parsed(self, line: bytes) -> tuple[float, LoggedVote, bool]:
        """The time and the vote of a line, and whether it was taken back."""
        try:
            if len(line) > MOST_LINE:
                raise ValueError("too long")
            found: dict[str, Any] = json.loads(line)
            vote = LoggedVote(*(str(found[name]) for name in LoggedVote._fields))
            return float(found["at"]), vote, bool(found.get("taken_back", False))
        except (ValueError, TypeError, KeyError, RecursionError):
            raise SegfluxError(
                f"{self._path} has a line that is no vote, so votes are neither read from it nor added to it",
                remedy="Give another file for the votes",
            ) from None

    def _enter(self, at: float, vote: LoggedVote, *, is_taken_back: bool) -> None:
        if not is_taken_back:
            self._votes.append((at, vote))
        elif (at, vote) in self._votes:
            self._votes.remove((at, vote))
