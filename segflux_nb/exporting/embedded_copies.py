"""How the copies of an export carry their parameters: in the picture, or in a file beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..console import say
from ..errors import MetadataError
from ..markup import count
from .metadata import embed
from .sidecar import path_beside, write


class Copies:
    """The copies of one export. What stands beside them is said once, at its end."""

    def __init__(self) -> None:
        self._beside: dict[str, list[str]] = {}

    def with_texts(self, path: Path, data: bytes, texts: Mapping[str, str]) -> bytes:
        """The bytes of a copy. If the picture must be left as it is, its parameters are written beside it.

        Parameters
        ----------
        path:
            Where the copy will be.
        data:
            The picture's file.
        texts:
            The texts that it is to carry; empty for none.

        Raises
        ------
        OSError
            Where the file beside it cannot be written.
        """
        if not texts:
            return data
        try:
            return embed(data, texts)
        except MetadataError as error:
            beside = path_beside(path)
            if beside.is_symlink():  # it may lead to another folder
                beside.unlink()
            write(path, texts)
            self._beside.setdefault(error.what, []).append(beside.name)
            return data

    def tell(self) -> None:
        """Print for which pictures the parameters stand beside them, and why; nothing if there are none."""
        for reason, names in self._beside.items():
            say(
                f"{count(len(names), 'picture')} with {reason}: copied without a change. The parameters are in .json "
                f"files beside them, such as {names[0]}."
            )
