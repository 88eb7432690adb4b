"""A healthy service, and faults planted one at a time: the right line says it, and nothing raises."""

import asyncio
import errno
import json
import os
import shutil
import sqlite3
import tempfile
from importlib import metadata

import pytest
from PIL import features

import segflux_nb as sf
from segflux_nb import loopthread
from segflux_nb.clock import SystemClock
from segflux_nb.doctor.examination import CHECKS
from segflux_nb.doctor.examine import examine
from segflux_nb.doctor.subject import Subject
from segflux_nb.runlog import files
from segflux_nb.service.addresses import HOSTED, at
from segflux_nb.service.secret import Secret
from segflux_nb.simulator.app import Simulator
from tests.doctor.conftest import CANARY, body_of, changed, studied
from tests.service.scripted import Scripted, tls

ACCOUNT, HISTORY = "/v1/get-user-credits", "/inference-request/request-history"
CATALOGUE = "/inference-model-information/list"


def test_all_is_fine_where_all_is_well(tmp_path):
    with studied(tmp_path / "s") as (ws, simulator):
        found = ws.doctor()
        assert [line.check for line in found.lines] == list(CHECKS)
        assert found.of("broken") == found.of("attention") == [], str(found)
        assert (found.summary, found.exit_code) == ("Ready.", 0)
        assert simulator.ledger.submits == 0, "it is free"
        assert found["balance"].finding.startswith("$5.00, enough for about 147 pictures")
        assert found["key"].finding == "found in the argument api_key"
        assert repr(found) == f"Examination({len(CHECKS)} checks)"
        assert list(found.df["check"]) == list(CHECKS)
        bundle = found._repr_mimebundle_()
        assert bundle["text/plain"] == repr(found)
        assert "Run the cell" in bundle["text/html"]
        assert "<td>" in found._html
        assert found.report["checks"] == dict.fromkeys(CHECKS, "fine")


def answers(path, **to):
    """Another answer at a path."""

    def change(asked, response):
        return changed(response, **to) if asked == path else response

    return change


def fields(path, *, drop=(), **more):
    """Other fields in an answer at a path."""

    def change(asked, response):
        if asked != path or response.status != 200:
            return response
        body = {name: value for name, value in body_of(response).items() if name not in drop} | more
        return changed(response, body=json.dumps(body).encode())

    return change


def entry(change):
    """Another entry of the model in the catalogue."""

    def changing(asked, response):
        if asked != CATALOGUE:
            return response
        body = body_of(response)
        (name,) = body
        body[name] = [change(one) if one["slug"] == "flux-dev-finetuned" else one for one in body[name]]
        return changed(response, body=json.dumps(body).encode())

    return changing


def of_sampler(name):
    def change(one):
        one["parameters_schema"]["properties"]["sampler_name"]["enum"].append(name)
        return one

    return change


HTML = {"body": b"<html><h1>Sign in</h1></html>", "headers": {"content-type": "text/html"}}

