"""Texts of A1111, Forge and others of the family. All are made here."""
# ruff: noqa: E501 - a text stands on one line, as it does in the picture

from tests.metadata.text import ABSENT, Text

LAST = "Steps: 28, Sampler: Euler, Schedule type: Simple, CFG scale: 1, Seed: 42, Size: 512x768, Model: dev"
BASE = {"steps": 28, "sampler_name": "euler", "scheduler": "simple", "seed": 42, "size": "512x768", "model": "dev"}


def a1111(name, text, parameters, rest=()):
    return Text(name, "a1111", {"parameters": text}, parameters, rest)


A1111 = [
    a1111(
        "plain", f"a fox\nNegative prompt: blurry\n{LAST}", {**BASE, "prompt": "a fox", "negative_prompt": "blurry"}
    ),
    a1111("no prompt", f"Negative prompt: blurry\n{LAST}", {"prompt": "", "negative_prompt": "blurry"}),
    a1111("neither prompt", LAST, {**BASE, "prompt": "", "negative_prompt": ABSENT}),
    a1111("an empty negative prompt", f"a fox\nNegative prompt: \n{LAST}", {"negative_prompt": ABSENT}),
    a1111(
        "several lines",
        f"a fox\nin snow\nNegative prompt: blurry\nlow\n{LAST}",
        {"prompt": "a fox\nin snow", "negative_prompt": "blurry\nlow"},
    ),
    a1111("empty lines inside", f"a fox\n\nin snow\n{LAST}", {"prompt": "a fox\n\nin snow"}),
    a1111(
        "line ends of Windows",
        f"a fox\r\nNegative prompt: blurry\r\n{LAST}",
        {"prompt": "a fox", "negative_prompt": "blurry"},
    ),
    a1111(
        "a template behind",
        f"a fox\nNegative prompt: blurry\n{LAST}\nTemplate: a {{fox|owl}}\nNegative Template: no",
        {"prompt": "a fox", "negative_prompt": "blurry", "seed": 42},
        ("text behind",),
    ),
    a1111(
        "a newline in a value",
        'a fox\nSteps: 28, Sampler: Euler, CFG scale: 1, Seed: 42, Wildcard prompt: "a\nb", Version: v1.10',
        {"prompt": "a fox", "seed": 42},
        ("Wildcard prompt", "Version"),
    ),
    a1111(
        "escaped quotes in a value",
        'a fox\nSteps: 28, Sampler: Euler, Seed: 42, Hires prompt: "a \\"fox\\", b: c", Hires steps: 4',
        {"seed": 42, "steps": 28},
        ("Hires prompt", "Hires steps"),
    ),
    a1111(
        "settings inside a value",
        'a fox\nSteps: 28, Sampler: Euler, Seed: 42, Old: "x\nSteps: 1, Sampler: Heun, Seed: 2", Version: 1',
        {"steps": 28, "seed": 42, "sampler_name": "euler"},
    ),
    a1111(
        "settings inside the prompt",
        f"Steps: 5, Sampler: Heun, Seed: 1\na fox\n{LAST}",
        {"steps": 28, "seed": 42, "prompt": "Steps: 5, Sampler: Heun, Seed: 1\na fox"},
    ),
    a1111(
        "JSON in a value",
        'a fox\nSteps: 28, Sampler: Euler, Civitai resources: [{"type":"lora","weight":0.8}], Seed: 42, Civitai metadata: {}',
        {"seed": 42},
        ("Civitai resources",),
    ),
    a1111("a LoRA", f"a fox <lora:tok:0.7>\n{LAST}", {"prompt": "a fox", "finetune_id": "tok", "lora_strength": 0.7}),
    a1111(
        "two strengths", f"a fox <lora:tok:0.7:0.5>\n{LAST}", {"prompt": "a fox", "lora_strength": 0.7}, ("loras",)
    ),
    a1111(
        "block weights", f"a fox <lora:tok:1:lbw=IN02>\n{LAST}", {"prompt": "a fox", "lora_strength": 1.0}, ("loras",)
    ),
    a1111(
        "strengths by name",
        f"a fox <lora:tok:te=0.7:unet=0.5>\n{LAST}",
        {"prompt": "a fox", "lora_strength": ABSENT},
        ("loras",),
    ),
    a1111(
        "a slip in a strength",
        f"a fox <lora:tok:1.0.5>\n{LAST}",
        {"prompt": "a fox", "seed": 42, "lora_strength": ABSENT},
        ("loras",),
    ),
    a1111("a LoRA without strength", f"a fox <lora:tok>\n{LAST}", {"prompt": "a fox", "lora_strength": 1.0}),
    a1111("a negative strength", f"a fox <lora:tok:-.5>\n{LAST}", {"prompt": "a fox", "lora_strength": -0.5}),
    a1111(
        "two LoRAs",
        f"a <lora:tok:0.7> fox <lora:old:0.2>\n{LAST}",
        {"prompt": "a  fox", "finetune_id": ABSENT},
        ("loras",),
    ),
    a1111(
        "other networks",
        f"a fox <lyco:style:0.5> <hypernet:h:1>\n{LAST}",
        {"prompt": "a fox", "finetune_id": ABSENT},
        ("loras",),
    ),
    a1111("a tag that is not closed", f"a fox <lora:tok:0.7\n{LAST}", {"prompt": "a fox", "lora_strength": 0.7}),
    a1111("a tag in capitals", f"a fox <LORA: tok : 0.7>\n{LAST}", {"prompt": "a fox", "lora_strength": 0.7}),
    a1111(
        "a LoRA in the negative prompt",
        f"a fox\nNegative prompt: bad <lora:neg:1>\n{LAST}",
        {"negative_prompt": "bad", "finetune_id": ABSENT},
        ("negative loras",),
    ),
    a1111(
        "a sampler of before 1.9",
        "a fox\nSteps: 28, Sampler: DPM++ 2M Karras, CFG scale: 1, Seed: 42",
        {"sampler_name": "dpmpp_2m", "scheduler": "karras"},
    ),
    a1111(
        "another of before 1.9",
        "a fox\nSteps: 28, Sampler: DPM++ 3M SDE Exponential, Seed: 42",
        {"sampler_name": "dpmpp_3m_sde", "scheduler": "exponential"},
    ),
    a1111(
        "ancestral with noise levels",
        "a fox\nSteps: 28, Sampler: DPM2 a Karras, Seed: 42",
        {"sampler_name": "dpm_2_ancestral", "scheduler": "karras"},
    ),
    a1111(
        "ComfyUI's names",
        "a fox\nSteps: 28, Sampler: dpmpp_2m_sde_karras, Seed: 42",
        {"sampler_name": "dpmpp_2m_sde", "scheduler": "karras"},
    ),
    a1111(
        "a sampler that we do not have",
        "a fox\nSteps: 28, Sampler: Restart, Schedule type: Polyexponential, Seed: 42",
        {"sampler_name": "Restart", "scheduler": "Polyexponential"},
    ),
    a1111(
        "an automatic schedule",
        "a fox\nSteps: 28, Sampler: Euler a, Schedule type: Automatic, Seed: 42",
        {"sampler_name": "euler_ancestral", "scheduler": ABSENT},
        ("Schedule type",),
    ),
    a1111(
        "slips in numbers",
        "a fox\nSteps: 2 8, Sampler: Euler, CFG scale: 1.0.0, Seed: 42, Size: 512x768",
        {"steps": ABSENT, "cfg_scale": ABSENT, "seed": 42},
        ("Steps", "CFG scale"),
    ),
    a1111(
        "a comma in a number",
        "a fox\nSteps: 28, Sampler: Euler, CFG scale: 3,5, Seed: 42_0, Size: 512x768",
        {"steps": 28, "cfg_scale": ABSENT, "seed": ABSENT, "size": "512x768"},
        ("CFG scale", "Seed"),
    ),
    a1111(
        "numbers with a fraction of zero", "a fox\nSteps: 28.0, Sampler: Euler, Seed: 42.0", {"steps": 28, "seed": 42}
    ),
    a1111(
        "Forge with Flux",
        "a fox\nSteps: 20, Sampler: Euler, Schedule type: Simple, CFG scale: 1, Distilled CFG Scale: 3.5, Seed: 7",
        {"guidance": 3.5, "cfg_scale": 1.0},
    ),
    a1111(
        "SD.Next",
        "a fox\nSteps: 20, Seed: 7, Sampler: Heun, CFG scale: 6, Size: 512x512, App: SD.Next, Backend: Diffusers",
        {"sampler_name": "heun", "seed": 7},
        ("App",),
    ),
    a1111(
        "Fooocus in A1111's form",
        'a fox, cinematic\nSteps: 30, Sampler: DPM++ 2M SDE Karras, Seed: 7, Size: 896x1152, CFG scale: 4, Scheduler: karras, Raw prompt: a fox, Lora weights: "tok: 0.7", Version: Fooocus v2.5.5',
        {"prompt": "a fox, cinematic", "finetune_id": "tok", "lora_strength": 0.7, "scheduler": "karras"},
        ("Raw prompt",),
    ),
    a1111(
        "other writing",
        f"狐 🦊 und Bär\nNegative prompt: 模糊\n{LAST}",
        {"prompt": "狐 🦊 und Bär", "negative_prompt": "模糊"},
    ),
]
