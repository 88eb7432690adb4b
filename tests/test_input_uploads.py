"""Input pictures that a model takes by their address: stored at the service once, before anything is submitted."""

import hashlib
import json
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import segflux_nb as sf
from segflux_nb.backoff import Backoff
from segflux_nb.errors import AnswerLost, SegfluxError, WorkspaceError
from segflux_nb.model_schema import model_from_schema
from segflux_nb.running import input_uploads
from segflux_nb.schema_words import way_of
from segflux_nb.service.addresses import HOSTED
from segflux_nb.service.stored_pictures import Stored, StoredPictures
from segflux_nb.service.transport import HttpResponse
from segflux_nb.service.uploads import content_of, read_upload
from segflux_nb.simulator.app import Simulator

CANARY = "SG_fedcba9876543210"


@pytest.fixture
def picture(tmp_path):
    return saved(tmp_path / "a.png", "red")


def saved(path, colour):
    Image.new("RGB", (40, 30), colour).save(path)
    return path


def opened(tmp_path, simulator, name="ws", **settings):
    workspace = sf.Workspace(tmp_path / name, service=simulator, **settings)
    workspace.refresh_models()
    return workspace


def edits(ws, *pictures, seeds=(1,)):
    axis = [[picture] for picture in pictures]
    linked = sf.linked(image_urls=axis, prompt=[f"p{at}" for at in range(len(axis))])
    return sf.Sweep(linked, model=ws.model("kontext-edit"), seed=list(seeds))


def test_a_picture_is_uploaded_once_for_all_who_need_it(tmp_path, picture):
    other = saved(tmp_path / "b.png", "blue")
    with Simulator(time_scale=0, paint=False) as simulator:
        with opened(tmp_path, simulator) as ws:
            assert "2 input pictures, 0.2 kB; 2 are uploaded first" in str(
                ws.plan(edits(ws, picture, other, seeds=range(9)))
            )
            assert simulator.ledger.uploads == 0
            assert ws.run(edits(ws, picture, other, seeds=range(9))).counts == {"completed": 18}
            assert simulator.ledger.uploads == 2
            sent = {entry.body["image_urls"][0] for entry in simulator.ledger.entries()}
            assert all(address.startswith(f"{simulator.url}/assets/") for address in sent)
            assert len(sent) == 2
            plan = str(ws.plan(edits(ws, picture, other, seeds=range(10))))
            assert "2 input pictures, 0.2 kB; uploaded already" in plan
            both = [ws.start(edits(ws, picture, seeds=seeds)) for seeds in ([20], [21])]
            assert [live.wait().counts for live in both] == [{"completed": 1}] * 2
        with opened(tmp_path, simulator) as ws:
            ws.run(edits(ws, picture, other, seeds=[30]))
        assert simulator.ledger.uploads == 2
        with opened(tmp_path, simulator, "another") as ws:
            ws.run(edits(ws, picture, seeds=[40]))
        assert simulator.ledger.uploads == 3


def test_what_the_service_has_no_longer_is_uploaded_again(tmp_path, picture):
    for _ in range(2):  # the second simulator knows nothing of what the first one stored
        with Simulator(time_scale=0, paint=False) as simulator:
            for seed in (1, 2):
                with opened(tmp_path, simulator) as ws:
                    assert ws.run(edits(ws, picture, seeds=[seed]), again=True).df["status"].eq("completed").all()
                simulator.ledger.lose()
            assert simulator.ledger.uploads == 2


