"""Escaping, and text that is safe and steady wherever it is shown."""

from __future__ import annotations

import html
import re
import unicodedata

_UNSAFE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def _shown(char: str) -> bool:
    # Joiners are kept: emoji sequences and several scripts are built with them.
    return char in "\u200c\u200d" or unicodedata.category(char) not in ("Cc", "Cf", "Cs")


def escape(text: object) -> str:
    """The text for use in HTML, in an element or a quoted attribute.

    >>> escape('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(str(text), quote=True)


def plain(text: object) -> str:
    """The text on one line, without escape sequences, control or direction-changing characters.

    For prompts and the service's messages, which come from outside, shown in a terminal or drawn on a sheet.

    >>> plain('a' + chr(27) + '[31mred' + chr(10) + 'b')
    'ared b'
    """
    text = str(text)
    if text.isprintable():  # nearly all, and there are many: nothing in it is a control or an odd space
        return text
    stripped = _UNSAFE.sub("", text)
    kept = (" " if char.isspace() else char for char in stripped)
    return " ".join("".join(c for c in kept if _shown(c)).split(" "))


def shorten(text: str, length: int) -> str:
    """The text, cut in the middle of nowhere but marked so, when it is longer than `length`.

    >>> shorten("a long sentence", 8)
    'a long…'
    """
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def count(number: int, noun: str) -> str:
    """A number with its noun in the right form.

    >>> count(1, "run"), count(48, "run")
    ('1 run', '48 runs')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
