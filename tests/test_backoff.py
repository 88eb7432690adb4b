"""Pauses between attempts."""

import random

from hypothesis import given
from hypothesis import strategies as st

from segflux_nb.backoff import Backoff

seconds = st.floats(0.001, 100)


@given(
    first=seconds, factor=st.floats(1, 1000), failures=st.integers(1, 10**6), share=st.floats(0, 1, exclude_max=True)
)
def test_a_pause_is_between_half_and_all_of_the_doubled_one_and_never_longer_than_the_longest(
    first, factor, failures, share
):
    backoff = Backoff(first=first, longest=first * factor)
    whole = backoff.seconds(failures, lambda: 1.0)
    assert whole == min(first * factor, first * 2.0 ** min(failures - 1, 60))
    assert whole / 2 <= backoff.seconds(failures, lambda: share) <= whole


def test_clients_that_failed_together_do_not_come_back_together():
    backoff = Backoff(first=1.0, longest=60.0)
    pauses = [backoff.seconds(6, random.Random(seed).random) for seed in range(100)]
    assert min(pauses) >= 16
    assert max(pauses) <= 32
    assert max(pauses) - min(pauses) > 12, "they spread over the whole range"