@pytest.mark.parametrize(
    ("faults", "number"),
    [
        ({"upload:500": {1, 2}}, 1),
        ({"upload:502": {1}, "upload:drop_after": {2}}, 2),
        ({"upload:drop_before": {1, 2, 3}}, 1),
        ({"upload:no_url": {1}}, 2),
        ({"upload:truncated": {1}, "upload:not_json": {2}}, 3),
    ],
)
def test_an_upload_is_tried_again(tmp_path, picture, faults, number, monkeypatch):
    without_pauses(monkeypatch)
    with Simulator(time_scale=0, paint=False, faults=faults) as simulator, opened(tmp_path, simulator) as ws:
        assert ws.run(edits(ws, picture)).counts == {"completed": 1}
        assert simulator.ledger.uploads == number


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        ({"upload:413": 1.0}, "413: The file is too large"),
        ({"upload:403": 1.0}, "403"),
        ({"upload:500": 1.0}, "500"),
        ({"upload:no_url": 1.0}, "without an address"),
        ({"upload:drop_unread": 1.0}, "lost"),
        ({"upload:413": {2}}, "413"),
    ],
)
def test_nothing_is_submitted_when_a_picture_is_refused(tmp_path, picture, faults, says, monkeypatch):
    without_pauses(monkeypatch)
    other = saved(tmp_path / "b.png", "blue")
    with Simulator(time_scale=0, paint=False, faults=faults) as simulator, opened(tmp_path, simulator) as ws:
        runs = ws.run(edits(ws, picture, other, seeds=range(3)))
        assert simulator.ledger.submits == 0
        assert runs.counts == {"planned": 6}
        assert says in runs.stopped
        assert "cannot be uploaded" in runs.stopped
        assert "Nothing was billed" in runs.stopped


def test_a_job_whose_picture_vanished_fails_and_the_next_call_uploads_again(tmp_path, picture):
    with Simulator(time_scale=0, paint=False, faults={"upload:vanished": {1}}) as simulator:
        with opened(tmp_path, simulator) as ws:
            assert ws.run(edits(ws, picture)).counts == {"failed": 1}
        with opened(tmp_path, simulator) as ws:
            assert ws.runs().retry_failed().counts == {"completed": 1}
            assert simulator.ledger.uploads == 2


def test_a_lost_submit_with_an_uploaded_picture_is_found_in_the_history(tmp_path, picture):
    with Simulator(time_scale=0, paint=False, faults={"submit:drop_after": {1}}) as simulator:
        with opened(tmp_path, simulator) as ws:
            assert ws.run(edits(ws, picture)).counts == {"completed": 1}
        assert simulator.ledger.submits == 1


def test_the_key_goes_to_the_storage_and_nowhere_else(tmp_path, picture, monkeypatch):
    without_pauses(monkeypatch)
    monkeypatch.setenv("SEGMIND_API_KEY", CANARY)
    with Simulator(time_scale=0, paint=False, key=CANARY) as simulator, opened(tmp_path, simulator) as ws:
        assert ws.run(edits(ws, picture)).counts == {"completed": 1}
        heads = [path for path in (tmp_path / "ws").rglob("*") if path.is_file()]
        assert not any(CANARY.encode() in path.read_bytes() for path in heads)
    other = Simulator(time_scale=0, paint=False, key="SG_0000000000000000")
    with other as simulator, opened(tmp_path, simulator, "refused") as ws:
        runs = ws.run(edits(ws, picture))
        assert "401" in runs.stopped
        assert CANARY not in runs.stopped
    assert HOSTED.storage == "https://workflows-api.segmind.com"


@pytest.mark.parametrize("change", ["deleted", "changed"])
def test_a_picture_that_changes_after_the_plan_is_told_before_anything_is_sent(tmp_path, picture, change):
    with Simulator(time_scale=0, paint=False) as simulator, opened(tmp_path, simulator) as ws:
        sweep = edits(ws, picture)
        assert "a.png" not in str(ws.plan(sweep))
        if change == "deleted":
            picture.unlink()
        else:
            saved(picture, "blue")
        said = {"deleted": "is gone", "changed": "has changed"}[change]
        assert f"The file of the input picture 'a.png' {said}" in str(ws.plan(sweep))
        with pytest.raises(sf.SweepError, match=said):
            ws.run(sweep)
        assert (simulator.ledger.submits, simulator.ledger.uploads) == (0, 0)
        saved(picture, "red")
        assert ws.run(sweep).counts == {"completed": 1}
        picture.unlink()  # the workspace has its bytes now
        assert "a.png" not in str(ws.plan(sweep.replace(seed=[8, 9])))


def test_bytes_that_the_workspace_lost_or_that_were_changed_there_are_never_sent(tmp_path, picture):
    digest = hashlib.sha256(picture.read_bytes()).hexdigest()
    with Simulator(time_scale=0, paint=False) as simulator, opened(tmp_path, simulator) as ws:
        sweep = edits(ws, picture)
        ws.run(sweep)
        kept = tmp_path / "ws" / "inputs" / digest[:2] / f"{digest}.png"
        kept.write_bytes(b"others")
        ws.run(sweep.replace(seed=7))  # the file still has them
        assert kept.read_bytes() == picture.read_bytes()


