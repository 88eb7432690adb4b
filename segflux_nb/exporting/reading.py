"""What was understood of a picture's metadata, and the parts that the programs have in common. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model import SAMPLERS, SCHEDULERS

SAMPLER_LABELS = {
    **{"euler": "Euler", "euler_ancestral": "Euler a", "heun": "Heun", "dpm_2": "DPM2", "dpm_2_ancestral": "DPM2 a"},
    **{"lms": "LMS", "dpm_fast": "DPM fast", "dpm_adaptive": "DPM adaptive", "dpmpp_2s_ancestral": "DPM++ 2S a"},
    **{"dpmpp_sde": "DPM++ SDE", "dpmpp_2m": "DPM++ 2M", "dpmpp_2m_sde": "DPM++ 2M SDE", "lcm": "LCM"},
    **{"dpmpp_3m_sde": "DPM++ 3M SDE", "ddim": "DDIM", "uni_pc": "UniPC", "ipndm": "IPNDM", "deis": "DEIS"},
}
"""A1111's names of samplers, by ours."""

SCHEDULER_LABELS = {
    **{"normal": "Normal", "karras": "Karras", "exponential": "Exponential", "simple": "Simple", "beta": "Beta"},
    **{"sgm_uniform": "SGM Uniform", "ddim_uniform": "DDIM"},
}
"""A1111's names of schedulers, by ours."""

_SAMPLERS = {**{name: name for name in SAMPLERS}, **{said.casefold(): name for name, said in SAMPLER_LABELS.items()}}
_SCHEDULERS = {
    **{name: name for name in SCHEDULERS},
    **{name.replace("_", " "): name for name in SCHEDULERS},
    **{said.casefold(): name for name, said in SCHEDULER_LABELS.items()},
}

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_LORA = re.compile(r"<\s*(?:lora|lyco|hypernet)\s*:\s*(?:[^<>]*>|[^<>\s,]*)", re.IGNORECASE)
"""A tag that loads weights. One that is not closed ends with its word."""


@dataclass
class Reading:
    """What was understood of a picture's metadata.

    Attributes
    ----------
    parameters:
        What was understood, under our names where we have some.
    rest:
        What was not, under the program's own names.
    strengths:
        The strength of each LoRA that has one, also where there are several.
    """

    parameters: dict[str, Any] = field(default_factory=dict)
    rest: dict[str, Any] = field(default_factory=dict)
    strengths: dict[str, float] = field(default_factory=dict)

    def number(self, name: str, value: Any, *, theirs: str = "", kind: type[int] | type[float] = int) -> None:
        """Keep a number. What is no number is kept in the rest.

        Parameters
        ----------
        name:
            Our name.
        value:
            A number, or the text of one. None is nothing.
        theirs:
            The program's name; ours, if left out.
        kind:
            The type of the number.
        """
        if value is None:
            return
        found = as_number(value)
        if found is None or (kind is int and found != int(found)):
            self.rest[theirs or name] = value
        else:
            self.parameters[name] = kind(found)

    def text(self, name: str, value: Any, *, theirs: str = "") -> None:
        """Keep a text. What is no text is kept in the rest.

        Parameters
        ----------
        name:
            Our name.
        value:
            The text. None is nothing.
        theirs:
            The program's name; ours, if left out.
        """
        if isinstance(value, str):
            self.parameters[name] = value
        elif value is not None:
            self.rest[theirs or name] = value

    def prompts(self, positive: str | None, negative: str | None) -> None:
        """Keep the prompts, without the tags in them that load weights: these are no words to be painted.

        Parameters
        ----------
        positive:
            The prompt.
        negative:
            The negative prompt. An empty one is left out.
        """
        tags: list[str] = []
        if positive is not None:
            self.parameters["prompt"], tags = without_tags(positive)
            self.loras([_lora_of_tag(tag) for tag in tags])
        if negative:
            self.parameters["negative_prompt"], tags = without_tags(negative)
            if tags:
                self.rest.setdefault("negative loras", tags)

    def loras(self, found: Iterable[Lora]) -> None:
        """Keep the one LoRA of a picture. Several, and one whose strength is not one number, are in the rest.

        Parameters
        ----------
        found:
            The LoRAs.
        """
        each = list(found)
        self.strengths |= {lora.name: lora.strength for lora in each if lora.strength is not None}
        if len(each) == 1 and each[0].strength is not None:
            self.parameters |= {"finetune_id": each[0].name, "lora_strength": each[0].strength}
            each = [lora for lora in each if not lora.is_whole]
        if each:
            self.rest["loras"] = [*self.rest.get("loras", []), *(lora.written for lora in each)]

    def sampler(self, sampler: Any, scheduler: Any = None) -> None:
        """Keep the sampler and the scheduler, under our names.

        Parameters
        ----------
        sampler:
            The program's name of the sampler, which may have the scheduler at its end. None is nothing.
        scheduler:
            The program's name of the scheduler. None is nothing.
        """
        if isinstance(sampler, str):
            self.parameters["sampler_name"], of_sampler = sampler_and_scheduler(sampler)
            if of_sampler:
                self.parameters["scheduler"] = of_sampler
        if isinstance(scheduler, str):
            named = _SCHEDULERS.get(scheduler.strip().casefold())
            if named:
                self.parameters["scheduler"] = named
            elif scheduler.strip().casefold() not in ("", "automatic"):
                self.parameters.setdefault("scheduler", scheduler)
        for name, value in (("sampler_name", sampler), ("scheduler", scheduler)):
            if value is not None and not isinstance(value, str):
                self.rest[name] = value

    def left(self, values: Mapping[str, Any], used: Iterable[str]) -> None:
        """Keep in the rest what was not used.

        Parameters
        ----------
        values:
            All values, by the program's names.
        used:
            The names that were read.
        """
        known = set(used)
        self.rest |= {name: value for name, value in values.items() if name not in known}


