"""Machines as people have them: settings of the environment, no home folder, no console or an old one."""

import io
import os
import subprocess
import sys
import traceback

import certifi
import pytest

import segflux_nb as sf
from segflux_nb.cli import main
from segflux_nb.console import escaped, is_terminal, say, write
from segflux_nb.errors import NotSentError, SegfluxError, WorkspaceError
from segflux_nb.loopthread import submit, wait
from segflux_nb.service.addresses import HOSTED, at
from segflux_nb.service.certificates import tls_context
from segflux_nb.service.transport import HttpRequest, HttpTransport
from segflux_nb.simulator.server import _UvicornServer

SCRIPT = """
import segflux_nb as sf
with sf.Workspace("study", service="simulator") as ws:
    sweep = sf.Sweep(prompt="TOK \\u72d0", finetune_id="a", seed=[1, 2], steps=2)
    runs = ws.run(sweep, name="\\u72d0")
    ws.plan(sweep)
    live = ws.start(sf.Sweep(prompt="TOK \\u72d0", finetune_id="a", seed=range(50), steps=2))
    live.stop()
    live.wait()
    runs.mark(next(iter(runs)), stars=3)
    runs.sheet().save("sheet.png")
    open("done", "w").write(str(runs.counts))
"""

HOSTILE = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "ftp://nowhere",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "NO_PROXY": "[::",
    "SSL_CERT_FILE": "/nowhere/certificates.pem",
    "SSL_CERT_DIR": "/nowhere",
    "SSLKEYLOGFILE": "/nowhere/keys.log",
    "HOME": "/dev/null",
    "SEGMIND_API_KEY": "",
}


