"""Notebooks in git: executed and saved so that equal outputs are equal bytes.

A saved notebook changes on every execution: widgets and cells get random ids, times are recorded, programs write
their names and versions. `normalised` takes this out, and leaves what the notebook says and shows: sources, outputs,
tags, the parameters of papermill, the pair of jupytext.
"""

from __future__ import annotations

import re
import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import loopthread
from ..errors import SegfluxError
from ..installing import how_to_install
from .versions import installed

if TYPE_CHECKING:
    from nbformat import NotebookNode

WIDGET = "application/vnd.jupyter.widget-view+json"

_RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8}|cell-\d{1,2}")
"""Ids that programs give: a UUID by JupyterLab, eight digits by nbformat; and ours, which are numbered again."""

_VOLATILE_OF_CELL = ("execution", "ExecuteTime", "papermill", "collapsed", "scrolled", "trusted")
_VOLATILE_OF_PAPERMILL = ("start_time", "end_time", "duration", "exception", "output_path", "input_path", "version")
_LANGUAGE_INFO = ("name",)


def read_notebook(path: Path) -> NotebookNode:
    """A notebook, in version 4 of the format.

    Raises
    ------
    SegfluxError
        Where the file is not a notebook, or cannot be read.
    """
    nbformat = needed("nbformat")
    try:
        notebook: NotebookNode = nbformat.read(path, 4)
    except OSError as error:
        raise SegfluxError(
            f"{path} cannot be read: {error.strerror or error}", remedy="Give the path of a notebook"
        ) from None
    except Exception as error:  # noqa: BLE001 - nbformat raises errors of many kinds
        what = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise SegfluxError(f"{path} is not a notebook: {what}", remedy="Give a file that ends in .ipynb") from None
    return notebook


def clean(path: Path) -> bool:
    """Normalise a notebook's file. The result says whether it has changed.

    Raises
    ------
    SegfluxError
        Where the file is not a notebook.
    """
    notebook = read_notebook(path)
    return _write(path, normalised(notebook))


def execute(path: Path, *, timeout: float = 600, kernel: str | None = None) -> None:
    """Execute a notebook in its own folder, and save its outputs, normalised, with the versions of what draws.

    Parameters
    ----------
    path:
        The notebook.
    timeout:
        The most seconds of a cell.
    kernel:
        The name of the kernel; the notebook's own if left out.

    Raises
    ------
    SegfluxError
        Where the file is not a notebook, a cell raises an error or takes too long, or the kernel dies or does not
        exist. The file stays as it was.
    """
    nbclient = needed("nbclient")
    kernelspec = needed("jupyter_client.kernelspec")
    notebook = read_notebook(path)
    client = nbclient.NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name=kernel or notebook.metadata.get("kernelspec", {}).get("name", "python3"),
        record_timing=False,
        store_widget_state=True,  # without it, nbclient fails at an Output widget; `normalised` takes it out
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )
    try:
        _run(client)
    except nbclient.exceptions.CellExecutionError as error:
        raise SegfluxError(
            f"{path}: a cell raises {plain_error(error)}", remedy="Mend the cell; the notebook was not changed"
        ) from None
    except nbclient.exceptions.CellTimeoutError:
        raise SegfluxError(
            f"{path}: a cell takes more than {timeout:g} {'second' if timeout == 1 else 'seconds'}",
            remedy="Give a longer --timeout; the notebook was not changed",
        ) from None
    except nbclient.exceptions.DeadKernelError:
        raise SegfluxError(
            f"{path}: its kernel died, or could not be started",
            remedy="Look at what the cells do, and at the memory they take; the notebook was not changed",
        ) from None
    except kernelspec.NoSuchKernel as error:
        raise SegfluxError(
            f"{path}: there is no kernel {error.name!r} here",
            remedy="Give another one with --kernel; `jupyter kernelspec list` names them",
        ) from None
    notebook.metadata["segflux"] = {**notebook.metadata.get("segflux", {}), "versions": installed()}
    _write(path, normalised(notebook))


