"""Every error of this package, in one tree.

::

    SegfluxError
    ├── SweepError              a sweep, a parameter or a range is not valid (also a ValueError)
    ├── WorkspaceError          a folder or a log cannot be opened or used
    │   ├── LogLocked           another program holds the log's lock
    │   ├── NewerLog            a newer version wrote the log, which can only be read
    │   └── BundleError         a file is not a bundle, or not as it was written
    ├── MissingKey              a submit to the hosted service has no API key
    ├── PictureError            bytes are not a picture that we accept
    ├── RunError                no run matches, or more than one does (also a LookupError)
    ├── LayoutError             a sheet cannot be laid out (also a ValueError)
    ├── PlotError               a plot needs matplotlib, or has nothing to draw
    ├── PatternError            a pattern of file names is not valid (also a ValueError)
    ├── MetadataError           a picture's metadata cannot be read or written (also a ValueError)
    ├── TransportError          no usable response came back
    │   ├── NotSentError        the request did not leave this machine
    │   └── AnswerLost          the request may have arrived; the response did not
    ├── ServiceError            the service answered with an error code
    │   ├── BadRequest          400, 405, 422 on submit
    │   ├── AuthenticationError 401
    │   ├── InsufficientCredits 402, and 406 where its text speaks of credits
    │   ├── PermissionDenied    403
    │   ├── NotFound            404
    │   ├── NotAcceptable       other 406: content type, a value outside a fixed set, a spend limit
    │   ├── ModelRetired        410
    │   ├── RateLimited         429
    │   └── ServerError         5xx
    └── InferenceError          a call of `segflux_nb.client` gave no result
        ├── InferenceFailed     the job failed at the service
        └── InferenceTimeout    the job was not done in time

    SweepInterrupted            the user interrupted a sweep (a KeyboardInterrupt, so that "Run All" stops)
    StoreError                  an object store did not do what it was asked (an OSError, as of a disk)
    DamagedError                a picture in an object store is not what its name says (an OSError)
    SourceHasChanged            the log that is copied has changed meanwhile; the copy begins again

Each error says what was wrong and where, whether money may have been spent, and what to do.
"""

from __future__ import annotations

import errno
from typing import Any, Literal

Money = Literal["nothing was billed", "something may have been billed", "a picture was billed", ""]


class SegfluxError(Exception):
    """The root of all errors of this package. Its text is `what`, then `money`, then `remedy`, a sentence each.

    Parameters
    ----------
    what:
        What was wrong, and where.
    remedy:
        What to do about it.
    money:
        Whether money may have been spent. Empty if the error has nothing to do with money.

    Example
    -------
    >>> print(SegfluxError("steps=0 is too small", remedy="Use 1 or more", money="nothing was billed"))
    steps=0 is too small. Nothing was billed. Use 1 or more.
    """

    def __init__(self, what: str, *, remedy: str = "", money: Money = "") -> None:
        self.what = what
        self.remedy = remedy
        self.money = money
        super().__init__(what, remedy, money)

    def __str__(self) -> str:
        money = f"{self.money[0].upper()}{self.money[1:]}" if self.money else ""
        return " ".join(filter(None, map(_sentence, (self.what, money, self.remedy))))

    def __reduce__(self) -> tuple[Any, ...]:
        # The default calls the constructor with `args`, which does not fit keyword-only parameters.
        return _restored, (type(self), self.args, self.__dict__)


def _sentence(text: str) -> str:
    """The text with exactly one mark at its end."""
    text = text.strip().rstrip(".")
    return text if not text or text[-1] in "?!…" else f"{text}."


def _restored(kind: type[SegfluxError], args: tuple[Any, ...], attributes: dict[str, Any]) -> SegfluxError:
    """An error as it was before it was pickled.

    Parameters
    ----------
    kind:
        Its class.
    args:
        Its arguments, as `Exception` keeps them.
    attributes:
        Its attributes.
    """
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class SweepError(SegfluxError, ValueError):
    """A sweep, a parameter or a range is not valid. Nothing was sent."""


class WorkspaceError(SegfluxError):
    """A workspace folder or its log cannot be opened, read or written."""


class LogLocked(WorkspaceError):
    """Another program reads or writes the log for longer than this one waits. Nothing of it is lost."""


class NewerLog(WorkspaceError):
    """A newer version of this program wrote the log, which can only be read."""


class BundleError(WorkspaceError):
    """A file is not a bundle, is of a newer format, or is not as it was written. Nothing of it was used."""


class MissingKey(SegfluxError):
    """A submit to the hosted service needs an API key, and none is configured."""


class PictureError(SegfluxError):
    """Bytes are not a picture that we accept: wrong type, cut off, or too large."""


class RunError(SegfluxError, LookupError):
    """No run of the selection matches, more than one does, or the run lacks what was asked for."""


class LayoutError(SegfluxError, ValueError):
    """A sheet cannot be laid out. The text names the column that is the reason."""


class PlotError(SegfluxError):
    """A plot cannot be drawn: matplotlib is not installed, or there is nothing to draw."""


class PatternError(SegfluxError, ValueError):
    """A pattern of file names is not valid."""