PLANTED = {
    "no credits": ({"credits": 0.0}, None, "balance", "broken", "less than a picture"),
    "few credits": ({"credits": 0.1}, None, "balance", "attention", "$0.10, enough for about 2"),
    "no credits, as 404": (
        {},
        answers(ACCOUNT, status=404, body=b'{"error": "No credits found for the user"}'),
        "balance",
        "broken",
        "the account has no credits: No credits found",
    ),
    "the balance in another type": (
        {},
        fields(ACCOUNT, credits="5.0"),
        "answers",
        "attention",
        "credits (of another",
    ),
    "an unknown field": ({}, fields(ACCOUNT, plan="pro"), "answers", "attention", "plan (unknown)"),
    "a missing field": ({}, fields(ACCOUNT, drop=["free-credits"]), "answers", "attention", "free-credits (missing)"),
    "another code": ({}, answers(ACCOUNT, status=203), "answers", "attention", "account, balance (other code)"),
    "HTML": ({}, answers(ACCOUNT, **HTML), "service", "broken", "answers 200 with text/html in place of JSON"),
    "a redirect": (
        {},
        answers(ACCOUNT, status=302, body=b"", headers={"location": "https://wifi.example.com/login?a=b"}),
        "service",
        "broken",
        "sends us to https://wifi.example.com/…",
    ),
    "out of order": ({}, answers(ACCOUNT, status=503, body=b'{"error": "x"}'), "service", "attention", "503"),
    "a rate limit": ({"rpm": 1, "count_gets": True}, None, "history", "attention", "it answers 429: rate_limit"),
    "the history is gone": ({}, answers(HISTORY, status=404, body=b'{"error": "no"}'), "history", "broken", "404"),
    "the history is HTML": ({}, answers(HISTORY, **HTML), "history", "broken", "cannot be read"),
    "the history refuses the key": (
        {},
        answers(HISTORY, status=401, body=b'{"error": "other console"}'),
        "history",
        "broken",
        "the key is refused there: 401: other console",
    ),
    "no catalogue": ({}, answers(CATALOGUE, status=404, body=b'{"error": "no"}'), "catalogue", "attention", "404"),
    "the catalogue is HTML": ({}, answers(CATALOGUE, **HTML), "catalogue", "attention", "it cannot be read"),
    "the model is in no catalogue": (
        {},
        answers(CATALOGUE, body=b'[{"slug": "sdxl"}]'),
        "catalogue",
        "attention",
        "1 model, and flux-dev-finetuned is not among them",
    ),
    "the catalogue knows more": ({}, entry(of_sampler("deis")), "drift", "attention", "sampler_name may be deis too"),
    "the model goes": ({}, entry(lambda one: {**one, "is_depreciated": True}), "drift", "attention", "is deprecated"),
    "another price": ({}, entry(lambda one: {**one, "price": 0.07}), "drift", "attention", "$0.0700"),
    "no answer": ({"faults": {"any:drop_before": 1.0}}, None, "service", "broken", "was lost"),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_fault_of_the_service_is_in_the_right_line(tmp_path, fault):
    settings, change, check, verdict, text = PLANTED[fault]
    with studied(tmp_path / "s", change, **settings) as (ws, _):
        found = ws.doctor()
    assert (found[check].verdict, found.exit_code) == (verdict, int(verdict == "broken")), str(found)
    assert text in found[check].finding
    if verdict != "fine":
        assert found[check].remedy
    assert "ca9a51e5" not in str(found) + json.dumps(found.report)


def test_a_wrong_key_and_no_key(tmp_path):
    with studied(tmp_path / "s", api_key="SG_ffffffffffffffff") as (ws, _):
        found = ws.doctor()
        assert found["key accepted"].verdict == found["history"].verdict == "broken"
        assert "401: Unauthorized. API key is invalid" in found["key accepted"].finding
        assert "segflux login" in found["key accepted"].remedy
        assert "balance" not in found.of("broken"), "it is not known"
        paid = ws.doctor(spend=0.05)["paid picture"]
        assert paid.remedy == "Mend first what is broken: key accepted"
    with studied(tmp_path / "t", api_key="") as (ws, _):
        assert "the service asks for one" in ws.doctor()["key accepted"].finding
    with studied(tmp_path / "u", api_key="fluffy-cat-1234") as (ws, _):
        found = ws.doctor()
        assert found["key"].verdict == "attention"
        assert "fluffy" not in str(found) + json.dumps(found.report)


class Off(SystemClock):
    seconds = 0.0

    def now(self):
        return super().now() + Off.seconds


@pytest.mark.parametrize(
    ("seconds", "verdict", "text"),
    [
        (600, "attention", "10 minutes ahead of"),
        (-600, "attention", "10 minutes behind"),
        (2 * 86400, "broken", "48.0 hours ahead of"),
        (2, "fine", "as the service's"),
    ],
)
def test_a_clock_that_is_wrong(tmp_path, monkeypatch, seconds, verdict, text):
    with studied(tmp_path / "s") as (ws, _):
        monkeypatch.setattr("segflux_nb.workspace_verbs.doctor.SystemClock", Off)
        monkeypatch.setattr(Off, "seconds", seconds)
        line = ws.doctor()["clock"]
    assert line.verdict == verdict
    assert text in line.finding


def test_a_late_history(tmp_path, monkeypatch):
    with studied(tmp_path / "s", history_delay=3600) as (ws, _):
        ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2]))
        assert ws.doctor()["history"].verdict == "fine", "nobody can tell yet"
        monkeypatch.setattr("segflux_nb.doctor.answers.LATE_SECONDS", -1.0)
        line = ws.doctor()["history"]
        assert line.verdict == "attention"
        assert "does not list a job that was accepted" in line.finding
    with studied(tmp_path / "t") as (ws, _):
        ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2]))
        assert "lists the newest job" in ws.doctor()["history"].finding


