"""Which certificate authorities are trusted, and what is wrong with settings of the environment."""

from __future__ import annotations

import os
import re
import ssl
import sys
from collections.abc import Sequence
from functools import cache

import certifi

from ..errors import WorkspaceError

PROXIES = (
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
)
"""The environment variables that name proxies; the last two name what goes without them."""


@cache
def tls_context() -> ssl.SSLContext:
    """The certificate authorities that are trusted. Loaded once, because that takes tens of milliseconds.

    The first of these that exists: the files that ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name, the system's store,
    certifi's list. Without a system store, httpx2 alone would trust no certificate.

    Raises
    ------
    WorkspaceError
        A file that ``SSL_CERT_FILE``, ``SSL_CERT_DIR`` or ``SSLKEYLOGFILE`` names cannot be used.
    """
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if folder and not os.path.isdir(folder):
        raise wrong_setting(["SSL_CERT_DIR"], "there is no such folder")
    try:
        if file or folder:
            return ssl.create_default_context(cafile=file or None, capath=folder or None)
        from .proxied import system_authorities  # the library is loaded only where it is needed

        context = system_authorities()
        if not _has_authorities(context):
            context.load_verify_locations(certifi.where())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise wrong_setting(["SSL_CERT_FILE", "SSLKEYLOGFILE"], reason) from None
    return context


@cache
def own_tls_context() -> ssl.SSLContext:
    """The authorities of certifi's list, whatever the environment says: for plain HTTP on this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certifi.where())
    return context


def wrong_setting(names: Sequence[str], reason: str) -> WorkspaceError:
    """The error for settings of the environment that cannot work. It shows no proxy, which may hold a password.

    Parameters
    ----------
    names:
        The environment variables that may be the reason; those that are not set are left out.
    reason:
        What is wrong, in the words of the library.
    """
    found = [name for name in names if os.environ.get(name)] or names
    shown = [f"{name}={os.environ.get(name)!r}" if name.startswith("SSL") else name for name in found]
    return WorkspaceError(
        f"The environment variable {' or '.join(shown)} cannot be used: {reason}", remedy="Correct or remove it"
    )


def _has_authorities(context: ssl.SSLContext) -> bool:
    if sys.platform in ("win32", "darwin"):
        return True  # there the context asks the system at each connection
    folder = ssl.get_default_verify_paths().openssl_capath
    # OpenSSL reads a folder only when it needs a certificate, and finds it by such a name.
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return bool(context.cert_store_stats()["x509_ca"]) or any(
        re.fullmatch(r"[0-9a-f]{8}\.\d", name) for name in names
    )
