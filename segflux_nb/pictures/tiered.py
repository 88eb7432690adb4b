"""The pictures of a workspace that are in an object store, as frames, plans and bundles ask for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from .located import OF_THE_STORE, LocatedPictures
from .tier import PAGE, Tier


class TieredPictures(LocatedPictures):
    """The pictures of a folder whose pictures are kept in an object store.

    Parameters
    ----------
    folder:
        The folder, as an absolute path.
    tier:
        Reads and keeps them.
    """

    def __init__(self, folder: Path, tier: Tier) -> None:
        super().__init__(folder)
        self._tier = tier

    def absent(self, paths: Iterable[str]) -> set[str]:
        """Those of these paths that are neither on disk nor in the store."""
        left = super().absent(paths)
        own = {path for path in left if OF_THE_STORE.fullmatch(path) is not None}
        return (left - own) | self._tier.absent(own)

    def file(self, path: str) -> Path:
        """The file of a picture, which any program can read: it is copied to the folder."""
        return self._tier.file(path)

    def read(self, path: str) -> bytes:
        """The bytes of a picture."""
        return self._tier.read(path)

    def each_ahead(self, paths: Sequence[str]) -> Iterable[str]:
        """Paths one after the other, each page of them copied to the folder before its first one is given."""
        for start in range(0, len(paths), PAGE):
            self._tier.fetch_ahead(paths[start : start + PAGE], small=False)
            yield from paths[start : start + PAGE]

    def remove(self, paths: Collection[str]) -> int:
        """Remove pictures and their thumbnails, here and in the store: the bytes that they took in one place."""
        here = super().remove(paths)
        there = self._tier.remove(paths)
        return max(here, there)

    def version(self) -> tuple[tuple[str, int], ...]:
        """A value that changes when it may be known that a picture has come or gone."""
        return self._tier.version()
