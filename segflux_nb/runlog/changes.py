"""A change of a run: what is written to the tables of runs, pictures, events and jobs, all in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson

from ..lifecycle import State
from .columns import CHANGEABLE, COLUMNS
from .rows import LoggedRun


class Change:
    """New values of a run.

    Parameters
    ----------
    to:
        Its new state.
    columns:
        New values of other columns. Those of its picture go to the table of pictures.
    traceback:
        Where an error that nothing foresees came from; it is kept with the event. Empty for none.
    more_urls:
        Where the service has more pictures of the same output, beside the first.

    Raises
    ------
    ValueError
        If a column cannot be changed.
    """

    def __init__(
        self, to: State, columns: Mapping[str, Any], traceback: str = "", more_urls: Sequence[str] = ()
    ) -> None:
        self._to = to
        self._columns = columns
        self._more_urls = more_urls
        self._statements = _statements(tuple(columns))
        self._event = {name: value for name, value in columns.items() if value is not None}
        if traceback:
            self._event["traceback"] = traceback
        if more_urls:
            self._event["more_urls"] = list(more_urls)

    def write(self, cursor: sqlite3.Cursor, run: LoggedRun, now: float) -> LoggedRun | None:
        """Write it: the run as it is then, or None if its state or its submit is not that of `run` any more.

        Parameters
        ----------
        cursor:
            The transaction.
        run:
            The run as it was read.
        now:
            The time, in seconds since 1970 UTC.
        """
        sql, columns = self._statements, self._columns
        values = [columns[name] for name in sql.of_run]
        cursor.execute(sql.update, (self._to, *values, run.service, run.digest, run.state, run.attempts))
        if not cursor.rowcount:
            return None
        if sql.of_picture:
            cursor.execute(sql.upsert, (run.service, run.digest, *[columns[name] for name in sql.of_picture]))
        cursor.executemany(
            "INSERT INTO pictures (service, digest, number, url) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (service, digest, number) DO UPDATE SET url = excluded.url",
            [(run.service, run.digest, number, url) for number, url in enumerate(self._more_urls, 1)],
        )
        append_event(cursor, run, self._to, self._event, now)
        return run._replace(**{name: columns[name] for name in sql.of_logged_run}, state=self._to)


def append_event(cursor: sqlite3.Cursor, run: LoggedRun, to: State, data: Mapping[str, Any], now: float) -> None:
    """Append an event, and enter the job that it names.

    Parameters
    ----------
    cursor:
        The transaction.
    run:
        The run before.
    to:
        Its state afterwards.
    data:
        The columns that changed.
    now:
        The time, in seconds since 1970 UTC.
    """
    cursor.execute(
        "INSERT INTO events (at, service, digest, from_state, to_state, data) VALUES (?, ?, ?, ?, ?, ?)",
        (now, run.service, run.digest, run.state, to, orjson.dumps(data).decode()),
    )
    if data.get("request_id"):
        cursor.execute(
            "INSERT INTO jobs (service, request_id, digest) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (run.service, data["request_id"], run.digest),
        )


class _Statements(NamedTuple):
    """The SQL that writes some columns of a run, and which of them go where.

    Attributes
    ----------
    update:
        Changes the run, if its state is as expected.
    of_run:
        The columns that it sets, after the state.
    upsert:
        Enters or changes the run's first picture.
    of_picture:
        The columns that it sets; if there are none, it is not needed.
    of_logged_run:
        The columns that `LoggedRun` has.
    """

    update: str
    of_run: tuple[str, ...]
    upsert: str
    of_picture: tuple[str, ...]
    of_logged_run: tuple[str, ...]


@cache
def _statements(names: tuple[str, ...]) -> _Statements:
    if unknown := set(names) - CHANGEABLE:
        raise ValueError(f"these columns of a run cannot be changed: {sorted(unknown)}")
    tables = {column.name: column.table for column in COLUMNS}
    in_table = {column.name: column.sql_name for column in COLUMNS}
    of_run = tuple(name for name in names if tables[name] == "runs")
    of_picture = tuple(name for name in names if tables[name] == "pictures")
    assigned = "".join(f", {in_table[name]} = ?" for name in of_run)
    kept = "".join(f", {in_table[name]}" for name in of_picture)
    replaced = ", ".join(f"{in_table[name]} = excluded.{in_table[name]}" for name in of_picture)
    # The names are those of the table of columns, as was checked; the values are bound.
    return _Statements(
        f"UPDATE runs SET state = ?{assigned} WHERE service = ? AND digest = ? AND state = ?"  # noqa: S608 - see above
        " AND attempts = ?",
        of_run,
        f"INSERT INTO pictures (service, digest, number{kept})"  # noqa: S608 - see above
        f" VALUES (?, ?, 0{', ?' * len(of_picture)})"
        f" ON CONFLICT (service, digest, number) DO UPDATE SET {replaced}",
        of_picture,
        tuple(name for name in names if name in LoggedRun._fields),
    )
