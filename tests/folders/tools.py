"""Folders as eight tools write them, and how each picture is to be read. The forms are the tools'; the words are ours."""
# ruff: noqa: E501 - a text stands on one line, as it does in the picture

import json

from tests.folders.files import encoded, jpeg, png, user_comment, webp

LAST = "Steps: 28, Sampler: Euler, Schedule type: Simple, CFG scale: 1, Distilled CFG Scale: 3.5, Seed: {seed}, Size: 64x48, Model hash: 0a1b, Model: flux1-dev, Version: f2.0.1v1.10.1"


def infotext(prompt, seed, more="", negative=None, last=LAST):
    lines = [
        prompt,
        *([f"Negative prompt: {negative}"] if negative is not None else []),
        last.format(seed=seed) + more,
    ]
    return "\n".join(lines)


def _a1111(text, form="tEXt"):
    return png({"parameters": text}, form=form)


A1111 = {
    "00000-1.png": (_a1111(infotext("a fox", 1)), {"prompt": "a fox", "seed": 1, "steps": 28, "guidance": 3.5}),
    "00001-2.png": (
        _a1111(infotext('a fox, "red", in snow: cold', 2, negative="blurry, low, (bad:1.2)")),
        {"prompt": 'a fox, "red", in snow: cold', "negative_prompt": "blurry, low, (bad:1.2)"},
    ),
    "00002-3.png": (
        _a1111(infotext("a fox\nin snow,\n\nat dawn", 3, negative="blurry\nlow")),
        {"prompt": "a fox\nin snow,\n\nat dawn", "negative_prompt": "blurry\nlow"},
    ),
    "00003-4.png": (
        _a1111(infotext("a fox <lora:tok-000010:0.7>", 4, ', Lora hashes: "tok-000010: 12ab"')),
        {"prompt": "a fox", "finetune_id": "tok-000010", "lora_strength": 0.7, "epoch": 10},
    ),
    "00004-5.png": (
        _a1111(
            infotext(
                "a fox", 5, ", Denoising strength: 0.4, Hires upscale: 2, Hires steps: 10, Hires upscaler: Latent"
            )
        ),
        {"seed": 5, "denoising_strength": 0.4, "hires_upscale": 2, "hires_upscaler": "Latent"},
    ),
    "00005-6-größe 狐.png": (
        _a1111(infotext("ein Fuchs, größer 狐 🦊", 6), "iTXt"),
        {"prompt": "ein Fuchs, größer 狐 🦊"},
    ),
    "00006-7.jpg": (
        jpeg(user_comment(infotext("a fox in a JPEG, größe", 7))),
        {"prompt": "a fox in a JPEG, größe", "seed": 7},
    ),
    "00007-8.jpeg": (jpeg(user_comment(infotext("a little fox", 8), "utf-16-le"), "<"), {"prompt": "a little fox"}),
    "00008-9.webp": (webp(user_comment(infotext("a fox in a WebP", 9))), {"prompt": "a fox in a WebP", "seed": 9}),
    "00009-10.png": (
        _a1111(
            infotext(
                "a fox", 10, ', Wildcard prompt: "a, b: c\nd", Clip skip: 2', last=LAST.replace("Simple", "Karras")
            )
        ),
        {"scheduler": "karras", "clip_skip": 2, "wildcard_prompt": "a, b: c d"},
    ),
    "00010-11.png": (
        _a1111(
            infotext(
                "a fox", 11, last="Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7.5, Seed: {seed}, Size: 64x48"
            ),
            "zTXt",
        ),
        {"sampler_name": "dpmpp_2m", "scheduler": "karras", "cfg_scale": 7.5, "model": None},
    ),
    "00011-12.png": (_a1111(infotext("", 12, negative="blurry")), {"prompt": "", "negative_prompt": "blurry"}),
    "00012-13.png": (encoded("PNG"), {"seed": 13, "prompt": "a fox without a text"}),
    "00012-13.txt": (infotext("a fox without a text", 13).encode(), None),
    "2024-01-31/00013-14.png": (_a1111(infotext("a fox", 14)), {"seed": 14}),
}
A1111_LEFT_OUT = {
    "grid-0000.png": (_a1111(infotext("a fox", 1)), "a grid"),
    "xyz_grid-0001-7-a fox.png": (_a1111(infotext("a fox", 1)), "a grid"),
    "renamed.png": (_a1111(infotext("a fox", 1, ', Script: X/Y/Z plot, X Type: Seed, X Values: "1,2"')), "a grid"),
    "broken.png": (_a1111(infotext("a fox", 1))[:-30], "it is cut off"),
}


