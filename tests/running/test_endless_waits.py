"""What would keep a sweep waiting for ever: a permit, a claim, a timer or a lock that somebody else took along."""

import asyncio
import threading
import time
import weakref
from types import SimpleNamespace

import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.clock import SystemClock
from segflux_nb.daemon_executor import DaemonExecutor
from segflux_nb.lifecycle import State
from segflux_nb.runlog import forks
from segflux_nb.runlog.journal import Journal
from segflux_nb.running.context import StopToken
from segflux_nb.running.heartbeats import HEARTBEAT_SECONDS, Heartbeats
from segflux_nb.running.news import FOLLOWED_SECONDS, News
from segflux_nb.running.policy.budget import Budget
from segflux_nb.running.rate_limiter import RateLimiter
from segflux_nb.service.api import Api
from segflux_nb.service.stored_pictures import StoredPictures
from segflux_nb.simulator.app import Simulator
from tests.support.virtual import Bench, VirtualClock


def ended(live):
    """The runs of a sweep, which ends within a minute."""
    waiting = threading.Thread(target=live.wait, daemon=True)
    waiting.start()
    waiting.join(60)
    assert not waiting.is_alive(), "it waits for ever"
    return live.wait()


def test_an_interrupt_takes_no_place_at_the_service_along(tmp_path):
    """The submit on the wire ends in the background, and nobody polls its job: others may use its place."""
    b = Bench(tmp_path)
    b.transport.latency = 0.4
    first, second = (list(sf.Sweep(prompt="TOK", finetune_id="a", seed=[seed])) for seed in (1, 2))

    async def main():
        engine = b.engine(1)
        for requests, seconds in ((first, 0.5), (second, 3600)):
            b.log.runs.plan(requests)
            work = asyncio.ensure_future(
                engine.run(requests, stop=StopToken(), budget=Budget(None), on_change=lambda digest, state: None)
            )
            await asyncio.wait([work], timeout=seconds)
            if requests is first:
                work.cancel()
                await asyncio.wait([work])
                await b.clock.sleep(5)
                assert b.states(first) == ["submitted"]
        assert work.done()
        await engine.close()

    b.clock.run(main())
    assert b.states(second) == ["completed"]


def test_two_sweeps_that_follow_others_have_a_timer_each():
    clock = VirtualClock()

    class Log:
        def listen(self, heard):
            self.heard = heard
            return lambda: None

    async def main():
        log = Log()
        news = News(log, clock)
        log.heard("", True)
        await clock.sleep(0)
        assert await news.wait({"c"}, 0.5) == {"c"}
        looks = {"one": [], "two": []}

        async def follow(name):
            while True:
                await news.wait({name}, 0.5)
                looks[name].append(clock.monotonic())

        following = [asyncio.ensure_future(follow(name)) for name in looks]
        await clock.sleep(10.5 * FOLLOWED_SECONDS)
        for task in following:
            task.cancel()
        assert [len(times) for times in looks.values()] == [10, 10]

    clock.run(main())


def test_a_heartbeat_that_fails_in_any_way_is_followed_by_others(caplog):
    """Else other processes would take over what this one still works on."""
    clock, sent = VirtualClock(), []

    async def heartbeat():
        sent.append(clock.monotonic())
        if len(sent) == 2:
            raise ZeroDivisionError("planted")

    async def main():
        sending = asyncio.ensure_future(Heartbeats(SimpleNamespace(heartbeat=heartbeat), clock).keep_sending())
        await clock.sleep(4.5 * HEARTBEAT_SECONDS)
        sending.cancel()

    clock.run(main())
    assert len(sent) == 5
    assert "ZeroDivisionError: planted" in caplog.text


def test_who_listens_to_a_server_goes_on_after_an_error_of_the_system(monkeypatch):
    """Else it would be believed to hear what it does not."""
    pytest.importorskip("psycopg")
    from segflux_nb.runlog.postgres import listening

    heard = []

    class Connections:
        def connect(self):
            if len(heard) == 1:
                listener.stop()
            raise OSError(24, "Too many open files")

    monkeypatch.setattr(listening, "AGAIN_SECONDS", 0.0)
    listener = listening.Listener(Connections(), lambda *news: heard.append(news))
    listener.run()
    assert heard == [("", False)] * 2


