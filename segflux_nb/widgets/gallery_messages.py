"""What a gallery's Python and JavaScript tell each other.

`static/gallery/messages.js` has the same types for the other side; `tests/widgets/test_gallery_messages.py` holds the
two to each other.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class Coded(TypedDict):
    """A column: each distinct value once, and for each row the place of its value among them.

    The places stand in the trait ``codes``, from the byte ``at`` on, as unsigned integers of ``bytes`` bytes (the
    lowest byte first). With 0 bytes all rows have the first value; with -1 the place is the row's own number.
    """

    name: str
    values: list[str]
    raw: NotRequired[list[Any]]  # the values themselves, where the labels do not give them
    missing: int  # the place of the missing value; -1 where there is none
    kind: Literal["number", "text", "truth"]
    axis: bool
    lays_out: bool  # whether runs can be laid out by it
    at: int
    bytes: int


class Selected(TypedDict):
    """How Python selects a row: ``runs.one(...)`` with these columns, or a row of a frame by label or place."""

    by: Literal["one", "loc", "iloc"]
    names: list[str]
    labels: list[Any]  # of the rows; empty where they are the numbers from 0 on


class Table(TypedDict):
    """All rows of a gallery. What only few rows have is given by the number of the row."""

    number: int
    names: list[str] | str  # a text has a space between two; empty where a row's name is its number
    columns: list[Coded]
    widths: Coded  # of the pictures, in pixels
    troubles: dict[str, list[str]]  # status and reason of each row that is not completed
    more: dict[str, list[int]]  # the numbers of the further pictures of its output
    plus: dict[str, str]  # what stands beside the first of several pictures
    select: Selected
    parameters: list[str]  # the columns that make a request; empty for other frames
    later: list[str]  # the names of further columns, which are sent when they are asked for


class Marks(TypedDict):
    """What one rater says, by the number of the row."""

    stars: dict[str, int]
    pick: dict[str, bool]
    note: dict[str, str]


class Mark(TypedDict, total=False):
    """A change of a mark: what is None is taken away, what is left out stays."""

    stars: int | None
    pick: bool | None
    note: str | None


class Change(TypedDict):
    """One mark for some rows."""

    at: list[int]
    mark: Mark


class View(TypedDict, total=False):
    """How the rows are laid out, and which are shown; names of columns are empty for none."""

    cols: str
    rows: str
    by: str
    sort: str
    down: bool  # sorted downwards
    stars: str
    flag: str
    hidden: dict[str, list[str]]  # labels that are not shown, by column
    held: dict[str, str]  # the one label that is shown, by column
    ranges: dict[str, list[float | None]]  # lowest and highest number that is shown, by column
    search: str
    cell: list[int]  # the rows of the cell that is stepped into
    size: int
    fit: bool


class FormField(TypedDict):
    """A parameter that can be changed to run a picture again."""

    name: str
    kind: Literal["text", "integer", "number", "choice"]
    allowed: str
    choices: list[str]


# ---------------------------------------------------------------- from the page


class AskMark(TypedDict):
    """Keep marks, in one step."""

    kind: Literal["mark"]
    id: int
    changes: list[Change]


class AskRater(TypedDict):
    """Somebody else rates."""

    kind: Literal["rater"]
    name: str


class AskDifference(TypedDict):
    """The mean difference of two pictures."""

    kind: Literal["difference"]
    pair: list[int]


class AskColumns(TypedDict):
    """The columns of `Table.later`."""

    kind: Literal["columns"]


class AskPrice(TypedDict):
    """What a row's picture with other parameters costs."""

    kind: Literal["price"]
    id: int
    at: int
    fields: dict[str, str]


class AskRun(TypedDict):
    """Run what was offered for a price."""

    kind: Literal["run"]
    offer: int


class AskSave(TypedDict):
    """Rows as a file, in their order."""

    kind: Literal["save"]
    form: Literal["sheet", "html"]
    rows: list[int]


# ---------------------------------------------------------------- to the page


class TellMarks(TypedDict):
    """Marks were kept."""

    kind: Literal["marked"]
    id: int
    rater: str
    changes: list[Change]


class TellError(TypedDict):
    """What was asked was not done."""

    kind: Literal["error"]
    text: str
    id: NotRequired[int]


class TellColumns(TypedDict):
    """The further columns; their places are in the buffer."""

    kind: Literal["columns"]
    columns: list[Coded]


class TellPrice(TypedDict):
    """An offer, or what is wrong with the fields."""

    kind: Literal["price"]
    id: int
    text: str
    offer: NotRequired[int]  # left out where nothing can be run
    button: NotRequired[str]
    field: NotRequired[str]  # the one that is wrong
    fields: NotRequired[dict[str, str]]  # what the fields hold at first


class TellRun(TypedDict):
    """How a run goes on: once when it has started, once when it has ended."""

    kind: Literal["run"]
    state: Literal["started", "ended"]
    text: str
    rows: NotRequired[list[int]]  # the new rows


class TellFile(TypedDict):
    """A file to keep; its bytes are in the buffer."""

    kind: Literal["file"]
    name: str
    mime: str
