"""How `measure` computes metrics of the user: each number is kept as soon as it is known."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any

from ..errors import PictureError
from ..pictures.appearance import read, readable
from ..pictures.mounted import read_file
from ..runlog.metrics import Fields, MetricKey, MetricLog
from .elsewhere import Elsewhere, Lost, Picture
from .measuring import BATCH, Found, Numbers
from .relations import Subject

Metric = Callable[[Any], Any]
"""What a user gives: a picture in, a number or a mapping of numbers out."""

PART = 4
"""How many pictures are sent at once, and how many numbers are kept at once: a neural model takes seconds of each."""


class Own:
    """A metric of the user.

    Parameters
    ----------
    name:
        Its name.
    metric:
        What computes it.
    version:
        Its version.
    executor:
        Where it runs; None for here.

    Raises
    ------
    RunError
        If it cannot be sent to where it would run.
    """

    def __init__(self, name: str, metric: Metric, version: str, executor: Executor | None) -> None:
        self._name = name
        self._version = version
        self._elsewhere = Elsewhere(partial(_called, metric), executor, f"The metric {name}", most=PART)
        self._elsewhere.check()

    def compute(self, subjects: Mapping[str, Subject], log: MetricLog, found: Found) -> list[str]:
        """Compute what is missing, and keep it. What goes wrong with one picture stops no other.

        Parameters
        ----------
        subjects:
            The pictures, by the digest of their run.
        log:
            Numbers about pictures.
        found:
            Gets the numbers.

        Returns
        -------
        list of str
            For each picture that has no number: what went wrong.
        """
        missing, runs_of = dict[str, str](), dict[str, list[str]]()
        numbers, everything = Numbers(log), list(subjects.values())
        for start in range(0, len(everything), BATCH):
            batch = everything[start : start + BATCH]
            numbers.turn_to(batch)
            for one in batch:
                fields = numbers.get(self._key(one.sha256))
                if fields is None:
                    missing[one.sha256] = one.path
                    runs_of.setdefault(one.sha256, []).append(one.run.digest)
                found.add(self._name, one.run.digest, fields)
            numbers.keep([self._key(one.sha256) for one in batch])
        wrong: list[str] = []
        try:
            for part in self._elsewhere.results(missing.items()):
                there: dict[str, Fields] = {}
                for sha256, result in part:
                    if isinstance(result, Lost):
                        wrong.append(result.why)
                    elif isinstance(result, str):
                        wrong.append(result)
                    else:
                        there[sha256] = result
                log.keep({self._key(sha256): fields for sha256, fields in there.items()})
                for sha256, fields in there.items():
                    for digest in runs_of[sha256]:
                        found.add(self._name, digest, fields)
        finally:
            self._elsewhere.close()
        return wrong

    def _key(self, sha256: str) -> MetricKey:
        return MetricKey(sha256, self._name, self._version)


def _place(picture: Picture) -> str:
    return "" if isinstance(picture, bytes) else f" ({os.path.basename(picture)})"


def _called(metric: Metric, picture: Picture) -> dict[str, float | None] | str:
    """What a user's metric says of a picture, a file or its bytes; or what went wrong."""
    try:
        image = read(picture if isinstance(picture, bytes) else readable(lambda: read_file(picture)))
    except PictureError as error:
        return error.what
    try:
        result = metric(image)
        if isinstance(result, Mapping):
            return {str(field): None if value is None else float(value) for field, value in result.items()}
        return {"": None if result is None else float(result)}
    except Exception as error:  # noqa: BLE001 - the user's function may raise anything; the other pictures go on
        return f"{type(error).__name__}: {error}" + _place(picture)
