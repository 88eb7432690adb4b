"""Readable file names that are safe on every system. Pure."""

from __future__ import annotations

import hashlib
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ..errors import PatternError
from ..values import shown

LONGEST = 100
"""The most characters of a name, without its ending and without what tells it apart from others."""

LONGEST_RUN = 24
"""The most characters of a run's name in it."""

_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10))}
"""Names that Windows reserves for devices, with every ending."""

_MISSING = "–"
"""The label of a value that is missing."""

_NUMBER = re.compile(r"(-?)(\.?)(?=\d)")
"""How a number begins: its sign, and the point of one that leaves out the zero before it."""

_ENDING = re.compile(r"(?<=[^.])\.(?:png|jpe?g|webp|gif|tiff?|bmp|avif)$", re.IGNORECASE)
"""The ending of a picture's file, in a label that is the name of one: the copy gets its own."""

_SIGN = "~"
"""Stands for the sign of a negative number until a name is complete: elsewhere, dashes at its ends are removed."""


def safe(text: object) -> str:
    """The text reduced to ASCII letters, digits, dots, dashes and underscores.

    Example
    -------
    >>> safe("Élan vital/../x"), safe("0.80")
    ('Elan-vital-x', '0.80')
    """
    return _reduced(str(text).replace(_SIGN, "-"))


def _reduced(text: str) -> str:
    """The text as `safe` makes it, with the signs of negative numbers."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return re.sub(rf"(?:\.\.+|[^A-Za-z0-9._{_SIGN}-])+", "-", ascii_text).strip("-._")


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
    if not isinstance(pattern, str):
        raise PatternError(f"names={shown(pattern)} is not text", remedy='Write "{lora_strength}-{seed}"')
    try:
        parts = [part for part in string.Formatter().parse(pattern) if part[1] is not None]
    except ValueError as error:
        raise PatternError(
            f"names={shown(pattern)} is not a pattern: {error}", remedy='Write "{lora_strength}-{seed}"'
        ) from None
    if not parts or any(not str(name).isidentifier() or form or conversion for _, name, form, conversion in parts):
        raise PatternError(
            f"names={shown(pattern)} must have names of columns in braces, and nothing more in the braces",
            remedy='Write "{lora_strength}-{seed}"',
        )
    return [str(part[1]) for part in parts]


def picture_names(
    runs: Sequence[object], labels: Mapping[str, Sequence[str]], pattern: str | None = None
) -> list[str]:
    """A file name without its ending for each run, each another one, also where capital letters do not count.

    Where names would be equal, the run's short name is added, and a number where runs have the same name. The same
    runs with the same labels always get the same names.

    Parameters
    ----------
    runs:
        Each run's short name; any value that stands for it.
    labels:
        By column, the label of its value in each run.
    pattern:
        A pattern of names, with columns in braces. Left out, the names are made of all columns and their labels.

    Example
    -------
    >>> picture_names(["a1", "b2"], {"seed": ["7", "-7"]})
    ['seed-7', 'seed--7']
    >>> picture_names(["a1"], {"seed": ["7"]}, "../{seed} of all")
    ['7-of-all']
    """
    parts = {name: _parts(values) for name, values in labels.items()}
    stems = []
    for number, run in enumerate(runs):
        values = {name: parts[name][labels[name][number]] for name in labels}
        if pattern is None:
            text = "_".join(f"{safe(name)}-{value}" for name, value in values.items())
        else:
            text = pattern.replace(_SIGN, "-").format(**values)
        stems.append(_stem(_ENDING.sub("", text), run))
    return _unique(stems, runs)


def _parts(labels: Iterable[str]) -> dict[str, str]:
    """Each label as a part of names. Labels that would look alike get digits of their sha256."""
    texts = {label: _part(label) for label in labels}
    seen = Counter(text.casefold() for text in texts.values())
    return {
        label: text if text and seen[text.casefold()] == 1 else f"{text}-{_digits(label)}".lstrip("-")
        for label, text in texts.items()
    }


def _part(label: str) -> str:
    if label == _MISSING:
        return "none"
    number = _NUMBER.match(label)
    if number is None:
        return safe(label)
    return f"{_SIGN if number[1] else ''}{'0.' if number[2] else ''}{safe(label[number.end() :])}"


def _digits(label: str) -> str:
    return hashlib.sha256(label.encode("utf-8", "backslashreplace")).hexdigest()[:6]


def _stem(text: str, run: object) -> str:
    """A name without its ending, of at most `LONGEST` characters.

    Parameters
    ----------
    text:
        What the name should say.
    run:
        The run, which names what would be empty, too long or reserved.
    """
    stem = _reduced(text).replace(_SIGN, "-")
    if not stem or len(stem) > LONGEST or _is_device(stem):
        stem = f"{stem[: LONGEST - LONGEST_RUN - 1].rstrip('-._')}_{_run_part(run)}".strip("_")
    # A dash at the beginning would be an option of commands.
    return f"_{stem}" if not stem or stem.startswith("-") or _is_device(stem) else stem


def _run_part(run: object) -> str:
    return safe(run)[:LONGEST_RUN].rstrip("-._")


def _is_device(stem: str) -> bool:
    return stem.split(".")[0].upper() in _DEVICES


def _unique(stems: Sequence[str], runs: Sequence[object]) -> list[str]:
    """The names, each of them once.

    Parameters
    ----------
    stems:
        A name for each run.
    runs:
        The runs.
    """
    seen = Counter(stem.casefold() for stem in stems)  # case does not tell files apart on every system
    taken = {stem.casefold() for stem in stems if seen[stem.casefold()] == 1}
    numbers: Counter[str] = Counter()
    names = []
    for stem, run in zip(stems, runs, strict=True):
        if seen[stem.casefold()] > 1:
            first = f"{stem}_{_run_part(run)}".rstrip("_")
            stem, key = first, first.casefold()
            while stem.casefold() in taken:
                numbers[key] += 1
                stem = f"{first}_{numbers[key] + 1}"
            taken.add(stem.casefold())
        names.append(stem)
    return names
