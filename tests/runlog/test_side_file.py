"""Ids of accepted jobs beside a log that cannot take them."""

import errno
import json
import os

import pytest

from segflux_nb.errors import WorkspaceError
from segflux_nb.runlog.rows import AcceptedJob
from segflux_nb.runlog.side_file import BYTES_OF_A_SUBMIT, SideFile, side_files


def job(number, **changes):
    return AcceptedJob("segmind", "d" * 64, f"id-{number}", "/s", None, 5.5, None)._replace(**changes)


@pytest.fixture(params=["log.sqlite", "log"], ids=["sqlite", "postgres"])
def log(tmp_path, request):
    """Beside which name the files are; for a log in a database, they are in this machine's folder for it."""
    return tmp_path / request.param


def reserved(log, owner="host:1:0"):
    side = SideFile(log, "segmind", owner)
    side.reserve(4)
    return side


def test_what_is_kept_is_found_by_another_process(log):
    side = reserved(log)
    side.add(job(1))
    side.add(job(2))
    side.add(job(2))
    (found,) = side_files(log, "segmind")
    assert (found.path, found.owner, found.jobs) == (side.path, "host:1:0", [job(1), job(2)])
    assert list(side_files(log, "simulator")) == []


def test_nothing_is_made_before_the_first_submit_and_nothing_stays_when_all_is_entered(log):
    side = SideFile(log, "segmind", "host:1:0")
    side.close()
    assert list(log.parent.iterdir()) == []
    side.reserve(4)
    side.add(job(1))
    side.close()
    assert side.path.exists()
    side.entered(job(1))
    side.close()
    assert not side.path.exists()


def test_only_its_owner_can_read_it(log):
    assert reserved(log).path.stat().st_mode & 0o777 == 0o600


def test_an_id_is_kept_on_a_full_disk(log, monkeypatch):
    """No byte beyond those that were reserved is written."""
    side, write = reserved(log), os.write
    before = side.path.stat().st_blocks

    def full(descriptor, data):
        if os.lseek(descriptor, 0, os.SEEK_CUR) + len(data) > 4 * BYTES_OF_A_SUBMIT:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    for number in range(20):
        side.add(
            job(number, status_url="/v2/requests/" + "f" * 36 + "/status", response_url="/v2/requests/" + "f" * 36)
        )
    (found,) = side_files(log, "segmind")
    assert len(found.jobs) == 20
    assert side.path.stat().st_blocks == before
    with pytest.raises(OSError, match="No space"):
        side.add(job(20, status_url="/" + "x" * 4 * BYTES_OF_A_SUBMIT))
    assert len(side.left) == 21, "what could not be written is still known"


def test_a_disk_that_is_full_before_the_first_submit_ends_it_with_words(log, monkeypatch):
    def full(descriptor, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(WorkspaceError, match=r"No space left.*Nothing was billed.*Free some space"):
        SideFile(log, "segmind", "host:1:0").reserve(4)
    assert list(log.parent.iterdir()) == []


BAD_LINES = {
    "half a line": json.dumps(job(2)._asdict())[:40],
    "no JSON": "\x00\x00\x00",
    "a list": "[1, 2]",
    "a number": "7",
    "another service": json.dumps(job(2, service="simulator")._asdict()),
    "an id that is no text": json.dumps(job(2, request_id=5)._asdict()),
    "no id": json.dumps(job(2, request_id=None)._asdict()),
    "a field too many": json.dumps({**job(2)._asdict(), "picture": "/etc/passwd"}),
    "a moment that is no number": json.dumps(job(2, accepted_at="now")._asdict()),
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES)
def test_a_line_that_is_not_ours_is_passed_over(log, line):
    side = reserved(log)
    side.add(job(1))
    kept = side.path.read_text().rstrip()
    side.path.write_text(f"{kept}\n{line}\n{json.dumps(job(3)._asdict())}\n")
    (found,) = side_files(log, "segmind")
    assert found.jobs == [job(1), job(3)]


@pytest.mark.parametrize("head", ["", "no JSON", "{}", '{"service": "segmind", "owner": 7}'])
def test_a_file_without_an_owner_is_not_ours(log, head):
    log.with_name(f"{log.name}-accepted-0").write_text(f"{head}\n{json.dumps(job(1)._asdict())}\n")
    assert list(side_files(log, "segmind")) == []
