"""The address of a log in PostgreSQL: how it is shown, and the folder of this machine that belongs to it."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlencode

from platformdirs import user_cache_path

from ...errors import WorkspaceError
from ...saving import path_of

SCHEMES = ("postgresql", "postgres")
CACHE_VARIABLE = "SEGFLUX_CACHE"
"""The environment variable that names another place for the folders of logs in databases."""

_SECRETS = frozenset(
    {"password", "sslpassword", "passfile", "oauth_client_secret", "scram_client_key", "scram_server_key"}
)
_PLACES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "service": "PGSERVICE",
}
"""Options that say which database it is, and the variables of the environment that say it where they are left out."""

_OTHER_SCHEME = re.compile(r"\W*(\w[\w+.-]+)://")
_SLIP = re.compile(r"\W*postgres(?:ql)?(?::|//)", re.IGNORECASE)
_KEYWORDS = re.compile(r"(?:^|.*\s)(?:host|hostaddr|dbname|password)\s*=", re.DOTALL)
_HOST = re.compile(r"[^\[\]]*|\[[0-9A-Za-z:.%]+\](:[^\[\]]*)?")
_LOGIN = re.compile(r"://\S*@")
_PASSWORD = re.compile(r"(password=)[^\s&'\"]+")
_ENDS_IN_SPACE = re.compile(r"^\s|\s$")


class Given(str):
    """What somebody gave as the place of a workspace. Tracebacks that show variables show no password in it.

    >>> Given("postgresql://ada:secret@db/study"), Given("study")
    ('postgresql://***@db/study', 'study')
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr("***" if "password" in self else without_logins(self))


class Address(NamedTuple):
    """The address of a database.

    Attributes
    ----------
    shown:
        The address without a password, and without options that do not say where it is: for people, and to tell logs
        apart.
    digest:
        What tells it apart from other addresses.
    """

    shown: str
    digest: str


class _Parts(NamedTuple):
    """The parts of an address.

    Attributes
    ----------
    user:
        The user; empty if none is named.
    password:
        The password, as it is written.
    hosts:
        The hosts and their ports.
    path:
        The name of the database, with the slash before it.
    options:
        The options, as they are written.
    """

    user: str
    password: str
    hosts: str
    path: str
    options: list[tuple[str, str]]


def is_address(place: object) -> bool:
    """Whether this is the address of a database, and not a folder.

    >>> is_address("postgresql://ada@db/study"), is_address("study"), is_address("postgresql")
    (True, False, False)
    """
    return isinstance(place, str) and place.partition("://")[0] in SCHEMES and "://" in place


def check_place(text: str) -> None:
    """Refuse what is neither a folder nor an address, such as the address of another kind of database.

    As a folder it would be made, and a password in it would be the name of a folder.

    Parameters
    ----------
    text:
        What somebody gave as the place of a workspace. It is not shown: it may hold a password.

    Raises
    ------
    WorkspaceError
        If it looks like the address of something.

    >>> check_place("studies/one=two")
    """
    other = _OTHER_SCHEME.match(text)
    if is_address(text) or not (other or _KEYWORDS.match(text) or _SLIP.match(text)):
        return
    begins = f"begins with {other[1]}://" if other else "looks like the address of a database"
    raise WorkspaceError(
        f"What is given as the workspace {begins}, which is neither a folder nor an address of PostgreSQL",
        remedy="Write postgresql://user@host/study, without quotes or spaces around it; or the path of a folder",
    )


