"""The address of an object store, as users write it: checked, and free of secrets. Pure but for the current folder.

What such an address says goes into the log, into errors and into notebooks. So it may hold no password and no
settings: credentials come from the environment, as the libraries of each store read them.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from ..errors import WorkspaceError
from ..saving import path_of
from ..values import as_python, is_encodable, shown

VARIABLE = "SEGFLUX_PICTURES"
"""The environment variable that names the object store where `Workspace` is not given one."""

_AZURE = ("az", "adl", "azure", "abfs", "abfss")
_SCHEMES = ("s3", "s3a", "gs", *_AZURE, "file", "memory")
_HOSTS = (".amazonaws.com", ".r2.cloudflarestorage.com", ".core.windows.net", ".fabric.microsoft.com")
"""Ends of the names of hosts whose https addresses mean S3 or Azure."""

_REMEDY = 'Write pictures="s3://bucket/prefix", or gs://, az:// or file://, or the path of a folder'


def store_address(given: object) -> str:
    """The address of an object store as the log keeps it; a plain path becomes a ``file://`` address.

    Parameters
    ----------
    given:
        What the user gave as ``pictures=``.

    Raises
    ------
    WorkspaceError
        If it is no address of a store, or holds what may be secret.

    Example
    -------
    >>> store_address("s3://bucket/study/")
    's3://bucket/study'
    """
    plain = as_python(given)
    text = os.fspath(plain) if isinstance(plain, str | Path) else ""
    if not text or not is_encodable(text) or any(ord(letter) < 32 for letter in text):
        raise WorkspaceError(f"pictures={shown(given)} is not the address of an object store", remedy=_REMEDY)
    if "://" not in text:
        return path_of(text, "pictures", WorkspaceError).resolve().as_uri()
    try:
        parts = urlsplit(text)
        is_secret = parts.password is not None or (parts.username is not None and parts.scheme not in _AZURE)
    except ValueError:
        raise WorkspaceError("pictures= is not an address that can be read", remedy=_REMEDY) from None
    known = f"{parts.scheme}://{_host(parts)}{parts.path}".rstrip("/")
    if is_secret or parts.query or parts.fragment:
        what = "a user name or a password" if is_secret else "settings after a question mark, or a #"
        raise WorkspaceError(
            f"pictures= holds {what}, and an address is kept and shown: {known}",
            remedy="Leave that out, and give credentials in the environment, such as AWS_ACCESS_KEY_ID",
        )
    if parts.scheme == "https" and _host(parts).endswith(_HOSTS):
        return known
    if parts.scheme not in _SCHEMES:
        raise WorkspaceError(
            f"pictures={shown(known)} is not the address of an object store",
            remedy=f"{_REMEDY}. The address of another server of S3's kind is in AWS_ENDPOINT_URL",
        )
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost"):
            raise WorkspaceError(
                f"pictures={shown(known)} names no folder of this machine: {parts.netloc} stands where a host does",
                remedy='Give the folder without file://, such as pictures="~/pictures", or with three slashes',
            )
        return f"file://{parts.path.rstrip('/')}"
    if parts.scheme != "memory" and not parts.netloc:
        raise WorkspaceError(f"pictures={shown(known)} names no bucket", remedy=_REMEDY)
    return f"{parts.scheme}://{(parts.netloc + parts.path).rstrip('/')}"


def _host(parts: SplitResult) -> str:
    """The host of an address, with its container where Azure writes one before it; without a password."""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.username}@{host}" if parts.scheme in _AZURE and parts.username and not parts.password else host
