"""The JSON that SwarmUI, InvokeAI, Fooocus and NovelAI write into pictures. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .reading import Lora, Reading, as_number, json_object

_INVOKE_SAMPLERS = {
    **{"euler": "euler", "euler_a": "euler_ancestral", "heun": "heun", "lms": "lms", "lcm": "lcm", "ddim": "ddim"},
    **{"ddpm": "ddpm", "kdpm_2": "dpm_2", "kdpm_2_a": "dpm_2_ancestral", "dpmpp_2m": "dpmpp_2m", "unipc": "uni_pc"},
    **{"dpmpp_sde": "dpmpp_sde", "dpmpp_2m_sde": "dpmpp_2m_sde", "k_euler": "euler", "k_euler_a": "euler_ancestral"},
    **{"k_heun": "heun", "k_lms": "lms", "k_dpm_2": "dpm_2", "k_dpm_2_a": "dpm_2_ancestral"},
    **{"k_dpmpp_2m": "dpmpp_2m", "k_dpmpp_2_a": "dpmpp_2s_ancestral"},
}
"""Our names of InvokeAI's samplers, which it calls schedulers."""

_DREAM = re.compile(r'^"(.*)"\s+(-\S.*)$', re.DOTALL)
_OPTION = re.compile(r"-([A-Za-z])\s*(\S+)")


def swarmui(texts: Mapping[str, str]) -> Reading | None:
    """What SwarmUI says under ``sui_image_params``; None for other pictures.

    Parameters
    ----------
    texts:
        The texts of the picture's file, by keyword.
    """
    found = json_object(texts.get("parameters"))
    said = found.get("sui_image_params")
    if not isinstance(said, dict):
        return None
    reading = Reading()
    reading.left({name: value for name, value in found.items() if name != "sui_image_params"}, ())
    used = {"prompt", "negativeprompt", "seed", "steps", "cfgscale", "model", "loras", "loraweights", "width"}
    reading.left(said, used | {"height", "sampler", "comfyuisampler", "scheduler", "comfyuischeduler"})
    reading.prompts(_text(said.get("prompt")), _text(said.get("negativeprompt")))
    _numbers(reading, said, {"seed": "seed", "steps": "steps"})
    reading.number("cfg_scale", said.get("cfgscale"), theirs="cfgscale", kind=float)
    if "fluxguidancescale" in said:
        reading.rest.pop("fluxguidancescale")
        reading.number("guidance", said["fluxguidancescale"], theirs="fluxguidancescale", kind=float)
    reading.sampler(said.get("sampler", said.get("comfyuisampler")), _swarm_scheduler(said))
    reading.text("model", said.get("model"))
    _size(reading, said)
    names, weights = _list(said.get("loras")), _list(said.get("loraweights"))
    tags = "finetune_id" in reading.parameters or "loras" in reading.rest
    if names and len(names) == len(weights) and not tags:
        pairs = zip(names, map(as_number, weights), strict=True)
        reading.loras([Lora(str(name), _float(weight), {str(name): weight}) for name, weight in pairs])
    elif names:
        reading.rest |= {"loras in the model": names, "loraweights": weights}
    return reading


def _swarm_scheduler(said: Mapping[str, Any]) -> Any:
    return said.get("scheduler", said.get("comfyuischeduler"))


def invokeai(texts: Mapping[str, str]) -> Reading | None:
    """What InvokeAI says: today's ``invokeai_metadata``, ``sd-metadata``, or ``Dream`` of the first versions.

    Parameters
    ----------
    texts:
        The texts of the picture's file, by keyword.
    """
    if said := json_object(texts.get("invokeai_metadata")):
        return _invoke(said)
    if old := json_object(texts.get("sd-metadata")):
        image = old.get("image")
        return _invoke_2(old, image) if isinstance(image, dict) else None
    if dream := _DREAM.match(texts.get("Dream", "").strip()):
        options: dict[str, Any] = dict(_OPTION.findall(dream[2]))
        named = {"s": "steps", "S": "seed", "C": "cfg_scale", "A": "sampler", "W": "width", "H": "height"}
        options = {named.get(letter, letter): value for letter, value in options.items()}
        return _invoke_2({}, {**options, "prompt": dream[1]})
    return None


def _invoke(said: Mapping[str, Any]) -> Reading:
    reading = Reading()
    used = {"positive_prompt", "negative_prompt", "seed", "steps", "cfg_scale", "guidance", "scheduler", "loras"}
    reading.left({name: value for name, value in said.items() if value is not None}, used | {"width", "height"})
    reading.prompts(_text(said.get("positive_prompt")), _text(said.get("negative_prompt")))
    _numbers(reading, said, {"seed": "seed", "steps": "steps"})
    for name in ("cfg_scale", "guidance"):
        reading.number(name, said.get(name), kind=float)
    _invoke_sampler(reading, said.get("scheduler"))
    if model := _model_name(said.get("model")):
        reading.parameters["model"] = model
        reading.rest.pop("model", None)
    _size(reading, said)
    found = []
    for entry in _list(said.get("loras")):
        entry = entry if isinstance(entry, dict) else {"lora": entry}
        name = _model_name(entry.get("model")) or _model_name(entry.get("lora"))
        found.append(Lora(name, _float(as_number(entry.get("weight"))) if name else None, entry))
    reading.loras([*found])
    return reading


