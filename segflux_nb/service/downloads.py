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

from ..errors import NotSentError
from .addresses import Service, is_address
from .proxies import Proxy, proxy_of

MOST_HOPS = 4
"""Requests of one download: the first, and three redirects."""

MOST_SECONDS = 180.0
"""A download that takes longer is given up for now, even if bytes still arrive."""


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_HOLD_IPV4 = [
    ipaddress.IPv6Network(network) for network in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")
]
"""Addresses whose last four bytes are an IPv4 address: compatible, mapped and translated ones, and NAT64."""


_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")


@dataclass(frozen=True)
class Target:
    """One request of a download, after its check.

    Attributes
    ----------
    url:
        The URL to connect to. Its host is the address that was checked.
    headers:
        ``host`` with the name in the original URL, if it had one.
    certified_name:
        The name that the server's certificate must have; empty for the host of the URL.
    proxy:
        The proxy to go through; None for none.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    certified_name: str = ""
    proxy: Proxy | None = None


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
    proxy = None if service.is_loopback else proxy_of(url)
    if service.is_own(url):
        return Target(url, proxy=proxy)
    parts = urlsplit(url)
    try:
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
    except ValueError:
        host, port = "", None
    if not host or not is_address(url):
        raise NotSentError(f"Pictures are not fetched from {url!r}: it is not a valid address")
    if proxy is not None:
        return Target(url, proxy=proxy)  # the proxy resolves the name, in a network of its own
    address = await _resolve(host, port or 443)
    if address == host:
        return Target(url)
    suffix = f":{port}" if port else ""
    literal = f"[{address}]" if ":" in address else address
    return Target(
        parts._replace(netloc=literal + suffix, fragment="").geturl(),
        headers={"host": host + suffix},
        certified_name=host,
    )


async def _resolve(host: str, port: int) -> str:
    """The first address of a host. All of its addresses must be public."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise NotSentError(f"{host} cannot be found: {getattr(error, 'strerror', None) or error}") from None
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not is_public(address):
            raise NotSentError(
                f"Pictures are not fetched from {host}: its address {address} is not public",
                remedy="Check how this network resolves names, then run again: the next run fetches the picture",
            )
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet. An address that has others in it counts as all of them.

    >>> is_public("93.184.216.34"), is_public("169.254.169.254"), is_public("64:ff9b::a9fe:a9fe")
    (True, False, False)
    """
    return all(_is_public(found) for found in _contained(ipaddress.ip_address(address.partition("%")[0])))


def _is_public(found: _Address) -> bool:
    return found.is_global and not (found.is_multicast or (found.is_reserved and found.version == 4))


def _contained(found: _Address) -> list[_Address]:
    """The addresses that a packet to this one may reach: itself, or the IPv4 address in it."""
    if found.version == 4:
        return [found]
    if found.is_site_local or found in _LOCAL_NAT64:
        return [ipaddress.IPv4Address(0)]
    if found.teredo is not None:
        return [*found.teredo]
    if found.sixtofour is not None:
        return [found.sixtofour]
    if any(found in network for network in _HOLD_IPV4):
        return [ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)]
    return [found]


def is_redirect(status: int) -> bool:
    """Whether a status code is a redirect."""
    return status in (301, 302, 303, 307, 308)
