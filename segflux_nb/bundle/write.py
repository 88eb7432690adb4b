"""Writes a bundle: one pass over the runs and their pictures, into a file that is whole or not there.

The same log and the same environment give the same bytes: entries are stored, in one order, with the date of the last
run, and nothing in them comes from the machine.
"""

from __future__ import annotations

import filecmp
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import BundleError, StoreError
from ..input_pictures import parts_of_text
from ..lifecycle import State
from ..markup import count
from ..model import Value
from ..pictures.located import LocatedPictures
from ..runlog.journal import ServiceLog
from ..runlog.records import RunRecord, SweepRecord
from ..runlog.rows import MorePicture
from ..service.kept_catalogue import as_json as catalogue_json
from ..service.kept_catalogue import kept
from ..version import __version__
from .card import Card
from .contents import (
    ANNOTATIONS,
    CATALOGUE,
    CRATE,
    ENVIRONMENT,
    FORMAT,
    FORMAT_VERSION,
    HOLDS,
    MANIFEST,
    MARKS,
    METRICS,
    README,
    RUNS,
    SWEEPS,
    VOTES,
    as_json,
    as_page,
    digest_in,
)
from .entries import EARLIEST, Entries, replace_by, written_bundle
from .environment import environment
from .lines import clean_own, of_mark, of_metrics, of_run, of_sweep, of_vote, place_of
from .scrub import Scrubber
from .sweep_files import sweep_text


@dataclass(frozen=True)
class WrittenBundle:
    """What became of a bundle.

    Attributes
    ----------
    path:
        The file.
    runs:
        How many runs are in it.
    pictures:
        How many picture files.
    without:
        How many of the chosen cells have no picture in it, by the reason.
    """

    path: Path
    runs: int
    pictures: int
    without: Mapping[str, int]

    def __str__(self) -> str:
        parts = [f"{number:,} {why}" for why, number in self.without.items()]
        missing = f" Without a picture: {', '.join(parts)}." if parts else ""
        return (
            f"{self.path.name}: {count(self.runs, 'run')}, {count(self.pictures, 'picture')}, with prompts and"
            f" finetune ids; no key, account, request id or path of this machine.{missing}"
        )


@dataclass(frozen=True)
class Chosen:
    """What goes into a bundle.

    Attributes
    ----------
    log:
        The log of the service.
    pictures:
        The pictures of the workspace.
    digests:
        The runs, in order, each once.
    selection:
        The sweep that these cells are, if the log has none; its time does not matter.
    hide_key:
        Takes the configured API key out of a text.
    """

    log: ServiceLog
    pictures: LocatedPictures
    digests: Sequence[str]
    selection: SweepRecord
    hide_key: Callable[[str], str]


def write_bundle(
    path: Path, chosen: Chosen, *, cost: bool = True, license: str = "", title: str = ""
) -> WrittenBundle:
    """Write runs with their pictures, sweeps and judgements to one file.

    Parameters
    ----------
    path:
        The file, whose name ends in ``.sfx``. It is replaced.
    chosen:
        What goes into it.
    cost:
        Whether to keep what runs cost.
    license:
        The licence of the pictures, for the data card.
    title:
        What the data card calls the study.

    Raises
    ------
    BundleError
        If the name has another ending, no run is in the log, a text holds what looks like an API key, or the file is
        the bundle that the workspace reads.
    SegfluxError
        If the file cannot be written.
    """

    def finish(place: Path, temporary: Path) -> None:
        if _is_read_from(place, chosen.pictures):
            _keep_same(place, temporary)
        else:
            replace_by(place, temporary)

    with written_bundle(path, finish) as file:
        written = _Writing(file, chosen, cost=cost).all(license, title)
    return WrittenBundle(path, *written)


def _is_read_from(place: Path, pictures: LocatedPictures) -> bool:
    """Whether a file is the bundle that the pictures are read from.

    Parameters
    ----------
    place:
        The file.
    pictures:
        The pictures of the workspace.
    """
    return pictures.bundle is not None and place.exists() and place.samefile(pictures.bundle)


def _keep_same(place: Path, temporary: Path) -> None:
    """Leave a bundle that is open as it is, if what was written has the same bytes.

    Parameters
    ----------
    place:
        The bundle.
    temporary:
        What was written. It is removed.

    Raises
    ------
    BundleError
        If it has other bytes.
    """
    if not filecmp.cmp(place, temporary, shallow=False):
        raise BundleError(
            f"{place.name} is open in this workspace, and would get other contents", remedy="Give another name"
        )
    temporary.unlink()


