"""The parameters of a picture by ComfyUI, read from the graph of nodes that the file carries. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_NUMBERS = ("seed", "noise_seed", "steps", "cfg", "denoise", "guidance")
_NAMES = ("sampler_name", "scheduler")


def parse(texts: Mapping[str, str]) -> dict[str, Any]:
    """Prompt, seed, steps, sampler, scheduler and LoRA, as far as the graph has them; empty where there is no graph.

    Parameters
    ----------
    texts:
        The texts of the picture's file, by keyword. ComfyUI keeps the graph under ``prompt``.

    Example
    -------
    >>> graph = {"1": {"class_type": "KSampler", "inputs": {"seed": 7, "steps": 20, "positive": ["2", 0]}},
    ...          "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox"}}}
    >>> parse({"prompt": json.dumps(graph)})
    {'seed': 7, 'steps': 20, 'prompt': 'a fox'}
    """
    try:
        graph = json.loads(texts.get("prompt", ""))
    except ValueError:
        return {}
    nodes = [node for node in graph.values() if isinstance(node, dict)] if isinstance(graph, dict) else []
    nodes = [node for node in nodes if "class_type" in node and isinstance(node.get("inputs"), dict)]
    found: dict[str, Any] = {}
    for node in nodes:
        inputs = node["inputs"]
        for name in (*_NUMBERS, *_NAMES):
            value = inputs.get(name)
            if isinstance(value, str if name in _NAMES else int | float):
                found.setdefault("seed" if name == "noise_seed" else name, value)
        if str(node["class_type"]).startswith("LoraLoader") and isinstance(inputs.get("strength_model"), int | float):
            found.setdefault("lora_strength", float(inputs["strength_model"]))
            found.setdefault("finetune_id", inputs.get("lora_name"))
    for node in nodes:
        for ours, theirs in (("prompt", "positive"), ("prompt", "conditioning"), ("negative_prompt", "negative")):
            text = _text(graph, node["inputs"].get(theirs), 8)
            if text is not None:
                found.setdefault(ours, text)
    return found


def _text(graph: Mapping[str, Any], link: Any, depth: int) -> str | None:
    """The text at the other end of a link, or None.

    Parameters
    ----------
    graph:
        The nodes, by their number.
    link:
        The number of a node and of one of its outputs.
    depth:
        How many nodes that pass the text on are followed: a graph may have a circle.
    """
    if not (isinstance(link, list) and link and depth):
        return None
    node = graph.get(str(link[0]))
    inputs = node.get("inputs") if isinstance(node, dict) else None
    if not isinstance(inputs, dict):
        return None
    for name in ("text", "t5xxl", "clip_l"):
        if isinstance(inputs.get(name), str):
            return str(inputs[name])
    onward = (_text(graph, value, depth - 1) for value in inputs.values())
    return next((text for text in onward if text is not None), None)
