"""A frame of runs, looked at once: the values of each column, their order and the labels that stand for them.

A sheet, a gallery or an export makes one view of its frame and asks it for columns. A column is worked out once, when
it is first asked for. Pure, but for a look at which files exist where the column of pictures is not named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePath
from typing import Any

import pandas as pd

from ..errors import LayoutError
from ..lifecycle import State
from ..markup import count, did_you_mean
from ..model import MODEL, SIMULATOR
from ..runlog.columns import NEVER_AXES
from ..sweep.names import LABEL, TEMPLATE, column_of_parameter
from ..values import shown
from .frame_column import FrameColumn, keys_of, text_of
from .frame_names import with_plain_names
from .picture_column import NoPicture, are_picture_files, as_picture, picture_column

AXES_ATTRIBUTE = "segflux_axes"
"""The key of ``frame.attrs`` under which a frame of runs has the names of the sweep's axes."""

PARAMETERS_ATTRIBUTE = "segflux_parameters"
"""The key of ``frame.attrs`` under which a frame of runs of other models has the columns that are parameters."""

SIMULATED_NOTE = "Simulated by segflux_nb's own flow model: these are not pictures by Flux."

MIXED_NOTE = "Different versions of the simulator painted them: {}."
"""Added where a frame has pictures of several versions."""

COUNT, MORE = "picture_count", "more_images"
"""Columns of a frame of runs: how many pictures an output has, and the files of those after the first."""

_OF_THE_LOG = ("run", "status", "error_kind", "error")
"""A frame with these columns, and with our statuses, is one of our own runs."""

_STATUSES = {state.status for state in State} | {"missing", "discarded", None}


