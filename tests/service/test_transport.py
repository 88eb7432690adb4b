"""Against real sockets: what reaches which server."""

import asyncio
import contextlib
import functools
import gzip
import os
import socket
import ssl
import sys
import threading
import tracemalloc
import zlib
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import certifi
import pytest

from segflux_nb.clock import SystemClock
from segflux_nb.errors import AnswerLost, NotSentError, PictureError, ServiceError, WorkspaceError
from segflux_nb.service import certificates, transport
from segflux_nb.service.addresses import HOSTED, Service, at
from segflux_nb.service.api import Api
from segflux_nb.service.content_coding import unpacked
from segflux_nb.service.downloads import check, is_public
from segflux_nb.service.secret import Secret
from segflux_nb.service.transport import HttpRequest, HttpTransport

KEY = "SG_0123456789abcdef"


class Server(ThreadingHTTPServer):
    """Notes its requests, and responds as the test says."""

    def __init__(self, respond):
        self.got = []
        test = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                test.got.append((self.command, self.path, dict(self.headers), body))
                respond(self)

            do_POST = do_HEAD = do_CONNECT = do_GET

            def log_message(self, *arguments):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def serving(respond):
    server = Server(respond)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def say(status, body=b"{}", **headers):
    def respond(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return respond


def send(service, *requests, secret=KEY):
    async def main():
        opened = HttpTransport(service, Secret(secret) if secret else None)
        try:
            return [await opened.send(request) for request in requests]
        finally:
            await opened.close()

    return asyncio.run(main())


def test_the_key_goes_to_the_service_and_nowhere_else():
    with serving(say(200)) as other, serving(say(200)) as own:
        send(
            at(own.url),
            HttpRequest("POST", f"{own.url}/v2/x", "submit", b"{}"),
            HttpRequest("GET", f"{own.url}/v2/x", "status"),
            HttpRequest("GET", f"{other.url}/v2/x", "status"),
            HttpRequest("GET", f"{own.url}/picture", "download"),
        )
        with pytest.raises(NotSentError, match="not fetched from"):
            send(at(own.url), HttpRequest("GET", f"{other.url}/picture", "download"))
    keys = [[headers.get("x-api-key") for _, _, headers, _ in server.got] for server in (own, other)]
    assert keys == [[KEY, KEY, None], [None]]


def test_the_key_goes_to_the_storage_too_and_what_is_stored_is_asked_for_without_it():
    with serving(say(200)) as storage, serving(say(200, b"")) as own:
        service = replace(at(own.url), uploads=storage.url)
        send(
            service,
            HttpRequest("POST", f"{storage.url}/upload-asset", "upload", b"{}"),
            HttpRequest("HEAD", f"{own.url}/assets/a.png", "download"),
        )
    assert [(method, headers.get("x-api-key")) for method, _, headers, _ in storage.got] == [("POST", KEY)]
    assert [(method, headers.get("x-api-key")) for method, _, headers, _ in own.got] == [("HEAD", None)]


def test_a_redirect_of_a_call_is_not_followed():
    with serving(say(200)) as other, serving(say(302, location=other.url + "/stolen")) as own:
        for method, purpose in (("GET", "status"), ("POST", "submit")):
            (response,) = send(at(own.url), HttpRequest(method, f"{own.url}/v2/x", purpose))
            assert response.status == 302
    assert other.got == []


@pytest.mark.parametrize(
    "where", ["{other}/stolen", "https://localhost:{port}/x", "https://user@127.0.0.1/x", "file:///x", "https://["]
)
def test_a_redirect_of_a_picture_to_this_machine_or_its_network_is_not_followed(where):
    with serving(say(200)) as other:
        target = where.format(other=other.url, port=other.server_port)
        with serving(say(302, location=target)) as own, pytest.raises(NotSentError, match="not fetched from"):
            send(at(own.url), HttpRequest("GET", own.url, "download"))
    assert other.got == []


def test_a_redirect_of_a_picture_within_the_service_is_followed_a_few_times():
    def respond(handler):
        hops = int(handler.path.strip("/"))
        say(302, location=f"/{hops - 1}")(handler) if hops else say(200, b"picture")(handler)

    with serving(respond) as own:
        (picture,) = send(at(own.url), HttpRequest("GET", f"{own.url}/3", "download"))
        assert picture.body == b"picture"
        with pytest.raises(NotSentError, match="redirects"):
            send(at(own.url), HttpRequest("GET", f"{own.url}/4", "download"))


PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946"]
NOT_PUBLIC = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
    *("255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
    *("ff02::1", "2001:db8::1", "198.18.0.1", "192.0.2.1"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::", "::127.0.0.1"),
    *("::ffff:0:10.0.0.1", "::10.0.0.1", "fec0::1", "2001:0:7f00:1::", "::ffff:0.0.0.0", "240.0.0.1"),
]


@pytest.mark.parametrize("address", PUBLIC + NOT_PUBLIC)
def test_which_addresses_are_public(address):
    assert is_public(address) is (address in PUBLIC)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["fe80::1"]])
