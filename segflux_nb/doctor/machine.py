"""What is examined on this machine, without the network."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from ..errors import StoreError
from ..markup import count
from ..pictures.mounted import tier_of
from ..runlog.files import file_system, is_local, locks_work, wal_is_sound
from ..service.certificates import source_of_authorities
from ..service.keys import KEY_FILE, VARIABLE, is_open_to_others, key_file
from ..service.proxies import check_proxies, proxy_of
from .examination import Line, attention, broken, fine
from .subject import Subject

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 37, 0)
"""The first version with the kind of tables that the log has."""

LITTLE_BYTES, TOO_LITTLE_BYTES = 1 << 30, 64 << 20
_PICTURE_BYTES = 200_000
"""The size of a picture of the service, about."""

_SOURCES = {
    "api_key": "the argument api_key",
    VARIABLE: f"the environment variable {VARIABLE}",
    "Colab secret": f"Colab's secret {VARIABLE}",
}

_PROBE = b"segflux doctor\n" * 512

_WIDGETS = {"anywidget": (0, 11), "ipywidgets": (8, 1)}
"""What the gallery, the tuner and the builder need, and since which version."""


def python(subject: Subject) -> Line:
    """The version of Python."""
    found = f"{platform.python_version()} on {platform.system() or sys.platform}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        return broken("Python", found, f"Install Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer")
    return fine("Python", found)


def sqlite(subject: Subject) -> Line:
    """The version of SQLite, and how the log is journalled with it."""
    version = sqlite3.sqlite_version_info
    found = f"SQLite {sqlite3.sqlite_version}"
    if version < OLDEST_SQLITE:
        return broken(
            "SQLite",
            f"{found} is too old for the log, which needs {'.'.join(map(str, OLDEST_SQLITE[:2]))}",
            "Install a newer Python, which comes with a newer SQLite",
        )
    mode = "" if subject.log is None else subject.log.journal_mode()
    if mode == "postgresql":
        return fine("SQLite", f"{found}: the log is in a PostgreSQL database")
    if mode == "wal":
        return fine("SQLite", f"{found}, write-ahead journal (WAL)")
    used = f"{found}, rollback journal ({mode.upper()})" if mode else f"{found}, rollback journal"
    if not wal_is_sound(version):
        return fine("SQLite", f"{used}: this version is not safe with WAL. Nothing to do; a newer one is faster")
    if mode:
        return fine("SQLite", f"{used}: WAL is used on local file systems alone")
    return fine("SQLite", f"{found}, fit for WAL")


def folder(subject: Subject) -> Line:
    """Whether the workspace's folder can be written, and whether locks work there."""
    place = _existing(subject.folder)
    kind, options = file_system(place)
    named = f"{subject.folder}" if place == subject.folder else f"{subject.folder} is not there yet; {place}"
    on = f"on {kind}" if kind else "on a file system of unknown kind"
    if subject.read_only:
        return fine("folder", f"{subject.folder} is a bundle: it is only read")
    try:
        _probe(place)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return broken(
                "folder", f"{named} cannot be written: the disk is full", "Make room, or give another folder"
            )
        reason = error.strerror or type(error).__name__
        remedy = "Give a folder of your own, or change its rights"
        return broken("folder", f"{named} cannot be written: {reason}", remedy)
    if not locks_work(place, options):
        return broken("folder", f"{named} is {on}, without working locks", "Copy the workspace to a local disk")
    if not is_local(kind) and kind:
        return attention("folder", f"{named} can be written, {on}, which other machines may share")
    return fine("folder", f"{named} can be written, {on}")


def store(subject: Subject) -> Line:
    """Whether the object store that keeps the pictures of the workspace can be written."""
    tier = tier_of(subject.folder)
    if tier is None and subject.log is None:
        return fine("store", "no log to look in")
    if tier is None:
        return fine("store", f"none: {'the bundle' if subject.read_only else 'the folder'} keeps the pictures")
    if not tier.is_open:
        return attention(
            "store",
            f"the pictures are kept in {tier.address}, which was not named: what has no copy here cannot be seen",
            f"Set SEGFLUX_PICTURES={tier.address}",
        )
    try:
        tier.try_writing()
    except StoreError as error:
        return broken(
            "store", error.why, "Try again later" if error.is_passing else "Mend that before a sweep is run"
        )
    return fine("store", f"{tier.address} can be written, and keeps the pictures")


def disk(subject: Subject) -> Line:
    """How much is free on the disk of the workspace."""
    free = shutil.disk_usage(_existing(subject.folder)).free
    text = f"{free / 1e9:,.1f} GB free, enough for about {count(free // _PICTURE_BYTES, 'picture')}"
    if free < TOO_LITTLE_BYTES:
        return broken("disk", f"{free / 1e6:,.0f} MB free: the disk is full", "Make room: ws.usage(), runs.discard()")
    if free < LITTLE_BYTES:
        return attention("disk", text, "Make room: ws.usage() says what a workspace holds, runs.discard() removes it")
    return fine("disk", text)


