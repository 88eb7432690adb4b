"""Pictures by other programs: what is understood is right, what is not is in the rest, and nothing is guessed."""

import io
import json
from collections import Counter
from contextlib import suppress

import pytest
from PIL import Image, PngImagePlugin

import segflux_nb as sf
from segflux_nb.model import MODEL
from segflux_nb.values import OtherProgram
from tests.metadata.corpus import A1111, COMFYUI, TEXTS
from tests.metadata.text import ABSENT
from tests.support.metadata import written

EXIF, USER_COMMENT, MAKE, ORIENTATION = 0x8769, 0x9286, 0x010F, 0x0112


def with_exif(path, kind, fill):
    exif = Image.Exif()
    exif[ORIENTATION] = 1  # without a tag in its main part, Pillow does not write it into a PNG
    fill(exif)
    Image.new("RGB", (8, 8)).save(path, kind, exif=exif)
    return path


def check(found, text):
    assert found.source == text.source
    for name, value in text.parameters.items():
        assert found.parameters.get(name, ABSENT) == value, name
    assert set(text.rest) <= set(found.rest), found.rest
    assert "<lora" not in found.parameters.get("prompt", "")


def test_the_corpus_is_large_enough():
    assert len(TEXTS) >= 60
    assert len({text.source for text in TEXTS}) == 6
    assert max(Counter((text.source, text.name) for text in TEXTS).values()) == 1


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{text.source}: {text.name}")
def test_a_text_is_read_right(text, tmp_path):
    found = sf.read_metadata(written(tmp_path / "a.png", text.texts))
    check(found, text)
    assert {name: found.texts[name] for name in text.texts} == text.texts


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{text.source}: {text.name}")
def test_a_sweep_takes_what_the_model_can_and_says_what_it_leaves_out(text, tmp_path, capsys):
    found = sf.read_metadata(written(tmp_path / "a.png", text.texts)).parameters
    needed = {name: "x" for name in ("prompt", "finetune_id") if not found.get(name)}
    (cell,) = sf.Sweep(**{**found, **needed})
    said = capsys.readouterr().out
    for name, value in {**found, **needed}.items():
        if isinstance(value, OtherProgram):
            assert f"{name}=" in said
        else:
            assert cell.parameters[name] == value
    assert bool(said) == any(isinstance(value, OtherProgram) for value in found.values())


def test_what_a_person_writes_is_refused_as_ever():
    for name in ("negative_prompt", "cfg_scale", "guidance", "size"):
        with pytest.raises(sf.SweepError, match="There is no parameter"):
            sf.Sweep(prompt="TOK", finetune_id="a", **{name: "x"})


def test_a_checkpoint_of_another_program_is_no_model_of_the_service(tmp_path, capsys):
    text = "a fox <lora:tok:0.7>\nSteps: 15, Sampler: Euler, CFG scale: 1, Seed: 12, Model: sdxl1.0-txt2img"
    found = sf.read_metadata(written(tmp_path / "a.png", {"parameters": text})).parameters
    assert sf.Sweep(**found).model.slug == "flux-dev-finetuned"
    assert "model='sdxl1.0-txt2img'" in capsys.readouterr().out


def test_a_seed_that_the_model_does_not_take_is_read_and_left_out(tmp_path, capsys):
    text = "a fox <lora:tok:0.7>\nSteps: 150, Sampler: Restart, CFG scale: 1, Seed: 123456789012345"
    found = sf.read_metadata(written(tmp_path / "a.png", {"parameters": text})).parameters
    assert (found["seed"], found["steps"]) == (123456789012345, 150)
    (cell,) = sf.Sweep(**found)
    assert (cell.seed, cell.steps, cell.sampler_name) == tuple(
        MODEL.parameters[name].default for name in ("seed", "steps", "sampler_name")
    )
    said = capsys.readouterr().out
    assert "seed=123456789012345" in said
    assert "steps=150" in said
    assert "Restart" in said
    assert len(sf.Sweep(**(found | {"seed": sf.seeds(3), "steps": 5}))) == 3


