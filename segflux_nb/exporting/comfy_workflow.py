"""ComfyUI's drawing of a workflow as the graph that it runs, for files that carry only the drawing. Pure.

The drawing has the values of a node in a list, without their names. Newer versions name the inputs that they belong
to; for older ones the names of common nodes are known. A node of which neither is known keeps its links alone, so
that none of its values is guessed. A sub-graph is such a node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .comfy_graph import Graph, Node
from .reading import json_object

_CONTROL = {"fixed", "increment", "decrement", "randomize"}
"""What stands behind a seed: how it changes for the next picture."""

_SEEDS = {"seed", "noise_seed"}
_MUTED, _BYPASSED = 2, 4
_DEEPEST = 200

_NAMES: Mapping[str, Sequence[str]] = {
    "KSampler": ("seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": (
        *("add_noise", "noise_seed", "steps", "cfg", "sampler_name", "scheduler", "start_at_step", "end_at_step"),
        "return_with_leftover_noise",
    ),
    "SamplerCustom": ("add_noise", "noise_seed", "cfg"),
    "RandomNoise": ("noise_seed",),
    "KSamplerSelect": ("sampler_name",),
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "CFGGuider": ("cfg",),
    "FluxGuidance": ("guidance",),
    "CLIPTextEncode": ("text",),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl", "guidance"),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "UNETLoader": ("unet_name", "weight_dtype"),
    "PrimitiveString": ("value",),
    "PrimitiveStringMultiline": ("value",),
    "PrimitiveFloat": ("value",),
    "StringConcatenate": ("string_a", "string_b", "delimiter"),
}
"""The names of the values of common nodes, in the order of their lists."""


def graph_of_workflow(text: str) -> Graph | None:
    """The graph of a drawing; None where a text holds none.

    Parameters
    ----------
    text:
        The text, which is JSON.
    """
    found = json_object(text)
    drawn = found.get("nodes")
    nodes = {
        str(node["id"]): node
        for node in (drawn if isinstance(drawn, list) else ())
        if isinstance(node, dict) and isinstance(node.get("id"), int | str) and isinstance(node.get("type"), str)
    }
    drawing = _Drawing(nodes, _links(found.get("links")))
    graph = {
        number: Node(number, node["type"], drawing.inputs(node))
        for number, node in nodes.items()
        if node.get("mode") not in (_MUTED, _BYPASSED) and node["type"] not in _Drawing.PASSING
    }
    return Graph(graph) if graph else None


def _links(drawn: Any) -> dict[Any, tuple[str, int]]:
    """Where each link comes from: the number of a node, and of its output."""
    found = {}
    for link in drawn if isinstance(drawn, list) else ():
        if isinstance(link, dict):
            link = [link.get("id"), link.get("origin_id"), link.get("origin_slot")]
        if isinstance(link, list) and len(link) >= 3 and isinstance(link[0], int | str) and isinstance(link[2], int):
            found[link[0]] = (str(link[1]), link[2])
    return found


class _Drawing:
    """Nodes and links as they are drawn.

    Parameters
    ----------
    nodes:
        The nodes, by number.
    links:
        Where each link comes from.
    """

    PASSING = ("Reroute", "PrimitiveNode", "SetNode", "GetNode", "Note", "MarkdownNote")
    """Nodes that are drawn and not run."""

    def __init__(self, nodes: Mapping[str, Mapping[str, Any]], links: Mapping[Any, tuple[str, int]]) -> None:
        self._nodes = nodes
        self._links = links

    def inputs(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs of a node, by name: values, and links to nodes that are run."""
        found = _values(node)
        for entry in _entries(node):
            if entry.get("link") is not None:
                found[entry["name"]] = self._from(entry["link"], _DEEPEST)
        return found

    def _from(self, link: Any, deepest: int) -> Any:
        """What comes through a link: a link to a node that is run, a value, or None where nothing does."""
        number, output = self._links.get(link, ("", 0)) if isinstance(link, int | str) else ("", 0)
        node = self._nodes.get(number)
        if node is None or not deepest or node.get("mode") == _MUTED:
            return None
        if node["type"] == "PrimitiveNode":
            values = node.get("widgets_values")
            return values[0] if isinstance(values, list) and values else None
        if node["type"] == "GetNode":
            named = node.get("widgets_values")
            node = next(
                (n for n in self._nodes.values() if n["type"] == "SetNode" and n.get("widgets_values") == named), {}
            )
        if node.get("mode") == _BYPASSED or node.get("type") in ("Reroute", "SetNode"):
            return self._passed(node, output, deepest)
        return [number, output] if node else None

    def _passed(self, node: Mapping[str, Any], output: int, deepest: int) -> Any:
        """What a node passes on: the first input of the kind of its output.

        Parameters
        ----------
        node:
            The node.
        output:
            Which output.
        deepest:
            How many nodes may still be followed.
        """
        outputs = node.get("outputs")
        kind = None
        if node.get("mode") == _BYPASSED and isinstance(outputs, list) and output < len(outputs):
            kind = outputs[output].get("type") if isinstance(outputs[output], dict) else None
        linked = [entry for entry in _entries(node) if entry.get("link") is not None]
        fitting = [entry for entry in linked if kind in (None, entry.get("type"))]
        return self._from(fitting[0]["link"], deepest - 1) if fitting else None


def _entries(node: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The inputs of a node as they are drawn."""
    drawn = node.get("inputs")
    return [
        entry
        for entry in (drawn if isinstance(drawn, list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("name"), str)
    ]


def _values(node: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a node, by name, where their names are known."""
    values = node.get("widgets_values")
    if isinstance(values, dict):
        return dict(values)
    if not isinstance(values, list):
        return {}
    drawn = [entry["widget"].get("name") for entry in _entries(node) if isinstance(entry.get("widget"), dict)]
    named = _named(drawn, values)
    return named if named is not None else _named(_NAMES.get(node["type"], ()), values) or {}


def _named(names: Sequence[Any], values: Sequence[Any]) -> dict[str, Any] | None:
    """Values by their names; None where the names are not all of them.

    Parameters
    ----------
    names:
        The names.
    values:
        The values. Behind a seed, a word may stand that has no name.
    """
    found: dict[str, Any] = {}
    waiting = list(values)
    for name in names:
        if not waiting:
            return None
        found[str(name)] = waiting.pop(0)
        if name in _SEEDS and waiting and isinstance(waiting[0], str) and waiting[0] in _CONTROL:
            waiting.pop(0)
    return None if waiting or not found else found