def test_a_name_that_resolves_to_an_address_within_is_refused(monkeypatch, addresses):
    resolve_to(monkeypatch, addresses)
    with pytest.raises(NotSentError, match="is not public"):
        asyncio.run(check("https://images.segmind.com/x.jpeg", HOSTED))


def test_what_was_checked_is_connected_to(monkeypatch):
    """A name cannot resolve to something else between the check and the connection."""
    resolve_to(monkeypatch, ["93.184.216.34"])
    target = asyncio.run(check("https://images.segmind.com/x.jpeg?size=1#top", HOSTED))
    assert target.url == "https://93.184.216.34/x.jpeg?size=1"
    assert (target.headers, target.certified_name) == ({"host": "images.segmind.com"}, "images.segmind.com")
    resolve_to(monkeypatch, ["2606:2800:220:1:248:1893:25c8:1946"])
    target = asyncio.run(check("https://BÜCHER.example:8443/x.jpeg", HOSTED))
    assert target.url == "https://[2606:2800:220:1:248:1893:25c8:1946]:8443/x.jpeg"
    assert target.headers == {"host": "xn--bcher-kva.example:8443"}


@pytest.mark.parametrize("url", ["https://[", "https://x:99999/", "https://a..b/", "https://[::1", "https://"])
def test_an_address_that_is_not_valid_is_refused(monkeypatch, url):
    """Addresses come from the service. A bad one ends one download and nothing else."""
    resolve_to(monkeypatch, ["93.184.216.34"])
    with pytest.raises(NotSentError, match=r"not fetched from|cannot be found"):
        asyncio.run(check(url, HOSTED))
    service = at("http://127.0.0.1:1")
    assert service.request_url(url, "a") == "http://127.0.0.1:1/v2/requests/a"


def resolve_to(monkeypatch, addresses):
    async def getaddrinfo(self, host, port, **options):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("purpose", ["status", "submit", "download"])
def test_a_compressed_bomb_is_given_up(purpose):
    bomb = gzip.compress(gzip.compress(b"x" * (80 << 20)))
    with (
        serving(say(200, bomb, content_encoding="gzip, gzip")) as own,
        pytest.raises(AnswerLost, match="larger than"),
    ):
        send(at(own.url), HttpRequest("GET", own.url, purpose))


