"""How `measure` computes the built-in metrics that the log does not have yet, in memory that stays flat."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.comparing import drift, overcooking, spreads
from ..analysis.differences import mean_difference
from ..analysis.metrics import OF_ONE, VERSION, measured
from ..errors import PictureError
from ..model import Value
from ..pictures.appearance import read
from ..pictures.mounted import thumbnail_file
from ..pictures.thumbnails import thumbnail
from ..runlog.metrics import Fields, MetricKey, MetricLog, column_of
from ..selection import Selection
from .elsewhere import Elsewhere, Lost
from .relations import Related, Subject

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    Lab = NDArray[np.float32]

BATCH = 128
"""About how many pictures are computed before their numbers are kept."""

KEPT = 256
"""The most Lab thumbnails in memory: 50 kB each."""

PART = 32
"""How many pictures are sent at once: each takes a millisecond or two."""

TIMES_ELSEWHERE = 4
"""For an executor, batches and what is kept in memory are larger by this: each batch waits for its last picture."""


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

    def write(self) -> None:
        """Write what was found to the log."""
        self._log.keep(self._new)
        self._new = {}

    def keep(self, shown: Collection[MetricKey]) -> None:
        """Write what was found to the log, and let frames show these numbers.

        Parameters
        ----------
        shown:
            Numbers that frames show from now on, also where others were found later.
        """
        self.write()
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
        The picture's file, or the bytes of the picture or of its thumbnail.
    """
    try:
        found = measured(_small(picture) if isinstance(picture, bytes) else read(thumbnail_file(picture)))
    except PictureError:
        return None
    return found.values, found.lab


def _small(data: bytes) -> Image.Image:
    """The picture of a thumbnail, or of a picture of which one is made."""
    image = read(data)
    small = thumbnail(image)
    return image if small is None else read(small)


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
        self._elsewhere = Elsewhere(examine, executor, "The built-in metrics", most=PART, thumbnails=True)
        self._times = 1 if executor is None else TIMES_ELSEWHERE
        self._lab: OrderedDict[str, Lab | None] = OrderedDict()
        self._lost: dict[str, str] = {}

    def compute(self, names: Sequence[str], relative_to: Mapping[str, Value], found: Found) -> list[str]:
        """Compute what is missing of some metrics, and keep it: also what was done before an error or Ctrl-C.

        Parameters
        ----------
        names:
            The metrics.
        relative_to:
            The values of the reference of ``difference``.
        found:
            Gets the numbers.

        Returns
        -------
        list of str
            For each picture that an executor gave no result of: what went wrong.
        """
        related = Related(self._runs, self._subjects, relative_to)
        batch: list[Subject] = []
        try:
            for group in related.groups():
                batch += group
                if len(batch) >= BATCH * self._times:
                    self._batch(batch, names, related, found)
                    batch = []
            self._batch(batch, names, related, found)
        finally:
            self._numbers.write()
            self._elsewhere.close()
        return list(self._lost.values())

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
        by_picture = {one.sha256: one.path for one in subjects if one.sha256 not in self._lost}
        for part in self._elsewhere.results(by_picture.items()):
            for sha256, result in part:
                if isinstance(result, Lost):
                    self._lost[sha256] = result.why
                    continue
                values = dict.fromkeys(OF_ONE) if result is None else result[0]
                for name in OF_ONE:
                    self._numbers.set(MetricKey(sha256, name, VERSION), {"": values[name]})
                self._remember(sha256, None if result is None else result[1])
            if self._times > 1:
                self._numbers.write()

    def _remember(self, sha256: str, lab: Lab | None) -> None:
        self._lab[sha256] = lab
        self._lab.move_to_end(sha256)
        while len(self._lab) > KEPT * self._times:
            self._lab.popitem(last=False)

    def _lab_of(self, subject: Subject) -> Lab | None:
        if subject.sha256 not in self._lab:
            self._examine([subject])
        if subject.sha256 in self._lost:
            return None
        self._lab.move_to_end(subject.sha256)
        return self._lab[subject.sha256]

    def _was_lost(self, *subjects: Subject) -> bool:
        """Whether an executor gave no result of any of these: what needs it is tried again by the next call."""
        return any(one.sha256 in self._lost for one in subjects)

    def _pairs(self, batch: Sequence[Subject], names: Sequence[str], related: Related) -> None:
        """Compute what needs other pictures."""
        absent = [
            other
            for subject in batch
            for other in (subject, *related.needed(subject))
            if other.sha256 not in self._lab
        ]
        most = KEPT * self._times // 2
        for start in range(0, len(absent), most):
            self._examine(absent[start : start + most])
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
        if self._was_lost(subject, base):
            return
        values = (None, None) if one is None or other is None else drift(one, other)
        for key, value in zip(keys, values, strict=True):
            if key is not None:
                self._numbers.set(key, {"": value})

    def _difference(self, subject: Subject, related: Related) -> None:
        key, reference = related.key("difference", subject), related.reference(subject)
        if key is None or reference is None:
            return
        one, other = self._lab_of(subject), self._lab_of(reference)
        if not self._was_lost(subject, reference):
            self._numbers.set(key, {"": None if one is None or other is None else mean_difference(one, other)})

    def _spread(self, subject: Subject, related: Related) -> None:
        """The spread of a picture and of all of its group."""
        if not self._missing("spread", subject, related):
            return
        group = related.group(subject)
        pictures = [(one, self._lab_of(one)) for one in group]
        if self._was_lost(*group):
            return
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
        if self._was_lost(*related.group(subject), *related.group(base)):
            return
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