CODINGS = {
    "big-endian": lambda text: b"UNICODE\0" + text.encode("utf-16-be"),
    "little-endian": lambda text: b"UNICODE\0" + text.encode("utf-16-le"),
    "with a byte order mark": lambda text: b"UNICODE\0" + text.encode("utf-16"),
    "UTF-8 that says Unicode": lambda text: b"UNICODE\0" + text.encode(),
    "UTF-8 that says ASCII": lambda text: b"ASCII\0\0\0" + text.encode(),
    "UTF-8 that says nothing": lambda text: b"\0" * 8 + text.encode(),
    "UTF-8 without the first bytes": lambda text: text.encode(),
    "with zeros at the end": lambda text: b"UNICODE\0" + text.encode("utf-16-be") + b"\0\0\0",
    "lower case": lambda text: b"Unicode\0" + text.encode("utf-16-le"),
}


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
@pytest.mark.parametrize("coding", CODINGS)
def test_a_user_comment_is_read_in_the_codings_that_people_have(coding, kind, tmp_path):
    for text in A1111:
        said = text.texts["parameters"]

        def fill(exif, said=said):
            exif.get_ifd(EXIF)[USER_COMMENT] = CODINGS[coding](said)

        check(sf.read_metadata(with_exif(tmp_path / "a", kind, fill)), text)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_comment_that_is_text_in_the_main_part_is_read(kind, tmp_path):
    """As Fooocus writes it."""

    def fill(exif):
        exif[USER_COMMENT] = "狐 a fox\nSteps: 3, Sampler: Euler, Seed: 4".encode()

    assert sf.read_metadata(with_exif(tmp_path / "a", kind, fill)).parameters["prompt"] == "狐 a fox"


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
@pytest.mark.parametrize(
    "place", ["make and description", "model and below", "one comment", "the graph as the comment"]
)
def test_a_graph_is_read_out_of_exif(place, kind, tmp_path):
    for text in COMFYUI:
        graph, workflow = text.texts["prompt"], text.texts["workflow"]

        def fill(exif, graph=graph, workflow=workflow):
            if place == "make and description":
                exif[MAKE], exif[MAKE - 1] = f"Prompt:{graph}", f"Workflow:{workflow}"
            elif place == "model and below":
                exif[MAKE + 1], exif[MAKE] = f"prompt:{graph}", f"workflow:{workflow}"
            else:
                said = graph
                if place == "one comment":
                    said = json.dumps({"prompt": json.loads(graph), "workflow": json.loads(workflow)})
                exif.get_ifd(EXIF)[USER_COMMENT] = b"UNICODE\0" + said.encode("utf-16-be")

        check(sf.read_metadata(with_exif(tmp_path / "a", kind, fill)), text)


def test_texts_in_all_chunks_of_png_are_read_wherever_they_stand(tmp_path):
    text = A1111[0].texts["parameters"]
    for add in ("add_text", "add_itxt"):
        for is_zipped in (False, True):
            chunks = PngImagePlugin.PngInfo()
            getattr(chunks, add)("parameters", text, zip=is_zipped)
            Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=chunks)
            check(sf.read_metadata(tmp_path / "a.png"), A1111[0])
    data = (tmp_path / "a.png").read_bytes()
    chunk, ends = data[33 : data.index(b"IDAT") - 4], data.index(b"IEND") - 4
    (tmp_path / "behind.png").write_bytes(data[:33] + data[data.index(b"IDAT") - 4 : ends] + chunk + data[ends:])
    check(sf.read_metadata(tmp_path / "behind.png"), A1111[0])
    (tmp_path / "cut.png").write_bytes(data[: data.index(b"IDAT") + 9])
    check(sf.read_metadata(tmp_path / "cut.png"), A1111[0])


def test_a_comment_of_jpeg_is_read(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", comment=A1111[0].texts["parameters"].encode())
    check(sf.read_metadata(tmp_path / "a.jpg"), A1111[0])


@pytest.mark.parametrize("text", ["a: b, c: d, e: f", "just a fox", "Steps: 3", "{", "[1]", "Steps: , ,", "\0" * 9])
def test_a_text_that_is_none_of_them_is_not_guessed(text, tmp_path):
    found = sf.read_metadata(written(tmp_path / "a.png", {"parameters": text}))
    assert (found.source, found.parameters) == ("", {})
    assert found.texts["parameters"] == text


def test_every_beginning_of_a_file_is_read_or_refused(tmp_path):
    """Only `MetadataError` is raised."""
    for kind in ("PNG", "JPEG", "WEBP"):
        buffer = io.BytesIO()
        exif = Image.Exif()
        exif.get_ifd(EXIF)[USER_COMMENT] = b"UNICODE\0" + A1111[0].texts["parameters"].encode("utf-16-be")
        Image.new("RGB", (8, 8)).save(buffer, kind, exif=exif)
        data = buffer.getvalue()
        for end in range(0, len(data), 7):
            (tmp_path / "a").write_bytes(data[:end])
            with suppress(sf.errors.MetadataError):
                sf.read_metadata(tmp_path / "a")
