"""What is submitted for a run: its parameters, with its input pictures as the model takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..input_pictures import parts_of_text
from ..model import model_of
from ..model_schema import model_from_schema
from ..pictures.inputs import filled
from ..runlog.rows import LoggedRun
from ..service.kept_catalogue import kept
from ..sweep.request import Request


def has_inputs(request: Request) -> bool:
    """Whether a request has input pictures, whose bytes go into its body."""
    return any(map(parts_of_text, request.parameters.values()))


def body_of(run: LoggedRun, folder: Path) -> dict[str, Any]:
    """The JSON object to submit.

    Parameters
    ----------
    run:
        The run.
    folder:
        The workspace's folder: its catalogue says how the model takes pictures, and its bytes are sent.

    Raises
    ------
    WorkspaceError
        If the bytes of a picture are gone.
    """
    catalogue = kept(folder, run.service)
    entry = None if catalogue is None else catalogue.entries.get(run.model)
    model = model_of(run.model) if entry is None else model_from_schema(run.model, entry.schema)
    return filled(folder, run.request, model)