# ------------------------------------------------------------------ this machine


def alone(folder, service=None, **known):
    return examine(Subject(folder, service, SystemClock(), "", **known))


def refuse(number):
    def refused(*_, **__):
        raise OSError(number, os.strerror(number))

    return refused


@pytest.mark.parametrize(
    ("number", "text"),
    [(errno.EROFS, "Read-only file system"), (errno.ENOSPC, "the disk is full"), (errno.EACCES, "Permission denied")],
)
def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch, number, text):
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse(number))
    line = alone(tmp_path)["folder"]
    assert line.verdict == "broken"
    assert text in line.finding
    assert line.remedy


@pytest.mark.parametrize(("free", "verdict"), [(1000, "broken"), (500 << 20, "attention"), (50 << 30, "fine")])
def test_a_disk_that_is_full(tmp_path, monkeypatch, free, verdict):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(free, 0, free))
    assert alone(tmp_path)["disk"].verdict == verdict


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    monkeypatch.setattr("segflux_nb.doctor.machine.locks_work", lambda *_: False)
    monkeypatch.setattr("segflux_nb.doctor.machine.file_system", lambda _: ("nfs4", "nolock"))
    line = alone(tmp_path)["folder"]
    assert (line.verdict, "on nfs4, without working locks" in line.finding) == ("broken", True)


@pytest.mark.parametrize(
    ("version", "verdict", "text"),
    [
        ((3, 34, 1), "broken", "too old"),
        ((3, 40, 1), "fine", "not safe with WAL"),
        ((3, 51, 3), "fine", "fit for WAL"),
    ],
)
def test_an_old_sqlite(tmp_path, monkeypatch, version, verdict, text):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    monkeypatch.setattr(sqlite3, "sqlite_version", ".".join(map(str, version)))
    line = alone(tmp_path)["SQLite"]
    assert line.verdict == verdict
    assert text in line.finding
    assert files.wal_is_sound(version) == ("fit" in line.finding)


@pytest.mark.parametrize(
    ("versions", "check", "verdict", "text"),
    [
        ({"anywidget": None}, "widgets", "broken", "not installed: anywidget"),
        ({"anywidget": "0.9.1"}, "widgets", "broken", "too old is anywidget"),
        ({"jupyterlab_widgets": None}, "widgets", "attention", "no jupyterlab_widgets"),
        ({"jupyterlab": "3.6.1"}, "JupyterLab", "attention", "4 and newer"),
        ({"jupyterlab": None, "notebook": None}, "JupyterLab", "attention", "not in this environment"),
    ],
)
def test_widgets_that_are_not_there(tmp_path, monkeypatch, versions, check, verdict, text):
    known = metadata.version

    def version(name):
        found = versions.get(name, "") if name in versions else known(name)
        if found is None:
            raise metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(metadata, "version", version)
    line = alone(tmp_path)[check]
    assert line.verdict == verdict
    assert text in line.finding


@pytest.mark.parametrize(("missing", "verdict"), [("jpg", "broken"), ("webp", "attention")])
def test_formats_that_pillow_lacks(tmp_path, monkeypatch, missing, verdict):
    monkeypatch.setattr(features, "check", lambda feature: feature != missing)
    assert alone(tmp_path)["Pillow"].verdict == verdict


def test_where_the_key_is_found(tmp_path, monkeypatch):
    from segflux_nb.service.keys import find_key, save_key

    path = save_key(CANARY)
    assert alone(tmp_path, secret=find_key(None))["key"].finding == f"found in the key file {path}"
    path.chmod(0o644)
    assert "which others can read" in alone(tmp_path, secret=find_key(None))["key"].finding
    monkeypatch.setenv("SEGMIND_API_KEY", CANARY)
    found = alone(tmp_path, secret=find_key(None))
    assert found["key"].finding == "found in the environment variable SEGMIND_API_KEY"


