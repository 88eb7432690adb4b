"""Object stores for tests: one in memory that fails as it is told, and folders, memory and S3 by obstore."""

from segflux_nb.errors import StoreError
from segflux_nb.pictures.tier import Tier

ANSWERED_500 = "the store answered 500"


class FakeStore:
    """A store in memory. `fault` is asked before each call: it may raise, or return what happens after the call.

    It gets the kind of call and the name, and returns None, "lost" (it was done, and the answer never came), or "cut"
    (half of the bytes come).
    """

    address = "s3://bucket/study"
    root = None

    def __init__(self, fault=lambda call, name: None):
        self.objects = {}
        self.calls = []
        self.fault = fault

    def create(self, name, data):
        after = self._asked("create", name)
        was_absent = name not in self.objects
        if was_absent:
            self.objects[name] = data[: len(data) // 2] if after == "cut" else data
        self._lost(after)
        return was_absent

    def replace(self, name, data):
        after = self._asked("replace", name)
        self.objects[name] = data
        self._lost(after)

    def read(self, name):
        after = self._asked("read", name)
        if name not in self.objects:
            raise FileNotFoundError(2, "no such picture")
        self._lost(after)
        data = self.objects[name]
        return data[: len(data) // 2] if after == "cut" else data

    def pages(self, prefix):
        self._asked("list", prefix)
        found = [(name, len(data)) for name, data in self.objects.items() if name.startswith(prefix)]
        for start in range(0, len(found), 1000):
            if start:
                self._asked("list", prefix)
            yield found[start : start + 1000]

    def remove(self, names):
        self._asked("remove", names[0])
        for name in names:
            self.objects.pop(name, None)

    def count(self, call):
        return sum(kind == call for kind, _ in self.calls)

    def read_names(self):
        return [name for kind, name in self.calls if kind == "read"]

    def _asked(self, call, name):
        self.calls.append((call, name))
        return self.fault(call, name)

    def _lost(self, after):
        if after == "lost":
            raise StoreError("the store did not answer in time", is_passing=True)


def broken(*calls):
    """Each call of these kinds is answered with 500."""

    def fault(call, name):
        if call in calls or not calls:
            raise StoreError(ANSWERED_500, is_passing=True)

    return fault


def tier_in(folder, store, clock, limit=10**9):
    return Tier(folder, FakeStore.address, store, clock, limit)
