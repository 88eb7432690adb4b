"""What faults do: which operation a request is, and the response that a fault leaves of it. Pure."""

from __future__ import annotations

from . import responses
from .faults import AFTERWARDS, DELAY_SECONDS
from .responses import ServiceRequest, ServiceResponse

RESET_SECONDS = 30.0
"""After a 429 that is a fault, the rate limit is said to reset after this time."""

_REFUSALS = {
    "403": "This model is private to another account",
    "406": "Your team's spend limit is reached",
    "410": "This model is retired",
    "500": "Internal server error",
}


def operation_of(request: ServiceRequest) -> tuple[str | None, str | None]:
    """Which operation a request is, if faults know it, and the id of the job that it is about."""
    match (request.method, *request.parts):
        case ("POST", "v2", _):
            return "submit", None
        case ("POST", "v1", _):
            return "v1", None
        case ("GET", "v2", "requests", request_id, "status"):
            return "status", request_id
        case ("GET", "v2" | "v1", "requests", request_id):
            return "result", request_id
        case ("GET", "inference-request", "request-history", *_):
            return "history", None
        case ("GET", "v1", "get-user-credits"):
            return "credits", None
        case ("GET", "inference-model-information", "list"):
            return "catalogue", None
        case ("POST", "upload-asset"):
            return "upload", None
        case ("GET", "generations", name):
            return "picture", responses.id_of_picture(name)
    return None, None


def instead(fault: str, request: ServiceRequest, now: float) -> ServiceResponse:
    """The response of a fault that strikes before a request is handled.

    Parameters
    ----------
    fault:
        Kind of the fault.
    request:
        The request.
    now:
        When it arrived, in seconds since 1970 UTC.
    """
    match fault:
        case "drop_before":
            return ServiceResponse(500, cut="before")
        case "404":
            if request.parts[0] == "generations":
                return responses.html_response(404, "404 Not Found")
            return responses.not_found(request.parts[2] if len(request.parts) > 2 else request.parts[-1])
        case "429":
            return responses.rate_limited(now + RESET_SECONDS)
        case "403" | "406" | "410" | "500":
            return responses.json_response(int(fault), {"error": _REFUSALS[fault]})
    return responses.gateway_error(int(fault))


def afterwards(fault: str, response: ServiceResponse, now: float) -> ServiceResponse:
    """A response with a fault. A fault in a picture's bytes is only noted here, because they are not painted yet.

    Parameters
    ----------
    fault:
        Kind of the fault.
    response:
        The response without the fault.
    now:
        When it arrived, in seconds since 1970 UTC.
    """
    match fault:
        case "drop_after":
            return response._replace(cut="before")
        case "drop_middle":
            return response._replace(cut="middle")
        case "stale":
            return response._replace(closes=True)
        case "delay":
            return response._replace(ready_at=(response.ready_at or now) + DELAY_SECONDS)
        case "502_after" | "504_after":
            return responses.gateway_error(int(fault[:3]))
        case "413":
            return responses.json_response(413, {"error": "The file is too large"})
        case "no_url" if response.status == 200:
            return responses.json_response(200, {"file_urls": [], "message": "Files uploaded successfully"})
        case "no_id":
            return (
                responses.json_response(response.status, {"status": "QUEUED"}) if response.status == 200 else response
            )
        case _ if response.picture is not None or response.measures is not None:
            return response._replace(corrupted=fault)
        case "truncated":
            return response._replace(body=response.body[: len(response.body) // 2])
        case "not_json" | "wrong_type":
            return response._replace(body=responses.html_response(response.status, "Something else").body)
    assert fault not in AFTERWARDS or fault == "huge", fault  # noqa: S101 - declared in `faults`, and missing here
    return response
