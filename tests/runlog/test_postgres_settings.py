"""What the owner of a server or of a database has set: the log promises the same, or says what to change."""

import threading
from functools import partial

import psycopg
import pytest

import segflux_nb as sf
from segflux_nb.errors import LogLocked, WorkspaceError
from segflux_nb.lifecycle import State
from segflux_nb.runlog import reading
from segflux_nb.runlog.journal import Journal
from segflux_nb.runlog.postgres import opening
from segflux_nb.runlog.rows import AcceptedJob
from tests.support.corpus import PAYLOADS
from tests.support.service import ManualClock
from tests.support.virtual import Bench

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(4)))
SHOWN = "żółć ✓ 漢字 😀"


@pytest.fixture
def database(postgres):
    """Makes a database of which its owner has set something."""

    def made(make="", **settings):
        address = postgres.new_database()
        name = address.rpartition("/")[2]
        if make:
            postgres.drop(address)
            postgres.execute(postgres.address("postgres"), f"CREATE DATABASE {name} {make}")
        for setting, value in settings.items():
            postgres.execute(address, f"ALTER DATABASE {name} SET {setting} = {value}")
        return address

    return made


@pytest.fixture
def opened(tmp_path):
    """Opens logs, each as a process of its own would."""
    journals = []

    def made(address):
        journals.append(Journal(tmp_path / "log", ManualClock(), address=address))
        return journals[-1].of("simulator")

    yield made
    for journal in journals:
        journal.close()


def row(log, number=0):
    return log.runs.read([CELLS[number].digest])[CELLS[number].digest]


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_two_runs_do_not_get_one_job_where_transactions_see_only_what_was_there_before(
    level, database, opened, postgres
):
    """The second waits for the first, and must see what it wrote."""
    address = database(default_transaction_isolation=f"'{level}'")
    logs = [opened(address), opened(address)]
    logs[0].runs.plan(CELLS)
    told = {}

    def accept(number):
        job = AcceptedJob("simulator", CELLS[number].digest, "one", "/s", "/r", 5.0, None)
        told[number] = logs[number].runs.accept(job)

    threads = [threading.Thread(target=accept, args=(number,)) for number in (0, 1)]
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    with psycopg.connect(address) as first:
        first.execute("SELECT pg_advisory_lock(hashtextextended('simulator one', 0))")
        for thread in threads:
            thread.start()
        while postgres.execute(address, waiting, address.rpartition("/")[2])[0][0] < 2:
            pass
        first.execute("SELECT pg_advisory_unlock_all()")
    for thread in threads:
        thread.join()
    assert sorted(run is None for run in told.values()) == [False, True]


def test_settings_of_a_database_change_nothing(database, opened, tmp_path, monkeypatch):
    """One that rounds numbers, loses commits in a crash, ends what is idle, and waits for no lock."""
    address = database(
        extra_float_digits="0",
        synchronous_commit="off",
        idle_in_transaction_session_timeout="'1ms'",
        lock_timeout="'1ms'",
        statement_timeout="'20s'",
        datestyle="'SQL, DMY'",
        standard_conforming_strings="off",
    )
    bench = Bench(tmp_path, address=address)
    assert {run.state for run in bench.run(CELLS)} == {"completed"}
    log = opened(address)
    (cell,) = sf.Sweep(prompt=SHOWN, finetune_id="a", seed=9)
    log.runs.plan([cell])
    log.runs.move(log.runs.read([cell.digest])[cell.digest], State.SUBMITTING, submitted_at=1_800_000_000.123457)
    monkeypatch.setattr(reading, "LOOKED_UP", 0)
    assert log.runs.table([cell.digest], ("submitted_at",))["submitted_at"] == [1_800_000_000.123457]
    with log._database.writing() as cursor:
        assert cursor.execute("SELECT current_setting('synchronous_commit')").fetchone() == ("on",)


@pytest.mark.parametrize("make", ["", "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"])
def test_all_characters_are_kept(make, database, opened):
    log = opened(f"{database(make)}?client_encoding=latin1").runs
    cells = list(sf.Sweep(prompt=[*PAYLOADS, SHOWN], finetune_id="a", seed=1))
    log.plan(cells)
    table = log.table([cell.digest for cell in cells], ("parameters",))
    assert {parameters["prompt"] for parameters in table["parameters"]} == {cell.prompt for cell in cells}
    run = log.move(log.read([cells[0].digest])[cells[0].digest], State.SUBMITTING)
    assert log.move(run, State.REFUSED, error=SHOWN) == log.read([run.digest])[run.digest]


