"""Files that the service keeps for us: what is sent to its storage, and the address that it answers with. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from ..errors import AnswerLost
from .addresses import Service, is_address
from .json_reader import number, read_json
from .moments import timestamp
from .transport import HttpResponse
from .wire import is_success, service_error

PATH = "/upload-asset"

_LISTS = ("file_urls", "urls", "files", "data")
_ADDRESSES = ("url", "file_url", "asset_url", "public_url")
_MOMENTS = ("expires_at", "expiry", "expiration", "valid_until")
_SPANS = ("expires_in", "ttl")
_SIGNED = {"x-amz-expires": "x-amz-date", "x-goog-expires": "x-goog-date"}
"""How signed addresses say for how many seconds they hold, and from when on."""


class Uploaded(NamedTuple):
    """A file at the service.

    Attributes
    ----------
    url:
        Its address.
    expires_at:
        Until when it is known to be there, in seconds since 1970 UTC; None if nothing says so.
    """

    url: str
    expires_at: float | None


def content_of(data: bytes, media: str) -> bytes:
    """The body that stores one file.

    Parameters
    ----------
    data:
        The file.
    media:
        Its media type.

    >>> content_of(b"abc", "image/png")
    b'{"data_urls": ["data:image/png;base64,YWJj"]}'
    """
    return json.dumps({"data_urls": [f"data:{media};base64,{base64.b64encode(data).decode('ascii')}"]}).encode()


def read_upload(response: HttpResponse, service: Service, now: float) -> Uploaded:
    """The address out of the service's answer.

    Parameters
    ----------
    response:
        The answer.
    service:
        The service, at which an address may be without TLS on this machine.
    now:
        The current time, in seconds since 1970 UTC.

    Raises
    ------
    ServiceError
        The file was refused.
    AnswerLost
        The answer has no address that can be used.
    """
    if not is_success(response):
        raise service_error(response, now)
    body = read_json(response.body)
    found = next(_addresses(body), "")
    if not found:
        raise AnswerLost("the storage answered without an address of the file")
    if not is_address(found) or not service.may_download(found):
        raise AnswerLost("the storage answered with an address that is neither https nor its own")
    return Uploaded(found, _expires_at(body, found, now))


def _addresses(value: Any, depth: int = 0) -> Iterator[str]:
    """The addresses in an answer, in their order.

    Parameters
    ----------
    value:
        A part of the answer.
    depth:
        How many others it is in.
    """
    if isinstance(value, str):
        yield value.strip()
    elif depth > 3:
        return
    elif isinstance(value, list):
        for one in value:
            yield from _addresses(one, depth + 1)
    elif isinstance(value, dict):
        for name in (*_LISTS, *_ADDRESSES):
            if name in value:
                yield from _addresses(value[name], depth + 1)


def _expires_at(body: Any, url: str, now: float) -> float | None:
    """Until when a file is known to be there; None if nothing says so.

    Parameters
    ----------
    body:
        The answer.
    url:
        The address.
    now:
        The current time.
    """
    said = body if isinstance(body, dict) else {}
    moments = [timestamp(said[name]) for name in _MOMENTS if name in said]
    moments += [now + span for name in _SPANS if (span := number(said.get(name))) is not None and span > 0]
    signed = {name.lower(): value for name, value in parse_qsl(urlsplit(url).query)}
    for span_name, from_name in _SIGNED.items():
        if (span := number(signed.get(span_name))) is not None:
            moments.append((timestamp(signed.get(from_name)) or now) + span)
    if "expires" in signed and "signature" in signed:
        moments.append(timestamp(signed["expires"]))
    return min((moment for moment in moments if moment is not None), default=None)
