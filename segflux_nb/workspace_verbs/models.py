"""``ws.models``, ``ws.model(slug)`` and ``ws.refresh_models()``: what the service offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..clock import utc
from ..known_models import model_of_entry
from ..markup import count
from ..model import MODEL, Model
from ..service.catalogue import Catalogue, CatalogueEntry
from ..session import Session

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("slug", "title", "kind", "price", "seconds", "deprecated", "known")

MOST_NOTES = 3
"""Notes on the schema of one model that its row has."""


def models(ws: Session) -> pd.DataFrame:
    """The models of the service's catalogue, a row each: slug, title, kind, price, seconds, deprecated, known.

    ``price`` is US dollars and ``seconds`` the time of one call, where the catalogue says them. ``known`` is what is
    known of the request fields, and what could not be understood. The workspace keeps the catalogue: it is asked for
    once, and again by `refresh_models`. ``ws.models.attrs["read_at"]`` says when it was read, and
    ``attrs["left_out"]`` what of it is not here. A bundle knows the models of its runs alone.

    Raises
    ------
    WorkspaceError
        No catalogue is kept, and the service's cannot be read.

    Example
    -------
    ``ws.models.query("kind == 'textToImage' and not deprecated").sort_values("price")``
    """
    known = ws._launcher.models
    return _frame(known.known_or_read(), known.study())


def refresh_models(ws: Session) -> pd.DataFrame:
    """Ask the service for its catalogue now, keep it, and give it as `models` does. It needs no key and is free.

    Raises
    ------
    WorkspaceError
        A bundle is replayed: there is no service to ask.
    ServiceError, TransportError
        The catalogue cannot be read. The one that is kept stays.

    Example
    -------
    ``ws.refresh_models().set_index("slug").loc["sdxl1.0-txt2img"]``
    """
    return _frame(ws._launcher.models.read())


def model(ws: Session, slug: str) -> Model:
    """A model of the service's catalogue, for ``Sweep(model=...)``: its request fields with what they allow.

    For ``flux-dev-finetuned`` it is this version's own table, with the values that the catalogue alone knows.

    Parameters
    ----------
    slug:
        The model's name in the service's URLs, as in `models`.

    Raises
    ------
    WorkspaceError
        The catalogue has no such model, or none is kept and the service's cannot be read.

    Example
    -------
    ``Sweep(model=ws.model("sdxl1.0-txt2img"), prompt="a lake", seed=seeds(4))``
    """
    return ws._launcher.models.model(slug)


def _frame(catalogue: Catalogue | None, others: Sequence[str] = ()) -> pd.DataFrame:
    """The frame of a catalogue.

    Parameters
    ----------
    catalogue:
        The catalogue; None where there is none.
    others:
        Models that are known by their slugs alone.
    """
    import pandas as pd

    if catalogue is None:
        rows: list[tuple[object, ...]] = [
            (MODEL.slug, MODEL.slug, MODEL.kind, MODEL.price, MODEL.seconds, False, _fields(MODEL))
        ]
    else:
        rows = [_row(entry) for entry in catalogue.entries.values()]
    rows += [(slug, slug, "", None, None, False, "its slug alone") for slug in others]
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"price": "float64", "seconds": "float64"})
    if catalogue is None:
        return frame
    frame.attrs |= {"read_at": utc(catalogue.read_at).isoformat(), "left_out": list(catalogue.left_out)}
    return frame


def _row(entry: CatalogueEntry) -> tuple[object, ...]:
    made = model_of_entry(entry)
    why = made.refusal()
    parts = [*([why] if why else []), _fields(made), *entry.known, *made.notes[:MOST_NOTES]]
    if len(made.notes) > MOST_NOTES:
        parts.append(f"{count(len(made.notes) - MOST_NOTES, 'more note')}: ws.model({entry.slug!r}).notes")
    known = "; ".join(dict.fromkeys(part for part in parts if part))
    return entry.slug, entry.title, entry.kind, made.price, made.seconds, entry.deprecated, known


def _fields(made: Model) -> str:
    """How many request fields are known of a model."""
    number = len(made.parameters)
    return f"{number} field{'s' if number != 1 else ''}" if number else ""