@dataclass(frozen=True)
class FrameView:
    """A frame of runs, a run a row.

    Attributes
    ----------
    frame:
        The frame, with a text for the name of each column; `of` makes a view of any frame.
    image:
        The name of its column of pictures.
    axes:
        The names of the sweep's axes, in their order; empty where they are not known.
    asked:
        The names of columns here, by the names that the user's frame has for them.
    given_names:
        The names of the rows; empty for those that the frame has.
    """

    frame: pd.DataFrame
    image: str
    axes: tuple[str, ...]
    asked: Mapping[Any, str] = field(default_factory=dict)
    given_names: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: pd.DataFrame, *, image: Any = None, axes: Sequence[str] | None = None) -> FrameView:
        """The view of a frame.

        Parameters
        ----------
        frame:
            `Runs.df`, or any frame with a column of pictures. Settings in its index count as columns.
        image:
            The column of pictures. It is found by what it holds if left out.
        axes:
            The names of the axes, in their order. Left out, they are what ``frame.attrs`` says; names that are not
            columns of the frame are ignored.

        Raises
        ------
        LayoutError
            Where the frame has no such column, or no column of pictures.
        """
        known = frame.attrs.get(AXES_ATTRIBUTE, ()) if axes is None else axes
        plain, asked = with_plain_names(frame)
        own = frame.attrs.get(PARAMETERS_ATTRIBUTE, ())
        named = [column if (column := column_of_parameter(str(name))) in own else str(name) for name in known]
        names = tuple(dict.fromkeys(name for name in named if name in plain.columns))
        if image is not None:
            return cls(plain, picture_column(plain, name_in(plain, asked, image)), names, asked)
        try:
            found = picture_column(plain, None)
        except LayoutError:
            # The index of a table may hold the files without having a name.
            if not are_picture_files(plain.index):
                raise
            found = "index"
            while found in plain.columns:
                found += "_"
            plain = plain.assign(**{found: plain.index})
        return cls(plain, found, names, asked)

    def __len__(self) -> int:
        return len(self.frame)

    def __contains__(self, name: object) -> bool:
        return name in self.frame.columns

    @cached_property
    def _columns(self) -> dict[str, FrameColumn]:
        return {}

    def column(self, name: Any) -> FrameColumn:
        """A column.

        Raises
        ------
        LayoutError
            Where the frame has no column of this name.
        """
        name = self.name_of(name)
        if name not in self._columns:
            self._columns[name] = self._looked_at(name)
        return self._columns[name]

    def _looked_at(self, name: str) -> FrameColumn:
        if name == self.image:
            return FrameColumn(name, tuple(map(_key_of_picture, self._image_values)), {}, is_plain=False)
        values = _values(self.frame[name])
        keys, is_plain = keys_of(values)
        given = self._given_labels.get(name, {})
        dtype = self.frame[name].dtype
        order: Sequence[Any] = ()
        if isinstance(dtype, pd.CategoricalDtype) and dtype.ordered:
            order = keys_of(dtype.categories.tolist())[0]
        return FrameColumn(name, keys, given, order, is_plain)

    @cached_property
    def _given_labels(self) -> dict[str, Mapping[Any, Any]]:
        """The labels of the values of columns: of each ``x`` for which ``x_label`` has one text for each value."""
        found: dict[str, Mapping[Any, Any]] = {}
        for label_name in self.frame.columns:
            name = label_name.removesuffix(LABEL)
            if name == label_name or name not in self.frame.columns or name == self.image:
                continue
            labels, _ = keys_of(_values(self.frame[label_name]))
            pairs = set(zip(keys_of(_values(self.frame[name]))[0], labels, strict=True))
            if len({value for value, _ in pairs}) == len(pairs):
                found[name] = dict(pairs)
        return found

    @cached_property
    def _image_values(self) -> tuple[Any, ...]:
        return tuple(map(as_picture, _values(self.frame[self.image])))

    @cached_property
    def pictures(self) -> tuple[Any, ...]:
        """The picture of each row: a path, bytes or a Pillow image; None where there is none, or something else."""
        return tuple(None if isinstance(one, NoPicture) else one for one in self._image_values)

    @cached_property
    def statuses(self) -> tuple[str, ...]:
        """What is known of each row's picture: the status of a run of ours, else ``completed`` or ``missing``.

        ``not a picture`` where something else stands in its place.
        """
        own = self.column("status").values if self.is_of_runs else (None,) * len(self)
        return tuple(_status(one, status) for one, status in zip(self._image_values, own, strict=True))

    def reason(self, at: int) -> str:
        """Why a row has something else than a picture; empty for a picture, or none."""
        one = self._image_values[at]
        return one.reason if isinstance(one, NoPicture) else ""

    @cached_property
    def more(self) -> tuple[tuple[Any, ...], ...]:
        """In each row, the pictures of its output after the one that is shown; None for one that is not there."""
        if self.image != "image" or not (COUNT in self or MORE in self):
            return ((),) * len(self)
        nothing = (None,) * len(self)
        counts, texts = (self.column(name).values if name in self else nothing for name in (COUNT, MORE))
        return tuple(_further(number, text) for number, text in zip(counts, texts, strict=True))

    @cached_property
    def is_of_runs(self) -> bool:
        """Whether the rows are runs of ours. Columns of these names in other frames say nothing about pictures."""
        if not all(name in self for name in _OF_THE_LOG):
            return False
        return bool(set(self.column("status").values) & _STATUSES)

    @cached_property
    def row_names(self) -> tuple[str, ...]:
        """A name for each row: its run, or its label in the index. Only runs of ours may have a name twice."""
        if self.given_names:
            return self.given_names
        labels = [text_of(label) for label in self.frame.index]
        if "run" in self:
            runs = self.column("run").values
            names = [label if run is None else text_of(run) for run, label in zip(runs, labels, strict=True)]
            if self.is_of_runs:
                return tuple(names)
        else:
            names = labels
        return _each_once(names)

    def name_of(self, name: Any) -> str:
        """The name of a column here, by the name that the user's frame has for it.

        Raises
        ------
        LayoutError
            Where the frame has no column of this name.
        """
        return name_in(self.frame, self.asked, name)

    def setting(self, name: Any) -> str:
        """The name of a column that a user names as a setting.

        A parameter of another model whose name a column of ours has, such as ``width``, is meant by that name.

        Raises
        ------
        LayoutError
            Where the frame has no column of this name.
        """
        if isinstance(name, str) and (column := column_of_parameter(name)) in self.parameters:
            return column
        return self.name_of(name)

    def check(self, names: Iterable[Any]) -> None:
        """Raise `LayoutError` for a name that is not a column of the frame; None is passed over."""
        for name in names:
            if name is not None:
                self.name_of(name)

    @property
    def parameters(self) -> list[str]:
        """The columns that are parameters, in the order of the model."""
        known = self.frame.attrs.get(PARAMETERS_ATTRIBUTE, MODEL.parameters)
        return [name for name in known if name in self]

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self.frame.columns)

    @property
    def describing(self) -> list[str]:
        """The columns that say how pictures were made: without pictures, marks, results, labels of other columns."""
        return [
            name
            for name in self.frame.columns
            if (name in self.axes or name not in NEVER_AXES) and name != self.image and not self.is_label(name)
        ]

    @property
    def settings(self) -> list[str]:
        """The columns of what was asked for: axes, parameters and the take of runs; all that describe other rows."""
        if not self.is_of_runs:
            return self.describing
        asked = {*self.axes, *self.parameters, TEMPLATE, "take"}
        return [name for name in self.describing if name in asked]

    @property
    def varying_axes(self) -> list[str]:
        """The sweep's axes of which the frame has several values."""
        return [name for name in self.axes if self.column(name).varies]

    @property
    def simulated_note(self) -> str:
        """The note below simulated pictures; empty where there are none. It says so if versions are mixed."""
        if "service" not in self or SIMULATOR not in self.column("service").values:
            return ""
        versions = self._simulator_versions()
        return f"{SIMULATED_NOTE} {MIXED_NOTE.format(', '.join(versions))}" if len(versions) > 1 else SIMULATED_NOTE

    def _simulator_versions(self) -> list[str]:
        """The versions of the simulator that painted the pictures, in order; ``unknown`` where the log has none."""
        if "simulator_version" not in self:
            return []
        rows = zip(
            self.column("service").values,
            self.column(self.image).values,
            self.column("simulator_version").values,
            strict=True,
        )
        painted = (version for service, image, version in rows if service == SIMULATOR and image is not None)
        numbers = {int(at) if isinstance(at, int | float) and float(at).is_integer() else 0 for at in painted}
        return [str(number or "unknown") for number in sorted(numbers)]

    def is_label(self, name: str) -> bool:
        """Whether a column has the labels of another one."""
        return str(name).endswith(LABEL) and str(name)[: -len(LABEL)] in self._given_labels

    def rows(self, positions: Sequence[int]) -> FrameView:
        """A view of some of the rows.

        Parameters
        ----------
        positions:
            Their positions, in the order of the new view.
        """
        names = tuple(self.row_names[at] for at in positions)
        return replace(self, frame=self.frame.iloc[list(positions)], given_names=names)

    def with_column(self, name: str, values: Sequence[Any]) -> FrameView:
        """A view with a column more.

        Parameters
        ----------
        name:
            The column's name.
        values:
            Its value in each row.
        """
        column = pd.Series(list(values), index=self.frame.index, dtype=object)
        others = {each: old for each, old in self.asked.items() if old != name}
        # The names of the rows do not change, even where the new column is that of the runs.
        return replace(
            self, frame=self.frame.assign(**{name: column.array}), asked=others, given_names=self.row_names
        )


