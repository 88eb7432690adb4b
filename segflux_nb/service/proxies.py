"""The proxies that the environment names, or on macOS and Windows the settings of the system."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from .certificates import wrong_setting

_SCHEMES = ("http://", "https://")


@dataclass(frozen=True)
class Proxy:
    """A proxy. Nothing that shows it shows its user and password.

    Attributes
    ----------
    url:
        Its address, without user and password. It may not be valid.
    setting:
        What names it: an environment variable, or the system.
    authorization:
        The value of the header that tells the proxy user and password; empty for none.
    """

    url: str = field(repr=False)
    setting: str
    authorization: str = field(default="", repr=False)

    @property
    def is_known_kind(self) -> bool:
        """Whether requests can go through a proxy of this kind."""
        return self.url.startswith(_SCHEMES)


def proxy_of(url: str) -> Proxy | None:
    """The proxy for a URL; None if a connection goes there directly.

    Parameters
    ----------
    url:
        A valid URL.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return None if proxy_bypass(f"{host}:{port}") else _named_for(parts.scheme)


def check_proxies() -> None:
    """Check the kind of the proxy for https, whichever hosts go without it.

    Raises
    ------
    WorkspaceError
        Requests cannot go through it.
    """
    proxy = _named_for("https")
    if proxy is not None and not proxy.is_known_kind:
        raise wrong_setting([proxy.setting], "only proxies that begin with http:// or https:// can be used")


def _named_for(scheme: str) -> Proxy | None:
    """The proxy for a scheme.

    Parameters
    ----------
    scheme:
        ``http`` or ``https``.
    """
    proxies = getproxies()
    kind = scheme if proxies.get(scheme) else "all"
    if not (address := proxies.get(kind)):
        return None
    names = (f"{kind}_proxy", f"{kind}_proxy".upper())
    setting = next((name for name in names if os.environ.get(name) == address), "the system's settings")
    protocol, separator, rest = address.partition("://")
    user, at, host = (rest if separator else address).rpartition("@")
    url = f"{protocol.lower() if separator else 'http'}://{host}"
    return Proxy(url, setting, _authorization(user) if at else "")


def _authorization(user: str) -> str:
    """User and password, as the header has them.

    Parameters
    ----------
    user:
        Both, as a URL has them.
    """
    name, _, password = user.partition(":")
    return "Basic " + base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode("ascii")
