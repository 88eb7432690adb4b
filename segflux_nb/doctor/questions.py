"""What is asked of the service: questions that cost nothing, each once. Nothing is submitted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from ..clock import Clock, utc
from ..errors import SegfluxError
from ..model import MODEL
from ..service.addresses import HOSTED, Service
from ..service.api import HISTORY_ROWS
from ..service.catalogue import PATH, QUERY
from ..service.secret import Secret
from ..service.transport import HttpRequest, HttpResponse, HttpTransport

QUESTION_SECONDS = 10.0
"""How long an answer may take."""

HISTORY_SECONDS = 6 * 86_400.0
"""How far back the history is read."""

PICTURES = "https://images.segmind.com/"
"""Where the hosted service keeps its pictures."""


@dataclass(frozen=True)
class Asked:
    """A question and what became of it.

    Attributes
    ----------
    response:
        The answer; None if there is none.
    error:
        Why not; empty where there is one, or where nothing was asked.
    sent_at, answered_at:
        When, in seconds since 1970 UTC by the clock of this machine.
    """

    response: HttpResponse | None = None
    error: str = ""
    sent_at: float = 0.0
    answered_at: float = 0.0


NOT_ASKED = Asked()


def requests_for(service: Service, now: float) -> dict[str, HttpRequest]:
    """The questions by the names of their calls in the contract.

    Parameters
    ----------
    service:
        The service.
    now:
        The current time, in seconds since 1970 UTC.
    """
    history = {
        "model_name": MODEL.slug,
        "from_date": utc(now - HISTORY_SECONDS).date().isoformat(),
        "per_page": str(HISTORY_ROWS),
        "page": "1",
    }
    found = {
        "account": HttpRequest("GET", f"{service.api}/v1/get-user-credits", "account"),
        "history": HttpRequest(
            "GET", f"{service.history}/inference-request/request-history", "history", query=history
        ),
    }
    found["catalogue"] = HttpRequest("GET", f"{service.history}{PATH}", "catalogue", query=QUERY)
    if service.name == HOSTED.name:
        found["picture"] = HttpRequest("GET", PICTURES, "download")
    return found


async def ask(service: Service, secret: Secret | None, clock: Clock) -> Mapping[str, Asked]:
    """Ask the service, all questions at the same time.

    Parameters
    ----------
    service:
        The service.
    secret:
        The API key, or None to ask without one.
    clock:
        Source of the current time.

    Raises
    ------
    WorkspaceError
        Proxies or certificates are set in a way that cannot work.
    """
    transport = HttpTransport(service, secret, QUESTION_SECONDS)
    requests = requests_for(service, clock.now())
    try:
        answers = await asyncio.gather(*(_ask(transport, request, clock) for request in requests.values()))
    finally:
        await transport.close()
    return dict(zip(requests, answers, strict=True))


async def _ask(transport: HttpTransport, request: HttpRequest, clock: Clock) -> Asked:
    """The answer to one question.

    Parameters
    ----------
    transport:
        Sends it.
    request:
        The question.
    clock:
        Source of the current time.
    """
    sent_at = clock.now()
    try:
        async with asyncio.timeout(QUESTION_SECONDS):
            response = await transport.send(request)
    except TimeoutError:
        return Asked(error=f"no answer within {QUESTION_SECONDS:.0f} seconds")
    except SegfluxError as error:
        return Asked(error=error.what)
    return Asked(response, "", sent_at, clock.now())
