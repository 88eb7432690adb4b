"""A JupyterLab of its own, and notebooks opened in it by Chromium."""

import contextlib
import json
import os
import queue
import re
import secrets
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import nbformat

CHROMIUM = os.environ.get("SEGFLUX_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"]
SETTINGS = {"fetchNews": "false", "checkForUpdates": False}


@contextlib.contextmanager
def jupyterlab(root, home, *options):
    """Serve a folder by a JupyterLab with its own settings; yields its address, its token and the folder."""
    token = secrets.token_hex(8)
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
    command += ["--ServerApp.port=0", f"--IdentityProvider.token={token}"]
    command += [f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True"]
    command += ["--JupyterNotebookApp.expose_app_in_browser=True"]
    command += ["--LabApp.extension_manager=readonly", *options]
    with served(command, r"\] (http://127\.0\.0\.1:\d+)/lab\?token=", env=environment) as base:
        yield base, token, root


@contextlib.contextmanager
def served(command, says, **options):
    """Run a server, and yield its address once it has said that it listens there.

    Parameters
    ----------
    command:
        The program and its arguments.
    says:
        A pattern of what it writes when it listens, with a group for the address.
    options:
        The other options of `subprocess.Popen`.
    """
    address, said = queue.SimpleQueue(), []

    def read():
        for line in server.stdout:
            said.append(line)
            if found := re.search(says, line):
                address.put(found[1])
        address.put(None)  # it has ended

    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    reader = threading.Thread(target=read)
    reader.start()
    try:
        base = address.get(timeout=60)
        if base is None:
            raise RuntimeError("".join(said)[-2000:])
        yield base
    finally:
        server.terminate()
        server.wait(15)
        reader.join(15)
        server.stdout.close()


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
