"""Input pictures in a workspace: the folder ``inputs/`` keeps their bytes, so that a restart loses none."""

from __future__ import annotations

import base64
import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import PictureError, SweepError, WorkspaceError
from ..input_pictures import bytes_of, is_of, media_type, name_of, parts_of_text
from ..model import MODEL, Model, Parameter
from ..parameter import ANY
from ..sweep.request import Request
from .decode import decode

FOLDER = "inputs"
"""The folder of the input pictures."""

ModelOf = Callable[[str], Model]


def inputs_of(request: Request) -> list[str]:
    """The input pictures of a request. The own model has no field for one: there such a text is a text."""
    if request.model == MODEL.slug:
        return []
    return [str(value) for value in request.parameters.values() if parts_of_text(value)]


def keep_inputs(folder: Path, requests: Iterable[Request]) -> None:
    """Keep the bytes of all input pictures of some requests.

    Parameters
    ----------
    folder:
        The workspace's folder.
    requests:
        What will be submitted.

    Raises
    ------
    SweepError
        If the bytes of one are nowhere, or are no whole picture.
    WorkspaceError
        If one cannot be written.
    """
    for text in dict.fromkeys(text for request in requests for text in inputs_of(request)):
        if _read(folder, text) is not None:
            continue
        data = bytes_of(text)
        if data is None:
            raise SweepError(
                f"The bytes of the input picture {name_of(text)!r} ({text}) are not in this workspace, and no file"
                " that this notebook has read holds them now",
                money="nothing was billed",
                remedy="Make the sweep again with the picture's file or image",
            )
        try:
            decode(data)
        except PictureError as error:
            raise SweepError(
                f"The input picture {name_of(text)!r} cannot be used: {error.what}",
                money="nothing was billed",
                remedy="Give a whole picture",
            ) from None
        _write(_path(folder, text), data)


def filled(folder: Path, request: Request, model: Model) -> dict[str, Any]:
    """The body of a request with its input pictures as the model takes them: base64, or a ``data:`` URL.

    Parameters
    ----------
    folder:
        The workspace's folder.
    request:
        The request.
    model:
        What is known of its model.

    Raises
    ------
    WorkspaceError
        If the bytes of a picture are gone.
    """
    body = request.body
    if not inputs_of(request):
        return body
    return {name: _filled(folder, value, model.parameters.get(name, ANY), name) for name, value in body.items()}


def _filled(folder: Path, value: Any, parameter: Parameter, name: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _filled(folder, one, parameter.fields.get(key, ANY), key) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(folder, one, parameter.items or ANY, name) for one in value]
    found = parts_of_text(value)
    if found is None:
        return value
    data = _read(folder, value)
    if data is None:
        raise WorkspaceError(
            f"The input picture {FOLDER}/{found[0][:2]}/{found[0]}.{found[1]} is gone, or its bytes have changed",
            money="nothing was billed",
            remedy="Make the sweep again with the picture's file or image, and run it",
        )
    text = base64.b64encode(data).decode("ascii")
    is_url = parameter.is_url or name.casefold().rstrip("s").endswith(("url", "uri"))
    return f"data:{media_type(found[1])};base64,{text}" if is_url else text


def _path(folder: Path, text: str) -> Path:
    sha256, ending = parts_of_text(text) or ("", "")
    return folder / FOLDER / sha256[:2] / f"{sha256}.{ending}"


def _read(folder: Path, text: str) -> bytes | None:
    """The bytes that a workspace keeps of a picture; None if it does not, or they are others by now."""
    try:
        data = _path(folder, text).read_bytes()
    except OSError:
        return None
    return data if is_of(text, data) else None


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".arriving-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise WorkspaceError(
            f"The input picture cannot be written to {path.parent}: {error.strerror or error}",
            money="nothing was billed",
            remedy="Free space or allow writing, then run the sweep again",
        ) from None
