"""Opens a bundle: everything in it is checked before anything of it is used, and nothing is written.

Its log goes into a database in memory. Its pictures stay in the file, and are read from there; each is checked again
when it is read, in case the file is another one by then.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ..clock import Clock
from ..markup import count, plain, shorten
from ..pictures.mounted import Mount
from ..runlog.journal import Journal, ServiceLog
from ..runlog.records import RunRecord
from ..service.catalogue import MOST_BYTES, Catalogue
from ..service.json_reader import read_object
from ..service.kept_catalogue import of_json
from ..sweep.request import RUN_DIGITS
from ..values import is_encodable
from .archive import Archive, refuse
from .contents import (
    ANNOTATIONS,
    CATALOGUE,
    ENDING,
    FORMAT,
    MANIFEST,
    MARKS,
    METRICS,
    RUNS,
    SWEEPS,
    VOTES,
    digest_in,
)
from .lines import to_mark, to_metrics, to_run, to_sweep, to_vote
from .manifest import WRONG, Manifest, read_picture

T = TypeVar("T")

_PART = 500
"""Runs that are entered in one transaction."""


class Bundle:
    """An opened bundle.

    Parameters
    ----------
    path:
        The file.
    clock:
        Source of the current time.

    Attributes
    ----------
    path:
        The file, as an absolute path.
    service:
        The service that its runs are of.
    journal:
        Its log, in memory.
    pictures:
        Its pictures, to be mounted at a folder.
    catalogue:
        What it holds of the service's catalogue; None for nothing.

    Raises
    ------
    BundleError
        If the file is no bundle, or is not as it was written.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path.resolve()
        self._archive = Archive(self.path)
        self._manifest = Manifest(self._archive, FORMAT, RUNS)
        self.service, self._runs = self._said()
        self._manifest.check_texts(self._archive)
        self.catalogue = self._catalogue()
        self.journal = Journal(self.path, clock, in_memory=True)
        try:
            runs_of = self._enter(self.journal.of(self.service))
            self._check_pictures(runs_of)
        except sqlite3.Error as error:
            self.journal.close()
            refuse(self.path, f"its log is not as this program writes it ({error})")
        except BaseException:
            self.journal.close()
            raise
        self.pictures = Mount(self.path, self._manifest.pictures, self._picture, self._archive.sha256(MANIFEST))

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.name

    @property
    def log(self) -> ServiceLog:
        """What it holds of its service."""
        return self.journal.of(self.service)

    def _picture(self, path: str) -> bytes:
        """The bytes of a picture.

        Raises
        ------
        OSError
            If the file has changed since it was opened.
        """
        return read_picture(self._archive, path)

    def _said(self) -> tuple[str, int]:
        """The service of the runs, and how many there are, by the manifest's word."""
        try:
            service, runs = str(self._manifest.found["service"]), int(self._manifest.found["runs"])
        except WRONG:
            self._manifest.refuse()
        if not is_encodable(service) or not service:
            self._manifest.refuse()
        if runs > self._archive.size(RUNS):
            refuse(self.path, f"its {MANIFEST} says {shorten(count(runs, 'run'), 25)}, for which {RUNS} is too short")
        return service, runs

    def _catalogue(self) -> Catalogue | None:
        if CATALOGUE not in self._manifest.files:
            return None
        if self._archive.size(CATALOGUE) > MOST_BYTES:
            refuse(self.path, f"its {CATALOGUE} is too large")
        found = of_json(read_object(self._archive.read(CATALOGUE)))
        if found is None:
            refuse(self.path, f"its {CATALOGUE} is not as this program writes it")
        return found

    def _check_pictures(self, runs: Mapping[str, str]) -> None:
        """Check the bytes of all pictures.

        Parameters
        ----------
        runs:
            The run of each picture.
        """
        for path in self._manifest.pictures:
            if path not in runs:
                refuse(self.path, f"no run has the picture {path}")
            if self._archive.sha256(path) != digest_in(path):
                refuse(
                    self.path,
                    f"the picture {path} of run {runs[path]} is not the one that was bundled (its sha256 differs)",
                )

    def _enter(self, log: ServiceLog) -> dict[str, str]:
        """Enter everything in the log in memory. Gives the run of each picture."""
        runs_of: dict[str, str] = {}
        known: set[str] = set()
        part: list[RunRecord] = []
        for record in self._read(RUNS, lambda line: to_run(line, self.service)):
            if record.run.digest in known:
                refuse(self.path, f"run {record.run.digest[:RUN_DIGITS]} is in {RUNS} twice")
            known.add(record.run.digest)
            for path in (record.run.picture, *(one.path for one in record.more)):
                if path is not None:
                    runs_of.setdefault(path, record.run.digest[:RUN_DIGITS])
            part.append(record)
            if len(part) == _PART:
                log.records.enter_runs(part, self.name)
                part = []
        log.records.enter_runs(part, self.name)
        if len(known) != self._runs:
            refuse(self.path, f"{RUNS} has {count(len(known), 'run')}, and its manifest says {self._runs:,}")
        for sweep in self._read(SWEEPS, to_sweep):
            if strange := next((digest for digest, _ in sweep.cells if digest not in known), None):
                refuse(self.path, f"a sweep has a cell {shorten(plain(strange), 12)} that is not one of its runs")
            log.records.enter_sweep(sweep)
        log.records.enter_marks([one for one in self._read(MARKS, to_mark) if one.digest in known])
        votes = list(self._read(VOTES, to_vote))
        log.votes.enter([(at, vote) for at, vote in votes if {vote.left, vote.right} <= known])
        log.annotations.set(dict(one for one in self._read(ANNOTATIONS, _to_own) if one[0] in known))
        log.metrics.enter(row for rows in self._read(METRICS, to_metrics) for row in rows)
        return runs_of

    def _read(self, name: str, of_line: Callable[[Any], T]) -> Iterator[T]:
        """What the lines of an entry hold; nothing where there is no such entry.

        Parameters
        ----------
        name:
            The entry.
        of_line:
            Makes the value of a line's object.
        """
        return self._manifest.lines(self._archive, name, of_line)


def _to_own(line: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The own columns of a run: its digest, and values by name."""
    values = line["values"]
    if not isinstance(line["digest"], str) or not is_encodable(json.dumps(values, ensure_ascii=False)):
        raise ValueError("its values are not as the log has them")
    return line["digest"], {str(name): value for name, value in values.items()}


def is_bundle(path: Path) -> bool:
    """Whether a path is that of a bundle: its name ends in ``.sfx``, and it is no folder."""
    return path.suffix.lower() == ENDING and not path.is_dir()
