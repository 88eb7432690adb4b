"""Who is examined: a folder, a service, a key and a log, as far as they are there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..clock import Clock
from ..runlog.journal import ServiceLog
from ..service.addresses import HOSTED, Service
from ..service.keys import WAYS
from ..service.secret import Secret, redact


@dataclass(frozen=True)
class Subject:
    """What an examination knows from the start.

    Attributes
    ----------
    folder:
        The workspace's folder, which need not be there.
    service:
        The service; None where there is none to ask.
    clock:
        Source of the current time.
    no_service:
        Why there is none.
    secret:
        The API key, where one was found.
    key_error:
        What is wrong with a key that was found and cannot be used; empty for nothing.
    no_key:
        Why none was found, where that is known.
    ways:
        How to provide one.
    log:
        The service's part of the log; None where none is open.
    no_log:
        Why none is open.
    log_is_broken:
        Whether that is a fault.
    read_only:
        Whether a bundle is replayed: nothing is written, and nothing sent.
    """

    folder: Path
    service: Service | None
    clock: Clock
    no_service: str = ""
    secret: Secret | None = None
    key_error: str = ""
    no_key: str = ""
    ways: str = WAYS
    log: ServiceLog | None = field(default=None, repr=False)
    no_log: str = ""
    log_is_broken: bool = False
    read_only: bool = False

    @property
    def needs_key(self) -> bool:
        """Whether the service is known to need a key."""
        return self.service is not None and self.service.name == HOSTED.name

    def hide_key(self, text: str) -> str:
        """A text without the key, and without anything that looks like one."""
        return redact(text) if self.secret is None else self.secret.redact(text)
