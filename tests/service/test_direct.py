"""Connections of our own, against a server that answers with bytes that the test gives."""

import asyncio
import contextlib

import pytest

from segflux_nb.errors import AnswerLost
from segflux_nb.service import direct
from segflux_nb.service.addresses import at
from segflux_nb.service.transport import HttpRequest, HttpTransport

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Raw:
    """A server that notes connections and heads, and answers with bytes; None closes at once."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.connections = 0
        self.heads = []
        self.on = []
        self.open = {}

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.handle, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        self.transport = HttpTransport(at(self.url), None)
        return self

    async def __aexit__(self, *error):
        await self.transport.close()
        self.server.close()
        for writer in self.open.values():
            writer.close()
        await asyncio.gather(*self.open)

    async def handle(self, reader, writer):
        self.open[asyncio.current_task()] = writer
        await self.serve(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def serve(self, reader, writer):
        self.connections += 1
        number = self.connections
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if b"content-length: " in head:
                    await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
                self.heads.append(head)
                self.on.append(number)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                writer.write(answer)
                await writer.drain()
                if b"content-length" not in answer or answer.endswith(b"cut"):
                    break

    def ask(self, purpose="status", path="/v2/x"):
        content = b"{}" if purpose == "submit" else None
        method = "POST" if purpose == "submit" else "GET"
        return self.transport.send(HttpRequest(method, self.url + path, purpose, content))


def answered(*answers, requests=1):
    async def main():
        async with Raw(*answers) as server:
            return [(await server.ask()).body for _ in range(requests)], server

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole", b"whole"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nwho\r\n2\r\nle\r\n0\r\n\r\n", b"whole"),
        (b"HTTP/1.1 200 OK\r\n\r\nwhole", b"whole"),
        (b"HTTP/1.0 200 OK\r\n\r\nwhole", b"whole"),
        (b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole", b"whole"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
    ids=["length", "chunks", "until it closes", "HTTP 1.0", "after an informational one", "no body"],
)
def test_an_answer_is_whole_in_every_form(answer, body):
    assert answered(answer)[0] == [body]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\ncut",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * (direct.MOST_HEAD_BYTES + 9) + b"\r\ncontent-length: 2\r\n\r\n{}",
    ],
    ids=["length", "chunks", "head", "two lengths", "no HTTP", "an endless head"],
)
def test_an_answer_that_is_cut_or_none_is_lost(answer):
    with pytest.raises(AnswerLost, match="was lost"):
        answered(answer)


def test_calls_keep_their_connection_and_submits_never_do():
    async def main():
        async with Raw(OK) as server:
            for purpose in ("status", "result", "submit", "submit", "status"):
                await server.ask(purpose)
            return server.on

    assert asyncio.run(main()) == [1, 1, 2, 3, 1]


def test_a_connection_on_which_something_came_unasked_is_not_used_again():
    bodies, server = answered(OK + OK, OK, OK, requests=2)
    assert (bodies, server.on) == ([b"{}", b"{}"], [1, 2])


def test_a_submit_takes_the_connection_that_was_made_ready():
    async def main():
        async with Raw(OK) as server:
            await server.transport.prepare_submit(server.url + "/v2/x")
            await server.ask("status")
            await server.ask("submit")
            return server.on, server.connections

    on, connections = asyncio.run(main())
    assert on == [2, 1]
    assert connections == 2


def test_a_connection_that_was_ready_for_too_long_or_was_closed_is_not_used_for_a_submit():
    """Servers close connections on which nothing comes: a submit on one of these is a submit of unknown outcome."""

    async def main():
        async with Raw(OK) as server:
            ready = server.transport._way._ready
            await server.transport.prepare_submit(server.url + "/v2/x")
            ((old,),) = ready.values()
            old.free_since -= 30
            await server.ask("submit")
            await server.transport.prepare_submit(server.url + "/v2/x")
            ((closed,),) = ready.values()
            closed.connection_lost(None)
            await server.ask("submit")
            return server.on

    assert asyncio.run(main()) == [2, 4]


def test_nobody_there_is_told_by_the_submit():
    async def main():
        async with Raw(OK) as server:
            server.server.close()
            await server.server.wait_closed()
            await server.transport.prepare_submit(server.url)
            with pytest.raises(Exception, match="cannot be reached: Connection refused"):
                await server.ask("submit")

    asyncio.run(main())


def test_silence_ends_a_request():
    async def main():
        async with Raw(OK) as server:

            async def silent(reader, writer):
                await reader.read(-1)

            server.serve = silent
            server.transport = HttpTransport(at(server.url), None, read_seconds=0.05)
            with pytest.raises(AnswerLost, match="nothing came for"):
                await server.ask()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/ä b", b"/%C3%A4%20b"),
        ("/a%20b%zz?q=ü&x={}", b"/a%20b%25zz?q=%C3%BC&x=%7B%7D"),
        ("", b"/"),
        ("?x=1", b"/?x=1"),
        ('/"<>`', b"/%22%3C%3E%60"),
    ],
)
def test_what_a_head_cannot_hold_is_escaped(path, sent):
    async def main():
        async with Raw(OK) as server:
            await server.ask(path=path)
            return server.heads[0].split(b" ")[1]

    assert asyncio.run(main()) == sent


def test_headers_that_repeat_are_joined():
    async def main():
        async with Raw(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nx-b: \xe9\r\ncontent-length: 2\r\n\r\n{}") as server:
            return (await server.ask()).headers

    headers = asyncio.run(main())
    assert (headers["x-a"], headers["x-b"]) == ("1, 2", "é")
