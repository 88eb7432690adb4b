"""Servers of S3's kind on this machine, and a proxy before them that fails as it is told.

moto is in an environment of its own: MOTO_SERVER names its program, or `.venv/moto/bin/moto_server` is used. rclone
is beside it, or taken from the PATH where its version can serve S3. With SEGFLUX_REQUIRE_S3 a test fails where they
are absent.
"""

import http.client
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUCKET = "segflux-test"
KEY, SECRET = "AKIDOFATEST", "secret-of-a-test"
START_SECONDS = 60


def environment(url):
    """What obstore reads to talk to a server."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }


OWN = ROOT / ".venv" / "moto" / "bin"
"""Where `make s3` installs the servers."""


def moto_program():
    """The program of moto, or None."""
    named = os.environ.get("MOTO_SERVER")
    path = Path(named) if named else OWN / "moto_server"
    return path if path.is_file() else None


def rclone_program():
    """The program of rclone, or None: the one that `make s3` installs, else that of the PATH."""
    return shutil.which("rclone", path=OWN) or shutil.which("rclone")


def need_moto():
    program = moto_program()
    if program is None:
        reason = "needs moto's server: `make s3` makes .venv/moto, or MOTO_SERVER names it"
        if os.environ.get("SEGFLUX_REQUIRE_S3"):
            pytest.fail(reason)
        pytest.skip(reason)
    return program


def need_rclone():
    program = rclone_program()
    if program is None:
        reason = "needs rclone: `make s3` installs it into .venv/moto"
        if os.environ.get("SEGFLUX_REQUIRE_S3"):
            pytest.fail(reason)
        pytest.skip(reason)
    told = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"v(\d+)\.(\d+)", told)
    if version is None or (int(version[1]), int(version[2])) < (1, 65):
        pytest.skip(f"needs rclone 1.65 or later, which can serve S3; here is {told.splitlines()[0]}")
    return program


@contextmanager
def served(command, bucket=True):
    """Run a server on a free port, as the last argument says; its address."""
    port = free_port()
    process = subprocess.Popen(
        [part.format(port=port) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port, process)
        if bucket:
            assert ask("PUT", port, f"/{BUCKET}") == 200
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def moto(program):
    return served([str(program), "-H", "127.0.0.1", "-p", "{port}"])


def rclone(program, folder):
    (folder / BUCKET).mkdir(parents=True)
    command = [program, "serve", "s3", "--auth-key", f"{KEY},{SECRET}", "--addr", "127.0.0.1:{port}", str(folder)]
    return served(command, bucket=False)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(port, process):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("the server did not start")


def ask(method, port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path)
        return connection.getresponse().status
    finally:
        connection.close()


class FaultyProxy:
    """Hands requests on to a server. `fault(method, path)` says what goes wrong, or None.

    A number is the answer. "lost": the server does it, and the answer never comes. "cut": half of the answer's body
    comes. "half": half of the request's body goes on, and its connection ends. "hang": nothing comes until `close`.
    """

    def __init__(self, url):
        self.fault = lambda method, path: None
        self.asked = []
        self.ended = threading.Event()
        host, port = url.removeprefix("http://").split(":")
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                proxy.asked.append((self.command, self.path))
                fault = proxy.fault(self.command, self.path)
                if fault == "hang":
                    proxy.ended.wait()
                    return self.drop()
                if isinstance(fault, int):
                    return self.answer(fault, {}, b"<Error><Code>Test</Code></Error>")
                upstream = http.client.HTTPConnection(host, int(port), timeout=20)
                try:
                    sent = body[: len(body) // 2] if fault == "half" else body
                    headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
                    if fault == "half":
                        return self.drop()
                    upstream.request(self.command, self.path, sent, headers)
                    response = upstream.getresponse()
                    data = response.read()
                    if fault == "lost":
                        return self.drop()
                    self.answer(response.status, dict(response.getheaders()), data, cut=fault == "cut")
                finally:
                    upstream.close()
                return None

            def answer(self, status, headers, data, cut=False):
                self.send_response_only(status)
                length = headers.get("Content-Length") if self.command == "HEAD" else str(len(data))
                for name, value in headers.items():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data[: len(data) // 2] if cut else data)
                if cut:
                    self.drop()

            def drop(self):
                self.close_connection = True
                with suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = handle_one

            def log_message(self, *arguments):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                pass  # the other side went away

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
