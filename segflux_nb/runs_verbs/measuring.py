"""How `measure` computes what the log does not have yet: in batches, each kept at once, in memory that stays flat."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.comparing import drift, overcooking, spreads
from ..analysis.differences import mean_difference
from ..analysis.metrics import OF_ONE, VERSION, measured
from ..errors import PictureError, RunError
from ..model import Value
from ..pictures.appearance import read, readable
from ..pictures.mounted import fetch_ahead, is_elsewhere, read_file, thumbnail_file
from ..runlog.metrics import Fields, MetricKey, MetricLog, column_of
from ..selection import Selection
from .relations import Related, Subject

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Lab = NDArray[np.float32]

BATCH = 128
"""About how many pictures are computed before their numbers are kept."""

KEPT = 256
"""The most Lab thumbnails in memory: 50 kB each."""

Metric = Callable[[Any], Any]
"""What a user gives: a picture in, a number or a mapping of numbers out."""


class Numbers:
    """What is known of some pictures, and what was found of them. It holds those of one batch only.

    Parameters
    ----------
    log:
        Numbers about pictures.
    """

    def __init__(self, log: MetricLog) -> None:
        self._log = log
        self._known: dict[MetricKey, Fields] = {}
        self._new: dict[MetricKey, Fields] = {}

    def turn_to(self, subjects: Iterable[Subject]) -> None:
        """Read what is known of some pictures, and forget the others.

        Parameters
        ----------
        subjects:
            The pictures.
        """
        self._known = dict(self._log.read({subject.sha256 for subject in subjects}))

    def get(self, key: MetricKey) -> Fields | None:
        """A number, or None where it is not known yet.

        Parameters
        ----------
        key:
            What it is about.
        """
        return self._known.get(key)

    def set(self, key: MetricKey, fields: Fields) -> None:
        """Note a number that was found.

        Parameters
        ----------
        key:
            What it is about.
        fields:
            The number, or several.
        """
        self._known[key] = self._new[key] = fields

    def keep(self, shown: Collection[MetricKey]) -> None:
        """Write what was found to the log.

        Parameters
        ----------
        shown:
            Numbers that frames show from now on, also where others were found later.
        """
        self._log.keep(self._new)
        self._new = {}
        latest = self._log.latest({key.sha256 for key in shown})
        stale = {}
        for key in shown:
            fields, now = self.get(key), latest.get(key.sha256, {})
            if fields is not None and any(
                now.get(column_of(key.name, field), ...) != value for field, value in fields.items()
            ):
                stale[key] = fields
        self._log.keep(stale)


class Found:
    """The numbers of a selection: for each metric and each of its fields, an array with a place for each run.

    Parameters
    ----------
    digests:
        The runs.
    """

    def __init__(self, digests: Iterable[str]) -> None:
        self.places = {digest: place for place, digest in enumerate(digests)}
        self._numbers: dict[str, dict[str, NDArray[np.float64]]] = {}

    def add(self, name: str, digest: str, fields: Fields | None) -> None:
        """Note the numbers of a picture.

        Parameters
        ----------
        name:
            The metric.
        digest:
            The run.
        fields:
            Its numbers; None where there are none.
        """
        known = self._numbers.setdefault(name, {})
        for field, value in (fields or {}).items():
            if field not in known:
                known[field] = self._nothing()
            if value is not None:
                known[field][self.places[digest]] = value

    def of(self, name: str) -> dict[str, NDArray[np.float64]]:
        """The numbers of a metric by field, NaN where a picture has none.

        Parameters
        ----------
        name:
            The metric.
        """
        return self._numbers.get(name) or {"": self._nothing()}

    def is_empty(self, name: str) -> bool:
        """Whether no picture has a number of a metric, nor could have one: nothing was there to compare with.

        Parameters
        ----------
        name:
            The metric.
        """
        return name not in self._numbers

    def _nothing(self) -> NDArray[np.float64]:
        return np.full(len(self.places), np.nan)


def examine(picture: str | bytes) -> tuple[dict[str, float], Lab] | None:
    """One pass over a picture's thumbnail: its numbers, and the picture as Lab. None where it cannot be read.

    It runs in whatever process an executor has.

    Parameters
    ----------
    picture:
        The picture's file, or the bytes of its thumbnail.
    """
    try:
        found = measured(read(picture if isinstance(picture, bytes) else thumbnail_file(Path(picture))))
    except PictureError:
        return None
    return found.values, found.lab


def _to_send(path: str) -> str | bytes:
    """What `examine` takes in another process, which knows nothing of the bundles and stores that are open here."""
    if not is_elsewhere(path):
        return path
    try:
        return thumbnail_file(path)
    except PictureError:
        return path  # it cannot be read there either, and has no numbers


class BuiltIn:
    """Computes the built-in metrics of a selection.

    Parameters
    ----------
    runs:
        The selection.
    subjects:
        Its pictures.
    executor:
        Where pictures are decoded; None for here.
    """

    def __init__(self, runs: Selection, subjects: Mapping[str, Subject], executor: Executor | None) -> None:
        self._runs = runs
        self._subjects = subjects
        self._numbers = Numbers(runs.source.log.metrics)
        self._executor = executor
        self._lab: OrderedDict[str, Lab | None] = OrderedDict()

    def compute(self, names: Sequence[str], relative_to: Mapping[str, Value], found: Found) -> None:
        """Compute what is missing of some metrics, and keep it.

        Parameters
        ----------
        names:
            The metrics.
        relative_to:
            The values of the reference of ``difference``.
        found:
            Gets the numbers.
        """
        related = Related(self._runs, self._subjects, relative_to)
        batch: list[Subject] = []
        for group in related.groups():
            batch += group
            if len(batch) >= BATCH:
                self._batch(batch, names, related, found)
                batch = []
        self._batch(batch, names, related, found)

    def _batch(self, batch: Sequence[Subject], names: Sequence[str], related: Related, found: Found) -> None:
        """Compute the metrics of some pictures, and keep them."""
        self._numbers.turn_to(other for subject in batch for other in (subject, *related.needed(subject)))
        singles = {*OF_ONE} & {*names} | ({"saturation", "clipping"} if "overcooking" in names else set())
        wanted = [
            other
            for subject in batch
            for other in ([subject, *related.needed(subject)] if "overcooking" in names else [subject])
        ]
        self._examine([one for one in wanted if any(self._is_unknown(name, one) for name in singles)])
        paired = [name for name in names if name not in OF_ONE]
        if any(self._missing(name, subject, related) for name in paired for subject in batch):
            self._pairs(batch, paired, related)
        shown = []
        for subject in batch:
            for name in names:
                key = related.key(name, subject)
                if key is not None:
                    shown.append(key)
                    found.add(name, subject.run.digest, self._numbers.get(key))
        self._numbers.keep(shown)

    def _missing(self, name: str, subject: Subject, related: Related) -> bool:
        key = related.key(name, subject)
        return key is not None and self._numbers.get(key) is None

    def _is_unknown(self, name: str, subject: Subject) -> bool:
        return self._numbers.get(MetricKey(subject.sha256, name, VERSION)) is None

    def _examine(self, subjects: Iterable[Subject]) -> None:
        """Decode pictures, and note their numbers."""
        by_picture = {subject.sha256: subject.path for subject in subjects}
        paths = by_picture.values()
        if why := fetch_ahead(paths, small=True):  # a picture that cannot be read is kept as one without numbers
            raise RunError(
                f"Pictures cannot be measured: {why}",
                remedy="Measure again when the store answers: what was measured is kept",
            )
        found: Iterable[tuple[dict[str, float], Lab] | None]
        if self._executor is None:
            found = map(examine, paths)
        else:
            found = self._executor.map(examine, list(map(_to_send, paths)), chunksize=16)
        for sha256, result in zip(by_picture, found, strict=True):
            values = dict.fromkeys(OF_ONE) if result is None else result[0]
            for name in OF_ONE:
                self._numbers.set(MetricKey(sha256, name, VERSION), {"": values[name]})
            self._remember(sha256, None if result is None else result[1])

    def _remember(self, sha256: str, lab: Lab | None) -> None:
        self._lab[sha256] = lab
        self._lab.move_to_end(sha256)
        while len(self._lab) > KEPT:
            self._lab.popitem(last=False)

    def _lab_of(self, subject: Subject) -> Lab | None:
        if subject.sha256 not in self._lab:
            self._examine([subject])
        self._lab.move_to_end(subject.sha256)
        return self._lab[subject.sha256]

    def _pairs(self, batch: Sequence[Subject], names: Sequence[str], related: Related) -> None:
        """Compute what needs other pictures."""
        absent = [
            other
            for subject in batch
            for other in (subject, *related.needed(subject))
            if other.sha256 not in self._lab
        ]
        for start in range(0, len(absent), KEPT // 2):
            self._examine(absent[start : start + KEPT // 2])
        for subject in batch:
            if "drift" in names or "drift_peak" in names:
                self._drift(subject, related)
            if "difference" in names and self._missing("difference", subject, related):
                self._difference(subject, related)
            if "spread" in names or "overcooking" in names:
                self._spread(subject, related)
        if "overcooking" in names:
            for subject in batch:
                self._overcooking(subject, related)

    def _drift(self, subject: Subject, related: Related) -> None:
        keys = [related.key(name, subject) for name in ("drift", "drift_peak")]
        base = related.base(subject)
        if (
            base is None
            or keys[0] is None
            or keys[1] is None
            or None not in map(self._numbers.get, filter(None, keys))
        ):
            return
        one, other = self._lab_of(subject), self._lab_of(base)
        values = (None, None) if one is None or other is None else drift(one, other)
        for key, value in zip(keys, values, strict=True):
            if key is not None:
                self._numbers.set(key, {"": value})

    def _difference(self, subject: Subject, related: Related) -> None:
        key, reference = related.key("difference", subject), related.reference(subject)
        if key is None or reference is None:
            return
        one, other = self._lab_of(subject), self._lab_of(reference)
        self._numbers.set(key, {"": None if one is None or other is None else mean_difference(one, other)})

    def _spread(self, subject: Subject, related: Related) -> None:
        """The spread of a picture and of all of its group."""
        if not self._missing("spread", subject, related):
            return
        group = related.group(subject)
        pictures = [(one, self._lab_of(one)) for one in group]
        there = [(one, lab) for one, lab in pictures if lab is not None]
        found = (
            dict.fromkeys((one.run.digest for one in group), None)
            if len(there) < 2
            else {
                one.run.digest: value
                for (one, _), value in zip(there, spreads([lab for _, lab in there]), strict=True)
            }
        )
        for one in group:
            key = related.key("spread", one)
            if key is not None:
                self._numbers.set(key, {"": found.get(one.run.digest)})

    def _overcooking(self, subject: Subject, related: Related) -> None:
        key, base = related.key("overcooking", subject), related.base(subject)
        if key is None or base is None or self._numbers.get(key) is not None:
            return
        self._spread(base, related)
        numbers = [
            self._numbers.get(found)
            for one in (subject, base)
            for name in ("saturation", "clipping", "spread")
            if (found := related.key(name, one)) is not None
        ]
        values = [None if fields is None else fields.get("") for fields in numbers]
        known = [value for value in values if value is not None]
        if len(known) < 6:
            self._numbers.set(key, {"": None})
            return
        saturation, clipping, spread, base_saturation, base_clipping, base_spread = known
        value = overcooking(saturation, base_saturation, clipping, base_clipping, spread, base_spread)
        self._numbers.set(key, {"": value})


def by_callable(
    name: str,
    metric: Metric,
    version: str,
    subjects: Mapping[str, Subject],
    log: MetricLog,
    executor: Executor | None,
    found: Found,
) -> list[str]:
    """Compute what is missing of a user's metric, and keep it. What goes wrong with one picture stops no other.

    Parameters
    ----------
    name:
        Its name.
    metric:
        What computes it.
    version:
        Its version.
    subjects:
        The pictures, by the digest of their run.
    log:
        Numbers about pictures.
    executor:
        Where it runs; None for here.
    found:
        Gets the numbers.

    Returns
    -------
    list of str
        For each picture that has no number: what went wrong.
    """
    numbers, everything, wrong = Numbers(log), list(subjects.values()), dict[str, str]()
    call = partial(_called, metric)
    for start in range(0, len(everything), BATCH):
        batch = everything[start : start + BATCH]
        numbers.turn_to(batch)
        keys = {one.run.digest: MetricKey(one.sha256, name, version) for one in batch}
        paths = {one.sha256: one.path for one in batch if numbers.get(keys[one.run.digest]) is None}
        missing = [sha256 for sha256 in paths if sha256 not in wrong]
        fetch_ahead((paths[one] for one in missing), small=False)
        files = [_whole_to_send(paths[one]) for one in missing]
        results = map(call, files) if executor is None else executor.map(call, files, chunksize=4)
        for sha256, result in zip(missing, results, strict=True):
            if isinstance(result, str):
                wrong[sha256] = result
            else:
                numbers.set(MetricKey(sha256, name, version), result)
        for digest, key in keys.items():
            found.add(name, digest, numbers.get(key))
        numbers.keep(list(keys.values()))
    return list(wrong.values())


def _whole_to_send(path: str) -> str | bytes:
    """What `_called` takes in another process, which knows nothing of the bundles and stores that are open here."""
    with suppress(OSError):  # then it says itself what is wrong
        return read_file(path) if is_elsewhere(path) else path
    return path


def _place(picture: str | bytes) -> str:
    return "" if isinstance(picture, bytes) else f" ({os.path.basename(picture)})"


def _called(metric: Metric, picture: str | bytes) -> dict[str, float | None] | str:
    """What a user's metric says of a picture, a file or its bytes; or what went wrong."""
    try:
        image = read(picture if isinstance(picture, bytes) else readable(Path(picture).read_bytes))
    except PictureError as error:
        return error.what
    try:
        result = metric(image)
        if isinstance(result, Mapping):
            return {str(field): None if value is None else float(value) for field, value in result.items()}
        return {"": None if result is None else float(result)}
    except Exception as error:  # noqa: BLE001 - the user's function may raise anything; the other pictures go on
        return f"{type(error).__name__}: {error}" + _place(picture)
