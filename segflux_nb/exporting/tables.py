"""Frames as text files."""

from __future__ import annotations

import json
import numbers
import re
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import SegfluxError

_LINE_END = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
"""Ends of lines that some readers take for the end of a row, even between quotes. They become ``\\n``."""

_CELL_BEGINS = "^|[;|\t\n]"
"""Where a cell may begin: also within a text, for a spreadsheet that takes another separator than the comma."""

_IGNORED = "[\\s\ufeff\u200b\u2060'\"]{0,500}"
"""What a spreadsheet may leave out at the beginning of a cell."""

_FORMULA = "[-=+@＝＋－＠﹢﹣﹦﹫−]"
"""How a formula begins in spreadsheets. Some accept the wide and the small forms too."""

_ACTIVE = re.compile(f"({_CELL_BEGINS})(?={_IGNORED}{_FORMULA})|^(?=[\t\n])")


def to_csv(frame: pd.DataFrame) -> str:
    """The frame as CSV text. No value or header can act as a formula in a spreadsheet, or begin a new row there.

    A quotation mark is written before what begins like a formula. Ends of lines of all kinds become ``\\n``.
    """
    safe = frame.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name].dtype):
            safe[name] = safe[name].map(_inert, na_action="ignore")
    safe.columns = [_inert(name) for name in safe.columns]
    return safe.to_csv(index=False, lineterminator="\n")


def to_jsonl(frame: pd.DataFrame) -> str:
    """The frame as one JSON object per line. Missing values are null."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict(orient="records")
    return "".join(
        json.dumps({str(name): row[name] for name in row}, ensure_ascii=False, default=_plain) + "\n" for row in rows
    )


def to_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write the frame as a Parquet file.

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
    try:
        frame.to_parquet(path, index=False)
    except ImportError:
        raise SegfluxError(
            "Parquet needs pyarrow, which is not installed", remedy="pip install segflux-nb[parquet]"
        ) from None


def _inert(value: Any) -> Any:
    if isinstance(value, numbers.Number):
        return value
    text = str(value)
    safe = _ACTIVE.sub(lambda found: f"{found[0]}'", _LINE_END.sub("\n", text))
    return value if safe == text else safe


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)  # numpy's numbers and arrays
