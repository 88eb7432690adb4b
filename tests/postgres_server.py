"""A PostgreSQL of the tests' own: on a free port of this machine, by an ordinary user, in a folder that goes away.

Tests that need one ask for the fixture `postgres`, or for `log_address`, which is once a file and once a database.
Without PostgreSQL they are skipped, with the reason; where SEGFLUX_REQUIRE_POSTGRES is set, that is a failure.
"""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

import pytest

from segflux_nb.runlog.journal import Journal

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum_naptime": "10min",
    "log_min_messages": "warning",
}
USER = "segflux"
_numbers = count()


def binaries():
    """The folder with initdb and postgres; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[-3].zfill(4))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def missing():
    """Why there is no PostgreSQL; empty if there is one."""
    if os.name != "posix":
        return "PostgreSQL is started on POSIX systems only"
    if binaries() is None:
        return "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return 'psycopg is not installed: pip install "segflux-nb[postgres]"'
    return ""


def as_ordinary_user(command):
    """The command as a user that initdb accepts: it refuses root."""
    if os.getuid() != 0:
        return command
    user = "postgres" if _is_user("postgres") else "nobody"
    return ["setpriv", f"--reuid={user}", "--regid", _group(user), "--clear-groups", "--pdeathsig=INT", *command]


def may_enter(folder):
    """Give a folder to the user of `as_ordinary_user`, who must reach it."""
    if os.getuid() == 0:
        shutil.chown(folder, "postgres" if _is_user("postgres") else "nobody")
    for parent in folder.parents:
        if parent.stat().st_uid == os.getuid() and parent != Path("/") and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)


def _is_user(name):
    import pwd

    with contextlib.suppress(KeyError):
        return bool(pwd.getpwnam(name))
    return False


def _group(name):
    import pwd

    return str(pwd.getpwnam(name).pw_gid)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class PostgresServer:
    """A server that can be killed and started again. It trusts all who connect from this machine.

    Parameters
    ----------
    folder:
        Where its data is; it is made.
    copied_from:
        The address of a server of which it is made a standby; None for a server of its own.
    settings:
        Further settings of the server.
    """

    def __init__(self, folder, copied_from=None, **settings):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.port = free_port()
        self.settings = {**SETTINGS, **settings}
        self._process = None
        self.folder.mkdir(parents=True, exist_ok=True)
        may_enter(self.folder)
        if copied_from is None:
            command = [binaries() / "initdb", "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8"]
            command += ["--locale=C.UTF-8", "--no-sync"]
        else:
            command = [binaries() / "pg_basebackup", "-D", self.data, "-R", "-c", "fast", "--no-sync"]
            command += ["-d", copied_from]
        made = subprocess.run(
            as_ordinary_user(list(map(str, command))), capture_output=True, text=True, cwd=self.folder
        )
        assert made.returncode == 0, made.stderr

    def start(self):
        """Start it, and wait until it answers. After a kill it may need another try: shared memory is still taken."""
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(binaries() / "postgres"), "-D", str(self.data), "-p", str(self.port), *options]
        for _ in range(20):
            with (self.folder / "server.log").open("ab") as log:
                self._process = subprocess.Popen(
                    as_ordinary_user(command), stdout=log, stderr=log, cwd=self.folder, start_new_session=True
                )
            if self._wait_until_it_answers():
                return self
            time.sleep(0.25)  # no event says that the kernel has freed what the one before had
        raise RuntimeError((self.folder / "server.log").read_text(errors="replace")[-3000:])

    def _wait_until_it_answers(self):
        import psycopg

        for _ in range(1200):
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.address("postgres"), connect_timeout=5).close()
                return True
            if self._process.poll() is not None:
                return False
            time.sleep(0.05)  # no event says that a server answers
        return False

    def kill(self):
        """End it and all its processes with SIGKILL, as a machine that loses its power does."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    @contextlib.contextmanager
    def stopped(self):
        """Let it hang: its processes are stopped within the block."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number):
        """Send a signal to it and all its processes."""
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self._process.pid)], capture_output=True, text=True
        ).stdout.split()
        for pid in (self._process.pid, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self):
        """End it in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def address(self, database):
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def new_database(self):
        """The address of a new database without tables."""
        import psycopg

        name = f"study_{next(_numbers)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.address(name)

    def drop(self, address):
        """Remove a database, with its connections."""
        self.execute(self.address("postgres"), f"DROP DATABASE {address.rpartition('/')[2]} WITH (FORCE)")

    def execute(self, address, statement, *values):
        """What another program does in a database: the rows of a statement, if it has any."""
        import psycopg

        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def running_server(**settings):
    """A server of one's own, for tests that kill it."""
    folder = Path(tempfile.mkdtemp(prefix="segflux-postgres-"))
    try:
        server = PostgresServer(folder / "server", **settings).start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running_standby(primary):
    """A standby of a server, that follows it and can be read."""
    with (primary.data / "pg_hba.conf").open("a") as rules:
        rules.write("host replication all 127.0.0.1/32 trust\n")
    primary.execute(primary.address("postgres"), "SELECT pg_reload_conf()")
    standby = PostgresServer(primary.folder.parent / "standby", primary.address("postgres"))
    standby.start()
    try:
        yield standby
    finally:
        standby.stop()


def skip_without_postgres():
    if reason := missing():
        if os.environ.get("SEGFLUX_REQUIRE_POSTGRES"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def postgres():
    """A server for all tests of this process."""
    skip_without_postgres()
    with running_server(fsync="off", synchronous_commit="off") as server:
        yield server


class InFile:
    """A place for a log: a file of SQLite."""

    kind = "sqlite"
    address = ""

    def __init__(self, folder):
        self.path = folder / "log.sqlite"

    def journal(self, clock, **options):
        return Journal(self.path, clock, **options)

    def execute(self, statement, *values):
        """What another program does in the log, with ``?`` for values: the rows."""
        with contextlib.closing(sqlite3.connect(self.path)) as other, other:
            return other.execute(statement, values).fetchall()

    def hold(self):
        """Another program that keeps all others from writing, until it is closed."""
        other = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        return other

    refuses = sqlite3.IntegrityError


class InDatabase:
    """A place for a log: a database of the server."""

    kind = "postgres"

    def __init__(self, folder, server):
        self.path = folder / "log"
        self.server = server
        self.address = server.new_database()

    def journal(self, clock, **options):
        return Journal(self.path, clock, address=self.address, plays=True, **options)

    def execute(self, statement, *values):
        return self.server.execute(self.address, statement.replace("?", "%s"), *values)

    def hold(self):
        """Another program that keeps all others from writing, until it is closed."""
        import psycopg

        other = psycopg.connect(self.address)
        other.execute("LOCK TABLE runs IN EXCLUSIVE MODE")
        return other

    @property
    def refuses(self):
        import psycopg

        return psycopg.errors.IntegrityError


@pytest.fixture(params=["sqlite", "postgres"])
def study(request, tmp_path, monkeypatch):
    """What a user gives to `Workspace`: once a folder, once the address of a database."""
    if request.param == "sqlite":
        return tmp_path / "study"
    server = request.getfixturevalue("postgres")
    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path / "cache"))
    return server.new_database()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    """Where a log is: once a file, once a database."""
    return (
        InFile(tmp_path) if request.param == "sqlite" else InDatabase(tmp_path, request.getfixturevalue("postgres"))
    )
