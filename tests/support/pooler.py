"""A pgbouncer between a log and its server, as many teams have one."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.postgres_server import USER, as_ordinary_user, free_port, may_enter


def missing():
    """Why there is no pooler; empty if there is one."""
    if shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        return "pgbouncer is not installed (Debian: apt-get install pgbouncer)"
    return ""


@contextlib.contextmanager
def pooler(folder, server, mode, **settings):
    """A pooler of a server; gives a function that leads an address of the server through it.

    Parameters
    ----------
    folder:
        Where its files are.
    server:
        The server.
    mode:
        For how long a client keeps a connection: ``session``, ``transaction``, ``statement``.
    settings:
        Further settings.
    """
    folder = Path(folder)
    folder.mkdir(parents=True)
    may_enter(folder)
    port = free_port()
    chosen = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "any",
        "pool_mode": mode,
        "logfile": folder / "log",
        "server_login_retry": 1,
        **settings,
    }
    lines = [f"{name} = {value}" for name, value in chosen.items()]
    databases = f"[databases]\n* = host=127.0.0.1 port={server.port} user={USER}\n"
    (folder / "pgbouncer.ini").write_text("\n".join([databases, "[pgbouncer]", *lines, ""]))
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    process = subprocess.Popen(
        as_ordinary_user([program, str(folder / "pgbouncer.ini")]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        for _ in range(400):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as found:
                if found.getsockname() != found.getpeername():  # a port without a listener may be given to its caller
                    break
            time.sleep(0.05)  # no event says that it listens
        yield lambda address: address.replace(f":{server.port}/", f":{port}/")
    finally:
        process.terminate()
        process.wait()
