"""Which pictures of a folder wait to be uploaded: a note for each, by the address at which the service has it.

Only this machine has these pictures, beside the service, which keeps them for some days. So the note survives the end
of the process, and what asks for the picture of that address again gets it from the folder.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from .located import OF_THE_STORE
from .store import write_whole

FOLDER = "waiting"

_ALL = "all"
"""The note that says that pictures of the folder may lack in the store: it was not given before."""


class Waiting:
    """The notes in a workspace's folder.

    Parameters
    ----------
    folder:
        The workspace's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._notes = folder / FOLDER

    def add(self, url: str, path: str) -> None:
        """Note a picture, so that a power failure forgets neither the note nor the picture.

        Parameters
        ----------
        url:
            Where the service has it. Its digest alone is kept.
        path:
            Its file, relative to the workspace.

        Raises
        ------
        OSError
            If the note cannot be written.
        """
        write_whole(self._place(url), path.encode(), durable=True)

    def remove(self, url: str) -> None:
        """Forget a picture: its row says where it is."""
        with suppress(OSError):
            self._place(url).unlink()

    def read(self, url: str) -> bytes | None:
        """The bytes of the picture that waits under an address; None where none does, or it has other bytes."""
        path = self._path_in(self._place(url))
        if path is None:
            return None
        try:
            data = (self._folder / path).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == Path(path).stem else None

    def paths(self) -> set[str]:
        """The pictures that wait."""
        with suppress(OSError):
            return {path for note in self._notes.iterdir() if (path := self._path_in(note)) is not None}
        return set()

    @property
    def is_new(self) -> bool:
        """Whether the store is new here: pictures of the folder may lack in it."""
        return (self._notes / _ALL).exists()

    def set_new(self, *, is_new: bool) -> None:
        """Note whether the store is new here.

        Parameters
        ----------
        is_new:
            Whether it is.

        Raises
        ------
        OSError
            If that cannot be noted.
        """
        if is_new:
            write_whole(self._notes / _ALL, b"", durable=True)
        else:
            (self._notes / _ALL).unlink(missing_ok=True)

    def _place(self, url: str) -> Path:
        return self._notes / hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()

    def _path_in(self, note: Path) -> str | None:
        """The picture of a note. The folder may come from somebody else: it may name pictures of the store alone."""
        try:
            path = note.read_text(encoding="ascii")
        except (OSError, ValueError):
            return None
        is_ours = OF_THE_STORE.fullmatch(path) is not None and not (self._folder / path).is_symlink()
        return path if is_ours else None
