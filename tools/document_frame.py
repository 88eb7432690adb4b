"""Writes docs/frame.md from the columns as `segflux_nb.runlog.columns` declares them.

Run with: python tools/document_frame.py
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from segflux_nb.runlog.columns import DF_COLUMNS, LOG_COLUMNS, Column
from segflux_nb.runlog.frame import dtype_of

TARGET = Path(__file__).parents[1] / "docs" / "frame.md"


def table(columns: Sequence[Column]) -> str:
    lines = [
        f"| `{column.name}` | `{dtype_of(column)}` | {column.role} | {column.meaning} |"
        f" {'yes' if column.stable else 'no'} |"
        for column in columns
    ]
    return "\n".join(["| column | dtype | role | meaning | stable |", "|---|---|---|---|---|", *lines])


def page() -> str:
    return f"""# The frame of runs

*Made by `python tools/document_frame.py` from the columns as the code declares them.*

`runs.df` has a row for each run of a sweep, in the sweep's order. Each call gives a fresh copy. Missing values are
`<NA>`. Times are in UTC.

- A column is *stable* if the request, the picture or you decide it. It is the same on every machine, so you can show
  it in a notebook that is checked.
- The *role* says what a column is to a run. A sheet takes its axes from parameters, placeholders and columns of your
  own. It uses another column as an axis only if you name it.
- The sweep's `{{placeholders}}` and labels (`finetune_id_label`) stand before `image`. Labels are ordered categories,
  in the order of the sweep.
- Columns that `runs.annotate(table)` joined are the last ones.
- `image`, `width` and `height` are of the first picture of an output. If it has several, `more_images` has the
  files of the others: `df.more_images.str.split("\\n")`.
- If several people marked a run, the marks of the one who marked it last are shown; `runs.marks` has those of each.
- pandas has a method `df.take`: the column is `df["take"]`, or `df.query("take > 0")`.
- `runs.varying` has only the columns that differ between the runs.

{table(DF_COLUMNS)}

`runs.log` adds what differs from run to run or from machine to machine:

{table(LOG_COLUMNS[len(DF_COLUMNS) :])}
"""


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
