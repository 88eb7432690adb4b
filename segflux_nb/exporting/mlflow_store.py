"""Runs in MLflow: a run of MLflow for each group, with pictures where its UI looks for them.

`MlflowClient.log_image` decodes each picture and writes it as PNG, which takes half a second a picture and loses what
the file says about itself. Here the files are uploaded as they are, with copies for the UI: see `mlflow_pictures`.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..clock import SystemClock
from ..errors import SegfluxError
from ..installing import how_to_install
from ..markup import count
from ..pictures.mounted import thumbnail_file
from ..sheets.frame_view import FrameView
from ..version import __version__
from .marking import source_type
from .mlflow_pictures import KEPT, LARGE, SHOWN, SMALL, Names, as_webp, names_of
from .picture_files import write_pictures
from .tables import to_jsonl
from .tracking import Group, Placed, Study, digest_of, table_columns

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

IDENTITY, CONTENT, STUDY = "segflux.export", "segflux.content", "segflux.study"
"""Tags by which an export finds what an earlier one has written."""

_PICTURES, _TABLE = "pictures.json", "runs.json"
"""Tables. MLflow's UI shows the pictures of the first side by side, and the columns of the second."""

_IN_A_BATCH = 90
_MOST_STEPS = 100


class MlflowStore:
    """An experiment of MLflow that gets the groups of a study.

    Parameters
    ----------
    experiment:
        The name of the experiment; it is made if there is none.
    identity:
        What makes this export the same as an earlier one.

    Raises
    ------
    SegfluxError
        Where MLflow is not installed or its store cannot be used.
    """

    def __init__(self, experiment: str, identity: str) -> None:
        try:
            from mlflow import MlflowClient
        except ImportError:
            raise SegfluxError(
                "to_mlflow() needs MLflow, which is not installed", remedy=how_to_install("mlflow")
            ) from None
        self.name, self._study = experiment, identity
        with _explained():
            self._client: MlflowClient = MlflowClient()
            found = self._client.get_experiment_by_name(experiment)
            if found is not None and found.lifecycle_stage == "deleted":
                raise SegfluxError(
                    f"MLflow's experiment {experiment!r} was deleted", remedy="Restore it there, or give another name"
                )
            self._experiment = self._client.create_experiment(experiment) if found is None else found.experiment_id
            self._there = self._earlier()
        self.new = self.changed = self.pictures = 0

    def write(self, view: FrameView, study: Study, votes: Mapping[str, Mapping[str, float]]) -> list[str]:
        """Write all groups, and give the ids of their runs in MLflow.

        Parameters
        ----------
        view:
            The frame.
        study:
            Its groups.
        votes:
            What the votes say of each group, by its label.
        """
        with _explained():
            return [self._group(view, study, group, votes.get(group.label, {})) for group in study.groups]

    def __str__(self) -> str:
        same = len(self._there) - self.changed
        parts = [f"{self.new} new"] * bool(self.new) + [f"{self.changed} changed"] * bool(self.changed)
        total = count(self.new + len(self._there), "run")
        what = f"{', '.join(parts)}, {count(self.pictures, 'picture')}" if parts else "nothing new"
        return f"MLflow, experiment {self.name!r}: {total}: {what}" + (
            f"; {same} as before" if parts and same else ""
        )

    def _earlier(self) -> dict[str, Run]:
        """The runs of an earlier export of the same, by their identity."""
        runs: dict[str, Run] = {}
        token = None
        while True:
            page = self._client.search_runs(
                [self._experiment], f"tags.`{STUDY}` = '{self._study}'", max_results=1000, page_token=token
            )
            runs.update((run.data.tags[IDENTITY], run) for run in page if IDENTITY in run.data.tags)
            token = page.token
            if not token:
                return runs

    def _group(self, view: FrameView, study: Study, group: Group, votes: Mapping[str, float]) -> str:
        """Write a group; nothing where an earlier export has all of it.

        Parameters
        ----------
        view:
            The frame.
        study:
            The study.
        group:
            The group.
        votes:
            What the votes say of it.
        """
        part = view.rows([one.row for one in group.placed])
        rows = to_jsonl(part.frame[table_columns(view, view.axes)])
        identity = digest_of(self._study, group.label)
        content = digest_of(
            rows, group.parameters, group.metrics, group.along, votes, [one.key for one in group.placed]
        )
        run = self._there.get(identity)
        if run is not None and run.data.tags.get(CONTENT) == content:
            return str(run.info.run_id)
        begun, ended = _times(part)
        if run is None:
            tags = {IDENTITY: identity, STUDY: self._study, "segflux.version": __version__}
            run = self._client.create_run(self._experiment, start_time=begun, tags=tags, run_name=group.name)
            self.new += 1
        else:
            self.changed += 1
        run_id = str(run.info.run_id)
        files = self._pictures(run_id, part, study, group)
        self._table(run_id, part, study, group, files)
        self._numbers(run, group, votes)
        described = {"mlflow.note.content": _note(study, group), CONTENT: content}
        images = {"mlflow.loggedImages": "True"} if files else {}
        tables = [{"path": name, "type": "table"} for name in (_PICTURES, _TABLE)]
        table = {"mlflow.loggedArtifacts": json.dumps(tables)}
        self._batch(run_id, tags={**images, **table, **described})  # the content last: it says that all is there
        self._client.set_terminated(run_id, status="FINISHED" if files else "FAILED", end_time=ended)
        return run_id

    def _pictures(self, run_id: str, part: FrameView, study: Study, group: Group) -> dict[int, Names]:
        """Upload the pictures that are not there yet, and give the names of the files of each row.

        Parameters
        ----------
        run_id:
            The run of MLflow.
        part:
            The rows of the group.
        study:
            The study.
        group:
            The group.
        """
        there = {file.path for folder in (SHOWN, KEPT) for file in self._client.list_artifacts(run_id, folder)}
        services = part.column("service").values
        names: dict[int, Names] = {}
        with tempfile.TemporaryDirectory() as folder:
            upload = Path(folder, "upload")
            for place in (SHOWN, KEPT):
                (upload / place).mkdir(parents=True)
            written = write_pictures(part, Path(folder, "copies"))
            for at, name in enumerate(written.files):
                if name is None:
                    continue
                one, copy = group.placed[at], Path(folder, "copies", name)
                moment = _moment(part, "completed_at", at)
                names[at] = own = names_of(one, _cell(study, one), part.row_names[at], moment, copy.suffix)
                if set(own) <= there:
                    continue
                if own.large != own.picture:
                    how = source_type(str(services[at]))
                    (upload / own.large).write_bytes(as_webp(copy.read_bytes(), LARGE, how))
                (upload / own.small).write_bytes(as_webp(thumbnail_file(part.pictures[at]), SMALL))
                copy.rename(upload / own.picture)
                self.pictures += 1
            if any((upload / SHOWN).iterdir()):
                self._client.log_artifacts(run_id, str(upload))
        return names

    def _table(self, run_id: str, part: FrameView, study: Study, group: Group, files: Mapping[int, Names]) -> None:
        """Write the tables of the runs, in the form in which MLflow compares tables: rows of one first column.

        Parameters
        ----------
        run_id:
            The run of MLflow.
        part:
            The rows of the group.
        study:
            The study.
        group:
            The group.
        files:
            The names of the files of each row's picture.
        """
        columns = table_columns(part, part.axes)
        rows = [json.loads(line) for line in to_jsonl(part.frame[columns]).splitlines()]
        cells = [_cell(study, one) for one in group.placed]
        data = [[cell, *(row.get(name) for name in columns)] for cell, row in zip(cells, rows, strict=True)]
        pictures = [[cell, _as_image(files.get(at))] for at, cell in enumerate(cells)]
        for path, names, lines in ((_PICTURES, ["picture"], pictures), (_TABLE, columns, data)):
            self._client.log_text(run_id, json.dumps({"columns": ["cell", *names], "data": lines}), path)

    def _numbers(self, run: Run, group: Group, votes: Mapping[str, float]) -> None:
        """Log the parameters that are not there yet, which MLflow never changes, and the metrics that have changed.

        Parameters
        ----------
        run:
            The run of MLflow.
        group:
            The group.
        votes:
            What the votes say of it.
        """
        run_id, known = str(run.info.run_id), run.data.metrics
        points = [(name, value, 0) for name, value in {**group.metrics, **votes}.items()]
        points = [one for one in points if known.get(_name(one[0])) != one[1]]
        for name, series in group.along.items():
            history = self._client.get_metric_history(run_id, _name(name)) if _name(name) in known else []
            last = {one.step: one.value for one in sorted(history, key=lambda one: one.timestamp)}
            points += [(name, value, at) for at, value in series.items() if last.get(at) != value]
        new = {name: text for name, text in group.parameters.items() if name not in run.data.params}
        self._batch(run_id, parameters=new, metrics=points)

    def _batch(
        self,
        run_id: str,
        *,
        parameters: Mapping[str, str] | None = None,
        metrics: Sequence[tuple[str, float, int]] = (),
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Log parameters, metrics and tags, as few at a time as MLflow takes.

        Parameters
        ----------
        run_id:
            The run of MLflow.
        parameters:
            Texts by name.
        metrics:
            Names, values and steps.
        tags:
            Texts by name.
        """
        from mlflow.entities import Metric, Param, RunTag

        moment = round(SystemClock().now() * 1000)
        entities: list[tuple[str, Any]] = [("params", Param(*one)) for one in (parameters or {}).items()]
        entities += [("metrics", Metric(_name(name), value, moment, at)) for name, value, at in metrics]
        entities += [("tags", RunTag(*one)) for one in (tags or {}).items()]
        for at in range(0, len(entities), _IN_A_BATCH):
            batch: dict[str, list[Any]] = {"params": [], "metrics": [], "tags": []}
            for kind, entity in entities[at : at + _IN_A_BATCH]:
                batch[kind].append(entity)
            self._client.log_batch(run_id, **batch)


def _cell(study: Study, one: Placed) -> str:
    """What a row has in common with one row of each other group: its key, and the value of its step."""
    return f"{one.key} - {study.step} {study.steps[one.step]}" if study.step else one.key


def _as_image(names: Names | None) -> dict[str, str] | None:
    """A picture in a table, as MLflow's UI reads it; None where there is none."""
    if names is None:
        return None
    return {"type": "image", "filepath": names.picture, "compressed_filepath": names.small}


def _name(text: str) -> str:
    """A name that MLflow takes for a metric."""
    return re.sub(r"[^A-Za-z0-9_\-. :/]", "_", text).strip("/. ")[:250] or "_"


def _times(part: FrameView) -> tuple[int, int]:
    """When the first run was submitted and the last one has ended, in milliseconds."""
    moments = [
        _moment(part, name, at)
        for name in ("submitted_at", "completed_at")
        for at in range(len(part))
        if name in part
    ]
    known = [moment for moment in moments if moment]
    return (min(known), max(known)) if known else (0, 0)


def _moment(part: FrameView, name: str, at: int) -> int:
    """When something happened to a row's run, in milliseconds; 0 where that is not known."""
    value = part.column(name).values[at] if name in part else None
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else 0


def _note(study: Study, group: Group) -> str:
    """The description of a run in MLflow."""
    lines = [f"{count(len(group.placed), 'run')} of segflux_nb {__version__}."]
    if study.step:
        lines.append(f"The step of a picture is its {study.step}:")
        lines += [f"- {at}: {label}" for at, label in sorted(study.steps.items())[:_MOST_STEPS]]
        if len(study.steps) > _MOST_STEPS:
            lines.append(f"- and {len(study.steps) - _MOST_STEPS:,} more")
    return "\n".join(lines)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn an error of MLflow into one that says what to do."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        what = str(error).strip().splitlines()[0][:300]
        raise SegfluxError(f"MLflow refused: {what}", remedy=_remedy(what)) from None


def _remedy(what: str) -> str:
    from mlflow import get_tracking_uri

    if "registry" in what and get_tracking_uri().startswith("sqlite"):
        return (
            "A store in a file needs the whole of MLflow: pip install mlflow. Or set MLFLOW_TRACKING_URI to a server"
        )
    return f"Look at the store, {get_tracking_uri()}, or set MLFLOW_TRACKING_URI to another one"
