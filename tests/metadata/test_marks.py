"""Exported pictures say in XMP that they are generated; those with content credentials are left as they are."""

import io
from xml.etree import ElementTree

import pandas as pd
import pytest
from PIL import Image, ImageSequence, PngImagePlugin

import segflux_nb as sf
from segflux_nb.errors import MetadataError
from segflux_nb.exporting import xmp
from segflux_nb.exporting.folder import export
from segflux_nb.exporting.marking import COMPUTED, GENERATED, mark
from segflux_nb.exporting.metadata import describe, embed
from tests.metadata.test_written_again import KINDS, PARAMETERS, picture, signed

TYPE = "Iptc4xmpExt:DigitalSourceType"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
OTHER = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
TITLED = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:title="At the lake"'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"{}>{}</rdf:Description></rdf:RDF></x:xmpmeta>'
)


def packet_of(data):
    """The packet of XMP as Pillow finds it, which is not our reader; of a GIF, where it has none, by its block."""
    if data.startswith(b"GIF"):
        return data.partition(b"!\xff\x0bXMP DataXMP")[2].partition(b"\x01\xff\xfe")[0].decode()
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        found = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    return found.decode() if isinstance(found, bytes) else found


def said(data):
    return xmp.properties(packet_of(data))


def with_packet(kind, text):
    if kind == "PNG":
        chunks = PngImagePlugin.PngInfo()
        chunks.add_itxt("XML:com.adobe.xmp", text)
        return picture(kind, pnginfo=chunks)
    return picture(kind, xmp=text.encode())


def pixels(data):
    with Image.open(io.BytesIO(data)) as image:
        return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("kind", [*KINDS, "GIF"])
def test_a_mark_is_read_by_others_and_changes_no_pixel(kind):
    data = picture(kind)
    marked = mark(data, GENERATED)
    assert said(marked) == {TYPE: GENERATED}
    assert ElementTree.fromstring(packet_of(marked).encode()).find(f".//{IPTC}").text == GENERATED
    assert pixels(marked) == pixels(data)
    assert mark(marked, GENERATED) == marked, "once"
    assert said(mark(marked, COMPUTED)) == {TYPE: GENERATED}, "a picture keeps what it says"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("compress", [False, True])
def test_a_mark_stands_beside_our_parameters_and_a_title(kind, compress, tmp_path):
    data = with_packet(kind, TITLED.format("", ""))
    if kind == "PNG" and compress:
        chunks = PngImagePlugin.PngInfo()
        chunks.add_itxt("XML:com.adobe.xmp", TITLED.format("", ""), zip=True)
        data = picture(kind, pnginfo=chunks)
    marked = mark(embed(data, describe(PARAMETERS)), COMPUTED)
    assert said(marked) == {"dc:title": "At the lake", TYPE: COMPUTED}
    (tmp_path / "a").write_bytes(marked)
    found = sf.read_metadata(tmp_path / "a")
    assert (found.source, found.parameters) == ("segflux", PARAMETERS)
    again = mark(embed(marked, describe({**PARAMETERS, "seed": 8})), COMPUTED)
    assert packet_of(again).count("DigitalSourceType>") == 2


