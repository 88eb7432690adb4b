"""Where a picture may be fetched from: public addresses over https, or the service itself.

The address of a picture comes from outside. It must not lead this machine to fetch from its own network, whatever
names resolve to and wherever redirects point, so each hop is resolved here, checked, and connected to as checked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.request import getproxies, proxy_bypass

import httpx

from ..errors import NotSentError
from .addresses import Service

MOST_HOPS = 4
MOST_SECONDS = 180.0
"""A download that takes longer is given up for now, however steadily it drips."""


@dataclass(frozen=True)
class Hop:
    """One request of a download: the URL to connect to, and whom it is meant for where that URL has an address."""

    url: httpx.URL
    host: str | None = None


async def checked(url: str, service: Service) -> Hop:
    """A URL as it is connected to.

    Raises
    ------
    NotSentError
        Where it is none that a picture is fetched from.
    """
    if not service.may_download(url):
        raise NotSentError(f"A picture is not fetched from {url!r}: it is neither https nor the service itself")
    if service.is_own(url):
        return Hop(httpx.URL(url))
    target = httpx.URL(url)
    if "https" in getproxies() and not proxy_bypass(target.host):
        return Hop(target)  # the proxy resolves the name, in a network of its own
    address = await _resolve(target.host, target.port or 443)
    return Hop(target.copy_with(host=address), target.host if address != target.host else None)


async def _resolve(host: str, port: int) -> str:
    """A public address of a host, all of whose addresses are public."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotSentError(f"{host} cannot be found: {error.strerror or error}") from None
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not is_public(address):
            raise NotSentError(
                f"A picture is not fetched from {host}: it is at {address}, which is no public address",
                remedy="Look whether this network resolves names its own way; the picture is fetched by the next run",
            )
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet.

    >>> is_public("93.184.216.34"), is_public("169.254.169.254"), is_public("::ffff:10.0.0.1")
    (True, False, False)
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_global and not found.is_multicast


def is_redirect(status: int) -> bool:
    """Whether an answer points elsewhere."""
    return status in (301, 302, 303, 307, 308)
