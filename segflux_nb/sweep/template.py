"""Braces in a prompt: which are placeholders, which are doubled, and which are text.

``{name}`` is a placeholder, where the name is an identifier of Python, in any writing. Doubled braces, ``{{`` and
``}}``, around a text become single ones. Every other brace is text and is sent as it is written: JSON, nested
alternatives such as ``{red|{dark|light} blue}``, braces without a partner. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache

from ..model import Value

_NAMED = re.compile(r"\{([^{}\s]+)\}")
_BRACE = re.compile(r"[{}]")


class Verbatim(str):
    """A prompt that is final: a brace in it is text, and never a placeholder.

    The parameters of a picture hold their prompt as one, so that they make the request of that picture again.
    """

    __slots__ = ()


def placeholders(template: str) -> list[str]:
    """The names in braces, in the order they appear.

    >>> placeholders('a {animal} in {{braces}}, {"json": {"n": 1}}')
    ['animal']
    """
    return list(dict.fromkeys(text for text, is_name in _parts(template) if is_name))


def fill(template: str, values: Mapping[str, Value]) -> str:
    """The prompt with values in place of its placeholders.

    Parameters
    ----------
    template:
        Text with names in braces.
    values:
        A value for each name.

    >>> fill("a {animal}, {{so}}, {red|{small|large}}", {"animal": "fox"})
    'a fox, {so}, {red|{small|large}}'
    """
    return "".join(str(values[text]) if is_name else text for text, is_name in _parts(template))


def escape(prompt: str) -> str:
    """A template that stands for a prompt: `fill` gives any prompt back. Most prompts are their own template.

    >>> escape("TOK {word}"), escape('{"scene": {"subject": "TOK"}}')
    ('TOK {{word}}', '{"scene": {"subject": "TOK"}}')
    """
    if _parts(prompt) == ((prompt, False),):
        return prompt
    # Each brace that has a partner is doubled. One without a partner is text already.
    paired: set[int] = set()
    opened: list[int] = []
    for found in _BRACE.finditer(prompt):
        if found[0] == "{":
            opened.append(found.start())
        elif opened:
            paired |= {opened.pop(), found.start()}
    return "".join(sign * 2 if at in paired else sign for at, sign in enumerate(prompt))


def doubled(template: str, name: str) -> str:
    """A placeholder of a template as one writes it to have its braces as text.

    Parameters
    ----------
    template:
        The text that has the placeholder.
    name:
        Its name.

    >>> doubled("a {{{fox}}}", "fox"), doubled("a {fox}", "fox")
    ('{{{{{{fox}}}}}}', '{{fox}}')
    """
    found = re.search(r"\{*\{" + re.escape(name) + r"\}\}*", template)
    return escape(found[0] if found else f"{{{name}}}")


@lru_cache(maxsize=64)  # each cell of a sweep asks for the parts of one of a few templates
def _parts(template: str) -> tuple[tuple[str, bool], ...]:
    """The text and the placeholders of a template, in order. The second of each pair is whether it is a name."""
    return tuple(_found(template)) if "{" in template else ((template, False),)


def _found(template: str) -> Iterator[tuple[str, bool]]:
    ends = _doubled_ends(template)
    text, at = [], 0
    closing: list[int] = []  # where the doubled braces that were opened are closed
    for found in _BRACE.finditer(template):
        start = found.start()
        if start < at:
            continue
        text.append(template[at:start])
        at = start
        if closing and start == closing[-1]:
            text.append("}")
            closing.pop()
            at += 2
        elif start in ends:
            text.append("{")
            closing.append(ends[start])
            at += 2
        elif placeholder := _placeholder(template, start):
            if joined := "".join(text):
                yield joined, False
            text = []
            yield unicodedata.normalize("NFKC", placeholder[1]), True
            at = placeholder.end()
        else:
            text.append(found[0])
            at += 1
    if joined := "".join([*text, template[at:]]):
        yield joined, False


def _placeholder(template: str, at: int) -> re.Match[str] | None:
    """The placeholder that begins at a place: an identifier of any writing in braces."""
    found = _NAMED.match(template, at)
    return found if found is not None and found[1].isidentifier() else None


def _doubled_ends(template: str) -> dict[int, int]:
    """For each pair ``{{`` that has a partner: where its ``}}`` is.

    Between the two are text, placeholders and further doubled braces; another single brace means that they are no
    pair. The text is read from its end, so that what is inside is known before what is outside.
    """
    ends: dict[int, int] = {}
    for found in reversed(list(re.finditer(r"(?=\{\{)", template))):
        at = found.start() + 2
        while brace := _BRACE.search(template, at):
            at = brace.start()
            if at in ends:
                at = ends[at] + 2
            elif placeholder := _placeholder(template, at):
                at = placeholder.end()
            else:
                if template.startswith("}}", at):
                    ends[found.start()] = at
                break
    return ends
