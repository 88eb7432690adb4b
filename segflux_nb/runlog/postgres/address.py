"""The address of a log in PostgreSQL: how it is shown, and the folder of this machine that belongs to it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from platformdirs import user_cache_path

from ...errors import WorkspaceError

SCHEMES = ("postgresql", "postgres")
CACHE_VARIABLE = "SEGFLUX_CACHE"
"""The environment variable that names another place for the folders of logs in databases."""

_SECRETS = frozenset({"password", "sslpassword", "passfile"})


class Address(NamedTuple):
    """The address of a database.

    Attributes
    ----------
    shown:
        The address without a password, and without options: for people, and to tell logs apart.
    digest:
        What tells it apart from other addresses.
    """

    shown: str
    digest: str


def is_address(place: object) -> bool:
    """Whether this is the address of a database, and not a folder.

    >>> is_address("postgresql://ada@db/study"), is_address("study"), is_address("postgresql")
    (True, False, False)
    """
    return isinstance(place, str) and place.partition("://")[0] in SCHEMES and "://" in place


def read(address: str) -> Address:
    """The address as it may be shown, and its digest.

    Parameters
    ----------
    address:
        As libpq takes it: ``postgresql://user:password@host:port/database?options``.

    Raises
    ------
    WorkspaceError
        If it names no database.

    >>> read("postgres://ada:secret@db.example.org:5433/study?sslmode=require").shown
    'postgresql://ada@db.example.org:5433/study'
    """
    parts = urlsplit(address)
    options = [(name, value) for name, value in parse_qsl(parts.query) if name not in _SECRETS]
    if not parts.path.strip("/") and "dbname" not in dict(options):
        raise WorkspaceError(
            "The address of a database needs the database's name",
            remedy='Write Workspace("postgresql://user@host/study")',
        )
    host = parts.netloc.rpartition("@")[2]
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    netloc = f"{user}@{host}" if user else host
    whole = urlunsplit(("postgresql", netloc, parts.path, urlencode(sorted(options)), ""))
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
    return Address(urlunsplit(("postgresql", netloc, parts.path, "", "")), digest)


def without_password(text: str, address: str) -> str:
    """A text, such as an error of the server, without the password of an address.

    Parameters
    ----------
    text:
        The text.
    address:
        The address.
    """
    parts = urlsplit(address)
    secrets = [parts.netloc.rpartition("@")[0].partition(":")[2]]
    secrets += [value for name, value in parse_qsl(parts.query) if name in _SECRETS]
    for secret in filter(None, secrets):
        for form in (secret, unquote(secret)):
            text = text.replace(form, "***")
    return text


def local_folder(address: str) -> Path:
    """The folder of this machine that belongs to a log in a database: a cache of pictures, and files for bad days.

    Parameters
    ----------
    address:
        The address.
    """
    given = os.environ.get(CACHE_VARIABLE)
    root = Path(given).expanduser() if given else user_cache_path("segflux")
    return root / "workspaces" / read(address).digest[:24]
