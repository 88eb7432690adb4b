"""Chromium and JupyterLab for tests of widgets; without Chromium they are skipped, unless REQUIRE_BROWSER=1."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

CHROMIUM = os.environ.get("SEGFLUX_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
STATIC = Path(__file__).parents[2] / "segflux_nb" / "viewing" / "static"
SETTINGS = {"fetchNews": "false", "checkForUpdates": False}

FAKE_MODEL = """
window.makeModel = (state) => {
  const actions = {}, model = {sent: [], saved: 0, state,
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; (actions['change:' + name] || []).forEach((f) => f()); },
    save_changes: () => { model.saved++; },
    on: (name, f) => { (actions[name] ??= []).push(f); },
    off: (name, f) => { actions[name] = (actions[name] || []).filter((g) => g !== f); },
    send: (message) => { model.sent.push(message); },
    tell: (name, ...rest) => (actions[name] || []).forEach((f) => f(...rest)),
    listening: () => Object.values(actions).flat().length,
  };
  return model;
};
"""


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # Playwright leaves a socket of its own to the garbage collector.
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


@pytest.fixture(scope="package")
def browser():  # of the package: while it lives, this thread has a running event loop
    if not CHROMIUM:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail("REQUIRE_BROWSER=1, and there is no Chromium")
        pytest.skip("no Chromium: apt install chromium, or set SEGFLUX_CHROMIUM")
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """An empty page that fails the test on an error of its scripts."""
    context = browser.new_context(viewport={"width": 1000, "height": 760})
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def mount(page):
    """Renders a widget's module with a fake model, without Jupyter."""

    def mount(name, state, bytes_=()):
        css = (STATIC / f"{name}.css").read_text(encoding="utf-8")
        page.set_content(f"<style>{css}</style><div id=root></div>")
        page.add_script_tag(content=FAKE_MODEL)
        page.evaluate(
            """async ([source, state, blobs]) => {
                for (const name of blobs) state[name] = Uint8Array.from(atob(state[name]), (c) => c.charCodeAt(0));
                const url = URL.createObjectURL(new Blob([source], {type: 'text/javascript'}));
                window.model = window.makeModel(state);
                const module = await import(url);
                window.cleanup = module.default.render({model, el: document.getElementById('root')});
            }""",
            [(STATIC / f"{name}.js").read_text(encoding="utf-8"), state, list(bytes_)],
        )
        return page

    return mount


@pytest.fixture(scope="package")
def lab(tmp_path_factory, browser):
    """A JupyterLab of its own: address, token, folder."""
    root, home, token = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("home"), secrets.token_hex(8)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(SETTINGS))
    folders = {
        "HOME": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **{name: str(folder) for name, folder in folders.items()}, "PATH": path}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    command += [f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True"]
    command += ["--LabApp.extension_manager=readonly"]
    base = f"http://127.0.0.1:{port}"
    with (home / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        for _ in range(240):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{base}/api?token={token}", timeout=1).close()
                break
            if server.poll() is not None:
                pytest.fail((home / "lab.log").read_text()[-2000:])
            time.sleep(0.25)  # there is no event for a server that begins to listen
        yield base, token, root
        server.terminate()
        server.wait(15)


class Notebook:
    def __init__(self, page):
        self.page = page

    def run(self, number):
        self.page.evaluate(
            """async (number) => {
                const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
                notebook.deselectAll();
                notebook.activeCellIndex = number;
                await app.commands.execute('notebook:run-cell');
            }""",
            number,
        )

    def cell(self, number):
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def says(self, number, text, timeout=20_000):
        """Run a cell, and wait until its output has these words."""
        self.run(number)
        self.cell(number).locator(".jp-OutputArea-output", has_text=text).first.wait_for(timeout=timeout)


@pytest.fixture
def open_notebook(lab, browser):
    import nbformat

    base, token, root = lab
    contexts = []

    def open_notebook(cells, name):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, root / name)
        return reopen(name)

    def reopen(name):
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        page = context.new_page()
        contexts.append((context, page))
        page.goto(f"{base}/lab/tree/{name}?token={token}&reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        page.wait_for_function(
            "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.connectionStatus"
            " === 'connected'",
            timeout=60_000,
        )
        return Notebook(page)

    open_notebook.reopen = reopen
    yield open_notebook
    for context, page in contexts:
        with contextlib.suppress(Exception):
            page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        context.close()
