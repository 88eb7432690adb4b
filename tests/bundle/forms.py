"""Forms of damage to a bundle, each with what the error says of it."""

import hashlib
import json
import stat
import struct
import warnings
import zipfile
from pathlib import Path

from .support import entries_of, first_picture, manifest_of, signed, write

BUNDLE = Path("study.sfx")
FORMS = {}


def form(says):
    """A form of damage: a function that changes ``study.sfx``, and what the error says of it."""

    def keep(function):
        FORMS[function.__name__] = (function, says)
        return function

    return keep


def rewrite(change):
    entries = entries_of("study.sfx")
    write("study.sfx", change(entries) or entries)


def manifest_with(**values):
    def change(entries):
        entries["manifest.json"] = json.dumps({**manifest_of(entries), **values}).encode()

    rewrite(change)


def line_with(name, **values):
    """The first line of an entry with other values, in a bundle that is signed again."""

    def change(entries):
        first, rest = entries[name].split(b"\n", 1)
        entries[name] = json.dumps({**json.loads(first), **values}).encode() + b"\n" + rest
        return signed(entries)

    rewrite(change)


def patched(change):
    data = bytearray(BUNDLE.read_bytes())
    change(data)
    BUNDLE.write_bytes(data)


# ---------------------------------------------------------------------- not a bundle, or a part of one


@form("not a zip file")
def a_text():
    BUNDLE.write_text("hello " * 100)


@form("too short")
def an_empty_file():
    BUNDLE.write_bytes(b"")


