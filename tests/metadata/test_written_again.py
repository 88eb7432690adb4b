"""A picture that is written again carries the new parameters alone; one with content credentials is not touched."""

import io
import json
import struct
import zlib

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

import segflux_nb as sf
from segflux_nb.errors import MetadataError
from segflux_nb.exporting.folder import export
from segflux_nb.exporting.metadata import describe, embed
from tests.metadata.corpus import TEXTS
from tests.support.corpus import PAYLOADS

OLD, NEW = "an old fox", "a new owl"
EXIF, USER_COMMENT, DESCRIPTION, ARTIST, ORIENTATION = 0x8769, 0x9286, 0x010E, 0x013B, 0x0112
PARAMETERS = {"prompt": NEW, "finetune_id": "a", "lora_strength": 0.8, "seed": 7, "steps": 28}
PROMPTS = [
    *PAYLOADS,
    "TOK {word}",
    "{{x}}",
    '{"scene": {"subject": "TOK"}}',
    "{a|{b|c}}",
    "}{",
    "{{{x}}}",
    "a\nb",
    '"q"',
]
KINDS = ["PNG", "JPEG", "WEBP"]
CONTAINER = {"PNG": b"caBX", "JPEG": b"\xff\xeb", "WEBP": b"C2PA"}


def picture(kind, **options):
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "orange").save(buffer, kind, **options)
    return buffer.getvalue()


def signed(kind):
    """A picture with a container of content credentials; what is in it does not count."""
    data, body = picture(kind), b"JP\0\1\0\0\0\1jumbc2pa"
    if kind == "PNG":
        chunk = struct.pack(">I", len(body)) + b"caBX" + body + struct.pack(">I", zlib.crc32(b"caBX" + body))
        return data[:33] + chunk + data[33:]
    if kind == "JPEG":
        return data[:2] + b"\xff\xeb" + struct.pack(">H", len(body) + 2) + body + data[2:]
    data += b"C2PA" + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


@pytest.mark.parametrize("kind", KINDS)
def test_our_own_texts_are_replaced(kind, tmp_path):
    once = embed(picture(kind), describe({**PARAMETERS, "prompt": OLD}))
    twice = embed(once, describe(PARAMETERS))
    assert twice == embed(embed(twice, describe({**PARAMETERS, "prompt": OLD})), describe(PARAMETERS)), "no longer"
    for coding in ("utf-8", "utf-16-be", "utf-16-le"):
        assert OLD.encode(coding) not in twice
    (tmp_path / "a").write_bytes(twice)
    assert sf.read_metadata(tmp_path / "a").parameters["prompt"] == NEW


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{text.source}: {text.name}")
def test_the_texts_of_other_programs_are_taken_out_of_png(text, tmp_path):
    chunks = PngImagePlugin.PngInfo()
    for name, said in text.texts.items():
        chunks.add_text(name, said) if said.isascii() else chunks.add_itxt(name, said)
    chunks.add_text("Author", "Ada")
    chunks.add_text("Copyright", "2026 Ada")
    (tmp_path / "a.png").write_bytes(embed(picture("PNG", pnginfo=chunks), describe(PARAMETERS)))
    found = sf.read_metadata(tmp_path / "a.png")
    assert found.source == "segflux"
    assert set(found.texts) == {"segflux", "parameters", "Author", "Copyright"}
    assert found.parameters == PARAMETERS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{text.source}: {text.name}")
def test_the_texts_of_other_programs_are_taken_out_of_exif(text, kind, tmp_path):
    exif = Image.Exif()
    exif[ARTIST], exif[ORIENTATION] = "Ada", 6
    said = text.texts.get("parameters")
    if said is not None:
        exif.get_ifd(EXIF)[USER_COMMENT] = b"UNICODE\0" + said.encode("utf-16-be")
        exif[DESCRIPTION] = said.encode()
    for tag, name in ((0x0110, "prompt"), (0x010F, "workflow")):
        if name in text.texts:
            exif[tag] = f"{name}:{text.texts[name]}"
    data = embed(picture(kind, exif=exif), describe(PARAMETERS))
    with Image.open(io.BytesIO(data)) as image:
        tags = image.getexif()
        assert (tags[ARTIST], tags[ORIENTATION]) == ("Ada", 6)
        assert not {0x0110, 0x010F, DESCRIPTION} & set(tags)
    (tmp_path / "a").write_bytes(data)
    assert set(sf.read_metadata(tmp_path / "a").texts) == {"segflux", "parameters"}
    assert sf.read_metadata(tmp_path / "a").parameters == PARAMETERS


