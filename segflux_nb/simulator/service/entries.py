"""The models of the simulated catalogue besides the fine-tuned one: data of the simulator's own.

Their names are those of families that such services offer; their fields are made up, after what is public of these
families. Each has another form of schema, or another way to answer, on purpose.
"""

from __future__ import annotations

from typing import Any

_PROMPT = {"type": "string", "description": "What to paint."}
_NEGATIVE = {"type": "string", "default": "", "description": "What not to paint."}
_SEED = {"type": "integer", "default": -1, "minimum": -1, "maximum": 2147483647, "description": "-1 is random."}
_STEPS = {"type": "integer", "default": 25, "minimum": 10, "maximum": 100}
_GUIDANCE = {"type": "number", "default": 7.5, "minimum": 1, "maximum": 25}
_BASE64 = {"type": "boolean", "default": False, "description": "The picture in base64, within JSON."}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    """A JSON schema.

    Parameters
    ----------
    required:
        Names of the fields that must be given.
    properties:
        The fields.
    """
    return {"type": "object", "properties": properties, "required": required}


def _entry(slug: str, title: str, kind: str, **others: Any) -> dict[str, Any]:
    """One object of the catalogue's list.

    Parameters
    ----------
    slug:
        The model's name in addresses.
    title:
        Its name for people.
    kind:
        What it makes of what, in the words of the service.
    others:
        What else the object has.
    """
    return {
        "slug": slug,
        "title": f"{title} (simulated)",
        "type": kind,
        "description": f"{title}, as the simulator has it. Its fields are made up.",
        "is_depreciated": False,
        **others,
    }


