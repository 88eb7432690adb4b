"""Graphs of ComfyUI. All are made here, after the nodes of ComfyUI and of common packs."""

import json

from tests.metadata.text import ABSENT, Text


def link(number, output=0):
    return [str(number), output]


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


def encode(text):
    return node("CLIPTextEncode", text=text, clip=link(4, 1))


def sampler(kind="KSampler", **inputs):
    plain = {"seed": 5, "steps": 20, "cfg": 1.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0}
    links = {"model": link(4), "positive": link(6), "negative": link(7), "latent_image": link(5)}
    return node(kind, **{**plain, **links, **inputs})


CHECKPOINT = node("CheckpointLoaderSimple", ckpt_name="flux1-dev.safetensors")
USUAL = {
    "4": CHECKPOINT,
    "5": node("EmptyLatentImage", width=512, height=512, batch_size=1),
    "6": encode("a fox"),
    "7": encode("blurry"),
    "8": node("VAEDecode", samples=link(3), vae=link(4, 2)),
    "9": node("SaveImage", images=link(8), filename_prefix="x"),
}
READ = {"prompt": "a fox", "negative_prompt": "blurry", "seed": 5, "steps": 20, "sampler_name": "euler"}


def comfyui(name, nodes, parameters=READ, rest=()):
    graph = {number: each for number, each in {**USUAL, **nodes}.items() if each is not None}
    return Text(name, "comfyui", {"prompt": json.dumps(graph), "workflow": '{"nodes": []}'}, parameters, rest)


def custom(**changes):
    """The graph of ComfyUI's Flux example, with other nodes."""
    return {
        "3": node(
            "SamplerCustomAdvanced",
            noise=link(25),
            guider=link(22),
            sampler=link(16),
            sigmas=link(17),
            latent_image=link(5),
        ),
        "25": node("RandomNoise", noise_seed=11),
        "22": node("BasicGuider", model=link(4), conditioning=link(26)),
        "26": node("FluxGuidance", guidance=3.5, conditioning=link(6)),
        "16": node("KSamplerSelect", sampler_name="heun"),
        "17": node("BasicScheduler", model=link(4), scheduler="beta", steps=14, denoise=1.0),
        "7": None,
        **changes,
    }


def stacked(mode):
    """A graph with a stack that has room for two LoRAs, of which one counts."""
    second = {"lora_name_2": "old", "lora_wt_2": 1.0, "model_str_2": 1.0}
    first = {"lora_name_1": "tok", "lora_wt_1": 0.9, "model_str_1": 0.7, "clip_str_1": 0.2}
    return {
        "10": node("CR Apply LoRA Stack", model=link(4), lora_stack=link(11)),
        "11": node("LoRA Stacker", input_mode=mode, lora_count=1, **first, **second),
        "3": sampler(model=link(10)),
    }


LADDER = {
    "6": node("ConditioningCombine", conditioning_1=link(100), conditioning_2=link(100)),
    **{
        str(at): node("ConditioningCombine", conditioning_1=link(at + 1), conditioning_2=link(at + 1))
        for at in range(100, 150)
    },
    "150": encode("a fox"),
}