def proxies(subject: Subject) -> Line:
    """The proxy that requests go through."""
    service = subject.service
    if service is None or service.is_loopback:
        return fine("proxies", "none is used: the service is on this machine" if service else "none is needed")
    check_proxies()
    proxy = proxy_of(service.api)
    if proxy is None:
        return fine("proxies", "none: connections go directly")
    if not proxy.is_known_kind:
        return broken(
            "proxies",
            f"{proxy.setting} names a proxy that is neither http:// nor https://",
            "Correct or remove it",
        )
    return fine("proxies", f"requests go through the proxy of {proxy.setting}")


def certificates(subject: Subject) -> Line:
    """Whose certificates are trusted."""
    service = subject.service
    if service is None or service.api.startswith("http:"):
        return fine("certificates", "none are needed: the service is on this machine" if service else "not needed")
    return fine("certificates", f"trusted: {source_of_authorities()}")


def key(subject: Subject) -> Line:
    """Where the key is found. It is never shown."""
    if subject.read_only:
        return fine("key", "none is needed: a bundle is replayed")
    secret = subject.secret
    if subject.key_error:
        return broken("key", subject.key_error, "Copy the key again, or run `segflux login`")
    if secret is None:
        if subject.needs_key:
            return broken("key", subject.no_key or "none found", subject.ways)
        return fine("key", "none found; this service may not need one")
    where = (
        f"the key file {key_file()}" if secret.source == KEY_FILE else _SOURCES.get(secret.source, "another place")
    )
    if not secret.looks_usual:
        return attention(
            "key",
            f"found in {where}; it has another form than the service's keys (SG_ and 16 digits or a to f)",
            "Check that the whole key was copied, and nothing else",
        )
    if secret.source == KEY_FILE and is_open_to_others():
        return attention("key", f"found in {where}, which others can read", "Run `segflux login` again")
    return fine("key", f"found in {where}")


def jupyterlab(subject: Subject) -> Line:
    """The version of JupyterLab."""
    lab, notebook = _version("jupyterlab"), _version("notebook")
    found = ", ".join(
        f"{name} {version}" for name, version in (("jupyterlab", lab), ("notebook", notebook)) if version
    )
    if not found:
        return attention(
            "JupyterLab",
            "not in this environment",
            "Nothing to do if your notebooks run elsewhere (Colab, VS Code, a server); else pip install jupyterlab",
        )
    if lab and _numbers(lab) < (4,):
        return attention("JupyterLab", f"{found}: widgets are tried with 4 and newer", "pip install -U jupyterlab")
    return fine("JupyterLab", found)


def widgets(subject: Subject) -> Line:
    """The versions of what widgets need."""
    found = {name: _version(name) for name in (*_WIDGETS, "jupyterlab_widgets")}
    missing = [name for name in _WIDGETS if not found[name]]
    if missing:
        return broken(
            "widgets",
            f"not installed: {', '.join(missing)}. Sheets and tables work, gallery, tuner and builder do not",
            f"pip install {' '.join(missing)}",
        )
    text = ", ".join(f"{name} {version}" for name, version in found.items() if version)
    old = [name for name, oldest in _WIDGETS.items() if _numbers(found[name]) < oldest]
    if old:
        return broken("widgets", f"{text}: too old is {', '.join(old)}", f"pip install -U {' '.join(old)}")
    if _version("jupyterlab") and not found["jupyterlab_widgets"]:
        return attention(
            "widgets", f"{text}; JupyterLab here has no jupyterlab_widgets", "pip install jupyterlab_widgets"
        )
    return fine("widgets", text)


def pillow(subject: Subject) -> Line:
    """The version of Pillow, and the formats that it reads."""
    from PIL import features

    formats = {"JPEG": "jpg", "PNG": "zlib", "WebP": "webp", "AVIF": "avif"}
    there = {name: bool(features.check(feature)) for name, feature in formats.items()}
    text = f"Pillow {_version('pillow') or 'of unknown version'}: {', '.join(n for n, has in there.items() if has)}"
    missing = [name for name, has in there.items() if not has]
    if not there["JPEG"] or not there["PNG"]:
        return broken(
            "Pillow",
            f"{text}; without {', '.join(missing)}: pictures of the service cannot be decoded",
            "pip install --force-reinstall pillow",
        )
    if missing:
        return attention("Pillow", f"{text}; without {', '.join(missing)}", "pip install --force-reinstall pillow")
    return fine("Pillow", text)


def _existing(path: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((place for place in (path, *path.parents) if place.is_dir()), Path(path.anchor or "."))


def _probe(place: Path) -> None:
    """Write a file and remove it.

    Raises
    ------
    OSError
        It cannot be written.
    """
    with tempfile.TemporaryFile(dir=place, prefix=".doctor-") as file:
        file.write(_PROBE)
        file.flush()
        os.fsync(file.fileno())


def _version(name: str) -> str:
    """The version of an installed package; empty if there is none."""
    try:
        return metadata.version(name) or ""
    except metadata.PackageNotFoundError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers at the beginning of a version.

    >>> _numbers("8.1.5rc1"), _numbers("4")
    ((8, 1), (4,))
    """
    numbers = []
    for part in version.split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)
