"""A workspace at a simulator that paints nothing."""

import pytest

import segflux_nb as sf
from segflux_nb.simulator.app import Simulator


@pytest.fixture(scope="module")
def simulator():
    with Simulator(time_scale=0.001, paint=False) as running:
        yield running


@pytest.fixture
def ws(tmp_path, simulator):
    with sf.Workspace(tmp_path / "ws", service=simulator) as workspace:
        yield workspace
