"""MLflow's own UI shows our pictures beside their parameters. ``SCREENSHOTS=folder`` keeps what it looked like."""

import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("mlflow", reason="MLflow is not installed: see make packaging")
pytest.importorskip("mlflow.server", reason="only the client of MLflow is installed: see make packaging")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture
def server(tmp_path, monkeypatch):
    """MLflow's server on a store of its own."""
    import mlflow

    store = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    mlflow.set_tracking_uri(None)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store, "--port", str(port)]
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen([*command, "--workers", "1"], stdout=log, stderr=log)

    def started():
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health").close()
            except OSError:
                assert process.poll() is None, (tmp_path / "server.log").read_text()
                process_wait(process)
            else:
                return f"http://127.0.0.1:{port}"
        raise AssertionError("MLflow's server does not start")

    yield started
    process.terminate()
    process.wait()


def process_wait(process):
    try:
        process.wait(timeout=0.5)
    except subprocess.TimeoutExpired:
        return


@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")
def test_a_picture_stands_beside_its_parameters(painted, server):
    import mlflow

    painted.to_mlflow("tok")
    experiment = mlflow.MlflowClient().get_experiment_by_name("tok").experiment_id
    address = f"{server()}/#/experiments/{experiment}/runs?compareRunsMode=ARTIFACT"
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        page = browser.new_page(viewport={"width": 2000, "height": 1100})
        page.goto(address)
        page.get_by_text("lora_strength 0.4").first.wait_for(timeout=120_000)
        loaded = "() => [...document.images].filter(one => one.complete && one.naturalWidth >= 250).length >= 2"
        page.wait_for_function(loaded, timeout=120_000)
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(folder) / "mlflow.png")
        assert page.get_by_text("finetune_id 1200 steps").count()
        assert page.get_by_text("seed 7").count()
        browser.close()
