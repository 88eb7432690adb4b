"""The parameters inside picture files: how ours are written, and how those of us and of other programs are read.

Most tools read A1111's text: the prompt, then a last line of ``name: value`` pairs
(https://github.com/AUTOMATIC1111/stable-diffusion-webui, ``modules/infotext_utils.py``). We write it, and our own
JSON with all parameters as they were.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import MetadataError
from ..model import MODEL, Value, is_slug
from ..paths import is_path
from ..saving import path_of
from ..sweep.template import Verbatim
from ..values import OtherProgram, of_other_program
from ..version import __version__
from . import a1111, comfyui, embedding, programs, sidecar, xmp
from . import texts as found_texts
from .hidden import hidden_texts
from .reading import SAMPLER_LABELS, SCHEDULER_LABELS, Reading, json_object
from .sidecar import OWN

SCHEMA = 1
"""The version of our JSON."""

_KEYWORDS = {
    *(OWN, "parameters", "prompt", "workflow", "fooocus_scheme", "Dream", "sd-metadata", "invokeai_metadata"),
    *("invokeai_workflow", "invokeai_graph", "extra_metadata", "generation_data"),
}
"""Keywords of texts about parameters, in the programs that are known."""

_NOVELAI = {"Title", "Description", "Software", "Source", "Comment", "Generation time"}
"""Keywords of NovelAI's texts. Others use them for what is no parameter."""


@dataclass(frozen=True)
class PictureMetadata:
    """The parameters inside a picture file.

    Attributes
    ----------
    source:
        Whose format it is: ``segflux``, ``a1111`` (Forge and others too), ``comfyui``, ``swarmui``, ``invokeai``,
        ``fooocus``, ``novelai``, or empty where nothing was understood.
    parameters:
        The parameters, under our names where we have some: prompt, seed, steps, sampler_name, lora_strength. They can
        be given to `Sweep`, which leaves out what our model does not take, and prints what that is. A picture of
        another model of the service has its slug too, as ``model``.
    texts:
        All texts of the file, by keyword, as they are.
    rest:
        What was found and not understood, under the program's own names: nothing in `parameters` is guessed.
    loras:
        The strength of each LoRA that has one, by its name. `parameters` has it only where there is one LoRA.
    """

    source: str
    parameters: Mapping[str, Any]
    texts: Mapping[str, str]
    rest: Mapping[str, Any] = field(default_factory=dict)
    loras: Mapping[str, float] = field(default_factory=dict)


def describe(
    parameters: Mapping[str, Value],
    *,
    run: str = "",
    width: int | None = None,
    height: int | None = None,
    service: str = "",
    model: str = MODEL.slug,
) -> dict[str, str]:
    """The texts that go into a picture: ``parameters`` as A1111 writes them, and our JSON.

    Parameters
    ----------
    parameters:
        The run's parameters.
    run:
        The run's short name.
    width:
        The picture's width in pixels, where it is known.
    height:
        The picture's height in pixels, where it is known.
    service:
        The service that made the picture.
    model:
        The slug of the model.
    """
    own = {"schema": SCHEMA, "model": model, "run": run, "service": service, "parameters": dict(parameters)}
    return {"parameters": _a1111_text(parameters, width, height, model), OWN: json.dumps(own, ensure_ascii=False)}


def embed(data: bytes, texts: Mapping[str, str]) -> bytes:
    """The picture file with texts in place of what it said about its parameters. No pixel is changed.

    Parameters
    ----------
    data:
        The file.
    texts:
        The texts, by `describe`.

    Raises
    ------
    MetadataError
        Where the file must be left as it is, such as one with content credentials.
    """
    return embedding.insert(data, texts, OWN, _stale)


def _stale(texts: Mapping[str, str]) -> set[str]:
    """The keywords of the texts that say something about parameters."""
    found = {name for name in texts if name in _KEYWORDS}
    if programs.novelai(texts) is not None:
        found |= _NOVELAI & set(texts)
    for name in set(texts) - found - {xmp.KEYWORD}:
        if any(_reading({keyword: texts[name]}) is not None for keyword in ("parameters", "prompt")):
            found.add(name)
    return found


def read_metadata(path: str | Path) -> PictureMetadata:
    """The parameters inside a picture by this package, or by one of the programs that are known.

    These are A1111 and its family, ComfyUI, SwarmUI, InvokeAI, Fooocus and NovelAI, in PNG, JPEG and WebP. Where an
    export has put the parameters into a file beside the picture, that file is read.

    Parameters
    ----------
    path:
        The picture's file.

    Raises
    ------
    MetadataError
        Where the file is not a picture, or cannot be read.

    Example
    -------
    ``sf.Sweep(**sf.read_metadata("best.png").parameters | {"seed": sf.seeds(8)})``
    """
    path = path_of(path, "path", MetadataError)
    try:
        data = path.read_bytes()
        texts = found_texts.read(data, OWN)
    except OSError as error:
        raise MetadataError(
            f"{path} cannot be read as a picture: {error.strerror or 'it is not a PNG, JPEG or WebP file'}",
            remedy="Give a picture file",
        ) from None
    if OWN not in texts:
        texts |= sidecar.read(path)
    if data.startswith(found_texts.WITHOUT_LOSS):
        found = _reading(texts)
        if found is None or not found[1].parameters:
            texts = {**hidden_texts(data), **texts}
    return metadata_of(texts)


