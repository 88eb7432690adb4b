"""No key, account, request id or path of this machine is in a bundle; what is in it is said."""

import os
import sqlite3
import zipfile
from pathlib import Path

import pytest

import segflux_nb as sf
from segflux_nb.bundle.scrub import Scrubber
from segflux_nb.errors import BundleError
from segflux_nb.simulator.app import Simulator

from .support import SWEEP, entries_of, manifest_of

KEY = "canary-key-4711"
ACCOUNT = "canary-account"
IDS = ["canary-request-1", "00000000-dead-4bee-8ca1-000000000000"]

ERRORS = [
    "https://api.segmind.com/v2/requests/canary-id-in-an-address/status answered 500",
    "https://api.segmind.com/v2/requests/canary-id-in-an-address answered 404 (see http://127.0.0.1:8765/canary)",
    "The picture cannot be written to /mnt/canary-disk/My study/pictures: no space",
    "its file C:\\Users\\canary\\study\\pictures\\x.jpg is gone",
    "\\\\canary-server\\share\\x.jpg cannot be read",
    "/v2/requests/canary-relative-id/status gave nothing; ~/canary/x.png too",
    "account canary@example.com has no credits, request 00000000-dead-4bee-8ca1-00000000cafe",
    "job canary0123456789abcdef0123 failed, {'path': '/mnt/canary-disk/x', \"url\": \"file:///canary/y\"}",
    "its picture is data:image/png;base64,canaryAAAA",
    "key SG_0123456789abcdef was refused",
]


@pytest.fixture
def private(tmp_path, monkeypatch):
    """A workspace in a folder with a telling name, whose log holds canaries wherever the service could put them."""
    place = tmp_path / "canary-folder" / "canary-user"
    place.mkdir(parents=True)
    monkeypatch.chdir(place)
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("SEGMIND_API_KEY", KEY)
    with (
        Simulator(time_scale=0.002, paint=False, key=KEY) as simulator,
        sf.Workspace("study", service=simulator) as ws,
    ):
        runs = ws.run(SWEEP.replace(seed=[1, 2, 3]), name=f"from {place}")
        runs.mark(runs[0], note=f"see {place}/notes.txt, /mnt/canary-disk/a/b.png and {IDS[0]}; and/or better")
        runs.annotate(runs.df[["run"]].assign(file=f"{place}/x.png", other="/mnt/canary-disk/deep/x.png"))
        ids = runs.log["request_id"].tolist()
        urls = [row[0] for row in sqlite3.connect("study/log.sqlite").execute("SELECT url FROM pictures")]
    log = sqlite3.connect("study/log.sqlite")
    digests = [digest for (digest,) in log.execute("SELECT digest FROM runs ORDER BY digest")]
    log.execute("UPDATE runs SET account = ?, owner = 'canary-owner', status_url = 'https://canary/1'", (ACCOUNT,))
    for digest, error in zip(digests, ERRORS, strict=False):
        log.execute("UPDATE runs SET error = ?, error_kind = 'server' WHERE digest = ?", (error, digest))
    log.execute("UPDATE runs SET error = ? WHERE digest = ?", (f"job {IDS[0]} and job {IDS[1]} failed", digests[-1]))
    for number, request_id in enumerate(IDS):
        log.execute("INSERT INTO jobs VALUES ('simulator', ?, ?)", (request_id, digests[number]))
    log.commit()
    log.close()
    return [*ids, *urls, *IDS, str(place), os.uname().nodename if hasattr(os, "uname") else "canary"]


def everything_in(path):
    with zipfile.ZipFile(path) as file:
        texts = [file.read(name) for name in file.namelist() if not name.startswith("pictures/")]
        return b"\n".join([*texts, *(name.encode() for name in file.namelist())]).decode()


def test_canaries_are_not_in_it(private):
    with sf.Workspace("study", service="simulator") as ws:
        ws.runs().bundle("study.sfx")
    text = everything_in("study.sfx")
    assert "canary" not in text.lower()
    assert [secret for secret in private if secret and secret in text] == []
    assert "SG_" not in text
    assert "deadbeef" not in text
    assert "0000cafe" not in text
    assert b"canary" not in Path("study.sfx").read_bytes()
    assert "and/or better" in text, "what is no path stays"
    with sf.Workspace("study.sfx") as ws:
        runs = ws.runs()
        assert "canary" not in runs.log.to_csv()
        assert runs.log["request_id"].isna().all()
        assert any("answered 500" in error for error in runs.df["error"])


