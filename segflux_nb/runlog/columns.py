"""The one table of columns: what the log keeps of a run, and what frames and their documentation say about it.

Everything that needs to know the columns derives it from `COLUMNS`: the tables of the log (`schema`), what a change
of state may write (`RunLog.move`), the frames `Runs.df` and `Runs.log`, ``docs/frame.md``, and what a sheet takes for
an axis. To add a column, add one `Column` here, with `since` one higher than today's version of the log: existing
logs get it when they are opened.

This module is data: it imports neither pandas nor SQLite.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ..lifecycle import State
from ..model import MODEL

Type = Literal["text", "integer", "number", "boolean", "moment"]
"""A moment is kept as seconds since 1970 in UTC."""

Table = Literal["runs", "pictures", "marks"]


class Role(StrEnum):
    """What a column is to a run."""

    IDENTITY = "identity"
    """Which run it is. It never changes."""

    PARAMETER = "parameter"
    """What was asked for: it can be an axis."""

    RESULT = "result"
    """What it has led to: a picture, an error, a cost."""

    TIME = "time"
    """When something happened, or how long it took."""

    MARK = "mark"
    """What a person says about it."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    name:
        Its name in Python, and in the frame if it is shown.
    type:
        The type of its values.
    meaning:
        What it says, in one sentence.
    role:
        What it is to a run.
    frame:
        The frame that shows it: ``df`` for `Runs.df` and `Runs.log`, ``log`` for `Runs.log` alone, None for neither.
    table:
        The table of the log that keeps it; None for a column that is made from another one.
    stored:
        Its name in that table, if it is another one.
    source:
        The name of the column that it is made from, if it is not kept itself.
    constraint:
        SQL that follows its type. A column that is added later must allow NULL or have a default.
    since:
        The version of the log that has it first.
    stable:
        Whether request and picture, or the user, decide it: it is the same on every machine.
    """

    name: str
    type: Type
    meaning: str
    role: Role
    frame: Literal["df", "log"] | None = None
    table: Table | None = "runs"
    stored: str = ""
    source: str = ""
    constraint: str = ""
    since: int = 1
    stable: bool = True

    @property
    def sql_name(self) -> str:
        """Its name in the table that keeps it."""
        return self.stored or self.name


_STATES = ", ".join(f"'{state.value}'" for state in State)
_TYPES: dict[str, Type] = {"text": "text", "choice": "text", "integer": "integer", "number": "number"}

_IDENTITY = (
    Column(
        "run",
        "text",
        "The run: the first 12 characters of its digest.",
        Role.IDENTITY,
        frame="df",
        table=None,
        source="digest",
    ),
    Column(
        "service",
        "text",
        "The service that made it: segmind, simulator, or an origin.",
        Role.IDENTITY,
        frame="df",
        constraint="NOT NULL",
    ),
    Column(
        "status",
        "text",
        "Its status: completed, or why there is no picture.",
        Role.RESULT,
        frame="df",
        table=None,
        source="state",
    ),
    Column(
        "take",
        "integer",
        "0, or the number of a repetition that was paid for on purpose.",
        Role.IDENTITY,
        frame="df",
        constraint="NOT NULL",
    ),
    Column("digest", "text", "The request's identity.", Role.IDENTITY, frame="log", constraint="NOT NULL"),
    Column(
        "model",
        "text",
        "The slug of the model.",
        Role.IDENTITY,
        constraint=f"NOT NULL DEFAULT '{MODEL.slug}'",
        since=9,
    ),
    Column("first_digest", "text", "The digest of take 0 of the same request.", Role.IDENTITY, constraint="NOT NULL"),
)
_PARAMETERS = (
    Column("parameters", "text", "All parameters in JSON, by name or path.", Role.PARAMETER, constraint="NOT NULL"),
    *(
        Column(
            name,
            _TYPES[field.kind],
            field.meaning,
            Role.PARAMETER,
            frame="df",
            table=None,
            source="parameters",
        )
        for name, field in MODEL.parameters.items()
    ),
)
_PICTURE = (
    Column("picture_url", "text", "Where the service has the picture.", Role.RESULT, table="pictures", stored="url"),
    Column(
        "picture",
        "text",
        "The picture's file, relative to the workspace.",
        Role.RESULT,
        table="pictures",
        stored="path",
    ),
    Column(
        "image",
        "text",
        "The picture's file, as reached from the current folder.",
        Role.RESULT,
        frame="df",
        table=None,
        source="picture",
    ),
    Column("width", "integer", "Pixels.", Role.RESULT, frame="df", table="pictures"),
    Column("height", "integer", "Pixels.", Role.RESULT, frame="df", table="pictures"),
    Column(
        "picture_count",
        "integer",
        "How many pictures its output has, those not served yet included; 0 while none is known.",
        Role.RESULT,
        frame="df",
        table=None,
        source="picture",
    ),
    Column(
        "more_images",
        "text",
        "The files of its other pictures that are on disk, one a line, as reached from the current folder.",
        Role.RESULT,
        frame="df",
        table=None,
        source="picture",
    ),
    Column(
        "simulator_version",
        "integer",
        "The version of the simulator that painted it; empty for other services.",
        Role.RESULT,
        frame="df",
        since=6,
    ),
)
_MARKS = (
    Column(
        "stars",
        "integer",
        "Your rating, 0 to 5.",
        Role.MARK,
        frame="df",
        table="marks",
        constraint="CHECK (stars BETWEEN 0 AND 5)",
    ),
    Column(
        "pick",
        "boolean",
        "Whether you picked it, or rejected it.",
        Role.MARK,
        frame="df",
        table="marks",
        constraint="CHECK (pick IN (0, 1))",
    ),
    Column("note", "text", "Your note.", Role.MARK, frame="df", table="marks"),
)
_RESULT = (
    Column("state", "text", "Its state.", Role.RESULT, constraint=f"NOT NULL CHECK (state IN ({_STATES}))"),
    Column(
        "error_kind",
        "text",
        "What kind of failure, or empty.",
        Role.RESULT,
        frame="df",
        constraint="NOT NULL DEFAULT ''",
    ),
    Column(
        "error",
        "text",
        "What went wrong, in words, or empty.",
        Role.RESULT,
        frame="df",
        constraint="NOT NULL DEFAULT ''",
    ),
    Column("sha256", "text", "The digest of the picture's bytes.", Role.RESULT, frame="log", table="pictures"),
    Column("bytes", "integer", "The picture's size.", Role.RESULT, frame="log", table="pictures", stored="size"),
    Column("owner", "text", "The process that works on it.", Role.RESULT, stable=False),
    Column(
        "account",
        "text",
        "Whose job it is: a digest of the API key, with the log's own salt.",
        Role.RESULT,
        since=6,
        stable=False,
    ),
    Column("request_id", "text", "The service's id of the job.", Role.RESULT, frame="log", stable=False),
    Column("status_url", "text", "Where to ask for its status.", Role.RESULT, stable=False),
    Column("response_url", "text", "Where to ask for its result.", Role.RESULT, stable=False),
    Column(
        "attempts",
        "integer",
        "Submits made for it, most of which were not accepted.",
        Role.RESULT,
        frame="log",
        constraint="NOT NULL DEFAULT 0",
        stable=False,
    ),
    Column("polls", "integer", "Times it was asked for.", Role.RESULT, frame="log", stable=False),
    Column(
        "cost_usd",
        "number",
        "What the service says it cost, in US dollars.",
        Role.RESULT,
        frame="log",
        stable=False,
    ),
)
_TIMES = (
    Column("queue_seconds", "number", "Seconds in the service's queue.", Role.TIME, frame="log", stable=False),
    Column("render_seconds", "number", "Seconds of inference.", Role.TIME, frame="log", stable=False),
    *(
        Column(name, "moment", meaning, Role.TIME, frame="log", stable=False)
        for name, meaning in (
            ("submitted_at", "When the intent to submit was written, in UTC."),
            ("accepted_at", "When the service accepted it, in UTC."),
            ("detected_at", "When its completion was seen, in UTC."),
            ("completed_at", "When its picture was on disk, in UTC."),
        )
    ),
)

COLUMNS: tuple[Column, ...] = (*_IDENTITY, *_PARAMETERS, *_PICTURE, *_MARKS, *_RESULT, *_TIMES)
"""All columns, in the order of the frames: those of `Runs.df` first, then those that `Runs.log` adds."""

DF_COLUMNS = tuple(column for column in COLUMNS if column.frame == "df")
"""The columns of `Runs.df`; the placeholders and labels of the sweep stand before ``image``."""

LOG_COLUMNS = (*DF_COLUMNS, *(column for column in COLUMNS if column.frame == "log"))
"""The columns of `Runs.log`."""


def columns_of(table: Table) -> tuple[Column, ...]:
    """The columns that a table of the log keeps."""
    return tuple(column for column in COLUMNS if column.table == table)


CHANGEABLE = frozenset(
    column.name
    for column in COLUMNS
    if column.table in ("runs", "pictures") and column.role in (Role.RESULT, Role.TIME) and column.name != "state"
)
"""The columns that a change of state may write: results and times. The state itself is given apart."""

NEVER_AXES = frozenset(
    column.name
    for column in COLUMNS
    if column.frame is not None and column.role is not Role.PARAMETER and column.name != "take"
)
"""Columns of frames that vary without being axes: all but parameters and the take."""
