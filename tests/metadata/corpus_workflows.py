"""Drawings of ComfyUI's workflows, in files that have no graph. All are made here."""

import json

from tests.metadata.text import ABSENT, Text

READ = {"prompt": "a fox", "negative_prompt": "blurry", "seed": 5, "steps": 20, "sampler_name": "euler"}


class Drawing:
    """Draws nodes. A link is drawn as the node that it comes from, or this and the number of its output."""

    def __init__(self):
        self.nodes, self.links = {}, []

    def node(self, number, kind, values=(), mode=0, **inputs):
        drawn = []
        for name, source in inputs.items():
            entry = {"name": name, "type": "X", "link": None}
            if source == "widget":
                entry["widget"] = {"name": name}
            elif source is not None:
                origin, slot = source if isinstance(source, tuple) else (source, 0)
                entry["link"] = len(self.links) + 1
                self.links.append([entry["link"], origin, slot, number, len(drawn), "X"])
            drawn.append(entry)
        outputs = [{"name": "out", "type": "X", "links": []}] * 3
        held = values if isinstance(values, dict) else list(values)
        self.nodes[number] = {
            **{"id": number, "type": kind, "mode": mode, "inputs": drawn, "outputs": outputs},
            "widgets_values": held,
        }
        return self

    def text(self, name, parameters, rest=()):
        drawn = {"nodes": list(self.nodes.values()), "links": self.links, "version": 0.4}
        return Text(f"drawn: {name}", "comfyui", {"workflow": json.dumps(drawn)}, parameters, rest)


def usual(model=4, positive=6, values=(5, "randomize", 20, 1.0, "euler", "simple", 1.0), **more):
    drawing = Drawing()
    drawing.node(4, "CheckpointLoaderSimple", ["flux1-dev.safetensors"])
    drawing.node(6, "CLIPTextEncode", ["a fox"], clip=(4, 1)).node(7, "CLIPTextEncode", ["blurry"], clip=(4, 1))
    drawing.node(3, "KSampler", values, model=model, positive=positive, negative=7, latent_image=None, **more)
    drawing.node(8, "VAEDecode", samples=3, vae=(4, 2)).node(9, "SaveImage", ["x"], images=8)
    return drawing


NAMED = dict.fromkeys(("seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"), "widget")

WORKFLOWS = [
    usual().text("plain", {**READ, "scheduler": "simple", "cfg": 1.0, "model": "flux1-dev.safetensors"}),
    usual(**NAMED).text("with the names of the values", READ),
    usual(values=(5, 20, 1.0, "euler", "simple", 1.0)).text("without what happens to the seed", READ),
    usual(values=(5, "randomize", 20)).text(
        "values of another version", {"prompt": "a fox", "seed": ABSENT, "steps": ABSENT}
    ),
    usual(seed=30).node(30, "PrimitiveNode", [77, "fixed"]).text("a seed by a primitive", {**READ, "seed": 77}),
    usual(model=10)
    .node(10, "LoraLoader", ["tok.safetensors", 0.8, 1.0], model=4, clip=(4, 1))
    .text("a LoRA", {**READ, "finetune_id": "tok.safetensors", "lora_strength": 0.8}),
    usual(model=10)
    .node(10, "LoraLoader", ["tok.safetensors", 0.8, 1.0], mode=4, model=4)
    .text("a LoRA that is bypassed", {**READ, "finetune_id": ABSENT, "model": "flux1-dev.safetensors"}),
    usual(positive=10).node(10, "Reroute", [], any=11).node(11, "Reroute", [], any=6).text("reroutes", READ),
    usual(positive=10)
    .node(10, "GetNode", ["cond"])
    .node(11, "SetNode", ["cond"], CONDITIONING=6)
    .text("nodes that set and get", READ),
    usual(positive=10)
    .node(10, "SomebodysEncoder", ["a bear", 3], clip=(4, 1), clip2=(4, 1))
    .text("an encoder that is not known", {"prompt": ABSENT, "seed": 5}, ("prompt",)),
    usual(positive=10)
    .node(10, "SomebodysEncoder", {"text": "a fox", "size": 3}, clip=(4, 1))
    .text("values by name", READ),
    usual()
    .node(20, "KSampler", (99, "fixed", 4, 1.0, "heun", "beta", 1.0), mode=2, positive=6, negative=7)
    .node(21, "SaveImage", ["y"], mode=2, images=20)
    .text("a second branch that is muted", READ),
    Drawing()
    .node(1, "UNETLoader", ["flux1-dev", "default"])
    .node(6, "CLIPTextEncode", ["a fox"])
    .node(26, "FluxGuidance", [3.5], conditioning=6)
    .node(22, "BasicGuider", [], model=1, conditioning=26)
    .node(25, "RandomNoise", [11, "randomize"])
    .node(16, "KSamplerSelect", ["heun"])
    .node(17, "BasicScheduler", ["beta", 14, 1.0], model=1)
    .node(13, "SamplerCustomAdvanced", [], noise=25, guider=22, sampler=16, sigmas=17, latent_image=None)
    .node(8, "VAEDecode", [], samples=13)
    .node(9, "SaveImage", ["x"], images=8)
    .text(
        "the example for Flux",
        {
            **{"prompt": "a fox", "seed": 11, "steps": 14, "sampler_name": "heun", "scheduler": "beta"},
            **{"guidance": 3.5, "model": "flux1-dev"},
        },
    ),
]
