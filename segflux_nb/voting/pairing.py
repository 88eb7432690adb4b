"""Which pair of pictures to judge next: balanced, shuffled, and always of one seed. Pure."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

from ..model import Value

Pair = tuple[str, str]


def next_pair(blocks: Mapping[Value, Mapping[Value, str]], judged: Sequence[Pair], shuffle: str) -> Pair | None:
    """The runs to show left and right; None where no block has two.

    Least judged goes first: the pair itself, then its two values, then its block; among equals chance decides, and
    which one stands left. The same arguments give the same pair.

    Parameters
    ----------
    blocks:
        Runs by block and by the value of the axis.
    judged:
        Pairs that were judged or skipped, in order.
    shuffle:
        What chance is drawn from: the rater's name.

    Example
    -------
    >>> sorted(next_pair({7: {0.4: "a", 0.8: "b"}}, [], "anna"))
    ['a', 'b']
    """
    value_of = {run: (value, block) for block, runs in blocks.items() for value, run in runs.items()}
    pairs: Counter[frozenset[str]] = Counter()
    values: Counter[frozenset[Value]] = Counter()
    seen: Counter[Value] = Counter()
    for left, right in judged:
        if left in value_of and right in value_of:
            pairs[frozenset((left, right))] += 1
            values[frozenset((value_of[left][0], value_of[right][0]))] += 1
            seen[value_of[left][1]] += 1
    chance = random.Random(f"{shuffle}/{len(judged)}")
    candidates = [pair for runs in blocks.values() for pair in combinations(runs.values(), 2)]
    if not candidates:
        return None

    def rank(pair: Pair) -> tuple[float, ...]:
        (first, block), (second, _) = value_of[pair[0]], value_of[pair[1]]
        return pairs[frozenset(pair)], values[frozenset((first, second))], seen[block], chance.random()

    left, right = min(candidates, key=rank)
    return (left, right) if chance.random() < 0.5 else (right, left)
