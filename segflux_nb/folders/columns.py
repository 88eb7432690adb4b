"""The frame of a folder: which columns it has, and of which type. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from ..exporting.names import safe
from ..exporting.reading import as_number
from ..markup import plain
from ..values import is_encodable
from .facts import Facts
from .naming import of_checkpoint

ORDER = (
    *("checkpoint", "epoch", "step", "ema", "lora_strength", "finetune_id", "model", "sampler_name", "scheduler"),
    *("steps", "cfg_scale", "guidance", "size"),
)
"""Settings in the order of the columns: the first ones become the axes of a sheet first."""

LAST = ("prompt_index", "seed", "prompt_start", "prompt", "negative_prompt")
"""Settings that stand behind all others."""

LONGEST = 200
"""The most characters of a text that becomes a column without being known."""

MOST_UNKNOWN = 30
"""The most columns of settings that are not known."""

MOST_LORAS = 20
"""The most LoRAs that get a column each."""

_NO_NUMBER = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)

_NOT_SETTINGS = re.compile(r"hash|date|time|version|uuid|user", re.IGNORECASE)
"""In the names of what a tool says of a picture, and what is no setting."""


def frame_of(found: Sequence[Facts]) -> pd.DataFrame:
    """A frame with a row for each picture.

    Parameters
    ----------
    found:
        What is known of each picture.
    """
    known: dict[str, list[Any]] = {}
    for at, one in enumerate(found):
        for name, value in one.values.items():
            known.setdefault(name, [None] * len(found))[at] = value
    for name, values in (*_folders(found).items(), *_loras(found).items(), *_unknown(found).items()):
        if name not in known:
            known[name] = values
        else:
            known[name] = [new if old is None else old for old, new in zip(known[name], values, strict=True)]
    if "lora_strength" in known:
        known["lora_strength"] = [
            0.0 if value is None and one.is_without_lora else value
            for value, one in zip(known["lora_strength"], found, strict=True)
        ]
    middle = [name for name in known if name not in ORDER and name not in LAST]
    columns: dict[str, Any] = {"image": _texts([one.file.path for one in found])}
    for name in (*ORDER, *middle, *LAST):
        if name in known:
            columns[name] = _typed(known[name])
    columns["tool"] = pd.array([one.tool or None for one in found], dtype="string")
    columns["width"] = pd.array([one.head.width for one in found], dtype="Int64")
    columns["height"] = pd.array([one.head.height for one in found], dtype="Int64")
    return pd.DataFrame(columns)


def setting_name(name: str) -> str:
    """The name of a column for what a tool says under a name of its own.

    >>> setting_name("Hires upscale"), setting_name("cfg_rescale_multiplier")
    ('hires_upscale', 'cfg_rescale_multiplier')
    """
    return re.sub(r"\W+", "_", name).strip("_").lower()


def _folders(found: Sequence[Facts]) -> dict[str, list[Any]]:
    """Columns of the folders in which the pictures are, where there are several.

    A folder that is called as a checkpoint is a ``checkpoint``, and its number a ``step`` or ``epoch``; any other
    one is a ``folder``.
    """
    common = 0
    paths = [one.folders for one in found]
    while paths and all(len(path) > common and path[common] == paths[0][common] for path in paths):
        common += 1
    rests = [path[common:] for path in paths]
    if not any(rests):
        return {}
    numbers = [of_checkpoint(rest[-1]) if rest else {} for rest in rests]
    if not any(numbers):
        return {"folder": [plain("/".join(rest)) or None for rest in rests]}
    columns: dict[str, list[Any]] = {}
    # The last checkpoint has no number in its name, and stands beside those that have one.
    columns["checkpoint"] = [plain(rest[-1]) if rest else None for rest in rests]
    for name in dict.fromkeys(name for number in numbers for name in number):
        columns[name] = [number.get(name) for number in numbers]
    above = [plain("/".join(rest[:-1])) or None for rest in rests]
    return columns | ({"folder": above} if any(above) else {})


def _loras(found: Sequence[Facts]) -> dict[str, list[Any]]:
    """A column for the strength of each LoRA, where a picture has several. 0 is a picture without it."""
    if not any(len(one.loras) > 1 for one in found):
        return {}
    names = dict.fromkeys(name for one in found for name in one.loras)
    columns: dict[str, list[Any]] = {}
    for name in list(names)[:MOST_LORAS]:
        column = f"lora_strength_{safe(_short(name)) or len(columns) + 1}"
        while column in columns:
            column += "_"
        columns[column] = [one.loras.get(name, 0.0) if one.tool else None for one in found]
    return columns


def _short(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].removesuffix(".safetensors")


def _unknown(found: Sequence[Facts]) -> dict[str, list[Any]]:
    """Columns of settings that are not known, where they differ between pictures of one tool."""
    columns: dict[str, list[Any]] = {}
    for name in dict.fromkeys(name for one in found for name in one.rest):
        column = setting_name(name)
        if not column or column in columns or _NOT_SETTINGS.search(name):
            continue
        values = [_scalar(one.rest.get(name)) for one in found]
        if len({(value, one.tool) for value, one in zip(values, found, strict=True) if one.tool}) > len(
            {one.tool for one in found if one.tool}
        ) and any(value is not None for value in values):
            columns[column] = values
        if len(columns) == MOST_UNKNOWN:
            break
    return columns


def _scalar(value: Any) -> Any:
    """A number, a truth value or a short text; None for anything else."""
    if isinstance(value, bool):
        return value
    if (number := as_number(value)) is not None:
        return number
    return plain(value) if isinstance(value, str) and value and len(value) <= LONGEST else None


def _typed(values: Iterable[Any]) -> Any:
    """A column of the type that its values have. Texts and numbers in one column become texts."""
    each = _without_nan(list(values))
    kinds = {type(value) for value in each if value is not None}
    known = [value for value in each if value is not None]
    if kinds <= {bool}:
        return pd.array(each, dtype="boolean")
    if kinds == {int} and all(abs(value) < 2**63 for value in known):
        return pd.array(each, dtype="Int64")
    if kinds == {int} and all(0 <= value < 2**64 for value in known):
        return pd.array(each, dtype="UInt64")  # seeds of ComfyUI
    if kinds <= {int, float} and float in kinds and all(abs(value) < 2**1000 for value in known):
        return pd.array([None if value is None else float(value) for value in each], dtype="Float64")
    return _texts([None if value is None else str(value) for value in each])


def _without_nan(values: list[Any]) -> list[Any]:
    """The values. Among numbers alone, what is written for no number is missing, so that they stay numbers."""
    values = [None if isinstance(value, float) and not math.isfinite(value) else value for value in values]
    rest = [None if isinstance(value, str) and _NO_NUMBER.fullmatch(value.strip()) else value for value in values]
    kinds = {type(value) for value in rest if value is not None}
    return rest if kinds and kinds <= {int, float} else values


def _texts(values: Sequence[str | None]) -> Any:
    """A column of texts. pandas' own type holds no name of a file that is not UTF-8, which a disk may have."""
    is_usual = all(value is None or is_encodable(value) for value in values)
    return pd.Series(values, dtype="string" if is_usual else "object")
