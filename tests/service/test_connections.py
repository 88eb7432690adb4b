"""Connections: which one a request has, what leaves on it, and what odd answers mean."""

import asyncio
import base64
import contextlib
import gc
import logging
import os
import socket

import pytest

from segflux_nb.errors import AnswerLost, NotSentError, TransportError
from segflux_nb.service import certificates, connections, downloads
from segflux_nb.service.addresses import HOSTED, at
from segflux_nb.service.secret import Secret
from segflux_nb.service.transport import HttpRequest, HttpTransport

from .scripted import OK, PEM, RESET, SILENCE, Scripted, Tunnels, let_it_be_read, tls

KEY = "SG_0123456789abcdef"
BODY = b'{"prompt": "TOK"}'
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"


@contextlib.asynccontextmanager
async def transport_to(url, **options):
    transport = HttpTransport(at(url), Secret(KEY), **options)
    try:
        yield transport
    finally:
        await transport.close()


def submit(url, **options):
    return HttpRequest("POST", f"{url}/v2/x", "submit", BODY, **options)


def status(url):
    return HttpRequest("GET", f"{url}/v2/x", "status")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in [*os.environ]:
        if name.lower().endswith("_proxy") or name.startswith("SSL"):
            monkeypatch.delenv(name)
    certificates.tls_context.cache_clear()
    yield monkeypatch
    certificates.tls_context.cache_clear()


@pytest.fixture
def trusted(no_settings):
    no_settings.setenv("SSL_CERT_FILE", str(PEM))
    return no_settings


# ---------------------------------------------------------------------- odd answers

WHOLE = {
    "plain": OK,
    "informational answers before it": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\n" + OK,
    "bytes after it": OK + b"x" * 3000,
    "bytes after the last one": HEAD + b"connection: close\r\n\r\n{}x",
    "a line after it": OK + b"\r\n",
    "another answer after it": OK + OK.replace(b"200", b"500"),
    "chunked": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n",
    "chunked, with trailers": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: y\r\n\r\n",
    "chunked, with bytes after it": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nxx",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n{}",
    "ends with the connection": b"HTTP/1.1 200 OK\r\n\r\n{}",
    "no reason": b"HTTP/1.1 200\r\ncontent-length: 2\r\n\r\n{}",
    "a head of 90 KB": HEAD + b"x: " + b"y" * 90_000 + b"\r\n\r\n{}",
    "200 headers": HEAD + b"".join(b"x%d: y\r\n" % number for number in range(200)) + b"\r\n{}",
    "no UTF-8": HEAD + b"x: \xe9\xff\r\n\r\n{}",
    "damaged cookies": HEAD + b"set-cookie: \xff;;;=\r\nset-cookie: a=b\r\n\r\n{}",
    "said to be packed": HEAD + b"content-encoding: gzip\r\n\r\n{}",
    "an upgrade that nobody asked for": HEAD + b"upgrade: h2c\r\nconnection: upgrade\r\n\r\n{}",
}

