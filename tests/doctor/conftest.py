"""The doctor's tests mean the same on machines with and without JupyterLab."""

from importlib import metadata

import pytest


@pytest.fixture(autouse=True)
def jupyterlab_is_there(monkeypatch):
    known = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "4.5.0" if name == "jupyterlab" else known(name))
