"""What the names of samples and of checkpoints say, as trainers write them. Pure.

============ ========================================================================================================
kohya        ``{output_name}_{e000001 or 000500}_{prompt}_{time}_{seed}``: sd-scripts ``library/train_util.py``, and
             musubi-tuner. Before 2024 the time stood before the step.
ai-toolkit   ``{time}__{step:09d}_{prompt}``: ostris/ai-toolkit ``BaseSDTrainProcess.py``; with several processes,
             ``rank00_sample003_`` before it.
OneTrainer   ``{time}-training-sample-{step}-{epoch}-{step of the epoch}`` in a folder ``{prompt} - {its beginning}``:
             Nerogar/OneTrainer ``GenericTrainer.py``.
============ ========================================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_NAME = r"(?:(?P<checkpoint>.+)_)?"
_STEP = r"(?:e(?P<epoch>\d{6})|(?P<step>\d{6,8}))"
_PROMPT, _SEED = r"(?P<prompt_index>\d{2,4})", r"(?:_(?P<seed>\d{1,18}))?"
_SAMPLES = {
    "kohya": (
        re.compile(rf"{_NAME}{_STEP}_{_PROMPT}_\d{{14}}{_SEED}", re.DOTALL),
        re.compile(rf"{_NAME}\d{{14}}_{_STEP}_{_PROMPT}{_SEED}", re.DOTALL),
    ),
    "ai-toolkit": (
        re.compile(r"rank\d+_sample(?P<prompt_index>\d{1,9})_\d{10,13}__(?P<step>\d{9})_\d{1,9}"),
        re.compile(r"\d{10,13}__(?P<step>\d{9})_(?P<prompt_index>\d{1,9})"),
    ),
    "onetrainer": (
        re.compile(
            r".*\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-training-sample-"
            r"(?P<step>\d{1,12})-(?P<epoch>\d{1,9})-\d{1,12}",
            re.DOTALL,
        ),
    ),
}
_ONETRAINER_FOLDER = re.compile(r"(?P<prompt_index>\d{1,9}) - (?P<prompt_start>.*?)(?P<no_ema> - no-ema)?", re.DOTALL)

_CHECKPOINTS = (
    re.compile(r".+-(?P<epoch>0\d{5})", re.DOTALL),
    re.compile(r".+-step(?P<step>\d{8})", re.DOTALL),
    re.compile(r".+_(?P<step>0\d{8})", re.DOTALL),
    re.compile(r"(?:.*[-_ ])?(?:checkpoint|global_?step|steps?)[-_ ]?(?P<step>\d{1,12})", re.DOTALL | re.IGNORECASE),
    re.compile(r"(?:.*[-_ ])?epochs?[-_ ]?(?P<epoch>\d{1,9})", re.DOTALL | re.IGNORECASE),
)
"""How kohya and ai-toolkit call the files of checkpoints, and how folders of checkpoints are called."""

_WEIGHTS = re.compile(r"\.(?:safetensors|ckpt|pt|pth)$", re.IGNORECASE)

_OF_TOOLS = re.compile(
    r"samples?|images?|pictures|outputs?|custom|train|raw|(?:txt2img|img2img|extras)-images|\d{4}-\d\d-\d\d"
    r"|\d{4}-\d\d|\d{8}",
    re.IGNORECASE,
)
"""Folders that tools make for themselves: their names say nothing of a picture."""


@dataclass(frozen=True)
class NamedSample:
    """What the name of a trainer's sample says.

    Attributes
    ----------
    tool:
        The trainer; empty where the name is not known.
    values:
        ``checkpoint``, ``step``, ``epoch``, ``prompt_index``, ``seed`` and the like, as far as it says them.
    levels:
        How many of the folders above the file belong to its name.
    """

    tool: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    levels: int = 0


def of_sample(parts: Sequence[str], stem: str) -> NamedSample:
    """What the name of a sample says.

    Parameters
    ----------
    parts:
        The folders on the way to the file, and its name.
    stem:
        Its name without its ending.

    Example
    -------
    >>> of_sample(("x.png",), "tok_e000004_01_20240131120000_42").values
    {'checkpoint': 'tok', 'epoch': 4, 'prompt_index': 1, 'seed': 42}
    """
    for tool, expressions in _SAMPLES.items():
        found = next((match for one in expressions if (match := one.fullmatch(stem))), None)
        if found is None:
            continue
        values = _values(found)
        levels = 0
        if tool == "onetrainer" and len(parts) > 1 and (folder := _ONETRAINER_FOLDER.fullmatch(parts[-2])):
            levels = 1
            values |= _values(folder)
            values["ema"] = not values.pop("no_ema", "")
        return NamedSample(tool, values, levels)
    return NamedSample()


def of_checkpoint(name: str) -> dict[str, int]:
    """The step or the epoch in the name of a checkpoint; nothing where it says neither.

    Parameters
    ----------
    name:
        The name of its file or folder.

    Example
    -------
    >>> of_checkpoint("tok-000010.safetensors"), of_checkpoint("checkpoint-500"), of_checkpoint("flux-dev")
    ({'epoch': 10}, {'step': 500}, {})
    """
    stem = without_ending(name.replace("\\", "/").rpartition("/")[2])
    found = next((match for one in _CHECKPOINTS if (match := one.fullmatch(stem))), None)
    return {} if found is None else {name: int(text) for name, text in found.groupdict().items()}


def without_ending(name: str) -> str:
    """The name of weights without the ending of their file, which some tools write and others do not.

    >>> without_ending("tok.safetensors")
    'tok'
    """
    return _WEIGHTS.sub("", name)


def telling_folders(parts: Sequence[str], levels: int) -> tuple[str, ...]:
    """The folders above a file that may say something of it.

    Parameters
    ----------
    parts:
        The folders on the way to the file, and its name.
    levels:
        How many of them belong to the name of the file.
    """
    return tuple(part for part in parts[: len(parts) - 1 - levels] if not _OF_TOOLS.fullmatch(part))


def _values(found: re.Match[str]) -> dict[str, Any]:
    """The groups of a match that are there; all but texts as numbers."""
    texts = ("checkpoint", "prompt_start", "no_ema")
    return {
        name: text if name in texts else int(text) for name, text in found.groupdict().items() if text is not None
    }