def _invoke_2(said: Mapping[str, Any], image: Mapping[str, Any]) -> Reading:
    """The form of InvokeAI's versions before 3.

    Parameters
    ----------
    said:
        All that the picture says.
    image:
        Its part about the picture.
    """
    reading = Reading()
    reading.left(said, {"image"})
    reading.left(image, {"prompt", "seed", "steps", "cfg_scale", "sampler", "width", "height"})
    prompt = image.get("prompt")
    if isinstance(prompt, list):  # prompts with weights; of one, the weight says nothing
        texts = [part.get("prompt") for part in prompt if isinstance(part, dict)]
        prompt = texts[0] if len(texts) == 1 and len(prompt) == 1 else None
    if isinstance(prompt, str):
        # The negative prompt is what stands in square brackets at the end.
        parts = re.fullmatch(r"(.*?)\s*\[([^\[\]]*)\]\s*", prompt, re.DOTALL)
        reading.prompts(parts[1].strip() if parts else prompt.strip(), parts[2].strip() if parts else None)
    else:
        reading.rest["prompt"] = image.get("prompt")
    _numbers(reading, image, {"seed": "seed", "steps": "steps"})
    reading.number("cfg_scale", image.get("cfg_scale"), kind=float)
    _invoke_sampler(reading, image.get("sampler"))
    _size(reading, image)
    return reading


def _invoke_sampler(reading: Reading, said: Any) -> None:
    if not isinstance(said, str):
        return
    name = said.removesuffix("_k")
    reading.parameters["sampler_name"] = _INVOKE_SAMPLERS.get(name, said)
    if name != said and name in _INVOKE_SAMPLERS:  # the ending stands for the noise levels of Karras
        reading.parameters["scheduler"] = "karras"


def fooocus(texts: Mapping[str, str]) -> Reading | None:
    """What Fooocus says in its own form; its other form is A1111's. None for other pictures.

    Parameters
    ----------
    texts:
        The texts of the picture's file, by keyword.
    """
    said = json_object(texts.get("parameters"))
    if "prompt" not in said or not {"base_model", "full_prompt", "performance", "adm_guidance"} & set(said):
        return None
    reading = Reading()
    used = {"prompt", "negative_prompt", "seed", "steps", "sampler", "scheduler", "guidance_scale", "base_model"}
    loras = sorted(name for name in said if re.fullmatch(r"lora_combined_\d+", name))
    reading.left(said, used | {"resolution", "loras", *loras})
    reading.prompts(_text(said.get("prompt")), _text(said.get("negative_prompt")))
    _numbers(reading, said, {"seed": "seed", "steps": "steps"})
    reading.number("cfg_scale", said.get("guidance_scale"), theirs="guidance_scale", kind=float)
    reading.sampler(said.get("sampler"), said.get("scheduler"))
    reading.text("model", said.get("base_model"), theirs="base_model")
    if size := re.fullmatch(r"\(?\s*(\d+)\s*,\s*(\d+)\s*\)?", str(said.get("resolution", ""))):
        reading.parameters["size"] = f"{size[1]}x{size[2]}"
    elif "resolution" in said:
        reading.rest["resolution"] = said["resolution"]
    found = []
    for entry in _list(said.get("loras")) or [str(said[name]).rpartition(" : ")[::2] for name in loras]:
        name, weight = (entry[0], entry[1]) if isinstance(entry, list | tuple) and len(entry) > 1 else (entry, None)
        found.append(Lora(str(name), _float(as_number(weight)), entry))
    reading.loras([lora for lora in found if lora.name != "None"])
    return reading


def novelai(texts: Mapping[str, str]) -> Reading | None:
    """What NovelAI says under ``Comment``; None for other pictures.

    Parameters
    ----------
    texts:
        The texts of the picture's file, by keyword.
    """
    said = json_object(texts.get("Comment"))
    is_theirs = "novelai" in f"{texts.get('Software', '')}{texts.get('Source', '')}".casefold() or "uc" in said
    if not said or not is_theirs:
        return None
    reading = Reading()
    used = {"prompt", "uc", "seed", "steps", "scale", "sampler", "noise_schedule", "width", "height"}
    reading.left(said, used)
    reading.prompts(_text(said.get("prompt", texts.get("Description"))), _text(said.get("uc")))
    _numbers(reading, said, {"seed": "seed", "steps": "steps"})
    reading.number("cfg_scale", said.get("scale"), theirs="scale", kind=float)
    sampler = said.get("sampler")
    reading.sampler(sampler.removeprefix("k_") if isinstance(sampler, str) else sampler, said.get("noise_schedule"))
    _size(reading, said)
    return reading


def _numbers(reading: Reading, said: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """Keep whole numbers.

    Parameters
    ----------
    reading:
        What they are added to.
    said:
        What the picture says.
    names:
        The program's names, by ours.
    """
    for ours, theirs in names.items():
        reading.number(ours, said.get(theirs), theirs=theirs)


def _size(reading: Reading, said: Mapping[str, Any]) -> None:
    width, height = as_number(said.get("width")), as_number(said.get("height"))
    if width and height:
        reading.parameters["size"] = f"{int(width)}x{int(height)}"


def _model_name(said: Any) -> str:
    """The name of a model: a text, or an object with its name."""
    if isinstance(said, dict):
        said = said.get("name", said.get("model_name"))
    return said if isinstance(said, str) else ""


def _list(said: Any) -> list[Any]:
    """A list, which some versions write as a text with commas."""
    if isinstance(said, str):
        return [part.strip() for part in said.split(",") if part.strip()]
    return said if isinstance(said, list) else []


def _text(said: Any) -> str | None:
    return said if isinstance(said, str) else None


def _float(number: float | int | None) -> float | None:
    return None if number is None else float(number)
