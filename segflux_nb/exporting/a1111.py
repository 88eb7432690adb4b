"""The text that A1111, Forge, reForge, SD.Next and many others write into pictures.

The prompt, a line ``Negative prompt: …``, and a line of ``name: value`` pairs that begins with ``Steps``
(https://github.com/AUTOMATIC1111/stable-diffusion-webui, ``modules/infotext_utils.py``). Extensions put newlines into
quoted values, JSON into others, and lines of their own behind the last. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .reading import Lora, Reading, as_number

_STEPS = re.compile(r"^[ \t]*Steps:[ \t]*\S", re.MULTILINE)
_NAME = re.compile(r"[ \t]*([A-Za-z][\w ()\-/+.]*?):[ \t]*")
_QUOTED = re.compile(r'"(?:\\.|[^\\"])*"(?=[ \t]*(?:,|\n|\Z))', re.DOTALL)
_PLAIN = re.compile(r"[^,\n]*")
_NEGATIVE = "Negative prompt:"
_TELLING = {"Steps", "Seed", "Sampler", "CFG scale", "Size", "Model", "Model hash"}
_FEWEST = 3
"""A line with fewer pairs is a part of the prompt."""

_USED = {
    "Steps",
    "Seed",
    "Sampler",
    "Model",
    "Schedule type",
    "Scheduler",
    "CFG scale",
    "Distilled CFG Scale",
    "Size",
}


def parse(texts: Mapping[str, str]) -> Reading | None:
    """What the text under ``parameters`` says; None where it is not of this form.

    Parameters
    ----------
    texts:
        The texts of the picture's file, by keyword.

    Example
    -------
    >>> reading = parse({"parameters": "a fox <lora:tok:0.7>\\nSteps: 28, Sampler: Euler a, Seed: 42, Clip skip: 2"})
    >>> reading.parameters["prompt"], reading.parameters["lora_strength"], reading.rest
    ('a fox', 0.7, {'Clip skip': '2'})
    """
    text = texts.get("parameters", "").replace("\r\n", "\n").replace("\r", "\n").strip("\0")
    found = _settings(text)
    if found is None:
        return None
    start, end, pairs = found
    reading = Reading()
    reading.left(pairs, _USED)
    prompt, negative = _prompts(text[:start])
    reading.prompts(prompt.strip(), negative.strip())
    if behind := text[end:].strip():
        reading.rest["text behind"] = behind
    reading.number("steps", pairs.get("Steps"), theirs="Steps")
    reading.number("seed", pairs.get("Seed"), theirs="Seed")
    reading.number("cfg_scale", pairs.get("CFG scale"), theirs="CFG scale", kind=float)
    reading.number("guidance", pairs.get("Distilled CFG Scale"), theirs="Distilled CFG Scale", kind=float)
    reading.sampler(pairs.get("Sampler"), pairs.get("Schedule type", pairs.get("Scheduler")))
    if str(pairs.get("Schedule type", "")).casefold() == "automatic" and "scheduler" not in reading.parameters:
        reading.rest["Schedule type"] = pairs["Schedule type"]
    for theirs, ours in (("Size", "size"), ("Model", "model")):
        reading.text(ours, pairs.get(theirs))
    if "finetune_id" not in reading.parameters and "loras" not in reading.rest:
        _loras_of_fooocus(reading, pairs.get("Lora weights"))
    return reading


def _settings(text: str) -> tuple[int, int, dict[str, Any]] | None:
    """Where the line of settings begins and ends, and its pairs; None where there is no such line.

    It is the last line that begins with ``Steps:`` and is not a part of another one's value. Without one, it is the
    last line.
    """
    best: tuple[int, int, dict[str, Any]] | None = None
    for found in _STEPS.finditer(text):
        if best is not None and found.start() < best[1]:
            continue
        end, pairs = _pairs(text, found.start())
        if len(pairs) >= _FEWEST:
            best = found.start(), end, pairs
    if best is None:
        start = text.rstrip().rfind("\n") + 1
        end, pairs = _pairs(text, start)
        if len(pairs) >= _FEWEST and _TELLING & set(pairs):
            best = start, end, pairs
    return best


def _pairs(text: str, at: int) -> tuple[int, dict[str, Any]]:
    """The pairs of a line, and where it ends. Only quoted values and JSON go beyond the line.

    Parameters
    ----------
    text:
        The text.
    at:
        Where the line begins.
    """
    pairs: dict[str, Any] = {}
    last = ""
    while at < len(text):
        name = _NAME.match(text, at)
        if name is not None:
            at, value = _value(text, name.end())
            last = name[1].strip()
            pairs.setdefault(last, value)
        else:  # a part without a name belongs to the value before it, as in "CFG scale: 3,5"
            start = at
            at, _ = _value(text, at)
            if last and text[start:at].strip():
                pairs[last] = f"{pairs[last]},{text[start:at]}"
        if text[at : at + 1] != ",":
            break
        at += 1
    return at, pairs


def _value(text: str, at: int) -> tuple[int, Any]:
    """The end of a value, and the value: quoted, JSON, or all up to the next comma.

    Parameters
    ----------
    text:
        The text.
    at:
        Where the value begins.
    """
    if quoted := _QUOTED.match(text, at):
        end = _past_spaces(text, quoted.end())
        try:
            return end, json.loads(quoted[0], strict=False)
        except ValueError:  # a backslash that is no escape: the text between the quotes, as it is
            return end, quoted[0][1:-1]
    if text[at : at + 1] in ("[", "{"):
        try:
            value, end = json.JSONDecoder().raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at
        if end > at and text[_past_spaces(text, end) :][:1] in ("", ",", "\n"):
            return _past_spaces(text, end), value
    plain = _PLAIN.match(text, at)
    assert plain is not None  # noqa: S101 - the pattern matches nothing, too
    return plain.end(), plain[0].strip()


def _past_spaces(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t"):
        at += 1
    return at


def _prompts(text: str) -> tuple[str, str]:
    """The prompt and the negative prompt: the latter begins with the first line that says so."""
    lines = text.split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip().startswith(_NEGATIVE)), len(lines))
    negative = "\n".join(lines[first:]).strip().removeprefix(_NEGATIVE)
    return "\n".join(lines[:first]), negative


def _loras_of_fooocus(reading: Reading, said: Any) -> None:
    """The LoRAs of ``Lora weights: "name: 0.5, other: 1"``, as Fooocus writes them.

    Parameters
    ----------
    reading:
        What they are added to.
    said:
        The value; None is nothing.
    """
    if not isinstance(said, str):
        return
    reading.rest.pop("Lora weights", None)
    found = []
    for part in said.split(","):
        name, _, weight = part.rpartition(":")
        strength = as_number(weight)
        found.append(Lora(name.strip(), None if strength is None else float(strength), part.strip()))
    reading.loras(found)
