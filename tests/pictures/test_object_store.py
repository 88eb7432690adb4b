"""The same contract on memory, a folder, and servers of S3's kind; and what is said when a store fails."""

import sys

import pytest

from segflux_nb.errors import StoreError, WorkspaceError
from segflux_nb.pictures import object_store
from segflux_nb.pictures.object_store import ObjectStore
from tests.support import s3_server

NAME = f"pictures/ab/ab{'0' * 62}.jpg"


@pytest.fixture(scope="module")
def moto():
    with s3_server.moto(s3_server.need_moto()) as url:
        yield url


@pytest.fixture(scope="module")
def rclone(tmp_path_factory):
    with s3_server.rclone(s3_server.need_rclone(), tmp_path_factory.mktemp("rclone")) as url:
        yield url


@pytest.fixture
def proxy(moto, monkeypatch):
    proxy = s3_server.FaultyProxy(moto)
    for name, value in s3_server.environment(proxy.url).items():
        monkeypatch.setenv(name, value)
    yield proxy
    proxy.close()


@pytest.fixture(params=["memory", "file", "moto", "moto without conditions", "rclone"])
def store(request, tmp_path, monkeypatch):
    kind = request.param.split()[0]
    if kind == "memory":
        return ObjectStore(f"memory://{tmp_path}")
    if kind == "file":
        return ObjectStore((tmp_path / "a folder").as_uri())
    for name, value in s3_server.environment(request.getfixturevalue(kind)).items():
        monkeypatch.setenv(name, value)
    if request.param.endswith("conditions"):
        monkeypatch.setenv("AWS_CONDITIONAL_PUT", "disabled")
    return ObjectStore(f"s3://{s3_server.BUCKET}/{tmp_path.name}")


def names(store, prefix="pictures/"):
    return sorted(pair for page in store.pages(prefix) for pair in page)


def test_what_every_store_does(store):
    assert names(store) == []
    with pytest.raises(FileNotFoundError):
        store.read(NAME)
    assert store.create(NAME, b"picture")
    assert store.read(NAME) == b"picture"
    assert names(store) == [(NAME, 7)]
    assert names(store, "pictures/ab/") == [(NAME, 7)]
    assert names(store, "pictures/cd/") == []
    store.replace(NAME, b"other")
    assert store.read(NAME) == b"other"
    store.create("pictures/cd/b.jpg", b"b")
    store.remove([NAME, "pictures/cd/b.jpg", "thumbnails/cd/b.jpg"])
    store.remove([NAME])
    assert names(store) == []


def test_what_is_there_is_kept(store, request):
    if "rclone" in request.node.name:
        pytest.skip("rclone's server knows no conditions: it writes again, and the names are those of the bytes")
    assert store.create(NAME, b"picture")
    assert not store.create(NAME, b"other")
    assert store.read(NAME) == b"picture"


def test_many_names_come_in_pages(store):
    for at in range(30):
        store.create(f"pictures/ab/{at:03}.jpg", b"x" * at)
    assert names(store) == [(f"pictures/ab/{at:03}.jpg", at) for at in range(30)]


@pytest.mark.parametrize(
    ("fault", "says", "is_passing"),
    [
        (500, "answered 500", True),
        (503, "answered 503", True),
        (403, "the store refuses it: check the credentials", False),
        (401, "the store refuses it: check the credentials", False),
        (400, "answered 400", False),
        ("lost", "broke off|in time", True),
        ("half", "broke off|in time", True),
    ],
)
def test_a_server_that_fails(proxy, tmp_path, fault, says, is_passing):
    store = ObjectStore(f"s3://{s3_server.BUCKET}/{tmp_path.name}")
    store.create(NAME, b"picture")
    proxy.fault = lambda method, path: fault
    other = NAME.replace("ab", "cd")
    for call in (lambda: store.create(other, b"1"), lambda: store.read(NAME), lambda: list(store.pages("pictures"))):
        with pytest.raises(StoreError, match=says) as raised:
            call()
        assert raised.value.is_passing is is_passing
        for secret in (s3_server.KEY, s3_server.SECRET, "http:", "Debug", "\n"):
            assert secret not in str(raised.value)
            assert secret not in repr(raised.value)
    proxy.fault = lambda method, path: None
    assert store.read(NAME) == b"picture"
    assert store.create(other, b"1") is (fault != "lost")


def test_half_an_answer_is_none(proxy, tmp_path):
    store = ObjectStore(f"s3://{s3_server.BUCKET}/{tmp_path.name}")
    store.create(NAME, b"picture" * 1000)
    proxy.fault = lambda method, path: "cut"
    with pytest.raises(StoreError):
        store.read(NAME)


def test_a_server_that_is_silent_or_gone_is_left(proxy, tmp_path, monkeypatch):
    monkeypatch.setattr(object_store, "SILENT_SECONDS", 0.1)
    monkeypatch.setattr(object_store, "TRIES", 1)
    store = ObjectStore(f"s3://{s3_server.BUCKET}/{tmp_path.name}")
    proxy.fault = lambda method, path: "hang"
    with pytest.raises(StoreError, match="did not answer in time") as raised:
        store.read(NAME)
    assert raised.value.is_passing
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{s3_server.free_port()}")
    with pytest.raises(StoreError, match="cannot be reached"):
        ObjectStore(f"s3://{s3_server.BUCKET}/x").read(NAME)


def test_a_bucket_that_does_not_exist_is_no_missing_picture(proxy):
    store = ObjectStore("s3://another-bucket/x")
    for call in (lambda: store.read(NAME), lambda: list(store.pages("pictures/")), lambda: store.create(NAME, b"1")):
        with pytest.raises(StoreError, match="the bucket does not exist"):
            call()


def test_pictures_go_over_http_to_this_machine_alone(monkeypatch):
    for name, value in s3_server.environment("http://198.51.100.7:9000").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    with pytest.raises(StoreError, match="use https"):
        ObjectStore("s3://bucket/x").read(NAME)


def test_an_object_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(object_store, "MOST_BYTES", 5)
    store = ObjectStore(f"memory://{tmp_path}")
    store.create(NAME, b"picture")
    with pytest.raises(StoreError, match="more than a picture may"):
        store.read(NAME)


def test_without_the_package_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(WorkspaceError, match=r"segflux-nb\[objectstore\]"):
        ObjectStore("s3://bucket/x")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="cannot be used"):
        ObjectStore((tmp_path / "file" / "x").as_uri())
