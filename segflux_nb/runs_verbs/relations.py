"""Which pictures a picture is compared with: the one at strength 0, the other seeds, and a reference."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..analysis.metrics import OF_ONE, VERSION
from ..lifecycle import State
from ..model import Value
from ..pictures.mounted import is_file
from ..runlog.metrics import MetricKey
from ..runlog.rows import LoggedRun
from ..selection import Selection
from ..sweep.request import Request

MOST_SEEDS = 32
"""The spread of a picture is taken over groups of at most about this number of seeds."""

STRENGTH, SEED, HARDWARE = "lora_strength", "seed", "hardware"


@dataclass(frozen=True)
class Subject:
    """A run whose picture is measured.

    Attributes
    ----------
    run:
        The run, as the log has it.
    path:
        The picture's file.
    sha256:
        The digest of its bytes.
    """

    run: LoggedRun
    path: str
    sha256: str


def subjects_of(runs: Selection, logged: Iterable[LoggedRun]) -> dict[str, Subject]:
    """Those of these runs of the log that have a picture file, by digest.

    Parameters
    ----------
    runs:
        The selection, for its folder.
    logged:
        The runs.
    """
    found = {}
    for run in logged:
        own = runs.source.pictures.own(run.picture) if run.state is State.COMPLETED else None
        if own is not None and run.sha256 and is_file(runs.source.folder / own):
            found[run.digest] = Subject(run, str(runs.source.folder / own), run.sha256)
    return found


def relative(run: LoggedRun, values: Mapping[str, Value]) -> str:
    """The digest of the same request with other values of some parameters.

    Parameters
    ----------
    run:
        The run.
    values:
        The values, by parameter.
    """
    return Request({**run.parameters, **values}, run.take).digest


class Related:
    """The pictures that a picture is compared with.

    Parameters
    ----------
    runs:
        The selection.
    subjects:
        Its pictures, by digest.
    relative_to:
        The values of the reference of ``difference``.
    """

    def __init__(self, runs: Selection, subjects: Mapping[str, Subject], relative_to: Mapping[str, Value]) -> None:
        self._subjects = dict(subjects)
        bases = {digest: relative(one.run, {STRENGTH: 0.0}) for digest, one in subjects.items()}
        references = (
            {digest: relative(one.run, relative_to) for digest, one in subjects.items()} if relative_to else {}
        )
        # They count wherever the log has them: the user need not select them.
        others = {*bases.values(), *references.values()} - subjects.keys()
        beside = subjects_of(runs, runs.source.log.runs.read(others).values()) if others else {}
        known = {**beside, **subjects}
        self._bases = {digest: known[base] for digest, base in bases.items() if base in known}
        self._bases |= {base.run.digest: base for base in self._bases.values()}
        self._references = {digest: known[one] for digest, one in references.items() if one in known}
        self._groups = _groups(subjects.values())
        base_groups = _groups([one for digest, one in beside.items() if digest in self._bases])
        self._group_of = {one.run.digest: group for group in [*self._groups, *base_groups] for one in group}

    def groups(self) -> Iterator[list[Subject]]:
        """The pictures that differ in the seed alone, group by group.

        Groups of the same seeds that differ in the strength alone stand beside each other, strength 0 first: so what
        a picture is compared with was decoded a moment ago.
        """
        return iter(self._groups)

    def group(self, subject: Subject) -> list[Subject]:
        """The pictures that differ from this one in the seed alone, and itself."""
        return self._group_of.get(subject.run.digest, [subject])

    def base(self, subject: Subject) -> Subject | None:
        """The picture at strength 0."""
        return self._bases.get(subject.run.digest)

    def reference(self, subject: Subject) -> Subject | None:
        """What ``difference`` compares with."""
        return self._references.get(subject.run.digest)

    def needed(self, subject: Subject) -> list[Subject]:
        """All pictures that numbers of this one need."""
        base = self.base(subject)
        others = [base, self.reference(subject), *(self.group(base) if base is not None else ())]
        return [one for one in others if one is not None]

    def key(self, name: str, subject: Subject) -> MetricKey | None:
        """What a number of a picture is about; None where there is nothing to compare it with.

        Parameters
        ----------
        name:
            The metric.
        subject:
            The picture.
        """
        base, group = self.base(subject), self.group(subject)
        if name in OF_ONE:
            return MetricKey(subject.sha256, name, VERSION)
        if name in ("drift", "drift_peak"):
            return None if base is None else MetricKey(subject.sha256, name, VERSION, base.sha256)
        if name == "difference":
            reference = self.reference(subject)
            return None if reference is None else MetricKey(subject.sha256, name, VERSION, reference.sha256)
        if len(group) < 2:
            return None
        if name == "spread":
            return MetricKey(subject.sha256, name, VERSION, _digest(one.sha256 for one in group))
        if base is None or len(self.group(base)) < 2:
            return None
        against = _digest(
            ["overcooking", *(one.sha256 for one in group), base.sha256, *(one.sha256 for one in self.group(base))]
        )
        return MetricKey(subject.sha256, name, VERSION, against)


def _groups(subjects: Iterable[Subject]) -> list[list[Subject]]:
    """Pictures that differ in the seed alone; a group of many seeds is divided into groups of a few."""
    by_rest: dict[tuple[Any, ...], dict[Value, Subject]] = {}
    for subject in subjects:
        run = subject.run
        rest = tuple(value for name, value in run.parameters.items() if name not in (SEED, HARDWARE))
        by_rest.setdefault((*rest, run.take), {}).setdefault(run.parameters[SEED], subject)
    found = []
    for group in by_rest.values():
        members = [group[seed] for seed in sorted(group, key=float)]
        parts = -(-len(members) // MOST_SEEDS)
        found += [
            (part, members[len(members) * part // parts : len(members) * (part + 1) // parts])
            for part in range(parts)
        ]
    return [members for _, members in sorted(found, key=_order)]


def _order(group: tuple[int, list[Subject]]) -> tuple[str, int, bool, float]:
    """Where a group of some seeds stands; see `Related.groups`."""
    part, members = group
    parameters = members[0].run.parameters
    strength = float(parameters[STRENGTH])
    rest = {name: value for name, value in parameters.items() if name not in (STRENGTH, SEED)}
    return repr(sorted(rest.items())), part, strength != 0, strength


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
