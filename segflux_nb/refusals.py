"""What stops a sweep before anything is sent: plans say it, and a run raises it."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import MissingKey, SegfluxError, SweepError
from .model import PLACEHOLDER_FINETUNE_ID
from .service.keys import WAYS, unreadable_key_file
from .sweep.request import Request


def without_key() -> MissingKey:
    """The error of a submit to the hosted service without a key."""
    return MissingKey(
        unreadable_key_file() or "The hosted service needs an API key, and none is configured",
        money="nothing was billed",
        remedy=WAYS,
    )


def refusals(requests: Sequence[Request], *, has_key: bool) -> list[SegfluxError]:
    """Why the hosted service would not take some requests, or cannot be asked.

    Parameters
    ----------
    requests:
        What would be sent.
    has_key:
        Whether there is a key to send them with.
    """
    found: list[SegfluxError] = [] if has_key or not requests else [without_key()]
    if any(request.parameters.get("finetune_id") == PLACEHOLDER_FINETUNE_ID for request in requests):
        found.append(
            SweepError(
                f"finetune_id={PLACEHOLDER_FINETUNE_ID!r} is the placeholder of the service's page, not a fine-tune",
                money="nothing was billed",
                remedy="Give the id of your own fine-tune",
            )
        )
    return found


def as_note(refusal: SegfluxError) -> str:
    """A refusal as a line of a plan, in notebooks and in shells."""
    way = "`segflux login` keeps one" if isinstance(refusal, MissingKey) else refusal.remedy
    return f"It cannot run yet: {refusal.what[:1].lower()}{refusal.what[1:]}. {way}"