def test_a_comment_of_jpeg_about_parameters_goes_and_another_stays():
    said = f"{OLD}\nSteps: 3, Sampler: Euler, Seed: 1"
    assert OLD.encode() not in embed(picture("JPEG", comment=said.encode()), describe(PARAMETERS))
    assert b"at the lake" in embed(picture("JPEG", comment=b"at the lake"), describe(PARAMETERS))


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_exif_is_no_trouble(kind):
    exif = Image.Exif()
    exif[ORIENTATION], exif[ARTIST] = 6, "Ada" * 20
    data = picture(kind, exif=exif)
    at = data.index(b"Ada")
    broken = data[: at - 30] + b"\xff" * 12 + data[at - 18 :]
    if kind == "PNG":  # the chunk's check sum must fit, or it is no PNG
        start = broken.index(b"eXIf") - 4
        size = int.from_bytes(broken[start : start + 4])
        sum_ = struct.pack(">I", zlib.crc32(broken[start + 4 : start + 8 + size]))
        broken = broken[: start + 8 + size] + sum_ + broken[start + 12 + size :]
    assert sf.exporting.texts.read(embed(broken, describe(PARAMETERS)), "segflux")["parameters"].startswith(NEW)


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_sweep_of_what_was_read_is_the_request_that_was_written(prompt, kind, tmp_path, capsys):
    if not prompt.strip():
        return
    (cell,) = sf.Sweep(**{**PARAMETERS, "prompt": sf.sweep.template.escape(prompt)})
    (tmp_path / "a").write_bytes(embed(picture(kind), describe(cell.parameters)))
    found = sf.read_metadata(tmp_path / "a")
    assert found.parameters["prompt"] == cell.prompt == prompt
    (again,) = sf.Sweep(**found.parameters)
    assert again.digest == cell.digest
    assert len(sf.Sweep(**found.parameters | {"seed": sf.seeds(3)}).with_baseline()) == 6
    assert sf.Sweep(**PARAMETERS).replace(**found.parameters)[0].digest == cell.digest
    assert capsys.readouterr().out == ""


@given(st.text(min_size=1).filter(str.strip))
def test_any_prompt_comes_back_out_of_a_picture(prompt):
    (cell,) = sf.Sweep(**{**PARAMETERS, "prompt": sf.sweep.template.escape(prompt)})
    assert cell.prompt == prompt
    texts = sf.exporting.texts.read(embed(picture("PNG"), describe(cell.parameters)), "segflux")
    assert json.loads(texts["segflux"])["parameters"]["prompt"] == prompt


def exported(folder, files, **options):
    rows = [{"image": str(file), "run": f"r{at}", **PARAMETERS, "seed": at} for at, file in enumerate(files)]
    return export(pd.DataFrame(rows), folder, **options)


def test_a_signed_picture_is_copied_as_it_is_and_its_parameters_stand_beside_it(tmp_path, capsys):
    files = []
    for kind in KINDS:
        for copy in range(2):
            files.append(tmp_path / f"{kind}-{copy}.{kind.lower()}")
            files[-1].write_bytes(signed(kind))
    (tmp_path / "plain.png").write_bytes(picture("PNG"))
    exported(tmp_path / "out", [*files, tmp_path / "plain.png"])
    said = capsys.readouterr().out
    assert said.count("content credentials") == 1
    assert "6 pictures" in said
    pictures = sorted(path for path in (tmp_path / "out" / "pictures").iterdir() if path.suffix != ".json")
    untouched = [path for path in pictures if path.with_suffix(".json").exists()]
    assert sorted(path.read_bytes() for path in untouched) == sorted(file.read_bytes() for file in files)
    assert len(pictures) == 7
    seeds = [sf.read_metadata(path).parameters["seed"] for path in pictures]
    assert sorted(seeds) == list(range(7)), "read from the picture, or from the file beside it"
    exported(tmp_path / "bare", files, metadata=False)
    assert not list((tmp_path / "bare" / "pictures").glob("*.json"))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_signed_picture_cannot_carry_texts(kind):
    with pytest.raises(MetadataError, match="C2PA"):
        embed(signed(kind), describe(PARAMETERS))


def test_parameters_that_are_too_long_for_a_jpeg_stand_beside_it(tmp_path, capsys):
    (tmp_path / "a.jpg").write_bytes(picture("JPEG"))
    long = {**PARAMETERS, "prompt": "fox " * 30_000}
    frame = pd.DataFrame([{"image": str(tmp_path / "a.jpg"), "run": "a", **long}])
    frame.pictures.export(tmp_path / "out")
    assert "no room" in capsys.readouterr().out
    (path,) = (tmp_path / "out" / "pictures").glob("*.jpg")
    assert sf.read_metadata(path).parameters == long


def test_a_file_beside_a_picture_that_is_not_ours_is_not_read(tmp_path):
    (tmp_path / "a.png").write_bytes(picture("PNG"))
    for content in ('{"parameters": {"seed": 1}}', "[1]", "no json", ""):
        (tmp_path / "a.json").write_text(content)
        assert sf.read_metadata(tmp_path / "a.png").parameters == {}
