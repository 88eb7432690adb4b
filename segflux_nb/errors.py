"""Every error of this package, in one tree.

::

    SegfluxError
    ├── SweepError              a sweep, a parameter or a range that cannot be (also a ValueError)
    ├── WorkspaceError          a folder or a log that cannot be opened or used
    ├── MissingKey              a submit to the hosted service without an API key
    ├── PictureError            bytes that are not a picture we accept
    ├── TransportError          no usable answer came back
    │   ├── NotSentError        nothing of the request left this machine
    │   └── AnswerLost          the request may have arrived; its answer did not
    └── ServiceError            the service answered with an error code
        ├── BadRequest          400, 405, 422 on submit
        ├── AuthenticationError 401
        ├── InsufficientCredits 402, and 406 where its text speaks of credits
        ├── PermissionDenied    403
        ├── NotFound            404
        ├── NotAcceptable       406 otherwise: content type, a value outside a fixed set, a spend limit
        ├── ModelRetired        410
        ├── RateLimited         429
        └── ServerError         5xx

    SweepInterrupted            a KeyboardInterrupt, so that "Run All" stops; carries what is done

Each says what was wrong and where, whether money may have been spent, and what to do.
"""

from __future__ import annotations

from typing import Any, Literal

Money = Literal["nothing was billed", "something may have been billed", "a picture was billed", ""]


class SegfluxError(Exception):
    """The root of all errors of this package.

    Parameters
    ----------
    what:
        What was wrong, and where.
    remedy:
        What to do about it.
    money:
        Whether money may have been spent; empty where no money is in question.
    """

    def __init__(self, what: str, *, remedy: str = "", money: Money = "") -> None:
        self.what = what
        self.remedy = remedy
        self.money = money
        super().__init__(what, remedy, money)

    def __str__(self) -> str:
        money = f"{self.money[0].upper()}{self.money[1:]}" if self.money else ""
        sentences = (part.strip().rstrip(".") for part in (self.what, money, self.remedy))
        return ". ".join(part for part in sentences if part) + "."


class SweepError(SegfluxError, ValueError):
    """A sweep, a parameter or a range that cannot be; nothing was sent."""


class WorkspaceError(SegfluxError):
    """A workspace folder or its log cannot be opened, read or written."""


class MissingKey(SegfluxError):
    """A request to the hosted service needs an API key and none is configured."""


class PictureError(SegfluxError):
    """Bytes that are not a picture we accept: wrong type, cut off, or too large."""


class TransportError(SegfluxError):
    """No usable answer came back."""


class NotSentError(TransportError):
    """Nothing of the request left this machine: it can be sent again without risk."""


class AnswerLost(TransportError):
    """The request may have reached the service; its answer did not reach us."""


class ServiceError(SegfluxError):
    """The service answered with an error code.

    Attributes
    ----------
    status:
        The HTTP status code.
    detail:
        The service's own words.
    retry_after:
        Seconds the service asks us to wait, or None.
    request_id:
        The job that was asked about, or None.
    """

    advice = ""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        retry_after: float | None = None,
        request_id: str | None = None,
        money: Money = "nothing was billed",
        remedy: str | None = None,
    ) -> None:
        self.status = status
        self.detail = detail
        self.retry_after = retry_after
        self.request_id = request_id
        super().__init__(
            f"The service answered {status}: {detail or 'no text'}",
            remedy=self.advice if remedy is None else remedy,
            money=money,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.status, self.detail)


class BadRequest(ServiceError):
    """400, 405 or 422: the request is not one the service takes."""

    advice = "Change the parameter that the service names"


class AuthenticationError(ServiceError):
    """401: no API key, or one the service does not know."""

    advice = "Check the key: Workspace(api_key=...) or the environment variable SEGMIND_API_KEY"


class InsufficientCredits(ServiceError):
    """402 (or 406, by its text): the account's credits do not cover the call."""

    advice = "Add credits to the account, then run the sweep again: what is done stays done"


class PermissionDenied(ServiceError):
    """403: the model belongs to another account, or the team restricts it."""

    advice = "Use a key of the account that owns the fine-tune"


class NotFound(ServiceError):
    """404: an unknown model, or a request that is unknown or older than an hour."""


class NotAcceptable(ServiceError):
    """406: wrong content type, a value outside a fixed set, or a team's spend limit."""

    advice = "Change the value that the service names, or raise the spend limit"


class ModelRetired(ServiceError):
    """410: the model is not offered any more."""


class RateLimited(ServiceError):
    """429: too many requests."""

    advice = "Lower max_in_flight, or wait"


class ServerError(ServiceError):
    """5xx: the service failed."""

    advice = "Run the sweep again later: what is done stays done"


class SweepInterrupted(KeyboardInterrupt):
    """The user interrupted a running sweep; what was done is kept.

    Attributes
    ----------
    runs:
        The sweep's runs so far (a `segflux_nb.Runs`).
    """

    def __init__(self, message: str, runs: Any) -> None:
        self.runs = runs
        super().__init__(message)
