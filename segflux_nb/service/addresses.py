"""Where a service is: the hosts that it uses, and how addresses are stored.

The hosted service has its API, its request history and its pictures on different hosts. A simulator has all of them
at one origin. An address at the service's own origin is stored relative to it, so that a simulator can come back on
another port.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from ..errors import WorkspaceError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Service:
    """A service and its addresses.

    Attributes
    ----------
    name:
        What the log calls it: ``segmind``, ``simulator``, or a custom origin without its port.
    api:
        Origin (scheme, host and port) of the API. It may get the API key.
    history:
        Origin of the request history. It may get the API key. No other origin does.
    """

    name: str
    api: str
    history: str

    def absolute(self, address: str) -> str:
        """A stored address as a URL."""
        if address.startswith("/") and not address.startswith("//"):
            return self.api + address
        return join(self.api + "/", address)

    def relative(self, url: str) -> str:
        """A URL as it is stored."""
        return url[len(self.api) :] if url.startswith(self.api + "/") else url

    def request_url(self, stored: str | None, request_id: str, tail: str = "") -> str:
        """Where to ask for a job.

        Parameters
        ----------
        stored:
            The address that the service gave, as stored, or None. It is used only at the service's own origin.
        request_id:
            The service's id of the job.
        tail:
            What follows the id in the path, such as ``/status``.
        """
        if stored and self.is_own(url := self.absolute(stored)):
            return url
        return f"{self.api}/v2/requests/{quote(request_id, safe='')}{tail}"

    def may_download(self, url: str) -> bool:
        """Whether a picture may be fetched from a URL: over https, or from the service itself."""
        parts = _split(url)
        return parts is not None and ((parts.scheme == "https" and "@" not in parts.netloc) or self.is_own(url))

    def is_own(self, url: str) -> bool:
        """Whether a URL is at the service's own origin."""
        return url.startswith(self.api + "/") or origin(url) == self.api

    @property
    def is_loopback(self) -> bool:
        """Whether the service runs on this machine."""
        return urlsplit(self.api).hostname in LOOPBACK


HOSTED = Service("segmind", "https://api.segmind.com", "https://api.spotprod.segmind.com")


def at(url: str, *, name: str | None = None) -> Service:
    """The service at a base URL. A path such as ``/v1`` is ignored.

    Parameters
    ----------
    url:
        An ``https`` URL, or ``http`` on this machine.
    name:
        What the log calls the service. None takes scheme and host.

    Raises
    ------
    WorkspaceError
        The URL is not valid, or the API key would cross a network unencrypted.

    Example
    -------
    >>> at("http://127.0.0.1:8000/v1").api, at("https://gpu.example.org:8443").name
    ('http://127.0.0.1:8000', 'https://gpu.example.org')
    """
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise WorkspaceError(
            f"service={url!r} is not a service",
            remedy='Leave it out for the hosted service, or use "simulator", a Simulator, or a base URL',
        )
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise WorkspaceError(f"service={url!r} would get the API key unencrypted", remedy="Use https")
    base = origin(url)
    return Service(name or f"{parts.scheme}://{parts.hostname}", base, base)


def origin(url: str) -> str:
    """Scheme, host and port of a URL. Empty if the URL is not valid."""
    parts = _split(url)
    return "" if parts is None else f"{parts.scheme}://{parts.netloc.rsplit('@', 1)[-1]}"


def join(base: str, reference: str) -> str:
    """A URL that may be relative to another, made absolute. One that is not valid stays as it is.

    Parameters
    ----------
    base:
        The URL that `reference` may be relative to.
    reference:
        A URL or a part of one, as a service or a redirect names it.
    """
    return reference if _split(reference) is None else urljoin(base, reference)


def _split(url: str) -> SplitResult | None:
    """The parts of a URL, or None if it is not valid."""
    try:
        return urlsplit(url)
    except ValueError:  # such as "https://[", which a service may send
        return None
