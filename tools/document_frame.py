"""Writes docs/frame.md out of the columns as `segflux_nb.runlog.frame` declares them.

Run with: python tools/document_frame.py
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from segflux_nb.runlog.frame import DF_COLUMNS, LOG_COLUMNS, Column

TARGET = Path(__file__).parents[1] / "docs" / "frame.md"


def rows(columns: Sequence[Column]) -> str:
    lines = [
        f"| `{column.name}` | `{column.dtype}` | {column.meaning} | {'yes' if column.stable else 'no'} |"
        for column in columns
    ]
    return "\n".join(["| column | dtype | meaning | stable |", "|---|---|---|---|", *lines])


def page() -> str:
    return f"""# The frame of runs

*Made by `python tools/document_frame.py` out of the columns as the code declares them.*

`runs.df` has a row for each run of a sweep, in the sweep's order, and is a fresh copy each time. Missing values are
`<NA>`, moments are in UTC. A column is *stable* where request and picture alone decide it, or you do: it is the same
on every machine, and safe to show in a checked notebook. The sweep's `{{placeholders}}` and labels
(`finetune_id_label`) stand before `image`. `runs.varying` has only what differs between the runs.

{rows(DF_COLUMNS)}

`runs.log` adds what differs from run to run or from machine to machine:

{rows(LOG_COLUMNS[len(DF_COLUMNS) :])}
"""


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