def graph(seed=1, steps=20, text="a fox", loras=(("tok.safetensors", 0.8),), negative="blurry", **sampler):
    model, nodes = (
        ["4", 0],
        {"4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sdxl.safetensors"}}},
    )
    for at, (name, strength) in enumerate(loras):
        inputs = {
            "lora_name": name,
            "strength_model": strength,
            "strength_clip": 1.0,
            "model": model,
            "clip": ["4", 1],
        }
        nodes[f"1{at}"] = {"class_type": "LoraLoader", "inputs": inputs}
        model = [f"1{at}", 0]
    inputs = {
        "seed": seed,
        "steps": steps,
        "cfg": 7.0,
        "sampler_name": "euler",
        "scheduler": "normal",
        "denoise": 1.0,
    }
    inputs |= {"model": model, "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0], **sampler}
    nodes |= {
        "3": {"class_type": "KSampler", "inputs": inputs},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 48, "batch_size": 1}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": text, "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": negative, "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}},
    }
    return nodes


def flux(seed, guidance):
    """The graph of Flux's example workflow: a custom sampler with its parts in nodes of their own."""
    return {
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["11", 0]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["13", 0], "vae": ["10", 0]}},
        "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}},
        "12": {
            "class_type": "UNETLoader",
            "inputs": {"unet_name": "flux1-dev.safetensors", "weight_dtype": "default"},
        },
        "13": {
            "class_type": "SamplerCustomAdvanced",
            "inputs": {
                "noise": ["25", 0],
                "guider": ["22", 0],
                "sampler": ["16", 0],
                "sigmas": ["17", 0],
                "latent_image": ["27", 0],
            },
        },
        "16": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
        "17": {
            "class_type": "BasicScheduler",
            "inputs": {"scheduler": "simple", "steps": 24, "denoise": 1.0, "model": ["12", 0]},
        },
        "22": {"class_type": "BasicGuider", "inputs": {"model": ["12", 0], "conditioning": ["26", 0]}},
        "25": {"class_type": "RandomNoise", "inputs": {"noise_seed": seed}},
        "26": {"class_type": "FluxGuidance", "inputs": {"guidance": guidance, "conditioning": ["6", 0]}},
        "27": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 64, "height": 48, "batch_size": 1}},
    }


def comfy(nodes, form="tEXt", **more):
    return png({"prompt": json.dumps(nodes), **more}, form=form)


_WORKFLOW = json.dumps(
    {"nodes": [{"id": 3, "type": "KSampler", "widgets_values": [1, "fixed", 20, 7.0]}], "links": []}
)
COMFYUI = {
    "ComfyUI_00001_.png": (
        comfy(graph(), workflow=_WORKFLOW),
        {"prompt": "a fox", "seed": 1, "finetune_id": "tok", "lora_strength": 0.8, "sampler_name": "euler"},
    ),
    "ComfyUI_00002_.png": (
        comfy(graph(2, text='a fox, "red",\nin snow {x}')),
        {"prompt": 'a fox, "red",\nin snow {x}', "seed": 2},
    ),
    "ComfyUI_00003_.png": (comfy(graph(3, negative="")), {"negative_prompt": None, "seed": 3}),
    "ComfyUI_00004_.png": (comfy(graph(4, loras=())), {"finetune_id": None, "lora_strength": 0.0, "model": "sdxl"}),
    "ComfyUI_00005_.png": (
        comfy(graph(5, loras=(("tok.safetensors", 0.8), ("style.safetensors", 0.3)))),
        {"finetune_id": None, "lora_strength_tok": 0.8, "lora_strength_style": 0.3},
    ),
    "ComfyUI_00006_.png": (
        comfy(flux(6, 3.5)),
        {"seed": 6, "guidance": 3.5, "steps": 24, "scheduler": "simple", "model": "flux1-dev"},
    ),
    "ComfyUI_00007_.png": (comfy(graph(7, text="狐, größe 🦊"), "iTXt"), {"prompt": "狐, größe 🦊"}),
    "ComfyUI_00008_.png": (
        comfy({**graph(["99", 0]), "99": {"class_type": "PrimitiveInt", "inputs": {"value": 88}}}),
        {"seed": 88},
    ),
    "ComfyUI_00009_.png": (
        comfy(graph(9, loras=(("styles\\tok-000004.safetensors", 1.0),))),
        {"epoch": 4, "lora_strength": 1.0},
    ),
    "ComfyUI_00010_.png": (
        comfy(graph(2**60 + 3, sampler_name="dpmpp_2m", scheduler="karras")),
        {"seed": 2**60 + 3, "scheduler": "karras"},
    ),
    "ComfyUI_00011_.png": (png({"prompt": json.dumps(graph(11))}, behind=True), {"seed": 11}),
    "sub/ComfyUI_00001_.png": (comfy(graph(12)), {"seed": 12}),
}


