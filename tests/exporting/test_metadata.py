"""Words in pictures: written without touching a pixel, read back, and read from what other programs write."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

import segflux_nb as sf
from segflux_nb.exporting.metadata import OWN, describe, embed, metadata_of
from segflux_nb.model import MODEL
from tests.support.corpus import PAYLOADS

PARAMETERS = {
    "prompt": 'TOK, by a lake: "dawn"\nin two lines é 山',
    "finetune_id": "fox-1200",
    "lora_strength": 0.8,
    "steps": 28,
    "seed": 7,
    "sampler_name": "euler_ancestral",
    "scheduler": "karras",
    "aspect_ratio": "1:1",
}


def picture(kind, mode="RGB", **options):
    buffer = io.BytesIO()
    image = Image.new(mode, (40, 30), "orange")
    image.putpixel((3, 4), (1, 2, 3) if mode == "RGB" else (1, 2, 3, 90))
    image.save(buffer, kind, **options)
    return buffer.getvalue()


FILES = {
    "png": picture("PNG"),
    "jpeg": picture("JPEG"),
    "jpeg with a comment": picture("JPEG", comment=b"kept"),
    "webp": picture("WEBP"),
    "lossless webp": picture("WEBP", lossless=True),
    "webp with alpha": picture("WEBP", mode="RGBA"),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_written_is_read_and_no_pixel_changes(name, tmp_path):
    data = FILES[name]
    marked = embed(data, describe(PARAMETERS, run="abc", width=40, height=30))
    (tmp_path / "a").write_bytes(marked)
    found = sf.read_metadata(tmp_path / "a")
    assert found.source == "segflux"
    assert found.parameters == PARAMETERS
    assert json.loads(found.texts[OWN])["run"] == "abc"
    assert found.texts["parameters"].endswith(
        "Steps: 28, Sampler: Euler a, Schedule type: Karras, CFG scale: 1, Seed: 7, Size: 40x30, "
        f"Model: flux-dev-finetuned, Version: segflux_nb {sf.__version__}"
    )
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(marked)) as after:
        assert before.convert("RGBA").tobytes() == after.convert("RGBA").tobytes()
        assert after.info.get("comment") == before.info.get("comment")
    again = embed(marked, describe({**PARAMETERS, "seed": 8}))
    if not name.startswith("png"):
        (tmp_path / "b").write_bytes(again)
        assert sf.read_metadata(tmp_path / "b").parameters["seed"] == 8, "replaced, not added"


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("prompt", PAYLOADS)
def test_any_prompt_comes_back(kind, prompt, tmp_path):
    (tmp_path / "a").write_bytes(embed(FILES[kind], describe({**PARAMETERS, "prompt": prompt})))
    assert sf.read_metadata(tmp_path / "a").parameters["prompt"] == prompt


@given(st.text(max_size=300), st.floats(-10, 10).map(lambda x: round(x, 2)), st.integers(0, 2**32 - 1))
def test_other_programs_read_what_we_write(prompt, strength, seed):
    """By way of the A1111 text alone, as a program that does not know ours does."""
    from segflux_nb.exporting import a1111

    text = describe({**PARAMETERS, "prompt": prompt, "lora_strength": strength, "seed": seed})["parameters"]
    found = a1111.parse({"parameters": text}).parameters
    assert (found["steps"], found["seed"], found["sampler_name"]) == (28, seed, "euler_ancestral")
    assert found["scheduler"] == "karras"
    if "<lora:" not in prompt:
        assert found["lora_strength"] == strength


A1111 = """a fox, <lora:fox:0.7> in the snow
second line
Negative prompt: blurry
Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 3.5, Seed: 42, Size: 512x768, Model: dev, \
Lora hashes: "fox: abcdef123456", Version: v1.10"""


def test_pictures_by_a1111_are_read(tmp_path):
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", A1111)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=texts)
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + A1111.encode("utf-16-be")
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", exif=exif)
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + A1111.encode("utf-16-le")
    Image.new("RGB", (8, 8)).save(tmp_path / "b.jpg", exif=exif)
    for name in ("a.png", "a.jpg", "b.jpg"):
        found = sf.read_metadata(tmp_path / name)
        assert found.source == "a1111"
        assert found.parameters == {
            **{"finetune_id": "fox", "lora_strength": 0.7, "prompt": "a fox,  in the snow\nsecond line"},
            **{"negative_prompt": "blurry", "sampler_name": "dpmpp_2m", "scheduler": "karras", "steps": 28},
            **{"seed": 42, "cfg_scale": 3.5, "size": "512x768", "model": "dev"},
        }


def test_pictures_by_comfyui_are_read(tmp_path):
    graph = {
        "3": {"class_type": "KSampler", "inputs": {
            "seed": 5, "steps": 20, "cfg": 1.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0,
            "model": ["10", 0], "positive": ["26", 0], "negative": ["7", 0]}},
        "10": {"class_type": "LoraLoaderModelOnly", "inputs": {"lora_name": "fox.st", "strength_model": 0.8}},
        "26": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["6", 0]}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["11", 0]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["11", 0]}},
    }  # fmt: skip
    texts = PngImagePlugin.PngInfo()
    texts.add_text("prompt", json.dumps(graph))
    texts.add_text("workflow", json.dumps({"nodes": []}))
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=texts)
    found = sf.read_metadata(tmp_path / "a.png")
    assert found.source == "comfyui"
    assert found.parameters["prompt"] == "a fox"
    assert found.parameters["lora_strength"] == 0.8
    assert {name: found.parameters[name] for name in ("seed", "steps", "sampler_name", "scheduler", "guidance")} == {
        **{"seed": 5, "steps": 20, "sampler_name": "euler", "scheduler": "simple", "guidance": 3.5}
    }


@pytest.mark.parametrize(
    "graph", ["{", "[]", "3", '{"1": 3}', '{"1": {"class_type": "K", "inputs": {"positive": ["1", 0]}}}']
)
def test_broken_graphs_are_no_trouble(graph, tmp_path):
    texts = PngImagePlugin.PngInfo()
    texts.add_text("prompt", graph)
    texts.add_text(OWN, graph)
    texts.add_text("parameters", graph)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=texts)
    assert sf.read_metadata(tmp_path / "a.png").source == ""


def test_a_picture_that_says_nothing_and_a_file_that_is_none(tmp_path):
    (tmp_path / "a.jpg").write_bytes(FILES["jpeg"])
    assert sf.read_metadata(tmp_path / "a.jpg") == sf.exporting.metadata.PictureMetadata("", {}, {})
    (tmp_path / "b.jpg").write_bytes(b"no picture")
    for name in ("b.jpg", "missing.jpg"):
        with pytest.raises(sf.SegfluxError, match="cannot be read as a picture"):
            sf.read_metadata(tmp_path / name)


def test_every_sampler_and_scheduler_comes_back_by_its_own_name():
    from segflux_nb.exporting import a1111

    for name in ("sampler_name", "scheduler"):
        for choice in MODEL.parameters[name].choices:
            text = describe({**PARAMETERS, name: choice})["parameters"]
            assert a1111.parse({"parameters": text}).parameters[name] == choice


@pytest.mark.parametrize(
    "special",
    [
        {"guidance_scale": 7.5},
        {"image_urls": ["https://x.example/a.png", "https://x.example/b.png"]},
        {"loras": [{"path": "a", "scale": 0.5}]},
        {"image_size": {"width": 512, "height": 768}},
    ],
)
def test_the_parameters_of_another_models_picture_make_its_request_again(special):
    body = {"prompt": "a {fox}", "seed": 1, **special}
    found = metadata_of(describe(body, model="sdxl1.0-txt2img"))
    (cell,) = sf.Sweep(**found.parameters)
    assert (cell.model, cell.body) == ("sdxl1.0-txt2img", body)
