"""A simulator whose answers a test changes, and a workspace on it."""

import json
from contextlib import contextmanager
from importlib import metadata

import pytest

import segflux_nb as sf
from segflux_nb.simulator.app import Simulator

CANARY = "SG_ca9a51e5ca9a51e5"


@pytest.fixture(autouse=True)
def no_key_of_this_machine(tmp_path, monkeypatch):
    for name in ("SEGMIND_API_KEY", "SEGFLUX_SERVICE", "SEGFLUX_REPLAY", "SEGFLUX_MAX_COST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SEGFLUX_CONFIG", str(tmp_path / "config"))


def changed(response, **to):
    """An answer with other parts; a body that is made late is made now."""
    if "body" in to:
        to |= {"measures": None, "compose": None, "picture": None}
    headers = {**response.headers, **to.pop("headers", {})}
    return response._replace(**to, headers=headers) if hasattr(response, "_replace") else response


def body_of(response):
    made = response.compose([bytes(700)]) if response.compose is not None else response.body
    return json.loads(made)


@contextmanager
def studied(folder, change=None, *, api_key=CANARY, **settings):
    """A workspace on a simulator, whose answers go through `change(path, response)`."""
    settings = {"time_scale": 0.002, "paint": False, "key": CANARY, "credits": 5.0, **settings}
    with Simulator(**settings) as simulator:
        if change is not None:
            handle = simulator.protocol.handle
            simulator.protocol.handle = lambda request, now: change(request.path, handle(request, now))
        with sf.Workspace(folder, service=simulator, api_key=api_key) as ws:
            yield ws, simulator


@pytest.fixture(autouse=True)
def jupyterlab_is_there(monkeypatch):
    """The tests mean the same on machines with and without JupyterLab."""
    known = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "4.5.0" if name == "jupyterlab" else known(name))
