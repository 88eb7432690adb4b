"""The catalogue as a workspace keeps it: a file in its folder for each service, or what a bundle holds.

It is read with neither key nor network. A copied folder may hold anything, so it is read as the service's answer is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..errors import TransportError
from ..markup import plain, shorten
from .catalogue import MOST_BYTES, Catalogue, CatalogueEntry, catalogue_of
from .json_reader import number, read_object

FOLDER = "catalogue"

_EARLIEST = 1.6e9
"""No catalogue was read before September 2020."""

_MOST_TEXTS = 20

_held: dict[Path, Catalogue | None] = {}


def hold(folder: Path, catalogue: Catalogue | None) -> None:
    """Let a bundle stand in for a folder: what it holds is all that is known there.

    Parameters
    ----------
    folder:
        The workspace's folder.
    catalogue:
        What the bundle holds; None for nothing.
    """
    _held[folder] = catalogue


def release(folder: Path) -> None:
    """Let a folder speak for itself again."""
    _held.pop(folder, None)


def kept(folder: Path, service: str) -> Catalogue | None:
    """The catalogue that is kept of a service; None if there is none that can be read.

    Parameters
    ----------
    folder:
        The workspace's folder.
    service:
        The service.
    """
    if folder in _held:
        return _held[folder]
    path = _path(folder, service)
    try:
        file = path.stat()
        return None if file.st_size > MOST_BYTES else _read(path, file.st_mtime_ns, file.st_size)
    except OSError:
        return None


def are_kept(folder: Path, service: str, slugs: Iterable[str]) -> bool:
    """Whether the catalogue that is kept of a service has all of these models.

    Parameters
    ----------
    folder:
        The workspace's folder.
    service:
        The service.
    slugs:
        The models.
    """
    found = kept(folder, service)
    return found is not None and found.entries.keys() >= set(slugs)


@lru_cache(maxsize=8)
def _read(path: Path, changed: int, size: int) -> Catalogue | None:
    """What a file holds; each state of it is read once.

    Parameters
    ----------
    path:
        The file.
    changed:
        When it was changed, in nanoseconds.
    size:
        Its bytes.
    """
    return of_json(read_object(path.read_bytes()))


def keep(folder: Path, service: str, catalogue: Catalogue) -> None:
    """Keep the catalogue of a service. A folder that cannot be written keeps nothing.

    Parameters
    ----------
    folder:
        The workspace's folder.
    service:
        The service.
    catalogue:
        What it offers.
    """
    path = _path(folder, service)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        temporary.write_text(json.dumps(as_json(catalogue)), encoding="utf-8")
        temporary.replace(path)


def as_json(catalogue: Catalogue, slugs: Iterable[str] | None = None) -> dict[str, Any]:
    """A catalogue as an object of JSON.

    Parameters
    ----------
    catalogue:
        The catalogue.
    slugs:
        The models that are wanted of it; None for all.
    """
    wanted = catalogue.entries if slugs is None else set(slugs)
    return {
        "read_at": catalogue.read_at,
        "left_out": list(catalogue.left_out) if slugs is None else [],
        "models": [_object(one) for one in catalogue.entries.values() if one.slug in wanted],
    }


def of_json(found: dict[str, Any]) -> Catalogue | None:
    """A catalogue out of such an object; None if it is not one."""
    read_at = number(found.get("read_at"))
    if read_at is None or not _EARLIEST < read_at < 10 * _EARLIEST:
        return None
    models = found.get("models")
    if not isinstance(models, list):
        return None
    try:
        catalogue = catalogue_of(models, read_at)
    except TransportError:
        return None
    # What could not be understood is known since it was read.
    known = {str(one.get("slug")): _texts(one.get("known")) for one in models if isinstance(one, dict)}
    entries = {slug: replace(one, known=known.get(slug, ())) for slug, one in catalogue.entries.items()}
    return Catalogue(entries, read_at, _texts(found.get("left_out")))


def _texts(value: Any) -> tuple[str, ...]:
    """The first of some texts, each on one line."""
    texts = value[:_MOST_TEXTS] if isinstance(value, list) else ()
    return tuple(shorten(plain(one), 200) for one in texts if isinstance(one, str))


def _object(entry: CatalogueEntry) -> dict[str, Any]:
    """An entry as the service could have written it, so that one reader reads both."""
    return {
        "slug": entry.slug,
        "title": entry.title,
        "type": entry.kind,
        "price": entry.price,
        "seconds": entry.seconds,
        "is_depreciated": entry.deprecated,
        "parameters_schema": entry.schema,
        "known": list(entry.known),
        "api_versions": list(entry.versions),
    }


def _path(folder: Path, service: str) -> Path:
    return folder / FOLDER / f"{quote(service, safe='')}.json"
