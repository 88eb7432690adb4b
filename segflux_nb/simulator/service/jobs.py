"""What becomes of a submit: the row of its job, which is decided when it is accepted. Pure."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from ...model import MODEL, PRICE, SECONDS
from ...values import as_integer, as_number, shown
from ..flow import generate
from .faults import LATE_SECONDS, Faults
from .ledger import Backlog, Entry
from .offers import ENVELOPES, OFFERS
from .offers import mistake as mistake_of_other
from .offers import price_of as price_of_other
from .offers import seed_of as seed_of_other
from .timeline import service_seconds

FAILING_SHARE = 0.2
"""A job that fails takes this share of its service time."""

DOLLARS_A_SECOND = {"cost": 0.00162, "fast": 0.00310}
"""The service's published prices of a second on an A100 and on an H100.

The model's published average comes to $0.00153 a second, which is near that of an A100, so ``cost`` is taken for
one. That ``fast`` is an H100 is an assumption.
"""

FAST_TIME = 0.6
"""Time that ``fast`` takes, as a share of that of ``cost``. Nothing is published on it: it is an assumption."""

HARDWARE = {
    "cost": (1.0, 1.0),
    "fast": (FAST_TIME, FAST_TIME * DOLLARS_A_SECOND["fast"] / DOLLARS_A_SECOND["cost"]),
}
"""Time and price of each ``hardware``, relative to ``cost``. It does not change the picture."""

IDLE_SECONDS = 600.0
"""After this time without a job the model is cold. Nothing is published on this time: it is an assumption."""


@dataclass(frozen=True)
class Settings:
    """How the simulated service behaves. `segflux_nb.Simulator` explains each setting."""

    key: str | None = None
    time_scale: float = 1.0
    mean_seconds: float = SECONDS
    spread: float = 0.15
    price: float = PRICE
    cold_start: float = 0.0
    workers: int = 64
    queue_limit: int | None = None
    max_in_flight: int | None = None
    rpm: int | None = None
    count_gets: bool = False
    credits: float | None = None
    history_delay: float = 0.0
    history_complete: float | None = 1.0
    seed: int = 0
    envelope: str = ENVELOPES[0]

    def __post_init__(self) -> None:
        if self.envelope not in ENVELOPES:
            raise ValueError(f"envelope={shown(self.envelope)} is not possible: use one of {', '.join(ENVELOPES)}")
        for setting in fields(self):
            value, kind = getattr(self, setting.name), str(setting.type)
            if not (value is None and kind.endswith("None")) and not _is_possible(setting.name, value, kind):
                raise ValueError(f"{setting.name}={shown(value)} is not possible: use {_ALLOWED[kind.split(' ')[0]]}")


_ALLOWED = {"float": "a number from 0", "int": "an integer from 0", "str": "text", "bool": "True or False"}


def _is_possible(name: str, value: Any, kind: str) -> bool:
    """Whether a setting can have a value.

    Parameters
    ----------
    name:
        The setting.
    value:
        The value.
    kind:
        Its type.
    """
    if kind.startswith("str"):
        return isinstance(value, str)
    if kind == "bool":
        return isinstance(value, bool)
    try:
        number = float(as_number(value) if kind.startswith("float") else as_integer(value))
    except (ValueError, OverflowError):
        return False
    return math.isfinite(number) and (number >= (name == "workers") or name == "seed")


class Pace(NamedTuple):
    """How fast the simulated service works, painting included.

    Attributes
    ----------
    evaluation:
        Seconds of one network evaluation.
    workers:
        How many jobs run at a time.
    painting:
        Seconds for which each picture keeps the painter busy.
    begin:
        Seconds before the first job begins.
    hardware:
        The time of each ``hardware``, relative to ``cost``.
    """

    evaluation: float
    workers: int
    painting: float
    begin: float
    hardware: Mapping[str, float]


def pace(settings: Settings, painting: float) -> Pace:
    """The law of the service times as a plan needs it: their means.

    Parameters
    ----------
    settings:
        How the service behaves.
    painting:
        Seconds that a picture keeps the painter busy.
    """
    return Pace(
        settings.mean_seconds * settings.time_scale / MODEL.price_evaluations,
        settings.workers,
        painting,
        settings.cold_start * settings.time_scale,
        {name: time for name, (time, _) in HARDWARE.items()},
    )


def content_of(body: Mapping[str, Any], slug: str = MODEL.slug) -> str:
    """A hash of a body. Submits with the same hash are repetitions of each other.

    Parameters
    ----------
    body:
        Body of the submit.
    slug:
        The model.
    """
    other = "" if slug == MODEL.slug else slug
    return hashlib.sha256(f"{other}{json.dumps(body, sort_keys=True)}".encode()).hexdigest()


def make_job(
    settings: Settings,
    faults: Faults,
    body: dict[str, Any],
    now: float,
    backlog: Backlog,
    slug: str = MODEL.slug,
    error: str | None = None,
) -> Entry:
    """The row of a job. Its service time depends on the body and its repetition, not on the order of arrival.

    Its id is of this moment too: a simulator that starts again must not repeat the ids of an earlier one.

    Parameters
    ----------
    settings:
        How the service behaves.
    faults:
        Which faults it commits.
    body:
        Body of the submit.
    now:
        When it was accepted, in seconds since 1970 UTC.
    backlog:
        What the ledger knows of the jobs before it. If all workers are taken, the job waits for one. If the model is
        being loaded for another job, it waits for that too.
    slug:
        The model.
    error:
        Why it fails whatever its parameters are; None if nothing is known.
    """
    repetition = backlog.repetition
    content = content_of(body, slug)
    lot = hashlib.sha256(f"{settings.seed} {content} {repetition}".encode()).hexdigest()[:32]
    offer = OFFERS.get(slug)
    error = error or (mistake(body) if offer is None else mistake_of_other(offer, body))
    if error is None and faults.strikes("job:failed", body, repetition + 1, lot):
        error = "Inference failed: the worker ran out of memory"
    if error is None and faults.strikes("job:moderated", body, repetition + 1, lot):
        error = "The prompt was rejected by the content policy (NSFW)"
    price, mean = _of_evaluations(settings, body) if offer is None else (price_of_other(offer, body), offer.seconds)
    seconds = service_seconds(mean, settings.spread, settings.seed, lot)
    seconds *= settings.time_scale * (FAILING_SHARE if error else 1.0)
    # The first of the unfinished jobs has the model already, or waits for it to load, and then all wait.
    started = max(now, backlog.free_at or now, backlog.first_start or now)
    if settings.cold_start and (backlog.last_end is None or backlog.last_end < now - IDLE_SECONDS):
        started += settings.cold_start * settings.time_scale
    late = faults.strikes("job:late_history", body, repetition + 1, lot)
    return Entry(
        request_id=hashlib.sha256(f"{lot} {now!r}".encode()).hexdigest()[:32],
        body=body,
        submitted_at=now,
        started_at=started,
        finished_at=started + seconds,
        listed_at=now + (LATE_SECONDS if late else settings.history_delay),
        price=0.0 if error else price,
        error=error,
        slug=slug,
    )


def price_of(settings: Settings, body: Mapping[str, Any], slug: str = MODEL.slug) -> float:
    """US dollars that a job is billed if it completes.

    Parameters
    ----------
    settings:
        How the service behaves; the price of 25 Euler steps is one of them.
    body:
        Body of the submit.
    slug:
        The model.
    """
    offer = OFFERS.get(slug)
    return _of_evaluations(settings, body)[0] if offer is None else price_of_other(offer, body)


def _of_evaluations(settings: Settings, body: Mapping[str, Any]) -> tuple[float, float]:
    """US dollars for a job of the fine-tuned model, and the mean of its seconds before scaling.

    Parameters
    ----------
    settings:
        How the service behaves.
    body:
        Body of the submit; its evaluations of the network and its hardware decide.
    """
    speed, price = HARDWARE.get(str(body.get("hardware")), HARDWARE["cost"])
    share = _evaluations(body, mistake(body)) / MODEL.price_evaluations
    return settings.price * price * share, settings.mean_seconds * speed * share


def complete(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body with the service's defaults filled in, and 3.0 steps as 3. Without a fine-tune it is the base model."""
    filled = {name: field.default for name, field in MODEL.parameters.items() if name != "finetune_id"}
    return {**filled, **{name: _normal(name, value) for name, value in body.items() if name in MODEL.parameters}}


