"""Pictures are found in every form of output, and nothing else is taken for the address of one."""

import pytest

from segflux_nb import Sweep, Workspace
from segflux_nb.errors import MissingKey, WorkspaceError
from segflux_nb.service.addresses import HOSTED, at, is_address, origin, read_data
from segflux_nb.service.outputs import MOST_PICTURES, picture_urls

URL = "https://images.segmind.com/generations/x.jpeg"
OTHER = "https://images.segmind.com/generations/y.jpeg"
BASE64 = "/9j/" + "A" * 200


@pytest.mark.parametrize(
    ("output", "urls"),
    [
        (URL, (URL,)),
        (f" {URL}\n", (URL,)),
        (URL.replace("https", "HTTPS"), (URL,)),
        ([URL, OTHER, URL], (URL, OTHER)),
        ({"images": [{"url": URL}, {"url": OTHER}]}, (URL, OTHER)),
        ({"images": {"0": {"url": URL}, "1": {"url": OTHER}}}, (URL, OTHER)),
        ({"url": URL, "thumbnail": OTHER}, (URL,)),
        ({"url": URL, "image_url": URL + "?size=small"}, (URL,)),
        ({"image_url": {"url": URL}}, (URL,)),
        ({"picture": URL, "words": "done"}, (URL,)),
        (f'[{{"url": "{URL}"}}]', (URL,)),
        ("/pictures/x.jpeg", ("/pictures/x.jpeg",)),
        ("pictures/x.jpeg", ("pictures/x.jpeg",)),
        ("x.jpeg", ("x.jpeg",)),
        ("//images.example/x", ("//images.example/x",)),
        ("data:image/jpeg;base64,QUJD\nREVG", ("data:image/jpeg;base64,QUJDREVG",)),
        ("DATA:image/jpeg;BASE64,QUJD", ("data:image/jpeg;BASE64,QUJD",)),
        ({"b64_json": "QUJD"}, ("data:;base64,QUJD",)),
        (BASE64, (f"data:;base64,{BASE64}",)),
        ("Your picture is ready", ()),
        ("image/jpeg", ()),
        ("x", ()),
        (17, ()),
        (True, ()),
        ({}, ()),
        ("ftp://images.example/x.jpeg", ()),
        ("file:///etc/passwd", ()),
        ("javascript:alert(1)", ()),
        ("https://", ()),
        ("http://[::1/x", ()),
        (f"https://{'a' * 64}.example/x.jpeg", ()),
        ("https://xn--/x.jpeg", ()),
        ("https://images.example:99999/x.jpeg", ()),
        ("https://images.example:port/x.jpeg", ()),
        ("https://images\x00.example/x.jpeg", ()),
        ("https://images.example/a\r\nx-api-key: b", ()),
        ("https://images.example/\ud83d", ()),
    ],
)
def test_forms_of_output(output, urls):
    assert picture_urls(output) == urls


def test_output_and_images_are_read_together():
    assert picture_urls(URL, [{"url": URL}, {"url": OTHER}]) == (URL, OTHER)


def test_an_endless_output_is_read_to_an_end():
    assert picture_urls([None] * 10_000 + [URL]) == (URL,)
    assert picture_urls([[[[URL]]]] * 10) == (URL,)
    assert len(picture_urls([f"{URL}?{n}" for n in range(10_000)])) == MOST_PICTURES


@pytest.mark.parametrize(
    ("url", "data"),
    [
        ("data:image/jpeg;base64,QUJD", b"ABC"),
        ("data:;base64,QUI", b"AB"),
        ("data:;base64,QUI%3D", b"AB"),
        ("data:;base64,_-__", b"\xff\xef\xff"),
        ("data:,A%42", b"AB"),
        ("data:;base64,!!!!", None),
        ("data:", None),
    ],
)
def test_data_urls(url, data):
    assert read_data(url) == data


@pytest.mark.parametrize(
    "url",
    [
        "https://API.Segmind.com",
        "https://api.segmind.com:443/v1",
        "HTTPS://api.segmind.com/",
        "https://api.segmind.com.",
        " https://api.segmind.com\n",
        "https://name:secret@api.segmind.com",
    ],
)
def test_a_base_url_in_another_spelling_is_the_same_origin(url):
    assert at(url).api == HOSTED.api


@pytest.mark.parametrize("url", ["https://api.segmind.com/v1", "HTTPS://API.segmind.com.:443"])
def test_the_base_url_of_the_hosted_service_is_the_hosted_service(tmp_path, url, monkeypatch):
    monkeypatch.delenv("SEGMIND_API_KEY", raising=False)
    monkeypatch.setenv("SEGFLUX_CONFIG", str(tmp_path))
    with Workspace(tmp_path / "study", service=url) as ws:
        assert ws.service == "segmind"
        with pytest.raises(MissingKey):
            ws.run(Sweep(prompt="TOK", finetune_id="a"))


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://a b.com",
            "https://api.segmind.com\\@evil.example",
            "https://xn--/",
            "https://a..b",
            "https://[v1.x]",
        ),
        *("https://api.segmind.com%2eevil.example", "https://api.segmind.com:0", "https://name:secret@/x"),
        *("http://10.0.0.1", "http://name:secret@example.com", "http://2130706433:1", "http://0177.0.0.1:1"),
        *("http://[::ffff:10.0.0.1]:1", "http://localhost.evil.example"),
    ],
)
def test_what_is_no_base_url_is_refused_and_shows_no_password(url):
    with pytest.raises(WorkspaceError, match=r"not a service|unencrypted") as error:
        at(url)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]", "[::ffff:127.0.0.1]", "LOCALHOST.", "localhost"])
def test_this_machine_has_many_addresses(host):
    assert at(f"http://{host}:8765").is_loopback


def test_an_own_address_in_another_spelling_is_stored_relative():
    service = at("http://LocalHost:80/v1")
    assert service.api == "http://localhost"
    assert service.relative("HTTP://localhost:80/pictures/x.jpeg?a=b") == "/pictures/x.jpeg?a=b"
    assert service.relative("http://localhost:8000/x") == "http://localhost:8000/x"
    assert service.absolute(service.relative("data:,x")) == "data:,x"


@pytest.mark.parametrize("url", ["https://[", "https://a:b", "https://a:99999", "\ud83d", "https://\ud83d/", ""])
def test_no_url_raises(url):
    assert origin(url) in ("", "://")
    assert not is_address(url)
    assert not HOSTED.is_own(url)
    assert not HOSTED.may_download(url)
    assert HOSTED.relative(url) == url
    HOSTED.absolute(url)
