"""``runs.cheapest(like=...)``: the cheapest settings whose pictures look like a reference's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import RunError
from ..model import MODEL, SIMULATOR, Value, model_of
from ..run import Run
from ..selection import Selection
from ..sweep.plan import published
from ..sweep.wanted import as_logged
from ..values import as_number, several, shown

if TYPE_CHECKING:
    from ..analysis.settings import Cheapest, Setting
    from ..analysis.verdicts import Noise
    from .observing import Picture


OF_COST = ("steps", "sampler_name", "scheduler")
"""What a run stands for as the reference. It decides what a picture costs and how it is drawn, not what is in it."""


def cheapest(runs: Selection, *, like: Mapping[str, Any] | Run, limit: float | None = None) -> Cheapest:
    """The settings whose pictures look like a reference's in all seeds, the cheapest first. Its text is a sentence.

    A setting is a value of each axis that `like` names. Its pictures are compared with those of the reference that
    have all else in common: seed, strength, prompt.

    Parameters
    ----------
    like:
        The reference, such as ``{"steps": 50, "sampler_name": "dpmpp_2m"}``. A run stands for its steps, sampler
        and scheduler, as far as these vary.
    limit:
        The largest difference of pictures that look the same. Left out: 1.5 times the noise of the service if it was
        measured (see `Workspace.probe`), and at least ΔE 1.

    Returns
    -------
    Cheapest
        ``.df`` has the settings with cost, seconds, difference and the number of pairs; ``.all`` those that look
        different too; ``.plot()`` draws cost against difference.

    Raises
    ------
    RunError
        If `like` names what is no axis, or no picture has these values.

    Example
    -------
    ``runs.cheapest(like={"steps": 50}).df``
    """
    from ..analysis.settings import Cheapest, cheapest_first, compared
    from .observing import noise_of, observations_of, pictures_of

    pictures, _ = pictures_of(runs)
    if not pictures:
        raise RunError("None of these runs has a picture to compare", remedy="ws.run(sweep) makes them")
    reference = _reference(runs, _values(runs, like), pictures)
    seen = observations_of(pictures, runs.axes)
    absent = [name for name in reference if name not in seen.axes]
    if absent:
        together = next((name for name in seen.axes if absent[0] in name.split(" + ")), None)
        raise RunError(
            f"{absent[0]} moves together with another axis: {together}"
            if together
            else f"{absent[0]} has one value only, so there is nothing to choose",
            remedy="Name an axis that varies by itself",
        )
    noise = noise_of(runs, [picture.run for picture in pictures])
    given, why = _limit(limit, noise)
    settings = cheapest_first([_priced(setting, runs, pictures) for setting in compared(seen, reference)])
    own = next(setting for setting in settings if dict(setting.values) == reference)
    seeds = len(seen.axes.get("seed", [None]))
    return Cheapest(reference, own, settings, given, why, seeds)


def _values(runs: Selection, like: object) -> Mapping[str, Any]:
    """The values of the reference by axis, as the user gave them."""
    if isinstance(like, Mapping):
        return like
    if not isinstance(like, Run):
        raise RunError(
            f"like takes values of axes or a run, and got {shown(like)}",
            remedy='Write like={"steps": 50}, or like=runs[0]',
        )
    own = {name: like.parameters[name] for name in OF_COST if len(runs.axes.get(name, ())) > 1}
    if not own:
        raise RunError(
            f"Run {like.run} is no reference: neither steps, sampler_name nor scheduler varies in these runs",
            remedy='Name values of an axis that varies: like={"lora_strength": 0.8}',
        )
    return own


def _reference(runs: Selection, like: Mapping[str, Any], pictures: Sequence[Picture]) -> dict[str, Value]:
    """The values of the reference, as the pictures have them."""
    if not like:
        raise RunError("like names no axis", remedy='Write like={"steps": 50}')
    found: dict[str, Value] = {}
    for name, value in like.items():
        if name not in runs.axes or name == "seed":
            axes = [axis for axis in runs.axes if axis != "seed"]
            raise RunError(
                f"like names {name!r}, which is no axis of settings of these runs",
                remedy=f"The axes are {', '.join(axes)}" if axes else "These runs have no axis of settings",
            )
        if several(value) is not None:
            raise RunError(f"like takes one value of {name}, and got {shown(value)}", remedy="Name one reference")
        wanted = as_logged(name, value)
        labelled = {picture.run.parameters.get(name): picture.settings[name] for picture in pictures}
        found[name] = labelled.get(wanted, wanted)
    if not any(all(picture.settings[name] == value for name, value in found.items()) for picture in pictures):
        words = ", ".join(f"{name}={value!r}" for name, value in found.items())
        raise RunError(f"No picture of these runs has {words}", remedy="Give values that runs.df has")
    return found


def _limit(given: float | None, noise: Noise) -> tuple[float, str]:
    """The largest difference of pictures that look the same, and where it comes from."""
    from ..analysis.settings import LOOKS_THE_SAME

    if given is not None:
        try:
            limit = float(as_number(given))
        except ValueError:
            limit = -1.0
        if not limit >= 0:
            raise RunError(f"limit={given!r} is no difference", remedy="Write limit=1.0")
        return limit, "as you gave it"
    if noise.limit is not None and noise.limit > LOOKS_THE_SAME:
        return noise.limit, "1.5 times the noise of the service"
    if noise.limit is not None:
        return LOOKS_THE_SAME, "which is not seen; the noise of the service is smaller"
    return LOOKS_THE_SAME, "which is not seen; no noise was measured"


def _priced(setting: Setting, runs: Selection, pictures: Sequence[Picture]) -> Setting:
    """A setting with what it costs: by the log where it says it, else by evaluations and the published price."""
    own = [
        picture.run
        for picture in pictures
        if all(picture.settings[name] == value for name, value in setting.values.items())
    ]
    counts = [model_of(run.model).evaluations(run.parameters) for run in own]
    slug = own[0].model if own else MODEL.slug
    rates = published(runs.source.launcher.model_of(slug))
    known = [number for number in counts if number is not None]
    evaluations = round(sum(known) / len(known)) if known and len(known) == len(counts) else None
    by_price = None if evaluations is None or rates.cost is None else evaluations * rates.cost
    by_time = None if evaluations is None or rates.seconds is None else evaluations * rates.seconds
    free = runs.source.log.service == SIMULATOR
    cost = None if free else _mean([run.cost_usd for run in own])
    seconds = None if free else _mean([run.render_seconds for run in own])
    return replace(
        setting,
        evaluations=evaluations,
        cost_usd=by_price if cost is None else cost,
        seconds=by_time if seconds is None else seconds,
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
