"""Runs: a selection of the log, and everything that can be done with it. It reads the disk, never the network.

The class is assembled from plain functions, one verb in each module of `runs_verbs`, as great_tables assembles its
``GT``. To add a verb, write ``runs_verbs/verb.py`` with a function whose first parameter is the `Selection`, and
attach it in the class below. A function in a class body is a method: type checkers, editors and ``help(runs.sheet)``
see its signature and docstring. The verbs import the base class `Selection`, not `Runs`, so imports run downward
only. What is heavy (a widget, a writer of files) is imported inside the function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from .errors import WorkspaceError
from .model import MODEL, Value
from .runlog.reading import without_collection
from .runs_verbs import (
    annotate,
    best,
    bundle,
    cheapest,
    compare,
    curve,
    differences,
    discard,
    effects,
    export,
    export_imagefolder,
    fingerprint,
    gallery,
    mark,
    measure,
    ranking,
    retry_failed,
    retry_lost,
    sheet,
    summary,
    to_mlflow,
    to_wandb,
    travel,
    tuner,
    vote,
)
from .selection import Selection
from .source import Source
from .sweep.sweep import Sweep, check_sweep
from .values import is_encodable, shown


class Runs(Selection):
    """Runs of a sweep, or of the whole log.

    Every property reads the log when it is used. `len` counts cells; iteration gives a `Run` for each, ``runs[0]`` is
    one and ``runs[:5]`` are several; ``a + b`` holds the runs of both. Two `Runs` are equal when they hold the same
    cells along the same axes, of the same log and service.

    Attributes
    ----------
    source:
        Where they come from: the log, the workspace's folder, and the launcher.
    cells:
        Digest and labels of each cell, in order.
    axes:
        Values by axis, in order.
    name:
        The sweep's name, or empty.
    title:
        The title of its sheets, or empty.
    stopped:
        Why the sweep ended early and how to continue it, or None.
    requests:
        Requests by digest, for cells that the log does not have yet.
    """

    # looking
    sheet = sheet.sheet
    travel = travel.travel
    gallery = gallery.gallery
    compare = compare.compare
    summary = summary.summary
    fingerprint = fingerprint.fingerprint

    # measuring
    effects = effects.effects
    measure = measure.measure
    differences = differences.differences
    curve = curve.curve
    cheapest = cheapest.cheapest
    best = best.best

    # judging
    annotate = annotate.annotate
    mark = mark.mark
    vote = vote.vote
    ranking = ranking.ranking
    tuner = tuner.tuner

    # going on
    retry_failed = retry_failed.retry_failed
    retry_lost = retry_lost.retry_lost
    bundle = bundle.bundle
    export = export.export
    export_imagefolder = export_imagefolder.export_imagefolder
    to_mlflow = to_mlflow.to_mlflow
    to_wandb = to_wandb.to_wandb
    discard = discard.discard


def as_sweep(given: Any) -> Sweep:
    """What a user gives as a sweep: a sweep, or runs, which stand for the sweep of their cells.

    Raises
    ------
    SweepError
        For anything else; it says how to write it.
    """
    if isinstance(given, Selection):
        return given.sweep
    check_sweep(given)
    sweep: Sweep = given
    return sweep


def runs_of_sweep(source: Source, sweep: Sweep | Runs) -> Runs:
    """The runs of a sweep, whether it was run already or not.

    Parameters
    ----------
    source:
        The log.
    sweep:
        The sweep, or runs, which stand for the sweep of their cells; other takes that the log has are included.
    """
    sweep = as_sweep(sweep)
    logged = source.log.sweeps.find(identity=sweep.identity)
    if logged is None:
        cells = [(cell.digest, cell.labels) for cell in sweep]
        return Runs(source, cells, sweep.axes, name=sweep.name, requests={cell.digest: cell for cell in sweep})
    return _entered(source, logged.number, sweep.axes, logged.name, logged.title)


def runs_of_name(source: Source, name: str) -> Runs:
    """The runs of the newest sweep of a name.

    Parameters
    ----------
    source:
        The log.
    name:
        The name or title of a sweep.

    Raises
    ------
    WorkspaceError
        If the log has no sweep of that name.
    """
    logged = source.log.sweeps.find(name=name) if is_encodable(name) else None
    if logged is None:
        known = dict.fromkeys(entry.title or entry.name for entry in source.log.sweeps.all())
        raise WorkspaceError(
            f"The log has no sweep {shown(name)}",
            remedy=f"Its sweeps are {', '.join(known)}" if known else "It has no sweep yet",
        )
    return _entered(source, logged.number, logged.axes, logged.name, logged.title)


def all_runs(source: Source) -> Runs:
    """All runs of the log; the parameters that vary are the axes.

    Runs, axes and values are in the order in which the sweeps of the log have them, the oldest first: which
    one was submitted first does not count. Runs of no sweep come last.

    Parameters
    ----------
    source:
        The log.
    """
    table = source.log.runs.table(None, ["parameters", "submitted_at"])
    entered, entered_axes = source.log.sweeps.in_order()
    with without_collection():
        places = {digest: place for place, digest in enumerate(entered)}
        last = len(places)
        keys = [
            (places.get(digest, last), submitted or 0.0, digest, number)
            for number, (digest, submitted) in enumerate(zip(table["digest"], table["submitted_at"], strict=True))
        ]
        keys.sort()
        parameters = [table["parameters"][number] for _, _, _, number in keys]
        found = dict.fromkeys(chain.from_iterable(parameters))
        axes = {}
        for name in dict.fromkeys([*entered_axes, *MODEL.parameters, *found]):
            if name in found and len(seen := _values(parameters, name)) > 1:
                known = [value for value in entered_axes.get(name, ()) if value in seen]
                axes[name] = list(dict.fromkeys([*known, *seen]))
        labels: dict[str, Value] = {}
        return Runs(source, [(digest, labels) for _, _, digest, _ in keys], axes)


def _values(parameters: Sequence[Mapping[str, Value]], name: str) -> dict[Value, None]:
    """The values of a parameter, each where it came first."""
    try:
        return dict.fromkeys(map(itemgetter(name), parameters))
    except KeyError:  # not all runs have it
        return dict.fromkeys(own[name] for own in parameters if name in own)


def _entered(source: Source, number: int, axes: Mapping[str, Sequence[Value]], name: str, title: str) -> Runs:
    """The runs of a sweep of the log, by its number there."""
    return Runs(source, source.log.sweeps.cells(number), axes, name=title or name, title=title)
