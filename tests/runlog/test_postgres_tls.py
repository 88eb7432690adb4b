"""A server that encrypts, with a certificate of its owner's own: what is let in, and what is said where it is not."""

import re
import shutil
import subprocess
import traceback
import zipfile

import pytest
from click.testing import CliRunner

import segflux_nb as sf
from segflux_nb.cli import main
from segflux_nb.errors import WorkspaceError
from tests.postgres_server import may_enter, running_server, skip_without_postgres

SECRET = "geheim4711"


def openssl(folder, *words):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr


def sign(folder, name, days):
    """A certificate for the host "localhost", signed by an authority of the tests."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key")
    if name == "authority":
        openssl(folder, "req", "-new", "-x509", "-days", days, "-subj", f"/CN={name}", *key, "-out", f"{name}.crt")
        return
    openssl(folder, "req", "-new", "-subj", "/CN=localhost", *key, "-out", "request")
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    by = ("-CA", "authority.crt", "-CAkey", "authority.key", "-CAcreateserial", "-extfile", "names")
    openssl(folder, "x509", "-req", "-in", "request", *by, "-days", days, "-out", f"{name}.crt")


@pytest.fixture(scope="module")
def server():
    skip_without_postgres()
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes certificates, is not installed")
    with running_server(fsync="off") as made:
        for name, days in {"authority": 2, "good": 2, "expired": -1}.items():
            sign(made.data, name, days)
            for kind in ("key", "crt"):
                may_enter(made.data / f"{name}.{kind}")
        made.execute(made.address("postgres"), f"CREATE ROLE ada LOGIN PASSWORD '{SECRET}'")
        made.execute(made.address("postgres"), "CREATE DATABASE study OWNER ada")
        encrypted = "host all segflux 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
        (made.data / "pg_hba.conf").write_text(encrypted)
        encrypt(made, "good")
        yield made


def encrypt(server, certificate):
    """From now on, use this certificate; "" for none."""
    for change in (
        f"ALTER SYSTEM SET ssl_cert_file = '{certificate or 'good'}.crt'",
        f"ALTER SYSTEM SET ssl_key_file = '{certificate or 'good'}.key'",
        f"ALTER SYSTEM SET ssl = {'on' if certificate else 'off'}",
        "SELECT pg_reload_conf()",
    ):
        server.execute(server.address("postgres"), change)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, server):
    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "passwords"))
    return tmp_path


def address(server, *, user=f"ada:{SECRET}", host="localhost", database="study", **options):
    root = f"&sslrootcert={server.data / 'authority.crt'}" if options.pop("root", False) else ""
    query = "&".join(f"{name}={value}" for name, value in options.items())
    return f"postgresql://{user}@{host}:{server.port}/{database}?{query}{root}"


def opened(given):
    """Open a workspace; what it is shown as."""
    with sf.Workspace(given, service="https://api.example.org") as ws:
        assert SECRET not in repr(ws) + repr(vars(ws))
        return repr(ws)


def refusal(monkeypatch, given):
    """What is said where a workspace cannot be opened. No traceback shows the password, not with variables."""
    monkeypatch.setenv("SEGFLUX_WORKSPACE", given)
    with pytest.raises(WorkspaceError) as caught:
        sf.Workspace(service="https://api.example.org")
    shown = traceback.TracebackException.from_exception(caught.value.with_traceback(caught.tb), capture_locals=True)
    del shown.stack[0]  # of this function, which knows it
    assert SECRET not in "".join(shown.format())
    return str(caught.value)


def test_encrypted_connections_open(server):
    assert opened(address(server, sslmode="require"))
    assert opened(address(server, sslmode="verify-full", root=True))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sslmode": "verify-full", "root": True, "host": "127.0.0.1"}, "Write the host as its certificate names it"),
        ({"sslmode": "verify-full"}, "Correct sslmode and sslrootcert"),
        ({"sslrootcert": "system"}, "Correct sslmode and sslrootcert"),
        ({"sslmode": "disable"}, r"ask for encryption \(\?sslmode=require\)"),
        ({"user": f"ada:{SECRET}x"}, "Correct the user in the address, and write its password"),
        ({"user": "ada"}, "write its password into ~/.pgpass"),
        ({"database": "nope"}, "or make it: createdb"),
    ],
)
def test_what_is_not_let_in_gets_a_sentence(given, said, server, monkeypatch):
    assert re.search(said, refusal(monkeypatch, address(server, **given)))


def test_a_certificate_that_has_expired_and_a_server_without_one_are_named(server, monkeypatch):
    try:
        encrypt(server, "expired")
        said = refusal(monkeypatch, address(server, sslmode="verify-full", root=True))
        assert "certificate verify failed. Correct sslmode" in said
        encrypt(server, "")
        said = refusal(monkeypatch, address(server, sslmode="require"))
        assert "support SSL, but SSL was required. Correct ssl" in said
    finally:
        encrypt(server, "good")


def test_a_password_may_be_in_a_variable_or_a_file_or_with_a_service(server, folder, monkeypatch):
    (folder / "services").write_text(
        f"[study]\nhost=localhost\nport={server.port}\ndbname=study\nuser=ada\npassword={SECRET}\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(folder / "services"))
    assert opened("postgresql:///?service=study") == "Workspace('postgresql://?service=study')"
    assert "name of the service" in refusal(monkeypatch, "postgresql:///?service=other")
    (folder / "passwords").write_text(f"*:*:*:ada:{SECRET}\n")
    (folder / "passwords").chmod(0o600)
    assert opened(address(server, user="ada"))
    (folder / "passwords").unlink()
    monkeypatch.setenv("PGPASSWORD", SECRET)
    assert opened(address(server, user="ada"))


def test_a_full_server_says_what_to_close(server, monkeypatch):
    server.execute(server.address("postgres"), "ALTER ROLE ada CONNECTION LIMIT 0")
    try:
        assert "Close other notebooks and workers" in refusal(monkeypatch, address(server))
    finally:
        server.execute(server.address("postgres"), "ALTER ROLE ada CONNECTION LIMIT -1")


def test_a_copy_onto_itself_is_refused_without_the_password(server):
    given = address(server)
    result = CliRunner().invoke(main, ["copy", given, given])
    assert "are the same workspace" in result.output
    assert SECRET not in result.output


def test_nothing_that_is_written_has_the_password(server, folder, monkeypatch):
    monkeypatch.chdir(folder)
    with (
        sf.Simulator(time_scale=0.001, paint=False) as simulator,
        sf.Workspace(address(server), service=simulator.url, pictures=folder / "store") as ws,
    ):
        runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2]))
        shown = [runs.df.to_csv(), repr(runs), str(ws.doctor()), ws.sweeps.to_csv(), runs.log.to_csv()]
        runs.bundle("bundle.sfx")
    with zipfile.ZipFile("bundle.sfx") as bundle:
        shown += [str(bundle.read(name)) for name in bundle.namelist()]
    tables = server.execute(server.address("study"), "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    shown += [str(server.execute(server.address("study"), f"SELECT * FROM {table}")) for (table,) in tables]
    assert SECRET not in "".join(shown)
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]
