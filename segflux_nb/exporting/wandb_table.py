"""Runs in Weights & Biases: one run of W&B with a table, a row for each run with its picture."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import SegfluxError
from ..installing import how_to_install
from ..markup import count
from ..sheets.frame_view import FrameView
from ..version import __version__
from .picture_files import write_pictures
from .tables import to_jsonl
from .tracking import Group, Study, digest_of, table_columns

if TYPE_CHECKING:
    import wandb

_COMPLETE = "segflux-complete"
"""A file in the folder of an export without a network that says that all of it is there."""

_ID_DIGITS = 16


def to_wandb(
    view: FrameView,
    study: Study,
    votes: Mapping[str, Mapping[str, float]],
    *,
    project: str,
    name: str,
    identity: str,
    mode: Literal["online", "offline"] | None,
) -> tuple[str, str]:
    """Write a study to W&B, and give the id of its run there and a line about what was done.

    Parameters
    ----------
    view:
        The frame.
    study:
        Its groups.
    votes:
        What the votes say of each group, by its label.
    project:
        The project of W&B.
    name:
        What W&B calls the run.
    identity:
        What makes this export the same as an earlier one, but for its content.
    mode:
        ``"offline"`` writes a folder here and sends nothing. None leaves it to W&B's settings.

    Raises
    ------
    SegfluxError
        Where W&B is not installed or refuses.
    """
    try:
        import wandb
    except ImportError:
        raise SegfluxError("to_wandb() needs wandb, which is not installed", remedy=how_to_install("wandb")) from None
    columns = [name for name in table_columns(view, view.axes) if name != "sha256"]
    rows = [json.loads(line) for line in to_jsonl(view.frame[table_columns(view, view.axes)]).splitlines()]
    summary = [_of_group(study, group, votes.get(group.label, {})) for group in study.groups]
    run_id = digest_of(project, identity, rows, summary)[:_ID_DIGITS]
    with _explained(wandb):
        settings = wandb.setup().settings  # of the process: what its first call has read
        is_kept_here = (mode or settings.mode) != "online"
        if _is_there(wandb, settings, project, run_id, is_kept_here=is_kept_here):
            return run_id, f"W&B, project {project!r}: run {run_id} has it all already: nothing new"
        with tempfile.TemporaryDirectory() as folder:
            written = write_pictures(view, Path(folder), axes=view.axes)
            run = wandb.init(
                project=project,
                id=run_id,
                name=name,
                group=identity[:_ID_DIGITS],
                config={**_config(study), "segflux_nb": __version__},
                mode="offline" if is_kept_here else "online",
                resume=None if is_kept_here else "allow",
                reinit="create_new",
                settings=wandb.Settings(
                    silent=True,
                    console="off",
                    disable_git=True,
                    save_code=False,
                    x_disable_stats=True,
                    x_disable_meta=True,
                    x_save_requirements=False,
                ),
            )
            try:
                pictures = [None if file is None else wandb.Image(str(Path(folder, file))) for file in written.files]
                data = {
                    "picture": pictures,
                    **{column: _one_kind([row.get(column) for row in rows]) for column in columns},
                }
                of_groups = {key: [one.get(key) for one in summary] for one in summary for key in one}
                tables = {"runs": data, "values": of_groups}
                run.log(
                    {
                        key: wandb.Table([*own], [*map(list, zip(*own.values(), strict=True))])
                        for key, own in tables.items()
                    }
                )
            except BaseException:
                run.finish(exit_code=1)
                raise
            run.finish()
        if is_kept_here:
            place = Path(run.settings.sync_dir)
            (place / _COMPLETE).touch()
            where = f"Send it with: wandb sync {place}"
        else:
            where = run.url or ""
        there = count(len(rows) - pictures.count(None), "picture")
        return run_id, f"W&B, project {project!r}: {count(len(rows), 'run')}, {there}. {where}"


def _one_kind(values: Sequence[Any]) -> list[Any]:
    """The values of a column, as texts where they are of several kinds, which W&B refuses."""
    kinds = {float if type(value) is int else type(value) for value in values if value is not None}
    if len(kinds) < 2 and not kinds & {list, dict}:
        return list(values)
    return [None if value is None else value if isinstance(value, str) else json.dumps(value) for value in values]


def _of_group(study: Study, group: Group, votes: Mapping[str, float]) -> dict[str, Any]:
    """The row of a group in the table of values.

    Parameters
    ----------
    study:
        The study.
    group:
        The group.
    votes:
        What the votes say of it.
    """
    numbers = {name: float(value) for name, value in {**group.metrics, **votes}.items()}
    return {**({study.by: group.label} if study.by else {}), **numbers}


def _config(study: Study) -> dict[str, str]:
    """The parameters that all groups have in common; of those that vary between them, each value once."""
    names = list(dict.fromkeys(name for group in study.groups for name in group.parameters))
    values: dict[str, Sequence[str]] = {
        name: list(dict.fromkeys(group.parameters[name] for group in study.groups if name in group.parameters))
        for name in names
    }
    return {name: ", ".join(own) for name, own in values.items()}


def _is_there(wandb_: Any, settings: wandb.Settings, project: str, run_id: str, *, is_kept_here: bool) -> bool:
    """Whether an earlier export has written the same: in a folder here, or at W&B.

    Parameters
    ----------
    wandb_:
        The module.
    settings:
        Its settings.
    project:
        The project.
    run_id:
        The id of the run.
    is_kept_here:
        Where to look.
    """
    if is_kept_here:
        return any(Path(settings.wandb_dir).glob(f"*run-*-{run_id}/{_COMPLETE}"))
    api = wandb_.Api()
    entity = settings.entity or api.default_entity
    try:
        found = api.run(f"{entity}/{project}/{run_id}")
    except (ValueError, wandb_.errors.CommError):  # there is no such run
        return False
    return bool(found.state == "finished")


@contextmanager
def _explained(wandb_: Any) -> Iterator[None]:
    """Turn an error of W&B into one that says what to do.

    Parameters
    ----------
    wandb_:
        The module.
    """
    try:
        yield
    except wandb_.Error as error:
        what = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise SegfluxError(
            f"W&B refused: {what}", remedy="Run `wandb login`, or write a folder: runs.to_wandb(mode='offline')"
        ) from None