@form("cut off")
def cut_off():
    patched(lambda data: data.__delitem__(slice(len(data) // 2, None)))


@form("cut off")
def without_its_last_byte():
    patched(lambda data: data.__delitem__(slice(-1, None)))


@form("something")
def with_bytes_behind_it():
    patched(lambda data: data.extend(b"more"))


@form("cut off, or has something between")
def with_a_program_before_it():
    patched(lambda data: data.__setitem__(slice(0, 0), b"#!/bin/sh\nrm -rf ~\n"))


@form("no manifest.json")
def any_other_zip_file():
    write("study.sfx", {"hello.txt": b"hello"})


@form("no manifest.json")
def a_zip_file_without_entries():
    write("study.sfx", {})


# ---------------------------------------------------------------------- paths and kinds of entries


@form("leads outside")
def a_path_above():
    rewrite(lambda entries: {**entries, "../evil.txt": b"x"})


@form("leads outside")
def a_path_above_within_pictures():
    rewrite(lambda entries: {**entries, "pictures/../../evil.jpg": b"x"})


@form("leads outside")
def an_absolute_path():
    rewrite(lambda entries: {**entries, "/tmp/evil.txt": b"x"})


@form("leads outside")
def a_path_of_windows():
    rewrite(lambda entries: {**entries, "C:\\evil.txt": b"x"})


@form("leads outside")
def backslashes():
    rewrite(lambda entries: {**entries, "..\\evil.txt": b"x"})


@form("is a link")
def a_link():
    def link(entry):
        if entry.filename == "evil":
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16

    entries = entries_of("study.sfx")
    write("study.sfx", {**entries, "evil": b"/etc/passwd"}, change=link)


@form("is a link")
def a_picture_that_is_a_link():
    def link(entry):
        if entry.filename.endswith(".jpg"):
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16

    write("study.sfx", entries_of("study.sfx"), change=link)


@form("has a name that no bundle has")
def a_folder():
    rewrite(lambda entries: {**entries, "folder/": b""})


@form("has bytes of its own")
def a_folder_with_bytes():
    def change(entries):
        entries["pictures/"] = b"x"

    rewrite(change)


@form("has a name that no bundle has")
def a_hidden_name():
    rewrite(lambda entries: {**entries, ".bashrc": b"x"})


@form("twice")
def two_entries_of_one_name():
    entries = entries_of("study.sfx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write("study.sfx", [*entries.items(), ("runs.jsonl", b"{}\n")])


@form("capital letters")
def two_names_that_are_one_on_some_machines():
    rewrite(lambda entries: {**entries, "Manifest.json": b"{}"})


@form("does not name")
def an_entry_that_the_manifest_does_not_name():
    rewrite(lambda entries: {**entries, "evil.txt": b"x"})


@form("does not have")
def an_entry_that_is_not_there():
    rewrite(lambda entries: {name: data for name, data in entries.items() if name != "environment.json"})


@form("does not have")
def a_picture_that_is_not_there():
    rewrite(lambda entries: {name: data for name, data in entries.items() if name != first_picture(entries)})


# ---------------------------------------------------------------------- bombs


@form("compressed")
def compressed():
    write("study.sfx", entries_of("study.sfx"), method=zipfile.ZIP_DEFLATED)


@form("compressed")
def a_compressed_bomb():
    entries = entries_of("study.sfx")
    write("study.sfx", signed({**entries, "bomb.bin": bytes(50_000_000)}), method=zipfile.ZIP_DEFLATED)


@form("encrypted")
def encrypted():
    def encrypt(data):
        at = data.find(b"PK\x01\x02")
        data[at + 8] |= 1

    patched(encrypt)


@form("overlaps")
def two_entries_in_one_place():
    """All entries of the table point to the same bytes: a bomb without compression."""

    def overlap(data):
        at = data.find(b"PK\x01\x02")
        place = data[at + 42 : at + 46]
        at = data.find(b"PK\x01\x02", at + 1)
        data[at + 42 : at + 46] = place

    patched(overlap)


@form("two sizes")
def an_entry_that_grows():
    def grow(data):
        at = data.find(b"PK\x01\x02")
        data[at + 24 : at + 28] = struct.pack("<L", 1 << 31)

    patched(grow)


@form("not in the same way")
def a_description_that_differs_from_the_table():
    patched(lambda data: data.__setitem__(slice(18, 22), struct.pack("<L", 7)))


@form("too many")
def millions_of_entries_that_are_said():
    def say(data):
        end = len(data) - 22
        table = struct.unpack_from("<LL", data, end + 12)
        record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1 << 40, 1 << 40, *table)
        locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
        data[end:end] = record + locator
        data[-22 + 8 : -22 + 20] = b"\xff" * 12

    patched(say)


@form("too large for their number")
def a_table_that_is_too_large():
    patched(lambda data: data.__setitem__(slice(len(data) - 10, len(data) - 6), struct.pack("<L", 1 << 30)))


@form("bytes, and its manifest.json says")
def other_sizes_than_the_manifest_says():
    def change(entries):
        manifest = manifest_of(entries)
        manifest["pictures"][first_picture(entries)] = 5
        entries["manifest.json"] = json.dumps(manifest).encode()

    rewrite(change)


@form("too short")
def more_runs_than_there_can_be():
    manifest_with(runs=10**15)


@form("manifest.json is too large")
def a_huge_manifest():
    rewrite(lambda entries: {**entries, "manifest.json": b" " * 9_000_000 + entries["manifest.json"]})


@form("cannot be read as JSON")
def a_deep_manifest():
    rewrite(lambda entries: {**entries, "manifest.json": b"[" * 100_000})


# ---------------------------------------------------------------------- what is in the entries


@form("is not the one that was bundled")
def a_tampered_picture():
    def change(entries):
        name = first_picture(entries)
        data = bytearray(entries[name])
        data[len(data) // 2] ^= 1
        entries[name] = bytes(data)

    rewrite(change)


@form("is not the one that was bundled")
def a_picture_in_the_place_of_another():
    def change(entries):
        one, other, *_ = (name for name in entries if name.startswith("pictures/") and name != "pictures/")
        entries[one] = entries[other]
        return signed(entries)

    rewrite(change)


@form("runs.jsonl is not as it was written")
def a_tampered_table():
    rewrite(lambda entries: {**entries, "runs.jsonl": entries["runs.jsonl"].replace(b"TOK at dawn", b"TOK at dusk")})


@form("README.md is not as it was written")
def a_tampered_card():
    rewrite(lambda entries: {**entries, "README.md": entries["README.md"].replace(b"generated", b"GENERATED")})


@form("cannot be read as JSON")
def a_manifest_that_is_no_json():
    rewrite(lambda entries: {**entries, "manifest.json": b"{'format': 1}"})


@form("cannot be read as JSON")
def a_manifest_that_is_no_text():
    rewrite(lambda entries: {**entries, "manifest.json": b'{"format": "\xff\xfe"}'})


@form("not as this program writes it")
def a_manifest_that_is_a_list():
    rewrite(lambda entries: {**entries, "manifest.json": b"[]"})


@form("not that of a bundle")
def a_manifest_of_something_else():
    manifest_with(format="something else")


@form("update segflux_nb")
def a_newer_format():
    manifest_with(version=2)


@form("does not say of which format")
def a_format_that_is_no_number():
    manifest_with(version="1; DROP TABLE runs")


@form("not as this program writes it")
def sizes_that_are_no_numbers():
    manifest_with(pictures={"pictures/aa/a.jpg": []})


@form("line 1 of runs.jsonl")
def runs_that_are_no_json():
    rewrite(lambda entries: signed({**entries, "runs.jsonl": b"{,}\n" * 6}))


@form("line 1 of runs.jsonl")
def runs_that_are_no_text():
    rewrite(lambda entries: signed({**entries, "runs.jsonl": b'{"run": "\xff"}\n' * 6}))


@form("line 1 of runs.jsonl")
def runs_that_are_deep():
    rewrite(lambda entries: signed({**entries, "runs.jsonl": b"[" * 100_000 + b"\n"}))


@form("its parameters do not give its digest")
def a_run_with_other_parameters():
    def change(entries):
        entries["runs.jsonl"] = entries["runs.jsonl"].replace(b"TOK at dawn", b"TOK at dusk")
        return signed(entries)

    rewrite(change)


@form("line 1 of runs.jsonl")
def a_run_with_a_parameter_that_is_a_list():
    line_with("runs.jsonl", parameters={"prompt": ["TOK"], "finetune_id": "a"})


@form("line 1 of runs.jsonl")
def a_run_with_a_strange_status():
    line_with("runs.jsonl", status="submitting")


@form("line 1 of runs.jsonl")
def a_run_with_a_strange_time():
    line_with("runs.jsonl", completed_at="yesterday")


@form("line 1 of runs.jsonl")
def a_run_that_took_forever():
    line_with("runs.jsonl", render_seconds=float("inf"))


@form("line 1 of runs.jsonl")
def a_run_with_half_a_character():
    line_with("runs.jsonl", error="\ud800")


@form("a path that no picture has")
def a_picture_outside():
    line_with("runs.jsonl", pictures=[{"path": "../../secret.jpg"}])


@form("a path that no picture has")
def a_picture_that_is_absolute():
    line_with("runs.jsonl", pictures=[{"path": "/etc/passwd"}])


@form("twice")
def a_run_that_is_there_twice():
    def change(entries):
        lines = entries["runs.jsonl"].splitlines(keepends=True)
        entries["runs.jsonl"] = b"".join([lines[0], *lines[:-1]])
        return signed(entries)

    rewrite(change)


@form("5 runs, and its manifest says 6")
def fewer_runs_than_it_says():
    def change(entries):
        entries["runs.jsonl"] = b"".join(entries["runs.jsonl"].splitlines(keepends=True)[:-1])
        return signed(entries)

    rewrite(change)


@form("not one of its runs")
def a_sweep_of_other_runs():
    line_with("sweeps.jsonl", cells=[["f" * 64]])


@form("line 1 of sweeps.jsonl")
def a_sweep_without_axes():
    line_with("sweeps.jsonl", axes=7)


@form("line 1 of marks.jsonl")
def six_stars():
    line_with("marks.jsonl", stars=6)


@form("line 1 of votes.jsonl")
def a_vote_for_something_else():
    line_with("votes.jsonl", outcome="everything")


@form("line 1 of annotations.jsonl")
def own_columns_that_are_no_mapping():
    line_with("annotations.jsonl", values=["x"])


@form("has a name that no picture has")
def a_page_among_the_pictures():
    rewrite(lambda entries: signed({**entries, "pictures/aa/page.html": b"<script>"}))


@form("no run has the picture")
def a_picture_of_no_run():
    data = b"anything"
    name = hashlib.sha256(data).hexdigest()
    rewrite(lambda entries: signed({**entries, f"pictures/{name[:2]}/{name}.jpg": data}))


@form("it is completed, and has no picture")
def a_completed_run_without_a_picture():
    line_with("runs.jsonl", pictures=[])
