"""Which addresses a picture may be fetched from: public hosts over https, or the service itself.

The address of a picture comes from outside. It must not make this machine fetch from its own network, whatever a
name resolves to and wherever a redirect points. So each address is resolved here and checked, and the connection
goes to the address that was checked: a second look-up of the name could give another one.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ..errors import NotSentError
from .addresses import Service

MOST_HOPS = 4
"""Requests of one download: the first, and three redirects."""

MOST_SECONDS = 180.0
"""A download that takes longer is given up for now, even if bytes still arrive."""


@dataclass(frozen=True)
class Target:
    """One request of a download, after its check.

    Attributes
    ----------
    url:
        The URL to connect to. Its host is the address that was checked.
    headers:
        ``host`` with the name in the original URL, if it had one.
    extensions:
        The name that the server's certificate must have, for the HTTP library.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    extensions: Mapping[str, str] = field(default_factory=dict)


async def check(url: str, service: Service) -> Target:
    """Check a URL, and resolve the name of its host.

    Parameters
    ----------
    url:
        Where a picture is said to be.
    service:
        The service that the picture belongs to. Its own origin is always accepted.

    Raises
    ------
    NotSentError
        Pictures are not fetched from this URL.
    """
    if not service.may_download(url):
        raise NotSentError(f"Pictures are not fetched from {url!r}: it is neither https nor the service itself")
    if service.is_own(url):
        return Target(url)
    parts = urlsplit(url)
    try:
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
    except ValueError:
        host, port = "", None
    if not host:
        raise NotSentError(f"Pictures are not fetched from {url!r}: it is not a valid address")
    if "https" in getproxies() and not proxy_bypass(host):
        return Target(url)  # the proxy resolves the name, in a network of its own
    address = await _resolve(host, port or 443)
    if address == host:
        return Target(url)
    suffix = f":{port}" if port else ""
    literal = f"[{address}]" if ":" in address else address
    return Target(
        parts._replace(netloc=literal + suffix, fragment="").geturl(),
        headers={"host": host + suffix},
        extensions={"sni_hostname": host},
    )


async def _resolve(host: str, port: int) -> str:
    """The first address of a host. All of its addresses must be public."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotSentError(f"{host} cannot be found: {error.strerror or error}") from None
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not is_public(address):
            raise NotSentError(
                f"Pictures are not fetched from {host}: its address {address} is not public",
                remedy="Check how this network resolves names, then run again: the next run fetches the picture",
            )
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet.

    >>> is_public("93.184.216.34"), is_public("169.254.169.254"), is_public("::ffff:10.0.0.1")
    (True, False, False)
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_global and not found.is_multicast


def is_redirect(status: int) -> bool:
    """Whether a status code is a redirect."""
    return status in (301, 302, 303, 307, 308)