COMFYUI = [
    comfyui("plain", {"3": sampler()}, {**READ, "scheduler": "simple", "cfg": 1.0, "model": "flux1-dev.safetensors"}),
    comfyui(
        "guidance on the negative side",
        {"2": node("FluxGuidance", guidance=9.0, conditioning=link(7)), "3": sampler(negative=link(2))},
        {**READ, "guidance": ABSENT},
    ),
    comfyui(
        "a zeroed negative", {"1": node("ConditioningZeroOut", conditioning=link(7)), "3": sampler(negative=link(1))}
    ),
    comfyui(
        "ControlNet with two outputs",
        {
            "2": node("ControlNetApplyAdvanced", positive=link(6), negative=link(7), strength=1.0),
            "3": sampler(positive=link(2), negative=link(2, 1)),
        },
    ),
    comfyui(
        "crossed outputs",
        {
            "2": node("ControlNetApplyAdvanced", positive=link(7), negative=link(6)),
            "3": sampler(positive=link(2, 1), negative=link(2, 0)),
        },
    ),
    comfyui(
        "the old ControlNet",
        {"2": node("ControlNetApply", conditioning=link(6), strength=1.0), "3": sampler(positive=link(2))},
    ),
    comfyui(
        "a long chain",
        {
            **{
                str(at): node(
                    "ConditioningSetTimestepRange", conditioning=link(at + 1 if at < 139 else 6), start=0.0, end=1.0
                )
                for at in range(100, 140)
            },
            "3": sampler(positive=link(100)),
        },
    ),
    comfyui(
        "two prompts merged",
        {
            "2": node("ConditioningConcat", conditioning_to=link(6), conditioning_from=link(10)),
            "10": encode("at dawn"),
            "3": sampler(positive=link(2)),
        },
        {"prompt": ABSENT, "seed": 5},
        ("prompt",),
    ),
    comfyui(
        "merged with an empty one",
        {
            "2": node("ConditioningCombine", conditioning_1=link(10), conditioning_2=link(6)),
            "10": encode(""),
            "3": sampler(positive=link(2)),
        },
    ),
    comfyui("very many ways", {**LADDER, "3": sampler()}),
    comfyui(
        "a circle",
        {
            "6": node("FluxGuidance", guidance=2.0, conditioning=link(2)),
            "2": node("Reroute", any=link(6)),
            "3": sampler(),
        },
        {"prompt": ABSENT, "negative_prompt": "blurry"},
        ("prompt",),
    ),
    comfyui(
        "the example for Flux",
        custom(),
        {
            "prompt": "a fox",
            "negative_prompt": ABSENT,
            "seed": 11,
            "steps": 14,
            "sampler_name": "heun",
            "scheduler": "beta",
            "guidance": 3.5,
        },
    ),
    comfyui(
        "a guider with a negative side",
        custom(
            **{
                "22": node("CFGGuider", model=link(4), positive=link(6), negative=link(7), cfg=3.0),
                "7": encode("blurry"),
            }
        ),
        {"prompt": "a fox", "negative_prompt": "blurry", "cfg": 3.0},
    ),
    comfyui(
        "cut noise levels",
        custom(
            **{
                "17": node("SplitSigmas", sigmas=link(18), step=3),
                "18": node("KarrasScheduler", steps=14, sigma_max=14.0),
            }
        ),
        {"steps": 14, "scheduler": "karras"},
    ),
    comfyui(
        "two text encoders",
        {"6": node("CLIPTextEncodeFlux", clip=link(4, 1), clip_l="fox", t5xxl="a fox", guidance=4.0), "3": sampler()},
        {**READ, "guidance": 4.0},
        ("other positive texts",),
    ),
    comfyui(
        "a prompt by a primitive",
        {"6": encode(link(30)), "30": node("PrimitiveString", value="a fox"), "3": sampler()},
    ),
    comfyui(
        "joined texts",
        {
            "6": encode(link(30)),
            "30": node("StringConcatenate", string_a="a", string_b=link(31), delimiter=" "),
            "31": node("PrimitiveString", value="fox"),
            "3": sampler(),
        },
    ),
    comfyui(
        "a text that a model wrote",
        {
            "6": encode(link(30)),
            "30": node("LLMPrompt", prompt="describe a fox", system="be brief", seed=3),
            "3": sampler(),
        },
        {"prompt": ABSENT, "seed": 5},
        ("prompt",),
    ),
    comfyui(
        "seed and steps by primitives",
        {
            "3": sampler(seed=link(30), steps=link(31)),
            "30": node("Seed (rgthree)", seed=77),
            "31": node("PrimitiveInt", value=9),
        },
        {"seed": 77, "steps": 9},
    ),
    comfyui(
        "a seed that is computed",
        {"3": sampler(seed=link(30)), "30": node("MathExpression|pysssss", expression="a+1", a=4)},
        {"seed": ABSENT, "steps": 20},
        ("seed",),
    ),
    comfyui(
        "the second of two samplers painted it",
        {"2": sampler(seed=1, steps=30), "3": sampler(latent_image=link(2), denoise=0.4)},
        {**READ, "denoise": 0.4},
    ),
    comfyui(
        "a preview of the first sampler",
        {
            "2": sampler(seed=1),
            "20": node("VAEDecode", samples=link(2)),
            "21": node("PreviewImage", images=link(20)),
            "3": sampler(latent_image=link(2)),
        },
        READ,
    ),
    comfyui(
        "two saved pictures",
        {
            "3": sampler(),
            "2": sampler(seed=6),
            "20": node("VAEDecode", samples=link(2)),
            "21": node("SaveImage", images=link(20)),
        },
        {"seed": ABSENT, "prompt": "a fox", "steps": 20},
        ("seed",),
    ),
    comfyui(
        "a face that was repaired",
        {
            "3": sampler(),
            "12": node(
                "FaceDetailer", image=link(8), model=link(4), positive=link(7), negative=link(6), seed=99, steps=3
            ),
            "9": node("SaveImage", images=link(12)),
        },
    ),
    comfyui(
        "a LoRA",
        {
            "10": node(
                "LoraLoader",
                model=link(4),
                clip=link(4, 1),
                lora_name="tok.safetensors",
                strength_model=0.8,
                strength_clip=1.0,
            ),
            "3": sampler(model=link(10)),
        },
        {"finetune_id": "tok.safetensors", "lora_strength": 0.8},
    ),
    comfyui(
        "a LoRA that is not connected",
        {
            "10": node("LoraLoader", model=link(4), clip=link(4, 1), lora_name="tok.safetensors", strength_model=0.8),
            "3": sampler(),
        },
        {"finetune_id": ABSENT},
        ("nodes",),
    ),
    comfyui(
        "behind a node that shifts",
        {
            "10": node("LoraLoaderModelOnly", model=link(4), lora_name="tok", strength_model=link(30)),
            "30": node("PrimitiveFloat", value=0.65),
            "11": node("ModelSamplingFlux", model=link(10), max_shift=1.1),
            "3": sampler(model=link(11)),
        },
        {"finetune_id": "tok", "lora_strength": 0.65},
    ),
    comfyui(
        "two LoRAs",
        {
            "10": node("LoraLoaderModelOnly", model=link(11), lora_name="a", strength_model=0.5),
            "11": node("LoraLoaderModelOnly", model=link(4), lora_name="b", strength_model=0.5),
            "3": sampler(model=link(10)),
        },
        {"finetune_id": ABSENT},
        ("loras",),
    ),
    comfyui(
        "the Power Lora Loader",
        {
            "10": node(
                "Power Lora Loader (rgthree)",
                model=link(4),
                lora_1={"on": True, "lora": "tok", "strength": 0.9},
                lora_2={"on": False, "lora": "old", "strength": 1},
            ),
            "3": sampler(model=link(10)),
        },
        {"finetune_id": "tok", "lora_strength": 0.9},
    ),
    comfyui(
        "a stack of LoRAs",
        {
            "10": node("CR Apply LoRA Stack", model=link(4), lora_stack=link(11)),
            "11": node(
                "CR LoRA Stack",
                switch_1="On",
                lora_name_1="tok",
                model_weight_1=0.7,
                switch_2="Off",
                lora_name_2="old",
                model_weight_2=1.0,
            ),
            "3": sampler(model=link(10)),
        },
        {"finetune_id": "tok", "lora_strength": 0.7},
    ),
    comfyui(
        "a stack with a strength for the model",
        stacked("advanced"),
        {"finetune_id": "tok", "lora_strength": 0.7},
    ),
    comfyui("a stack with one strength", stacked("simple"), {"finetune_id": "tok", "lora_strength": 0.9}),
    comfyui(
        "the Efficient Loader",
        {
            "6": None,
            "7": None,
            "10": node(
                "Efficient Loader",
                ckpt_name="flux",
                lora_name="tok",
                lora_model_strength=0.6,
                positive="a fox",
                negative="blurry",
            ),
            "3": sampler("KSampler (Efficient)", model=link(10), positive=link(10, 1), negative=link(10, 2)),
        },
        {**READ, "finetune_id": "tok", "lora_strength": 0.6},
    ),
    comfyui(
        "a tag in the prompt",
        {"6": encode("a fox <lora:tok:0.7>"), "3": sampler()},
        {**READ, "finetune_id": "tok", "lora_strength": 0.7},
    ),
    comfyui("nothing that saves", {"8": None, "9": None, "3": sampler()}),
]
