"""``runs.to_mlflow(...)``: the runs in an experiment of MLflow."""

from __future__ import annotations

from ..console import say
from ..selection import Selection
from .tracked import name_of, tracked


def to_mlflow(
    runs: Selection, experiment: str | None = None, *, by: str | None = None, step: str | None = None
) -> list[str]:
    """Write the runs to MLflow: a run of MLflow for each value of an axis, with its pictures along another axis.

    MLflow's UI shows the pictures of one key of several such runs beside each other, and its slider steps through
    them: the key says what else varies, such as ``seed 7``. Parameters, means of the measurements and marks, scores
    of the votes and costs can be compared; the tables ``runs.json`` and ``pictures.json`` have each run. The
    pictures are files as `export` writes them, with their parameters and the mark that they are generated.

    A second export adds nothing, and one after more pictures, marks or votes adds these. Other cells, or another `by`
    or `step`, make runs of their own. MLflow's settings decide where it keeps all that: ``MLFLOW_TRACKING_URI`` or
    ``mlflow.set_tracking_uri``. It prints one line. It needs ``pip install "segflux-nb[mlflow]"``.

    Parameters
    ----------
    experiment:
        The name of the experiment; the title or name of the runs, or else of the workspace's folder, if left out.
    by:
        The axis that gives a run of MLflow for each value. Left out, the fine-tune if there are several, else the
        LoRA strength, else the first axis.
    step:
        The axis of the slider. Left out, the first axis of numbers that is left, or else the seed.

    Returns
    -------
    list of str
        The ids of the runs in MLflow, in the order of the axis.

    Raises
    ------
    LayoutError
        If `by` or `step` is no axis of these runs, or there is no run.
    SegfluxError
        If MLflow is not installed or refuses, or a text holds what looks like an API key.

    Example
    -------
    ``runs.to_mlflow("tok-study", by="finetune_id", step="lora_strength")``
    """
    from ..exporting.mlflow_store import MlflowStore

    export = tracked(runs, by, step)
    store = MlflowStore(name_of(runs, "experiment", experiment), export.identity)
    ids = store.write(export.view, export.study, export.votes)
    say(str(store))
    return ids
