"""Readable file names that are safe on every system. Pure."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from ..errors import PatternError

LONGEST = 100
"""The most characters of a name, without its ending."""

_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}
"""Names that Windows reserves for devices, with every ending."""


def safe(text: object) -> str:
    """The text reduced to ASCII letters, digits, dots, dashes and underscores.

    Example
    -------
    >>> safe("Élan vital/../x"), safe("0.80")
    ('Elan-vital-x', '0.80')
    """
    ascii_text = unicodedata.normalize("NFKD", str(text)).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"(?:\.\.+|[^A-Za-z0-9._-])+", "-", ascii_text).strip("-._")


def fields(pattern: str) -> list[str]:
    """The columns that a pattern of file names contains.

    Raises
    ------
    PatternError
        Where it contains none, or something else than the name of a column in braces.

    Example
    -------
    >>> fields("{lora_strength}-{seed}")
    ['lora_strength', 'seed']
    """
    try:
        parts = [part for part in string.Formatter().parse(pattern) if part[1] is not None]
    except ValueError as error:
        raise PatternError(
            f"names={pattern!r} is not a pattern: {error}", remedy='Write "{lora_strength}-{seed}"'
        ) from None
    if not parts or any(not str(name).isidentifier() or form or conversion for _, name, form, conversion in parts):
        raise PatternError(
            f"names={pattern!r} must have names of columns in braces, and nothing more in the braces",
            remedy='Write "{lora_strength}-{seed}"',
        )
    return [str(part[1]) for part in parts]


def picture_names(
    runs: Sequence[str], labels: Mapping[str, Sequence[str]], endings: Sequence[str], pattern: str | None = None
) -> list[str]:
    """A file name for each run. Where names would be equal, the run's short name is added.

    Parameters
    ----------
    runs:
        Each run's short name.
    labels:
        By column, the label of its value in each run.
    endings:
        Each picture's file ending, such as ``.jpg``.
    pattern:
        A pattern of names, with columns in braces. Left out, the names are made of all columns and their labels.

    Example
    -------
    >>> picture_names(["a1", "b2"], {"seed": ["7", "8"]}, [".jpg", ".png"])
    ['seed-7.jpg', 'seed-8.png']
    >>> picture_names(["a1"], {"seed": ["7"]}, [".jpg"], "../{seed} of all")
    ['7-of-all.jpg']
    """
    stems = []
    for number, run in enumerate(runs):
        if pattern is None:
            stem = "_".join(f"{safe(name)}-{safe(values[number])}" for name, values in labels.items())
        else:
            stem = safe(pattern.format(**{name: safe(values[number]) for name, values in labels.items()}))
        if not stem or len(stem) > LONGEST or stem.split(".")[0].upper() in _DEVICES:
            stem = f"{stem[: LONGEST - 14].rstrip('-._')}_{safe(run)}".lstrip("_")
        stems.append(stem)
    seen = Counter(stem.casefold() for stem in stems)  # case does not tell files apart on every system
    unique = [
        stem if seen[stem.casefold()] == 1 else f"{stem}_{safe(run)}" for stem, run in zip(stems, runs, strict=True)
    ]
    return [stem + ending for stem, ending in zip(unique, endings, strict=True)]
