"""Notebooks as files, and the commands of the check as a user calls them."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]


def cell(code, *outputs, count=1, tags=(), **metadata):
    """A code cell. An output that is text is what it printed; other outputs are data by media type."""
    made = [
        nbformat.v4.new_output("stream", name="stdout", text=output)
        if isinstance(output, str)
        else nbformat.v4.new_output("display_data", data=output)
        for output in outputs
    ]
    of_cell = {**metadata, **({"tags": list(tags)} if tags else {})}
    return nbformat.v4.new_code_cell(code, outputs=made, execution_count=count, metadata=of_cell)


def write(path, *cells, **metadata):
    """A notebook of cells, or of the code of cells that were not run."""
    made = [cell(one, count=None) if isinstance(one, str) else one for one in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=metadata), path)
    return path


def edit(path, change):
    """Change a notebook's file."""
    notebook = nbformat.read(path, 4)
    change(notebook)
    nbformat.write(notebook, path)


def call(folder, *arguments, module="segflux_nb", **environment):
    """Call a module in a folder; its exit status and all that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def pytest_of(folder, *arguments, **environment):
    """Call pytest with the plug-in, as in a project where it is installed."""
    plugins = [
        "--disable-plugin-autoload",
        "-p",
        "nbval",
        "-p",
        "pytest_segflux",
        "-p",
        "no:cacheprovider",
    ]
    settings = ["-c", os.devnull, "--rootdir", folder, "--nbval-current-env", "-W", "ignore"]
    return call(folder, *plugins, *settings, *arguments, module="pytest", **environment)
