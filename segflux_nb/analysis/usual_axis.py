"""Which axis is tuned where the user names none. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..model import SEEDS
from ..values import is_missing

USUAL = "lora_strength"

_TELLING = ("strength", "scale", "guidance", "cfg", "weight")
"""Words in the names of parameters that people tune."""

_NEVER = {*SEEDS, "take"}


def usual_axis(values: Mapping[str, Sequence[Any]]) -> str:
    """The axis that is tuned: the strength of a LoRA, else a strength or a guidance, else numbers, else any choice.

    Parameters
    ----------
    values:
        The values of each axis.

    >>> usual_axis({"seed": [1, 2], "style": ["a", "b"], "guidance_scale": [3.0, 7.0]})
    'guidance_scale'
    >>> usual_axis({"seed": [1, 2]})
    'lora_strength'
    """
    several = [name for name, own in values.items() if name not in _NEVER and len(_known(own)) > 1]
    numbers = [name for name in several if all(_is_number(one) for one in _known(values[name]))]
    telling = [name for name in numbers if any(word in name.casefold() for word in _TELLING)]
    if USUAL in several:
        return USUAL
    return next(iter((*telling, *numbers, *several)), USUAL)


def _known(values: Sequence[Any]) -> list[Any]:
    return list(dict.fromkeys(one for one in values if not is_missing(one)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
