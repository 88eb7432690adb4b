"""ComfyUI's graph of nodes: which node a link leads to, and the values that come out of primitive nodes. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any

_DEEPEST = 200
"""The most nodes on the way of one value. A graph may have a circle."""

_CONDITIONS = {"positive", "negative", "conditioning", "neg_conditioning", "model", "clip", "vae", "control_net"}
"""Inputs through which no picture comes."""

_MOST_STEPS = 20_000
"""The most nodes that are read in one graph, each time counted. Links that part and meet make very many ways."""

_COMPUTING = ("Math", "Expression", "Operation", "Calc", "Random Number", "Evaluate", "Arithmetic")
"""Words in the names of nodes whose output differs from all of their inputs."""

_VALUES = ("value", "seed", "int", "float", "number", "Number", "string", "text", "Text", "prompt", "String")
"""What common nodes that hold one value call it."""

_ALIASES = {"noise_seed": ("seed",), "seed": ("noise_seed",), "steps": ("steps_total",), "sampler_name": ("sampler",)}


@dataclass(frozen=True, eq=False)
class Node:
    """One node.

    Attributes
    ----------
    number:
        Its key in the graph.
    kind:
        Its class.
    inputs:
        Its inputs, by name: values, and links to the outputs of other nodes.
    """

    number: str
    kind: str
    inputs: Mapping[str, Any]


class Graph:
    """The nodes of a workflow, as ComfyUI ran them.

    Parameters
    ----------
    nodes:
        The nodes, by number.

    Attributes
    ----------
    read:
        The numbers of the nodes that were read.
    """

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self.nodes = nodes
        self.read: set[str] = set()
        self._steps_left = _MOST_STEPS

    @classmethod
    def of_text(cls, text: str) -> Graph | None:
        """The graph in a JSON text; None where it holds none."""
        try:
            found = json.loads(text) if text.lstrip().startswith("{") else None
        except (ValueError, RecursionError):
            return None
        nodes = {
            str(number): Node(str(number), str(node["class_type"]), node["inputs"])
            for number, node in (found.items() if isinstance(found, dict) else ())
            if isinstance(node, dict) and "class_type" in node and isinstance(node.get("inputs"), dict)
        }
        return cls(nodes) if nodes else None

    def linked(self, value: Any) -> bool:
        """Whether an input is a link to a node of the graph."""
        return isinstance(value, list) and len(value) == 2 and str(value[0]) in self.nodes

    def node(self, link: Any) -> Node | None:
        """The node at the other end of a link; None for a value."""
        return self.nodes[str(link[0])] if self.linked(link) else None

    def sources(self, node: Node, *, pictures_only: bool = False) -> list[Node]:
        """The nodes that a node takes something from.

        Parameters
        ----------
        node:
            The node.
        pictures_only:
            Leave out the inputs through which no picture comes.
        """
        links = (value for name, value in node.inputs.items() if not (pictures_only and name in _CONDITIONS))
        return [found for link in links if (found := self.node(link)) is not None]

    def upstream(self, node: Node) -> Iterator[Node]:
        """All nodes from which something reaches a node, and the node itself."""
        waiting, seen = [node], {node.number}
        while waiting:
            each = waiting.pop()
            yield each
            for other in self.sources(each):
                if other.number not in seen:
                    seen.add(other.number)
                    waiting.append(other)

    def step(self, node: Node) -> bool:
        """Note that a node is read; False where more were than a graph without circles would have."""
        self.read.add(node.number)
        self._steps_left -= 1
        return self._steps_left > 0

    def value(self, value: Any, name: str, kind: type | UnionType) -> Any:
        """A value, or what the node at the other end of a link holds; None where that is not understood.

        Parameters
        ----------
        value:
            The input.
        name:
            Its name.
        kind:
            The type that it must have.
        """
        for _ in range(_DEEPEST):
            if not isinstance(value, list):
                return value if isinstance(value, kind) and not isinstance(value, bool) else None
            node = self.node(value)
            if node is None or not self.step(node):
                return None
            value = self._held(node, name, kind)
        return None

    def _held(self, node: Node, name: str, kind: type | UnionType) -> Any:
        """What a node that holds or passes on one value has; None for any other node.

        Parameters
        ----------
        node:
            The node.
        name:
            The name of the input that the value is for.
        kind:
            The type that it must have.
        """
        if any(word in node.kind for word in _COMPUTING):
            return None
        for known in (name, *_ALIASES.get(name, ()), *_VALUES):
            if known in node.inputs and (self.linked(node.inputs[known]) or isinstance(node.inputs[known], kind)):
                return node.inputs[known]
        if "Switch" in node.kind or "Reroute" in node.kind:  # the first input that is there is passed on
            return next((link for link in node.inputs.values() if self.linked(link)), None)
        return None

    def described(self, link: Any) -> Any:
        """A link in words, for the rest: the class and the inputs of the node that it leads to."""
        node = self.node(link)
        return link if node is None else {"node": node.number, "class_type": node.kind, "inputs": dict(node.inputs)}

    def kinds(self, numbers: Iterable[str]) -> dict[str, str]:
        """The classes of some nodes, by number."""
        return {number: self.nodes[number].kind for number in numbers}
