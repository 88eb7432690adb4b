"""Texts in the lowest bits of pixels, and in packets of XMP: read where they are certain, and written again right."""

import gzip
import io
import json
import struct
from xml.sax.saxutils import escape

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import segflux_nb as sf
from segflux_nb.exporting import xmp
from segflux_nb.exporting.metadata import describe, embed
from tests.metadata.corpus import A1111, COMFYUI, NOVELAI

PARAMETERS = {"prompt": "a new owl", "finetune_id": "a", "lora_strength": 0.8, "seed": 7, "steps": 28}
TEXT = "a fox 狐\nNegative prompt: blurry\nSteps: 28, Sampler: Euler, CFG scale: 1, Seed: 42"
READ = {"prompt": "a fox 狐", "negative_prompt": "blurry", "steps": 28, "seed": 42}


def hiding(text, signature="stealth_pngcomp", size=(96, 80), mode="RGBA"):
    """A picture in whose lowest bits a text stands, column by column."""
    raw = text.encode()
    body = gzip.compress(raw) if signature.endswith("comp") else raw
    stream = signature.encode() + struct.pack(">I", 8 * len(body)) + body
    bits = np.unpackbits(np.frombuffer(stream, np.uint8))
    pixels = np.full((size[1], size[0], len(mode)), 254, np.uint8)
    channels = slice(3, 4) if "png" in signature else slice(0, 3)
    columns = pixels[..., channels].swapaxes(0, 1)
    flat = columns.reshape(-1)
    flat[: bits.size] |= bits
    pixels[..., channels] = flat.reshape(columns.shape).swapaxes(0, 1)
    return Image.fromarray(pixels, mode)


def found(tmp_path, picture, kind="PNG", **options):
    picture.save(tmp_path / "a", kind, **options)
    return sf.read_metadata(tmp_path / "a")


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("signature", ["pnginfo", "pngcomp", "rgbinfo", "rgbcomp"])
def test_a_hidden_text_of_a1111_is_read(signature, kind, tmp_path):
    mode = "RGB" if "rgb" in signature and kind == "PNG" else "RGBA"
    picture = hiding(TEXT, f"stealth_{signature}", mode=mode)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    metadata = found(tmp_path, picture, kind, **options)
    assert metadata.source == "a1111"
    assert READ.items() <= metadata.parameters.items()


@pytest.mark.parametrize("text", NOVELAI, ids=lambda text: text.name)
def test_what_novelai_hides_is_read_as_what_it_writes(text, tmp_path):
    metadata = found(tmp_path, hiding(json.dumps(text.texts)))
    assert metadata.source == "novelai"
    assert set(text.rest) <= set(metadata.rest)
    beside = found(tmp_path, Image.new("RGB", (8, 8)), pnginfo=chunks(text.texts))
    assert metadata.parameters == beside.parameters


def test_what_is_beside_the_pixels_is_read_first(tmp_path):
    picture = hiding(TEXT)
    other = A1111[0].texts["parameters"]
    assert found(tmp_path, picture, pnginfo=chunks({"parameters": other})).parameters["prompt"] == "a fox"
    assert found(tmp_path, picture, pnginfo=chunks({"Author": "Ada"})).parameters["prompt"] == "a fox 狐"


@pytest.mark.parametrize("length", [0, 2**32 - 1, 60_000])
def test_bits_that_are_no_text_are_nothing(length, tmp_path):
    picture = hiding("")
    pixels = np.array(picture)
    stream = b"stealth_pngcomp" + struct.pack(">I", length) + b"\xff" * 400
    bits = np.unpackbits(np.frombuffer(stream, np.uint8))
    column = pixels[..., 3].T.reshape(-1)
    column[: bits.size] = 254 | bits
    pixels[..., 3] = column.reshape(96, 80).T
    assert found(tmp_path, Image.fromarray(pixels)).parameters == {}
    assert found(tmp_path, Image.new("RGBA", (3, 3))).parameters == {}
    assert found(tmp_path, Image.new("LA", (30, 30))).parameters == {}


