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
    processes = []

    def started():
        """Its address. It starts here, since two processes must not make the tables of a store at a time."""
        with (tmp_path / "server.log").open("w") as log:
            processes.append(subprocess.Popen([*command, "--workers", "1"], stdout=log, stderr=log))
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health").close()
            except OSError:
                assert processes[0].poll() is None, (tmp_path / "server.log").read_text()
                process_wait(processes[0])
            else:
                return f"http://127.0.0.1:{port}"
        raise AssertionError("MLflow's server does not start")

    yield started
    for process in processes:
        process.terminate()
        process.wait()


def process_wait(process):
    try:
        process.wait(timeout=0.5)
    except subprocess.TimeoutExpired:
        return


@pytest.fixture
def page():
    """A window of a browser."""
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield browser.new_page(viewport={"width": 2000, "height": 1100})
        browser.close()


def screenshot(page, name):
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")


def pictures(page, number, side):
    """Wait for a number of pictures, whose sides are at least a number of pixels."""
    loaded = f"[...document.images].filter(one => one.complete && one.naturalWidth >= {side}).length >= {number}"
    page.wait_for_function(f"() => {loaded}", timeout=120_000)


@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")
def test_pictures_stand_beside_their_parameters_and_a_slider_steps_through_them(painted, server, page):
    import mlflow

    painted.to_mlflow("tok")
    experiment = mlflow.MlflowClient().get_experiment_by_name("tok").experiment_id
    address = f"{server()}/#/experiments/{experiment}/runs?compareRunsMode="
    page.goto(f"{address}ARTIFACT")
    page.get_by_text("lora_strength 0.4").first.wait_for(timeout=120_000)
    pictures(page, 2, 250)
    screenshot(page, "mlflow")
    assert page.get_by_text("finetune_id 1200 steps").count()
    assert page.get_by_text("seed 7").count()

    page.goto(f"{address}CHART")
    page.get_by_text("Add chart").first.click(timeout=120_000)
    page.get_by_text("Image grid").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").last.click()
    page.get_by_role("option").filter(has_text="seed 7").click()
    page.keyboard.press("Escape")
    pictures(page, 2, 250)
    screenshot(page, "mlflow-grid")
    shown = [one.get_attribute("src") for one in dialog.locator("img").all()]
    slider = dialog.get_by_role("slider")
    assert (slider.get_attribute("aria-valuemin"), slider.get_attribute("aria-valuemax")) == ("0", "2")
    slider.press("ArrowLeft")
    page.wait_for_function("old => ![...document.images].some(one => old.includes(one.src))", arg=shown)