def test_a_database_that_cannot_keep_all_characters_is_refused(database, opened):
    address = database("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(WorkspaceError, match=r"keeps texts as LATIN1.*createdb --encoding=UTF8"):
        opened(address)


def test_a_server_that_is_too_old_is_refused(database, opened, monkeypatch):
    monkeypatch.setattr(opening, "OLDEST_SERVER", 99)
    with pytest.raises(WorkspaceError, match="a run log needs 99 or newer"):
        opened(database())


@pytest.mark.parametrize("path", ["''", "nowhere"])
def test_a_user_without_a_schema_is_told_so(path, database, opened):
    with pytest.raises(WorkspaceError, match=r"no schema in which its user may make tables.*GRANT USAGE, CREATE"):
        opened(database(search_path=path))


def test_a_user_with_a_schema_of_their_own_opens_the_log_that_is_there(database, opened, postgres):
    address = database()
    opened(address).runs.plan(CELLS)
    postgres.execute(address, "CREATE SCHEMA segflux")
    assert len(opened(address).runs.all()) == len(CELLS)


def test_tables_of_another_program_in_a_schema_that_comes_later_are_in_nobodys_way(database, opened, postgres):
    address = database(search_path="study, public")
    postgres.execute(address, "CREATE TABLE public.properties (x INTEGER); CREATE SCHEMA study")
    opened(address).runs.plan(CELLS)
    assert len(opened(address).runs.all()) == len(CELLS)
    postgres.execute(address, "CREATE TABLE study.things (x INTEGER); CREATE SCHEMA first")
    postgres.execute(address, "CREATE TABLE first.runs (x INTEGER)")
    with pytest.raises(WorkspaceError, match="another program"):
        opened(f"{address}?options=-csearch_path%3Dfirst,study")


def test_a_second_log_is_not_made_where_the_first_is_out_of_sight(database, opened, postgres):
    """It would not know what the first has paid for. Who asks for another schema gets one."""
    address = database()
    postgres.execute(address, "CREATE SCHEMA team; CREATE SCHEMA other")
    team = f"{address}?options=-csearch_path%3Dteam"
    opened(team).runs.plan(CELLS)
    with pytest.raises(WorkspaceError, match=r"has a run log in the schema team.*\?options=-csearch_path%3Dteam"):
        opened(address)
    assert len(opened(team).runs.all()) == len(CELLS)
    assert opened(team.replace("team", "other")).runs.all() == {}


def test_a_statement_that_the_server_ends_says_who_can_give_it_more_time(database, opened):
    log = opened(database())
    with log._database.reading() as cursor:
        cursor.execute("SET statement_timeout = '1ms'")
    said = r"longer than its statement_timeout.*ALTER ROLE"
    with pytest.raises(LogLocked, match=said), log._database.reading() as cursor:
        cursor.execute("SELECT pg_sleep(30)")


def test_a_server_that_takes_no_changes_for_a_while_is_waited_for(database, opened, postgres):
    """Some make themselves read-only when the disk is nearly full, or another server takes over."""
    address = database()
    name = address.rpartition("/")[2]
    log = opened(address)
    log.runs.plan(CELLS)
    run = row(log)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
    postgres.execute(address, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    postgres.execute(address, others, name)
    acts = [
        partial(log.runs.move, run, State.SUBMITTING),
        partial(
            log.write_group, [partial(log.runs.move, run, State.SUBMITTING), partial(log.sharing.heartbeat, "me")]
        ),
        partial(log.marks.set, CELLS[0].digest, "ada", stars=3, pick=None, note=None),
    ]
    for act in acts:
        with log.waiting_at_most(0.0), pytest.raises(LogLocked, match="takes no changes now"):
            act()
    assert row(log).state is State.PLANNED, "it is read meanwhile"
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute("SET default_transaction_read_only = off")
        owner.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
    assert log.runs.move(run, State.SUBMITTING).state is State.SUBMITTING, "on a connection that was made since"
    log.marks.set(CELLS[0].digest, "ada", stars=3, pick=None, note=None)


def test_a_log_in_a_database_that_is_read_only_is_read(database, opened, postgres):
    address = database()
    opened(address).runs.plan(CELLS)
    postgres.execute(address, f"ALTER DATABASE {address.rpartition('/')[2]} SET default_transaction_read_only = on")
    log = opened(address)
    assert len(log.runs.all()) == len(CELLS)
    with pytest.raises(WorkspaceError, match="can only be read"):
        log.runs.move(row(log), State.SUBMITTING)
