"""Which cells have the values that a user asks for. It reads the log by column: no run is made to be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from .markup import plain
from .run import FACTS, as_logged, wanted_values
from .runlog.picture_files import with_files
from .running.in_hands import with_states_as_seen
from .source import Cell, Source
from .sweep.request import RUN_DIGITS
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
        facts = any(name in (*FACTS, "run") for name in names)
        more = ["take", "state", "picture", "error", "error_kind", "service"] if facts else []
        table = source.log.runs.table([digest for digest, _ in cells], ["parameters", *more])
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
        self._table = table

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
                is_same(value, logged) or (label is not None and is_same(label, python)) for logged, python in wanted
            )

        found = []
        for value, (_, labels) in zip(self._of(name), self.cells, strict=True):
            key = value, labels.get(f"{name}_label")
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
        parameters = self._table["parameters"]
        facts = self._table.get(name) if name in FACTS or name == "run" else None
        found = []
        for place, (_, labels) in zip(self._places, self.cells, strict=True):
            own = parameters[place]
            if name in own:
                found.append(own[name])
            elif name in labels:
                found.append(labels[name])
            else:
                found.append(_ABSENT if facts is None else facts[place])
        return found
