"""Which files of a workspace the log may call pictures.

A log may be a copy from somebody else. Sheets, widgets and exports show, send and copy what it names, so it may name
nothing but files of the store: not the user's other files, and no links to them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from operator import itemgetter
from pathlib import Path

from .thumbnails import FOLDER

OF_THE_STORE = re.compile(r"pictures/([0-9a-f]{2})/([0-9a-f]{1,64})\.(?:avif|bmp|gif|jpe?g|png|tiff?|webp)")
"""As the store names files: by the digest of their bytes. Nothing else of a folder has such a name by chance."""

IN_FOLDER = len("pictures/ab/")
"""Characters of a path of the store before the name of its file."""

MANY = 200
"""For more new paths than this, the folders of the store are listed in place of looking at each file."""


class LocatedPictures:
    """Tells the pictures of a workspace from other files. Each path is looked at once.

    Parameters
    ----------
    folder:
        The workspace's folder, as an absolute path.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._folder = os.fspath(folder)
        self._known: dict[str, bool] = {}

    def own(self, path: str | None) -> str | None:
        """The path of a picture in the log; None for one that is not of this workspace's store."""
        if path is None:
            return None
        is_own = self._known.get(path)
        if is_own is None:
            is_own = self._known[path] = self._is_own(path)
        return path if is_own else None

    def owned(self, paths: Iterable[str | None]) -> list[str | None]:
        """`own` of each of many paths. Of many that are new, folders are listed and not each file looked at."""
        paths, known = list(paths), self._known
        fresh = {path for path in paths if path is not None} - known.keys()
        if len(fresh) > MANY:
            self._look_at(list(fresh))
        else:
            known.update((path, self._is_own(path)) for path in fresh)
        return [path if path is not None and known[path] else None for path in paths]

    def there(self, paths: Iterable[str]) -> set[str]:
        """Those of these paths of the store that are on disk now."""
        wanted = set(paths)
        return wanted - self.absent(wanted)

    def absent(self, paths: Iterable[str]) -> set[str]:
        """Those of these paths that are no pictures of the store on disk now. Each folder is listed once."""
        left = set(paths)
        for folder in {path[:IN_FOLDER] for path in left}:
            if folder.startswith("pictures/"):
                with suppress(OSError):  # the folder is gone, and its pictures with it
                    left.difference_update(map(folder.__add__, os.listdir(os.path.join(self._folder, folder))))
        return left

    def file(self, path: str) -> Path:
        """The file of a picture of the store, which any program can read.

        Parameters
        ----------
        path:
            Its path in the log, which `own` has allowed.
        """
        return self.folder / path

    def read(self, path: str) -> bytes:
        """The bytes of a picture of the store.

        Raises
        ------
        OSError
            If its file cannot be read.
        """
        return (self.folder / path).read_bytes()

    @property
    def read_only(self) -> str:
        """Why no picture may be removed; empty if they may be."""
        return ""

    @property
    def bundle(self) -> Path | None:
        """The bundle that the pictures are read from; None for a folder."""
        return None

    def version(self) -> tuple[tuple[str, int], ...]:
        """A value that changes when a picture is added to the store or removed from it."""
        folders: list[tuple[str, int]] = []
        with suppress(OSError), os.scandir(os.path.join(self._folder, "pictures")) as entries:
            folders.extend((entry.name, entry.stat().st_mtime_ns) for entry in entries if entry.is_dir())
        return tuple(sorted(folders))

    def _look_at(self, paths: Sequence[str]) -> None:
        """Find out which of these paths are of the store. Files are looked at where a folder has any link."""
        named = [path for path, found in zip(paths, map(OF_THE_STORE.fullmatch, paths), strict=True) if found]
        folders = set(map(itemgetter(slice(len("pictures/"), IN_FOLDER - 1)), named))
        with_links = {folder for folder in folders if self._has_links(folder)}
        self._known.update(dict.fromkeys(paths, False))
        self._known.update(dict.fromkeys(named, True))
        if with_links:
            doubtful = (path for path in named if path[len("pictures/") : IN_FOLDER - 1] in with_links)
            self._known.update((path, self._is_own(path)) for path in doubtful)

    def _has_links(self, folder: str) -> bool:
        """Whether a folder of pictures or of thumbnails is a link, or has one."""
        for place in (os.path.join(self._folder, name, folder) for name in ("pictures", FOLDER)):
            if os.path.islink(place):
                return True
            with suppress(OSError), os.scandir(place) as entries:
                if any(map(os.DirEntry.is_symlink, entries)):
                    return True
        return False

    def _is_own(self, path: str) -> bool:
        found = OF_THE_STORE.fullmatch(path)
        if found is None:
            return False
        folder, name = found[1], found[2]
        # The folder of all pictures may be a link, to a larger disk: below it only names like these are read.
        places = (f"pictures/{folder}", path, f"{FOLDER}/{folder}", f"{FOLDER}/{folder}/{name}.jpg")
        return not any(os.path.islink(os.path.join(self._folder, place)) for place in places)