def test_a_key_in_a_text_is_refused(private):
    with sf.Workspace("study", service="simulator") as ws:
        runs = ws.runs()
        runs.mark(runs[0], note=f"my key is {KEY}")
        with pytest.raises(BundleError, match="looks like an API key"):
            runs.bundle("study.sfx")
        runs.mark(runs[0], note="my key is SG_0123456789abcdef")
        with pytest.raises(BundleError, match="looks like an API key"):
            runs.bundle("study.sfx")
        runs.mark(runs[0], note="")
        with pytest.raises(BundleError, match="looks like an API key"):
            runs.bundle("study.sfx", title=f"with {KEY}")
    assert not list(Path().glob("*.sfx*"))
    assert not list(Path().glob(".study*"))


def test_a_key_that_is_an_argument_counts_too(private, monkeypatch):
    monkeypatch.delenv("SEGMIND_API_KEY")
    with sf.Workspace("study", service="simulator", api_key=KEY) as ws:
        runs = ws.runs()
        runs.mark(runs[0], note=f"my key is {KEY}")
        with pytest.raises(BundleError, match="looks like an API key"):
            runs.bundle("study.sfx")


def test_it_says_what_is_in_it(made, capsys):
    entries = entries_of(made / "study.sfx")
    says = manifest_of(entries)["private"]
    assert "Prompts, finetune ids" in says
    assert "names of raters" in says
    assert says in entries["README.md"].decode()
    with sf.Workspace(made / "study.sfx") as ws:
        ws.runs().bundle(made / "again.sfx")
    assert "with prompts and finetune ids; no key, account, request id or path" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("seed 5 of 7/8, 1024x1024", "seed 5 of 7/8, 1024x1024"),
        ("the prompt was refused: violence/gore", "the prompt was refused: violence/gore"),
        ("an answer of 512 bytes after 3.5 s", "an answer of 512 bytes after 3.5 s"),
        ("see /home/me/a.png, please", "see [path], please"),
        ("see (/home/me/a.png)", "see [path]"),
        ("at https://a.example/x?id=5.", "at [address]"),
    ],
)
def test_messages_stay_readable(text, cleaned, tmp_path):
    scrubber = Scrubber(tmp_path, [], lambda given: given)
    assert scrubber.message(text).replace("([path])", "[path]").replace("([path]", "[path]") == cleaned


OWN = [
    ("see https://api.segmind.com/v2/requests/canary/status", "see [address]"),
    ("from http://127.0.0.1:8765/canary?x=1, and http://localhost:1/canary", "from [address], and [address]"),
    ("at file:///home/canary/x.png", "at [address]"),
    ("at https://ada:canary@example.org/x", "at [address]"),
    ("about ~3/4 of it", "about ~3/4 of it"),
    ("as in https://arxiv.org/abs/2208.01618", "as in https://arxiv.org/abs/2208.01618"),
    ("'/mnt/My canary/My pictures/x.jpg' is gone", "'[path]' is gone"),
    ('see "C:\\Users\\My canary\\x y.png"', 'see "[path]"'),
    ("~ada/canary/x.png and ~/canary.txt", "[path] and [path]"),
    ("and/or better, 3/4, w/o; 1/2/3", "and/or better, 3/4, w/o; 1/2/3"),
]


@pytest.mark.parametrize(("text", "cleaned"), OWN)
def test_own_texts_lose_what_tells_the_service_and_the_machine(text, cleaned, tmp_path):
    assert Scrubber(tmp_path, [], lambda given: given).own_text(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "[Errno 13] Permission denied: '/data/My canary/x y.jpg'",
        'cannot open "/data/My canary/more canary/x.jpg"',
        "/mnt/My canary/pictures/x.jpg is gone",
        "C:\\Users\\My canary\\study\\x.jpg is gone",
        "~ada/canary/x.png",
        "/mnt/a/b:c/canary.png",
        "read \\\\server\\My canary\\x.png",
    ],
)
def test_a_path_with_spaces_in_a_message_is_gone_whole(text, tmp_path):
    assert "canary" not in Scrubber(tmp_path, [], lambda given: given).message(text)


def test_the_folder_of_another_workspace_beside_it_is_a_path_too(tmp_path):
    scrubber = Scrubber(tmp_path / "study", [], lambda given: given)
    assert (
        scrubber.own_text(f"{tmp_path}/study2/canary.png, {tmp_path}/study/x.png") == "[folder][path] [folder]/x.png"
    )