class _Writing:
    """A bundle that is being written.

    Parameters
    ----------
    file:
        The file.
    chosen:
        What goes into it.
    cost:
        Whether to keep what runs cost.
    """

    def __init__(self, file: BinaryIO, chosen: Chosen, *, cost: bool) -> None:
        self._chosen = chosen
        self._records = chosen.log.records
        self._cost = cost
        self._scrubber = Scrubber(
            chosen.pictures.folder, self._records.request_ids(set(chosen.digests)), chosen.hide_key
        )
        self._without: dict[str, int] = {}
        self._parameters: dict[str, Mapping[str, Value]] = {}
        self._takes: dict[str, int] = {}
        self._models: dict[str, str] = {}
        self._began, self._ended = _times(self._records.runs(chosen.digests))
        self._entries = Entries(file, self._ended)
        self._put = self._entries.put

    def all(self, license: str, title: str) -> tuple[int, int, Mapping[str, int]]:
        """Write everything. Gives how many runs and pictures there are, and how many runs have no picture, and why.

        Parameters
        ----------
        license:
            The licence of the pictures.
        title:
            What the data card calls the study.
        """
        chosen = self._chosen
        with self._entries:
            wanted: dict[str, str] = {}
            self._put(RUNS, self._runs(wanted))
            if not self._parameters:
                raise BundleError(
                    "There is no run to bundle: none of them is in the log", remedy="Run the sweep first"
                )
            absent = len(chosen.digests) - len(self._parameters)
            self._count_without("not started", absent)
            digests = set(self._parameters)
            sweeps = self._sweeps(digests)
            self._put(SWEEPS, (self._line(of_sweep(sweep, self._scrubber)) for sweep in sweeps))
            files = []
            for number, sweep in enumerate(sweeps, 1):
                name = f"sweeps/{number}.toml"
                text = sweep_text(sweep, self._parameters, self._takes, self._models)
                if text is not None:
                    self._put(name, [text.encode("utf-8", "backslashreplace")])
                files.append(
                    (
                        self._scrubber.own_text(sweep.title) or sweep.name,
                        len(sweep.cells),
                        SWEEPS if text is None else name,
                    )
                )
            self._judgements(digests)
            self._metrics({digest_in(place) for place in wanted})
            self._catalogue()
            self._put(ENVIRONMENT, [as_page(environment())])
            completed = len(self._parameters) - sum(self._without.values()) + absent
            self._pictures(wanted)
            lost = len(wanted) - len(self._entries.pictures)
            card = Card(
                title=self._scrubber.own_text(title) or "A parameter sweep",
                license=license,
                service=chosen.log.service,
                version=__version__,
                began=self._began,
                ended=self._ended,
                runs=len(self._parameters),
                completed=completed,
                pictures=len(self._entries.pictures),
                picture_bytes=sum(self._entries.pictures.values()),
                sweeps=files,
                entries=[(name, size) for name, (size, _) in self._entries.files.items()],
                costs=self._cost,
                models=tuple(sorted(set(self._models.values()))),
                has_inputs=any(parts_of_text(one) for own in self._parameters.values() for one in own.values()),
            )
            self._check_key(f"{title}{license}")
            self._put(README, [card.readme().encode("utf-8", "backslashreplace")])
            entries = [(name, size) for name, (size, _) in self._entries.files.items()]
            self._put(CRATE, [as_page(replace(card, entries=entries).crate())])
            self._count_without("whose file is gone or damaged", lost)
            self._put(MANIFEST, [as_page(self._manifest())])
        return len(self._parameters), len(self._entries.pictures), self._without

    def _runs(self, wanted: dict[str, str]) -> Iterator[bytes]:
        """The lines of the runs.

        Parameters
        ----------
        wanted:
            Gets the pictures that they name: the file by the place in the bundle.
        """
        for record in self._records.runs(self._chosen.digests):
            run = record.run
            if run.picture is not None and run.sha256 is None:  # of a log whose first version did not keep it
                run = run._replace(sha256=self._digest_of(run.picture))
                record = record._replace(run=run)
            self._parameters[run.digest], self._takes[run.digest] = run.parameters, run.take
            self._models[run.digest] = run.model
            first = MorePicture(0, "", run.picture, sha256=run.sha256)
            for picture in (first, *record.more):
                path, place = self._chosen.pictures.own(picture.path), place_of(picture)
                if path is not None and place is not None and run.state is State.COMPLETED:
                    wanted[place] = path
            if run.state is not State.COMPLETED or run.picture is None:
                self._count_without("discarded" if run.state is State.COMPLETED else run.state.status, 1)
            yield self._line(of_run(record, self._scrubber, cost=self._cost))

    def _sweeps(self, digests: Collection[str]) -> list[SweepRecord]:
        """The sweeps of the log whose cells are all here; and what was chosen, where they do not make it up."""
        found = [one for one in self._records.sweeps() if one.cells and all(cell in digests for cell, _ in one.cells)]
        covered = {digest for sweep in found for digest, _ in sweep.cells}
        if covered != digests:
            own = self._chosen.selection
            cells = [cell for cell in own.cells if cell[0] in digests]
            found.append(SweepRecord(own.identity, own.name, own.title, own.axes, self._ended, cells))
        return found

    def _judgements(self, digests: Collection[str]) -> None:
        """Write marks, votes and own columns of these runs; where there are none, no entry."""
        log, scrubber = self._chosen.log, self._scrubber
        marks = [mark for mark in self._records.marks() if mark.digest in digests]
        votes = [(at, vote) for at, vote in log.votes.all() if {vote.left, vote.right} <= set(digests)]
        own = {digest: values for digest, values in log.annotations.all().items() if digest in digests}
        if marks:
            self._put(MARKS, (self._line(of_mark(mark, scrubber)) for mark in marks))
        if votes:
            self._put(VOTES, (self._line(of_vote(at, vote)) for at, vote in votes))
        if own:
            lines = ({"digest": digest, "values": clean_own(own[digest], scrubber)} for digest in sorted(own))
            self._put(ANNOTATIONS, map(self._line, lines))

    def _metrics(self, pictures: Collection[str]) -> None:
        """Write the numbers about these pictures, a line for each picture; where there are none, no entry.

        Parameters
        ----------
        pictures:
            The sha256 of each.
        """
        rows = (row for row in self._chosen.log.metrics.all() if row.sha256 in pictures)
        lines = [
            of_metrics(sha256, list(group), self._scrubber) for sha256, group in groupby(rows, lambda row: row.sha256)
        ]
        if lines:
            self._put(METRICS, map(self._line, lines))

    def _catalogue(self) -> None:
        """Write what the service's catalogue says of the models of these runs; where nothing is kept, no entry."""
        known = kept(self._chosen.pictures.folder, self._chosen.log.service)
        slugs = set(self._models.values())
        if known is None or not slugs & set(known.entries):
            return
        data = as_json(catalogue_json(known, slugs))
        if not self._scrubber.holds_key(data.decode()):  # an example of the service's, which nobody here can remove
            self._put(CATALOGUE, [data, b"\n"])

    def _pictures(self, wanted: Mapping[str, str]) -> None:
        """Write the pictures, one at a time. One that is gone, or has other bytes than it had, is left out.

        Parameters
        ----------
        wanted:
            The file of each picture, by its place in the bundle.
        """
        if wanted:
            self._entries.begin_pictures()
        places = sorted(wanted)
        for place, path in zip(
            places, self._chosen.pictures.each_ahead([wanted[one] for one in places]), strict=True
        ):
            try:
                data = self._chosen.pictures.read(path)
            except StoreError as error:
                raise BundleError(
                    f"A picture cannot be read: {error.why}",
                    remedy="Write the bundle when the store answers; nothing was written",
                ) from None
            except OSError:
                continue
            if hashlib.sha256(data).hexdigest() in place:
                self._entries.put_picture(place, data)

    def _digest_of(self, path: str) -> str | None:
        """The sha256 of a picture file; None if it cannot be read."""
        if self._chosen.pictures.own(path) is None:
            return None
        try:
            return hashlib.sha256(self._chosen.pictures.read(path)).hexdigest()
        except OSError:
            return None

    def _manifest(self) -> dict[str, Any]:
        """What the file is, and what is in it."""
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "written_by": f"segflux_nb {__version__}",
            "service": self._chosen.log.service,
            "private": HOLDS,
            "runs": len(self._parameters),
            "costs": self._cost,
            "files": {
                name: {"bytes": size, "sha256": digest} for name, (size, digest) in self._entries.files.items()
            },
            "pictures": self._entries.pictures,
        }

    def _line(self, value: Mapping[str, Any]) -> bytes:
        line = as_json(value)
        self._check_key(line.decode())
        return line + b"\n"

    def _check_key(self, text: str) -> None:
        if self._scrubber.holds_key(text):
            raise BundleError(
                "A prompt, label, note or own column holds what looks like an API key, so no bundle was written",
                remedy="Remove the key, and revoke it at the service",
            )

    def _count_without(self, why: str, number: int) -> None:
        if number:
            self._without[why] = self._without.get(why, 0) + number


def _times(records: Iterable[RunRecord]) -> tuple[float, float]:
    """The first and the last time of these runs; the first year of zip files where there is none."""
    began, ended = [], [EARLIEST]
    for record in records:
        run = record.run
        times = [
            at for at in (run.submitted_at, run.accepted_at, run.detected_at, run.completed_at) if at is not None
        ]
        began.append(min(times, default=EARLIEST))
        ended.append(max(times, default=EARLIEST))
    known = [at for at in began if at > EARLIEST]
    return min(known, default=EARLIEST), max(ended)
