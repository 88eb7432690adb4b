"""A picture that another machine has brought is there as soon as its run says completed."""

from segflux_nb.pictures.store_contents import StoreContents
from tests.support.stores import FakeStore


class Ticking:
    """A clock that goes on by a millisecond whenever somebody looks."""

    time = 100.0

    def monotonic(self):
        self.time += 0.001
        return self.time


def name(number):
    return f"pictures/ab/ab{number:062x}.jpg"


def test_a_picture_that_was_uploaded_since_the_last_look_is_there():
    store = FakeStore()
    contents = StoreContents(store, Ticking())
    assert contents.absent([name(1)]) == {name(1)}
    store.objects[name(2)] = b"of another machine"
    assert contents.absent([name(2)]) == set()
    assert contents.may_have(name(2))


def test_what_was_asked_for_and_is_absent_is_not_looked_for_each_time():
    store = FakeStore()
    contents = StoreContents(store, Ticking())
    contents.absent([name(1), name(2)])
    store.calls.clear()
    assert contents.absent([name(1), name(2)]) == {name(1), name(2)}
    assert store.calls == []
