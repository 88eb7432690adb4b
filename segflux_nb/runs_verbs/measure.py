"""``runs.measure(...)``: numbers about each picture, each computed once and kept in the log."""

from __future__ import annotations

import hashlib
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import RunError
from ..markup import count, shorten
from ..model import MODEL, Value
from ..runlog.columns import LOG_COLUMNS
from ..runlog.metrics import column_of
from ..saving import path_of
from ..selection import Selection
from ..sweep.request import RUN_DIGITS
from ..sweep.wanted import as_logged
from ..values import several, shown

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from .measuring import Found
    from .relations import Subject

NAMES = (
    *("sharpness", "saturation", "clipping", "contrast", "colourfulness"),
    *("drift", "drift_peak", "spread", "overcooking", "difference", "likeness"),
)
"""The built-in metrics."""

LIKENESS = "likeness"


def measure(
    runs: Selection,
    *metrics: str | Mapping[str, Callable[[Any], Any]],
    relative_to: Mapping[str, Any] | None = None,
    photos: str | Path | None = None,
    executor: Executor | None = None,
) -> pd.DataFrame:
    """Numbers about each picture. They are kept in the log by the picture's bytes, so none is computed twice.

    ``sharpness``, ``saturation``, ``clipping``, ``contrast`` and ``colourfulness`` are about one picture. ``drift``
    and
    ``drift_peak`` compare it with the picture at ``lora_strength`` 0 that has all else in common, wherever the log
    has it; ``spread`` with the pictures of the other seeds; ``overcooking`` is what saturation, clipping and spread
    do against strength 0; ``difference`` is from a reference that you name; ``likeness`` says how much a face is like
    those in a folder of photos (extra ``[likeness]``; only with the consent of who is in them).
    ``docs/analysis.md`` has the formulas.

    From then on the numbers are columns of `log`, and of sheets, galleries and exports:
    ``runs.sheet(captions="drift")``, ``runs.sheet(heat="sharpness")``.

    Parameters
    ----------
    metrics:
        Names of built-in metrics; and mappings of your own names to functions that take a picture (Pillow, RGB) and
        return a number, or a mapping of numbers. Left out, all built-in ones that need nothing more. A function is
        computed again when its source has changed, or its attribute ``version`` if it has one.
    relative_to:
        For ``difference``: the values of the reference, such as ``{"steps": 50}``; all else is the same.
    photos:
        For ``likeness``: a folder with photos of one person. ``frame.attrs["likeness_of_photos"]`` has the lowest
        and the highest likeness of a photo to the others, to read the numbers against.
    executor:
        Where pictures are decoded and your functions run: a `concurrent.futures.ProcessPoolExecutor`, a
        `ThreadPoolExecutor`, or ``client.get_executor()`` of a Dask client; this thread if left out. A pool of
        processes needs functions of a module; Dask takes those of a notebook too. Numbers are kept as they come, also
        when you press Ctrl-C. A worker that dies costs no number but that of a picture that ends every worker.

    Returns
    -------
    pandas.DataFrame
        A row for each run with a picture: ``run``, the axes, ``image``, and a column for each metric.

    Raises
    ------
    RunError
        If there is no such metric, a name is one of our columns, a function fails for every picture, or it cannot be
        sent to another process.

    Example
    -------
    ``runs.measure("drift", "spread", {"height": lambda picture: picture.height})``
    """
    from .measuring import BuiltIn, Found
    from .own_metrics import Own
    from .relations import subjects_of

    _check_executor(executor)
    names, own = _asked(runs, metrics, relative_to, photos)
    reference = _reference(relative_to, runs._parameter_names or list(MODEL.parameters))
    subjects = subjects_of(runs, runs._logged().values())
    if not subjects:
        raise RunError("None of these runs has a picture to measure", remedy="ws.run(sweep) makes them")
    range_of_photos: tuple[float, float] | None = None
    if LIKENESS in names and photos is not None:
        from ..analysis.likeness import likeness_to

        likeness, range_of_photos = likeness_to(path_of(photos, "photos", RunError))
        own = {**own, LIKENESS: likeness}
    ready = {name: Own(name, metric, version_of(metric), executor) for name, metric in own.items()}
    found = Found(subjects)
    built_in = [name for name in names if name != LIKENESS]
    _report("The built-in metrics", BuiltIn(runs, subjects, executor).compute(built_in, reference, found), subjects)
    for name, metric_of_user in ready.items():
        wrong = metric_of_user.compute(subjects, runs.source.log.metrics, found)
        _report(f"The metric {name}", wrong, subjects)
    if "difference" in names and found.is_empty("difference"):
        words = ", ".join(f"{name}={value!r}" for name, value in reference.items())
        raise RunError(
            f"The log has no picture with {words} to compare these with", remedy="Give values that runs.df has"
        )
    frame = _frame(runs, [*names, *own], found)
    if range_of_photos is not None:
        frame.attrs["likeness_of_photos"] = range_of_photos
    return frame