def swarm(form="png", extra=None, **said):
    plain = {
        "prompt": "a fox",
        "model": "flux/dev",
        "seed": 1,
        "steps": 20,
        "cfgscale": 1.0,
        "width": 64,
        "height": 48,
        "swarm_version": "0.9.7.0",
    }
    text = json.dumps(
        {
            "sui_image_params": {**plain, **said},
            "sui_extra_data": {"date": "2024-01-31", "generation_time": "2.5 sec", **(extra or {})},
        },
        indent=2,
    )
    if form == "png":
        return png({"parameters": text})
    return (jpeg if form == "jpeg" else webp)(user_comment(text))


SWARMUI = {
    "0001.png": (swarm(), {"prompt": "a fox", "seed": 1, "steps": 20, "model": "flux/dev", "size": "64x48"}),
    "0002.png": (swarm(seed=2, loras=["tok"], loraweights=["0.7"]), {"finetune_id": "tok", "lora_strength": 0.7}),
    "0003.png": (
        swarm(seed=3, loras=["tok", "style"], loraweights=["0.7", "1"]),
        {"lora_strength_tok": 0.7, "lora_strength_style": 1.0},
    ),
    "0004.png": (
        swarm(seed=4, prompt='a fox, "red"\nin snow', negativeprompt="blurry"),
        {"prompt": 'a fox, "red"\nin snow', "negative_prompt": "blurry"},
    ),
    "0005.png": (swarm(seed=5, prompt="狐 größe"), {"prompt": "狐 größe"}),
    "0006.png": (swarm(seed=6, sampler="heun", scheduler="beta"), {"sampler_name": "heun", "scheduler": "beta"}),
    "0007.png": (swarm(seed=7, fluxguidancescale=3.5), {"guidance": 3.5}),
    "0008.jpg": (swarm("jpeg", seed=8), {"seed": 8}),
    "0009.webp": (swarm("webp", seed=9), {"seed": 9}),
    "0010.png": (
        swarm(seed=10, refinerupscale=1.5, refinermethod="PostApply"),
        {"refinerupscale": 1.5, "refinermethod": "PostApply"},
    ),
    "0011.gif": (encoded("GIF"), {"seed": 11}),
    "0011.swarm.json": (
        json.dumps({"sui_image_params": {"prompt": "a fox", "seed": 11, "steps": 20}}).encode(),
        None,
    ),
}
SWARMUI_LEFT_OUT = {"0012.swarmpreview.jpg": (encoded("JPEG"), "a preview of a video")}


def invoke(key="invokeai_metadata", **said):
    plain = {
        "app_version": "5.4.2",
        "generation_mode": "flux_txt2img",
        "positive_prompt": "a fox",
        "seed": 1,
        "steps": 20,
        "width": 64,
        "height": 48,
        "model": {"name": "flux", "base": "flux", "key": "k"},
    }
    return png({key: json.dumps({**plain, **said})})


def invoke_2(prompt, **image):
    said = {
        "model_weights": "sd",
        "app_version": "2.3",
        "image": {"prompt": prompt, "steps": 20, "cfg_scale": 7.5, "sampler": "k_euler_a", **image},
    }
    return png({"sd-metadata": json.dumps(said)})


INVOKEAI = {
    "01.png": (invoke(), {"prompt": "a fox", "model": "flux", "seed": 1, "steps": 20}),
    "02.png": (
        invoke(seed=2, negative_prompt="blurry", scheduler="dpmpp_2m_k", cfg_scale=7.5),
        {"negative_prompt": "blurry", "sampler_name": "dpmpp_2m", "scheduler": "karras"},
    ),
    "03.png": (
        invoke(seed=3, loras=[{"model": {"name": "tok"}, "weight": 0.75}]),
        {"finetune_id": "tok", "lora_strength": 0.75},
    ),
    "04.png": (
        invoke(seed=4, loras=[{"lora": {"model_name": "tok"}, "weight": 0.5}]),
        {"finetune_id": "tok", "lora_strength": 0.5},
    ),
    "05.png": (
        invoke(
            seed=5, loras=[{"model": {"name": "tok"}, "weight": 0.75}, {"model": {"name": "style"}, "weight": 0.2}]
        ),
        {"lora_strength_tok": 0.75, "lora_strength_style": 0.2},
    ),
    "06.png": (invoke(seed=6, positive_prompt='a "fox", in\nsnow 狐'), {"prompt": 'a "fox", in\nsnow 狐'}),
    "07.png": (invoke(seed=7, guidance=4.0), {"guidance": 4.0}),
    "08.png": (
        invoke(seed=8, cfg_rescale_multiplier=0.5, seamless_x=True),
        {"cfg_rescale_multiplier": 0.5, "seamless_x": True},
    ),
    "09.png": (
        invoke_2([{"prompt": "a fox [blurry]", "weight": 1.0}], seed=9),
        {"seed": 9, "negative_prompt": "blurry", "sampler_name": "euler_ancestral"},
    ),
    "10.png": (
        png({"Dream": '"a fox" -s 50 -S 10 -W 64 -H 48 -C 7.5 -A k_lms'}),
        {"seed": 10, "steps": 50, "sampler_name": "lms"},
    ),
    "11.png": (
        png(
            {"invokeai_metadata": json.dumps({"positive_prompt": "a fox", "seed": 11}), "invokeai_graph": "{}"},
            form="iTXt compressed",
        ),
        {"seed": 11},
    ),
}
INVOKEAI_LEFT_OUT = {"thumbnails/01.webp": (encoded("WEBP"), None)}