def test_a_picture_with_a_hidden_text_that_is_written_again_has_the_new_parameters(tmp_path):
    buffer = io.BytesIO()
    hiding(TEXT).save(buffer, "PNG")
    (tmp_path / "a.png").write_bytes(embed(buffer.getvalue(), describe(PARAMETERS)))
    assert sf.read_metadata(tmp_path / "a.png").parameters == PARAMETERS


def chunks(texts):
    held = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        held.add_itxt(name, text)
    return held


RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
SPACES = f'xmlns:rdf="{RDF}" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
AUTHOR = "<dc:creator><rdf:Seq><rdf:li>Ada</rdf:li></rdf:Seq></dc:creator>"


def packet(body):
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF {SPACES}><rdf:Description rdf:about="" xmlns:own="http://example.org/own/" own:colour="red">'
        f'{body}{AUTHOR}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )


def listed(name, text, kind="Alt"):
    return f'<{name}><rdf:{kind}><rdf:li xml:lang="x-default">{escape(text)}</rdf:li></rdf:{kind}></{name}>'


FORMS = {
    "a comment in two languages": lambda text: listed("exif:UserComment", text),
    "a comment": lambda text: f"<exif:UserComment>{escape(text)}</exif:UserComment>",
    "a description": lambda text: listed("dc:description", text),
    "a part of no known name": lambda text: f'<x:made xmlns:x="http://example.org/x">{escape(text)}</x:made>',
}


def with_packet(path, kind, text):
    if kind == "PNG":
        Image.new("RGB", (8, 8)).save(path, kind, pnginfo=chunks({"XML:com.adobe.xmp": text}))
    else:
        Image.new("RGB", (8, 8)).save(path, kind, xmp=text.encode())
    return path


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("form", FORMS)
def test_a_packet_is_read_and_written_again_without_its_parameters(form, kind, tmp_path):
    for text, prompt in ((TEXT, "a fox 狐"), (COMFYUI[0].texts["prompt"], "a fox")):
        path = with_packet(tmp_path / "a", kind, packet(FORMS[form](text)))
        metadata = sf.read_metadata(path)
        assert metadata.parameters["prompt"] == prompt
        assert metadata.rest["xmp"]["dc:creator"] == "Ada"
        path.write_bytes(embed(path.read_bytes(), describe(PARAMETERS)))
        again = sf.read_metadata(path)
        assert again.parameters == PARAMETERS
        assert "fox" not in again.texts["XML:com.adobe.xmp"]
        kept = xmp.properties(again.texts["XML:com.adobe.xmp"])
        assert kept == {"dc:creator": "Ada", "http://example.org/own/colour": "red"}
        with Image.open(path) as image:
            image.load()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_packet_about_other_things_stays_as_it_is(kind, tmp_path):
    said = packet(listed("dc:title", "at the lake"))
    path = with_packet(tmp_path / "a", kind, said)
    metadata = sf.read_metadata(path)
    assert (metadata.source, metadata.parameters) == ("", {})
    assert metadata.rest["xmp"]["dc:title"] == "at the lake"
    path.write_bytes(embed(path.read_bytes(), describe(PARAMETERS)))
    assert sf.read_metadata(path).texts["XML:com.adobe.xmp"] == said


@pytest.mark.parametrize(
    "text", ["", "<", "<a/>", "no XML", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "<?xpacket?>", "\0" * 40]
)
def test_a_damaged_packet_says_nothing(text, tmp_path):
    path = with_packet(tmp_path / "a", "PNG", text)
    assert sf.read_metadata(path).parameters == {}
    path.write_bytes(embed(path.read_bytes(), describe(PARAMETERS)))
    assert sf.read_metadata(path).parameters == PARAMETERS