def play(folder, environment, prefix=""):
    """Run the script in a folder; its errors, and whether it came to its end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    wanted = {**clean, **environment}
    done = subprocess.run(
        [sys.executable, "-c", prefix + SCRIPT],
        cwd=folder,
        env={name: value for name, value in wanted.items() if value is not None},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    ended = (folder / "done").exists() and (folder / "done").read_text() == "{'completed': 2}"
    return ended, done.returncode, done.stderr.decode(errors="replace")


@pytest.mark.parametrize(
    ("environment", "prefix"),
    [
        (HOSTILE, ""),
        ({"HOME": None, "PYTHONIOENCODING": "cp1251:strict", "PYTHONUTF8": "0", "LC_ALL": "C"}, ""),
        ({"HOME": None}, "import sys; sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = None\n"),
        ({}, "import sys; sys.stderr.close(); sys.stdout.close()\n"),
    ],
    ids=["settings", "cp1251", "no console", "closed console"],
)
def test_the_simulator_runs_on_any_machine(tmp_path, environment, prefix):
    assert play(tmp_path, environment, prefix)[:2] == (True, 0)


@pytest.fixture
def no_settings(monkeypatch):
    for name in [*os.environ]:
        if name.lower().endswith("_proxy") or name.startswith("SSL"):
            monkeypatch.delenv(name)
    tls_context.cache_clear()
    yield monkeypatch
    tls_context.cache_clear()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "ftp://name:secret@nowhere"),
        ("ALL_PROXY", "socks5://name:secret@127.0.0.1:9"),
        ("SSL_CERT_FILE", "/nowhere/certificates.pem"),
        ("SSL_CERT_DIR", "/nowhere"),
    ],
)
def test_a_setting_that_cannot_work_is_named_for_the_hosted_service(no_settings, name, value):
    no_settings.setenv(name, value)
    with pytest.raises(WorkspaceError, match=name) as error:
        HttpTransport(HOSTED, None)
    assert "secret" not in str(error.value)
    HttpTransport(at("http://127.0.0.1:9"), None)


@pytest.mark.parametrize("value", ["http://name:secret@127.0.0.1:9", "http://[secret", "http://secret:99999999"])
def test_a_proxy_that_is_not_there_is_named(no_settings, value):
    no_settings.setenv("HTTPS_PROXY", value)

    async def ask():
        transport = HttpTransport(HOSTED, None)
        try:
            return await transport.send(HttpRequest("GET", f"{HOSTED.api}/v1/x", "account"))
        finally:
            await transport.close()

    with pytest.raises(NotSentError, match="HTTPS_PROXY") as error:
        wait(submit(ask()))
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "key", ["SG_0123456789\nabcdef", "SG_01234\r56789", "SG_0123\x0056789", "SG_狐0123456789", b"SG_1", 5]
)
@pytest.mark.parametrize("source", ["argument", "environment"])
def test_a_key_that_no_header_takes_is_refused_when_it_is_given(tmp_path, monkeypatch, key, source):
    monkeypatch.delenv("SEGMIND_API_KEY", raising=False)
    if source == "environment":
        if not isinstance(key, str) or "\0" in key:
            pytest.skip("the environment holds text without NUL")
        monkeypatch.setenv("SEGMIND_API_KEY", key)
    with pytest.raises(SegfluxError, match="key") as error:
        sf.Workspace(tmp_path / "study", service="simulator", api_key=key if source == "argument" else None)
    assert "0123" not in f"{error.value!r} {error.value}"
    assert not (tmp_path / "study").exists()


def test_a_key_file_out_of_reach_closes_nothing(tmp_path, monkeypatch):
    monkeypatch.delenv("SEGMIND_API_KEY", raising=False)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEGFLUX_CONFIG", str(tmp_path / "file" / "folder"))
    sweep = sf.Sweep(prompt="TOK", finetune_id="x", seed=1)
    with sf.Workspace(tmp_path / "study") as ws, pytest.raises(SegfluxError, match="file/folder/key cannot be read"):
        ws.run(sweep)
    sf.Workspace(tmp_path / "study", api_key="SG_0123456789abcdef").close()


class Console(io.StringIO):
    encoding = "cp1252"

    def write(self, text):
        text.encode(self.encoding)
        return super().write(text)


def test_what_the_console_cannot_show_is_escaped(monkeypatch):
    console = Console()
    monkeypatch.setattr(sys, "stdout", console)
    say("fox 狐 é")
    assert console.getvalue() == "fox \\u72d0 é\n"
    assert escaped("狐", "no such encoding") == escaped("狐", None) == "\\u72d0"
    console.close()
    for stream in (console, None):
        write(stream, "text")
        assert not is_terminal(stream)


def test_a_key_that_is_refused_is_in_no_variable_that_a_traceback_shows(tmp_path):
    try:
        sf.Workspace(tmp_path / "study", api_key="SG_" + "0123456789\n" * 2)
    except SegfluxError as error:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        frames = [frame for frame in shown.stack if "segflux_nb" in frame.filename and "tests" not in frame.filename]
    assert frames
    assert "0123456789" not in "".join(str(frame.locals) for frame in frames)


def test_a_folder_whose_name_is_not_text_is_refused(tmp_path):
    with pytest.raises(WorkspaceError, match="not text"):
        sf.Workspace(tmp_path / os.fsdecode(b"\xff\xfe"))


def test_the_current_folder_may_be_deleted(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here").rmdir()
    with sf.Workspace(tmp_path / "study", service="simulator") as ws:
        runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1], steps=2))
        assert runs.df["image"].tolist() == [str(runs[0].path)]
        runs.sheet().save(tmp_path / "sheet.png")
    with pytest.raises(WorkspaceError, match="cannot be made"):
        sf.Workspace("study")


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost", "::1"])
def test_a_simulator_at_any_address_of_this_machine_is_a_service(tmp_path, host):
    try:
        simulator = sf.Simulator(host=host, key="SG_0123456789abcdef", time_scale=0.001, paint=False)
        url = simulator.url
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with simulator, sf.Workspace(tmp_path, service=url, api_key="SG_0123456789abcdef") as ws:
        assert ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1], steps=2)).counts == {"completed": 1}


def test_a_simulator_that_cannot_start_says_so(monkeypatch):
    def fails(self, sockets=None):
        raise OSError("no threads here")

    monkeypatch.setattr(_UvicornServer, "run", fails)
    with pytest.raises(RuntimeError, match="no threads here"):
        _ = sf.Simulator().url


@pytest.mark.parametrize("port", ["-1", "65536", "99999", "http"])
def test_serve_refuses_what_is_no_port(port):
    from click.testing import CliRunner

    result = CliRunner().invoke(main, ["serve", "--port", port])
    assert result.exit_code == 2
    assert "--port" in result.output


def test_a_file_for_tls_keys_that_cannot_be_written_is_named(no_settings):
    no_settings.setenv("SSL_CERT_FILE", certifi.where())
    no_settings.setenv("SSLKEYLOGFILE", "/nowhere/keys.log")
    with pytest.raises(WorkspaceError, match="SSLKEYLOGFILE"):
        HttpTransport(HOSTED, None)
