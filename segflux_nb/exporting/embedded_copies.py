"""How the copies of an export carry their parameters and their mark: in the picture, or in files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..console import say
from ..errors import MetadataError
from ..markup import count
from . import sidecar
from .containers import has_credentials
from .marking import mark
from .metadata import embed


class Copies:
    """The copies of one export. What stands beside them is said once, at its end."""

    def __init__(self) -> None:
        self._beside: dict[str, list[str]] = {}
        self._marks: dict[str, list[str]] = {}

    def with_texts(self, path: Path, data: bytes, texts: Mapping[str, str], how: str = "") -> bytes:
        """The bytes of a copy. If the picture must be left as it is, what it is to carry is written beside it.

        Content credentials say how a picture was made, so that no mark stands beside them.

        Parameters
        ----------
        path:
            Where the copy will be.
        data:
            The picture's file.
        texts:
            The texts that it is to carry; empty for none.
        how:
            How it was made, as a term of IPTC; see `marking`. Empty for a picture of which that is not known.

        Raises
        ------
        OSError
            Where a file beside it cannot be written.
        """
        if texts:
            try:
                data = embed(data, texts)
            except MetadataError as error:
                self._beside.setdefault(error.what, []).append(sidecar.write(path, texts).name)
        if how and not has_credentials(data):
            try:
                data = mark(data, how)
            except MetadataError as error:
                self._marks.setdefault(error.what, []).append(sidecar.write_mark(path, how).name)
        return data

    def tell(self) -> None:
        """Print for which pictures the parameters or marks stand beside them, and why; nothing if there are none."""
        for reason, names in self._beside.items():
            say(
                f"{count(len(names), 'picture')} with {reason}: copied without a change. The parameters are in .json "
                f"files beside them, such as {names[0]}."
            )
        for reason, names in self._marks.items():
            say(
                f"{count(len(names), 'picture')} with {reason}: that they are generated is said in .xmp files beside "
                f"them, such as {names[0]}."
            )
