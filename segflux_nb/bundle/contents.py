"""What is in a bundle: the names of its entries, its format, and its limits.

::

    pictures/                   the folder itself, empty
    pictures/ab/<sha256>.jpg    pictures as served, each once
    runs.jsonl                  a run in each line, in the order of the selection
    sweeps.jsonl                a sweep in each line, with its cells
    sweeps/1.toml               the same sweeps for people, and for `Sweep.from_toml`
    marks.jsonl, votes.jsonl    what every rater said
    annotations.jsonl           own columns
    metrics.jsonl               numbers about the pictures
    catalogue.json              what the service's catalogue says of the models of these runs
    environment.json            versions of Python and of packages
    README.md                   the data card
    ro-crate-metadata.json      the same for programs: RO-Crate 1.2
    manifest.json               what the file is, and the size and sha256 of each other entry

Entries are stored, not compressed, one after the other with nothing between them. A later version may add entries
under the same format: a reader checks those it does not know, and passes them over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

ENDING = ".sfx"
"""How the names of bundles end."""

FORMAT = "segflux bundle"
FORMAT_VERSION = 1
"""It is raised when a reader of today would misread a file, and not when entries are added."""

MANIFEST = "manifest.json"
RUNS = "runs.jsonl"
SWEEPS = "sweeps.jsonl"
MARKS = "marks.jsonl"
VOTES = "votes.jsonl"
ANNOTATIONS = "annotations.jsonl"
METRICS = "metrics.jsonl"
CATALOGUE = "catalogue.json"
ENVIRONMENT = "environment.json"
README = "README.md"
CRATE = "ro-crate-metadata.json"

PICTURES = "pictures/"
"""The folder of the pictures. Its entry is empty; RO-Crate's validator looks for it."""

MOST_ENTRIES = 2_000_000
MOST_LINE = 4 << 20
"""Bytes of a line, and of each part of the manifest that does not grow with the number of entries."""

MOST_PER_ENTRY = 512
"""Bytes of the manifest, and of the zip's own table, for each entry."""

MOST_TEXT = 1 << 30
"""Bytes of an entry that is no picture."""

HOLDS = (
    "Prompts, finetune ids, titles, notes, the names of raters and own columns are in this file."
    " No API key, account, request id or path of a machine is."
)
"""What the manifest and the data card say of private things."""


def digest_in(path: str) -> str:
    """The sha256 that is the name of a picture.

    >>> digest_in("pictures/ab/abcd.jpg")
    'abcd'
    """
    return path.rpartition("/")[2].partition(".")[0]


def as_json(value: Any) -> bytes:
    """A value as one line of JSON. Half a surrogate pair, which UTF-8 cannot have, becomes its escape."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def as_page(value: Mapping[str, Any]) -> bytes:
    """An object as JSON for people to read."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
    return text.encode("utf-8", "backslashreplace") + b"\n"