def _parts(address: str) -> _Parts:
    """The parts of an address, as libpq sees them.

    Raises
    ------
    WorkspaceError
        If they cannot be told apart, as where a password has a sign that ends it. The address is not shown then.
    """
    rest = address.partition("://")[2]
    before, _, query = rest.partition("?")
    login, path = before.partition("/")[::2]
    user, is_given, hosts = login.rpartition("@")
    # An @ behind the first "/" or "?" or a second one: a part of the password has been taken for the host.
    has_odd_login = "@" in user or "@" in path or "#" in before or (query and "=" not in query.partition("&")[0])
    has_odd_host = any(not _HOST.fullmatch(host) for host in hosts.split(","))
    if has_odd_login or has_odd_host or "[" in user or "]" in user or _ENDS_IN_SPACE.search(address):
        raise WorkspaceError(
            "The address of the database cannot be read: a sign in it, perhaps in its password, has another meaning"
            " there",
            remedy="Write %40 for @, %2F for /, %23 for #, %3F for ?, %5B for [, %5D for ] and %25 for %; or leave"
            " the password out, and write it into ~/.pgpass",
        )
    name, _, password = user.partition(":") if is_given else ("", "", "")
    options = [(key, value) for key, _, value in (one.partition("=") for one in query.split("&") if one)]
    return _Parts(name, password, hosts, f"/{path}" if path else "", options)


def read(address: str) -> Address:
    """The address as it may be shown, and its digest.

    Parameters
    ----------
    address:
        As libpq takes it: ``postgresql://user:password@host:port/database?options``.

    Raises
    ------
    WorkspaceError
        If it names no database, or cannot be read.

    >>> read("postgres://ada:secret@db.example.org:5433/study?sslmode=require").shown
    'postgresql://ada@db.example.org:5433/study'
    >>> read("postgresql:///study?host=/run/postgresql&password=secret").shown
    'postgresql:///study?host=/run/postgresql'
    """
    parts = _parts(address)
    options = [(name, unquote(value)) for name, value in parts.options if unquote(name) not in _SECRETS]
    if not parts.path.strip("/") and not {"dbname", "service"}.intersection(dict(options)):
        raise WorkspaceError(
            "The address of a database needs the database's name",
            remedy="Write postgresql://user@host/study",
        )
    place = f"postgresql://{parts.user}@{parts.hosts}" if parts.user else f"postgresql://{parts.hosts}"
    place += parts.path
    query = urlencode(sorted([*options, *_of_environment(parts)]))
    digest = hashlib.sha256((f"{place}?{query}" if query else place).encode("utf-8", "surrogatepass")).hexdigest()
    where = [f"{name}={value}" for name, value in parts.options if name in _PLACES]
    return Address(f"{place}?{'&'.join(where)}" if where else place, digest)


def _of_environment(parts: _Parts) -> list[tuple[str, str]]:
    """The variables that say what an address leaves out, with their values."""
    said = {
        "user": parts.user,
        "host": parts.hosts,
        "port": re.search(r":\d+$", parts.hosts),
        "dbname": parts.path,
        **dict(parts.options),
    }
    left_out = [variable for option, variable in _PLACES.items() if not said.get(option)]
    return [(variable, os.environ[variable]) for variable in left_out if os.environ.get(variable)]


def without_password(text: str, address: str) -> str:
    """A text, such as an error of the server, without the password of an address.

    Parameters
    ----------
    text:
        The text.
    address:
        The address.
    """
    parts = _parts(address)
    secrets = [parts.password, *(value for name, value in parts.options if unquote(name) in _SECRETS)]
    for secret in filter(None, secrets):
        for form in (secret, unquote(secret)):
            text = text.replace(form, "***")
    return text


def without_logins(text: str) -> str:
    """A text, such as a message about arguments, without what may be a password of an address in it.

    >>> without_logins("no such command 'postgresql://ada:secret@db/study?password=x'")
    "no such command 'postgresql://***@db/study?password=***'"
    """
    return _PASSWORD.sub(r"\1***", _LOGIN.sub("://***@", text))


def local_folder(address: str) -> Path:
    """The folder of this machine that belongs to a log in a database: a cache of pictures, and files for bad days.

    Parameters
    ----------
    address:
        The address.
    """
    given = os.environ.get(CACHE_VARIABLE)
    root = path_of(given, CACHE_VARIABLE, WorkspaceError) if given else user_cache_path("segflux")
    return root / "workspaces" / read(address).digest[:24]
