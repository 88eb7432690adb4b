"""Another machine uploads pictures while this one knows a list that is some seconds old."""

from types import SimpleNamespace

from segflux_nb.pictures.store_contents import UNKNOWN_SECONDS, StoreContents
from tests.support.service import ManualClock

FIRST, SECOND = (f"pictures/ab/{digit * 64}.png" for digit in "ab")


def test_a_picture_that_came_after_the_list_is_there_and_one_that_did_not_is_found_out():
    there = {}
    store = SimpleNamespace(pages=lambda prefix: [[(name, 1) for name in there if name.startswith(prefix)]])
    clock = ManualClock()
    contents = StoreContents(store, clock)
    assert contents.absent([FIRST]) == {FIRST}
    there[SECOND] = 1
    clock.time += 1
    assert contents.absent([FIRST, SECOND]) == {FIRST}, "the list is older than the question"
    clock.time += UNKNOWN_SECONDS + 1
    assert contents.absent([FIRST, SECOND]) == {FIRST}
    third = SECOND.replace("b.png", "c.png")
    clock.time += 1
    assert contents.absent([third]) == set()
    clock.time += UNKNOWN_SECONDS + 1
    assert contents.absent([third]) == {third}
