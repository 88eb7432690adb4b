"""A canary key shows up nowhere."""

import copy
import io
import json
import logging
import pickle
import sys
import traceback
import types

import pytest
from click.testing import CliRunner
from PIL import Image

import segflux_nb as sf
from segflux_nb import loopthread
from segflux_nb.cli import main
from segflux_nb.errors import TransportError
from segflux_nb.lifecycle import State
from segflux_nb.pictures.store import PictureStore
from segflux_nb.service.keys import find_key, save_key
from segflux_nb.service.secret import Secret, redact
from segflux_nb.service.transport import HttpRequest
from segflux_nb.simulator.app import Simulator

CANARY = "SG_ca9a51e5ca9a51e5"


def test_a_secret_never_shows_its_key():
    secret = Secret(CANARY)
    for text in (repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", str([secret]), str(vars(type(secret)))):
        assert CANARY not in text
    assert not hasattr(secret, "__dict__")
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            leak(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert secret.reveal() == CANARY
    assert secret.redact(f"a {CANARY} b SG_0123456789ABCDEF") == "a [key] b [key]"
    assert redact("nothing") == "nothing"


def test_a_canary_key_appears_nowhere(tmp_path, capsys):
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)
    texts = []

    def keep(error):
        texts.append(str(error))
        texts.extend(traceback.TracebackException.from_exception(error, capture_locals=True).format())

    grid = sf.Sweep(prompt="TOK", finetune_id="a", seed=range(1, 5))
    try:
        faults = {"job:failed": lambda body: body["seed"] == 1, "submit:drop_after": lambda body: body["seed"] == 2}
        with Simulator(time_scale=0.002, paint=False, key=CANARY, faults=faults) as simulator:
            with sf.Workspace(tmp_path / "study", service=simulator, api_key=CANARY) as ws:
                runs = ws.run(grid)
                assert runs.counts == {"completed": 3, "failed": 1}, "the key does open the service"
                texts += [repr(ws), str(vars(ws)), repr(runs), runs.df.to_string(), runs.log.to_string()]
                texts += [
                    str(vars(ws._connection._engine)),
                    str(vars(ws._connection._engine.api)),
                    str(vars(ws._connection._engine.api._transport)),
                    str(vars(ws._connection._engine.api._transport._transport)),
                ]
                for thing in (ws, ws._connection._engine.api):
                    with pytest.raises((TypeError, pickle.PicklingError, AttributeError)) as error:
                        pickle.dumps(thing)
                    keep(error.value)
                runs.export(tmp_path / "export")
            with sf.Workspace(tmp_path / "wrong", service=simulator, api_key="SG_ffffffffffffffff") as ws:
                texts.append(str(ws.run(grid).stopped))
                assert "401" in texts[-1]
        with sf.Workspace(tmp_path / "gone", service="http://127.0.0.1:9", api_key=CANARY) as ws:
            ws._connection.engine()
            unreachable = ws._connection._engine.api._transport.send(
                HttpRequest("POST", "http://127.0.0.1:9/v2/x", "submit", b"{}")
            )
            with pytest.raises(TransportError) as error:
                loopthread.wait(loopthread.submit(unreachable))
            keep(error.value)
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(level)
    texts += [log.getvalue(), *capsys.readouterr()]
    assert "server process" in log.getvalue(), "all is logged; the HTTP library says nothing"
    for text in texts:
        assert "ca9a51e5" not in text
    for path in tmp_path.rglob("*"):
        if path.is_file() and "simulator" not in path.parts:
            assert b"ca9a51e5" not in path.read_bytes(), path


def test_an_export_that_holds_a_key_is_refused(tmp_path):
    with Simulator(time_scale=0.002, paint=False) as simulator, sf.Workspace(tmp_path / "s", service=simulator) as ws:
        runs = ws.run(sf.Sweep(prompt=f"TOK {CANARY}", finetune_id="a"))
        with pytest.raises(sf.SegfluxError, match="API key"):
            runs.export(tmp_path / "export")
        assert not (tmp_path / "export").exists()


@pytest.fixture
def no_key(tmp_path, monkeypatch):
    monkeypatch.delenv("SEGMIND_API_KEY", raising=False)
    monkeypatch.setenv("SEGFLUX_CONFIG", str(tmp_path / "config"))


def test_where_the_key_comes_from(no_key, monkeypatch):
    keys = [f"SG_{number}123456789abcdef" for number in range(4)]
    assert find_key(None) is None
    colab = types.ModuleType("google.colab")
    colab.userdata = types.SimpleNamespace(
        get=lambda name: {"SEGMIND_API_KEY": keys[0]}[name],
        SecretNotFoundError=type("SecretNotFoundError", (Exception,), {}),
        NotebookAccessError=type("NotebookAccessError", (Exception,), {}),
    )
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    assert find_key(None).reveal() == keys[0]
    path = save_key(f" {keys[1]}\n")
    assert path.stat().st_mode & 0o077 == 0
    assert find_key(None).reveal() == keys[1]
    monkeypatch.setenv("SEGMIND_API_KEY", keys[2])
    assert find_key(None).reveal() == keys[2]
    assert find_key(keys[3]).reveal() == keys[3]

    def not_found(name):
        raise colab.userdata.SecretNotFoundError

    monkeypatch.delenv("SEGMIND_API_KEY")
    path.unlink()
    monkeypatch.setattr(colab.userdata, "get", not_found)
    assert find_key(None) is None


def test_an_older_key_file_that_others_can_read_is_replaced(no_key):
    path = save_key("SG_0123456789abcdef")
    path.chmod(0o644)
    save_key(CANARY)
    assert path.stat().st_mode & 0o077 == 0
    assert find_key(None).reveal() == CANARY
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(sf.SegfluxError, match="segflux login"):
        find_key(None)


def test_login(no_key):
    runner = CliRunner()
    with Simulator(time_scale=0, paint=False, key=CANARY, credits=7.5) as simulator:
        base = f"{simulator.url}/v1"
        wrong = runner.invoke(main, ["login", "--base-url", base], input="SG_0123456789abcdef\n")
        assert wrong.exit_code == 1
        assert "Nothing was saved" in wrong.output
        assert find_key(None) is None
        right = runner.invoke(main, ["login", "--base-url", base], input=f"{CANARY}\n")
        assert right.exit_code == 0, right.output
        assert "the account has $7.50" in right.output
        assert "SG_" not in right.output
    assert find_key(None).reveal() == CANARY


def test_the_error_of_a_missing_key_lists_where_a_key_can_come_from(no_key, tmp_path):
    with sf.Workspace(tmp_path / "study") as ws, pytest.raises(sf.SegfluxError) as error:
        ws.run(sf.Sweep(prompt="TOK", finetune_id="a"))
    for way in ("segflux login", "SEGMIND_API_KEY", "Colab", "api_key=", 'service="simulator"'):
        assert way in str(error.value)


def test_a_sweep_whose_pictures_are_all_logged_runs_without_a_key(no_key, tmp_path):
    """A finished notebook is executed again by somebody who has no key: nothing is to be submitted."""
    grid = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2])
    with sf.Workspace(tmp_path / "study") as ws:
        runs = ws._journal.of("segmind").runs
        runs.plan(grid)
        picture = io.BytesIO()
        Image.new("RGB", (4, 4)).save(picture, "PNG")
        stored = PictureStore(tmp_path / "study").put(picture.getvalue())
        for run in runs.all().values():
            for state in (State.SUBMITTING, State.SUBMITTED, State.DOWNLOADING, State.COMPLETED):
                run = runs.move(run, state, request_id=run.digest, picture=stored.path, sha256=stored.sha256)
        assert ws.run(grid).counts == {"completed": 2}
        with pytest.raises(sf.SegfluxError, match="API key"):
            ws.run(grid, again=True)
        with pytest.raises(sf.SegfluxError, match="API key"):
            ws.run(grid + grid.replace(seed=3))


@pytest.mark.parametrize(
    "wrong",
    [{"max_in_flight": 0}, {"service": "ftp://x"}, {"path": "a\ud800"}, {"max_wait": -1}, {"reuse": "absent"}],
)
def test_no_argument_that_is_wrong_shows_the_key(tmp_path, wrong):
    """Some tracebacks show the variables of their frames."""
    with pytest.raises(sf.SegfluxError) as raised:
        sf.Workspace(**{"path": tmp_path / "w", "api_key": CANARY, **wrong})
    trace = raised.value.__traceback__.tb_next  # below this test, which has the key itself
    error = traceback.TracebackException(type(raised.value), raised.value, trace, capture_locals=True)
    assert CANARY not in "".join(error.format())