_TEXT_TO_IMAGE = [
    _entry(
        "sdxl1.0-txt2img",
        "SDXL 1.0",
        "textToImage",
        avg_cost=0.0052,
        avg_latency=4.1,
        parameters_schema=_object(
            ["prompt"],
            prompt=_PROMPT,
            negative_prompt=_NEGATIVE,
            style={"type": "string", "enum": ["base", "anime", "photographic", "comic book"], "default": "base"},
            samples={"type": "integer", "default": 1, "minimum": 1, "maximum": 4},
            scheduler={
                "type": "string",
                "enum": ["UniPC", "Euler a", "DPM2 a", "dpmpp_sde_ancestral"],
                "default": "UniPC",
            },
            num_inference_steps=_STEPS,
            guidance_scale=_GUIDANCE,
            strength={"type": "number", "default": 0.2, "minimum": 0, "maximum": 0.99},
            seed=_SEED,
            img_width={"type": "integer", "default": 1024, "enum": [512, 768, 1024]},
            img_height={"type": "integer", "default": 1024, "enum": [512, 768, 1024]},
            refiner={"type": "boolean", "default": True},
            base64=_BASE64,
        ),
    ),
    _entry(
        "fast-flux-schnell",
        "Fast Flux Schnell",
        "textToImage",
        price="$0.0055",
        seconds="2.5 s",
        parameters_schema={
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "additionalProperties": False,
            **_object(
                ["prompt"],
                prompt={**_PROMPT, "minLength": 1, "maxLength": 2000},
                steps={"type": "integer", "default": 4, "minimum": 1, "maximum": 8},
                seed={"type": "integer", "default": 7, "exclusiveMinimum": -1},
                aspect_ratio={"enum": ["1:1", "16:9", "9:16", "4:3", "3:4"], "default": "1:1"},
                image_format={"type": "string", "enum": ["jpeg", "png", "webp"], "default": "jpeg"},
            ),
        },
    ),
    _entry(
        "flux-dev-multi-lora",
        "Flux with several LoRAs",
        "textToImage",
        parameters_schema=_object(
            ["prompt", "loras"],
            prompt=_PROMPT,
            loras={
                "type": "array",
                "minItems": 1,
                "maxItems": 3,
                "default": [{"path": "https://example.com/pagoda-1200.safetensors", "scale": 1.0}],
                "items": _object(
                    ["path"],
                    path={"type": "string", "format": "uri"},
                    scale={"type": "number", "default": 1.0, "minimum": 0, "maximum": 4},
                ),
            },
            num_inference_steps={"type": "integer", "default": 28, "minimum": 1, "maximum": 50},
            guidance={"type": "number", "default": 3.5, "minimum": 0, "maximum": 20},
            seed=_SEED,
            aspect_ratio={"type": "string", "enum": ["1:1", "3:2", "2:3"], "default": "1:1"},
        ),
    ),
    _entry(
        "qwen-image",
        "Qwen Image",
        "textToImage",
        parameters_schema={  # as OpenAPI writes it
            **_object(
                ["prompt"],
                prompt={**_PROMPT, "example": "a lake at dawn"},
                negative_prompt={"type": "string", "nullable": True, "default": None},
                image_size={
                    "allOf": [{"$ref": "#/components/schemas/Size"}],
                    "default": {"width": 1024, "height": 768},
                },
                true_cfg_scale={
                    "anyOf": [{"type": "number", "minimum": 0, "maximum": 10}, {"type": "null"}],
                    "default": 4,
                },
                seed={"type": ["integer", "null"], "default": None, "minimum": 0},
            ),
            "components": {
                "schemas": {
                    "Size": _object(
                        ["width", "height"],
                        width={"type": "integer", "minimum": 256, "maximum": 1536, "multipleOf": 16},
                        height={"type": "integer", "minimum": 256, "maximum": 1536, "multipleOf": 16},
                    )
                }
            },
        },
    ),
    _entry(
        "style-presets-xl",
        "Presets of LoRAs",
        "textToImage",
        parameters_schema=_object(
            ["prompt"],
            prompt=_PROMPT,
            lora={"type": "string", "enum": ["none", "pagoda", "lighthouse", "balloon"], "default": "none"},
            lora_2_url={"type": "string", "format": "uri", "default": ""},
            lora_scale={"type": "number", "default": 1, "minimum": 0, "maximum": 1},
            quality={"type": "integer", "enum": [1, 2, 3], "default": 2},
            tags={"type": "array", "items": {"type": "string"}, "default": [], "maxItems": 5},
            seed=_SEED,
        ),
    ),
    _entry(
        "recraft-sizes",
        "Fixed sizes",
        "textToImage",
        avg_cost=0.04,
        parameters_schema=_object(
            ["prompt"],
            prompt=_PROMPT,
            size={
                "type": "string",
                "enum": ["1024x1024", "1365x1024", "1024x1365", "1536x1024"],
                "default": "1024x1024",
            },
            style={"const": "realistic_image"},
            seed=_SEED,
        ),
    ),
    _entry(
        "picture-without-seed",
        "No seed",
        "textToImage",
        cost={"per_call": 0.04},  # not a number
        parameters_schema=_object(
            ["prompt"],
            prompt=_PROMPT,
            n={"type": "integer", "default": 1, "minimum": 1, "maximum": 4},
            quality={"type": "string", "enum": ["low", "medium", "high"], "default": "medium"},
            background={"type": "string", "enum": ["opaque", "transparent"], "default": "opaque"},
        ),
    ),
    _entry(
        "kandinsky2.2-txt2img",
        "Kandinsky 2.2",
        "textToImage",
        parameters={  # the older list
            "prompt": "a lake at dawn",
            "seed": 123,
            "metadata": [
                {"name": "prompt", "type": "str", "required": True, "info": "What to paint."},
                {"name": "negative_prompt", "type": "str", "default": "", "required": False},
                {"name": "samples", "type": "int", "default": 1, "min": 1, "max": 4, "required": False},
                {"name": "steps", "type": "int", "default": 25, "min": 10, "max": 40, "required": False},
                {"name": "guidance_scale", "type": "float", "default": 7.5, "min": 1, "max": 25, "required": False},
                {
                    "name": "scheduler",
                    "type": "enum",
                    "options": ["DDIM", "DDPM"],
                    "default": "DDIM",
                    "required": False,
                },
                {"name": "img_width", "type": "int", "default": 512, "options": [512, 768, 1024], "required": False},
                {"name": "img_height", "type": "int", "default": 512, "options": [512, 768, 1024], "required": False},
                {"name": "seed", "type": "int", "default": -1, "min": -1, "max": 999999999, "required": False},
                {"name": "base64", "type": "bool", "default": False, "required": False},
            ],
        },
    ),
    _entry(
        "four-at-once",
        "Four pictures of each call",
        "textToImage",
        parameters_schema=_object(["prompt"], prompt=_PROMPT, seed=_SEED, guidance_scale=_GUIDANCE),
    ),
    _entry(
        "sdxl-in-json",
        "Pictures in base64",
        "textToImage",
        parameters_schema=_object(["prompt"], prompt=_PROMPT, seed=_SEED, steps=_STEPS),
    ),
]

