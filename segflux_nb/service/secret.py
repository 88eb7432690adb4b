"""The API key, in one object that does not show it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import NoReturn

from ..errors import SegfluxError

_KEY = re.compile(r"SG_[0-9a-fA-F]{16}")

_SENDABLE = re.compile(r"[\x20-\x7e]*")
"""What the value of a header can be made of."""


ROUNDS = 1000
"""Rounds of the digest of a key (PBKDF2): half a millisecond here, and as much for each key that somebody tries."""


class Secret:
    """Holds an API key. No representation, comparison, copy or pickle of it shows the key.

    Parameters
    ----------
    key:
        The API key. Space around it is removed.
    source:
        Where it was found, in words.

    Raises
    ------
    SegfluxError
        If the key has a character that cannot be sent in a header, such as a line break. The text does not show it.

    Example
    -------
    >>> Secret("SG_0123456789abcdef")
    Secret(configured)
    """

    __slots__ = ("reveal", "source")

    reveal: Callable[[], str]
    """Returns the key. Call it only to write a header."""

    source: str
    """Where it was found, in words."""

    def __init__(self, key: str, source: str = "") -> None:
        stripped = key.strip()
        del key  # no traceback that shows variables may show it
        if not _SENDABLE.fullmatch(stripped):
            del stripped
            raise SegfluxError(
                "The API key has a line break or another character that cannot be sent", remedy="Copy the key again"
            )
        self.reveal = lambda: stripped
        self.source = source

    def __repr__(self) -> str:
        return "Secret(configured)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an API key is not pickled or copied")

    @property
    def looks_usual(self) -> bool:
        """Whether it has the form of the service's keys."""
        return _KEY.fullmatch(self.reveal()) is not None

    def account(self, salt: str) -> str:
        """A name for the account that the key belongs to: a digest from which the key cannot be found.

        It is cut to 48 of the 64 bits that a key has, so that many keys have the same one.

        Parameters
        ----------
        salt:
            The log's own salt: the same key has another name in another log.
        """
        return hashlib.pbkdf2_hmac("sha256", self.reveal().encode(), salt.encode(), ROUNDS, dklen=6).hex()

    def redact(self, text: str) -> str:
        """The text without this key, and without anything that looks like a key."""
        return redact(text.replace(self.reveal(), "[key]")) if self.reveal() else redact(text)


def redact(text: str) -> str:
    """The text without anything that looks like a key of the service.

    >>> redact("key SG_0123456789abcdef is unknown")
    'key [key] is unknown'
    """
    return _KEY.sub("[key]", text)
