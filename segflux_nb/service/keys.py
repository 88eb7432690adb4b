"""Where the API key comes from: an argument, the environment, the file of ``segflux login``, or Colab's secrets."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_config_path

from ..errors import SegfluxError, WorkspaceError
from ..saving import path_of
from ..values import as_python
from .secret import Secret

VARIABLE = "SEGMIND_API_KEY"
CONFIG_VARIABLE = "SEGFLUX_CONFIG"
"""The environment variable that names another folder for the key file."""


KEY_FILE = "key file"
"""What the file of ``segflux login`` is called, where it is said from where a key is."""

WAYS = (
    f"Run `segflux login` in a terminal, set the environment variable {VARIABLE}, add a secret of that name in "
    'Colab, or pass Workspace(api_key=...); no key is needed for Workspace(..., service="simulator")'
)
"""How to provide a key, for errors."""

WAYS_OF_COMMANDS = (
    f"Run `segflux login`, or set the environment variable {VARIABLE}; no key is needed with --service simulator"
)
"""The same for the command line."""


def held(given: str | None) -> Callable[[], Secret | None]:
    """What finds the key later. Until then no variable holds it that a traceback could show.

    Parameters
    ----------
    given:
        As for `find_key`.
    """
    return lambda: find_key(given)


def find_key(given: str | None) -> Secret | None:
    """The API key, or None if there is none.

    Parameters
    ----------
    given:
        A key that goes before all others. Next come the environment, the file and Colab. What comes later is not
        looked at once there is a key.

    Raises
    ------
    SegfluxError
        If the key that is found is not text, or cannot be sent. The text says where it is from.
    """
    sources: dict[str, Callable[[], object]] = {
        "api_key": lambda: given,
        VARIABLE: lambda: os.environ.get(VARIABLE),
        KEY_FILE: _from_file,
        "Colab secret": _from_colab,
    }
    for name, read in sources.items():
        key = as_python(read())
        if key is None:
            continue
        if not isinstance(key, str):
            kind = type(key).__name__
            raise SegfluxError(f"The API key of the {name} is a {kind}, not text", remedy="Give it as text")
        if key.strip():
            try:
                return Secret(key, name)
            except SegfluxError as error:
                key = given = None
                raise SegfluxError(f"{error.what} (it is from the {name})", remedy=error.remedy) from None
    return None


def unreadable_key_file() -> str:
    """Why the key file cannot be read; empty if it can be, or there is none."""
    try:
        key_file().read_bytes()
    except FileNotFoundError:
        return ""
    except SegfluxError as error:
        return error.what
    except (OSError, RuntimeError) as error:
        return f"The key file {key_file()} cannot be read: {getattr(error, 'strerror', None) or error}"
    return ""


def is_open_to_others() -> bool:
    """Whether others than the owner can read the key file, where the system can tell."""
    try:
        return os.name == "posix" and bool(key_file().stat().st_mode & 0o077)
    except (OSError, RuntimeError):
        return False


def key_file() -> Path:
    """The file that ``segflux login`` writes. ``SEGFLUX_CONFIG`` names another folder for it."""
    folder = os.environ.get(CONFIG_VARIABLE)
    return (path_of(folder, CONFIG_VARIABLE, WorkspaceError) if folder else user_config_path("segflux")) / "key"


def save_key(key: str) -> Path:
    """Write the key to its file, so that only its owner can read it.

    Raises
    ------
    SegfluxError
        The file cannot be written, or the key cannot be sent.
    """
    key = Secret(key).reveal()
    path = key_file()
    if path.parts[0] == "~":  # the machine knows no home folder of this user
        raise WorkspaceError(
            "The API key cannot be saved: there is no home folder",
            remedy=f"Set the environment variable {VARIABLE} instead, or {CONFIG_VARIABLE} to a folder",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)  # others may be able to read an older file, and still could
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(key + "\n")
    except OSError as error:
        raise WorkspaceError(
            f"The API key cannot be saved to {path}: {error.strerror}",
            remedy=f"Set the environment variable {VARIABLE} instead",
        ) from None
    return path


def _from_file() -> str | None:
    path = key_file()
    try:
        return path.read_text(encoding="utf-8")
    except OSError:  # it is not there, or out of reach: `unreadable_key_file` says it where a key is needed
        return None
    except UnicodeDecodeError as error:
        raise SegfluxError(
            f"The API key in {path} cannot be read: {error}", remedy="Run `segflux login` again"
        ) from None


def _from_colab() -> str | None:
    if "google.colab" not in sys.modules:
        return None
    from google.colab import userdata  # type: ignore[import-not-found]  # it exists only in Colab

    try:
        key: str | None = userdata.get(VARIABLE)
    except (userdata.SecretNotFoundError, userdata.NotebookAccessError):
        return None
    return key
