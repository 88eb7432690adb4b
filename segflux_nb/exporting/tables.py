"""Frames as text files."""

from __future__ import annotations

import enum
import json
import math
import numbers
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import SegfluxError
from ..installing import how_to_install
from ..values import as_python, is_missing

_LINE_END = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
"""Ends of lines that some readers take for the end of a row, even between quotes. They become ``\\n``."""

_CELL_BEGINS = "^|[,;|:^~\t\n]"
"""Where a cell may begin: also within a text, for a spreadsheet that takes another separator than the comma."""

_IGNORED = "[\\s\ufeff\u200b\u2060'\"]{0,500}"
"""What a spreadsheet may leave out at the beginning of a cell."""

_FORMULA = "[-=+@＝＋－＠﹢﹣﹦﹫−]"
"""How a formula begins in spreadsheets. Some accept the wide and the small forms too."""

_ACTIVE = re.compile(f"({_CELL_BEGINS})(?={_IGNORED}{_FORMULA})|( )(?=['\"]*{_FORMULA}[^\\s])|^(?=[\t\n])")
"""The places before formulas. A single sign between two spaces does not count, also where a space separates cells."""

_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")
"""Where an object is in memory, in its text: another place on each execution."""


def to_csv(frame: pd.DataFrame) -> str:
    """The frame as CSV text. No value or header can act as a formula in a spreadsheet, or begin a new row there.

    A quotation mark is written before what begins like a formula, also where another separator than the comma would
    begin a cell. Ends of lines of all kinds become ``\\n``. What is neither number nor text is written as text.
    """
    columns = [frame.iloc[:, at] for at in range(frame.shape[1])]
    inert = {
        at: column if pd.api.types.is_numeric_dtype(column.dtype) else _objects(map(_inert, column), column.index)
        for at, column in enumerate(columns)
    }
    safe = pd.DataFrame(inert, index=frame.index)
    safe.columns = [_inert(name) for name in frame.columns]
    return safe.to_csv(index=False, lineterminator="\n")


def to_jsonl(frame: pd.DataFrame) -> str:
    """The frame as one JSON object per line. Missing values are null; so are infinities, which JSON does not have."""
    names = unique_names(frame)
    columns = [frame.iloc[:, at].tolist() for at in range(frame.shape[1])]
    return "".join(
        json.dumps(dict(zip(names, map(_as_json, row), strict=True)), ensure_ascii=False, allow_nan=False) + "\n"
        for row in (zip(*columns, strict=True) if columns else [() for _ in range(len(frame))])
    )


def to_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write the frame as a Parquet file. Columns that Parquet cannot hold, such as mixed ones, are written as text.

    Parameters
    ----------
    frame:
        The frame.
    path:
        The file; it is replaced.

    Raises
    ------
    SegfluxError
        Where pyarrow is not installed.
    """
    table = frame.set_axis([_encodable(name) for name in unique_names(frame)], axis="columns")
    try:
        if not _fits_parquet(table, path):
            for name in [name for name in table if not _fits_parquet(table[[name]], path)]:
                texts = (None if is_missing(value) else _encodable(_text(value)) for value in table[name])
                table[name] = _objects(texts, table.index)
            table.to_parquet(path, index=False)
    except ImportError:
        raise SegfluxError(
            "Parquet needs pyarrow, which is not installed", remedy=how_to_install("parquet")
        ) from None


def _encodable(text: str) -> str:
    """The text with the escape of a half of a surrogate pair, which UTF-8 does not have."""
    return text.encode("utf-8", "backslashreplace").decode()


def _fits_parquet(table: pd.DataFrame, path: Path) -> bool:
    """Whether columns can be written as a Parquet file, which is then there.

    Parameters
    ----------
    table:
        The columns.
    path:
        The file.
    """
    try:
        table.to_parquet(path, index=False)
    except (ImportError, OSError):
        raise
    except Exception:  # noqa: BLE001 - pyarrow raises errors of many kinds for values that it cannot hold
        return False
    return True


def _objects(values: Iterable[Any], index: pd.Index[Any]) -> pd.Series[Any]:
    """A column of values as they are: pandas would make numbers of other types out of some of them."""
    return pd.Series(list(values), index=index, dtype=object)


def unique_names(frame: pd.DataFrame) -> list[str]:
    """The names of the columns as texts, each of them once: a number is added to one that comes again."""
    names: list[str] = []
    taken = set(map(str, frame.columns))
    for name in map(str, frame.columns):
        number, unique = 2, name
        while unique in names or (unique != name and unique in taken):
            number, unique = number + 1, f"{name}_{number}"
        names.append(unique)
    return names


def _inert(value: Any) -> Any:
    """A value as a cell of a CSV file: a number, nothing, or a text that is no formula."""
    if is_missing(value):
        return None
    plain = as_python(value)
    if isinstance(plain, numbers.Number):
        return plain
    return _ACTIVE.sub(lambda found: f"{found[0]}'", _LINE_END.sub("\n", _text(plain)))


def _text(value: Any) -> str:
    """The text of a value. A member of an enumeration is its value, if that is text, and else its name."""
    plain = as_python(value)
    if isinstance(plain, enum.Enum):
        return as_python(plain.value) if isinstance(plain.value, str) else plain.name
    try:
        text = str(plain)
    except Exception as error:  # noqa: BLE001 - the text of an object runs its own code, which may raise anything
        return f"{type(plain).__name__} without a text ({type(error).__name__})"
    return _ADDRESS.sub("", text)


def _as_json(value: Any) -> Any:
    """A value as JSON has it. What JSON does not have is its text."""
    plain = as_python(value)
    if plain is None or isinstance(plain, str | bool | int):
        return plain
    if isinstance(plain, float | np.floating):  # numpy's longest one is no float of Python
        return float(plain) if math.isfinite(plain) else None
    if isinstance(plain, Mapping):
        return {_text(name): _as_json(inner) for name, inner in plain.items()}
    if isinstance(plain, list | tuple | set | frozenset):
        return [_as_json(inner) for inner in plain]
    if hasattr(plain, "tolist"):  # numpy's arrays
        return _as_json(plain.tolist())
    return _text(plain)
