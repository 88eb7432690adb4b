"""Where a service is: the hosts that it uses, and how addresses are stored.

The hosted service has its API, its request history and its pictures on different hosts. A simulator has all of them
at one origin. An address at the service's own origin is stored relative to it, so that a simulator can come back on
another port.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, unquote_to_bytes, urljoin, urlsplit

from ..errors import WorkspaceError
from ..values import shown

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NOT_IN_URLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd\ud800-\udfff]")
_HOST = re.compile(rb"[0-9A-Za-z._-]+")
"""What the name of a host is made of, once IDNA has encoded it."""

_PASSWORD = re.compile(r"//[^/]*@")

_URL_SAFE = str.maketrans("-_", "+/")


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
        Origin of the request history. It may get the API key.
    uploads:
        Origin that takes files, which gives an address for each. It may get the API key. No other origin does.
        Empty: that of the API.
    """

    name: str
    api: str
    history: str
    uploads: str = ""

    @property
    def storage(self) -> str:
        """The origin that takes files."""
        return self.uploads or self.api

    def absolute(self, address: str) -> str:
        """A stored address as a URL."""
        if is_data(address):
            return address
        if address.startswith("/") and not address.startswith("//"):
            return self.api + address
        return join(self.api + "/", address)

    def relative(self, url: str) -> str:
        """A URL as it is stored."""
        if is_data(url):
            return url
        parts = _split(url)
        if parts is None or not re.match("/(?!/)", parts.path) or origin(url) != self.api:
            return url
        return parts._replace(scheme="", netloc="").geturl()

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
        return origin(url) == self.api

    @property
    def is_loopback(self) -> bool:
        """Whether the service runs on this machine."""
        return _is_on_this_machine(urlsplit(self.api).hostname or "")


HOSTED = Service(
    "segmind", "https://api.segmind.com", "https://api.spotprod.segmind.com", "https://workflows-api.segmind.com"
)


def at(url: str, *, name: str | None = None) -> Service:
    """The service at a base URL. A path such as ``/v1`` is ignored, and so are a user name and a password.

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
    url = url.strip()
    parts = _split(url)
    base, written = origin(url), shown(_PASSWORD.sub("//", url))
    if parts is None or parts.scheme not in ("http", "https") or not is_address(url) or not is_address(base):
        raise WorkspaceError(
            f"service={written} is not a service",
            remedy='Leave it out for the hosted service, or use "simulator", a Simulator, or a base URL',
        )
    host = urlsplit(base).hostname or ""
    if parts.scheme == "http" and not _is_on_this_machine(host):
        raise WorkspaceError(f"service={written} would get the API key unencrypted", remedy="Use https")
    return Service(name or f"{parts.scheme}://{host}", base, base)


def origin(url: str) -> str:
    """Scheme, host and port of a URL, in small letters and without a default port. Empty if the URL is not valid.

    A dot at the end of a host is left out: it names the same host.

    >>> origin("HTTPS://API.Segmind.com.:443/v1")
    'https://api.segmind.com'
    """
    parts = _split(url)
    if parts is None:
        return ""
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower().removesuffix(".")
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(scheme)) else f":{parts.port}"
    return f"{scheme}://{shown}{port}"


def is_address(url: str) -> bool:
    """Whether a URL can be sent: it has a host that names allow, a port in range, and no control characters.

    >>> is_address("https://images.example/x.jpeg"), is_address("https://[::1/x"), is_address("https://xn--/x")
    (True, False, False)
    """
    parts = _split(url)
    if parts is None or not parts.hostname or parts.port == 0 or "\\" in parts.netloc or _NOT_IN_URLS.search(url):
        return False
    try:
        if "[" in parts.netloc:
            return ipaddress.ip_address(parts.hostname.partition("%")[0]).version == 6
        encoded = parts.hostname.encode("idna")
        return bool(encoded.decode("idna")) and _HOST.fullmatch(encoded) is not None
    except ValueError:  # UnicodeError is one
        return False


def _is_on_this_machine(host: str) -> bool:
    """Whether a host is the machine itself: ``localhost``, or an address of its loopback network."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def is_data(url: str) -> bool:
    """Whether a URL is a ``data:`` URL, which holds the bytes themselves."""
    return url[:5].lower() == "data:"


def read_data(url: str) -> bytes | None:
    """The bytes of a ``data:`` URL. None if they cannot be read.

    >>> read_data("data:text/plain;base64,aGVsbG8"), read_data("data:,a%20b")
    (b'hello', b'a b')
    """
    head, comma, body = url.partition(",")
    if not comma:
        return None
    if not "".join(head.lower().split()).endswith(";base64"):
        return unquote_to_bytes(body)
    letters = "".join(unquote(body).split()).translate(_URL_SAFE).rstrip("=")
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except ValueError:  # binascii.Error is one
        return None


def join(base: str, reference: str) -> str:
    """A URL that may be relative to another, made absolute. One that is not valid stays as it is.

    Parameters
    ----------
    base:
        The URL that `reference` may be relative to.
    reference:
        A URL or a part of one, as a service or a redirect names it.
    """
    try:
        return reference if _split(reference) is None else urljoin(base, reference)
    except ValueError:
        return reference


def _split(url: str) -> SplitResult | None:
    """The parts of a URL, or None if it is not valid."""
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname  # these raise too
        url.encode("utf-8")
    except ValueError:  # such as "https://[", or half a surrogate pair, which a service may send
        return None
    return parts
