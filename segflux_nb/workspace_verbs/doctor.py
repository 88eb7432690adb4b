"""``ws.doctor()``: whether machine, key, account and service are ready."""

from __future__ import annotations

from ..caps import HOSTED_CAP
from ..clock import SystemClock
from ..doctor.examination import Examination
from ..doctor.examine import examine
from ..doctor.paid import checked_finetune_id, pay
from ..doctor.subject import Subject
from ..errors import SegfluxError
from ..session import Session


def doctor(ws: Session, *, spend: float | None = None, finetune_id: str | None = None) -> Examination:
    """Examine this machine, the key, the account and the service. It is free: nothing is submitted.

    Each line says ``fine``, ``attention`` or ``broken``, and what to do. What is broken is a line, and no error.

    Parameters
    ----------
    spend:
        US dollars for one cheap picture, which goes the whole way: submit, status, result, download and history. All
        that the service's answers have otherwise than this version expects is then in `Examination.differences`, and
        in the report that `Examination.save` writes. The picture stays in the log like any other run.
    finetune_id:
        The fine-tune of that picture; left out, the newest one of the log.

    Raises
    ------
    SweepError
        If `spend` is not an amount of money, or `finetune_id` not text. Nothing was spent.

    Example
    -------
    ``print(ws.doctor())``; ``ws.doctor(spend=0.05).save("doctor.json")``
    """
    cap = HOSTED_CAP if spend is None else ws._launcher.cap(spend) or HOSTED_CAP
    wanted = checked_finetune_id(finetune_id)
    clock = SystemClock()
    subject = subject_of(ws)
    if spend is None:
        return examine(subject)
    return examine(subject, lambda: pay(ws, cap, wanted, clock))


def subject_of(ws: Session) -> Subject:
    """What an open workspace knows of itself.

    Parameters
    ----------
    ws:
        The workspace.
    """
    clock, connection = SystemClock(), ws._connection
    read_only = not connection.submits
    service, why = None, "none: a bundle is replayed" if read_only else ""
    try:
        service = connection.located()
    except SegfluxError as error:
        why = error.what
    except Exception as error:  # noqa: BLE001 - each fault is a finding
        why = f"it cannot be started: {type(error).__name__}: {error}"
    try:
        log = ws._journal.of(ws.service)
    except SegfluxError as error:
        return Subject(ws.path, service, clock, why, connection.secret, no_log=error.what, log_is_broken=True)
    return Subject(ws.path, service, clock, why, connection.secret, log=log, read_only=read_only)