@dataclass(frozen=True)
class Lora:
    """A LoRA that a picture was made with.

    Attributes
    ----------
    name:
        Its file or id.
    strength:
        Its strength; None where it is not one number.
    written:
        How the program writes it.
    is_whole:
        Whether name and strength are all that is said of it.
    """

    name: str
    strength: float | None
    written: Any
    is_whole: bool = True


def as_number(value: Any) -> float | int | None:
    """A number, or the text of one; None for anything else.

    >>> as_number(" 42 "), as_number("1.0.5"), as_number(True), as_number("3.5")
    (42, None, None, 3.5)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value.strip()):
            return None
        value = int(value) if value.strip().lstrip("+-").isdigit() else float(value)
    return value if isinstance(value, int) or math.isfinite(value) else None


def json_object(text: Any) -> dict[str, Any]:
    """The object that a JSON text holds; empty for any other text.

    >>> json_object('{"a": 1}'), json_object("[1]"), json_object("a fox")
    ({'a': 1}, {}, {})
    """
    if not isinstance(text, str) or not text.lstrip().startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def without_tags(prompt: str) -> tuple[str, list[str]]:
    """A prompt without the tags that load weights, and these tags.

    >>> without_tags("a fox <lora:tok:0.7:0.5>, <lyco:x>")
    ('a fox ,', ['<lora:tok:0.7:0.5>', '<lyco:x>'])
    """
    return _LORA.sub("", prompt).strip(), _LORA.findall(prompt)


def _lora_of_tag(tag: str) -> Lora:
    """The LoRA of ``<lora:name:strength>``. A second strength, blocks and names of options do not count."""
    kind, name, *options = (part.strip() for part in tag.strip("<>").split(":"))
    strength = as_number(options[0]) if options else 1.0
    if kind.casefold() != "lora" or not name:
        strength = None
    return Lora(name, None if strength is None else float(strength), tag, is_whole=len(options) < 2)


def sampler_and_scheduler(said: str) -> tuple[str, str]:
    """Our names of a sampler, and of the scheduler that older programs write behind it.

    A sampler that is not known keeps its name. The scheduler is empty where there is none.

    >>> sampler_and_scheduler("DPM++ 2M Karras"), sampler_and_scheduler("Euler a"), sampler_and_scheduler("Restart")
    (('dpmpp_2m', 'karras'), ('euler_ancestral', ''), ('Restart', ''))
    """
    text = said.strip().casefold()
    if known := _sampler(text):
        return known, ""
    for label, scheduler in _SCHEDULERS.items():
        for separator in (" ", "_"):
            if text.endswith(separator + label) and (known := _sampler(text[: -len(label) - 1])):
                return known, scheduler
    return said.strip(), ""


def _sampler(text: str) -> str:
    text = text.strip()
    return _SAMPLERS.get(text) or _SAMPLERS.get(text.replace(" ", "_")) or ""
