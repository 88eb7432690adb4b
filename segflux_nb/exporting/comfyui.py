"""The parameters of a picture by ComfyUI, read from the graph of nodes that the file carries. Pure.

The reading starts at the sampler that painted the saved picture, and follows its links. A value that comes out of a
node that is not known is not guessed: it is in the rest.
"""

from __future__ import annotations

from collections.abc import Mapping

from .comfy_graph import Graph, Node
from .comfy_loras import loras_of
from .comfy_texts import conditioning_text
from .comfy_workflow import graph_of_workflow
from .reading import Reading

_SHOWING = ("Preview", "Compare")
"""Words in the names of nodes that show a picture and do not save it."""

_NUMBERS: Mapping[str, tuple[str, type[int] | type[float]]] = {
    "seed": ("seed", int),
    "noise_seed": ("seed", int),
    "steps": ("steps", int),
    "cfg": ("cfg", float),
    "denoise": ("denoise", float),
}
_PARTS = ("noise", "sampler", "sigmas", "guider")
"""The inputs of a custom sampler that bring its settings from other nodes."""

_SIGMAS = {"KarrasScheduler": "karras", "ExponentialScheduler": "exponential", "BetaSamplingScheduler": "beta"}
_MODELS = ("ckpt_name", "unet_name", "model_name")


def parse(texts: Mapping[str, str]) -> Reading | None:
    """Prompts, seed, steps, sampler, scheduler and LoRA of the saved picture; None where there is no graph.

    Parameters
    ----------
    texts:
        The texts of the picture's file, by keyword. ComfyUI keeps the graph under ``prompt``, and its drawing under
        ``workflow``, which is read where there is no graph.

    Example
    -------
    >>> import json
    >>> graph = {"1": {"class_type": "KSampler", "inputs": {"seed": 7, "steps": 20, "positive": ["2", 0]}},
    ...          "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox"}}}
    >>> parse({"prompt": json.dumps(graph)}).parameters
    {'seed': 7, 'steps': 20, 'prompt': 'a fox'}
    """
    graph = Graph.of_text(texts.get("prompt", "")) or graph_of_workflow(texts.get("workflow", ""))
    if graph is None:
        return None
    readings = [_read(graph, sampler) for sampler in _final_samplers(graph)]
    if not readings:
        return Reading(rest={"nodes": graph.kinds(graph.nodes)})
    reading = readings[0]
    for other in readings[1:]:  # the file does not say which of several samplers painted it
        for name in {**reading.parameters, **other.parameters}:
            values = [each.parameters.get(name) for each in readings]
            if any(value != values[0] for value in values):
                reading.rest[name] = values
                reading.parameters.pop(name, None)
    unread = [number for number in graph.nodes if number not in graph.read]
    if unread:
        reading.rest["nodes"] = graph.kinds(unread)
    return reading


def _final_samplers(graph: Graph) -> list[Node]:
    """The samplers that painted what was saved; without a node that saves, those that no other one follows."""
    saving = [
        node
        for node in graph.nodes.values()
        if graph.linked(node.inputs.get("images")) or ("Save" in node.kind and graph.linked(node.inputs.get("image")))
    ]
    kept = [node for node in saving if not any(word in node.kind for word in _SHOWING)] or saving
    found: dict[str, Node] = {}
    for node in kept:
        graph.read.add(node.number)
        for sampler in _nearest_samplers(graph, node):
            found[sampler.number] = sampler
    if found:
        return list(found.values())
    samplers = [node for node in graph.nodes.values() if _is_sampler(graph, node)]
    followed = {
        before.number
        for sampler in samplers
        for before in graph.upstream(sampler)
        if before.number != sampler.number and _is_sampler(graph, before)
    }
    return [sampler for sampler in samplers if sampler.number not in followed] or samplers


