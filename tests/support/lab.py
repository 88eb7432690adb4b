"""A JupyterLab of its own, and notebooks opened in it by Chromium."""

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

import nbformat

CHROMIUM = os.environ.get("SEGFLUX_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"]
SETTINGS = {"fetchNews": "false", "checkForUpdates": False}


@contextlib.contextmanager
def jupyterlab(root, home, *options):
    """Serve a folder by a JupyterLab with its own settings; yields its address, its token and the folder."""
    token = secrets.token_hex(8)
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
    command += ["--JupyterNotebookApp.expose_app_in_browser=True"]
    command += ["--LabApp.extension_manager=readonly", *options]
    base = f"http://127.0.0.1:{port}"
    with (home / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        wait_until_served(f"{base}/api?token={token}", server, home / "lab.log")
        yield base, token, root
        server.terminate()
        server.wait(15)


def wait_until_served(address, server, log):
    for _ in range(240):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=1).close()
            return
        if server.poll() is not None:
            break
        time.sleep(0.25)  # no event says that a server listens
    raise RuntimeError(log.read_text()[-2000:])


def write_notebook(cells, path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


class Notebook:
    def __init__(self, page):
        self.page = page

    @classmethod
    def opened(cls, page, lab, name, under="lab/tree"):
        base, token, _ = lab
        page.goto(f"{base}/{under}/{name}?token={token}&reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        page.wait_for_function(
            "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.connectionStatus"
            " === 'connected'",
            timeout=60_000,
        )
        return cls(page)

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
        """Run a cell, and wait until its output contains the text."""
        self.run(number)
        self.cell(number).locator(".jp-OutputArea-output", has_text=text).first.wait_for(timeout=timeout)
