"""The LoRAs on the way from a sampler to its model, in ComfyUI's nodes and those of common packs. Pure."""

from __future__ import annotations

import re
from typing import Any

from .comfy_graph import Graph, Node
from .reading import Lora, as_number

_PAIRS = tuple(("lora_name", name) for name in ("strength_model", "lora_model_strength", "lora_strength", "strength"))
_NUMBERED = (
    ("lora_{}", "strength_{}", ""),
    ("lora_name_{}", "model_weight_{}", "switch_{}"),
    ("lora_name_{}", "lora_wt_{}", ""),
    ("lora_name_{}", "model_str_{}", ""),
    ("lora_{}_name", "lora_{}_model_strength", ""),
    ("lora_{}_name", "lora_{}_strength", ""),
)
"""Names of the inputs of nodes with several LoRAs: file, strength, and whether it is on."""

_TAG = re.compile(r"<\s*lora\s*:\s*([^:<>]+)(?::([^:<>]*))?[^<>]*>", re.IGNORECASE)


def loras_of(graph: Graph, start: Node) -> tuple[list[Lora], list[Node]]:
    """The LoRAs between a sampler and its model, and the nodes on the way.

    Parameters
    ----------
    graph:
        The graph.
    start:
        The sampler, or its guider.
    """
    waiting, seen = [start], {start.number}
    found: list[Lora] = []
    passed: list[Node] = []
    while waiting:
        node = waiting.pop(0)
        if node is not start:
            graph.read.add(node.number)
            passed.append(node)
            found += _loras_in(graph, node)
        links = [value for name, value in node.inputs.items() if _leads_to_a_model(name)]
        for link in links or (_single_link(graph, node) if node is not start else []):
            other = graph.node(link)
            if other is not None and other.number not in seen:
                seen.add(other.number)
                waiting.append(other)
    return found, passed


def _leads_to_a_model(name: str) -> bool:
    lower = name.casefold()
    return lower.startswith("model") or "lora_stack" in lower or lower in ("optional_lora_stack", "unet", "base_ctx")


def _single_link(graph: Graph, node: Node) -> list[Any]:
    """The link of a node that passes something on under a name of its own."""
    links = [value for value in node.inputs.values() if graph.linked(value)]
    return links[:1] if len(links) == 1 or "Switch" in node.kind else []


def _loras_in(graph: Graph, node: Node) -> list[Lora]:
    inputs = node.inputs
    for name, strength in _PAIRS:
        if isinstance(inputs.get(name), str) and strength in inputs:
            return _one(graph, inputs[name], inputs[strength])
    found: list[Lora] = []
    if inputs.get("toggle") is False:
        return found
    for entry in inputs.values():  # rgthree's Power Lora Loader; LoRA Manager
        if isinstance(entry, dict) and isinstance(entry.get("lora"), str):
            found += _one(graph, entry["lora"], entry.get("strength")) if entry.get("on", True) else []
        held = entry.get("__value__") if isinstance(entry, dict) else None
        for each in held if isinstance(held, list) else ():
            if isinstance(each, dict) and isinstance(each.get("name"), str) and each.get("active", True):
                found += _one(graph, each["name"], each.get("strength"))
    if found:
        return found
    modes = f"{inputs.get('input_mode', '')} {inputs.get('mode', '')}".casefold()
    # Stacks have one strength for model and text encoder, or one for each, by their mode.
    for pattern, strength, switch in sorted(_NUMBERED, key=lambda names: ("model_" in names[1]) != ("adv" in modes)):
        most = as_number(inputs.get("lora_count", inputs.get("num_loras")))
        for number in _numbers_of(inputs, pattern):
            is_off = str(inputs.get(switch.format(number), "On")).casefold() in ("off", "false", "none")
            if not (is_off or (most is not None and int(number) > most)) and strength.format(number) in inputs:
                found += _one(graph, inputs[pattern.format(number)], inputs[strength.format(number)])
        if found:
            return found
    if "lora" in node.kind.casefold() and isinstance(inputs.get("text"), str):
        for name, weight in _TAG.findall(inputs["text"]):
            found += _one(graph, name, weight or 1.0)
    return found


def _numbers_of(inputs: Any, pattern: str) -> list[str]:
    known = re.compile(re.escape(pattern).replace(r"\{\}", r"(\d+)"))
    return [found[1] for name in inputs if (found := known.fullmatch(name)) and isinstance(inputs[name], str)]


def _one(graph: Graph, name: str, strength: Any) -> list[Lora]:
    """The LoRA of a name and a strength; none, where the name says so.

    Parameters
    ----------
    graph:
        The graph.
    name:
        The name of the file.
    strength:
        The strength, or a link to it.
    """
    if name.strip() in ("", "None"):
        return []
    value = as_number(graph.value(strength, "strength_model", int | float | str))
    return [Lora(name, None if value is None else float(value), {name: strength})]
