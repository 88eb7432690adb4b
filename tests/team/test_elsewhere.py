"""What another machine does not have: the input pictures of a sweep that was submitted elsewhere."""

import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.clock import SystemClock
from segflux_nb.simulator.app import Simulator
from segflux_nb.worker import Worker


@pytest.fixture
def service():
    with Simulator(time_scale=0, paint=False) as simulator:
        yield simulator


def worked(address, service, folder):
    """What a worker tells on a machine with this folder, once it has nothing left that gets on."""
    told = []
    with sf.Workspace(address, service=service.url, pictures=folder.parent / "shared") as ws:
        Worker(ws, SystemClock(), told.append, until_idle=True).run()
    return told


def test_a_worker_elsewhere_refuses_input_pictures_unpaid_and_the_one_here_makes_them(
    postgres, service, tmp_path, monkeypatch
):
    address = postgres.new_database()
    Image.new("RGB", (64, 64), "red").save(tmp_path / "fox.png")
    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path / "here"))
    with sf.Workspace(address, service=service.url, pictures=tmp_path / "shared") as ws:
        ws.refresh_models()
        image = ws.model("sd1.5-img2img")
        print(ws.submit(sf.Sweep(model=image, prompt="a", seed=[1, 2], image=tmp_path / "fox.png"), name="fox"))
        ws.submit(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1]), name="plain")

    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path / "elsewhere"))
    (refused,) = [line for line in worked(address, service, tmp_path / "elsewhere") if "tries again" in line]
    assert "not in the workspace's folder on this machine" in refused
    assert "Nothing was billed. Run the sweep, or its worker, on the machine" in refused
    assert service.ledger.submits == 1  # that of the sweep without pictures

    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path / "here"))
    assert "fox: 2 pictures made. Done" in worked(address, service, tmp_path / "here")
    assert service.ledger.submits == 3
