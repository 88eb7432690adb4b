"""Examinations for the command line, which has a workspace only if one can be opened."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from .bundle.opened import is_bundle
from .caps import cap_of
from .clock import SystemClock
from .doctor.examination import Examination, attention
from .doctor.examine import Paid, examine
from .doctor.subject import Subject
from .errors import SegfluxError
from .model import SIMULATOR
from .place import place_of
from .service.addresses import HOSTED, Service, at
from .service.keys import WAYS_OF_COMMANDS, find_key, unreadable_key_file
from .service.secret import Secret
from .workspace import Workspace
from .workspace_arguments import service_or_default


def examination_of(path: Path, service: str | None, spend: float | None, finetune_id: str | None) -> Examination:
    """Examine a workspace, or, where none can be opened, all the rest.

    Parameters
    ----------
    path:
        The folder of the workspace, a bundle, or the address of a database. Without ``spend`` no folder is made,
        except for the simulator.
    service:
        As for `Workspace`.
    spend, finetune_id:
        As for `Workspace.doctor`.

    Raises
    ------
    SweepError
        If `spend` is not an amount of money.
    """
    if spend is not None:
        cap_of(spend, is_hosted=True)
    wanted = str(service_or_default(service))
    place = place_of(path)
    is_there = bool(place.address) or is_bundle(place.folder) or place.log.exists()
    if not is_there and spend is None and wanted != SIMULATOR:
        return examine(_alone(place.folder, wanted, f"none yet: {place.shown} is no workspace", is_fault=False))
    try:
        ws = Workspace(path, service=service)
    except SegfluxError as error:
        why = error.what
    except Exception as error:  # noqa: BLE001 - each fault is a finding
        why = f"The workspace {place.shown} cannot be opened: {type(error).__name__}: {error}"
    else:
        with ws:
            return ws.doctor(spend=spend, finetune_id=finetune_id)
    refused = Paid(attention("paid picture", f"none was made, and nothing was spent: {why}"))
    return examine(_alone(place.folder, wanted, why, is_fault=True), None if spend is None else lambda: refused)


def _alone(path: Path, wanted: str, no_log: str, *, is_fault: bool) -> Subject:
    """What is known without an open workspace.

    Parameters
    ----------
    path:
        Its folder.
    wanted:
        The service.
    no_log:
        Why it is not open.
    is_fault:
        Whether that is a fault.
    """
    service: Service | None = None
    why = "the simulator starts with a workspace" if wanted == SIMULATOR else ""
    try:
        service = None if why else HOSTED if wanted == HOSTED.name else at(wanted)
        service = HOSTED if service is not None and service.api == HOSTED.api else service
    except SegfluxError as error:
        why = error.what
    secret: Secret | None = None
    key_error = ""
    try:
        secret = find_key(None)
    except SegfluxError as error:
        key_error = error.what
    no_key = ""
    with suppress(RuntimeError):  # no home folder
        no_key = unreadable_key_file()
    return Subject(
        path.absolute(),
        service,
        SystemClock(),
        why,
        secret,
        key_error,
        no_key,
        WAYS_OF_COMMANDS,
        no_log=no_log,
        log_is_broken=is_fault,
    )