DAMAGED = {
    "empty": [b""],
    "reset": [RESET],
    "silence": [SILENCE],
    "silence in the head": [b"HTTP/1.1 200 OK\r\n", SILENCE],
    "silence in the body": [HEAD + b"\r\n{", SILENCE],
    "half a head": [b"HTTP/1.1 200 OK\r\ncontent-le"],
    "half a body": [HEAD + b"\r\n{"],
    "half a body, and a reset": [HEAD + b"\r\n{", RESET],
    "a reset in a body without length": [b"HTTP/1.1 200 OK\r\n\r\n{}", RESET],
    "chunked, without an end": [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"],
    "chunked, with a damaged size": [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"],
    "informational answers alone": [b"HTTP/1.1 102 Processing\r\n\r\n" * 20],
    "another protocol": [b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"],
    "no HTTP": [b"<html>hello</html>"],
    "HTTP/2": [b"HTTP/2 200 OK\r\ncontent-length: 2\r\n\r\n{}"],
    "a negative length": [b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n{}"],
    "two lengths": [HEAD + b"content-length: 3\r\n\r\n{}"],
    "a head of 150 KB": [HEAD + b"x: " + b"y" * 150_000 + b"\r\n\r\n{}"],
    "a NUL": [HEAD + b"x: a\0b\r\n\r\n{}"],
}


async def answer_to_a_submit(steps, piece):
    async with (
        Scripted(*steps, piece=piece).serving() as server,
        transport_to(server.url, read_seconds=0.05) as transport,
    ):
        try:
            return await transport.send(submit(server.url))
        finally:
            assert len(server.requests) == 1


@pytest.mark.parametrize("piece", [0, 7])
@pytest.mark.parametrize("what", WHOLE)
def test_an_odd_answer_that_is_whole_counts(what, piece):
    response = asyncio.run(answer_to_a_submit([WHOLE[what]], piece if len(WHOLE[what]) < 5000 else piece * 1000))
    assert (response.status, response.body) == (200, b"{}")


@pytest.mark.parametrize("piece", [0, 7])
@pytest.mark.parametrize("what", DAMAGED)
def test_an_answer_that_is_not_whole_is_lost_at_once(what, piece):
    with pytest.raises(AnswerLost, match=r"was lost: ") as raised:
        asyncio.run(answer_to_a_submit(DAMAGED[what], piece if len(DAMAGED[what][0]) < 5000 else piece * 1000))
    assert raised.value.__context__ is None, "the library's errors hold the key"


def test_headers_are_read_whatever_they_hold():
    head = HEAD + "x: é狐\r\nY: 1\r\ny: 2\r\nz: ".encode() + b"\xe9\r\nlocation: http://[::1/\xff\r\n\r\n{}"
    headers = asyncio.run(answer_to_a_submit([head], 0)).headers
    assert {name: headers[name] for name in "xyz"} == {"x": "é狐", "y": "1, 2", "z": "é"}
    assert headers["location"] == "http://[::1/ÿ"


# ---------------------------------------------------------------------- which connection


def test_a_connection_made_ready_serves_one_submit(monkeypatch):
    async def main():
        async with Scripted(OK, is_kept=True).serving() as server, transport_to(server.url) as transport:
            await transport.prepare_submit(server.url)
            await transport.prepare_submit(server.url)
            await server.has_connections(2)
            for number in (2, 2, 3):
                await transport.send(submit(server.url))
                assert len(server.connections) == number
            assert server.requests == [server.requests[0]] * 3
            assert b"connection: close" in server.requests[0].lower()

    asyncio.run(main())


def test_connections_that_nobody_takes_are_limited(monkeypatch):
    """Each submit for which another process was faster leaves one. They had the room of all, for half a minute."""

    async def main():
        async with Scripted(OK).serving() as server, transport_to(server.url) as transport:
            async with asyncio.timeout(20):
                for _ in range(2 * connections.MOST_CONNECTIONS):
                    await transport.prepare_submit(server.url)
                assert (await transport.send(submit(server.url))).status == 200
            assert len(server.connections) == connections.MOST_READY
            monkeypatch.setattr(connections, "READY_SECONDS", -1.0)
            await transport.prepare_submit(server.url)
            await server.has_connections(connections.MOST_READY + 1)

    asyncio.run(main())


@pytest.mark.parametrize("what", ["closed", "spoken on", "old"])
def test_a_ready_connection_that_is_of_no_use_serves_none(what, monkeypatch):
    async def main():
        async with Scripted(OK).serving() as server, transport_to(server.url) as transport:
            await transport.prepare_submit(server.url)
            await server.has_connections(1)
            if what == "closed":
                server.connections[0].close()
            elif what == "spoken on":
                server.connections[0].write(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
            else:
                monkeypatch.setattr(connections, "READY_SECONDS", -1.0)
            await let_it_be_read()
            assert (await transport.send(submit(server.url))).status == 200
            assert (len(server.connections), len(server.requests)) == (2, 1)

    asyncio.run(main())


def test_where_none_can_be_made_ready_the_submit_tells():
    async def main():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with transport_to(url) as transport:
            await transport.prepare_submit(url)
            await transport.prepare_submit("https://[")
            with pytest.raises(NotSentError, match="cannot be reached: Connection refused") as raised:
                await transport.send(submit(url))
            assert raised.value.__context__ is None

    asyncio.run(main())


def test_an_answer_that_nobody_asked_for_is_no_answer():
    async def main():
        async with Scripted(OK, is_kept=True).serving() as server, transport_to(server.url) as transport:
            await transport.send(status(server.url))
            await transport.send(status(server.url))
            assert len(server.connections) == 1
            server.connections[0].write(OK.replace(b"200", b"500"))
            await let_it_be_read()
            assert (await transport.send(status(server.url))).status == 200
            assert len(server.connections) == 2

    asyncio.run(main())


@pytest.mark.parametrize("steps", [[b""], [RESET]])
def test_a_question_on_a_kept_connection_is_not_asked_again(steps):
    async def main():
        async with Scripted(OK, is_kept=True).serving() as server, transport_to(server.url) as transport:
            await transport.send(status(server.url))
            server.steps, server.is_kept = steps, False
            with pytest.raises(AnswerLost, match="was closed before it was whole"):
                await transport.send(status(server.url))
            assert (len(server.requests), len(server.connections)) == (2, 1)

    asyncio.run(main())


def test_the_fence_is_asked_when_the_head_has_left():
    async def main():
        async with Scripted(OK).serving() as server, transport_to(server.url) as transport:
            heads = []

            def fence():
                heads.append(server.got_head.is_set())
                return ""

            await transport.send(submit(server.url, fence=fence))
            assert heads[0] is False
            assert len(heads) == 2
            assert server.requests[0].endswith(b"\r\n\r\n" + BODY)
            assert b"content-length: 17" in server.requests[0].lower()
            assert b"chunked" not in server.requests[0].lower()

    asyncio.run(main())


def test_what_leaves_is_what_was_asked_for():
    """The library leaves addresses as they are, and adds nothing of its own."""

    async def main():
        async with Scripted(OK, is_kept=True).serving() as server, transport_to(server.url) as transport:
            url = f"{server.url}/a/../%2e/é%zz?b=%2B+%41 c"
            await transport.send(HttpRequest("GET", url, "download"))
            await transport.send(submit(server.url))
            line, *headers = server.requests[0].decode().split("\r\n")
            assert line == "GET /a/../%2e/%C3%A9%25zz?b=%2B+%41%20c HTTP/1.1"
            named = {header.partition(":")[0].lower() for header in headers if header}
            assert named == {"host", "accept", "accept-encoding", "user-agent", "connection"}
            assert "aiohttp" not in str(server.requests).lower()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/ä b", b"/%C3%A4%20b"),
        ("", b"/"),
        ("?x=1", b"/?x=1"),
        ('/"<>`', b"/%22%3C%3E%60"),
        ("/?x={}", b"/?x=%7B%7D"),
    ],
)
def test_what_a_head_cannot_hold_is_escaped(path, sent):
    async def main():
        async with Scripted(OK).serving() as server, transport_to(server.url) as transport:
            await transport.send(HttpRequest("GET", server.url + path, "status"))
            return server.requests[0].split(b" ")[1]

    assert asyncio.run(main()) == sent


def test_a_transport_that_is_forgotten_says_nothing(caplog, capsys):
    async def main():
        async with Scripted(OK, is_kept=True).serving() as server:
            transport = HttpTransport(at(server.url), Secret(KEY))
            await transport.send(status(server.url))
            await transport.prepare_submit(server.url)
            await server.has_connections(2)
            del transport
            gc.collect()
            await server.has_ended(2)

    with caplog.at_level(logging.DEBUG):
        asyncio.run(main())
        gc.collect()
    assert KEY not in caplog.text
    assert "nclosed" not in caplog.text + capsys.readouterr().err


# ---------------------------------------------------------------------- TLS, and proxies


def test_a_picture_comes_from_the_address_that_was_checked_under_the_name_that_was_asked_for(trusted):
    looked_up = []

    async def getaddrinfo(self, host, port, **options):
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    async def main(name):
        async with Scripted(OK).serving(tls()) as server:
            trusted.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
            trusted.setattr(downloads, "is_public", lambda address: True)
            async with transport_to("https://service.example") as transport:
                url = f"https://{name}:{server.port}/x.jpeg"
                await transport.send(HttpRequest("GET", url, "download"))
            return server.requests[0]

    assert b"\r\nhost: images.example.org:" in asyncio.run(main("images.example.org"))
    assert looked_up == ["images.example.org"], "once: a second look-up could give another address"
    trusted.undo()
    trusted.setenv("SSL_CERT_FILE", str(PEM))
    with pytest.raises(NotSentError, match=r"CERTIFICATE_VERIFY_FAILED.*other\.example"):
        asyncio.run(main("other.example"))


def test_a_service_that_nobody_vouches_for_gets_nothing():
    async def main():
        async with Scripted(OK).serving(tls()) as server, transport_to(server.url) as transport:
            await transport.prepare_submit(server.url)
            with pytest.raises(NotSentError, match="CERTIFICATE_VERIFY_FAILED") as raised:
                await transport.send(submit(server.url))
            assert raised.value.__context__ is None
            assert server.requests == []

    asyncio.run(main())


@pytest.mark.parametrize("is_secure", [False, True], ids=["http", "https"])
def test_a_submit_goes_through_the_tunnel_of_a_proxy(trusted, is_secure):
    async def main():
        context = tls() if is_secure else None
        async with Scripted(OK).serving(tls()) as server, Tunnels().serving(context) as proxy:
            proxy.to = server.port
            trusted.setenv("https_proxy", proxy.url.replace("://", "://name:se%20cret@"))
            async with transport_to("https://service.example") as transport:
                await transport.prepare_submit("https://service.example")
                await proxy.has_connections(1)
                for number in (1, 2):
                    await transport.send(submit("https://service.example"))
                    assert len(proxy.connections) == number
            return proxy.requests, server.requests

    tunnels, submits = asyncio.run(main())
    assert len(submits) == len(tunnels) == 2
    for head in tunnels:
        assert head.startswith(b"CONNECT service.example:443 HTTP/1.1\r\n")
        assert b"Basic " + base64.b64encode(b"name:se cret") in head
        assert KEY.encode() not in head
    assert b"Proxy-Authorization" not in submits[0]
    assert KEY.encode() in submits[0]


@pytest.mark.parametrize(
    "steps", [[b"HTTP/1.1 407 Who are you?\r\ncontent-length: 0\r\n\r\n"], [b""], [RESET], [b"?"]]
)
def test_a_proxy_that_refuses_has_sent_nothing(no_settings, steps):
    async def main():
        async with Tunnels(*steps).serving() as proxy:
            no_settings.setenv("ALL_PROXY", proxy.url.replace("://", "://name:secret@"))
            async with transport_to(HOSTED.api) as transport:
                for request in (submit(HOSTED.api), status(HOSTED.api)):
                    with pytest.raises(NotSentError, match="through the proxy of ALL_PROXY") as raised:
                        await transport.send(request)
                    assert "secret" not in f"{raised.value!r} {raised.value}"
                    assert raised.value.__context__ is None

    asyncio.run(main())


@pytest.mark.parametrize(
    ("setting", "hosts"),
    [("service.example", []), (".example", []), ("*", []), ("service.example:443", []), ("example.org", ["CONNECT"])],
)
def test_some_hosts_go_without_the_proxy(no_settings, setting, hosts):
    async def refuse(self, host, port, **options):
        if host == "localhost":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        raise socket.gaierror(-2, "Name or service not known")

    async def main():
        async with Tunnels(b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n").serving() as proxy:
            no_settings.setattr(asyncio.BaseEventLoop, "getaddrinfo", refuse)
            no_settings.setenv("HTTPS_PROXY", proxy.url)
            no_settings.setenv("NO_PROXY", setting)
            async with transport_to("https://service.example") as transport:
                with pytest.raises(TransportError):
                    await transport.send(submit("https://service.example"))
            return [request.split()[0].decode() for request in proxy.requests]

    assert asyncio.run(main()) == hosts
