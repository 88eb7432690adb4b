"""Which cells have the values that a user asks for. It reads the log by column: no run is made to be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from .markup import plain
from .model import MODEL
from .run import FACTS
from .runlog.picture_files import with_files
from .running.in_hands import with_states_as_seen
from .source import Cell, Source
from .sweep.names import LABEL
from .sweep.request import RUN_DIGITS
from .sweep.wanted import as_logged, is_label, wanted_values
from .values import as_python, is_same

_ABSENT: Final = object()
"""In place of the value of a run that has none of that name."""


class CellValues:
    """The values of the cells that the log has, by the names that `Runs.where` knows.

    Parameters
    ----------
    source:
        The log.
    cells:
        The cells.
    names:
        What will be asked for.

    Attributes
    ----------
    cells:
        Those of the cells that the log has.
    """

    def __init__(self, source: Source, cells: Sequence[Cell], names: Iterable[str]) -> None:
        names = list(names)
        wanted = [name for name in names if name in MODEL.parameters]
        if set(names) - {*wanted, *FACTS, "run"} and not source.log.runs.models() <= {MODEL.slug}:
            wanted.append("parameters")  # parameters of other models
        facts = any(name in (*FACTS, "run") for name in names)
        more = ["take", "state", "picture", "error", "error_kind", "service", "model"] if facts else []
        table = source.log.runs.table([digest for digest, _ in cells], [*wanted, *more])
        if facts:
            table, _ = with_states_as_seen(source.log, table)
            table = with_files(table, source.pictures)
            table |= {
                "status": table["state"],
                "error": [plain(error) for error in table["error"]],
                "run": [digest[:RUN_DIGITS] for digest in table["digest"]],
            }
        places = {digest: place for place, digest in enumerate(table["digest"])}
        self.cells = [cell for cell in cells if cell[0] in places]
        self._places = [places[digest] for digest, _ in self.cells]
        self._table = {name: table[name] for name in (*wanted, *((*FACTS, "run") if facts else ()))}
        self._values: dict[str, list[Any]] = {}

    def has(self, name: str) -> bool:
        """Whether any of the cells has a value of this name."""
        return any(value is not _ABSENT for value in self._of(name))

    def are(self, name: str, given: Any) -> list[bool]:
        """Whether each cell has one of several values, or the label of a value is one of them.

        Parameters
        ----------
        name:
            The name of a parameter, label, placeholder or fact.
        given:
            What the user gave: one value, several, or a text range.
        """
        wanted = [(as_logged(name, one), as_python(one)) for one in wanted_values(name, given)]
        known: dict[Any, bool] = {}  # axes have few values, and cells are many

        def is_wanted(value: Any, label: Any) -> bool:
            return value is not _ABSENT and any(
                is_same(value, logged) or is_label(label, python) for logged, python in wanted
            )

        found = []
        for value, (_, labels) in zip(self._of(name), self.cells, strict=True):
            key = value, labels.get(f"{name}{LABEL}")
            try:
                answer = known.get(key)
                if answer is None:
                    answer = known[key] = is_wanted(*key)
            except TypeError:  # a log from somebody else may say anything: this value has no hash
                answer = is_wanted(*key)
            found.append(answer)
        return found

    def _of(self, name: str) -> list[Any]:
        """The value of each cell."""
        if name not in self._values:
            column, places = self._table.get(name), self._places
            if column is None and "parameters" in self._table:
                column = [own.get(name, _ABSENT) for own in self._table["parameters"]]
            if name in MODEL.parameters and column is not None:
                self._values[name] = [column[place] for place in places]
            else:
                facts = [_ABSENT] * len(places) if column is None else [column[place] for place in places]
                both = zip(self.cells, facts, strict=True)
                self._values[name] = [labels.get(name, fact) for (_, labels), fact in both]
        return self._values[name]