def without_pauses(monkeypatch):
    monkeypatch.setattr(input_uploads, "PAUSE", Backoff(first=0.001, longest=0.001))
    monkeypatch.setattr(input_uploads, "LONGEST_PAUSE", 0.001)


# ---------------------------------------------------------------------- the answer, the words, the file


def answer(body, status=200):
    return HttpResponse(status, {"content-type": "application/json"}, json.dumps(body).encode())


@pytest.mark.parametrize(
    "body",
    [
        {"file_urls": ["https://images.segmind.com/assets/a.png"], "message": "Files uploaded successfully"},
        {"file_urls": [{"url": "https://images.segmind.com/assets/a.png"}]},
        {"data": {"url": "https://images.segmind.com/assets/a.png"}},
        {"urls": "https://images.segmind.com/assets/a.png"},
        ["https://images.segmind.com/assets/a.png"],
    ],
)
def test_an_address_is_read_in_many_forms(body):
    assert read_upload(answer(body), HOSTED, 0.0) == ("https://images.segmind.com/assets/a.png", None)


@pytest.mark.parametrize(
    ("more", "url", "expires_at"),
    [
        ({"expires_at": "2027-01-15T08:00:00Z"}, "", 1_800_000_000.0),
        ({"expires_in": 60}, "", 1_700_000_060.0),
        ({}, "?X-Amz-Date=20270115T080000Z&X-Amz-Expires=3600", 1_800_003_600.0),
        ({}, "?Expires=1800000000&Signature=abc", 1_800_000_000.0),
        ({}, "?Expires=1800000000", None),
        ({"expires_at": "soon"}, "", None),
    ],
)
def test_what_is_said_of_its_end_is_known(more, url, expires_at):
    body = {"file_urls": [f"https://images.segmind.com/assets/a.png{url}"], **more}
    assert read_upload(answer(body), HOSTED, 1_700_000_000.0).expires_at == expires_at


@given(st.recursive(st.none() | st.text() | st.integers() | st.floats(), lambda t: st.lists(t) | st.dictionaries(
    st.sampled_from(["file_urls", "url", "urls", "data", "x", "expires_at", "expires_in"]), t)))  # fmt: skip
def test_no_answer_of_the_storage_is_a_crash(body):
    try:
        url, _ = read_upload(answer(body), HOSTED, 1.0)
    except SegfluxError:
        return
    assert url.startswith("https://")


@pytest.mark.parametrize(
    "url", ["http://evil.example/a.png", "file:///etc/passwd", "javascript:1", "/a.png", "https://"]
)
def test_an_address_that_is_not_https_is_refused(url):
    with pytest.raises(AnswerLost):
        read_upload(answer({"file_urls": [url]}), HOSTED, 0.0)


def test_the_body_is_that_of_the_official_sdk():
    assert json.loads(content_of(b"abc", "image/png")) == {"data_urls": ["data:image/png;base64,YWJj"]}


@pytest.mark.parametrize(
    ("name", "schema", "way"),
    [
        ("image", {"format": "uri"}, "url"),
        ("image_url", {}, "url"),
        ("image", {"description": "URL of the picture"}, "url"),
        ("image", {"format": "uri", "description": "URL or base64"}, "data"),
        ("image", {"format": "uri", "description": "A URL. Base64 is not supported."}, "url"),
        ("image", {"format": "data-url"}, "data"),
        ("image", {"format": "uri", "example": "data:image/png;base64,AA"}, "data"),
        ("image_url", {"description": "A public link, or a data URI"}, "data"),
        ("image", {"contentEncoding": "base64"}, "base64"),
        ("image", {"format": "byte"}, "base64"),
        ("image", {"description": "Base64 of the picture"}, "base64"),
        ("image", {"format": "image"}, "base64"),
        ("image", {"format": ["uri"], "description": 7}, "base64"),
    ],
)
def test_the_schemas_words_say_how_a_picture_is_sent(name, schema, way):
    assert way_of(name, schema) == way
    model = model_from_schema("m", {"properties": {name: {"type": "string", **schema}}})
    assert model.parameters[name].kind != "picture" or model.parameters[name].sent_as == way


