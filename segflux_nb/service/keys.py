"""Where the API key comes from: an argument, the environment, the file of ``segflux login``, or Colab's secrets."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from platformdirs import user_config_path

from ..errors import SegfluxError, WorkspaceError
from .secret import Secret

VARIABLE = "SEGMIND_API_KEY"

WAYS = (
    f"Run `segflux login` in a terminal, set the environment variable {VARIABLE}, add a secret of that name in "
    'Colab, or pass Workspace(api_key=...); no key is needed for Workspace(..., service="simulator")'
)
"""How to provide a key, for errors."""


def find_key(given: str | None) -> Secret | None:
    """The API key, or None if there is none.

    Parameters
    ----------
    given:
        A key that goes before all others. Next come the environment, the file and Colab.
    """
    for key in (given, os.environ.get(VARIABLE), _from_file(), _from_colab()):
        if key and key.strip():
            return Secret(key)
    return None


def key_file() -> Path:
    """The file that ``segflux login`` writes. ``SEGFLUX_CONFIG`` names another folder for it."""
    folder = os.environ.get("SEGFLUX_CONFIG")
    return (Path(folder) if folder else user_config_path("segflux")) / "key"


def save_key(key: str) -> Path:
    """Write the key to its file, so that only its owner can read it.

    Raises
    ------
    WorkspaceError
        The file cannot be written.
    """
    path = key_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)  # others may be able to read an older file, and still could
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(key.strip() + "\n")
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
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
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