KOHYA = {
    "tok_e000001_00_20240131120000_42.png": {"checkpoint": "tok", "epoch": 1, "prompt_index": 0, "seed": 42},
    "tok_e000001_01_20240131120005_42.png": {"epoch": 1, "prompt_index": 1, "seed": 42},
    "tok_e000010_00_20240131130000_42.png": {"epoch": 10, "prompt_index": 0},
    "tok_e000010_01_20240131130005.png": {"epoch": 10, "prompt_index": 1, "seed": None},
    "tok_000500_00_20240131120000_42.png": {"step": 500, "epoch": None},
    "000500_02_20240131120000_7.png": {"step": 500, "checkpoint": None, "seed": 7},
    "e000002_12_20240131120000.png": {"epoch": 2, "prompt_index": 12},
    "my_tok_v2_e000003_00_20240131120000_42.png": {"checkpoint": "my_tok_v2", "epoch": 3},
    "tok 狐, big_e000003_00_20240131120000_42.png": {"checkpoint": "tok 狐, big", "epoch": 3},
    "20240131120000_e000004_00_9.png": {"epoch": 4, "seed": 9, "checkpoint": None},
    "tok_20240131120000_001000_03_9.png": {"step": 1000, "prompt_index": 3, "checkpoint": "tok"},
    "tok_1000000_00_20240131120000_42.png": {"step": 1_000_000},
}
AI_TOOLKIT = {
    "1723456789012__000000000_0.jpg": {"step": 0, "prompt_index": 0},
    "1723456789013__000000000_1.jpg": {"step": 0, "prompt_index": 1},
    "1723456790012__000000250_0.jpg": {"step": 250},
    "1723456790013__000000250_1.jpg": {"step": 250, "prompt_index": 1},
    "1723456791012__000000500_00.jpg": {"step": 500, "prompt_index": 0},
    "1723456791013__000000500_11.jpg": {"prompt_index": 11},
    "1723456792012__000000750_0.png": {"step": 750},
    "1723456792013__000000750_1.webp": {"step": 750},
    "1723456793__000001000_02.png": {"step": 1000, "prompt_index": 2},
    "rank00_sample003_1723456794012__000001250_0.jpg": {"step": 1250, "prompt_index": 3},
    "1723456795012__123456789_0.jpg": {"step": 123_456_789},
}
ONETRAINER = {
    "0 - a fox in snow/2024-01-31_12-00-00-training-sample-0-0-0.png": {
        "step": 0,
        "epoch": 0,
        "prompt_index": 0,
        "prompt_start": "a fox in snow",
        "ema": True,
    },
    "0 - a fox in snow/2024-01-31_12-10-00-training-sample-100-1-0.png": {"step": 100, "epoch": 1},
    "0 - a fox in snow/2024-01-31_12-20-00-training-sample-200-2-0.png": {"step": 200, "epoch": 2},
    "1 - an owl/2024-01-31_12-00-00-training-sample-0-0-0.png": {
        "step": 0,
        "prompt_index": 1,
        "prompt_start": "an owl",
    },
    "1 - an owl/2024-01-31_12-10-00-training-sample-100-1-0.png": {"step": 100, "prompt_index": 1},
    "1 - an owl/2024-01-31_12-20-00-training-sample-200-2-0.jpg": {"step": 200},
    "1 - an owl - no-ema/2024-01-31_12-20-00-training-sample-200-2-0.jpg": {
        "step": 200,
        "ema": False,
        "prompt_start": "an owl",
    },
    "2 - 狐 grösse/2024-01-31_12-00-00-training-sample-0-0-0.png": {"prompt_start": "狐 grösse"},
    "12 - /2024-01-31_12-00-00-training-sample-50-0-50.webp": {"prompt_index": 12, "prompt_start": "", "step": 50},
    "custom/2024-01-31_12-00-00-training-sample-150-1-50.png": {"step": 150, "prompt_index": None},
    "0 - a fox in snow/my-run-2024-01-31_12-30-00-training-sample-300-3-0.png": {"step": 300},
}
