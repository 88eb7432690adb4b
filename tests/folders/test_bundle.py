"""A frame in one file, and the same frame out of it; and files that somebody has changed."""

import json
import zipfile

import pandas as pd
import pytest

import segflux_nb as sf
from tests.folders import tools
from tests.folders.files import encoded, png, write


@pytest.fixture
def frame(tmp_path):
    write(tmp_path / "in", {name: data for name, (data, values) in tools.A1111.items() if values})
    write(tmp_path / "in", {"grid-0001.png": encoded("PNG")})
    return sf.read_folder(tmp_path / "in")


def changed(path, change):
    """The same file with other contents: `change` gets the entries."""
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    change(entries)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = (0o40755 if name.endswith("/") else 0o100644) << 16
            archive.writestr(info, data)
    return path


def test_the_frame_comes_back_byte_for_byte(frame, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert frame.pictures.bundle("study.sfx", license="CC-BY-4.0", title="Foxes") == (
        tmp_path / "study.sfx"
    ).relative_to(tmp_path)
    again = sf.read_folder("study.sfx")
    pd.testing.assert_frame_equal(again.drop(columns="image"), frame.drop(columns="image"))
    assert again.attrs["segflux_axes"] == frame.attrs["segflux_axes"]
    assert again.attrs["report"]["left_out"] == {"grid-0001.png": "a grid"}
    assert str(tmp_path) not in str(again.attrs["report"])
    with zipfile.ZipFile("study.sfx") as archive:
        assert "CC-BY-4.0" in archive.read("README.md").decode()
        for before, after in zip(frame["image"], again["image"], strict=True):
            with open(before, "rb") as file:
                assert archive.read(after.removeprefix("study.sfx/")) == file.read()


def test_everything_works_on_the_frame_of_a_file(frame, tmp_path):
    again = sf.read_folder(frame.pictures.bundle(tmp_path / "study.sfx"))
    assert "14 pictures" in again.pictures.sheet(cols="seed", rows="lora_strength", by=[]).text
    assert again.pictures.gallery().table["number"] == 14
    assert len(again.pictures.effects().shares) > 0
    assert again.pictures.tuner("lora_strength", rater="ada").pair
    folder = again.pictures.export(tmp_path / "out")
    assert len(list((folder / "pictures").iterdir())) == 14
    other = again.pictures.bundle(tmp_path / "again.sfx")
    assert other.read_bytes() == (tmp_path / "study.sfx").read_bytes()


def test_votes_go_on_with_the_file(frame, tmp_path):
    votes = tmp_path / "votes.jsonl"
    tuner = frame.pictures.tuner("lora_strength", rater="ada", votes=votes)
    tuner._receive({"kind": "vote", "pair": list(tuner.pair), "outcome": "left"})
    again = sf.read_folder(frame.pictures.bundle(tmp_path / "study.sfx"))
    assert again.pictures.tuner("lora_strength", rater="ada", votes=votes).votes == 1


def test_pictures_that_are_no_files_and_rows_without_one(tmp_path):
    frame = pd.DataFrame({"image": [encoded("PNG"), None, b"no picture", encoded("JPEG")], "x": [1, 2, 3, 4]})
    again = sf.read_folder(frame.pictures.bundle(tmp_path / "study.sfx"))
    assert again["image"].isna().tolist() == [False, True, True, False]
    assert again["x"].tolist() == [1, 2, 3, 4]


def test_no_key_goes_into_a_file(frame, tmp_path):
    key = "SG_0123456789abcdef"
    with pytest.raises(sf.SegfluxError, match="API key"):
        frame.assign(note=key).pictures.bundle(tmp_path / "study.sfx")
    assert list(tmp_path.glob("*.sfx")) == []
    assert list(tmp_path.glob(".*")) == []


def test_each_kind_of_bundle_says_what_opens_the_other(frame, study, tmp_path):
    path = frame.pictures.bundle(tmp_path / "frame.sfx")
    with pytest.raises(sf.SegfluxError, match=r"sf\.read_folder\('frame.sfx'\)"):
        sf.Workspace(path)
    with pytest.raises(sf.SegfluxError, match=r"sf\.Workspace\('runs.sfx'\)"):
        sf.read_folder(study.runs().bundle(tmp_path / "runs.sfx"))
    with pytest.raises(sf.SegfluxError, match="does not end in"):
        frame.pictures.bundle(tmp_path / "frame.zip")
    with pytest.raises(sf.SegfluxError, match="Leave pattern out"):
        sf.read_folder(path, pattern="{seed:d}")


def edit(name, change):
    """Change the JSON of an entry, and the manifest with it, as somebody would who knows how."""

    def changing(entries):
        import hashlib

        entries[name] = change(entries[name])
        if name != "manifest.json":
            manifest = json.loads(entries["manifest.json"])
            sha = hashlib.sha256(entries[name]).hexdigest()
            manifest["files"][name] = {"bytes": len(entries[name]), "sha256": sha}
            entries["manifest.json"] = json.dumps(manifest).encode()

    return changing


def manifest(**changes):
    return edit("manifest.json", lambda data: json.dumps({**json.loads(data), **changes}).encode())


def swap_a_picture(entries):
    name = next(name for name in entries if name.endswith(".png"))
    entries[name] = png(colour=(1, 2, 3)).ljust(len(entries[name]), b"\0")[: len(entries[name])]


CHANGES = {
    "a picture": swap_a_picture,
    "a row": lambda entries: entries.update({"rows.jsonl": entries["rows.jsonl"].replace(b"fox", b"owl")}),
    "a column": edit("rows.jsonl", lambda data: data.replace(b'"seed"', b'"sede"')),
    "a picture that is not there": edit("rows.jsonl", lambda data: data.replace(b"pictures/", b"../../../")),
    "no rows": edit("rows.jsonl", lambda data: b""),
    "no JSON": edit("rows.jsonl", lambda data: b"{" * 100_000),
    "no object": edit("rows.jsonl", lambda data: b"[1]\n"),
    "half a character": edit("rows.jsonl", lambda data: data.replace(b"a fox", b"a \\ud83d")),
    "columns": manifest(columns=3),
    "an image column": manifest(columns=[{"name": "image", "type": "string"}]),
    "attributes": manifest(attributes=None),
    "axes": manifest(attributes={"segflux_axes": ["nothing"]}),
    "number": manifest(rows=10**12),
    "format": manifest(format=["segflux pictures"]),
    "version": manifest(version=2),
    "no manifest": lambda entries: entries.pop("manifest.json"),
    "another entry": lambda entries: entries.update({"evil.py": b"import os"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_file_that_was_changed_is_refused(frame, tmp_path, name):
    path = changed(frame.pictures.bundle(tmp_path / "study.sfx"), CHANGES[name])
    with pytest.raises(sf.SegfluxError, match="not opened as a bundle"):
        sf.read_folder(path)


def test_a_report_that_is_not_ours_is_left_out(frame, tmp_path):
    axes = frame.attrs["segflux_axes"]
    change = manifest(attributes={"segflux_axes": axes, "report": {"left_out": 5}})
    again = sf.read_folder(changed(frame.pictures.bundle(tmp_path / "study.sfx"), change))
    assert "report" not in again.attrs


def test_a_file_that_changes_while_it_is_open(frame, tmp_path):
    again = sf.read_folder(frame.pictures.bundle(tmp_path / "study.sfx"))
    data = bytearray((tmp_path / "study.sfx").read_bytes())
    at = data.index(b"\x89PNG") + 40
    data[at : at + 4] = b"evil"
    (tmp_path / "study.sfx").write_bytes(data)
    assert again.pictures.sheet().image  # the cell says why; nothing else fails
