"""Runs, sweeps and judgements as lines of JSON, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from ..lifecycle import State
from ..model import MODEL, Value, is_slug
from ..parameter import ANY
from ..paths import nested
from ..pictures.located import OF_THE_STORE
from ..runlog.metrics import MetricRow
from ..runlog.records import MarkRecord, RunRecord, SweepRecord
from ..runlog.rows import LoggedRun, LoggedVote, MorePicture
from ..sweep.request import Request
from ..values import is_encodable
from .scrub import Scrubber

FINAL = (State.COMPLETED, State.FAILED, State.REFUSED, State.UNKNOWN, State.LOST)
"""States that a bundle keeps. A run in another one has no picture yet, and is ``planned`` in it."""

NO_PICTURE_YET = "it had no picture yet when the bundle was written"

_NUMBERS = ("queue_seconds", "render_seconds", "submitted_at", "accepted_at", "detected_at", "completed_at")
_COUNTS = ("simulator_version", "attempts", "polls")
_OUTCOMES = ("left", "right", "tie", "skip")
_MOST = 1 << 53
_SHA256 = 64


def of_run(record: RunRecord, scrubber: Scrubber, *, cost: bool) -> dict[str, Any]:
    """A run as an object for JSON.

    Parameters
    ----------
    record:
        The run.
    scrubber:
        Cleans what went wrong.
    cost:
        Whether to keep what it cost.
    """
    run = record.run
    is_final = run.state in FINAL
    line: dict[str, Any] = {
        "run": run.digest,
        "status": run.state.value if is_final else State.PLANNED.value,
        "service": run.service,
        "parameters": dict(run.parameters),
    }
    if run.model != MODEL.slug:
        line["model"] = run.model
    if run.take:
        line["take"] = run.take
    if not is_final:
        return line
    line |= {name: getattr(run, name) for name in (*_COUNTS, *_NUMBERS) if getattr(run, name)}
    if cost and run.cost_usd is not None:
        line["cost_usd"] = run.cost_usd
    if run.error_kind:
        line["error_kind"] = run.error_kind
    if run.error:
        line["error"] = scrubber.message(run.error)
    first = MorePicture(0, "", run.picture, run.width, run.height, run.sha256, run.bytes)
    if run.picture or run.sha256:
        line["pictures"] = [_of_picture(one) for one in (first, *record.more)]
    return line


def _of_picture(picture: MorePicture) -> dict[str, Any]:
    """A picture; its sha256 is the name of its file, and stands apart only where there is no file."""
    found = {"path": place_of(picture), "sha256": None if picture.path else picture.sha256}
    found |= {name: getattr(picture, name) for name in ("width", "height", "size")}
    return {name: value for name, value in found.items() if value is not None}


def place_of(picture: MorePicture) -> str | None:
    """Where a picture is in a bundle: as the store names files. None for one without a file."""
    if picture.path is None or picture.sha256 is None:
        return None
    return f"pictures/{picture.sha256[:2]}/{picture.sha256}.{picture.path.rpartition('.')[2]}"


def to_run(line: Mapping[str, Any], service: str) -> RunRecord:
    """The run of a line. What `of_run` would not write is an error of some kind.

    Parameters
    ----------
    line:
        The object.
    service:
        The service that the bundle is of.

    Raises
    ------
    ValueError, TypeError, KeyError
        If something in it is wrong.
    """
    state, take = State(_text(line["status"])), _count(line.get("take", 0))
    if state not in (*FINAL, State.PLANNED):
        raise ValueError(f"status {state} is not one that a bundle has")
    if line["service"] != service:
        raise ValueError("it is of another service")
    model = _text(line.get("model", MODEL.slug))
    if not is_slug(model):
        raise ValueError("it has the name of no model")
    parameters = _parameters(line["parameters"], model)
    request = Request(parameters, take, model=model)
    if request.digest != line["run"]:
        raise ValueError("its parameters do not give its digest")
    pictures = [_to_picture(number, one) for number, one in enumerate(line.get("pictures", []))]
    first = pictures[0] if pictures else MorePicture(0, "")
    if state is State.COMPLETED and first.sha256 is None:
        raise ValueError("it is completed, and has no picture")
    run = LoggedRun(
        service,
        request.digest,
        request.again(0).digest,
        take,
        parameters,
        state,
        picture=first.path,
        sha256=first.sha256,
        width=first.width,
        height=first.height,
        bytes=first.size,
        cost_usd=_optional_number(line.get("cost_usd")),
        error_kind=_text(line.get("error_kind", "")),
        error=_text(line.get("error", NO_PICTURE_YET if state is State.PLANNED else "")),
        **{name: _optional_number(line.get(name)) for name in _NUMBERS},  # type: ignore[arg-type]  # mypy takes the names for any
        simulator_version=_optional_count(line.get("simulator_version")),
        attempts=_count(line.get("attempts", 0)),
        polls=_optional_count(line.get("polls")),
        model=model,
    )
    return RunRecord(run, pictures[1:])


def _to_picture(number: int, found: Any) -> MorePicture:
    """A picture of a line.

    Parameters
    ----------
    number:
        Its place in the output.
    found:
        The object.
    """
    path = found.get("path")
    named = OF_THE_STORE.fullmatch(path) if path is not None else None
    if path is not None and (named is None or len(named[2]) != _SHA256):
        raise ValueError("a picture has a path that no picture has")
    sha256 = _text(found.get("sha256") or (named[2] if named is not None else "")) or None
    width, height, size = (_optional_count(found.get(name)) for name in ("width", "height", "size"))
    return MorePicture(number, "", path, width, height, sha256, size)


def _parameters(found: Any, model: str) -> dict[str, Value]:
    if model != MODEL.slug:
        for name, value in found.items():
            if value is not None and ANY.normalise(_plain(value)) != value:
                raise ValueError(f"{name} is not as it is sent")
        nested(found)  # raises what is wrong with a path
        return dict(found)
    if set(found) - set(MODEL.parameters):
        raise ValueError("it has a parameter that this version does not know")
    for name, field in MODEL.parameters.items():
        if field.normalise(_value(found[name])) != found[name]:
            raise ValueError(f"{name} is not as it is sent")
    return dict(found)


def _plain(value: object) -> object:
    """A value of a parameter of any model: plain, because what is inside lists and objects has a path."""
    if not isinstance(value, str | int | float):
        raise TypeError("a parameter is no text, number, True or False")
    return value


def of_sweep(sweep: SweepRecord, scrubber: Scrubber) -> dict[str, Any]:
    """A sweep as an object for JSON. Labels that all cells share stand once.

    Parameters
    ----------
    sweep:
        The sweep.
    scrubber:
        Cleans its title.
    """
    labels = [labels for _, labels in sweep.cells]
    names = list(dict.fromkeys(name for own in labels for name in own))
    shared = {
        name: labels[0][name] for name in names if all(name in own and own[name] == labels[0][name] for own in labels)
    }
    return {
        **{name: getattr(sweep, name) for name in ("identity", "name")},
        "title": scrubber.own_text(sweep.title),
        "axes": {name: list(values) for name, values in sweep.axes.items()},
        "created_at": sweep.created_at,
        "labels": names,
        "shared": shared,
        "cells": [
            [digest, *([own] if (own := {n: v for n, v in labels.items() if n not in shared}) else [])]
            for digest, labels in sweep.cells
        ],
    }


def to_sweep(line: Mapping[str, Any]) -> SweepRecord:
    """The sweep of a line.

    Raises
    ------
    ValueError, TypeError, KeyError
        If something in it is wrong.
    """
    names, shared = [_text(name) for name in line["labels"]], _values(line["shared"])

    def labels_of(own: Mapping[str, Value]) -> dict[str, Value]:
        known = {**shared, **own}
        return {name: known[name] for name in names if name in known}

    return SweepRecord(
        _text(line["identity"]),
        _text(line["name"]),
        _text(line["title"]),
        {_text(name): [_value(one) for one in values] for name, values in line["axes"].items()},
        _number(line["created_at"]),
        [(_text(cell[0]), labels_of(_values(cell[1]) if len(cell) > 1 else {})) for cell in line["cells"]],
    )


def of_mark(mark: MarkRecord, scrubber: Scrubber) -> dict[str, Any]:
    """A mark as an object for JSON.

    Parameters
    ----------
    mark:
        The mark.
    scrubber:
        Cleans its note.
    """
    note = None if mark.note is None else scrubber.own_text(mark.note)
    return {name: value for name, value in mark._replace(note=note)._asdict().items() if value is not None}


def to_mark(line: Mapping[str, Any]) -> MarkRecord:
    """The mark of a line.

    Raises
    ------
    ValueError, TypeError, KeyError
        If something in it is wrong.
    """
    stars, pick, note = (line.get(name) for name in ("stars", "pick", "note"))
    if stars is not None and not 0 <= _count(stars) <= 5:
        raise ValueError("its stars are not 0 to 5")
    if pick is not None and _count(pick) > 1:
        raise ValueError("its pick is not true or false")
    return MarkRecord(
        _text(line["digest"]),
        _text(line["rater"]),
        stars,
        pick,
        None if note is None else _text(note),
        _number(line["marked_at"]),
    )


def of_vote(at: float, vote: LoggedVote) -> dict[str, Any]:
    """A vote as an object for JSON.

    Parameters
    ----------
    at:
        When it was cast.
    vote:
        The vote.
    """
    return {"at": at, **vote._asdict()}


def to_vote(line: Mapping[str, Any]) -> tuple[float, LoggedVote]:
    """The vote of a line, and when it was cast.

    Raises
    ------
    ValueError, TypeError, KeyError
        If something in it is wrong.
    """
    vote = LoggedVote(*(_text(line[name]) for name in LoggedVote._fields))
    if vote.outcome not in _OUTCOMES:
        raise ValueError("its outcome is not one of the four")
    return _number(line["at"]), vote


def of_metrics(sha256: str, rows: Sequence[MetricRow], scrubber: Scrubber) -> dict[str, Any]:
    """The numbers about a picture as an object for JSON: together where only their names differ, which is short.

    Parameters
    ----------
    sha256:
        The picture.
    rows:
        Its numbers, ordered by when, version and what they are against.
    scrubber:
        Cleans the names that users gave.
    """
    groups = groupby(rows, lambda row: (row.measured_at, row.version, row.against))
    numbers = []
    for shared, group in groups:
        named = groupby(group, lambda row: row.name)
        numbers.append([*shared, {scrubber.own_text(name): _fields(list(same), scrubber) for name, same in named}])
    return {"sha256": sha256, "numbers": numbers}


def _fields(rows: Sequence[MetricRow], scrubber: Scrubber) -> Any:
    """The value of a metric that has one, else its values by field."""
    if [row.field for row in rows] == [""]:
        return rows[0].value
    return {scrubber.own_text(row.field): row.value for row in rows}


def to_metrics(line: Mapping[str, Any]) -> list[MetricRow]:
    """The numbers of a line.

    Raises
    ------
    ValueError, TypeError, KeyError
        If something in it is wrong.
    """
    return [
        MetricRow(
            _text(line["sha256"]),
            _text(name),
            _text(version),
            _text(against),
            _text(field),
            _optional_number(value),
            _number(at),
        )
        for at, version, against, names in line["numbers"]
        for name, found in names.items()
        for field, value in (found.items() if isinstance(found, dict) else [("", found)])
    ]


def clean_own(value: Any, scrubber: Scrubber) -> Any:
    """A value of an own column, without folders of this machine.

    Parameters
    ----------
    value:
        What JSON can hold.
    scrubber:
        Cleans texts.
    """
    if isinstance(value, str):
        return scrubber.own_text(value)
    if isinstance(value, list):
        return [clean_own(one, scrubber) for one in value]
    if isinstance(value, dict):
        return {scrubber.own_text(name): clean_own(one, scrubber) for name, one in value.items()}
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not is_encodable(value):
        raise ValueError("a text is expected")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a number is expected")
    return float(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MOST:
        raise ValueError("a whole number is expected")
    return value


def _value(value: Any) -> Value:
    return _text(value) if isinstance(value, str) else _number(value) if isinstance(value, float) else _whole(value)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or abs(value) >= _MOST:
        raise ValueError("a value of a parameter is expected")
    return value


def _values(found: Any) -> dict[str, Value]:
    return {_text(name): _value(value) for name, value in found.items()}


def _optional_number(value: Any) -> float | None:
    return None if value is None else _number(value)


def _optional_count(value: Any) -> int | None:
    return None if value is None else _count(value)
