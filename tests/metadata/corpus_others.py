"""Texts of SwarmUI, InvokeAI, Fooocus and NovelAI. All are made here."""

import json

from tests.metadata.text import ABSENT, Text


def swarmui(name, said, parameters, rest=(), **more):
    plain = {
        "prompt": "a fox",
        "seed": 5,
        "steps": 20,
        "cfgscale": 1.0,
        "width": 512,
        "height": 768,
        "swarm_version": "0.9.5",
    }
    return Text(
        name, "swarmui", {"parameters": json.dumps({"sui_image_params": {**plain, **said}, **more})}, parameters, rest
    )


SWARMUI = [
    swarmui(
        "plain",
        {"negativeprompt": "blurry", "sampler": "heun", "scheduler": "beta"},
        {
            "prompt": "a fox",
            "negative_prompt": "blurry",
            "sampler_name": "heun",
            "scheduler": "beta",
            "seed": 5,
            "steps": 20,
            "size": "512x768",
        },
        ("swarm_version",),
    ),
    swarmui("one LoRA", {"loras": ["tok"], "loraweights": ["0.7"]}, {"finetune_id": "tok", "lora_strength": 0.7}),
    swarmui("LoRAs in a text", {"loras": "tok,old", "loraweights": "0.7,1"}, {"finetune_id": ABSENT}, ("loras",)),
    swarmui(
        "a tag and guidance",
        {"prompt": "a fox <lora:tok:0.7>", "fluxguidancescale": 3.5},
        {"prompt": "a fox", "lora_strength": 0.7, "guidance": 3.5},
    ),
    swarmui("other data", {}, {"prompt": "a fox"}, ("sui_models",), sui_models=[{"name": "flux"}]),
]


def invokeai(name, said, parameters, rest=(), key="invokeai_metadata"):
    return Text(name, "invokeai", {key: said if isinstance(said, str) else json.dumps(said)}, parameters, rest)


INVOKEAI = [
    invokeai(
        "plain",
        {
            "positive_prompt": "a fox",
            "negative_prompt": "blurry",
            "seed": 5,
            "steps": 20,
            "scheduler": "dpmpp_2m_k",
            "cfg_scale": 7.5,
            "width": 512,
            "height": 768,
            "model": {"name": "flux", "base": "flux"},
            "app_version": "5.4",
        },
        {
            "prompt": "a fox",
            "negative_prompt": "blurry",
            "sampler_name": "dpmpp_2m",
            "scheduler": "karras",
            "model": "flux",
            "size": "512x768",
        },
        ("app_version",),
    ),
    invokeai(
        "a LoRA",
        {"positive_prompt": "a fox", "seed": 5, "loras": [{"model": {"name": "tok"}, "weight": 0.75}]},
        {"finetune_id": "tok", "lora_strength": 0.75},
    ),
    invokeai(
        "a LoRA of version 3",
        {"positive_prompt": "a fox", "loras": [{"lora": {"model_name": "tok"}, "weight": 0.75}]},
        {"finetune_id": "tok", "lora_strength": 0.75},
    ),
    invokeai(
        "before version 3",
        {
            "model_weights": "sd",
            "image": {
                "prompt": [{"prompt": "a fox [blurry]", "weight": 1.0}],
                "seed": 5,
                "steps": 20,
                "sampler": "k_euler_a",
                "cfg_scale": 7.5,
            },
        },
        {"prompt": "a fox", "negative_prompt": "blurry", "sampler_name": "euler_ancestral"},
        ("model_weights",),
        key="sd-metadata",
    ),
    invokeai(
        "the first versions",
        '"a fox" -s 50 -S 42 -W 512 -H 512 -C 7.5 -A k_lms',
        {"prompt": "a fox", "steps": 50, "seed": 42, "cfg_scale": 7.5, "sampler_name": "lms"},
        (),
        key="Dream",
    ),
]


def fooocus(name, said, parameters, rest=()):
    plain = {
        "prompt": "a fox",
        "negative_prompt": "",
        "seed": "5",
        "steps": 30,
        "sampler": "dpmpp_2m_sde_gpu",
        "scheduler": "karras",
        "guidance_scale": 4.0,
        "resolution": "(896, 1152)",
        "base_model": "flux",
        "performance": "Speed",
    }
    return Text(
        name, "fooocus", {"parameters": json.dumps({**plain, **said}), "fooocus_scheme": "fooocus"}, parameters, rest
    )


FOOOCUS = [
    fooocus(
        "plain",
        {"full_prompt": ["a fox", "cinematic"]},
        {
            "prompt": "a fox",
            "negative_prompt": ABSENT,
            "seed": 5,
            "sampler_name": "dpmpp_2m_sde_gpu",
            "size": "896x1152",
        },
        ("full_prompt", "performance"),
    ),
    fooocus("a LoRA", {"loras": [["tok", 0.7, "abc"]]}, {"finetune_id": "tok", "lora_strength": 0.7}),
    fooocus(
        "a LoRA in a text",
        {"lora_combined_1": "tok : 0.7", "lora_combined_2": "None : 1.0"},
        {"finetune_id": "tok", "lora_strength": 0.7},
    ),
    fooocus("an odd size", {"resolution": "large"}, {"size": ABSENT}, ("resolution",)),
]


def novelai(name, said, parameters, rest=(), **texts):
    plain = {"prompt": "a fox", "uc": "blurry", "steps": 28, "seed": 5, "scale": 5.0, "sampler": "k_euler_ancestral"}
    held = {"Software": "NovelAI", "Description": "a fox", "Comment": json.dumps({**plain, **said}), **texts}
    return Text(name, "novelai", held, parameters, rest)


NOVELAI = [
    novelai(
        "plain",
        {"noise_schedule": "karras", "signed_hash": "x"},
        {
            "prompt": "a fox",
            "negative_prompt": "blurry",
            "sampler_name": "euler_ancestral",
            "scheduler": "karras",
            "cfg_scale": 5.0,
        },
        ("signed_hash",),
    ),
    novelai("emphasis in braces", {"prompt": "{{{a fox}}}, {b}"}, {"prompt": "{{{a fox}}}, {b}"}),
    novelai("the prompt beside", {"prompt": None}, {"prompt": ABSENT, "seed": 5}),
    novelai("a sampler that we do not have", {"sampler": "ddim_v3"}, {"sampler_name": "ddim_v3"}),
]