def test_an_interrupt_while_a_log_is_opened_closes_its_connections(postgres, tmp_path, monkeypatch):
    from segflux_nb.runlog.postgres import database

    closed, close = [], database.Connections.close

    def closing(self):
        closed.append(1)
        close(self)

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(database.Connections, "close", closing)
    monkeypatch.setattr(database, "open_log", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        Journal(tmp_path / "log", SystemClock(), address=postgres.new_database())
    assert closed
    assert caught.tb is not None, "its frames hold the log"


def test_an_executor_that_was_shut_down_takes_no_call_that_nobody_makes():
    executor = DaemonExecutor(1, "test")
    before = executor.submit(lambda: 1)
    executor.shutdown()
    assert before.result() == 1
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(lambda: 2)


@pytest.fixture
def simulator():
    with Simulator(time_scale=0, paint=False) as one:
        yield one


@pytest.fixture
def sent(tmp_path):
    """The paths of some pictures that are sent to a model."""
    paths = [tmp_path / f"{number}.png" for number in range(12)]
    for number, path in enumerate(paths):
        Image.new("RGB", (40, 30), (20 * number, 0, 0)).save(path)
    return list(map(str, paths))


def edits(ws, paths, **parameters):
    linked = sf.linked(image_urls=[[path] for path in paths], prompt=[f"p{number}" for number in range(len(paths))])
    return sf.Sweep(linked, model=ws.model("kontext-edit"), **{"seed": [1], **parameters})


def test_a_claim_that_cannot_be_removed_keeps_nobody(simulator, sent, tmp_path, monkeypatch):
    with sf.Workspace(tmp_path / "ws", service=simulator) as ws:
        ws.refresh_models()
        monkeypatch.setattr(StoredPictures, "claim", lambda self, picture, owner: "x:999999:1")
        monkeypatch.setattr(StoredPictures, "release", lambda self, picture: False)
        assert ended(ws.start(edits(ws, sent[:1]))).counts == {"completed": 1}


def test_a_claim_says_whether_it_was_removed(tmp_path, monkeypatch):
    stored = StoredPictures(tmp_path, "simulator")
    assert stored.release("0" * 64)

    def refuse(path):
        raise PermissionError(13, "another user's folder")

    monkeypatch.setattr("segflux_nb.service.stored_pictures.os.unlink", refuse)
    assert not stored.release("0" * 64)


def test_a_workspace_that_is_closed_while_pictures_are_stored_leaves_no_claim(simulator, sent, tmp_path, monkeypatch):
    storing = threading.Event()
    upload = Api.upload

    async def never(self, data, media):
        storing.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Api, "upload", never)
    with sf.Workspace(tmp_path / "ws", service=simulator) as ws:
        ws.refresh_models()
        live = ws.start(edits(ws, sent))
        assert storing.wait(60)
        live.interrupt()
    assert not list((tmp_path / "ws").rglob("*.claim"))
    monkeypatch.setattr(Api, "upload", upload)
    with sf.Workspace(tmp_path / "ws", service=simulator) as ws:
        assert ended(ws.start(edits(ws, sent))).counts == {"completed": len(sent)}


def test_a_submit_that_goes_alone_asks_for_its_pictures_before(simulator, sent, tmp_path, monkeypatch):
    """After a pause one request goes alone. It must not wait for another one, which waits for it."""
    acquire, paused = RateLimiter.acquire, []

    async def after_a_pause(self, purpose, *more):
        if purpose == "submit" and not paused:
            paused.append(1)
            self.pause(0.1)
        return await acquire(self, purpose, *more)

    with sf.Workspace(tmp_path / "ws", service=simulator) as ws:
        ws.refresh_models()
        ws.run(edits(ws, sent[:1]))
    with sf.Workspace(tmp_path / "ws", service=simulator) as ws:
        sweep = edits(ws, sent[:1], seed=[2])
        log = ws._journal.of(ws.service).runs
        log.plan(list(sweep))
        (run,) = log.read([request.digest for request in sweep]).values()
        run = log.move(run, State.SUBMITTING, owner=None, submitted_at=time.time() - 60, attempts=1)
        log.move(run, State.UNKNOWN, owner=None, error="lost")
        monkeypatch.setattr(RateLimiter, "acquire", after_a_pause)
        assert ended(ws.start(sweep)).counts == {"completed": 1}
    assert paused


def test_two_threads_that_fork_at_once_keep_no_log(monkeypatch):
    class Log:
        def __init__(self):
            self.lock = threading.RLock()
            self.hold, self.release = self.lock.acquire, self.lock.release

    logs = [Log(), Log()]
    monkeypatch.setattr(forks, "_open", weakref.WeakSet(logs))
    failed, first, second = [], SimpleNamespace(go=threading.Event()), SimpleNamespace(begun=threading.Event())

    def fork(before_the_child=lambda: None):
        try:
            forks._before_fork()
            before_the_child()
            forks._after_fork()
        except RuntimeError as error:
            failed.append(error)

    def while_the_other_waits():
        second.begun.set()
        first.go.wait(60)

    threads = [threading.Thread(target=fork, args=(while_the_other_waits,)), threading.Thread(target=fork)]
    threads[0].start()
    second.begun.wait(60)
    threads[1].start()
    first.go.set()
    for thread in threads:
        thread.join(60)
    assert not failed
    assert all(log.lock.acquire(timeout=5) for log in logs)
