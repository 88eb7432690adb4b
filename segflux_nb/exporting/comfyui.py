"""The parameters of a picture by ComfyUI, out of the graph of nodes that it carries. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_NUMBERS = ("seed", "noise_seed", "steps", "cfg", "denoise", "guidance")
_WORDS = ("sampler_name", "scheduler")


def parse(texts: Mapping[str, str]) -> dict[str, Any]:
    """What the graph says of prompt, seed, steps, sampler, scheduler and LoRA; empty where there is no graph.

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
        for name in (*_NUMBERS, *_WORDS):
            value = inputs.get(name)
            if isinstance(value, str if name in _WORDS else int | float):
                found.setdefault("seed" if name == "noise_seed" else name, value)
        if str(node["class_type"]).startswith("LoraLoader") and isinstance(inputs.get("strength_model"), int | float):
            found.setdefault("lora_strength", float(inputs["strength_model"]))
            found.setdefault("finetune_id", inputs.get("lora_name"))
    for node in nodes:
        for ours, theirs in (("prompt", "positive"), ("prompt", "conditioning"), ("negative_prompt", "negative")):
            words = _words(graph, node["inputs"].get(theirs), 8)
            if words is not None:
                found.setdefault(ours, words)
    return found


def _words(graph: Mapping[str, Any], link: Any, depth: int) -> str | None:
    """The text at the other end of a link, through nodes that pass it on."""
    if not (isinstance(link, list) and link and depth):
        return None
    node = graph.get(str(link[0]))
    inputs = node.get("inputs") if isinstance(node, dict) else None
    if not isinstance(inputs, dict):
        return None
    for name in ("text", "t5xxl", "clip_l"):
        if isinstance(inputs.get(name), str):
            return str(inputs[name])
    onward = (_words(graph, value, depth - 1) for value in inputs.values())
    return next((words for words in onward if words is not None), None)
