"""Pictures are in an object store before their rows say completed; nothing is lost or paid twice when it fails."""

import random
import shutil

import pytest

import segflux_nb as sf
from segflux_nb.errors import StoreError, WorkspaceError
from segflux_nb.pictures.tier import PROBE
from tests.support.mortal import Mortal, ProcessDied
from tests.support.stores import FakeStore, broken, tier_in
from tests.support.virtual import Bench

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(1, 5)))
SIX = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(1, 7)))


class StoreBench(Bench):
    def __init__(self, folder, store=None, **settings):
        super().__init__(folder, **settings)
        self.store = FakeStore() if store is None else store
        self.open_tier()

    def open_tier(self):
        self.tier = tier_in(self.folder, self.store, self.client_clock)

    def pictures_served(self):
        return sum(purpose == "download" for purpose, _ in self.transport.sent)

    def check(self, cells):
        """All is completed, each picture is in the store, and each was paid for once."""
        rows = self.rows(cells)
        assert [row.state for row in rows] == ["completed"] * len(cells)
        assert self.ledger.submits == len(cells)
        for row in rows:
            assert self.store.objects[row.picture] == (self.folder / row.picture).read_bytes()


def test_a_picture_is_in_the_store_before_its_row_says_completed(tmp_path):
    b = StoreBench(tmp_path)

    def fault(call, name):
        if call == "create" and name.startswith("pictures/"):
            rows = b.rows(CELLS)
            assert not [row for row in rows if row.state == "completed" and row.picture not in b.store.objects]
            assert not [row for row in rows if row.picture == name]

    b.store.fault = fault
    b.run(CELLS)
    b.check(CELLS)
    assert not b.stop


def test_a_store_that_fails_for_a_while_is_asked_again(tmp_path):
    b = StoreBench(tmp_path)
    failures = iter([True] * 7)

    def fault(call, name):
        if name.startswith("pictures/") and next(failures, False):
            raise StoreError("the store answered 503", is_passing=True)

    b.store.fault = fault
    b.run(CELLS)
    b.check(CELLS)
    assert b.pictures_served() == len(CELLS)


def test_what_cannot_be_uploaded_waits_and_the_next_run_uploads_it_without_paying_or_fetching(tmp_path):
    b = StoreBench(tmp_path, FakeStore(broken()))
    b.run(CELLS)
    rows = b.rows(CELLS)
    assert {row.state.status for row in rows} == {"processing"}
    assert {row.error_kind for row in rows} == {"store"}
    assert "waits in the folder of this machine" in rows[0].error
    assert "the store answered 500" in rows[0].error
    assert "The pictures of 4 runs wait in the folder of this machine: they cannot be uploaded" in b.stop.reason
    assert "not served" not in b.stop.reason
    served = b.pictures_served()
    assert served == len(CELLS), "each was fetched once, and then taken from the folder"

    b.store.fault = lambda call, name: None
    b.open_tier()
    b.run(CELLS)
    b.check(CELLS)
    assert b.pictures_served() == served
    assert not b.stop
    assert not list((tmp_path / "waiting").iterdir())


def test_a_store_that_answers_again_is_used_in_the_same_call(tmp_path):
    b = StoreBench(tmp_path)
    until = b.clock.monotonic() + 300

    def fault(call, name):
        if b.clock.monotonic() < until:
            raise StoreError("the store cannot be reached", is_passing=True)

    b.store.fault = fault
    b.run(CELLS)
    b.check(CELLS)
    assert b.pictures_served() == len(CELLS)


def test_pictures_of_another_sweep_are_uploaded_by_the_next_run_of_any(tmp_path):
    b = StoreBench(tmp_path, FakeStore(broken()))
    b.run(CELLS)
    b.store.fault = lambda call, name: None
    b.open_tier()
    b.run(SIX[4:])
    assert sum(name.startswith("pictures/") for name in b.store.objects) == 6
    b.run(CELLS)
    b.check(SIX)


@pytest.mark.parametrize("what", ["refused", "no bucket"])
def test_a_store_that_refuses_stops_the_run_before_anything_is_paid_for(tmp_path, what):
    def fault(call, name):
        raise StoreError(f"s3://bucket/study: {what}", is_passing=False)

    b = StoreBench(tmp_path, FakeStore(fault))
    with pytest.raises(WorkspaceError, match=what) as raised:
        b.run(CELLS)
    assert "nothing was billed" in str(raised.value).lower()
    assert b.ledger.submits == 0


def test_credentials_that_end_in_the_middle_lose_nothing(tmp_path):
    b = StoreBench(tmp_path)

    def fault(call, name):
        if len(b.store.objects) > 4:
            raise StoreError("the store refuses it", is_passing=False)

    b.store.fault = fault
    b.run(SIX, max_in_flight=1)
    assert {row.state.status for row in b.rows(SIX)} == {"processing", "completed"}
    b.store.fault = lambda call, name: None
    b.run(SIX)
    b.check(SIX)


