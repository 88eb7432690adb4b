"""Pictures whose files are gone are fetched again, without a submit, as long as the service has them."""

import hashlib
import io
from dataclasses import replace

import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.errors import NotSentError
from segflux_nb.lifecycle import State
from tests.support.virtual import Bench

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3]))
DAY = 86_400.0


@pytest.fixture
def bench(tmp_path):
    """Three completed runs. The picture of the first is deleted."""
    bench = Bench(tmp_path)
    bench.drive(CELLS)
    bench.paid = bench.ledger.submits
    bench.gone = next(one for one in bench.log.pictures.all() if one.digest == CELLS[0].digest)
    bench.file = bench.folder / bench.gone.path
    bench.file.unlink()
    return bench


def run_again(bench, **options):
    pictures = [one for one in bench.log.pictures.all() if not (bench.folder / one.path).exists()]
    bench.drive(CELLS, missing=pictures, **options)
    assert bench.ledger.submits == bench.paid, "nothing was submitted"


def later(bench, seconds):
    async def sleep():
        await bench.clock.sleep(seconds)

    bench.clock.run(sleep())


def serving(bench, data):
    """Let the service serve other bytes for each picture."""
    send = bench.transport.send

    async def other(request):
        response = await send(request)
        return replace(response, body=data) if request.purpose == "download" else response

    bench.transport.send = other


def test_it_is_there_again_with_the_same_bytes(bench):
    run_again(bench)
    assert hashlib.sha256(bench.file.read_bytes()).hexdigest() == bench.gone.sha256
    assert not bench.stop
    assert bench.states(CELLS) == ["completed"] * 3


def test_after_six_days_it_is_there_still(bench):
    later(bench, 6 * DAY)
    run_again(bench)
    assert bench.file.exists()


def test_another_picture_is_kept_beside_it_and_named(bench):
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), "green").save(buffer, "PNG")
    serving(bench, buffer.getvalue())
    for _ in range(2):
        run_again(bench)
        assert not bench.file.exists(), "other bytes never take its place"
        assert "has another picture for it now, which is kept as pictures/" in bench.stop.reason
    run = bench.log.runs.read([CELLS[0].digest])[CELLS[0].digest]
    assert (run.state, run.sha256) == (State.COMPLETED, bench.gone.sha256)
    (other,) = bench.log.pictures.more(run.digest)
    assert (bench.folder / other.path).read_bytes() == buffer.getvalue()
    assert other.path in run.error


def test_what_nothing_serves_any_more_is_lost_and_asked_for_no_more(bench):
    later(bench, 9 * DAY)
    run_again(bench)
    run = bench.log.runs.read([CELLS[0].digest])[CELLS[0].digest]
    assert run.state is State.LOST
    assert bench.gone.path in run.error
    asked = len(bench.transport.sent)
    bench.drive(CELLS)
    assert len(bench.transport.sent) == asked


def test_bytes_that_are_no_picture_do_not_count(bench):
    serving(bench, b"<html>404</html>")
    run_again(bench)
    assert not bench.file.exists()
    assert "still missing (run " in bench.stop.reason
    assert bench.states(CELLS) == ["completed"] * 3, "the service may have it later"


def test_without_a_connection_it_stays_missing_and_the_next_run_asks_again(bench):
    bench.transport.reachable = False
    run_again(bench)
    assert "1 picture file still missing" in bench.stop.reason
    bench.transport.reachable = True
    run_again(bench)
    assert bench.file.exists()


def test_a_new_address_in_the_history_is_followed(bench):
    send = bench.transport.send

    async def moved(request):
        if request.purpose == "download" and request.url.endswith("/old"):
            raise NotSentError("that host is gone")
        return await send(request)

    bench.transport.send = moved
    run = bench.log.runs.read([CELLS[0].digest])[CELLS[0].digest]
    bench.log.runs.move(run, State.COMPLETED, picture_url="http://127.0.0.1:1/old")
    run_again(bench)
    assert bench.file.exists()
    assert not bench.stop


def test_an_error_of_ours_ends_one_picture_and_no_other(bench, monkeypatch):
    second = next(one for one in bench.log.pictures.all() if one.digest == CELLS[1].digest)
    (bench.folder / second.path).unlink(missing_ok=True)
    send, failed = bench.transport.send, []

    async def odd(request):
        if request.purpose == "download" and not failed:
            failed.append(request)
            raise KeyError("odd")
        return await send(request)

    bench.transport.send = odd
    run_again(bench)
    assert "unexpected error (KeyError: 'odd')" in bench.stop.reason
    assert "1 picture file still missing" in bench.stop.reason
