"""A table of the user's own columns, joined to the runs that its rows are about."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import RunError
from ..markup import count, shorten
from ..model import MODEL
from ..run import Run
from ..runlog.columns import LOG_COLUMNS
from ..selection import Selection
from ..sheets.frame_column import text_of
from ..sheets.frame_names import with_plain_names
from ..sweep.names import LABEL
from ..sweep.request import RUN_DIGITS
from ..sweep.wanted import as_logged
from ..values import as_python, is_encodable, is_missing, several, shown

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[Any, ...]

_LOCATED = ("image",)
"""Columns that depend on the current folder: they are not compared with those of a table."""


def joined(
    runs: Selection, table: pd.DataFrame, by: str | Sequence[str] | None, *, skip_unknown: bool
) -> dict[str, dict[str, Any]]:
    """The values of own columns, by digest and by the name of the column.

    Parameters
    ----------
    runs:
        The runs.
    table:
        The table, as the user gave it.
    by:
        The columns that tell which runs a row is about, as the user gave them.
    skip_unknown:
        Whether to leave out rows that are about none of these runs.

    Raises
    ------
    RunError
        As `Runs.annotate` says.
    """
    if not hasattr(table, "columns"):
        raise RunError(
            f"annotate takes a pandas frame, and got a {type(table).__name__}",
            remedy="Write runs.annotate(pandas.DataFrame(rows))",
        )
    frame, _ = with_plain_names(table)
    columns = {str(name): [as_python(value) for value in frame[name].tolist()] for name in frame.columns}
    known = {run.digest: run for run in runs}
    keys = _keys(columns, known.values(), by)
    own = _own(columns, known.values(), keys)
    targets = _targets(runs, columns, known, keys, list(map(text_of, frame.index)))
    unknown = [at for at, found in enumerate(targets) if not found]
    if unknown and not skip_unknown:
        row = ", ".join(f"{name} {text_of(columns[name][unknown[0]])}" for name in keys)
        some = f"{len(unknown):,} of {count(len(targets), 'row')}, the first of them {row},"
        raise RunError(
            f"The table's row {row} is about none of these runs"
            if len(targets) == 1
            else f"{some} {'is' if len(unknown) == 1 else 'are'} about none of these runs",
            remedy="Correct the table, or write skip_unknown=True to leave them out",
        )
    _check_agreement(runs, columns, targets, {*keys, *own})
    values: dict[str, dict[str, Any]] = {}
    for at, digests in enumerate(targets):
        kept = {name: _kept(name, columns[name][at]) for name in own if not is_missing(columns[name][at])}
        for digest in digests:
            values.setdefault(digest, {}).update(kept)
    return values


def _keys(columns: Mapping[str, Any], runs: Iterable[Run], by: str | Sequence[str] | None) -> list[str]:
    """The columns that tell which runs a row is about.

    Parameters
    ----------
    columns:
        The table.
    runs:
        The runs.
    by:
        What the user gave.
    """
    of_runs = dict.fromkeys(name for run in runs for name in (*run.parameters, *run.labels))
    possible = list(dict.fromkeys(["run", "take", *MODEL.parameters, *of_runs]))
    if by is not None:
        names = several(by)
        given: list[Any] = [by] if names is None else names
        wrong = [name for name in given if not isinstance(name, str) or name not in columns or name not in possible]
        if wrong or not given:
            raise RunError(
                f"by={shown(by)} is not possible",
                remedy=f"Name columns of the table among {', '.join(possible)}",
            )
        return given
    if "run" in columns:
        return ["run"]
    keys = [name for name in possible if name in columns]
    if not keys:
        raise RunError(
            "The table has no column that tells which runs its rows are about",
            remedy="Give a column run, with names from runs.df.run, or columns of parameters such as seed",
        )
    return keys


def _own(columns: Mapping[str, Any], runs: Iterable[Run], keys: Sequence[str]) -> list[str]:
    """The columns that are the user's own.

    Parameters
    ----------
    columns:
        The table.
    runs:
        The runs.
    keys:
        The columns to join by.
    """
    ours = {column.name for column in LOG_COLUMNS} | {name for run in runs for name in run.labels} | set(keys)
    own = [name for name in columns if name not in ours]
    if not own:
        raise RunError(
            "The table has no column of its own: all of them are columns of runs.log",
            remedy="Give a column with another name. runs.mark keeps stars, picks and notes",
        )
    return own


def _targets(
    runs: Selection,
    columns: Mapping[str, Sequence[Any]],
    known: Mapping[str, Run],
    keys: Sequence[str],
    names: Sequence[str],
) -> list[list[str]]:
    """The digests of the runs that each row is about.

    Parameters
    ----------
    runs:
        The runs.
    columns:
        The table.
    known:
        The runs, by digest.
    keys:
        The columns to join by.
    names:
        The names of the rows, for errors.
    """
    found: dict[Key, list[str]] = {}
    aliases: dict[str, dict[Any, Any]] = {}
    for digest, labels in runs.cells:
        run = known.get(digest)
        if run is None:
            continue
        values = {**run.parameters, "take": run.take, "run": run.digest[:RUN_DIGITS], **labels}
        if all(name in values for name in keys):
            key = tuple(values[name] for name in keys)
            if digest not in found.setdefault(key, []):
                found[key].append(digest)
        for name in keys:
            if f"{name}{LABEL}" in labels:
                aliases.setdefault(name, {})[labels[f"{name}{LABEL}"]] = values.get(name)
    first: dict[Key, str] = {}
    targets = []
    for at, row in enumerate(zip(*(columns[name] for name in keys), strict=True)):
        key = tuple(_key(name, value, aliases.get(name, {})) for name, value in zip(keys, row, strict=True))
        digests = found.get(key, [])
        if digests and key in first:
            raise RunError(
                f"Rows {first[key]} and {names[at]} of the table are about the same runs",
                remedy="Leave one of them, or join by more columns: by=[...]",
            )
        first[key] = names[at]
        targets.append(digests)
    return targets


def _key(name: str, value: Any, aliases: Mapping[Any, Any]) -> Any:
    """A value of a column to join by, as runs have it; labels stand for their values.

    Parameters
    ----------
    name:
        The column.
    value:
        What the table has.
    aliases:
        Values by label.
    """
    if name == "run":
        return value[:RUN_DIGITS] if isinstance(value, str) else None
    try:
        return aliases.get(value, as_logged(name, value))
    except TypeError:  # a value that has no hash
        return None


def _check_agreement(
    runs: Selection, columns: Mapping[str, Sequence[Any]], targets: Sequence[Sequence[str]], used: set[str]
) -> None:
    """Raise `RunError` where a column of ours says something else than the log.

    Parameters
    ----------
    runs:
        The runs.
    columns:
        The table.
    targets:
        The digests of the runs that each row is about.
    used:
        Columns that need no look: those to join by, and the user's own.
    """
    rest = [name for name in columns if name not in used and name not in _LOCATED]
    if not rest:
        return
    log = runs.log
    places = {digest: at for at, digest in enumerate(log["digest"])}
    for name in rest:
        if name not in log.columns:
            continue
        logged = log[name].tolist()
        for at, digests in enumerate(targets):
            said = columns[name][at]
            for digest in digests:
                if not is_missing(said) and not _agree(name, said, logged[places[digest]]):
                    raise RunError(
                        f"The table says {name} {shorten(text_of(said), 40)} of run {digest[:RUN_DIGITS]},"
                        f" and the log says {shorten(text_of(logged[places[digest]]), 40)}",
                        remedy=f"{name} is a column of runs.log: give yours another name, or leave it out."
                        " runs.mark changes stars, picks and notes",
                    )


def _agree(name: str, said: Any, logged: Any) -> bool:
    logged = as_python(logged)
    return bool(as_logged(name, said) == logged) or text_of(said) == text_of(logged)


def _kept(name: str, value: Any) -> Any:
    """A value as the log can keep it.

    Parameters
    ----------
    name:
        The column, for errors.
    value:
        A value that is not missing.
    """
    value = as_python(value)
    if isinstance(value, str) and is_encodable(value):
        return value
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime.date | datetime.datetime):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [None if is_missing(one) else _kept(name, one) for one in value]
    if isinstance(value, Mapping):
        return {str(own): None if is_missing(one) else _kept(name, one) for own, one in value.items()}
    if callable(getattr(value, "tolist", None)):
        return _kept(name, value.tolist())
    raise RunError(
        f"{name} holds {shorten(text_of(value), 60)}, a {type(value).__name__}, which the log cannot keep",
        remedy="Give text, numbers, true and false, or lists and mappings of them",
    )
