"""Which input pictures a service has, and at which addresses: a file in ``inputs/`` for each service.

Lines are only added, each in one write, so that several processes can share the file. An address that is no longer
used stays: a job of which the service's history tells may have been sent with it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from ..errors import WorkspaceError
from ..input_pictures import parts_of_text
from .json_reader import number, read_object

FOLDER = "inputs/uploaded"

SOON = 900.0
"""An address that ends within this many seconds is not used any more: its job may wait."""


class Stored(NamedTuple):
    """An input picture at a service.

    Attributes
    ----------
    picture:
        The text that stands for it.
    address:
        Where it is, relative to the service's origin if it is there.
    sent:
        Its whole address, as jobs were sent with it.
    at:
        When it was stored, in seconds since 1970 UTC.
    expires_at:
        Until when it is known to be there; None if nothing says so.
    """

    picture: str
    address: str
    sent: str
    at: float
    expires_at: float | None = None


class StoredPictures:
    """The input pictures that a service has, as a workspace knows them.

    Parameters
    ----------
    folder:
        The workspace's folder.
    service:
        The service.
    """

    def __init__(self, folder: Path, service: str) -> None:
        self._path = folder / FOLDER / f"{quote(service, safe='')}.jsonl"
        self._read_at: tuple[int, int] | None = None
        self._all: list[Stored] = []
        self._others: list[Stored] = []

    def learn(self, stored: Iterable[Stored]) -> None:
        """Know of what other machines have stored, beside what the file says.

        Parameters
        ----------
        stored:
            All of it, the newest last.
        """
        self._others = list(stored)

    def find(self, picture: str, now: float) -> Stored | None:
        """Where a picture is, as it was stored last; None if it is not, or not for long enough.

        Parameters
        ----------
        picture:
            The text that stands for it.
        now:
            The current time, in seconds since 1970 UTC.
        """
        found = next((one for one in reversed(self.all()) if one.picture == picture), None)
        is_over = found is not None and found.expires_at is not None and found.expires_at < now + SOON
        return None if is_over else found

    def by_address(self) -> dict[str, str]:
        """The texts of pictures by the addresses with which jobs were ever sent."""
        return {one.sent: one.picture for one in self.all()}

    def all(self) -> list[Stored]:
        """What is known, the newest last."""
        return sorted([*self._others, *self._stored()], key=lambda stored: stored.at)

    def add(self, stored: Stored) -> None:
        """Remember where a picture is.

        Raises
        ------
        WorkspaceError
            The file cannot be written.
        """
        line = json.dumps(stored._asdict()).encode() + b"\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(self._path, "ab") as file:
                file.write(line)
        except OSError as error:
            raise WorkspaceError(
                f"The address of an input picture cannot be written to {self._path}: {error.strerror or error}",
                money="nothing was billed",
                remedy="Free space or allow writing, then run the sweep again",
            ) from None

    def claim(self, picture: str, owner: str) -> str:
        """Let no other process store a picture meanwhile: empty if it is ours now, else the process that stores it.

        Parameters
        ----------
        picture:
            The text that stands for it.
        owner:
            This process.
        """
        path = self._claim(picture)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "x", encoding="utf-8") as file:
                file.write(owner)
        except FileExistsError:
            with suppress(OSError, UnicodeError):
                return path.read_text(encoding="utf-8") or "?"
            return "?"
        except OSError:
            return ""  # a folder that takes no claims: what is stored twice costs nothing
        return ""

    def release(self, picture: str) -> bool:
        """Let others store a picture. False where the claim cannot be removed."""
        try:
            os.unlink(self._claim(picture))
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def _claim(self, picture: str) -> Path:
        sha256, _ = parts_of_text(picture) or ("", "")
        return self._path.with_suffix("") / f"{sha256}.claim"

    def _stored(self) -> list[Stored]:
        try:
            about = self._path.stat()
            if (about.st_mtime_ns, about.st_size) != self._read_at:
                lines = self._path.read_bytes().splitlines()
                self._all = [one for line in lines if (one := stored_of(line)) is not None]
                self._read_at = about.st_mtime_ns, about.st_size
        except OSError:
            return []
        return self._all


def stored_of(line: bytes) -> Stored | None:
    """What a line or a property of the log says; None if it was cut off, or somebody else wrote it."""
    said = read_object(line)
    texts = [said.get(name) for name in ("picture", "address", "sent")]
    at = number(said.get("at"))
    if at is None or not all(isinstance(one, str) and one for one in texts) or parts_of_text(texts[0]) is None:
        return None
    return Stored(str(texts[0]), str(texts[1]), str(texts[2]), at, number(said.get("expires_at")))