def _nearest_samplers(graph: Graph, start: Node) -> list[Node]:
    """The first samplers on the way from a node to where its picture comes from.

    A node that repairs or enlarges a picture, and samples for it, counts only where no other one painted it.

    Parameters
    ----------
    graph:
        The graph.
    start:
        The node that saves the picture.
    """
    level, seen = [start], {start.number}
    repairing: list[Node] = []
    while level:
        found = [node for node in level if _is_sampler(graph, node)]
        painting = [node for node in found if not graph.linked(node.inputs.get("image"))]
        if painting:
            return painting
        repairing += found
        following = [other for node in level for other in graph.sources(node, pictures_only=True)]
        level = [node for node in dict.fromkeys(following) if node.number not in seen]
        seen |= {node.number for node in level}
    return repairing[:1]


def _is_sampler(graph: Graph, node: Node) -> bool:
    inputs = node.inputs
    has_settings = any(name in inputs for name in ("seed", "noise_seed", "steps", "sigmas"))
    if graph.linked(inputs.get("guider")):
        return has_settings
    has_prompt = any(graph.linked(inputs.get(name)) for name in ("positive", "conditioning"))
    return (has_prompt and has_settings) or (node.kind.startswith("KSampler") and "Select" not in node.kind)


def _read(graph: Graph, sampler: Node) -> Reading:
    reading = Reading()
    parts = [sampler]
    for name in _PARTS:
        part = graph.node(sampler.inputs.get(name))
        while part is not None and part not in parts:
            parts.append(part)  # nodes that cut or turn the noise levels stand between the sampler and the scheduler
            part = graph.node(part.inputs.get("sigmas")) if name == "sigmas" else None
    for part in parts:
        graph.read.add(part.number)
        _settings(graph, part, reading)
    guider = graph.node(sampler.inputs.get("guider"))
    _prompts(graph, [sampler, *([guider] if guider else [])], reading)
    for part in (sampler, guider):
        if part is not None and graph.linked(part.inputs.get("model")):
            found, models = loras_of(graph, part)
            if "finetune_id" not in reading.parameters and "loras" not in reading.rest:
                reading.loras(found)
            names = {
                node.inputs[name] for node in models for name in _MODELS if isinstance(node.inputs.get(name), str)
            }
            if len(names) == 1:
                reading.parameters["model"] = names.pop()
            break
    return reading


def _settings(graph: Graph, part: Node, reading: Reading) -> None:
    """Read seed, steps and the like out of a sampler, or out of a node that belongs to it.

    Parameters
    ----------
    graph:
        The graph.
    part:
        The node.
    reading:
        What they are added to.
    """
    for theirs, (ours, kind) in _NUMBERS.items():
        if theirs in part.inputs and ours not in reading.parameters:
            value = graph.value(part.inputs[theirs], theirs, int | float)
            if value is None:
                reading.rest[ours] = graph.described(part.inputs[theirs])
            else:
                reading.number(ours, value, kind=kind)
    for name in ("sampler_name", "scheduler"):
        if name in part.inputs and name not in reading.parameters:
            value = graph.value(part.inputs[name], name, str)
            if value is None:
                reading.rest[name] = graph.described(part.inputs[name])
            else:
                reading.parameters[name] = value
    if part.kind in _SIGMAS:
        reading.parameters.setdefault("scheduler", _SIGMAS[part.kind])


def _prompts(graph: Graph, sources: list[Node], reading: Reading) -> None:
    """Read the prompts that reach a sampler, and the guidance on the way of the positive one.

    Parameters
    ----------
    graph:
        The graph.
    sources:
        The sampler, and its guider if it has one.
    reading:
        What they are added to.
    """
    texts: dict[str, str | None] = {"positive": None, "negative": None}
    inputs = {"positive": ("positive", "conditioning", "cond1"), "negative": ("negative", "neg_conditioning")}
    for role, names in inputs.items():
        for link in (node.inputs[name] for node in sources for name in names if name in node.inputs):
            found = conditioning_text(graph, link, role)
            texts[role] = found.text
            if found.text is None:
                ours = "prompt" if role == "positive" else "negative_prompt"
                reading.rest[ours] = list(found.parts) or graph.described(link)
            if role == "positive" and found.guidance is not None:
                reading.parameters["guidance"] = float(found.guidance)
            if found.others:
                reading.rest[f"other {role} texts"] = list(found.others)
            break
    reading.prompts(texts["positive"], texts["negative"])
