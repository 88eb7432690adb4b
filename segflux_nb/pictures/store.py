"""Pictures in a folder, each under the sha256 of its bytes. A file there is always a whole picture."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..errors import PictureError, WorkspaceError
from .appearance import readable, upright_size
from .decode import decode
from .thumbnails import FOLDER, thumbnail, thumbnail_of

ARRIVING = ".arriving-"
STALE_SECONDS = 3600.0

REJECTED = "rejected"
"""The folder of bytes that were paid for and are no picture, and of damaged picture files."""


@dataclass(frozen=True)
class StoredPicture:
    """A picture on disk.

    Attributes
    ----------
    path:
        Its path, relative to the workspace's folder.
    sha256:
        The digest of its bytes.
    width, height:
        Its size as it is shown, in pixels.
    """

    path: str
    sha256: str
    width: int
    height: int


class PictureStore:
    """The pictures of a workspace.

    Parameters
    ----------
    workspace:
        The workspace's folder. Pictures go to ``pictures/ab/<sha256>.jpg`` below it.
    durable:
        Whether a picture survives a power failure. False is for tests that keep many thousand pictures; those survive
        only the end of the process.
    """

    def __init__(self, workspace: Path, *, durable: bool = True) -> None:
        self._durable = durable
        # A string, not a Path: Python 3.13.0 parses a Path at its first use, which is not safe from several threads.
        self._workspace = os.fspath(workspace)

    def put(self, data: bytes) -> StoredPicture:
        """Store a picture, after it was decoded fully.

        Raises
        ------
        PictureError
            Where the bytes are not a picture.
        WorkspaceError
            Where it cannot be written.
        """
        image, ending = decode(data)
        sha256 = hashlib.sha256(data).hexdigest()
        path = f"pictures/{sha256[:2]}/{sha256}.{ending}"
        self._write(Path(self._workspace, path), data)
        # The picture is stored by now. Without a thumbnail, sheets read the picture itself.
        with contextlib.suppress(WorkspaceError, PictureError):
            if (small := readable(lambda: thumbnail(image))) is not None:
                self._write(Path(self._workspace, FOLDER, sha256[:2], f"{sha256}.jpg"), small)
        return StoredPicture(path, sha256, *upright_size(image))

    def keep(self, path: str, data: bytes, small: bytes | None) -> None:
        """Store a picture, or another file, of another workspace at its place there. It was checked there.

        Parameters
        ----------
        path:
            Its path there, relative to the workspace.
        data:
            Its bytes.
        small:
            Its thumbnail; None where it has none.

        Raises
        ------
        WorkspaceError
            Where it cannot be written.
        """
        place = thumbnail_of(path)
        if small is not None and place is not None:
            self._write(Path(self._workspace, place), small)
        self._write(Path(self._workspace, path), data)

    def tidy(self, now: float) -> None:
        """Remove temporary files that processes left behind when they were killed: those older than an hour.

        Parameters
        ----------
        now:
            The current time, in seconds since 1970.
        """
        folders = [Path(self._workspace, name) for name in ("pictures", FOLDER)]
        for left in (left for folder in folders for left in folder.glob(f"*/{ARRIVING}*")):
            with contextlib.suppress(OSError):  # another process removed it, or the folder is read-only
                if left.stat().st_mtime < now - STALE_SECONDS:
                    left.unlink()

    def set_aside(self, data: bytes, name: str) -> Path:
        """Keep bytes that are not a picture in ``rejected/``, for a person to look at: they were paid for.

        Parameters
        ----------
        data:
            The bytes.
        name:
            The file's name, without its ending.
        """
        path = Path(self._workspace, REJECTED, f"{name}.bin")
        self._write(path, data)
        return path

    def _write(self, path: Path, data: bytes) -> None:
        try:
            write_whole(path, data, durable=self._durable)
        except OSError as error:
            raise WorkspaceError(
                f"The picture cannot be written to {path.parent}: {error.strerror or error}",
                money="a picture was billed",
                remedy="Free space or allow writing, then run the sweep again: it is fetched again without paying",
            ) from None


def write_whole(path: Path, data: bytes, *, durable: bool) -> None:
    """Write a file, so that it is whole or not there.

    Parameters
    ----------
    path:
        The file. Its folder is made if it does not exist.
    data:
        Its bytes.
    durable:
        Whether it survives a power failure.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=ARRIVING, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if durable:
        sync_folder(path.parent)


def set_aside_file(workspace: Path, path: str, name: str) -> Path | None:
    """Move a damaged picture file to ``rejected/``; its new place, or None if it is not there.

    Parameters
    ----------
    workspace:
        The workspace's folder.
    path:
        The file, relative to it.
    name:
        The beginning of its new name.

    Raises
    ------
    WorkspaceError
        Where it cannot be moved.
    """
    damaged = workspace / path
    place = workspace / REJECTED / f"{name}-damaged{damaged.suffix}"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(damaged, place)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WorkspaceError(
            f"The damaged picture file {path} cannot be set aside: {error.strerror or error}",
            remedy="Allow writing in the workspace's folder",
        ) from None
    return place


def remove_picture(workspace: Path, path: str) -> int:
    """Remove a picture file and its thumbnail; the bytes that they took.

    Parameters
    ----------
    workspace:
        The workspace's folder.
    path:
        The file, relative to it.

    Raises
    ------
    WorkspaceError
        Where one of them cannot be removed.
    """
    small = thumbnail_of(os.fspath(workspace / path))
    return _remove(workspace / path) + (_remove(small) if small is not None else 0)


def remove_rejected(workspace: Path, name: str) -> int:
    """Remove what `PictureStore.set_aside` and `set_aside_file` kept under a name; the bytes that it took.

    Parameters
    ----------
    workspace:
        The workspace's folder.
    name:
        The beginning of the names of the files.

    Raises
    ------
    WorkspaceError
        Where a file cannot be removed.
    """
    files = [*workspace.glob(f"{REJECTED}/{name}.bin"), *workspace.glob(f"{REJECTED}/{name}-damaged.*")]
    return sum(map(_remove, files))


def _remove(path: Path) -> int:
    try:
        size = path.stat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be removed: {error.strerror or error}",
            remedy="Allow writing in the workspace's folder, and remove the file yourself",
        ) from None
    return size


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