class MetadataError(SegfluxError, ValueError):
    """The metadata of a picture cannot be read, or cannot be written into its file."""


class TransportError(SegfluxError):
    """No usable response came back."""


class NotSentError(TransportError):
    """The request did not leave this machine. It can be sent again without risk."""


class AnswerLost(TransportError):
    """The request may have reached the service. Its response did not reach us."""


class ServiceError(SegfluxError):
    """The service answered with an error code.

    Parameters
    ----------
    status:
        The HTTP status code.
    detail:
        The service's own words.
    retry_after:
        Seconds that the service asks us to wait, or None.
    request_id:
        The job that was asked about, or None.
    money:
        Whether money may have been spent.
    remedy:
        What to do. None takes the advice of the class.

    """

    advice = ""
    """What to do about errors of this class."""

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


class BadRequest(ServiceError):
    """400, 405 or 422: the service does not accept the request."""

    advice = "Change the parameter that the service names"


class AuthenticationError(ServiceError):
    """401: there is no API key, or the service does not know it."""

    advice = "Check the key: Workspace(api_key=...) or the environment variable SEGMIND_API_KEY"


class InsufficientCredits(ServiceError):
    """402 (or 406, by its text): the account's credits do not cover the call."""

    advice = "Add credits to the account"


class PermissionDenied(ServiceError):
    """403: the model belongs to another account, or the team restricts it."""

    advice = "Use a key of the account that owns the fine-tune"


class NotFound(ServiceError):
    """404: the model is unknown, or the request is unknown or older than an hour."""


class NotAcceptable(ServiceError):
    """406: wrong content type, a value outside a fixed set, or a team's spend limit."""

    advice = "Change the value that the service names, or raise the spend limit"


class ModelRetired(ServiceError):
    """410: the service no longer offers the model."""


class RateLimited(ServiceError):
    """429: too many requests."""

    advice = "Lower max_in_flight, or wait"


class ServerError(ServiceError):
    """5xx: the service failed."""

    advice = "Try again later"


class InferenceError(SegfluxError):
    """A call of `segflux_nb.client` gave no result, for another reason than an error code of the service.

    An error code raises a `ServiceError` instead: `AuthenticationError`, `InsufficientCredits`, …

    Parameters
    ----------
    what:
        What was wrong, and where.
    request_id:
        The service's id of the job, or None if it has none.
    remedy:
        What to do about it.
    money:
        Whether money may have been spent.
    """

    def __init__(self, what: str, *, request_id: str | None = None, remedy: str = "", money: Money = "") -> None:
        self.request_id = request_id
        super().__init__(what, remedy=remedy, money=money)


class InferenceFailed(InferenceError):
    """The job failed at the service. Nothing is billed.

    Parameters
    ----------
    request_id:
        The service's id of the job.
    status_body:
        The body of the service's response.

    Attributes
    ----------
    detail:
        The service's reason, or None.
    """

    def __init__(self, request_id: str, status_body: dict[str, Any]) -> None:
        self.status_body = status_body
        self.detail: str | None = status_body.get("error")
        super().__init__(
            f"Request {request_id} failed: {self.detail or 'the service gives no reason'}",
            request_id=request_id,
            money="nothing was billed",
            remedy="Change what the service names, or submit it again",
        )


class InferenceTimeout(InferenceError):
    """The job was not done in time. It continues at the service and will be billed.

    Parameters
    ----------
    request_id:
        The service's id of the job.
    elapsed_s:
        Seconds that the call waited.
    """

    def __init__(self, request_id: str, elapsed_s: float) -> None:
        self.elapsed_s = elapsed_s
        super().__init__(
            f"Request {request_id} was not done within {elapsed_s:.1f} s",
            request_id=request_id,
            money="something may have been billed",
            remedy="The job continues: do not submit it again, but wait again or ask for its id within the hour",
        )


class SweepInterrupted(KeyboardInterrupt):
    """The user interrupted a running sweep. Finished runs are kept.

    Parameters
    ----------
    message:
        How much is done, and how to continue.
    runs:
        The sweep's runs so far (a `segflux_nb.Runs`). None in an error that came from another process: runs read the
        log of the process that made them.
    """

    def __init__(self, message: str, runs: Any) -> None:
        self.runs = runs
        super().__init__(message)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), None)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the sentence alone, because the user knows where the cell was interrupted."""
        return [f"{type(self).__name__}: {self}"]


class StoreError(OSError):
    """An object store did not do what it was asked.

    Parameters
    ----------
    why:
        Why, in words.
    is_passing:
        Whether it may go well when it is tried again, with nothing changed.
    """

    def __init__(self, why: str, *, is_passing: bool) -> None:
        super().__init__(errno.EIO, why)
        self.is_passing = is_passing

    @property
    def why(self) -> str:
        """Why, in words."""
        return str(self.strerror)

    def __str__(self) -> str:
        return self.why


class DamagedError(OSError):
    """A picture whose bytes in the store are not those that its name says."""


class SourceHasChanged(Exception):
    """The log that is copied has changed meanwhile."""
