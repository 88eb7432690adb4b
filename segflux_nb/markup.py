"""HTML templates, and text that is safe to show."""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup

_UNSAFE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def _shown(char: str) -> bool:
    # Joiners are kept: emoji sequences and several scripts are built with them.
    return char in "\u200c\u200d" or unicodedata.category(char) not in ("Cc", "Cf", "Cs")


class Template:
    """An HTML template in Jinja2's language. Every value is escaped, unless it is the result of another template.

    Jinja2 is loaded when the first template is rendered, so that an import stays light.

    Parameters
    ----------
    source:
        The template. A name that is not given when it is rendered is an error.

    Example
    -------
    >>> Template("<p>{{ text }}</p>").render(text="a < b")
    Markup('<p>a &lt; b</p>')
    """

    def __init__(self, source: str) -> None:
        self._source = source

    def render(self, **values: Any) -> Markup:
        """The HTML.

        Parameters
        ----------
        values:
            What the names in the template stand for.
        """
        from markupsafe import Markup

        return Markup(_compiled(self._source).render(values))  # noqa: S704 - made by a template that escapes

    def parts(self, **values: Any) -> Iterator[str]:
        """The HTML in parts, each made when it is asked for: a long document is never in memory as a whole.

        Parameters
        ----------
        values:
            What the names in the template stand for.
        """
        return _compiled(self._source).generate(values)


@cache
def _compiled(source: str) -> jinja2.Template:
    from jinja2 import Environment, StrictUndefined

    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
        source
    )


def plain(text: object) -> str:
    """The text on one line, without escape sequences and without control or direction-changing characters.

    Use it for prompts and messages of the service that are shown in a terminal or drawn on a sheet.

    >>> plain('a' + chr(27) + '[31mred' + chr(10) + 'b')
    'ared b'
    """
    text = str(text)
    if text.isprintable():  # the usual case, made fast
        return text
    stripped = _UNSAFE.sub("", text)
    kept = (" " if char.isspace() else char for char in stripped)
    return " ".join("".join(c for c in kept if _shown(c)).split(" "))


def shorten(text: str, length: int) -> str:
    """The text, cut and marked with … if it is too long.

    Parameters
    ----------
    text:
        The text.
    length:
        The most characters of the result.

    >>> shorten("a long sentence", 8)
    'a long…'
    """
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def begun_small(sentence: str) -> str:
    """A sentence as a part of another one, after a comma; a name in capitals stays.

    Parameters
    ----------
    sentence:
        The sentence.

    >>> begun_small("The log has no picture"), begun_small("SQLite is too old"), begun_small("")
    ('the log has no picture', 'SQLite is too old', '')
    """
    return sentence if sentence[1:2].isupper() else sentence[:1].lower() + sentence[1:]


def did_you_mean(name: str, known: Iterable[object]) -> str:
    """A question before what is known, where a name is nearly one of them; empty where it is like none.

    Parameters
    ----------
    name:
        The name that nothing has.
    known:
        The names that there are.

    >>> did_you_mean("sed", ["seed", "steps"]), did_you_mean("x", ["seed"])
    ("Did you mean 'seed'? ", '')
    """
    close = difflib.get_close_matches(name, list(map(str, known)), n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}? " if close else ""


def count(number: int, noun: str) -> str:
    """A number with its noun in singular or plural.

    Parameters
    ----------
    number:
        How many.
    noun:
        The noun in singular; its plural ends in s.

    >>> count(1, "run"), count(48, "run")
    ('1 run', '48 runs')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def axes_text(axes: Mapping[str, Sequence[Any]], cells: int) -> str:
    """How many values each axis has: with × between them only where the cells are their whole product.

    Parameters
    ----------
    axes:
        Values by axis.
    cells:
        How many cells there are.

    >>> axes_text({"seed": [1, 2], "steps": [10, 20]}, 4), axes_text({"seed": [1, 2], "steps": [10, 20]}, 2)
    ('2 seed × 2 steps', '2 seed, 2 steps')
    """
    sizes = [f"{len(values):,} {name}" for name, values in axes.items() if values]
    return (" × " if math.prod(len(values) for values in axes.values() if values) == cells else ", ").join(sizes)


def more_text(more: int, not_served: int = 0) -> str:
    """What stands beside a picture whose output has more pictures; empty where it has none.

    Parameters
    ----------
    more:
        How many more pictures the output has.
    not_served:
        How many of them the service does not serve yet.

    >>> more_text(2), more_text(3, 1), more_text(0)
    ('+2', '+3, 1 not served', '')
    """
    if not more:
        return ""
    return f"+{more:,}, {not_served:,} not served" if not_served else f"+{more:,}"


def decimals(number: float) -> int:
    """How many decimals a number has, without zeros at the end; six at most.

    >>> decimals(0.25), decimals(3.0)
    (2, 0)
    """
    return len(f"{number:.6f}".rstrip("0").partition(".")[2])
