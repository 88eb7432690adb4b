"""The order in which cells run: ends and middles first, so that an unfinished sweep is a readable sheet. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter

from ...sweep.request import Request


def readable_first(requests: Sequence[Request]) -> list[Request]:
    """The requests, coarse grid first: ends and middle of each axis, then the quarters, then the eighths.

    Seeds have no middle: the first one comes first, then one more, then two more, then four more.

    Example
    -------
    >>> from segflux_nb import Sweep
    >>> cells = readable_first(list(Sweep(prompt="TOK", finetune_id="a", steps=[10, 15, 20, 25, 30])))
    >>> [cell.parameters["steps"] for cell in cells]
    [10, 30, 20, 15, 25]
    """
    if not requests:
        return []
    cells = [request.parameters for request in requests]
    axes = {
        name: values
        for name in requests[0].parameters
        if len(values := list(dict.fromkeys(map(itemgetter(name), cells)))) > 1
    }
    levels = {
        name: dict(zip(values, _doubling(len(values)) if name == "seed" else _halving(len(values)), strict=True))
        for name, values in axes.items()
    }

    def rank(request: Request) -> tuple[int, int]:
        found = [levels[name][request.parameters[name]] for name in axes]
        return (max(found, default=0), sum(found))

    return sorted(requests, key=rank)


def first_digests(requests: Iterable[Request], number: int) -> set[str]:
    """The digests of the cells with which a look at a sweep begins: those that `readable_first` puts first.

    Parameters
    ----------
    requests:
        The cells of the sweep; equal ones count once.
    number:
        How many.

    Example
    -------
    >>> from segflux_nb import Sweep
    >>> sweep = Sweep(prompt="TOK", finetune_id="a", steps=[10, 15, 20, 25, 30])
    >>> first = first_digests(sweep, 3)
    >>> [cell.parameters["steps"] for cell in sweep if cell.digest in first]
    [10, 20, 30]
    """
    unique = {request.digest: request for request in requests}
    return {request.digest for request in readable_first(list(unique.values()))[:number]}


def _halving(number: int) -> list[int]:
    """The level of each index: 0 for both ends, 1 for the middle, 2 for the quarters, and so on."""
    levels = [0] * number
    spans, level = [(0, number - 1)], 0
    while spans:
        level += 1
        following = []
        for first, last in spans:
            if last - first > 1:
                middle = (first + last) // 2
                levels[middle] = level
                following += [(first, middle), (middle, last)]
        spans = following
    return levels


def _doubling(number: int) -> list[int]:
    """The level of each index: 0, 1, 2, 2, 3, 3, 3, 3, ..."""
    return [index.bit_length() for index in range(number)]