def test_a_bomb_takes_no_memory():
    bomb = gzip.compress(bytes(128 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="larger than"):
            unpacked(bomb, "gzip", 8 << 20)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


def test_a_picture_that_came_packed_is_unpacked():
    with serving(say(200, gzip.compress(b"picture", mtime=0), content_encoding="gzip")) as own:
        (response,) = send(at(own.url), HttpRequest("GET", own.url, "download"))
    assert response.body == b"picture"


@pytest.mark.parametrize("where", ["http://[::1/x", "ftp://x/", "javascript:alert(1)", "https://xn--/", "//"])
def test_an_address_in_the_answer_to_a_submit_does_not_hide_that_it_was_sent(where):
    with serving(say(307, location=where)) as own:
        (response,) = send(at(own.url), HttpRequest("POST", own.url + "/v2/x", "submit", b"{}"))
        assert response.status == 307
        assert len(own.got) == 1


@pytest.mark.parametrize("url", ["https://xn--/x", "http://[::1/x", "http://127.0.0.1:99999/x", "https://a\ud83d/x"])
def test_an_address_that_cannot_be_sent_is_not_sent(url):
    for purpose in ("status", "submit", "download"):
        with pytest.raises(NotSentError):
            send(HOSTED, HttpRequest("GET", url, purpose))


@pytest.mark.parametrize(
    ("body", "codings", "found"),
    [
        (b"{}", "gzip", b"{}"),
        (b"{}", "", b"{}"),
        (gzip.compress(b"{}", mtime=0), "", b"{}"),
        (gzip.compress(b"{}", mtime=0) + gzip.compress(b"[]", mtime=0), "gzip", b"{}[]"),
        (gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), "x-gzip, GZIP", b"{}"),
        (zlib.compress(b"{}"), "deflate", b"{}"),
        (zlib.compress(b"{}")[2:-4], "deflate", b"{}"),
        (gzip.compress(b"{}", mtime=0)[:-12], "gzip", None),
        (b"\x8b\xff", "br", b"\x8b\xff"),
        (b"{}", "aws-chunked, gzip", b"{}"),
        (b"{}", "deflate", b"{}"),
        (zlib.compress(b"{}", wbits=9), "deflate", b"{}"),
        (zlib.compress(bytes(151)), "deflate", None),
        (gzip.compress(bytes(101), mtime=0), "gzip", None),
        (functools.reduce(lambda body, _: gzip.compress(body, mtime=0), range(6), b"{}"), "", None),
    ],
)
def test_bodies_are_unpacked_within_a_limit(body, codings, found):
    if found is None:
        with pytest.raises(ValueError, match="it is"):
            unpacked(body, codings, 100)
    else:
        assert unpacked(body, codings, 150) == found


@pytest.mark.parametrize(("purpose", "kind"), [("download",) * 2, ("submit",) * 2, ("status", "call")])
@pytest.mark.parametrize("what", ["body", "headers", "1xx"])
def test_an_answer_that_drips_for_ever_is_given_up(purpose, kind, what, monkeypatch):
    monkeypatch.setitem(transport.TOTAL_SECONDS, kind, 0.2)
    ended = threading.Event()

    def drip(handler):
        start = b"" if what == "1xx" else b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n"
        piece = {"body": b"x", "headers": b"x: y\r\n", "1xx": b"HTTP/1.1 102 Processing\r\n\r\n" * 20}[what]
        handler.close_connection = True
        with contextlib.suppress(OSError):
            handler.wfile.write(start + (b"\r\n" if what == "body" else b""))
            for _ in range(300):
                if ended.wait(0.01):
                    break
                handler.wfile.write(piece)

    with serving(drip) as own:
        with pytest.raises(AnswerLost, match="not complete in time"):
            send(at(own.url), HttpRequest("GET", own.url, purpose))
        ended.set()


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

    for respond in (hang_up, promise_more):
        with serving(respond) as own, pytest.raises(AnswerLost, match="was lost"):
            send(at(own.url), HttpRequest("POST", f"{own.url}/v2/x", "submit", b"{}"))
        assert len(own.got) == 1, "a submit is never repeated"


def test_without_name_resolution_nothing_was_sent(monkeypatch):
    async def gone(self, host, port, **options):
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", gone)
    for purpose in ("submit", "status"):
        request = HttpRequest("POST", "https://api.example.org/v2/x", purpose, b"{}")
        with pytest.raises(NotSentError, match=r"cannot be reached.*name resolution"):
            send(at("https://api.example.org"), request)
    with pytest.raises(NotSentError, match=r"images.example.org cannot be found"):
        asyncio.run(check("https://images.example.org/x.jpeg", HOSTED))


PROXIES = [f"{name}_PROXY" for name in ("HTTP", "HTTPS", "ALL", "NO")]