@pytest.mark.parametrize(
    ("attribute", "element"),
    [
        (f' Iptc4xmpExt:DigitalSourceType="{OTHER}"', ""),
        ("", f"<Iptc4xmpExt:DigitalSourceType>{OTHER}</Iptc4xmpExt:DigitalSourceType>"),
        ("", f'<Iptc4xmpExt:DigitalSourceType rdf:resource="{OTHER}"/>'),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_picture_says_of_its_making_stays(kind, attribute, element):
    marked = mark(with_packet(kind, TITLED.format(attribute, element)), GENERATED)
    assert OTHER in packet_of(marked)
    assert GENERATED not in packet_of(marked)


@pytest.mark.parametrize(
    ("attribute", "element"),
    [(' Iptc4xmpExt:DigitalSourceType=""', ""), ("", "<Iptc4xmpExt:DigitalSourceType/>")],
)
def test_an_empty_mark_is_filled(attribute, element):
    marked = mark(with_packet("JPEG", TITLED.format(attribute, element)), GENERATED)
    (described,) = ElementTree.fromstring(packet_of(marked).encode()).iter(f"{RDF}Description")
    assert [one.text for one in described.iter(IPTC)] == [GENERATED]
    assert IPTC not in described.attrib


@pytest.mark.parametrize("damaged", ["<x:xmpmeta", "", "no xml", "<a/>", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_packet_gives_way(kind, damaged):
    assert said(mark(with_packet(kind, damaged), GENERATED)) == {TYPE: GENERATED}


def test_a_gif_that_moves_keeps_its_frames_and_one_of_1987_becomes_one_of_1989():
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=50, loop=0)
    marked = mark(buffer.getvalue(), COMPUTED)
    assert said(marked) == {TYPE: COMPUTED}
    assert pixels(marked) == pixels(buffer.getvalue())
    assert len(pixels(marked)) == 3
    old = picture("GIF").replace(b"GIF89a", b"GIF87a")
    assert mark(old, COMPUTED).startswith(b"GIF89a")


def test_a_webp_that_moves_or_is_clear_stays_so():
    buffer = io.BytesIO()
    frames = [Image.new("RGBA", (8, 8), (shade, 0, 0, shade)) for shade in (50, 150)]
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    for data in (buffer.getvalue(), mark(buffer.getvalue(), GENERATED)):
        assert pixels(data) == pixels(buffer.getvalue())
        assert len(pixels(data)) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_signed_picture_gets_no_mark(kind):
    with pytest.raises(MetadataError, match="C2PA"):
        mark(signed(kind), GENERATED)


def exported(folder, file, **options):
    columns = {key: options.pop(key) for key in ("service", "prompt") if key in options}
    frame = pd.DataFrame([{"image": str(file), "run": "r0", **PARAMETERS, **columns}])
    export(frame, folder, **options)
    (path,) = [path for path in (folder / "pictures").iterdir() if path.suffix not in (".json", ".xmp")]
    return path


@pytest.mark.parametrize(("service", "how"), [("segmind", GENERATED), ("simulator", COMPUTED)])
def test_every_exported_picture_says_that_it_is_generated(service, how, tmp_path):
    (tmp_path / "a.jpg").write_bytes(picture("JPEG"))
    for options in ({}, {"metadata": False}):
        path = exported(tmp_path / f"out{len(options)}", tmp_path / "a.jpg", service=service, **options)
        assert said(path.read_bytes()) == {TYPE: how}
        assert sf.read_metadata(path).source == ("" if options else "segflux")


def test_a_picture_that_cannot_carry_its_parameters_carries_the_mark(tmp_path, capsys):
    (tmp_path / "a.jpg").write_bytes(picture("JPEG"))
    path = exported(tmp_path / "out", tmp_path / "a.jpg", prompt="fox " * 30_000)
    assert said(path.read_bytes()) == {TYPE: GENERATED}
    assert path.with_suffix(".json").exists()


def test_a_format_without_a_place_for_it_has_the_mark_beside_it(tmp_path, capsys):
    (tmp_path / "a.bmp").write_bytes(picture("BMP"))
    path = exported(tmp_path / "out", tmp_path / "a.bmp")
    assert path.read_bytes() == picture("BMP")
    assert xmp.properties(path.with_suffix(".xmp").read_text("utf-8")) == {TYPE: GENERATED}
    assert capsys.readouterr().out.count(".xmp") == 2


def test_a_mark_that_does_not_fit_into_a_jpeg_is_beside_it(tmp_path, capsys):
    full = TITLED.format(f' dc:rights="{"x" * 65_000}"', "")
    (tmp_path / "a.jpg").write_bytes(picture("JPEG", xmp=full.encode()))
    path = exported(tmp_path / "out", tmp_path / "a.jpg")
    assert said(path.read_bytes())["dc:title"] == "At the lake"
    assert GENERATED in path.with_suffix(".xmp").read_text("utf-8")
    assert "no room" in capsys.readouterr().out


def test_photos_of_which_nothing_is_known_get_no_mark(tmp_path):
    (tmp_path / "a.jpg").write_bytes(picture("JPEG"))
    folder = pd.DataFrame({"image": [str(tmp_path / "a.jpg")], "place": ["lake"]}).pictures.export(tmp_path / "out")
    (path,) = (folder / "pictures").iterdir()
    assert path.read_bytes() == picture("JPEG")
