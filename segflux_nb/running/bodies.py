"""What is submitted for a run: its parameters, with its input pictures as the model takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..model import model_of
from ..model_schema import model_from_schema
from ..pictures.inputs import filled
from ..runlog.rows import LoggedRun
from ..service.kept_catalogue import kept


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