def in_order(view: FrameView, names: Sequence[str]) -> FrameView:
    """The rows in the order of the values of axes, the last one fastest.

    Parameters
    ----------
    view:
        The frame.
    names:
        The axes.
    """
    columns = [view.column(name) for name in names]
    ranks = [{value: rank for rank, value in enumerate(column.distinct)} for column in columns]
    order = [
        tuple(rank[value] for rank, value in zip(ranks, row, strict=True))
        for row in zip(*(column.values for column in columns), strict=True)
    ]
    return view.rows(sorted(range(len(order)), key=order.__getitem__))


def name_in(frame: pd.DataFrame, asked: Mapping[Any, str], name: Any) -> str:
    """The name of a column of a frame with plain names.

    Parameters
    ----------
    frame:
        The frame.
    asked:
        The names there, by the names that the user's frame has.
    name:
        A name of either kind.

    Raises
    ------
    LayoutError
        Where the frame has no column of this name.
    """
    try:
        found = asked.get(name, name)
        if found in frame.columns:
            return str(found)
    except TypeError:  # a name that has no hash
        found = name
    if isinstance(name, list | tuple):
        raise LayoutError(
            f"{shown(list(name))} is a list, where one column is meant",
            remedy="Give one as cols=, one as rows=, and further ones of a sheet as by=[...]",
        )
    known = ", ".join(map(str, frame.columns)) or "no column"
    meant = did_you_mean(found, frame.columns) if isinstance(found, str) else ""
    raise LayoutError(f"The frame has no column {shown(found)}", remedy=f"{meant}It has {known}")


def _status(picture: Any, own: Any) -> str:
    """The status of a row.

    Parameters
    ----------
    picture:
        Its picture, a `NoPicture`, or None.
    own:
        The status that a run of ours has; None for other rows.
    """
    if isinstance(picture, NoPicture):
        return "not a picture"
    if picture is not None and own not in _STATUSES:
        own = None  # a row of another table, which says nothing of the picture
    return text_of(own) if own is not None else ("missing" if picture is None else "completed")


def _further(number: Any, text: Any) -> tuple[str | None, ...]:
    """The further pictures of an output.

    Parameters
    ----------
    number:
        How many pictures the output has, the first one included.
    text:
        The files of those further ones that are on disk, one a line.
    """
    paths = text.split("\n") if isinstance(text, str) and text else []
    missing = number - 1 - len(paths) if isinstance(number, int) else 0
    return (*paths, *(None,) * missing)


def _key_of_picture(value: Any) -> Any:
    """What stands for a picture where its column is shown as text: its path, or what it is."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, bytes):
        return count(len(value), "byte")
    return value.reason if isinstance(value, NoPicture) else type(value).__name__


def _each_once(names: Sequence[str]) -> tuple[str, ...]:
    """The names, with a number where one would stand for several rows."""
    counts = Counter(names)
    taken = {name for name, number in counts.items() if number == 1}
    result = []
    for name in names:
        if counts[name] == 1:
            result.append(name)
            continue
        own = next(text for n in range(1, len(names) + 1) if (text := f"{name} #{n}") not in taken)
        taken.add(own)
        result.append(own)
    return tuple(result)


def _values(column: pd.Series[Any]) -> tuple[Any, ...]:
    missing = column.isna()
    return tuple(None if gone else value for value, gone in zip(column.tolist(), missing, strict=True))
