"""A pooler between the log and its server: what is prepared, set or listened to may stay on another connection."""

import queue
from collections import Counter

import pytest

import segflux_nb as sf
from segflux_nb.errors import WorkspaceError
from segflux_nb.lifecycle import State
from segflux_nb.runlog.journal import Journal
from tests.support import pooler
from tests.support.service import ManualClock

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(12)))


@pytest.fixture(params=["session", "transaction", "statement"])
def mode(request):
    if reason := pooler.missing():
        pytest.skip(reason)
    return request.param


@pytest.fixture
def address(mode, postgres, tmp_path):
    """A new database, behind a pooler that has two connections for all; more where it keeps them for a session."""
    size = 10 if mode == "session" else 2
    with pooler.pooler(tmp_path / "pooler", postgres, mode, default_pool_size=size) as through:
        yield through(postgres.new_database())


def a_row_of(log, number):
    return log.runs.read([CELLS[number].digest])[CELLS[number].digest]


@pytest.mark.parametrize("mode", ["session", "transaction"], indirect=True)
def test_two_processes_behind_a_pooler_read_and_write_their_own_statements(address, tmp_path):
    """Two clients prepare other statements under the same names: on a shared connection one would be the other's."""
    journals = [Journal(tmp_path / name / "log", ManualClock(), address=address) for name in ("one", "two")]
    one, two = (journal.of("simulator") for journal in journals)
    one.runs.plan(CELLS)
    for number in range(len(CELLS)):
        for _ in range(2):
            two.sharing.heartbeat("them:1:1")
            assert two.runs.states([CELLS[number].digest])[CELLS[number].digest].state is State.PLANNED
        found = one.runs.move(a_row_of(one, number), State.SUBMITTING, owner="me:1:1", attempts=1)
        assert found == a_row_of(one, number)
        one.marks.set(CELLS[number].digest, "ada", stars=3, pick=None, note=None)
    assert len(two.marks.latest()) == len(CELLS)
    assert one.sharing.owners() == ["them:1:1"]
    for journal in journals:
        journal.close()


@pytest.mark.parametrize("mode", ["transaction"], indirect=True)
def test_a_sweep_of_two_workspaces_behind_a_pooler_is_paid_once(address, tmp_path, monkeypatch):
    runs, store = 24, tmp_path / "store"
    sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=range(runs))
    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path / "cache"))
    with sf.Simulator(time_scale=0.01, paint=False, history_complete=0.05) as simulator:
        with (
            sf.Workspace(address, service=simulator.url, pictures=store) as one,
            sf.Workspace(f"{address}?application_name=two", service=simulator.url, pictures=store) as two,
        ):
            lives = [ws.start(sweep) for ws in (one, two)]
            assert [live.wait().counts for live in lives] == [{"completed": runs}] * 2
        paid = Counter(entry.body["seed"] for entry in simulator.ledger.entries() if not entry.error)
    assert paid == dict.fromkeys(range(runs), 1)


@pytest.mark.parametrize("mode", ["transaction"], indirect=True)
def test_behind_a_pooler_nobody_believes_to_hear_news_and_limits_hold(address, tmp_path):
    journal = Journal(tmp_path / "log", ManualClock(), address=address)
    log, heard = journal.of("simulator"), queue.Queue()
    stop = log.listen(lambda digest, hears: heard.put((digest, hears)))
    assert heard.get(timeout=20) == ("", False)
    stop()
    with log._database.reading() as cursor:  # what another client of the same connection does
        cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', '0', false)")
    with log._database.writing() as cursor:
        cursor.execute("SELECT current_setting('idle_in_transaction_session_timeout')")
        assert cursor.fetchone() == ("30s",)
    journal.close()


@pytest.mark.parametrize("mode", ["statement"], indirect=True)
def test_a_pooler_that_allows_no_transactions_is_refused_at_once(address, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path / "cache"))
    with pytest.raises(WorkspaceError, match=r"statement pooling mode.*pool_mode = transaction"):
        sf.Workspace(address, service="https://api.example.org")
