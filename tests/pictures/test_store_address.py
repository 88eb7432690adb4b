"""Addresses of object stores: what is taken, and what is refused without showing it."""

import pytest

from segflux_nb.errors import WorkspaceError
from segflux_nb.pictures.object_store import ObjectStore
from segflux_nb.pictures.store_address import store_address


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("s3://bucket/a/b/", "s3://bucket/a/b"),
        ("s3://bucket", "s3://bucket"),
        ("gs://bucket/a", "gs://bucket/a"),
        ("az://container/a", "az://container/a"),
        ("abfss://container@account.dfs.core.windows.net/a", "abfss://container@account.dfs.core.windows.net/a"),
        ("https://bucket.s3.eu-west-1.amazonaws.com/a", "https://bucket.s3.eu-west-1.amazonaws.com/a"),
        ("memory:///", "memory://"),
        ("memory://one", "memory://one"),
        ("file:///srv/pictures/", "file:///srv/pictures"),
    ],
)
def test_addresses_that_are_taken(given, kept):
    assert store_address(given) == kept


def test_a_plain_path_is_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert store_address("shared folder") == (tmp_path / "shared folder").as_uri()
    assert store_address(tmp_path / "x") == (tmp_path / "x").as_uri()
    store = ObjectStore(store_address("shared folder"))
    assert store.create("pictures/ab/a.jpg", b"a")
    assert (tmp_path / "shared folder" / "pictures" / "ab" / "a.jpg").read_bytes() == b"a"


@pytest.mark.parametrize(
    "given",
    [
        "s3://AKIDSECRET:hunter2@bucket/a",
        "s3://hunter2@bucket/a",
        "https://account.blob.core.windows.net/c?sv=1&sig=hunter2",
        "az://container/a?sig=hunter2",
        "s3://bucket/a#hunter2",
        "abfss://container:hunter2@account.dfs.core.windows.net/a",
        "ftp://user:hunter2@host/a",
    ],
)
def test_secrets_in_an_address_are_refused_and_not_shown(given):
    with pytest.raises(WorkspaceError) as raised:
        store_address(given)
    assert "hunter2" not in str(raised.value)
    assert "AKIDSECRET" not in str(raised.value)


@pytest.mark.parametrize(
    "given", ["", 7, "s3://", "ftp://host/a", "http://host/a", "https://host/a", "s3://[bucket/a", "s3://a\nb", b"s3"]
)
def test_what_is_no_address_is_refused_in_a_sentence(given):
    with pytest.raises(WorkspaceError, match="pictures="):
        store_address(given)
