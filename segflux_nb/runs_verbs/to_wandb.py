"""``runs.to_wandb(...)``: the runs as a table in Weights & Biases."""

from __future__ import annotations

from typing import Literal

from ..console import say
from ..errors import RunError
from ..selection import Selection
from ..values import shown
from .tracked import name_of, tracked


def to_wandb(
    runs: Selection,
    project: str | None = None,
    *,
    name: str | None = None,
    by: str | None = None,
    mode: Literal["online", "offline"] | None = None,
) -> str:
    """Write the runs to Weights & Biases: a run of W&B with two tables.

    ``runs`` has a row for each run with its picture, parameters, marks, measurements and cost; ``values`` has one for
    each value of an axis, with the means and what the votes say. The pictures are files as `export` writes them, with
    their parameters and the mark that they are generated.

    A second export of the same adds nothing. Tables of W&B do not change: after more pictures, marks or votes, an
    export makes another run of W&B in the same group. Git, code and use of the machine are not sent. It prints one
    line. It needs ``pip install "segflux-nb[wandb]"``.

    Parameters
    ----------
    project:
        The project of W&B; the title or name of the runs, or else of the workspace's folder, if left out.
    name:
        What W&B calls the run; the title or name of the runs, if left out.
    by:
        The axis of the table ``values``. Left out, the fine-tune if there are several, else the LoRA strength, else
        the first axis.
    mode:
        ``"offline"`` writes a folder ``wandb/offline-run-…`` and sends nothing; ``wandb sync`` sends it later. Left
        out, it is W&B's own setting, such as ``WANDB_MODE``.

    Returns
    -------
    str
        The id of the run in W&B.

    Raises
    ------
    LayoutError
        If `by` is no axis of these runs, or there is no run.
    RunError
        If `mode` is another one.
    SegfluxError
        If wandb is not installed or refuses, or a text holds what looks like an API key.

    Example
    -------
    ``runs.to_wandb("tok-study", mode="offline")``
    """
    from ..exporting.wandb_table import to_wandb as write

    if mode not in (None, "online", "offline"):
        raise RunError(f"mode={shown(mode)} is not possible", remedy='Write mode="online" or mode="offline"')
    export = tracked(runs, by, None)
    run_id, line = write(
        export.view,
        export.study,
        export.votes,
        project=name_of(runs, "project", project),
        name=name_of(runs, "name", name),
        identity=export.identity,
        mode=mode,
    )
    say(line)
    return run_id
