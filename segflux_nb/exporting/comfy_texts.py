"""The text that reaches an input of a sampler, through ComfyUI's nodes of conditioning and text. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .comfy_graph import Graph, Node

_DEEPEST = 60
"""The most nodes on the way of a text."""

_ENCODED = ("populated_text", "text", "t5xxl", "text_g", "clip_g", "clip_l", "text_l", "prompt", "wildcard_text")
"""The inputs of nodes that encode a text: the first that is there is the prompt."""

_LESSER = ("text_g", "clip_g", "clip_l", "text_l")
"""Inputs for the smaller text encoders."""

_MERGING = ("Combine", "Concat", "Average", "Blend")
_JOINED = ("Concat", "Join")
_HOLDING = (
    "Primitive",
    "Text",
    "String",
    "CR Prompt",
    "Show",
    "ImpactWildcard",
    "Prompt",
    "easy positive",
    "CLIPText",
)
"""How the names of nodes begin that hold a text, or show one and pass it on."""

_HELD = ("value", "populated_text", "text", "Text", "string", "String", "prompt", "positive", "wildcard_text")
"""What these nodes call their text. Of a pattern and what it became, the latter was painted."""

_CROSSED = ("ControlNet", "InpaintModelConditioning", "InstructPixToPix", "PairConditioning", "ControlNetApply")
"""Nodes whose first two outputs are the positive and the negative side."""


@dataclass(frozen=True)
class Found:
    """What reaches an input.

    Attributes
    ----------
    text:
        The text; None where it is not understood.
    guidance:
        The guidance on its way, if there is one.
    parts:
        The texts that were merged, where they differ.
    others:
        Texts for a smaller text encoder, where they differ.
    """

    text: str | None = None
    guidance: float | int | None = None
    parts: tuple[str | None, ...] = ()
    others: tuple[str, ...] = ()


def conditioning_text(graph: Graph, link: Any, role: str) -> Found:
    """The text that reaches an input of a sampler.

    Parameters
    ----------
    graph:
        The graph.
    link:
        The input.
    role:
        ``positive`` or ``negative``: which side of a node with two is followed.
    """
    return _Way(graph).followed(link, role)


class _Way:
    """The way of conditioning through a graph. Each node is read once for each side.

    Parameters
    ----------
    graph:
        The graph.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._found: dict[tuple[str, str], Found] = {}

    def followed(self, link: Any, role: str) -> Found:
        """What comes through a link.

        Parameters
        ----------
        link:
            The link. Some nodes take the prompt itself.
        role:
            Which side of a node with two is followed.
        """
        node = self._graph.node(link)
        if node is None:
            return Found(link if isinstance(link, str) else None)
        sides = [side for side in ("positive", "negative") if side in node.inputs]
        if len(sides) == 2 and any(word in node.kind for word in _CROSSED) and link[1] in (0, 1):
            role = sides[link[1]]
        key = node.number, role
        if key not in self._found:
            self._found[key] = Found()  # a graph may have a circle: what comes back to a node is not understood
            if self._graph.step(node):
                self._found[key] = self._read(node, role, has_two_sides=len(sides) == 2)
        return self._found[key]

    def _read(self, node: Node, role: str, *, has_two_sides: bool) -> Found:
        """What comes out of a node.

        Parameters
        ----------
        node:
            The node.
        role:
            Which side of a node with two is followed.
        has_two_sides:
            Whether it has two.
        """
        graph = self._graph
        if has_two_sides:
            found = self.followed(node.inputs[role], role)
        elif any(name in node.inputs for name in _ENCODED):
            found = _encoded(graph, node)
        elif any(word in node.kind for word in _MERGING):
            found = self._merged(node, role)
        else:
            onward = _onward(graph, node, role)
            found = Found() if onward is None else self.followed(onward, role)
        if "guidance" in node.inputs:
            guidance = graph.value(node.inputs["guidance"], "guidance", int | float)
            found = replace(found, guidance=guidance)
        return found

    def _merged(self, node: Node, role: str) -> Found:
        """The texts of a node that merges several: one text, if all others are empty or the same.

        Parameters
        ----------
        node:
            The node.
        role:
            Which side of a node with two is followed.
        """
        inputs = [
            value for name, value in node.inputs.items() if self._graph.linked(value) and "cond" in name.casefold()
        ]
        each = [self.followed(value, role) for value in inputs]
        parts = tuple(dict.fromkeys(text for found in each for text in found.parts or (found.text,)))
        said = [text for text in parts if text is None or text.strip()]
        guidance = next((found.guidance for found in each if found.guidance is not None), None)
        if len(said) > 1 or said == [None]:
            return Found(None, guidance, parts)
        return Found(said[0] if said else "" if parts else None, guidance)


def _onward(graph: Graph, node: Node, role: str) -> Any:
    """The one input of a node through which conditioning comes; None where it is not known."""
    for name in ("conditioning", role, "base_ctx", "conditioning_1", "conditioning_to"):
        if graph.linked(node.inputs.get(name)):
            return node.inputs[name]
    links = [value for value in node.inputs.values() if graph.linked(value)]
    is_passing = len(links) == 1 or "Switch" in node.kind or "Reroute" in node.kind
    return links[0] if links and is_passing else None


def _encoded(graph: Graph, node: Node) -> Found:
    """The text that a node encodes. Where it has several encoders, the largest one's is the prompt."""
    texts = {name: _string(graph, node.inputs[name], name, _DEEPEST) for name in _ENCODED if name in node.inputs}
    chosen = next((name for name, text in texts.items() if text), next(iter(texts)))
    others = [text for name, text in texts.items() if name in _LESSER and text and text != texts[chosen]]
    return Found(texts[chosen], others=tuple(others))


def _string(graph: Graph, value: Any, name: str, depth: int) -> str | None:
    """A text, or the text that nodes of text bring; None where it is not understood.

    Parameters
    ----------
    graph:
        The graph.
    value:
        The input.
    name:
        Its name.
    depth:
        How many nodes may still be followed.
    """
    node = graph.node(value)
    if node is None:
        return value if isinstance(value, str) else None
    if not depth or not graph.step(node):
        return None
    if any(word in node.kind for word in _JOINED):
        return _joined(graph, node, name, depth)
    if node.kind.startswith(_HOLDING) or len(node.inputs) == 1:
        for known in (
            "value",
            "populated_text",
            "text",
            "Text",
            "string",
            "String",
            "prompt",
            "positive",
            "wildcard_text",
        ):
            if known in node.inputs:
                return _string(graph, node.inputs[known], name, depth - 1)
    if "Switch" in node.kind or "Reroute" in node.kind:
        return next(
            (_string(graph, link, name, depth - 1) for link in node.inputs.values() if graph.linked(link)), None
        )
    return None


def _joined(graph: Graph, node: Node, name: str, depth: int) -> str | None:
    """The text of a node that joins several; None where one of them is not understood."""
    between = ""
    parts: list[str | None] = []
    for key, value in node.inputs.items():
        if key in ("delimiter", "separator"):
            between = value.replace("\\n", "\n") if isinstance(value, str) else ""
        elif graph.linked(value) or (isinstance(value, str) and key.casefold().startswith(("text", "string"))):
            parts.append(_string(graph, value, name, depth - 1))
    return between.join(part for part in parts if part) if parts and None not in parts else None