def metadata_of(texts: Mapping[str, str]) -> PictureMetadata:
    """What the texts of a picture say.

    Parameters
    ----------
    texts:
        The texts, by keyword.

    Example
    -------
    >>> metadata_of({"parameters": "a fox <lora:tok:0.7>\\nSteps: 28, Sampler: Euler a, Seed: 42"}).loras
    {'tok': 0.7}
    """
    found = _reading(texts)
    if found is None or not found[1].parameters:
        found = _reading_of_others(texts) or found
    source, reading = found or ("", Reading())
    if not reading.parameters:
        source = ""
    if properties := xmp.properties(texts.get(xmp.KEYWORD, "")):
        reading.rest["xmp"] = properties
    is_another = source == OWN and "model" in reading.parameters
    parameters = _of_another_model(reading.parameters) if is_another else _usable(reading.parameters)
    return PictureMetadata(source, parameters, texts, reading.rest, reading.strengths)


def _reading(texts: Mapping[str, str]) -> tuple[str, Reading] | None:
    """Whose format some texts have, and what is understood of them; None where no format is known.

    A format that tells nothing but that it is there counts only if no other one is.
    """
    first: tuple[str, Reading] | None = None
    for source, parse in _READERS.items():
        reading = parse(texts)
        if reading is not None and reading.parameters:
            return source, reading
        if reading is not None and first is None:
            first = source, reading
    return first


def _reading_of_others(texts: Mapping[str, str]) -> tuple[str, Reading] | None:
    """What is understood of texts under other keywords than those of the programs: where an editor has put them."""
    others = [text for name, text in texts.items() if name not in _KEYWORDS | {xmp.KEYWORD}]
    for text in (*others, *xmp.properties(texts.get(xmp.KEYWORD, "")).values()):
        for keyword in ("parameters", "prompt"):
            found = _reading({keyword: text})
            if found is not None and found[1].parameters:
                return found
    return None


def _own(texts: Mapping[str, str]) -> Reading | None:
    own = json_object(texts.get(OWN))
    parameters, model = own.get("parameters"), own.get("model")
    if not isinstance(parameters, dict):
        return None
    is_another = isinstance(model, str) and is_slug(model) and model != MODEL.slug
    return Reading({**parameters, "model": model} if is_another else dict(parameters))


_READERS: Mapping[str, Callable[[Mapping[str, str]], Reading | None]] = {
    OWN: _own,
    "swarmui": programs.swarmui,
    "fooocus": programs.fooocus,
    "invokeai": programs.invokeai,
    "novelai": programs.novelai,
    "comfyui": comfyui.parse,
    "a1111": a1111.parse,
}


def _usable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, with those marked that our model does not take. The prompt is final: braces in it are text."""
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        known = MODEL.parameters.get(name)
        try:
            found[name] = of_other_program(value) if known is None else known.normalise(value)
        except ValueError:
            found[name] = of_other_program(value)
    if isinstance(prompt := found.get("prompt"), str) and not isinstance(prompt, OtherProgram):
        found["prompt"] = Verbatim(prompt)
    return found


def _of_another_model(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of another model as `Sweep` takes them: a list is one value, an object goes by its paths."""
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        if isinstance(value, dict) and value and all(is_path(f"{name}.{key}") for key in value):
            found |= _of_another_model({f"{name}.{key}": inner for key, inner in value.items()})
        else:
            found[name] = [value] if isinstance(value, list) else value
    if isinstance(prompt := found.get("prompt"), str):
        found["prompt"] = Verbatim(prompt)
    return found


def _a1111_text(parameters: Mapping[str, Value], width: int | None, height: int | None, model: str) -> str:
    """The parameters as A1111 writes them.

    Parameters
    ----------
    parameters:
        The run's parameters.
    width:
        The picture's width in pixels, where it is known.
    height:
        The picture's height in pixels, where it is known.
    model:
        The slug of the model.
    """
    strength = parameters.get("lora_strength")
    lora = f" <lora:{parameters.get('finetune_id')}:{strength:g}>" if isinstance(strength, int | float) else ""
    sampler, scheduler = str(parameters.get("sampler_name", "")), str(parameters.get("scheduler", ""))
    pairs: dict[str, Any] = {
        "Steps": parameters.get("steps", parameters.get("num_inference_steps")),
        "Sampler": SAMPLER_LABELS.get(sampler, sampler),
        "Schedule type": SCHEDULER_LABELS.get(scheduler, scheduler),
        # Flux is distilled: its guidance is not A1111's
        "CFG scale": 1 if model == MODEL.slug else parameters.get("guidance_scale", parameters.get("cfg_scale")),
        "Seed": parameters.get("seed"),
        "Size": f"{width}x{height}" if width and height else None,
        "Model": model,
        "Version": f"segflux_nb {__version__}",
    }
    line = ", ".join(f"{name}: {_quoted(value)}" for name, value in pairs.items() if value not in (None, ""))
    negative = parameters.get("negative_prompt")
    without = f"\nNegative prompt: {negative}" if negative else ""
    return f"{parameters.get('prompt', '')}{lora}{without}\n{line}"


def _quoted(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if re.search(r"[,:\n]", text) else text
