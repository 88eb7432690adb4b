"""Readable file names that are safe on every system. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

LONGEST = 100


def safe(text: object) -> str:
    """The text with nothing in it but ASCII letters, digits, dots, dashes and underscores.

    >>> safe("Élan vital/../x"), safe("0.80")
    ('Elan-vital-x', '0.80')
    """
    ascii_text = unicodedata.normalize("NFKD", str(text)).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"(?:\.\.+|[^A-Za-z0-9._-])+", "-", ascii_text).strip("-._")


def picture_names(runs: Sequence[str], axes: Mapping[str, Sequence[str]], endings: Sequence[str]) -> list[str]:
    """A file name for each run: the values of what varies, and the run's own name where they do not tell it apart.

    Parameters
    ----------
    runs:
        Each run's short name.
    axes:
        For each axis, the words for its value in each run.
    endings:
        Each picture's file ending, such as ``.jpg``.

    >>> picture_names(["a1", "b2"], {"seed": ["7", "8"]}, [".jpg", ".png"])
    ['seed-7.jpg', 'seed-8.png']
    """
    stems = []
    for number, run in enumerate(runs):
        stem = "_".join(f"{safe(name)}-{safe(words[number])}" for name, words in axes.items())
        if not stem or len(stem) > LONGEST:
            stem = f"{stem[: LONGEST - 14].rstrip('-._')}_{safe(run)}".lstrip("_")
        stems.append(stem)
    seen = Counter(stem.casefold() for stem in stems)  # case does not tell files apart on every system
    unique = [
        stem if seen[stem.casefold()] == 1 else f"{stem}_{safe(run)}" for stem, run in zip(stems, runs, strict=True)
    ]
    return [stem + ending for stem, ending in zip(unique, endings, strict=True)]
