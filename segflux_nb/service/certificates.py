"""Which certificate authorities are trusted, and what is wrong with settings of the environment."""

from __future__ import annotations

import os
import re
import ssl
import sys
from collections.abc import Sequence
from functools import cache

import certifi
import truststore

from ..errors import WorkspaceError

_SYSTEM_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where systems keep their store, for a Python whose OpenSSL was built for another one."""


@cache
def tls_context() -> ssl.SSLContext:
    """The certificate authorities that are trusted. Loaded once, because that takes tens of milliseconds.

    The first of these that exists: the files that ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name, the system's store,
    certifi's list.

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
            context = ssl.create_default_context(cafile=file or None, capath=folder or None)
        else:
            context = _of_the_system()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise wrong_setting(["SSL_CERT_FILE", "SSLKEYLOGFILE"], reason) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def source_of_authorities() -> str:
    """Whose certificates `tls_context` trusts, in words.

    Raises
    ------
    WorkspaceError
        As `tls_context`.
    """
    tls_context()
    named = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    if named:
        return f"what {' and '.join(named)} {'name' if len(named) > 1 else 'names'}"
    return "those of this system"


@cache
def own_tls_context() -> ssl.SSLContext:
    """The authorities of certifi's list, whatever the environment says: for plain HTTP on this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
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


def _of_the_system() -> ssl.SSLContext:
    """The authorities of the system's store; of certifi's list, where there is none."""
    if sys.platform in ("win32", "darwin"):
        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # asks the system at each connection
    paths = ssl.get_default_verify_paths()
    folder = paths.openssl_capath
    # OpenSSL reads a folder only when it needs a certificate, and finds it by such a name.
    names = os.listdir(folder) if os.path.isdir(folder) else []
    has_folder = any(re.fullmatch(r"[0-9a-f]{8}\.\d", name) for name in names)
    file = paths.openssl_cafile if os.path.isfile(paths.openssl_cafile) else None
    if file is None and not has_folder:
        file = next(filter(os.path.isfile, _SYSTEM_FILES), None) or certifi.where()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(file, folder if has_folder else None)
    return context
