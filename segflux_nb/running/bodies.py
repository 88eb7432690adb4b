"""What is submitted for a run: its parameters, with its input pictures as the model takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..model import Model, model_of
from ..model_schema import model_from_schema
from ..pictures.inputs import filled
from ..runlog.rows import LoggedRun
from ..service.kept_catalogue import kept


def model_that_takes(folder: Path, service: str) -> Callable[[str], Model]:
    """Gives the model of a slug, which says how it takes pictures.

    Parameters
    ----------
    folder:
        The workspace's folder, which keeps the catalogue.
    service:
        The service.
    """
    known: dict[str, Model] = {}

    def model(slug: str) -> Model:
        if slug not in known:
            catalogue = kept(folder, service)
            entry = None if catalogue is None else catalogue.entries.get(slug)
            known[slug] = model_of(slug) if entry is None else model_from_schema(slug, entry.schema)
        return known[slug]

    return model


def body_of(run: LoggedRun, folder: Path, addresses: Mapping[str, str]) -> dict[str, Any]:
    """The JSON object to submit.

    Parameters
    ----------
    run:
        The run.
    folder:
        The workspace's folder: its catalogue says how the model takes pictures, and its bytes are sent.
    addresses:
        Where those pictures are that the model takes by their address.

    Raises
    ------
    WorkspaceError
        If the bytes of a picture are gone.
    """
    return filled(folder, run.request, model_that_takes(folder, run.service)(run.model), addresses)