def test_what_is_known_of_addresses_is_read_with_care(tmp_path):
    stored, text = StoredPictures(tmp_path, "http://a.example"), f"picture:sha256-{'0' * 64}.png"
    assert stored.find(text, 0.0) is None
    stored.add(Stored(text, "/assets/a", "http://a.example/assets/a", 5.0))
    stored.add(Stored(text, "/assets/b", "http://a.example/assets/b", 6.0, 10_000.0))
    (file,) = (tmp_path / "inputs" / "uploaded").glob("*.jsonl")
    with open(file, "ab") as more:
        more.write(b'{"picture": 1}\n[]\n\xff\n{"picture": "x", "address": "/", "sent": "/", "at": 1}\nhalf')
    assert stored.find(text, 0.0).address == "/assets/b"
    assert stored.find(text, 9_500.0) is None  # it ends before its job may be done
    assert set(stored.by_address()) == {"http://a.example/assets/a", "http://a.example/assets/b"}
    assert StoredPictures(tmp_path, "segmind").find(text, 0.0) is None
    assert stored.claim(text, "one") == ""
    assert stored.claim(text, "two") == "one"
    stored.release(text)
    assert stored.claim(text, "two") == ""


def test_another_process_that_stores_a_picture_is_waited_for(tmp_path, picture, monkeypatch):
    asked, claim = [], StoredPictures.claim

    def claimed(self, text, owner):
        asked.append(owner)
        if len(asked) == 3:  # the other one is done
            self.add(Stored(text, "/assets/there", "http://a.example/assets/there", 5.0, 1e12))
        return owner if len(asked) < 3 else claim(self, text, owner)

    monkeypatch.setattr(input_uploads, "ELSEWHERE_SECONDS", 0.001)
    with Simulator(time_scale=0, paint=False) as simulator, opened(tmp_path, simulator) as ws:
        text = edits(ws, picture)[0].parameters["image_urls[0]"]
        StoredPictures(tmp_path / "ws", ws.service).claim(text, "x:999999:1")
        assert ws.run(edits(ws, picture)).counts == {"completed": 1}  # that process is gone
        assert simulator.ledger.uploads == 1
        monkeypatch.setattr(StoredPictures, "claim", claimed)
        other = saved(tmp_path / "b.png", "blue")
        ws.run(edits(ws, other))
        assert len(asked) == 3
        assert simulator.ledger.uploads == 1


SCRIPT = """
import sys
import segflux_nb as sf

ws = sf.Workspace(sys.argv[1], service=sys.argv[2])
ws.refresh_models()
ws.run(sf.Sweep(model=ws.model("kontext-edit"), image_urls=[sys.argv[3]], prompt="a", seed=list(range(12))))
"""


def test_a_killed_sweep_of_another_model_goes_on_without_paying_or_uploading_twice(tmp_path, picture):
    with Simulator(time_scale=0.3, paint=False, spread=0) as simulator:
        begun = [sys.executable, "-c", SCRIPT, str(tmp_path / "ws"), simulator.url, str(picture)]
        process = subprocess.Popen(begun, stdout=subprocess.DEVNULL)
        accepted = threading.Event()
        simulator.protocol._on_accept = lambda entry: accepted.set() if simulator.ledger.submits >= 5 else None
        was_accepted = accepted.wait(60)
        process.kill()
        process.wait()
        assert was_accepted
        with opened(tmp_path, simulator) as ws:
            model, seeds = ws.model("kontext-edit"), list(range(12))
            sweep = sf.Sweep(model=model, image_urls=[picture], prompt="a", seed=seeds)
            assert ws.run(sweep).counts == {"completed": 12}
        assert simulator.ledger.submits == 12
        assert simulator.ledger.uploads == 1


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_sent(tmp_path, picture):
    with Simulator(time_scale=0, paint=False) as simulator, opened(tmp_path, simulator) as ws:
        sweep = edits(ws, picture)
        (tmp_path / "ws" / "inputs").write_text("no folder")
        assert "1 input picture" in str(ws.plan(sweep))
        with pytest.raises(WorkspaceError, match="cannot be written"):
            ws.run(sweep)
        assert (simulator.ledger.submits, simulator.ledger.uploads) == (0, 0)
