"""Pictures of a workspace that are not files in its folder: those of a bundle, and those in an object store.

Frames name pictures by their paths in the workspace: ``study/pictures/ab/<sha256>.jpg``. Where a bundle stands in for
a folder, it is mounted there: what reads a picture by its path gets the bytes of the bundle. Programs that do not
know this get a copy in a private folder, made when it is asked for. Copies of pictures of an object store are in the
workspace's folder (`Tier`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from ..errors import PictureError, WorkspaceError
from .appearance import read, readable
from .decode import decode
from .located import OF_THE_STORE, LocatedPictures
from .thumbnails import thumbnail, thumbnail_of
from .tier import Tier
from .tiered import TieredPictures


class Mount:
    """The pictures of a bundle, by their paths in a workspace.

    Parameters
    ----------
    bundle:
        The file of the bundle, as an absolute path.
    sizes:
        The bytes of each picture that it has, by its path in the workspace: ``pictures/ab/<sha256>.jpg``.
    read:
        Gives the bytes of one of them.
    identity:
        Is equal for bundles with the same content.
    """

    def __init__(self, bundle: Path, sizes: Mapping[str, int], read: Callable[[str], bytes], identity: str) -> None:
        self.bundle = bundle
        self.name = bundle.name
        self.identity = identity
        self.sizes = sizes
        self.paths = frozenset(sizes)
        self._read = read
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._copies: dict[str, Path | None] = {}

    def read(self, path: str) -> bytes:
        """The bytes of a picture.

        Raises
        ------
        FileNotFoundError
            If it has no such picture.
        """
        if path not in self.paths:
            _raise_missing(path)
        return self._read(path)

    def has(self, path: str) -> bool:
        """Whether the bundle has a picture."""
        return path in self.paths

    def size(self, path: str) -> int:
        """The bytes of a picture; 0 where the bundle does not have it."""
        return self.sizes.get(path, 0)

    def file(self, path: str) -> Path:
        """A copy of a picture in the private folder; the place where it would be if the bundle does not have it.

        Raises
        ------
        WorkspaceError
            If it cannot be copied.
        """
        try:
            with self._lock:
                place = self._private() / path
                if path in self.paths and path not in self._copies:
                    _write(place, self._read(path))
                    self._copies[path] = place
                return place
        except OSError as error:
            raise WorkspaceError(
                f"A picture of {self.name} cannot be copied to a temporary folder: {error.strerror or error}",
                remedy="Open the bundle again; if the disk is full, set TMPDIR to another folder before",
            ) from None

    def thumbnail(self, path: str) -> Path | None:
        """The thumbnail of a picture, as a workspace keeps it; None if the picture is small, or not there."""
        place = thumbnail_of(path)
        if place is None or path not in self.paths:
            return None
        key = place.as_posix()
        with self._lock:
            if key not in self._copies:
                small = None
                with suppress(PictureError, OSError):  # the picture itself says what is wrong with it
                    data = self._read(path)
                    small = readable(lambda: thumbnail(decode(data)[0]))
                self._copies[key] = None
                if small is not None:
                    self._copies[key] = self._private() / place
                    _write(self._private() / place, small)
            return self._copies[key]

    def _private(self) -> Path:
        """The folder of the copies, which only this user can read. It is removed with this object."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="segflux-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder


def _write(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def _raise_missing(path: str) -> NoReturn:
    raise FileNotFoundError(2, "No such picture in the bundle", path)


class MountedPictures(LocatedPictures):
    """The pictures of a folder at which a bundle is mounted.

    Parameters
    ----------
    folder:
        The folder, as an absolute path.
    mount:
        What is mounted there.
    """

    def __init__(self, folder: Path, mount: Mount) -> None:
        super().__init__(folder)
        self._mount = mount

    def absent(self, paths: Iterable[str]) -> set[str]:
        """Those of these paths that the bundle does not have."""
        return set(paths) - self._mount.paths

    def file(self, path: str) -> Path:
        """A file with the bytes of a picture, which any program can read."""
        return self._mount.file(path)

    def read(self, path: str) -> bytes:
        """The bytes of a picture."""
        return self._mount.read(path)

    @property
    def read_only(self) -> str:
        """Why no picture may be removed."""
        return f"{self._mount.name} is opened read-only"

    @property
    def bundle(self) -> Path | None:
        """The file of the bundle."""
        return self._mount.bundle

    def version(self) -> tuple[tuple[str, int], ...]:
        """The same always: a bundle does not change."""
        return ()

    def _look_at(self, paths: Sequence[str]) -> None:
        self._known.update((path, self._is_own(path)) for path in paths)

    def _is_own(self, path: str) -> bool:
        return OF_THE_STORE.fullmatch(path) is not None


_mounts: dict[str, Mount | Tier] = {}


def mount(folder: Path, pictures: Mount | Tier | None) -> None:
    """Let the pictures of a bundle or of an object store stand at a folder, in place of any that were mounted there.

    The same bundle at the same folder stays mounted: the copies that programs were given of its pictures stay too.

    Parameters
    ----------
    folder:
        The folder, as an absolute path. It need not exist.
    pictures:
        The pictures; None to read the folder itself again.
    """
    there = _mounts.get(os.fspath(folder))
    if pictures is None:
        _mounts.pop(os.fspath(folder), None)
    elif isinstance(pictures, Tier) or not isinstance(there, Mount) or there.identity != pictures.identity:
        _mounts[os.fspath(folder)] = pictures


def pictures_of(folder: Path) -> LocatedPictures:
    """The pictures of a workspace: files of its folder, or those of a bundle or an object store that stands there.

    Parameters
    ----------
    folder:
        The workspace's folder, as an absolute path.
    """
    found = _mounts.get(os.fspath(folder))
    if isinstance(found, Tier):
        return TieredPictures(folder, found)
    return LocatedPictures(folder) if found is None else MountedPictures(folder, found)


def tier_of(folder: Path) -> Tier | None:
    """The object store that keeps the pictures of a workspace; None where its folder does.

    Parameters
    ----------
    folder:
        The workspace's folder, as an absolute path.
    """
    found = _mounts.get(os.fspath(folder))
    return found if isinstance(found, Tier) else None


def mounted_sizes(folder: Path) -> Mapping[str, int] | None:
    """The bytes of the pictures of a bundle that is mounted at a folder, by their paths; None for a folder."""
    found = _mounts.get(os.fspath(folder))
    return found.sizes if isinstance(found, Mount) else None


def read_file(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a picture's file, or of a bundle's or a store's picture at its path.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    found = _mounted(path)
    return Path(path).read_bytes() if found is None else found[0].read(found[1])


def is_mounted(path: str | os.PathLike[str]) -> bool:
    """Whether a path is that of a bundle's picture."""
    return isinstance((_mounted(path) or (None,))[0], Mount)


def is_elsewhere(path: str | os.PathLike[str]) -> bool:
    """Whether a path is that of a picture that only this process can read: of a bundle, or of an object store."""
    return _mounted(path) is not None


def fetch_ahead(pictures: Iterable[object], *, small: bool) -> str:
    """Copy those of these pictures to their folders that are in object stores alone, several at a time.

    The result is why some cannot be read, such as a store that does not answer; empty where all can be read, or are
    nowhere.

    Parameters
    ----------
    pictures:
        Paths of pictures. What is no path is passed over.
    small:
        Whether thumbnails are enough.
    """
    if not any(isinstance(one, Tier) for one in _mounts.values()):
        return ""
    wanted: dict[Tier, list[str]] = {}
    for picture in pictures:
        found = _mounted(picture) if isinstance(picture, str | os.PathLike) else None
        if found is not None and isinstance(found[0], Tier):
            wanted.setdefault(found[0], []).append(found[1])
    found_wrong = [tier.fetch_ahead(paths, small=small) for tier, paths in wanted.items()]
    return next(filter(None, found_wrong), "")


def is_file(path: str | os.PathLike[str]) -> bool:
    """Whether there is a file, or a bundle's or a store's picture, at a path."""
    found = _mounted(path)
    return os.path.isfile(path) if found is None else found[0].has(found[1])


def file_size(path: str | os.PathLike[str]) -> int:
    """The bytes of a picture's file, or of a bundle's or a store's picture at its path; 0 where there is none."""
    found = _mounted(path)
    if found is not None:
        return found[0].size(found[1])
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def kept_thumbnail_of(path: str) -> Path | None:
    """The thumbnail that a workspace keeps of a picture; None where there is none, or the picture itself is gone."""
    found = _mounted(path)
    if found is not None:
        return found[0].thumbnail(found[1])
    small = thumbnail_of(path)
    return small if small is not None and small.exists() and os.path.exists(path) else None


def thumbnail_file(picture: str | os.PathLike[str]) -> bytes:
    """The thumbnail of a picture as a file: the one that is kept, or one made again; the picture where it is small.

    Numbers about a picture are taken from its thumbnail. So they are the same whether the cache is there or not.

    Parameters
    ----------
    picture:
        The picture's file, or a bundle's picture at its path.

    Raises
    ------
    PictureError
        Where there is no picture, or it cannot be read.
    """
    kept = kept_thumbnail_of(os.fspath(picture))
    if kept is not None:
        return readable(kept.read_bytes)
    data = readable(lambda: read_file(picture))
    return thumbnail(read(data)) or data


def _mounted(path: str | os.PathLike[str]) -> tuple[Mount | Tier, str] | None:
    """The bundle or the object store that has a picture of this path, and its path within it; None for a file."""
    if not _mounts:
        return None
    try:
        whole = Path(os.path.abspath(path))
    except OSError:  # the current folder was deleted
        return None
    found = _mounts.get(os.fspath(whole.parents[2])) if len(whole.parents) > 2 else None
    if found is None:
        return None
    name = whole.relative_to(whole.parents[2]).as_posix()
    return (found, name) if isinstance(found, Mount) or OF_THE_STORE.fullmatch(name) else None
