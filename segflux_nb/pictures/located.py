"""Which files of a workspace the log may call pictures.

A log may be a copy from somebody else. Sheets, widgets and exports show, send and copy what it names, so it may name
nothing but files of the store: not the user's other files, and no links to them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from .thumbnails import FOLDER

_OF_THE_STORE = re.compile(r"pictures/([0-9a-f]{2})/([0-9a-f]{1,64})\.(?:avif|bmp|gif|jpe?g|png|tiff?|webp)")
"""As the store names files: by the digest of their bytes. Nothing else of a folder has such a name by chance."""


class LocatedPictures:
    """Tells the pictures of a workspace from other files. Each path is looked at once.

    Parameters
    ----------
    folder:
        The workspace's folder, as an absolute path.
    """

    def __init__(self, folder: Path) -> None:
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

    def _is_own(self, path: str) -> bool:
        found = _OF_THE_STORE.fullmatch(path)
        if found is None:
            return False
        folder, name = found[1], found[2]
        # The folder of all pictures may be a link, to a larger disk: below it only names like these are read.
        places = (f"pictures/{folder}", path, f"{FOLDER}/{folder}", f"{FOLDER}/{folder}/{name}.jpg")
        return not any(os.path.islink(os.path.join(self._folder, place)) for place in places)