def test_the_environments_proxy_serves_the_hosted_service_and_not_this_machine(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with serving(say(403)) as proxy, serving(say(200)) as own:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with pytest.raises(NotSentError, match="cannot be reached"):
            send(HOSTED, HttpRequest("POST", f"{HOSTED.api}/v2/x", "submit", b"{}"))
        assert [(method, path) for method, path, _, _ in proxy.got] == [("CONNECT", "api.segmind.com:443")]
        assert KEY not in str(proxy.got), "the key travels inside the tunnel alone"
        send(at(own.url), HttpRequest("POST", f"{own.url}/v2/x", "submit", b"{}"))
    assert (len(proxy.got), len(own.got)) == (1, 1)


@pytest.fixture
def authorities(tmp_path, monkeypatch):
    """Three files of one certificate each, for environment, system and certifi; gives what a context trusts."""
    ours = ssl.create_default_context(cafile=certifi.where())
    files = {}
    for name, certificate in zip(
        ("environment", "system", "certifi"), ours.get_ca_certs(binary_form=True), strict=False
    ):
        files[name] = tmp_path / f"{name}.pem"
        files[name].write_text(ssl.DER_cert_to_PEM_cert(certificate))
    nowhere = str(tmp_path / "absent")
    monkeypatch.setattr(certifi, "where", lambda: str(files["certifi"]))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os.path, "isfile", lambda path: str(path).startswith(str(tmp_path)) and Path(path).exists())
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)

    def system(file=nowhere, folder=nowhere):
        paths = ssl.DefaultVerifyPaths(file, folder, "SSL_CERT_FILE", file, "SSL_CERT_DIR", folder)
        monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)

    def trusted():
        certificates.tls_context.cache_clear()
        return {
            ssl.DER_cert_to_PEM_cert(found) for found in certificates.tls_context().get_ca_certs(binary_form=True)
        }

    yield files, system, trusted
    certificates.tls_context.cache_clear()


def test_the_files_of_the_environment_are_trusted_first(authorities, monkeypatch):
    files, system, trusted = authorities
    system(str(files["system"]))
    monkeypatch.setenv("SSL_CERT_FILE", str(files["environment"]))
    assert trusted() == {files["environment"].read_text()}
    monkeypatch.setenv("SSL_CERT_FILE", str(files["environment"]) + "x")
    with pytest.raises(WorkspaceError, match=r"SSL_CERT_FILE=.*No such file.*Correct"):
        trusted()


def test_without_them_the_systems_store_is_trusted(authorities, tmp_path):
    files, system, trusted = authorities
    system(str(files["system"]))
    assert trusted() == {files["system"].read_text()}
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "5ed36f99.0").write_text(files["system"].read_text())
    system(folder=str(folder))
    assert trusted() == set(), "OpenSSL reads a folder when it needs it; certifi's list is not added to it"


def test_without_a_system_store_certifis_list_is_trusted(authorities, tmp_path):
    files, system, trusted = authorities
    system()
    assert trusted() == {files["certifi"].read_text()}
    (tmp_path / "empty").mkdir()
    system(folder=str(tmp_path / "empty"))
    assert trusted() == {files["certifi"].read_text()}


def test_submits_use_connections_of_their_own():
    """A POST on a kept connection that the server just closed fails like one whose response was lost."""
    closed = []

    def respond(handler):
        say(200)(handler)
        closed.append(handler.headers.get("connection"))

    with serving(respond) as own:
        peers = set()
        original = own.finish_request

        def finish_request(request, client_address):
            peers.add(client_address)
            original(request, client_address)

        own.finish_request = finish_request
        send(at(own.url), *[HttpRequest("POST", f"{own.url}/v2/x", "submit", b"{}")] * 3)
    assert len(peers) == 3


def test_a_response_larger_than_the_cap_is_not_read():
    with serving(say(200, b"x" * (2 << 20))) as own, pytest.raises(AnswerLost, match="larger than 1 MiB"):
        send(at(own.url), HttpRequest("POST", own.url, "submit", b"{}"))


def test_pictures_come_over_https_or_from_the_service_itself():
    assert HOSTED.may_download("https://images.segmind.com/x.jpeg")
    assert HOSTED.may_download("https://cdn.example.org/x.jpeg")
    assert not HOSTED.may_download("http://images.segmind.com/x.jpeg")
    assert not HOSTED.may_download("file:///etc/passwd")
    assert not at("http://127.0.0.1:8000").may_download("http://127.0.0.1:8001/x.jpeg")

    async def fetch(service, address):
        api = Api(service, HttpTransport(service, None), SystemClock(), None)
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
