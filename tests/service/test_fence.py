"""Against real sockets: a submit whose fence closes does not leave this machine."""

import asyncio
import socket
import threading

import pytest

from segflux_nb.errors import AnswerLost, NotSentError
from segflux_nb.service.addresses import at
from segflux_nb.service.secret import Secret
from segflux_nb.service.transport import HttpRequest, HttpTransport

BODY = b'{"prompt": "TOK"}'


class Listener:
    """Takes one connection, answers a CONNECT, and keeps all other bytes that it gets."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.got = b""
        self.tunnels = 0
        self.accepted = threading.Event()
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        connection, _ = self.socket.accept()
        self.accepted.set()
        with connection:
            while data := connection.recv(65536):
                if data.startswith(b"CONNECT"):
                    self.tunnels += 1
                    connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    continue
                self.got += data
                if self.got.endswith(BODY):
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

    def end(self):
        self.thread.join(10)
        self.socket.close()


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.end()


def submit(url, fence):
    async def main():
        opened = HttpTransport(at(url), Secret("SG_0123456789abcdef"))
        try:
            return await opened.send(HttpRequest("POST", f"{url}/v2/x", "submit", BODY, fence=fence))
        finally:
            await opened.close()

    return asyncio.run(main())


def closing(*answers):
    """A fence that gives these answers, and notes what it was asked."""
    asked = iter(answers)
    return lambda: next(asked)


def test_an_open_fence_is_asked_when_the_connection_is_there_and_before_each_part(listener):
    asked = []

    def fence():
        assert listener.accepted.wait(10), "the connection is there"
        asked.append(listener.got)
        return ""

    assert submit(listener.url, fence).status == 200
    assert len(asked) == 2
    assert asked[0] == b""
    assert not any(BODY in got for got in asked)


def test_nothing_leaves_through_a_closed_fence(listener):
    with pytest.raises(NotSentError, match="stopped for 700 s"):
        submit(listener.url, closing("It was stopped for 700 s"))
    listener.end()
    assert listener.got == b""


def test_a_fence_that_closes_between_head_and_body_keeps_the_body(listener):
    with pytest.raises(AnswerLost, match="stopped for 700 s") as raised:
        submit(listener.url, closing("", "It was stopped for 700 s"))
    listener.end()
    assert BODY not in listener.got
    frames = [entry.path for entry in raised.traceback]
    assert not [path for path in frames if "aiohttp" in str(path) or "connections.py" in str(path)], (
        "they hold the key"
    )
    assert raised.value.__context__ is None, "the library's errors hold it too"


def test_nothing_leaves_through_a_proxy_either(listener, monkeypatch):
    """The tunnel is a request of its own, before which the fence is asked too."""
    monkeypatch.setenv("HTTPS_PROXY", listener.url)
    for name in ("https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(NotSentError, match="stopped"):
        submit("https://service.example", closing("It was stopped"))
    listener.end()
    assert listener.got == b""
    assert listener.tunnels == 0


def test_other_requests_have_no_fence():
    assert HttpRequest("GET", "http://service.example", "status").fence() == ""
