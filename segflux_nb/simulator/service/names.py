"""The names of stored files, as the addresses in bodies have them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_ASSET = re.compile(r"https?://[^/\s]{1,200}/assets/([0-9a-f]{32}\.[a-z0-9.+-]{1,40})")


def assets_in(value: Any) -> list[str]:
    """The names of stored files in the addresses of a body."""
    if isinstance(value, str):
        found = _ASSET.fullmatch(value)
        return [] if found is None else [found[1]]
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [name for one in inner for name in assets_in(one)]
