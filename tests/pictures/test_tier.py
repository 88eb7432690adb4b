"""Pictures that are in an object store: how they are read, copied, and let go."""

import hashlib
import io
import os
import threading

import numpy as np
import pytest
from PIL import Image

from segflux_nb.errors import DamagedError, StoreError, WorkspaceError
from segflux_nb.pictures import cache, mounted
from segflux_nb.pictures.cache import most_bytes
from segflux_nb.pictures.located import OF_THE_STORE
from segflux_nb.pictures.store import PictureStore
from segflux_nb.pictures.store_contents import KNOWN_SECONDS, SILENT_SECONDS, UNKNOWN_SECONDS
from segflux_nb.pictures.thumbnails import thumbnail_of
from segflux_nb.pictures.tiered import TieredPictures
from tests.support.stores import FakeStore, broken, tier_in


class Hands:
    """A clock that a test sets."""

    def __init__(self):
        self.time = 1_800_000_000.0

    def now(self):
        return self.time

    monotonic = now


@pytest.fixture
def clock():
    return Hands()


@pytest.fixture
def place(tmp_path, clock, monkeypatch):
    """A store with twelve pictures, and an empty folder."""
    monkeypatch.setattr(mounted, "_mounts", {})
    store = FakeStore()
    other = tmp_path / "other machine"
    there = tier_in(other, store, clock)
    paths = [PictureStore(other, durable=False).put(picture(seed)).path for seed in range(12)]
    for path in paths:
        there.upload(path)
    store.calls.clear()
    folder = tmp_path / "here"
    folder.mkdir()
    tier = tier_in(folder, store, clock)
    mounted.mount(folder, tier)
    return folder, tier, store, paths


def picture(seed, side=400):
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST).save(buffer, "JPEG")
    return buffer.getvalue()


def local(folder):
    return {path.relative_to(folder).as_posix() for path in folder.glob("*/*/*.jpg")}


def test_a_picture_is_read_from_the_store_once(place):
    folder, _, store, paths = place
    for _ in range(3):
        assert mounted.read_file(folder / paths[0]) == store.objects[paths[0]]
    assert store.read_names() == [paths[0]]
    assert local(folder) == {paths[0]}
    assert not list(folder.glob("**/.arriving*"))


@pytest.mark.parametrize("times", [1, 2])
def test_bytes_that_are_not_those_of_the_name_are_refused_and_asked_for_once_more(place, caplog, times):
    folder, tier, store, paths = place
    cuts = iter(["cut"] * times)
    store.fault = lambda call, name: next(cuts, None) if call == "read" else None
    if times == 1:
        assert hashlib.sha256(tier.read(paths[0])).hexdigest() in paths[0]
    else:
        with pytest.raises(DamagedError, match="not those that its name says"):
            tier.read(paths[0])
        assert local(folder) == set()
    assert "has other bytes than its name says" in caplog.text
    assert store.count("read") == 2


def test_what_the_log_may_name_is_the_stores_own_alone(place):
    folder, tier, store, _ = place
    store.objects["secrets.txt"] = store.objects["pictures/../secrets.txt"] = b"secret"
    for path in ("secrets.txt", "pictures/../secrets.txt", "thumbnails/ab/x.jpg", "/etc/passwd"):
        with pytest.raises(FileNotFoundError):
            tier.read(path)
        assert TieredPictures(folder, tier).own(path) is None
    assert store.calls == []


def test_a_gallery_reads_thumbnails_and_no_picture_and_each_once(place):
    folder, _, store, paths = place
    files = [folder / path for path in paths]
    for _ in range(2):
        mounted.fetch_ahead(files, small=True)
        assert all(mounted.kept_thumbnail_of(os.fspath(file)) == thumbnail_of(os.fspath(file)) for file in files)
    assert sorted(store.read_names()) == sorted(thumbnail_of(path).as_posix() for path in paths)
    assert local(folder) == {thumbnail_of(path).as_posix() for path in paths}


def test_a_thumbnail_that_the_store_lacks_or_has_damaged_is_made_once_for_all(place, tmp_path, clock):
    folder, _, store, paths = place
    one, other = (thumbnail_of(path).as_posix() for path in paths[:2])
    del store.objects[one]
    store.objects[other] = store.objects[other][:-40] + bytes(40)
    whole = {path: mounted.thumbnail_file(folder / path) for path in paths[:2]}
    assert [path for path in store.read_names() if OF_THE_STORE.fullmatch(path)] == paths[:2]
    third = tmp_path / "third machine"
    third.mkdir()
    mounted.mount(third, tier_in(third, store, clock))
    store.calls.clear()
    assert {path: mounted.thumbnail_file(third / path) for path in paths[:2]} == whole
    assert store.read_names() == [one, other]


