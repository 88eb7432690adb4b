"""Opens a bundle: everything in it is checked before anything of it is used, and nothing is written.

Its log goes into a database in memory. Its pictures stay in the file, and are read from there; each is checked again
when it is read, in case the file is another one by then.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ..clock import Clock
from ..errors import SegfluxError
from ..markup import plain, shorten
from ..pictures.located import OF_THE_STORE
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
    FORMAT_VERSION,
    MANIFEST,
    MARKS,
    METRICS,
    MOST_LINE,
    MOST_PER_ENTRY,
    MOST_TEXT,
    RUNS,
    SWEEPS,
    VOTES,
    digest_in,
)
from .lines import to_mark, to_metrics, to_run, to_sweep, to_vote

T = TypeVar("T")

_WRONG = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError, SegfluxError)
"""What reading a value that is not as it was written may raise."""

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
        self._manifest = _Manifest(self._archive)
        self.service = self._manifest.service
        self._check_texts()
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
        data = self._archive.read(path)
        if hashlib.sha256(data).hexdigest() != digest_in(path):
            raise OSError(f"{self.name} has changed since it was opened")
        return data

    def _check_texts(self) -> None:
        """Check the bytes of all entries that are no pictures."""
        for name, sha256 in self._manifest.files.items():
            if self._archive.sha256(name) != sha256:
                refuse(self.path, f"{name} is not as it was written (its sha256 differs)")

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
        if len(known) != self._manifest.runs:
            refuse(self.path, f"{RUNS} has {len(known):,} runs, and its manifest says {self._manifest.runs:,}")
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
        if name not in self._manifest.files:
            return
        for number, line in enumerate(self._lines(name), 1):
            try:
                found = of_line(json.loads(line, parse_constant=_no_number))
            except _WRONG as error:
                why = shorten(plain(error.what if isinstance(error, SegfluxError) else error), 120)
                refuse(self.path, f"line {number:,} of {name} is not as this program writes it ({why})")
            yield found

    def _lines(self, name: str) -> Iterator[bytes]:
        """The lines of an entry, one at a time."""
        rest = b""
        for chunk in self._archive.chunks(name):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
            if len(rest) > MOST_LINE:
                refuse(self.path, f"a line of {name} is too long")
        if rest:
            yield rest


class _Manifest:
    """What the manifest says, checked against the entries that there are.

    Parameters
    ----------
    archive:
        The file.

    Attributes
    ----------
    service:
        The service.
    runs:
        How many runs there are.
    files:
        The sha256 of each entry that is no picture, by its name.
    pictures:
        The names of the pictures, each with its bytes.
    """

    def __init__(self, archive: Archive) -> None:
        self._path = archive.path
        found = self._parsed(archive)
        if found.get("format") != FORMAT:
            refuse(self._path, f"its {MANIFEST} is not that of a bundle")
        version = found.get("version")
        if not isinstance(version, int) or version < 1:
            refuse(self._path, f"its {MANIFEST} does not say of which format it is")
        if version > FORMAT_VERSION:
            refuse(
                self._path,
                f"its format {shorten(str(version), 12)} is newer than this version of segflux_nb reads"
                f" ({FORMAT_VERSION}), so update segflux_nb",
            )
        try:
            self.service, self.runs = str(found["service"]), int(found["runs"])
            files = {str(name): (int(one["bytes"]), str(one["sha256"])) for name, one in found["files"].items()}
            self.pictures = {str(name): int(size) for name, size in found["pictures"].items()}
        except _WRONG:
            refuse(self._path, f"its {MANIFEST} is not as this program writes it")
        if not is_encodable(self.service) or not self.service or RUNS not in files:
            refuse(self._path, f"its {MANIFEST} is not as this program writes it")
        self.files = {name: sha256 for name, (_, sha256) in files.items()}
        sizes = {**{name: size for name, (size, _) in files.items()}, **self.pictures}
        self._check_sizes(archive, sizes)
        if self.runs > archive.size(RUNS):
            refuse(
                self._path, f"its {MANIFEST} says {shorten(f'{self.runs:,}', 20)} runs, for which {RUNS} is too short"
            )

    def _parsed(self, archive: Archive) -> dict[str, Any]:
        if MANIFEST not in archive.entries:
            refuse(self._path, f"it has no {MANIFEST}")
        if archive.size(MANIFEST) > MOST_LINE + MOST_PER_ENTRY * len(archive.entries):
            refuse(self._path, f"its {MANIFEST} is too large")
        try:
            found = json.loads(archive.read(MANIFEST), parse_constant=_no_number)
        except _WRONG:
            refuse(self._path, f"its {MANIFEST} cannot be read as JSON")
        if not isinstance(found, dict):
            refuse(self._path, f"its {MANIFEST} is not as this program writes it")
        return found

    def _check_sizes(self, archive: Archive, sizes: Mapping[str, int]) -> None:
        """Compare the entries with what the manifest says of them.

        Parameters
        ----------
        archive:
            The file.
        sizes:
            The bytes of each entry.
        """
        if extra := sorted(set(archive.entries) - set(sizes) - {MANIFEST}):
            refuse(self._path, f"it has an entry {extra[0]!r} that its {MANIFEST} does not name")
        if absent := sorted(set(sizes) - set(archive.entries)):
            refuse(self._path, f"its {MANIFEST} names {shorten(plain(absent[0]), 100)!r}, which it does not have")
        for name, size in sizes.items():
            if archive.size(name) != size:
                refuse(self._path, f"{name} has {archive.size(name):,} bytes, and its {MANIFEST} says {size:,}")
            if name in self.pictures and not _is_picture(name):
                refuse(self._path, f"the picture {name!r} has a name that no picture has")
            if name in self.files and (name in self.pictures or name == MANIFEST or size > MOST_TEXT):
                refuse(self._path, f"{name} is too large, or its {MANIFEST} names it twice")


def _is_picture(name: str) -> bool:
    found = OF_THE_STORE.fullmatch(name)
    return found is not None and len(found[2]) == 64 and found[2].startswith(found[1])


def _to_own(line: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The own columns of a run: its digest, and values by name."""
    values = line["values"]
    if not isinstance(line["digest"], str) or not is_encodable(json.dumps(values, ensure_ascii=False)):
        raise ValueError("its values are not as the log has them")
    return line["digest"], {str(name): value for name, value in values.items()}


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def is_bundle(path: Path) -> bool:
    """Whether a path is that of a bundle: its name ends in ``.sfx``, and it is no folder."""
    return path.suffix.lower() == ENDING and not path.is_dir()
