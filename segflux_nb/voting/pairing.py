"""Balanced pairs, in random order, and always of one seed. Pure.

They are what `choosing` is measured against, and what it falls back to where there is nothing to choose by.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import Any

Pair = tuple[str, str]


def next_pair(blocks: Mapping[Any, Mapping[Any, str]], judged: Sequence[Pair], shuffle: str) -> Pair | None:
    """The two runs to show left and right; None if no block has two runs.

    The pair that was judged least comes first; among equals the pair whose two values were compared least, then the
    one whose block was seen least. Chance decides among the rest, and which run is left. The same arguments give the
    same pair.

    Parameters
    ----------
    blocks:
        Runs by block and by the value of the axis. A block is what the two of a pair have in common, such as a seed.
    judged:
        Pairs that were judged or skipped, in order.
    shuffle:
        The seed of the random order: the rater's name.

    Example
    -------
    >>> sorted(next_pair({7: {0.4: "a", 0.8: "b"}}, [], "anna"))
    ['a', 'b']
    """
    value_of = {run: (value, block) for block, runs in blocks.items() for value, run in runs.items()}
    pairs: Counter[frozenset[str]] = Counter()
    values: Counter[frozenset[Hashable]] = Counter()
    seen: Counter[Hashable] = Counter()
    for left, right in judged:
        if left in value_of and right in value_of:
            pairs[frozenset((left, right))] += 1
            values[frozenset((value_of[left][0], value_of[right][0]))] += 1
            seen[value_of[left][1]] += 1
    # The number of votes is part of the seed: it changes the order after each vote, and nothing has to be stored.
    chance = random.Random(f"{shuffle}/{len(judged)}")
    candidates = [pair for runs in blocks.values() for pair in combinations(runs.values(), 2)]
    if not candidates:
        return None

    def rank(pair: Pair) -> tuple[float, ...]:
        (first, block), (second, _) = value_of[pair[0]], value_of[pair[1]]
        return pairs[frozenset(pair)], values[frozenset((first, second))], seen[block], chance.random()

    left, right = min(candidates, key=rank)
    return (left, right) if chance.random() < 0.5 else (right, left)
