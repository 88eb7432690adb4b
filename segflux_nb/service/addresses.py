"""Where a service is: the hosts it spreads over, and how addresses are stored.

The hosted service's API, its request history and its pictures live on different hosts; a simulator serves all of
them under one origin. Stored addresses are relative where they belong to the service's own origin, so that a
simulator can come back on another port.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from ..errors import WorkspaceError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Service:
    """A service and its addresses.

    Attributes
    ----------
    name:
        What the log calls it: ``segmind``, ``simulator``, or a custom origin without its port.
    api, history:
        Origins (scheme, host, port) of the API and of the request history: the only ones that ever get the key.
    """

    name: str
    api: str
    history: str

    def absolute(self, address: str) -> str:
        """A stored address as a URL."""
        if address.startswith("/") and not address.startswith("//"):
            return self.api + address
        return urljoin(self.api + "/", address)

    def relative(self, url: str) -> str:
        """A URL as it is stored."""
        return url[len(self.api) :] if url.startswith(self.api + "/") else url

    def request_url(self, stored: str | None, request_id: str, tail: str = "") -> str:
        """Where to ask for a request: the address that the service gave if it is the service's own."""
        if stored and self.is_own(url := self.absolute(stored)):
            return url
        return f"{self.api}/v2/requests/{quote(request_id, safe='')}{tail}"

    def may_download(self, url: str) -> bool:
        """Whether a picture may be fetched from there: over https, or from the service itself."""
        return (urlsplit(url).scheme == "https" and "@" not in urlsplit(url).netloc) or self.is_own(url)

    def is_own(self, url: str) -> bool:
        """Whether a URL is at the service's own origin."""
        return url.startswith(self.api + "/") or origin(url) == self.api

    @property
    def is_loopback(self) -> bool:
        """Whether it runs on this machine."""
        return urlsplit(self.api).hostname in LOOPBACK


HOSTED = Service("segmind", "https://api.segmind.com", "https://api.spotprod.segmind.com")


def at(url: str, *, name: str | None = None) -> Service:
    """The service at a base URL; a path such as ``/v1`` is ignored.

    Raises
    ------
    WorkspaceError
        Where the URL is none, or would send the key unencrypted over a network.

    >>> at("http://127.0.0.1:8000/v1").api, at("https://gpu.example.org:8443").name
    ('http://127.0.0.1:8000', 'https://gpu.example.org')
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WorkspaceError(
            f"service={url!r} is no service",
            remedy='Leave it out for the hosted service, or give "simulator", a Simulator, or a base URL',
        )
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise WorkspaceError(f"service={url!r} would be sent the key unencrypted", remedy="Use https")
    base = origin(url)
    return Service(name or f"{parts.scheme}://{parts.hostname}", base, base)


def origin(url: str) -> str:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rsplit('@', 1)[-1]}"
