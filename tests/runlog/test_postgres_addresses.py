"""Addresses of databases: passwords are never shown or made a folder, and errors say what is to be corrected."""

import os
import signal
import socket
import threading
import traceback
import weakref

import pytest
from click.testing import CliRunner

import segflux_nb as sf
from segflux_nb.cli import main
from segflux_nb.errors import WorkspaceError
from segflux_nb.runlog.postgres.address import local_folder, read

SECRET = "geheim"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path / "cache"))


def refusal(address):
    """What is said where a workspace cannot be opened; neither it nor its traceback shows the password."""
    with pytest.raises(WorkspaceError) as caught:
        sf.Workspace(address, service="https://api.example.org")
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


@pytest.mark.parametrize("sign", "/@#?[]")
def test_a_password_with_a_sign_of_addresses_is_not_taken_for_a_host(sign, tmp_path):
    said = refusal(f"postgresql://ada:x{sign}{SECRET}@127.0.0.1:1/study")
    assert "cannot be read" in said
    assert "%2F for /" in said
    assert not list(tmp_path.iterdir())


def test_a_percent_sign_in_a_password_is_named_without_the_password():
    pytest.importorskip("psycopg")
    assert "%25 for a %" in refusal(f"postgresql://ada:100%{SECRET}@127.0.0.1:1/study")


@pytest.mark.parametrize(
    "given",
    [
        f"postgresql+psycopg://ada:{SECRET}@db/study",
        f"PostgreSQL://ada:{SECRET}@db/study",
        f"mysql://ada:{SECRET}@db/study",
        f'"postgresql://ada:{SECRET}@db/study"',
        f" postgresql://ada:{SECRET}@db/study",
        f"postgresql://ada:{SECRET}@db/study\n",
        f"postgresql:/ada:{SECRET}@db/study",
        f"host=db dbname=study password={SECRET}",
        f"dbname=study password={SECRET}",
    ],
)
def test_what_is_meant_as_an_address_does_not_become_a_folder(given, tmp_path):
    refusal(given)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a=b", "study: one", "host", "postgresql", "C://studies"])
def test_folders_keep_their_odd_names(name, tmp_path):
    with sf.Workspace(tmp_path / name, service="https://api.example.org") as ws:
        assert ws.path == tmp_path / name


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql:///study?host=/run/postgresql", "postgresql:///study?host=/run/postgresql"),
        (f"postgresql:///study?host=/run/pg&password={SECRET}&user=ada", "postgresql:///study?host=/run/pg&user=ada"),
        (f"postgresql://ada:{SECRET}@[::1]:5433/study?sslmode=require", "postgresql://ada@[::1]:5433/study"),
        ("postgresql://ada@%2Frun%2Fpostgresql/study", "postgresql://ada@%2Frun%2Fpostgresql/study"),
        ("postgresql://one:1,two:2/study", "postgresql://one:1,two:2/study"),
        (f"postgresql://a%40b:{SECRET}@db/%E6%97%A5", "postgresql://a%40b@db/%E6%97%A5"),
        ("postgresql://db?dbname=study", "postgresql://db?dbname=study"),
    ],
)
def test_an_address_is_shown_so_that_it_can_be_given_again(address, shown):
    assert read(address).shown == shown
    assert local_folder(address) == local_folder(address.replace(SECRET, "another"))


def test_variables_that_complete_an_address_tell_logs_apart(monkeypatch):
    """Else the ids that wait on this machine for one database would be entered in another."""
    folders = {local_folder("postgresql:///study")}
    for name, value in {"PGHOST": "one", "PGPORT": "5433", "PGUSER": "ada", "PGSERVICE": "two"}.items():
        monkeypatch.setenv(name, value)
        folders.add(local_folder("postgresql:///study"))
    assert len(folders) == 5
    monkeypatch.delenv("PGSERVICE")
    whole = "postgresql://ada@db:5432/study"
    before = local_folder(whole)
    monkeypatch.setenv("PGHOST", "three")
    monkeypatch.setenv("PGPORT", "5434")
    assert local_folder(whole) == before


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_an_interrupt_while_a_server_is_awaited_shows_no_password(monkeypatch):
    pytest.importorskip("psycopg")
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def interrupt():
            client, _ = silent.accept()
            with client:
                client.recv(1)
                os.kill(os.getpid(), signal.SIGINT)
                while client.recv(1 << 12):
                    pass

        interrupting = threading.Thread(target=interrupt, daemon=True)
        interrupting.start()
        monkeypatch.setenv(
            "SEGFLUX_WORKSPACE", f"postgresql://ada:{SECRET}@127.0.0.1:{silent.getsockname()[1]}/study"
        )
        with pytest.raises(KeyboardInterrupt) as caught:
            sf.Workspace(service="https://api.example.org")
        interrupting.join(30)
        assert not interrupting.is_alive(), "the connection that was half made is closed"
    shown = traceback.TracebackException(caught.type, caught.value, caught.tb, capture_locals=True)
    assert SECRET not in "".join(shown.format())


def test_an_interrupted_connect_keeps_nothing_that_is_half_made(monkeypatch):
    pytest.importorskip("psycopg")
    from segflux_nb.runlog.postgres.connections import AttentiveConnection, Connections

    class HalfMade:
        pass

    made = []

    def connect(*arguments, **options):
        half_made = HalfMade()
        made.append(weakref.ref(half_made))
        raise KeyboardInterrupt

    monkeypatch.setattr(AttentiveConnection, "connect", connect)
    with pytest.raises(KeyboardInterrupt) as caught:
        Connections(f"postgresql://ada:{SECRET}@127.0.0.1:1/study").connect()
    assert caught.value.__suppress_context__
    assert made[0]() is None


@pytest.mark.parametrize("arguments", [["doctor"], ["status"], ["sheet"], ["nothing"], ["demo"], ["verify", "a"]])
@pytest.mark.parametrize(
    "address", [f"postgresql://ada:{SECRET}@127.0.0.1:1/study", f"postgresql://ada@127.0.0.1:1/x?password={SECRET}"]
)
def test_commands_do_not_repeat_the_password_of_an_address(arguments, address):
    result = CliRunner().invoke(main, [*arguments, address])
    assert result.exit_code
    assert SECRET not in result.output
    assert SECRET not in CliRunner().invoke(main, [address]).output


def test_what_is_wrong_with_an_address_is_what_the_remedy_corrects(postgres):
    right = postgres.address("postgres").replace("segflux@", f"segflux:{SECRET}@")
    for wrong, remedy in (
        (right.removesuffix("postgres") + "nope", "createdb"),
        (right.replace("segflux:", "nobody:"), "Correct the user"),
        (f"{right}?sslmode=require", "Correct sslmode"),
        (f"{right}?sslmode=always", "sslmode"),
        (right.replace("127.0.0.1", "no-such-host.invalid"), "host's name"),
        (right.replace(str(postgres.port), "port"), "port"),
        (right.replace(str(postgres.port), "1"), "that the server runs"),
    ):
        said = refusal(wrong)
        assert remedy in said.partition("cannot be reached")[2], said