_IMAGE_TO_IMAGE = [
    _entry(
        "sd1.5-img2img",
        "Stable Diffusion 1.5 from a picture",
        "imageTOImage",
        parameters_schema=_object(
            ["image", "prompt"],
            image={"type": "string", "format": "uri", "description": "URL of the picture, or its base64."},
            prompt=_PROMPT,
            negative_prompt=_NEGATIVE,
            samples={"type": "integer", "default": 1, "minimum": 1, "maximum": 4},
            num_inference_steps=_STEPS,
            guidance_scale=_GUIDANCE,
            strength={"type": "number", "default": 0.75, "minimum": 0.1, "maximum": 1},
            seed=_SEED,
            base64=_BASE64,
        ),
    ),
    _entry(
        "kontext-edit",
        "Edit of several pictures",
        "imageToImage",
        parameters_schema=_object(
            ["prompt", "image_urls"],
            prompt=_PROMPT,
            image_urls={"type": "array", "items": {"type": "string", "format": "uri"}, "minItems": 1, "maxItems": 4},
            seed=_SEED,
        ),
    ),
    _entry(
        "upscale-v1",
        "Upscaler",
        "imageToImage",
        api_versions=["v1"],
        parameters_schema=_object(
            ["image"],
            image={"type": "string", "contentEncoding": "base64"},
            scale={"type": "integer", "default": 2, "minimum": 1, "maximum": 4},
        ),
    ),
]

_NO_PICTURES = [
    _entry(
        "kling-text2video",
        "Video",
        "textToVideo",
        parameters_schema=_object(
            ["prompt"], prompt=_PROMPT, duration={"type": "integer", "enum": [5, 10], "default": 5}, seed=_SEED
        ),
    ),
    _entry(
        "small-language-model",
        "Text",
        "textToText",
        api_versions=["v1"],
        parameters_schema=_object(["messages"], messages={"type": "array", "items": {"type": "object"}}),
    ),
]

_ODD = [
    _entry(
        "sd1.5-retired",
        "Stable Diffusion 1.5",
        "textToImage",
        is_depreciated=True,
        parameters_schema=_object(["prompt"], prompt=_PROMPT, seed=_SEED),
    ),
    _entry(
        "schema-that-contradicts-itself",
        "Contradictions",
        "textToImage",
        parameters_schema=_object(
            ["prompt", "a_field_that_is_not_there"],
            prompt=_PROMPT,
            steps={"type": "integer", "minimum": 50, "maximum": 10, "default": 25},
            guidance={"type": "number", "minimum": 0, "maximum": 5, "default": 7.5},
            style={"type": "string", "enum": [], "default": "base"},
            strength={"type": "quaternion", "x-order": 3, "ui:widget": "slider", "default": 0.5},
            seed={"type": "integer", "enum": ["one", "two"], "default": 1},
        ),
    ),
    _entry("schema-that-is-a-text", "A text", "textToImage", parameters_schema="See the documentation."),
    _entry("schema-that-is-missing", "Nothing", "textToImage"),
    _entry(
        "schema-that-refers-to-itself",
        "A circle",
        "textToImage",
        parameters_schema={
            "$ref": "#/$defs/Circle",
            "$defs": {"Circle": {"allOf": [{"$ref": "#/$defs/Circle"}], "properties": ["prompt", "seed"]}},
        },
    ),
]

ENTRIES: tuple[dict[str, Any], ...] = (*_TEXT_TO_IMAGE, *_IMAGE_TO_IMAGE, *_NO_PICTURES, *_ODD)
