"""``runs.effects()``: what each axis does to the pictures."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from ..errors import RunError
from ..markup import count, plain, shorten
from ..model import Value
from ..selection import Selection

if TYPE_CHECKING:
    from ..analysis.effects import AtZero, Effects
    from ..analysis.verdicts import Noise
    from .observing import Picture

_STRENGTH, _FINETUNE = "lora_strength", "finetune_id"


def effects(runs: Selection) -> Effects:
    """What each axis, and each pair of axes, does to the pictures. Its text is sentences.

    For each axis: its share of the variance of the pictures, with an interval for other seeds; and whether it did
    anything at all, from the pairs of pictures that differ in nothing else: *inert* (equal pictures), *below the
    noise*
    of the service, or it *matters*. `Workspace.probe` measures the noise. Takes that you have already count. The
    numbers are those of thumbnails of 32 × 32 places in CIE L*a*b*; ``docs/analysis.md`` has the formulas.

    Returns
    -------
    Effects
        ``.df`` has a row for each axis and each pair, ``.values`` one for each two values of an axis.

    Raises
    ------
    RunError
        If fewer than two runs have a picture.

    Example
    -------
    ``runs.effects()`` shows, for example, ``sampler_name: 0 %; inert: equal pictures in 18 of 18 pairs``
    """
    from ..analysis.effects import effects_of
    from .observing import noise_of, observations_of, pictures_of

    pictures, left_out = pictures_of(runs)
    if len(pictures) < 2:
        raise RunError(
            f"{len(pictures)} of these runs has a picture; effects compare pictures"
            if len(pictures) == 1
            else "None of these runs has a picture; effects compare pictures",
            remedy="ws.run(sweep) makes them" if left_out or not len(runs) else "Choose more runs",
        )
    noise = noise_of(runs, [picture.run for picture in pictures])
    seen = observations_of(pictures, runs.axes)
    words = runs.source.log.trigger_words.all()
    return effects_of(
        seen,
        noise,
        left_out=left_out,
        at_zero=at_zero(pictures, noise),
        hints=prompts_without_word(words, [picture.run.parameters for picture in pictures]),
    )


def prompts_without_word(words: Mapping[str, str], requests: Iterable[Mapping[str, Value]]) -> list[str]:
    """A sentence for each fine-tune with prompts that lack its trigger word.

    Parameters
    ----------
    words:
        The words that are known, by fine-tune.
    requests:
        The parameters of each cell.

    Example
    -------
    >>> cells = [{"finetune_id": "a", "prompt": one} for one in ("tok, a lake", "A tokay")]
    >>> prompts_without_word({"a": "TOK"}, cells)
    ['Hint: 1 of 2 prompts lacks TOK, the trigger word of a, such as "A tokay"']
    """
    if not words:
        return []
    prompts: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for parameters in requests:
        prompts[str(parameters[_FINETUNE])].setdefault(str(parameters["prompt"]))
    hints = []
    for finetune, own in prompts.items():
        word = words.get(finetune, "")
        without = [
            one for one in own if word and not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", one, re.IGNORECASE)
        ]
        if without:
            lack = "lacks" if len(without) == 1 else "lack"
            hints.append(
                f"Hint: {len(without)} of {count(len(own), 'prompt')} {lack} {shorten(plain(word), 30)},"
                f' the trigger word of {shorten(plain(finetune), 40)}, such as "{shorten(plain(without[0]), 60)}"'
            )
    return hints


def at_zero(pictures: Sequence[Picture], noise: Noise) -> list[AtZero]:
    """Fine-tunes whose pictures at strength 0 are not the same: there, each of them should be the base model.

    Parameters
    ----------
    pictures:
        The pictures.
    noise:
        How much the service differs from itself. Without it, each difference counts.
    """
    import numpy as np

    from ..analysis.effects import AtZero
    from ..analysis.vectors import differences

    alike: defaultdict[tuple[object, ...], dict[str, Picture]] = defaultdict(dict)
    for picture in pictures:
        parameters = picture.run.parameters
        if parameters.get(_STRENGTH) == 0:
            others = tuple(value for name, value in parameters.items() if name not in (_FINETUNE, "hardware"))
            alike[others].setdefault(str(picture.settings[_FINETUNE]), picture)
    found: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for by_finetune in alike.values():
        for (one, first), (other, second) in combinations(by_finetune.items(), 2):
            apart = differences(np.stack([first.vector, second.vector]), [0], [1])[0]
            found[(one, other)].append(0.0 if first.identity == second.identity else float(apart))
    limit = noise.limit or 0.0
    return [
        AtZero(one, other, len(values), sum(value > limit for value in values), max(values))
        for (one, other), values in found.items()
        if any(value > limit for value in values)
    ]
