"""How each model of the catalogue answers: what it makes, what is wrong with a body, and what is painted. Pure.

The fine-tuned model has its own rules, in `jobs`. The others share the ones here: a painter of landscapes does not
know what a ``guidance_scale`` is. A picture comes from the prompt, the seed, the size, the steps and a LoRA, as far
as a body has them, and from the picture that was given.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from ...model import MODEL
from .entries import ENTRIES
from .names import assets_in
from .openapi import parameters_schema

LONG_NAME = "Inference Segmind Model Information List With Details"

ENVELOPES = ("long", "models", "list")
"""Forms of the catalogue's answer: an object with the long name, an object with ``models``, the list alone."""

MOST_PICTURES = 4
MOST_PIXELS = 1536
"""Of a side of a picture."""

PRICE, SECONDS = 0.02, 6.0
"""What one picture of these models costs in US dollars, and takes before scaling, where the entry does not say."""

_COUNTS = ("samples", "n", "num_images", "num_outputs")
_SIZES = (("width", "height"), ("img_width", "img_height"))
_STEPS = ("steps", "num_inference_steps")
_SCALES = ("lora_scale", "lora_strength")
_IMAGES = ("image", "image_url", "image_urls", "init_image")
_WRITTEN_SIZE = re.compile(r"(\d{1,5})\s*[x×*]\s*(\d{1,5})")
_RATIO = re.compile(r"(\d{1,3}):(\d{1,3})")
_SQUARE = 1024


@dataclass(frozen=True)
class Offer:
    """A model of the catalogue as something that can be called.

    Attributes
    ----------
    slug:
        Its name in addresses.
    makes:
        What its output is.
    schema:
        Its request fields, where they make sense.
    pictures:
        How many pictures each call makes, where the body does not say.
    in_json:
        Whether its pictures are base64 within JSON, and not files.
    versions:
        Which versions of the API it answers.
    retired:
        Whether it answers 410.
    price:
        US dollars for one picture.
    seconds:
        Seconds for one call, before scaling.
    """

    slug: str
    makes: Literal["pictures", "video", "text"] = "pictures"
    schema: Mapping[str, Any] = field(default_factory=dict)
    pictures: int = 1
    in_json: bool = False
    versions: tuple[str, ...] = ("v1", "v2")
    retired: bool = False
    price: float = PRICE
    seconds: float = SECONDS


@dataclass(frozen=True)
class Asked:
    """What a body asks the painter for.

    Attributes
    ----------
    painting:
        The fields of the fine-tuned model that stand for it.
    width:
        Width in pixels.
    height:
        Height in pixels.
    """

    painting: Mapping[str, Any]
    width: int
    height: int


def _offer(entry: Mapping[str, Any]) -> Offer:
    """The behaviour of one entry."""
    kind, schema = str(entry["type"]), entry.get("parameters_schema")
    makes: dict[str, Literal["video", "text"]] = {"textToVideo": "video", "textToText": "text"}
    return Offer(
        entry["slug"],
        makes.get(kind, "pictures"),
        schema if isinstance(schema, Mapping) and not entry["slug"].startswith("schema-that-") else {},
        pictures=MOST_PICTURES if entry["slug"] == "four-at-once" else 1,
        in_json=entry["slug"] == "sdxl-in-json",
        versions=tuple(entry.get("api_versions", ("v1", "v2"))),
        retired=bool(entry["is_depreciated"]),
        price=_said(entry, ("avg_cost", "price"), PRICE),
        seconds=_said(entry, ("avg_latency", "seconds"), SECONDS),
    )


def _said(entry: Mapping[str, Any], names: tuple[str, ...], usual: float) -> float:
    """A figure of an entry.

    Parameters
    ----------
    entry:
        The entry.
    names:
        The names that it may have.
    usual:
        The figure of an entry that has none.
    """
    found = next((entry[name] for name in names if name in entry), usual)
    return float(str(found).strip("$ s"))


OFFERS: Mapping[str, Offer] = MappingProxyType({entry["slug"]: _offer(entry) for entry in ENTRIES})
"""The models besides the fine-tuned one, by slug."""


def catalogue() -> list[dict[str, Any]]:
    """The list of the catalogue. It is the caller's own, to be changed at will."""
    own = {
        "slug": MODEL.slug,
        "title": "Flux Dev Finetuned (simulated)",
        "type": "textToImage",
        "description": "A fine-tune of Flux, as the simulator has it.",
        "is_depreciated": False,
        "parameters_schema": parameters_schema(),
    }
    return [own, *deepcopy(list(ENTRIES))]


def enveloped(listed: list[dict[str, Any]], envelope: str) -> Any:
    """The body of the catalogue's answer.

    Parameters
    ----------
    listed:
        The list.
    envelope:
        One of `ENVELOPES`.
    """
    return listed if envelope == "list" else {LONG_NAME if envelope == "long" else "models": listed}


def pictures_of(slug: str, body: Mapping[str, Any]) -> int:
    """How many pictures a job makes; 0 for a model that makes none.

    Parameters
    ----------
    slug:
        The model.
    body:
        Body of the submit.
    """
    offer = OFFERS.get(slug)
    if offer is None:
        return 1
    if offer.makes != "pictures":
        return 0
    wanted = next((body[name] for name in _COUNTS if type(body.get(name)) is int), offer.pictures)
    return min(max(1, wanted), MOST_PICTURES)


