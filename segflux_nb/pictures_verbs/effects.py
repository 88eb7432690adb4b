"""``df.pictures.effects()``: what each setting does to the pictures of any frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.effects import effects_of
from ..analysis.observations import Observations
from ..analysis.vectors import vector_of
from ..analysis.verdicts import Noise
from ..markup import count
from ..runs_verbs.observing import DECODED_SIDE
from .study import Looked, Study, grouped, looked_at

if TYPE_CHECKING:
    import pandas as pd

    from ..analysis.effects import Effects


def effects(frame: pd.DataFrame, *, image: Any = None) -> Effects:
    """What each setting of a frame, and each pair of settings, does to its pictures.

    Parameters
    ----------
    frame:
        The frame.
    image:
        The column of pictures; None to find it.

    Raises
    ------
    RunError
        If fewer than two rows have a picture that can be read.
    """
    study = Study.of(frame, image)
    study.require("effects")
    looked = looked_at(study.view, study.rows)
    names, rows = _told(study, [at for at in study.rows if at in looked])
    silent = len(looked) - len(rows)
    vectors = {at: vector_of(looked[at].image((DECODED_SIDE, DECODED_SIDE))) for at in rows}
    settings = [study.settings(at) for at in rows]
    alike = grouped([tuple(one[name] for name in names) for one in settings], rows)
    noise = Noise.of([np.stack([vectors[at] for at in several]) for several in map(_apart(looked), alike.values())])
    seen = Observations.of(
        settings,
        names,
        np.stack([vectors[at] for at in rows]) if rows else np.zeros((0, 3), dtype=np.float32),
        [looked[at].identity for at in rows],
    )
    return effects_of(
        seen,
        noise,
        left_out=len(frame) - len(looked),
        hints=_hints(study, names, silent, len(rows) - len(alike), has_noise=bool(noise.differences)),
        is_of_runs=False,
    )


def _apart(looked: dict[int, Looked]) -> Any:
    """Gives those of some rows whose pictures differ: a copy of a file says nothing of chance."""

    def apart(rows: list[int]) -> list[int]:
        return list({looked[at].identity: at for at in reversed(rows)}.values())

    return apart


def _told(study: Study, rows: list[int]) -> tuple[list[str], list[int]]:
    """The settings that most pictures tell, and the rows of those pictures that tell all of these.

    Parameters
    ----------
    study:
        The frame.
    rows:
        The rows whose pictures can be read.
    """
    columns = {name: study.view.column(name).values for name in study.axes}
    names = [name for name, values in columns.items() if 2 * sum(values[at] is None for at in rows) < len(rows)]
    return names, [at for at in rows if all(columns[name][at] is not None for name in names)]


def _hints(study: Study, names: list[str], silent: int, repeated: int, *, has_noise: bool) -> list[str]:
    """What to know about the numbers.

    Parameters
    ----------
    study:
        The frame.
    names:
        The settings that count.
    silent:
        How many pictures do not tell all of these.
    repeated:
        How many pictures have the same settings as another one.
    has_noise:
        Whether such pictures differ.
    """
    hints = []
    if repeated:
        shares = "is not in the shares" if repeated == 1 else "are not in the shares"
        what = f"{count(repeated, 'picture')} with the same settings as another one {shares}"
        if study.has_own_seeds:
            what += ": each has a seed of its own" + (", and the noise is what other seeds do" if has_noise else "")
        hints.append(what)
    if left := [name for name in study.axes if name not in names]:
        hints.append(f"Most pictures do not tell their {', '.join(left)}: left out as a setting")
    if silent:
        tell = "does not tell" if silent == 1 else "do not tell"
        hints.append(f"{count(silent, 'picture')} that {tell} all of {', '.join(names)} left out")
    return hints