def test_a_small_picture_has_no_thumbnail(place, clock):
    folder, tier, store, _ = place
    path = PictureStore(folder, durable=False).put(picture(99, side=100)).path
    tier.upload(path)
    (folder / path).unlink()
    assert mounted.kept_thumbnail_of(os.fspath(folder / path)) is None
    assert mounted.thumbnail_file(folder / path) == store.objects[path]


def test_pictures_are_fetched_several_at_a_time(place):
    folder, tier, store, paths = place
    meeting = threading.Barrier(4)

    def fault(call, name):
        meeting.wait(20)

    store.fault = fault
    tier.fetch_ahead(paths, small=False)
    assert local(folder) == set(paths)


def test_all_are_read_a_page_at_a_time(place):
    folder, tier, store, paths = place
    read = [tier.read(path) for path in TieredPictures(folder, tier).each_ahead(paths)]
    assert [hashlib.sha256(data).hexdigest() in path for data, path in zip(read, paths, strict=True)] == [True] * 12
    assert store.count("read") == 12


def test_what_is_missing_is_found_by_a_list_and_not_one_by_one(place, clock):
    folder, tier, store, paths = place
    pictures = TieredPictures(folder, tier)
    gone = f"pictures/00/{'0' * 64}.jpg"
    assert pictures.absent([*paths, gone]) == {gone}
    assert [call for call, _ in store.calls] == ["list"]
    for _ in range(5):
        assert pictures.absent([*paths, gone]) == {gone}
    assert len(store.calls) == 1
    clock.time += UNKNOWN_SECONDS + 1
    assert pictures.absent([*paths, gone]) == {gone}
    assert [name for _, name in store.calls[1:]] == ["pictures/00/"]


def test_what_another_machine_uploads_or_removes_is_seen_later(place, clock):
    folder, tier, store, paths = place
    pictures, new = TieredPictures(folder, tier), f"pictures/ff/{'f' * 64}.jpg"
    assert pictures.absent([*paths, new]) == {new}
    before = pictures.version()
    store.objects[new] = b"1"
    clock.time += UNKNOWN_SECONDS + 1
    assert pictures.absent([*paths, new]) == set()
    assert pictures.version() != before
    del store.objects[paths[0]]
    clock.time += KNOWN_SECONDS + 1
    assert pictures.absent([*paths, new]) == {paths[0]}


def test_a_large_store_is_listed_by_parts(place, monkeypatch):
    folder, tier, store, paths = place
    store.objects |= {f"pictures/{at % 256:02x}/{at:064x}.jpg": b"1" for at in range(5000)}
    gone = f"pictures/00/{'0' * 62}ff.png"
    assert TieredPictures(folder, tier).absent([*paths, gone]) == {gone}
    asked = [name for _, name in store.calls]
    assert asked.count("pictures/") == 5
    assert sorted(asked[5:]) == sorted({path[:12] for path in [*paths, gone]})


def test_a_store_that_does_not_answer_makes_nothing_missing(place, clock):
    folder, tier, store, paths = place
    store.fault = broken()
    pictures = TieredPictures(folder, tier)
    assert pictures.absent(paths) == set()
    assert pictures.absent(paths) == set()
    assert len(store.calls) == 1, "it is not asked again at once"
    assert mounted.is_file(folder / paths[0])
    with pytest.raises(OSError, match="answered 500"):
        mounted.read_file(folder / paths[0])
    store.fault = lambda call, name: None
    clock.time += SILENT_SECONDS + 1
    assert pictures.absent([*paths, f"pictures/00/{'0' * 64}.jpg"])


def test_a_store_that_fails_again_and_again_is_not_asked_for_each_of_many(place, clock):
    folder, tier, store, paths = place
    store.fault = broken("read")
    assert "answered 500" in tier.fetch_ahead(paths, small=False)
    asked = store.count("read")
    for path in paths:
        with pytest.raises(StoreError, match="answered 500"):
            tier.read(path)
    assert store.count("read") == asked
    store.fault = lambda call, name: None
    clock.time += SILENT_SECONDS + 1
    assert tier.fetch_ahead(paths, small=False) == ""
    assert local(folder) == set(paths)


def test_a_picture_that_was_believed_there_and_is_not_is_missing_then(place):
    folder, tier, store, paths = place
    assert TieredPictures(folder, tier).absent(paths) == set()
    store.objects.clear()
    with pytest.raises(FileNotFoundError):
        tier.read(paths[0])
    assert not tier.has(paths[0])


