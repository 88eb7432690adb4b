"""Frames as text files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import SegfluxError

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a formula begins in spreadsheets. Some accept the wide forms too."""


def to_csv(frame: pd.DataFrame) -> str:
    """The frame as CSV text. No value or header can act as a formula in a spreadsheet."""
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
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)  # numpy's numbers and arrays
