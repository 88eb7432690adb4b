"""Files that clients store at the service, whose addresses the bodies of jobs name."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from . import responses
from .ledger import Ledger
from .names import assets_in
from .responses import ServiceRequest, ServiceResponse

MOST_STORED = 32 << 20
"""The most bytes of the files of one upload."""

_DATA = re.compile(r"data:((?:image|video|audio)/([a-z0-9.+-]{1,40}));base64,([A-Za-z0-9+/]+={0,2})")


class StoredFile(NamedTuple):
    """A file as it was sent.

    Attributes
    ----------
    type:
        Its media type.
    ending:
        The ending of its name.
    content:
        Its bytes.
    """

    type: str
    ending: str
    content: bytes

    @property
    def name(self) -> str:
        """The name that it gets: that of its bytes, so that equal files lead to equal pictures."""
        return f"{hashlib.sha256(self.content).hexdigest()[:32]}.{self.ending}"


class Assets:
    """The storage of the simulated service.

    Parameters
    ----------
    ledger:
        Keeps the files.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def upload(self, request: ServiceRequest, now: float) -> ServiceResponse:
        """Store files, each given as a ``data:`` URL.

        Parameters
        ----------
        request:
            The request.
        now:
            When it arrived, in seconds since 1970 UTC.
        """
        if request.method != "POST":
            return responses.wrong_method()
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            return responses.json_response(406, {"error": "Invalid content type"})
        try:
            body = json.loads(request.body)
        except (ValueError, RecursionError):
            body = None
        given = body.get("data_urls") if isinstance(body, dict) else None
        files = [file_of(one) for one in given] if isinstance(given, list) else []
        whole = [file for file in files if file is not None]
        if not files or len(whole) < len(files):
            return responses.json_response(400, {"error": "data_urls is no list of data: URLs"})
        if sum(len(file.content) for file in whole) > MOST_STORED:
            return responses.json_response(413, {"error": "The file is too large"})
        for file in whole:
            self._ledger.store(file.name, file.type, file.content, now)
        urls = [f"{request.base_url}/assets/{file.name}" for file in whole]
        return responses.json_response(200, {"file_urls": urls, "message": "Files uploaded successfully"})

    def serve(self, name: str) -> ServiceResponse:
        """The answer to who asks for a file."""
        found = self._ledger.stored(name)
        if found is None:
            return responses.html_response(404, "404 Not Found")
        return ServiceResponse(200, found[1], {"content-type": found[0]})

    def lose(self, response: ServiceResponse) -> None:
        """Lose the files that an answer names."""
        self._ledger.lose(assets_in(json.loads(response.body)))

    def missing(self, body: Mapping[str, Any]) -> str | None:
        """Why a job fails that names a file of this service which is not there; None if all are."""
        gone = [name for name in assets_in(body) if self._ledger.stored(name) is None]
        return f"The image cannot be downloaded: {gone[0]}" if gone else None


def file_of(given: object) -> StoredFile | None:
    """The file of a ``data:`` URL; None for something else."""
    found = _DATA.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        return None
    try:
        return StoredFile(found[1], found[2], base64.b64decode(found[3], validate=True))
    except ValueError:
        return None