def test_a_file_for_another_program_is_a_copy(place):
    folder, tier, store, paths = place
    assert tier.file(paths[0]).read_bytes() == store.objects[paths[0]]
    store.fault = broken()
    assert tier.file(paths[0]) == folder / paths[0]
    with pytest.raises(WorkspaceError, match="answered 500"):
        tier.file(paths[1])


def used(tier, clock, path, at):
    clock.time = at
    tier.read(path)


def test_the_copies_that_were_not_used_for_longest_go_first(place, clock):
    folder, _, store, paths = place
    sizes = {path: len(store.objects[path]) for path in paths}
    tier = tier_in(folder, store, clock, limit=sum(list(sizes.values())[:6]))
    start = clock.time
    for at, path in enumerate(paths[:5]):
        used(tier, clock, path, start + at * 10_000)
    used(tier, clock, paths[0], start + 100_000)  # used again
    for at, path in enumerate(paths[5:8]):
        used(tier, clock, path, start + 200_000 + at * 10_000)
    tier._cache.shrink()
    kept = local(folder)
    assert sum(sizes[path] for path in kept) <= sum(list(sizes.values())[:6])
    assert paths[0] in kept
    assert paths[7] in kept
    assert paths[1] not in kept


def test_a_picture_that_the_store_lacks_or_has_otherwise_never_goes(place, clock):
    folder, _, store, paths = place
    tier = tier_in(folder, store, clock, limit=0)
    alone = PictureStore(folder, durable=False).put(picture(77)).path  # waits to be uploaded
    tier.fetch_ahead(paths, small=False)
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(store.objects[path])
    store.objects[paths[0]] += b"1"
    tier._cache.shrink()
    assert {name for name in local(folder) if name.startswith("pictures")} == {alone, paths[0]}


def test_nothing_goes_while_the_store_does_not_answer(place, clock):
    folder, _, store, paths = place
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(store.objects[path])
    store.fault = broken("list")
    tier_in(folder, store, clock, limit=0)._cache.shrink()
    assert local(folder) == set(paths)


def test_thumbnails_go_last_and_files_of_others_stay(place, clock):
    folder, tier, store, paths = place
    tier.fetch_ahead(paths, small=True)
    tier.fetch_ahead(paths, small=False)
    for path in paths:
        tier.read(path)
    (folder / "pictures" / "mine.txt").write_text("x" * 10**6)
    small = sum((folder / thumbnail_of(path)).stat().st_size for path in paths)
    tier_in(folder, store, clock, limit=int(small * 1.2))._cache.shrink()
    assert {name.partition("/")[0] for name in local(folder)} == {"thumbnails"}
    assert (folder / "pictures" / "mine.txt").exists()


def test_a_copy_that_another_process_removes_is_read_again(place):
    folder, tier, store, paths = place
    data = tier.read(paths[0])
    (folder / paths[0]).unlink()
    assert tier.read(paths[0]) == data
    assert store.count("read") == 2


def test_threads_of_several_tiers_share_a_folder(place, clock):
    folder, _, store, paths = place
    tiers = [tier_in(folder, store, clock, limit=50_000) for _ in range(4)]
    wrong = []

    def read(tier):
        wrong.extend(path for path in paths * 5 if tier.read(path) != store.objects[path])

    threads = [threading.Thread(target=read, args=(tier,)) for tier in tiers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not list(folder.glob("**/.arriving*"))


def test_a_disk_that_is_full_reads_from_the_store(place, monkeypatch):
    _, tier, store, paths = place

    def full(path, data, durable):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "write_whole", full)
    assert tier.read(paths[0]) == store.objects[paths[0]]
    with pytest.raises(WorkspaceError, match="cannot be copied"):
        tier.file(paths[1])


@pytest.mark.parametrize(("text", "number"), [("", 10_000_000_000), ("5", 5), ("0", 0)])
def test_the_size_of_the_cache(monkeypatch, text, number):
    monkeypatch.setenv("SEGFLUX_CACHE_BYTES", text)
    assert most_bytes() == number


@pytest.mark.parametrize("text", ["10 GB", "-1", "1e9"])
def test_a_size_of_the_cache_that_is_no_number_is_refused(monkeypatch, text):
    monkeypatch.setenv("SEGFLUX_CACHE_BYTES", text)
    with pytest.raises(WorkspaceError, match="SEGFLUX_CACHE_BYTES"):
        most_bytes()


def test_a_store_error_says_why():
    assert str(StoreError("the store answered 500", is_passing=True)) == "the store answered 500"
