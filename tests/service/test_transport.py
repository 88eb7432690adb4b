"""Against real sockets: what reaches which server."""

import asyncio
import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from segflux_nb.clock import SystemClock
from segflux_nb.errors import AnswerLost, NotSentError, PictureError, ServiceError
from segflux_nb.service.addresses import HOSTED, Service, at
from segflux_nb.service.api import Api
from segflux_nb.service.secret import Secret
from segflux_nb.service.transport import HttpRequest, HttpxTransport

KEY = "SG_0123456789abcdef"


class Server(ThreadingHTTPServer):
    """Notes what it gets; answers what the test says."""

    def __init__(self, answer):
        self.got = []
        test = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                test.got.append((self.command, self.path, dict(self.headers), body))
                answer(self)

            do_POST = do_GET

            def log_message(self, *arguments):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def serving(answer):
    server = Server(answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def say(status, body=b"{}", **headers):
    def answer(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def send(service, *requests, secret=KEY):
    async def main():
        transport = HttpxTransport(service, Secret(secret) if secret else None)
        try:
            return [await transport.send(request) for request in requests]
        finally:
            await transport.close()

    return asyncio.run(main())


def test_the_key_goes_to_the_service_and_nowhere_else():
    with serving(say(200)) as other, serving(say(200)) as own:
        send(
            at(own.url),
            HttpRequest("POST", f"{own.url}/v2/x", "submit", b"{}"),
            HttpRequest("GET", f"{own.url}/v2/x", "status"),
            HttpRequest("GET", f"{other.url}/v2/x", "status"),
            HttpRequest("GET", f"{own.url}/picture", "download"),
            HttpRequest("GET", f"{other.url}/picture", "download"),
        )
    keys = [[headers.get("x-api-key") for _, _, headers, _ in server.got] for server in (own, other)]
    assert keys == [[KEY, KEY, None], [None, None]]


def test_a_redirect_is_not_followed_with_the_key():
    with serving(say(200)) as other, serving(say(302, location=other.url + "/stolen")) as own:
        api_answer, picture = send(
            at(own.url), HttpRequest("GET", f"{own.url}/v2/x", "status"), HttpRequest("GET", own.url, "download")
        )
    assert api_answer.status == 302
    assert picture.status == 200
    assert [headers.get("x-api-key") for _, _, headers, _ in other.got] == [None]


def test_a_status_url_of_another_origin_is_not_used():
    service = at("http://127.0.0.1:1")
    assert (
        service.request_url("https://evil.test/v2/requests/a", "a b", "/status")
        == "http://127.0.0.1:1/v2/requests/a%20b/status"
    )
    assert service.request_url("/v2/requests/a/status", "a") == "http://127.0.0.1:1/v2/requests/a/status"
    assert service.relative("http://127.0.0.1:1/v2/requests/a") == "/v2/requests/a"
    assert service.relative("http://127.0.0.1:12/v2/requests/a") == "http://127.0.0.1:12/v2/requests/a"


def test_what_never_left_and_what_may_have_arrived_are_told_apart():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    with pytest.raises(NotSentError, match="cannot be reached"):
        send(at(f"http://127.0.0.1:{free}"), HttpRequest("POST", f"http://127.0.0.1:{free}/v2/x", "submit", b"{}"))

    def hang_up(handler):
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    def promise_more(handler):
        handler.send_response(200)
        handler.send_header("content-length", "100")
        handler.end_headers()
        handler.wfile.write(b"{")
        handler.close_connection = True

    for answer in (hang_up, promise_more):
        with serving(answer) as own, pytest.raises(AnswerLost, match="was lost"):
            send(at(own.url), HttpRequest("POST", f"{own.url}/v2/x", "submit", b"{}"))
        assert len(own.got) == 1, "a submit is never repeated"


def test_submits_use_connections_of_their_own():
    """A POST on a kept connection that the server just closed could not be told from a lost answer."""
    closed = []

    def answer(handler):
        say(200)(handler)
        closed.append(handler.headers.get("connection"))

    with serving(answer) as own:
        peers = set()
        original = own.finish_request

        def finish_request(request, client_address):
            peers.add(client_address)
            original(request, client_address)

        own.finish_request = finish_request
        send(at(own.url), *[HttpRequest("POST", f"{own.url}/v2/x", "submit", b"{}")] * 3)
    assert len(peers) == 3


def test_an_answer_larger_than_the_cap_is_not_read():
    with serving(say(200, b"x" * (2 << 20))) as own, pytest.raises(AnswerLost, match="larger than 1 MiB"):
        send(at(own.url), HttpRequest("POST", own.url, "submit", b"{}"))


def test_pictures_come_over_https_or_from_the_service_itself():
    assert HOSTED.may_download("https://images.segmind.com/x.jpeg")
    assert HOSTED.may_download("https://cdn.example.org/x.jpeg")
    assert not HOSTED.may_download("http://images.segmind.com/x.jpeg")
    assert not HOSTED.may_download("file:///etc/passwd")
    assert not at("http://127.0.0.1:8000").may_download("http://127.0.0.1:8001/x.jpeg")

    async def fetch(service, address):
        api = Api(service, HttpxTransport(service, None), SystemClock(), None)
        try:
            return await api.picture(address)
        finally:
            await api.close()

    with serving(say(404, b"gone")) as own:
        with pytest.raises(PictureError):
            asyncio.run(fetch(at(own.url), "http://10.0.0.1/x"))
        with pytest.raises(ServiceError):
            asyncio.run(fetch(at(own.url), "/x.jpeg"))
    assert [path for _, path, _, _ in own.got] == ["/x.jpeg"]


def test_a_service_is_named_without_its_port():
    assert at("https://gpu.example.org:8443/v1").name == "https://gpu.example.org"
    assert at("http://user:pass@localhost:1").api == "http://localhost:1"
    assert Service("x", "http://[::1]:5", "").is_loopback
