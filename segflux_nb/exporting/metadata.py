"""The parameters inside picture files: how ours are written, and how those of us, A1111 and ComfyUI are read.

Most tools read A1111's text: the prompt, then a last line of ``name: value`` pairs
(https://github.com/AUTOMATIC1111/stable-diffusion-webui, ``modules/infotext_utils.py``). We write it, and our own
JSON with all parameters as they were.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import MetadataError
from ..model import MODEL, Value
from ..version import __version__
from . import comfyui, embedding

OWN = "segflux"
"""The keyword of our JSON."""

SCHEMA = 1
"""The version of our JSON."""

_SAMPLERS = {
    **{"euler": "Euler", "euler_ancestral": "Euler a", "heun": "Heun", "dpm_2": "DPM2", "dpm_2_ancestral": "DPM2 a"},
    **{"lms": "LMS", "dpm_fast": "DPM fast", "dpm_adaptive": "DPM adaptive", "dpmpp_2s_ancestral": "DPM++ 2S a"},
    **{"dpmpp_sde": "DPM++ SDE", "dpmpp_2m": "DPM++ 2M", "dpmpp_2m_sde": "DPM++ 2M SDE", "lcm": "LCM"},
    **{"dpmpp_3m_sde": "DPM++ 3M SDE", "ddim": "DDIM", "uni_pc": "UniPC", "ipndm": "IPNDM", "deis": "DEIS"},
}
_SCHEDULERS = {
    **{"normal": "Normal", "karras": "Karras", "exponential": "Exponential", "simple": "Simple", "beta": "Beta"},
    **{"sgm_uniform": "SGM Uniform", "ddim_uniform": "DDIM"},
}
_PAIR = re.compile(r'\s*([\w ()\-/]+):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
_LORA = re.compile(r"<lora:([^:>]+):(-?[\d.]+)>")


@dataclass(frozen=True)
class PictureMetadata:
    """The parameters inside a picture file.

    Attributes
    ----------
    source:
        Whose format it is: ``segflux``, ``a1111``, ``comfyui``, or empty where the file has no known format.
    parameters:
        The parameters, under our names where we have some: prompt, seed, steps, sampler_name, lora_strength.
    texts:
        All texts of the file, by keyword, as they are.
    """

    source: str
    parameters: Mapping[str, Any]
    texts: Mapping[str, str]


def describe(
    parameters: Mapping[str, Value],
    *,
    run: str = "",
    width: int | None = None,
    height: int | None = None,
    service: str = "",
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
    """
    own = {"schema": SCHEMA, "model": MODEL.slug, "run": run, "service": service, "parameters": dict(parameters)}
    return {"parameters": _a1111_text(parameters, width, height), OWN: json.dumps(own, ensure_ascii=False)}


def embed(data: bytes, texts: Mapping[str, str]) -> bytes:
    """The picture file with texts added. No pixel is changed.

    Parameters
    ----------
    data:
        The file.
    texts:
        The texts, by `describe`.
    """
    return embedding.insert(data, texts, OWN)


def read_metadata(path: str | Path) -> PictureMetadata:
    """The parameters inside a PNG, JPEG or WebP picture by this package, A1111, Forge or ComfyUI.

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
    try:
        texts = embedding.read(Path(path).read_bytes(), OWN)
    except OSError as error:
        raise MetadataError(
            f"{path} cannot be read as a picture: {error.strerror or 'it is not a PNG, JPEG or WebP file'}",
            remedy="Give a picture file",
        ) from None
    for source, parse in ((OWN, _own), ("comfyui", comfyui.parse), ("a1111", _a1111)):
        parameters = parse(texts)
        if parameters:
            return PictureMetadata(source, parameters, texts)
    return PictureMetadata("", {}, texts)


def _own(texts: Mapping[str, str]) -> dict[str, Any]:
    try:
        found = json.loads(texts.get(OWN, ""))
    except ValueError:
        return {}
    parameters = found.get("parameters") if isinstance(found, dict) else None
    return parameters if isinstance(parameters, dict) else {}


# ---------------------------------------------------------------------- A1111


def _a1111_text(parameters: Mapping[str, Value], width: int | None, height: int | None) -> str:
    """The parameters as A1111 writes them.

    Parameters
    ----------
    parameters:
        The run's parameters.
    width:
        The picture's width in pixels, where it is known.
    height:
        The picture's height in pixels, where it is known.
    """
    strength = parameters.get("lora_strength")
    lora = f" <lora:{parameters.get('finetune_id')}:{strength:g}>" if isinstance(strength, int | float) else ""
    sampler, scheduler = str(parameters.get("sampler_name", "")), str(parameters.get("scheduler", ""))
    pairs: dict[str, Any] = {
        "Steps": parameters.get("steps"),
        "Sampler": _SAMPLERS.get(sampler, sampler),
        "Schedule type": _SCHEDULERS.get(scheduler, scheduler),
        "CFG scale": 1,  # Flux is distilled: its guidance is not A1111's
        "Seed": parameters.get("seed"),
        "Size": f"{width}x{height}" if width and height else None,
        "Model": MODEL.slug,
        "Version": f"segflux_nb {__version__}",
    }
    line = ", ".join(f"{name}: {_quoted(value)}" for name, value in pairs.items() if value not in (None, ""))
    return f"{parameters.get('prompt', '')}{lora}\n{line}"


def _quoted(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if re.search(r"[,:\n]", text) else text


def _a1111(texts: Mapping[str, str]) -> dict[str, Any]:
    *lines, last = texts.get("parameters", "").strip().split("\n")
    pairs = {name.strip(): _unquoted(value) for name, value in _PAIR.findall(last)}
    if len(pairs) < 3:
        return {}
    prompt, _, negative = "\n".join(lines).partition("\nNegative prompt:")
    found: dict[str, Any] = {}
    loras = _LORA.findall(prompt)
    if len(loras) == 1:
        found |= {"finetune_id": loras[0][0], "lora_strength": float(loras[0][1])}
        prompt = _LORA.sub("", prompt)
    found["prompt"] = prompt.strip()
    found |= {"negative_prompt": negative.strip()} if negative else {}
    for name, ours, known in (("Sampler", "sampler_name", _SAMPLERS), ("Schedule type", "scheduler", _SCHEDULERS)):
        if name in pairs:
            found[ours] = {said.casefold(): name for name, said in known.items()}.get(
                pairs[name].casefold(), pairs[name]
            )
    for name, ours, kind in (("Steps", "steps", int), ("Seed", "seed", int), ("CFG scale", "cfg_scale", float)):
        try:
            found[ours] = kind(pairs[name])
        except (KeyError, ValueError):
            continue
    found |= {ours: pairs[name] for name, ours in (("Size", "size"), ("Model", "model")) if name in pairs}
    return found


def _unquoted(value: str) -> str:
    value = value.strip()
    if value.startswith('"'):
        try:
            return str(json.loads(value))
        except ValueError:
            return value
    return value