def normalised(notebook: NotebookNode) -> NotebookNode:
    """The notebook itself, without what changes on every execution and says nothing."""
    taken = {cell.get("id") for cell in notebook.cells if not _RANDOM_ID.fullmatch(cell.get("id", ""))}
    for number, cell in enumerate(notebook.cells):
        if cell.get("id") not in taken or not cell.get("id"):
            name = f"cell-{number:02}"
            cell["id"] = name if name not in taken else f"{name}-{len(taken)}"
        for name in _VOLATILE_OF_CELL:
            cell.metadata.pop(name, None)
        for place, output in enumerate(cell.get("outputs", [])):
            view = output.get("data", {}).get(WIDGET)
            if view is not None:
                view["model_id"] = uuid.uuid5(uuid.NAMESPACE_URL, f"{number}/{place}").hex
    if notebook.nbformat_minor < 5:
        notebook.nbformat_minor = 5  # the first with ids of cells
    metadata = notebook.metadata
    metadata.pop("widgets", None)
    metadata.pop("signature", None)
    for name in _VOLATILE_OF_PAPERMILL:
        metadata.get("papermill", {}).pop(name, None)
    kernel = metadata.get("kernelspec")
    language = metadata.get("language_info", {}).get("name") or (kernel or {}).get("language") or "python"
    metadata["language_info"] = {"name": language}
    if kernel is None or kernel.get("name") == "python3":
        metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return notebook


def plain_error(error: Any) -> str:
    """An error of a cell in one line."""
    return f"{getattr(error, 'ename', '') or 'an error'}: {getattr(error, 'evalue', '')}"[:300]


def needed(name: str) -> Any:
    """A package that only the check needs.

    Raises
    ------
    SegfluxError
        Where it is not installed.
    """
    from importlib import import_module

    require(name)
    return import_module(name)


def require(name: str) -> None:
    """Raise `SegfluxError` where a package that only the check needs is not installed. It is not imported."""
    from importlib.util import find_spec

    if find_spec(name) is None:
        raise SegfluxError(f"{name} is not installed", remedy=how_to_install("check"))


def notebooks_in(paths: list[Path]) -> list[Path]:
    """The notebooks at these paths: files, those of folders, and the notebooks that jupytext pairs with text files.

    Raises
    ------
    SegfluxError
        Where a path does not exist, or there is no notebook.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = [
                p
                for p in sorted(path.rglob("*.ipynb"))
                if not any(part.startswith(".") for part in p.parts[len(path.parts) :])
            ]
            found.update(dict.fromkeys(inside))
        elif path.suffix == ".ipynb" and path.exists():
            found[path] = None
        elif path.exists() and path.with_suffix(".ipynb").exists():
            found[path.with_suffix(".ipynb")] = None
        elif path.exists():
            raise SegfluxError(f"{path} is not a notebook", remedy="Give a file that ends in .ipynb, or a folder")
        else:
            raise SegfluxError(f"{path} does not exist", remedy="Give notebooks, or folders with notebooks")
    if not found:
        raise SegfluxError(
            "There is no notebook in " + ", ".join(map(str, paths)), remedy="Give files that end in .ipynb"
        )
    return list(found)


def _run(client: Any) -> None:
    """Execute a notebook. At an interrupt its kernel is shut down first.

    On the main thread nbclient handles interrupts itself: it says afterwards that the kernel died, and where no
    kernel starts it keeps the handler, so that Ctrl-C does nothing any more.

    Parameters
    ----------
    client:
        A client of nbclient.
    """
    ended = threading.Event()

    async def execution() -> Exception | None:
        try:
            await client.async_execute()
        except Exception as error:  # noqa: BLE001 - raised below, where somebody waits for it
            return error
        finally:
            ended.set()
        return None

    future = loopthread.submit(execution())
    try:
        if error := loopthread.wait(future):
            raise error
    except KeyboardInterrupt:
        future.cancel()
        ended.wait()
        raise


def _write(path: Path, notebook: NotebookNode) -> bool:
    """Write a notebook, if its bytes have changed: to a file beside it, which then takes its place.

    Parameters
    ----------
    path:
        The file.
    notebook:
        The notebook.
    """
    text = needed("nbformat").writes(notebook)
    data = (text if text.endswith("\n") else f"{text}\n").encode()
    if path.read_bytes() == data:
        return False
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(data)
    temporary.replace(path)
    return True