def test_bytes_that_the_store_did_not_keep_whole_are_replaced(tmp_path):
    """The answer to a cut upload is lost; the next try finds an object, which is not the picture."""
    b = StoreBench(tmp_path)
    cut = iter(["cut"])
    create = b.store.create

    def cutting(name, data):
        if name.startswith("pictures/") and next(cut, None):
            b.store.objects[name] = data[:100]
            raise StoreError("the store did not answer in time", is_passing=True)
        return create(name, data)

    b.store.create = cutting
    b.run(CELLS)
    b.check(CELLS)


def test_the_bytes_of_a_copy_that_is_damaged_are_never_uploaded(tmp_path):
    b = StoreBench(tmp_path, FakeStore(broken()))
    b.run(CELLS[:1])
    (path,) = (tmp_path / "pictures").glob("*/*.jpg")
    path.write_bytes(path.read_bytes()[:-5])
    b.store.fault = lambda call, name: None
    b.run(CELLS[:1])
    b.check(CELLS[:1])


def test_a_picture_that_is_there_is_not_written_again(tmp_path):
    b = StoreBench(tmp_path)
    b.run(CELLS)
    for row in b.rows(CELLS):
        b.tier.upload(row.picture)
    assert b.store.count("replace") == 0


@pytest.mark.parametrize("seed", range(6))
def test_faults_of_all_kinds_lose_nothing_and_pay_nothing_twice(tmp_path, seed):
    chance = random.Random(seed)
    b = StoreBench(tmp_path)

    def fault(call, name):
        match chance.randrange(6):
            case 0:
                raise StoreError("the store answered 503", is_passing=True)
            case 1:
                return "lost"
            case 2 if call == "read":
                return "cut"
        return None

    b.store.fault = fault
    for _ in range(3):
        b.run(SIX)
    b.store.fault = lambda call, name: None
    b.run(SIX)
    b.check(SIX)


def test_a_death_before_and_after_each_step_loses_nothing(tmp_path, monkeypatch):
    """Each commit, each request, and each call of the store: before it, and between it and what follows."""
    steps, died = 0, True
    while died:
        steps += 1
        folder = tmp_path / str(steps)
        folder.mkdir()
        b = StoreBench(folder, durable=False)
        mortal = Mortal(b, monkeypatch)

        def fault(call, name, mortal=mortal):
            mortal.tick()

        def dying(call, mortal=mortal):
            def called(*arguments):
                done = call(*arguments)
                mortal.tick()
                return done

            return called

        b.store.fault = fault
        b.store.create, b.tier.waiting.remove = dying(b.store.create), dying(b.tier.waiting.remove)
        died = mortal.run_until_death(CELLS[:1], steps)
        b.open_tier()
        b.run(CELLS[:1])
        b.check(CELLS[:1])
        b.journal.close()
        shutil.rmtree(folder)
    assert steps > 20


def test_a_death_while_pictures_wait_loses_nothing(tmp_path, monkeypatch):
    b = StoreBench(tmp_path, FakeStore(broken()))
    mortal = Mortal(b, monkeypatch)
    tries = b.store.calls

    def fault(call, name):
        if len(tries) > 30:
            raise ProcessDied
        raise StoreError("the store answered 500", is_passing=True)

    b.store.fault = fault
    with pytest.raises(ProcessDied):
        b.run(CELLS)
    b.store.fault = lambda call, name: None
    mortal.open()
    b.open_tier()
    b.run(CELLS)
    b.check(CELLS)


def test_the_store_is_tried_once_for_each_workspace(tmp_path):
    b = StoreBench(tmp_path)
    b.run(CELLS[:1])
    b.run(CELLS[:2])
    assert [name for call, name in b.store.calls if name == PROBE] == [PROBE]


def test_what_waits_of_an_output_with_several_pictures_is_uploaded_too(tmp_path):
    b = StoreBench(tmp_path)
    b.run(CELLS[:2])
    one, other = b.rows(CELLS[:2])
    log = b.log.runs
    log.move(one, one.state, more_urls=[other.picture_url])
    b.store.objects.clear()
    b.store.fault = broken("create", "replace")
    b.open_tier()
    b.tier._tried = True
    b.run(CELLS[:1])
    assert "The pictures of 1 run wait in the folder of this machine" in b.stop.reason
    assert b.log.pictures.more(one.digest)[0].path is None
    served = b.pictures_served()
    b.store.fault = lambda call, name: None
    b.run(CELLS[:1])
    (more,) = b.log.pictures.more(one.digest)
    assert more.path == other.picture
    assert more.path in b.store.objects
    assert b.pictures_served() == served