def version_of(metric: Callable[[Any], Any]) -> str:
    """The version of a user's metric: what its attribute ``version`` says, else a digest of its source.

    Parameters
    ----------
    metric:
        A function.

    Example
    -------
    >>> def height(picture):
    ...     return picture.height
    >>> height.version = 2
    >>> version_of(height)
    '2'
    """
    given = getattr(metric, "version", None)
    if given is not None:
        return str(given)
    try:
        text = inspect.getsource(metric)
    except (OSError, TypeError):  # made by exec, or an object that can be called
        code = getattr(metric, "__code__", None)
        text = f"{code.co_code!r} {code.co_consts!r} {code.co_names!r}" if code is not None else repr(type(metric))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _asked(
    runs: Selection, metrics: tuple[Any, ...], relative_to: Mapping[str, Any] | None, photos: object
) -> tuple[list[str], dict[str, Callable[[Any], Any]]]:
    """The built-in metrics and the user's own ones that were asked for."""
    names: list[str] = []
    own: dict[str, Callable[[Any], Any]] = {}
    taken = {*NAMES, *MODEL.parameters, *runs._parameter_names, *(column.name for column in LOG_COLUMNS), *runs.axes}
    for one in metrics:
        if isinstance(one, Mapping):
            for name, metric in one.items():
                if not isinstance(name, str) or not name or name in taken:
                    raise RunError(
                        f"{name!r} cannot be the name of a metric of your own",
                        remedy="Give it a name that no column of runs.log and no metric of ours has",
                    )
                if not callable(metric):
                    raise RunError(
                        f"The metric {name} is a {type(metric).__name__}, not a function",
                        remedy="Give a function that takes a picture and returns a number",
                    )
                own[name] = metric
        elif one in NAMES:
            names.append(one)
        else:
            raise RunError(
                f"There is no metric {one!r}",
                remedy=f"The built-in ones are {', '.join(NAMES)}; for your own write measure({{name: function}})",
            )
    if not metrics:
        given = {"difference": relative_to, LIKENESS: photos}
        names = [name for name in NAMES if given.get(name, True)]
    if LIKENESS in names and photos is None:
        raise RunError("likeness needs photos", remedy='Write photos="folder", with a folder of photos of one person')
    if "difference" in names and not relative_to:
        raise RunError(
            "difference needs a reference", remedy='Write relative_to={"steps": 50}, with the values of the reference'
        )
    return list(dict.fromkeys(names)), own


def _reference(relative_to: Mapping[str, Any] | None, parameters: Sequence[str]) -> dict[str, Value]:
    """The values of the reference, as requests have them.

    Parameters
    ----------
    relative_to:
        What the user gave.
    parameters:
        The names of the parameters of the runs.
    """
    found: dict[str, Value] = {}
    if relative_to is not None and not isinstance(relative_to, Mapping):
        raise RunError(
            f"relative_to={shown(relative_to)} is no reference", remedy='Write relative_to={"lora_strength": 0.0}'
        )
    for name, value in (relative_to or {}).items():
        if several(value) is not None:
            raise RunError(
                f"relative_to takes one value of {name}, and got {shown(value)}", remedy="Name one reference"
            )
        if name not in parameters:
            raise RunError(
                f"relative_to={{{name!r}: …}} is not possible: {name} is no parameter",
                remedy=f"The parameters are {', '.join(parameters)}",
            )
        found[name] = as_logged(name, value)
    return found


def _check_executor(executor: object) -> None:
    if executor is None or callable(getattr(executor, "submit", None)):
        is_client = hasattr(executor, "get_executor")  # of Dask: its submit gives futures of another kind
        if not is_client:
            return
        raise RunError("executor= has a Dask client", remedy="Write executor=client.get_executor()")
    raise RunError(
        f"executor={shown(executor)} is no executor",
        remedy="Give a concurrent.futures.ProcessPoolExecutor, or leave executor out",
    )


def _report(what: str, wrong: Sequence[str], subjects: Mapping[str, Subject]) -> None:
    """Say for how many pictures a metric failed.

    Parameters
    ----------
    what:
        The metric, for the text.
    wrong:
        For each of these pictures: what went wrong.
    subjects:
        All pictures.
    """
    if not wrong:
        return
    text = f"{what} failed for {count(len(wrong), 'picture')} of {len(subjects):,}: {shorten(wrong[0], 200)}"
    if len(wrong) == len({subject.sha256 for subject in subjects.values()}):
        raise RunError(text, remedy="Try the function on runs[0].image")
    warnings.warn(text, stacklevel=4)


def _frame(runs: Selection, names: Iterable[str], found: Found) -> pd.DataFrame:
    """A row for each run with a picture, a column for each number."""
    import pandas as pd

    own = {digest[:RUN_DIGITS]: place for digest, place in found.places.items()}
    whole = runs.df
    whole = whole[whole["run"].isin(own)]
    shown = ["run", *(name for name in runs.axes if name in whole.columns), "image"]
    frame = whole[list(dict.fromkeys(shown))].reset_index(drop=True)
    places = [own[run] for run in frame["run"]]
    for name in names:
        for field, values in found.of(name).items():
            frame[column_of(name, field)] = pd.Series(values[places], dtype="Float64", index=frame.index)
    frame.attrs.update(whole.attrs)
    return frame