def _normal(name: str, value: Any) -> Any:
    """The value of a parameter in its usual form; a value that is wrong as it is.

    Parameters
    ----------
    name:
        The parameter.
    value:
        Its value.
    """
    if name == "seed" and value == -1:
        return -1
    try:
        return MODEL.parameters[name].normalise(value)
    except (ValueError, OverflowError):
        return value


def mistake(body: Mapping[str, Any]) -> str | None:
    """What is wrong with a body, or None. The service accepts the submit anyway, and the job fails later."""
    filled = complete(body)
    for name, value in filled.items():
        if name == "seed" and value == -1:
            continue
        try:
            MODEL.parameters[name].normalise(value)
        except (ValueError, OverflowError) as error:
            return f"Invalid value for {name}: {error}"
    return None


def seed_of(entry: Entry) -> int:
    """The seed that a job uses. For -1 it is random, drawn from the job's id."""
    if entry.slug in OFFERS:
        return seed_of_other(entry.body, entry.request_id)
    seed = complete(entry.body)["seed"]
    return int(entry.request_id[:7], 16) if seed == -1 else int(seed)


def _evaluations(body: Mapping[str, Any], error: str | None) -> int:
    """Evaluations of the network that a job makes, at least one. Where the sampler decides it, they are counted."""
    if error is not None:
        return MODEL.price_evaluations
    filled = complete(body)
    seed = max(0, int(filled["seed"]))
    return MODEL.evaluations(filled) or max(1, generate.evaluations({**filled, "seed": seed}))
