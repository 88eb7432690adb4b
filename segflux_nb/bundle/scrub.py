"""Takes out of texts what belongs to a machine, an account or a job, before they go into a bundle."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from ..service.secret import redact

_USER = r"(?:[A-Za-z_][\w.-]*)?"
"""The name of a user behind ``~``; it may be empty."""

_SPACED = r"(?:[^\s\"'<>|,;/\\]+(?: [^\s\"'<>|,;/\\]+)*[/\\])*"
"""Folders of a path, which may have spaces in their names."""

_SERVICE_HOST = r"(?:api\.(?:[\w-]+\.)*segmind\.com|localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1\])"
"""Hosts whose addresses name jobs and ports of this machine."""

_QUOTED_PATH = re.compile(rf"(?<=[\"'])(?:(?:~{_USER})?/|[A-Za-z]:[\\/]|\\\\)[^\"'\n]*[/\\][^\"'\n]*(?=[\"'])")
"""A path in quotes, with all its spaces."""

_PATTERNS = (
    (re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s\"'<>)\]]+"), "[address]"),
    (re.compile(r"\bdata:[^\s\"'<>]+"), "[address]"),
    (re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "[address]"),
    (re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "[id]"),
    (_QUOTED_PATH, "[path]"),
    (re.compile(rf"\b[A-Za-z]:[\\/]{_SPACED}[^\s\"'<>|]*"), "[path]"),
    (re.compile(rf"\\\\{_SPACED}[^\s\"'<>|]+"), "[path]"),
    (re.compile(rf"(?<![\w./\]])(?:~{_USER})?/{_SPACED}(?:[^\s\"'<>|:,;/]|:(?=\S))+"), "[path]"),
)
"""Addresses, ids and absolute paths, and what stands in their place."""

_OWN_PATTERNS = (
    (re.compile(r"\bfile:[^\s\"'<>)\],]+"), "[address]"),
    (re.compile(rf"\bhttps?://(?:[^\s/@]+@|{_SERVICE_HOST}(?![\w.-]))[^\s\"'<>)\],]*", re.IGNORECASE), "[address]"),
    (_QUOTED_PATH, "[path]"),
    (re.compile(rf"(?<![\w./])~{_USER}/[^\s]+"), "[path]"),
    (re.compile(r"(?<![\w./])/(?:[^\s/]+/)+[^\s/]+|\b[A-Za-z]:\\[^\s\"'<>|]*|\\\\[^\s\"'<>|]+"), "[path]"),
)
"""Addresses of the service and of this machine, and paths of two parts and more, which are no other thing that people
write. Where spaces are in a path without quotes, nobody can say where it ends."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHORTEST = 5
"""Known texts that are shorter, such as ``/``, are left to the patterns."""


class Scrubber:
    """Cleans texts of one log.

    Parameters
    ----------
    folder:
        The workspace's folder.
    request_ids:
        The ids of the jobs that its runs had.
    hide_key:
        Takes the configured API key out of a text.
    """

    def __init__(self, folder: Path, request_ids: Collection[str], hide_key: Callable[[str], str]) -> None:
        folders = {os.fspath(path): "[folder]" for path in _folders(folder)}
        ids = dict.fromkeys(request_ids, "[request id]")
        known = {text: name for text, name in (folders | ids).items() if len(text) >= _SHORTEST}
        self._known = sorted(known.items(), key=lambda item: -len(item[0]))
        self._hide_key = hide_key

    def own_text(self, text: str) -> str:
        """A text of the user, such as a note, without paths of this machine, ids of jobs and addresses."""
        text = self._without_known(text)
        for pattern, name in _OWN_PATTERNS:
            text = pattern.sub(name, text)
        return text

    def message(self, text: str) -> str:
        """A message of this program or of the service, without addresses, paths and ids."""
        text = self._hide_key(redact(self._without_known(text)))
        for pattern, name in _PATTERNS:
            text = pattern.sub(name, text)
        return _TOKEN.sub(_without_id, text)

    def _without_known(self, text: str) -> str:
        for known, name in self._known:
            if known in text:
                text = re.sub(rf"{re.escape(known)}(?![\w-])", name, text)
        return text

    def holds_key(self, text: str) -> bool:
        """Whether a text holds an API key: the configured one, or what looks like one."""
        return self._hide_key(redact(text)) != text


def _without_id(found: re.Match[str]) -> str:
    """A long word, if it is one; what has digits and letters in it is an id, unless it is the name of a picture."""
    word = found[0]
    mixed = any(char.isdigit() for char in word) and any(char.isalpha() for char in word)
    return "[id]" if mixed and not _SHA256.fullmatch(word) else word


def _folders(folder: Path) -> Iterator[Path]:
    """The folders that tell a machine and its user: the workspace's, the current, the user's own, the temporary."""
    for path in (folder, folder.parent, Path.cwd(), Path(tempfile.gettempdir())):
        yield path
        yield Path(os.path.realpath(path))
    home = os.path.expanduser("~")
    if home != "~":
        yield Path(home)
