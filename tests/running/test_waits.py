"""What a call waits for and until when, in words: each wait that lasts can be read while it lasts."""

import contextlib
import re
import sqlite3

import pytest

import segflux_nb as sf
from segflux_nb.running.policy.asking_again import KEEP_ASKING_SECONDS
from segflux_nb.running.waits import Waits
from tests.support.virtual import Bench

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(1, 9)))


def waits_of(bench, cells, at, **options):
    """What a call says that it waits for at some seconds after its beginning; it is ended after the last of them."""
    waits, said = Waits(), []

    async def look(work):
        for moment in at:
            await bench.clock.sleep(moment - bench.clock.monotonic())
            said.append(waits.in_words())
        work.cancel()

    with pytest.raises(BaseException):  # noqa: B017, PT011 - cancelled
        bench.drive(cells, during=look, waits=waits, **options)
    return said


def of_seeds(*seeds):
    return lambda body: body["seed"] in seeds


def test_a_sweep_that_waits_for_its_jobs_says_nothing(tmp_path):
    assert waits_of(Bench(tmp_path), CELLS, (1, 10, 20)) == ["", "", ""]


def test_a_wait_for_the_reset_of_a_rate_limit_says_until_when(tmp_path):
    said = waits_of(Bench(tmp_path, rpm=2), CELLS, (5, 20))
    for text in said:
        assert re.fullmatch(
            r"(Submits|All requests) wait for the reset of the service's rate limit until \S+ UTC", text
        )
    assert len(set(said)) == 1, "the moment does not move"


def test_a_service_that_is_out_of_reach_is_waited_for(tmp_path):
    bench = Bench(tmp_path)

    async def cut(work):
        waits = bench.waits
        await bench.clock.sleep(2)
        bench.transport.reachable = False
        for _ in range(30):
            await bench.clock.sleep(1)
            said.append(waits.in_words())
        work.cancel()

    said, bench.waits = [], Waits()
    with pytest.raises(BaseException):  # noqa: B017, PT011 - cancelled
        bench.drive(CELLS, during=cut, waits=bench.waits)
    assert any(
        re.match("All requests wait for the service, which fails or cannot be reached, until ", s) for s in said
    )


def test_pictures_that_are_paid_for_and_not_served_are_named(tmp_path):
    bench = Bench(tmp_path, faults={"picture:404": of_seeds(1, 2)})
    early, late = waits_of(bench, CELLS, (35, 200), max_in_flight=2)
    paid = "2 pictures are paid and not served yet: asked for again"
    assert early == f"{paid} for 10 minutes after the other cells"
    assert re.fullmatch(rf"{paid} until \d\d:\d\d:\d\d UTC", late)
    assert KEEP_ASKING_SECONDS == 600


def test_an_end_of_submits_is_named_while_the_rest_is_collected(tmp_path):
    bench, waits, said = Bench(tmp_path), Waits(), []

    async def stop(work):
        await bench.clock.sleep(2)
        bench.stop.set("Stopped as you asked")
        await bench.clock.sleep(3)
        said.append(waits.in_words())

    bench.drive(CELLS, during=stop, waits=waits, max_in_flight=4)
    assert said == ["Submits ended: Stopped as you asked"]


def test_a_log_that_is_kept_from_us_is_waited_for_until_it_is_free(tmp_path):
    bench, waits, said = Bench(tmp_path), Waits(), []

    async def keep(work):
        await bench.clock.sleep(2)
        with contextlib.closing(sqlite3.connect(tmp_path / "log.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for _ in range(10):
                await bench.clock.sleep(1)
                said.append(waits.in_words())
            other.execute("ROLLBACK")
        while waits.in_words():
            await bench.clock.sleep(0.1)

    bench.drive(CELLS, during=keep, waits=waits)
    assert said[0] == ""
    assert re.fullmatch(
        r"Another program reads or writes the run log \S+, and has locked it; tried again until \S+ UTC", said[-1]
    )


def test_nothing_is_waited_for_before_the_beginning():
    assert Waits().in_words() == ""