def price_of(offer: Offer, body: Mapping[str, Any]) -> float:
    """US dollars for a job that completes.

    Parameters
    ----------
    offer:
        The model.
    body:
        Body of the submit.
    """
    return offer.price * max(1, pictures_of(offer.slug, body))


def is_in_json(slug: str, body: Mapping[str, Any]) -> bool:
    """Whether the pictures of a job are base64 within JSON.

    Parameters
    ----------
    slug:
        The model.
    body:
        Body of the submit.
    """
    offer = OFFERS.get(slug)
    return offer is not None and offer.makes == "pictures" and (offer.in_json or body.get("base64") is True)


def mistake(offer: Offer, body: Mapping[str, Any]) -> str | None:
    """What is wrong with a body, or None. The service accepts the submit anyway, and the job fails later."""
    for name in offer.schema.get("required", ()):
        if body.get(name) in (None, "", []):
            return f"{name} is required"
    for name, described in offer.schema.get("properties", {}).items():
        if name in body and (wrong := _wrong(described, body[name])):
            return f"Invalid value for {name}: {wrong}"
    return None


def _wrong(described: Mapping[str, Any], value: Any) -> str:
    """What is wrong with the value of a field; empty if nothing is.

    Parameters
    ----------
    described:
        Its schema.
    value:
        The value.
    """
    if "enum" in described and value not in described["enum"]:
        return f"it must be one of {described['enum']}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if value < described.get("minimum", value) or value > described.get("maximum", value):
        return f"it must be from {described.get('minimum')} to {described.get('maximum')}"
    return ""


def asked(body: Mapping[str, Any], request_id: str, number: int) -> Asked:
    """What a body asks the painter for.

    Parameters
    ----------
    body:
        Body of the submit.
    request_id:
        Id of the job: what a model without a seed draws one from.
    number:
        Which picture of the job it is, from 0.
    """
    seed = seed_of(body, request_id)
    # What is stored here counts by its name: the address has a port, which is another one each time.
    given = [str(assets_in(body[name]) or body[name]) for name in _IMAGES if body.get(name)]
    seed += zlib.crc32("".join(given).encode("utf-8", "replace")) if given else 0
    lora, strength = _lora(body)
    painting = {
        **{name: one.default for name, one in MODEL.parameters.items() if name != "finetune_id"},
        "prompt": str(body.get("prompt") or "a picture"),
        "seed": (seed + number) % (MODEL.parameters["seed"].maximum or 1),
        "steps": min(max(1, int(_number(body, _STEPS, 25.0))), 50),
        "lora_strength": strength,
        **({"finetune_id": lora} if lora else {}),
    }
    width, height = _size(body)
    return Asked(painting, min(max(64, width), MOST_PIXELS), min(max(64, height), MOST_PIXELS))


def seed_of(body: Mapping[str, Any], request_id: str) -> int:
    """The seed that a job uses. It is drawn from the job's id if the body has none.

    Parameters
    ----------
    body:
        Body of the submit.
    request_id:
        Id of the job.
    """
    given = body.get("seed")
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given < float("inf"):
        return int(given)
    return int(request_id[:7], 16)


def _lora(body: Mapping[str, Any]) -> tuple[str, float]:
    """The LoRA that a body names, which stands for a fine-tune, and how strong it is."""
    loras = body.get("loras")
    if isinstance(loras, list) and loras and isinstance(loras[0], dict):
        return str(loras[0].get("path", "")), _number(loras[0], ("scale",), 1.0)
    preset = body.get("lora")
    named = preset if isinstance(preset, str) and preset not in ("", "none") else ""
    return named, _number(body, _SCALES, 1.0)


def _number(body: Mapping[str, Any], names: tuple[str, ...], usual: float) -> float:
    """A number of a body, from -10 to 10,000.

    Parameters
    ----------
    body:
        The body.
    names:
        The names that it may have.
    usual:
        The number of a body that has none.
    """
    found = next((body[name] for name in names if type(body.get(name)) in (int, float)), usual)
    return min(max(-10.0, float(found)), 10_000.0) if found == found else usual


def _size(body: Mapping[str, Any]) -> tuple[int, int]:
    """Width and height in pixels that a body asks for."""
    nested = body.get("image_size")
    for source in (body, nested if isinstance(nested, dict) else {}):
        for pair in _SIZES:
            if all(type(source.get(name)) is int for name in pair):
                return source[pair[0]], source[pair[1]]
    if (match := _WRITTEN_SIZE.fullmatch(str(body.get("size", "")))) is not None:
        return int(match[1]), int(match[2])
    if (match := _RATIO.fullmatch(str(body.get("aspect_ratio", "")))) is not None and int(match[1]) and int(match[2]):
        ratio = (int(match[1]) / int(match[2])) ** 0.5
        return round(_SQUARE * ratio), round(_SQUARE / ratio)
    return _SQUARE, _SQUARE
