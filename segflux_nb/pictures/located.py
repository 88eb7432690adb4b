"""Which files of a workspace the log may call pictures.

A log may be a copy from somebody else. Sheets, widgets and exports show, send and copy what it names, so it may name
nothing but files of the store: not the user's other files, and no links to them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from operator import itemgetter
from pathlib import Path

from .store import remove_picture
from .thumbnails import FOLDER

OF_THE_STORE = re.compile(r"pictures/([0-9a-f]{2})/([0-9a-f]{1,64})\.(?:avif|bmp|gif|jpe?g|png|tiff?|webp)")
"""As the store names files: by the digest of their bytes. Nothing else of a folder has such a name by chance."""

IN_FOLDER = len("pictures/ab/")
"""Characters of a path of the store before the name of its file."""

_MANY_OF_THE_STORE = re.compile(rf"(?:{OF_THE_STORE.pattern}\n)*+")
_FOLDER_OF = itemgetter(slice(0, IN_FOLDER))

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
        self._linked: dict[
            str, tuple[int, bool]
        ] = {}  # of listed folders: when it was changed, and whether it has links

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
        for folder in set(map(_FOLDER_OF, left)):
            if folder.startswith("pictures/"):
                left.difference_update(map(folder.__add__, self._list(folder)))
        return left

    def _list(self, folder: str) -> list[str]:
        """The names in a folder, whose links are noted on the way; none where it is gone.

        Parameters
        ----------
        folder:
            The folder in the workspace, with a slash at its end.
        """
        place = os.path.join(self._folder, folder)
        try:
            changed = os.stat(place).st_mtime_ns  # before it is listed: what comes meanwhile is looked at again
            with os.scandir(place) as found:
                entries = list(found)
        except OSError:
            return []
        self._linked[folder] = changed, any(map(os.DirEntry.is_symlink, entries))
        return [entry.name for entry in entries]

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

    def each_ahead(self, paths: Sequence[str]) -> Iterable[str]:
        """Paths one after the other. Pictures on another machine are fetched a page at a time."""
        return paths

    def remove(self, paths: Collection[str]) -> int:
        """Remove pictures and their thumbnails: the bytes that they took.

        Raises
        ------
        WorkspaceError
            If one of them cannot be removed.
        """
        return sum(remove_picture(self.folder, path) for path in sorted(paths))

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
        named = paths if _all_of_the_store(paths) else list(filter(OF_THE_STORE.fullmatch, paths))
        folders = set(map(itemgetter(slice(len("pictures/"), IN_FOLDER - 1)), named))
        with_links = {folder for folder in folders if self._has_links(folder)}
        self._known.update(dict.fromkeys(paths, False))
        self._known.update(dict.fromkeys(named, True))
        if with_links:
            doubtful = (path for path in named if path[len("pictures/") : IN_FOLDER - 1] in with_links)
            self._known.update((path, self._is_own(path)) for path in doubtful)

    def _has_links(self, folder: str) -> bool:
        """Whether a folder of pictures or of thumbnails is a link, or has one."""
        for name in (f"pictures/{folder}/", f"{FOLDER}/{folder}/"):
            place = os.path.join(self._folder, name)
            if os.path.islink(place[:-1]):
                return True
            with suppress(OSError):  # there is no such folder
                if self._linked.get(name, (None, False))[0] != os.stat(place).st_mtime_ns:
                    self._list(name)
                if self._linked[name][1]:
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


def _all_of_the_store(paths: Sequence[str]) -> bool:
    """Whether all of these paths are named as the store names files; they are read as one text, which is faster."""
    text = "\n".join((*paths, ""))
    return text.count("\n") == len(paths) and _MANY_OF_THE_STORE.fullmatch(text) is not None
