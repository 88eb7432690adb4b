"""Files that are built to harm: `read_folder` reads no pixel of them, follows no link out, and leaves nothing out in
silence."""

import json
import os
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segflux_nb as sf
from segflux_nb.folders import heads
from segflux_nb.folders.heads import read_head
from segflux_nb.pictures.decode import FORMATS
from tests.folders import tools
from tests.folders.files import chunk, encoded, jpeg, png, text_chunk, user_comment, webp, write

GOOD = tools.A1111["00001-2.png"][0]


def report_on(folder, files):
    write(folder, {"good.png": GOOD, **files})
    frame = sf.read_folder(folder)
    return frame, frame.attrs["report"]


def bomb(width=60_000, height=60_000):
    """A PNG of few bytes with very many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return GOOD[:8] + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")


BROKEN = {
    "empty.png": b"",
    "text.png": b"not a picture at all",
    "cut.png": GOOD[:60],
    "cut-in-the-pixels.png": GOOD[:-20],
    "no-head.png": GOOD[:8] + chunk(b"IDAT", b"x") + chunk(b"IEND", b""),
    "signature-alone.png": GOOD[:8],
    "long-chunk.png": GOOD[:33] + b"\xff\xff\xff\xfftEXt" + GOOD[33:],
    "bomb.png": bomb(),
    "no-pixels.png": bomb(0, 5),
    "cut.jpg": encoded("JPEG")[:40],
    "two-bytes.jpg": b"\xff\xd8",
    "no-pixels.jpg": b"\xff\xd8\xff\xd9",
    "long-segment.jpg": b"\xff\xd8\xff\xe1\xff\xff" + b"x" * 10,
    "short-segment.jpg": b"\xff\xd8\xff\xe1\0\0" + b"x" * 10,
    "cut.webp": webp(user_comment("x"))[:50],
    "long-chunk.webp": b"RIFF" + struct.pack("<I", 20) + b"WEBP" + b"EXIF\xff\xff\xff\x7f" + b"x" * 8,
    "nothing.webp": b"RIFF\4\0\0\0WEBP",
    "nothing.gif": b"GIF89a",
    "nothing.avif": b"\0\0\0\x1cftypavif" + bytes(30),
    "nothing.bmp": b"BM" + bytes(60),
    "nothing.tif": b"II*\0\x08\0\0\0\xff\xff" + bytes(20),
}


def test_what_is_no_whole_picture_is_left_out_with_its_reason(tmp_path):
    frame, report = report_on(tmp_path, BROKEN)
    assert frame["image"].tolist() == [str(tmp_path / "good.png")]
    assert set(report["left_out"]) == set(BROKEN)
    assert all(len(why) > 5 for why in report["left_out"].values())
    assert report["left_out"]["bomb.png"] == "it has 60,000 × 60,000 pixels, more than 50,000,000"
    assert report["left_out"]["empty.png"] == "it is empty"


@pytest.mark.parametrize("form", ["zTXt", "iTXt compressed"])
def test_a_text_that_becomes_huge_is_not_a_text(tmp_path, form):
    huge = text_chunk("parameters", "a" * 20_000_000, form)
    assert len(huge) < 100_000
    found, _ = report_on(tmp_path, {"bomb.png": GOOD[:33] + huge * 3 + GOOD[33:]})
    row = found[found["image"].str.endswith("bomb.png")].iloc[0]
    assert row["prompt"] == found["prompt"][1], "the other texts of the file are read"


def test_a_text_that_is_huge_in_the_file_is_named(tmp_path):
    long = GOOD[:33] + text_chunk("workflow", "x" * 17_000_000) + GOOD[33:]
    frame, report = report_on(tmp_path, {"long.png": long})
    assert report["long_texts"] == ["long.png"]
    assert frame["seed"].tolist() == [2, 2]


@pytest.mark.parametrize("ending", [".txt", ".json", ".swarm.json"])
def test_a_huge_file_beside_a_picture_is_not_read_and_is_named(tmp_path, ending):
    write(tmp_path, {"a.png": png()})
    with (tmp_path / f"a{ending}").open("w") as file:
        file.write("{}")
        file.truncate(100_000_000)  # takes no place on the disk
    report = sf.read_folder(tmp_path).attrs["report"]
    assert report["long_texts"] == ["a.png"]
    assert "beside a.png" in str(report)


def test_what_is_no_number_makes_no_column_of_texts(tmp_path):
    for number, (cfg, more) in enumerate([("7", "0.5"), ("NaN", "nan"), ("-Infinity", "inf")]):
        text = (
            f"a fox\nSteps: 20, Sampler: Euler, CFG scale: {cfg}, Seed: {number}, Size: 64x64, Hires upscale: {more}"
        )
        write(tmp_path, {f"{number}.png": png({"parameters": text})})
    frame = sf.read_folder(tmp_path)
    assert frame["cfg_scale"].dropna().tolist() == [7]
    assert frame["hires_upscale"].dropna().tolist() == [0.5]
    assert frame.pictures.sheet().text


@pytest.mark.parametrize(
    ("seeds", "kind"),
    [((5, 2**63 - 1), "Int64"), ((5, 2**63), "UInt64"), ((2**64 - 1, 2**64 - 2), "UInt64"), ((-1, 2**64), "string")],
)
def test_no_seed_is_rounded(tmp_path, seeds, kind):
    for seed in seeds:
        write(tmp_path, {f"{seed}.png": png({"parameters": tools.infotext("a fox", seed)})})
    frame = sf.read_folder(tmp_path)
    assert frame["seed"].dtype.name == kind
    assert sorted(map(str, frame["seed"])) == sorted(map(str, seeds))
    assert str(seeds[0]) in frame.pictures.sheet(cols="seed").text
    frame.pictures.bundle(tmp_path / "b.sfx")
    assert sorted(map(str, sf.read_folder(tmp_path / "b.sfx")["seed"])) == sorted(map(str, seeds))


def test_very_many_parts_end(tmp_path, monkeypatch):
    monkeypatch.setattr(heads, "MOST_PARTS", 100)
    many = GOOD[:33] + chunk(b"abCd", b"") * 200 + GOOD[33:]
    assert report_on(tmp_path, {"many.png": many})[1]["left_out"]["many.png"] == "it has more parts than any picture"


HOSTILE_TEXTS = {
    "deep": "[" * 100_000,
    "deep object": '{"a":' * 100_000,
    "long number": '{"sui_image_params": {"seed": ' + "9" * 5000 + "}}",
    "long seed": "a fox\nSteps: 20, Sampler: Euler, Seed: " + "9" * 5000,
    "huge seed": "a fox\nSteps: 1e308, Sampler: Euler, CFG scale: 1e999, Seed: 1e300",
    "half a pair": json.dumps({"sui_image_params": {"prompt": "fox \ud83d", "seed": 1, "steps": 2}}),
    "nothing": "\0" * 50,
    "many lines": "Steps: 1\n" * 50_000,
    "many quotes": "a\nSteps: 20, Sampler: Euler, Seed: 1, " + 'x: "y, ' * 50_000,
    "markup": "<script>alert(1)</script>\nSteps: 20, Sampler: <img src=x>, Seed: 1",
    "escapes": "a \x1b[31mred\x1b[0m fox\u202e\nSteps: 20, Sampler: Euler, Seed: 1",
    "formula": "=cmd|' /C calc'!A0\nSteps: 20, Sampler: Euler, Seed: 1",
    "keys": json.dumps({"sui_image_params": {"prompt": ["a"], "seed": {"a": 1}, "steps": True, "loras": {"a": 1}}}),
}


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_a_hostile_text_stops_no_other_picture(tmp_path, name):
    text = HOSTILE_TEXTS[name]
    files = {
        "a.png": png({"parameters": text.encode("utf-8", "replace").decode()}),
        "b.png": png({"prompt": text.encode("utf-8", "replace").decode()}, form="iTXt"),
        "c.jpg": jpeg(user_comment(text[:30_000].encode("utf-8", "replace").decode())),
    }
    frame, report = report_on(tmp_path, files)
    assert len(frame) + len(report["left_out"]) == 4
    assert "good.png" in frame["image"].iloc[-1]
    frame.pictures.sheet().text  # noqa: B018 - it can be shown
    frame.pictures.export(tmp_path / "out")
    assert "<script>alert" not in (tmp_path / "out" / "report.html").read_text()


def circle():
    nodes = {str(n): {"class_type": "Reroute", "inputs": {"a": [str((n + 1) % 50), 0]}} for n in range(50)}
    nodes["k"] = {"class_type": "KSampler", "inputs": {"seed": ["0", 0], "model": ["1", 0], "positive": ["2", 0]}}
    return png({"prompt": json.dumps(nodes)})


def test_a_graph_with_circles_ends(tmp_path):
    frame, _ = report_on(tmp_path, {"circle.png": circle()})
    assert len(frame) == 2


def test_a_zip_behind_a_picture_is_not_looked_at(tmp_path):
    path = tmp_path / "both.png"
    path.write_bytes(GOOD)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("evil.png", GOOD)
    frame, report = report_on(tmp_path, {})
    assert len(frame) == 2
    assert report["left_out"] == {}


def test_links_out_of_the_folder_are_not_followed(tmp_path):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    write(outside, {"secret.png": GOOD, "more/secret.png": GOOD})
    write(inside, {"good.png": GOOD})
    (inside / "out.png").symlink_to(outside / "secret.png")
    (inside / "up.png").symlink_to("../outside/secret.png")
    (inside / "folder").symlink_to(outside / "more")
    (inside / "folder.png").symlink_to(outside / "more")
    (inside / "circle").symlink_to(inside)
    (inside / "gone.png").symlink_to(inside / "nowhere.png")
    (inside / "self.png").symlink_to(inside / "self.png")
    (inside / "same.png").symlink_to(inside / "good.png")
    frame = sf.read_folder(inside)
    assert frame["image"].tolist() == [str(inside / name) for name in ("good.png", "same.png")]
    why = frame.attrs["report"]["left_out"]
    assert {name: why[name] for name in ("out.png", "up.png", "folder.png")} == dict.fromkeys(
        ("out.png", "up.png", "folder.png"), "a link that leads out of the folder"
    )
    assert why["folder"] == why["circle"] == "a link to a folder"
    assert "gone.png" in why
    assert "self.png" in why


def test_a_folder_that_is_a_link_itself_is_read(tmp_path):
    write(tmp_path / "there", {"good.png": GOOD})
    (tmp_path / "link").symlink_to(tmp_path / "there")
    assert len(sf.read_folder(tmp_path / "link")) == 1


def test_pipes_and_folders_with_the_names_of_pictures(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    write(tmp_path, {"folder.png/inner.png": GOOD, ".hidden.png": GOOD, ".cache/x.png": GOOD})
    frame, report = report_on(tmp_path, {})
    assert frame["image"].tolist() == [str(tmp_path / "folder.png" / "inner.png"), str(tmp_path / "good.png")]
    assert report["left_out"] == {
        ".cache": "a hidden folder",
        ".hidden.png": "a hidden file",
        "pipe.png": "no regular file",
    }


ODD_NAMES = [
    *(
        "a b.png",
        "a\nb.png",
        "a\tb.png",
        "--rm -rf.png",
        "$(id).png",
        "a'b\"c.png",
        "{seed}.png",
        "%s.png",
        "a;b.png",
    ),
    *(
        "<img src=x onerror=alert(1)>.png".replace("/", ""),
        "狐 🦊 größe.png",
        "\u202egnp.exe.png",
        "x" * 200 + ".png",
    ),
    *("..png", "...png", "~.png", "a.PNG", "\x1b[31m.png", "=1+1.png", "con.png"),
]


def test_odd_names(tmp_path):
    raw = os.fsencode(tmp_path) + b"/not-utf8-\xff.png"
    with open(raw, "wb") as file:
        file.write(GOOD)
    write(tmp_path, dict.fromkeys(ODD_NAMES, GOOD))
    frame = sf.read_folder(tmp_path, pattern="{name}")
    hidden = {name for name in ODD_NAMES if name.startswith(".")}
    assert set(frame["image"]) == {str(tmp_path / name) for name in set(ODD_NAMES) - hidden} | {os.fsdecode(raw)}
    assert set(frame.attrs["report"]["left_out"]) == hidden
    html = frame.pictures.sheet(title=frame["name"][0])._repr_mimebundle_()
    assert html
    folder = frame.pictures.export(tmp_path.parent / "out")
    assert len(list((folder / "pictures").iterdir())) == len(frame)
    frame.pictures.gallery()


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_has_a_head(tmp_path, kind):
    path = tmp_path / f"a.{FORMATS[kind]}"
    path.write_bytes(encoded(kind))
    head = read_head(path)
    assert (head.width, head.height) == (64, 48)


def test_heads_do_not_grow_with_the_pixels(tmp_path):
    for name, data in {"a.png": png({"a": "b"}), "a.jpg": encoded("JPEG"), "a.webp": webp(user_comment("x"))}.items():
        sizes = []
        for side in (64, 640):
            kinds = {"a.png": lambda s: png({"a": "b"}, size=s), "a.jpg": lambda s: jpeg(b"x", size=s)}
            made = kinds.get(name, lambda s: webp(user_comment("x"), size=s))((side, side))
            (tmp_path / name).write_bytes(made)
            sizes.append(len(read_head(tmp_path / name).data))
        assert sizes[0] == sizes[1] < 2000, (name, len(data))


@settings(max_examples=25)
@given(st.data())
def test_damaged_files_give_a_row_or_a_reason(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damaged")
    whole = data.draw(
        st.sampled_from([GOOD, jpeg(user_comment("a fox")), webp(user_comment("a fox")), encoded("GIF"), circle()])
    )
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:place] + data.draw(st.binary(max_size=12)) + whole[data.draw(st.integers(place, len(whole))) :]
    write(folder, {"a.png": damaged})
    frame = sf.read_folder(folder)
    assert len(frame) + len(frame.attrs["report"]["left_out"]) == 1