def test_a_proxy_that_refuses(tmp_path, monkeypatch):
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{CANARY}@127.0.0.1:9")
    found = alone(tmp_path, HOSTED, secret=Secret(CANARY))
    assert found["proxies"].verdict == found["service"].verdict == "broken"
    assert "through the proxy of HTTPS_PROXY: Connection refused" in found["proxies"].finding
    for name in ("key accepted", "balance", "catalogue", "drift", "history"):  # not that the service says nothing
        assert "Connection refused" in found[name].finding, (name, found[name].finding)
    monkeypatch.setenv("HTTPS_PROXY", f"socks5://me:{CANARY}@127.0.0.1:9")
    wrong = alone(tmp_path, HOSTED, secret=Secret(CANARY))
    assert "only proxies that begin with http" in wrong["proxies"].finding
    assert "ca9a51e5" not in str(found) + str(wrong) + json.dumps([found.report, wrong.report])


def test_certificates_that_nobody_trusts(tmp_path):
    server = Scripted(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
    serving = server.serving(tls())
    loopthread.wait(loopthread.submit(serving.__aenter__()))
    try:
        found = alone(tmp_path, at(server.url), secret=Secret(CANARY))
    finally:
        loopthread.wait(loopthread.submit(serving.__aexit__(None, None, None)))
    assert found["certificates"].verdict == found["service"].verdict == "broken"
    assert "certificate verify failed" in found["certificates"].finding
    assert "SSL_CERT_FILE" in found["certificates"].remedy
    assert server.requests == [], "the key did not leave"


def test_a_check_that_raises_is_a_line(tmp_path, monkeypatch):
    async def end(*_):
        raise RuntimeError(f"no loop for {CANARY}")

    monkeypatch.setattr(shutil, "disk_usage", refuse(errno.EIO))
    monkeypatch.setattr("segflux_nb.doctor.examine.ask", end)
    found = alone(tmp_path, at("http://127.0.0.1:9"), secret=Secret(CANARY))
    assert "Input/output error" in found["disk"].finding
    assert found["service"].finding == "it cannot be asked: RuntimeError: no loop for [key]"


def test_a_service_that_says_nothing_is_waited_for_a_moment(tmp_path, monkeypatch):
    async def silent():
        server = await asyncio.start_server(lambda *_: asyncio.sleep(3600), "127.0.0.1", 0)
        return server, server.sockets[0].getsockname()[1]

    server, port = loopthread.wait(loopthread.submit(silent()))
    monkeypatch.setattr("segflux_nb.doctor.questions.QUESTION_SECONDS", 0.05)
    try:
        assert alone(tmp_path, at(f"http://127.0.0.1:{port}"))["service"].verdict == "broken"
    finally:
        loopthread.submit(asyncio.sleep(0)).add_done_callback(lambda _: server.close())


def test_the_key_in_an_error_of_a_check_is_nowhere(tmp_path, monkeypatch):
    from segflux_nb.doctor import machine

    def raising(subject):
        raise RuntimeError(f"proxy http://user:{CANARY}@host refused x-api-key: {CANARY}")

    def asking(*arguments):
        raise RuntimeError(f"cannot ask with {CANARY}")

    monkeypatch.setenv("SEGMIND_API_KEY", CANARY)
    monkeypatch.setattr(machine, "pillow", raising)
    monkeypatch.setattr("segflux_nb.doctor.examine.ask", asking)
    with sf.Workspace(tmp_path / "ws", service=Simulator(time_scale=0, paint=False)) as ws:
        found = ws.doctor(spend=0.05)
        found.save(tmp_path / "doctor.json")
        shown = [str(found), repr(found), str(found._repr_mimebundle_()), (tmp_path / "doctor.json").read_text()]
    assert "it cannot be examined: RuntimeError" in shown[0]
    assert not [text for text in shown if CANARY in text or CANARY[3:] in text]


def test_a_limit_of_one_request_a_minute_is_a_finding_and_no_more_is_asked(tmp_path):
    simulator = Simulator(time_scale=0, paint=False, rpm=1, count_gets=True)
    with simulator, sf.Workspace(tmp_path / "ws", service=simulator) as ws:
        said = {line.check: (line.verdict, line.finding) for line in ws.doctor().lines}
    limited = [check for check, (_, finding) in said.items() if "429" in finding]
    assert limited
    assert all(said[check][0] == "attention" for check in limited)
