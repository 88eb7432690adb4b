"""A change of a run: what is written to the tables of runs, pictures, events and jobs, all in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson

from ..lifecycle import Disposition, State, disposition
from .columns import CHANGEABLE, COLUMNS
from .rows import LoggedRun
from .seam import AtOnce, Cursor, Statement

NEWS = "segflux"
"""The channel on which PostgreSQL tells which runs are not in flight any more."""


class Change:
    """New values of a run.

    Parameters
    ----------
    run:
        The run as it was read.
    to:
        Its new state.
    columns:
        New values of other columns. Those of its picture go to the table of pictures.
    now:
        The time, in seconds since 1970 UTC.
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
        self,
        run: LoggedRun,
        to: State,
        columns: Mapping[str, Any],
        now: float,
        traceback: str = "",
        more_urls: Sequence[str] = (),
    ) -> None:
        self._run = run
        self._to = to
        self._columns = columns
        self._now = now
        self._more_urls = more_urls
        self._statements = _statements(tuple(columns))
        self._event = {name: value for name, value in columns.items() if value is not None}
        if traceback:
            self._event["traceback"] = traceback
        if more_urls:
            self._event["more_urls"] = list(more_urls)

    def in_steps(self, cursor: Cursor) -> LoggedRun | None:
        """Write it: the run as it is then, or None if its state or its submit is not as it was read any more.

        Parameters
        ----------
        cursor:
            The transaction.
        """
        sql, columns, run = self._statements, self._columns, self._run
        values = [columns[name] for name in sql.of_run]
        cursor.execute(sql.update, (self._to, *values, run.service, run.digest, run.state, run.attempts))
        if not cursor.rowcount:
            return None
        if sql.of_picture:
            cursor.execute(sql.upsert, (run.service, run.digest, *[columns[name] for name in sql.of_picture]))
        if self._more_urls:
            cursor.executemany(
                "INSERT INTO pictures (service, digest, number, url) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (service, digest, number) DO UPDATE SET url = excluded.url",
                [(run.service, run.digest, number, url) for number, url in enumerate(self._more_urls, 1)],
            )
        append_event(cursor, run, self._to, self._event, self._now)
        return self._changed()

    def at_once(self, server_time: str) -> AtOnce:
        """The same as one statement, which changes all tables or none.

        Parameters
        ----------
        server_time:
            It needs no time of the server.
        """
        sql, columns, run = self._statements, self._columns, self._run
        data = orjson.dumps(self._event).decode()
        job = self._event.get("request_id")
        is_news = disposition(self._to) is not Disposition.IN_FLIGHT
        text = _as_one(tuple(columns), bool(self._more_urls), bool(job), is_news)
        event = (self._now, run.service, run.digest, run.state, self._to, data)
        return AtOnce(
            [
                Statement(
                    text,
                    (
                        *(self._to, *[columns[name] for name in sql.of_run]),
                        *(run.service, run.digest, run.state, run.attempts),
                        *[columns[name] for name in sql.of_picture],
                        *([list(self._more_urls)] if self._more_urls else ()),
                        *(self._now, run.state, self._to, data),
                        *((job,) if job else ()),
                        *((run.digest,) if is_news else ()),
                    ),
                )
            ],
            lambda row: None if row is None else self._changed(),
            identity=(*event[1:], run.attempts),
            made=Statement(
                "SELECT 1 FROM events WHERE at = ? AND service = ? AND digest = ? AND from_state = ?"
                " AND to_state = ? AND data = ?",
                event,
            ),
        )

    def _changed(self) -> LoggedRun:
        """The run as it is after the change."""
        columns = self._columns
        return self._run._replace(**{name: columns[name] for name in self._statements.of_logged_run}, state=self._to)


def append_event(cursor: Cursor, run: LoggedRun, to: State, data: Mapping[str, Any], now: float) -> None:
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


@cache
def _as_one(names: tuple[str, ...], has_more: bool, has_job: bool, is_news: bool) -> str:
    """A change of these columns as one statement of PostgreSQL.

    Parameters
    ----------
    names:
        The columns.
    has_more:
        Whether there are more pictures than the first.
    has_job:
        Whether there is a job to enter.
    is_news:
        Whether those who follow the run are told of it.
    """
    sql = _statements(names)
    in_table = {column.name: column.sql_name for column in COLUMNS}
    parts = [f"moved AS ({sql.update} RETURNING service, digest)"]
    if sql.of_picture:
        kept = [in_table[name] for name in sql.of_picture]
        parts.append(
            f"first AS (INSERT INTO pictures (service, digest, number, {', '.join(kept)})"  # noqa: S608 - see above
            f" SELECT service, digest, 0{', ?' * len(kept)} FROM moved ON CONFLICT (service, digest, number)"
            f" DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in kept)})"
        )
    if has_more:
        parts.append(
            "more AS (INSERT INTO pictures (service, digest, number, url) SELECT service, digest, found.number,"
            " found.url FROM moved, unnest(?::text[]) WITH ORDINALITY AS found (url, number)"
            " ON CONFLICT (service, digest, number) DO UPDATE SET url = excluded.url)"
        )
    parts.append(
        "event AS (INSERT INTO events (at, service, digest, from_state, to_state, data)"
        " SELECT ?, service, digest, ?, ?, ? FROM moved)"
    )
    if has_job:
        parts.append(
            "job AS (INSERT INTO jobs (service, request_id, digest) SELECT service, ?, digest FROM moved"
            " ON CONFLICT DO NOTHING)"
        )
    told = f"pg_notify('{NEWS}', ?)" if is_news else "1"
    return f"WITH {', '.join(parts)} SELECT {told} FROM moved"  # noqa: S608 - see above
