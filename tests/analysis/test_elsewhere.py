"""`runs.measure(executor=)`: threads, processes and a Dask cluster, and what goes wrong with them."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import types
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from queue import SimpleQueue

import pandas as pd
import pytest

import segflux_nb as sf
from segflux_nb.errors import RunError
from segflux_nb.pictures.mounted import kept_thumbnail_of
from segflux_nb.runs_verbs import elsewhere
from segflux_nb.runs_verbs.elsewhere import Elsewhere

from .conftest import SWEEP
from .metrics_for_workers import DiesOf, DiesOnce, InterruptsTheNotebook, RaisesFor, brightness

DIFFERENT = 18
"""Pictures of the 36 runs: two samplers make the same ones."""

BUILT_IN = ("sharpness", "clipping", "drift", "spread", "overcooking")


class Given:
    """An executor elsewhere that works only while somebody waits for a result."""

    def __init__(self, monkeypatch):
        self.waiting, self.most, self.bytes = [], 0, 0
        given = self

        class Results(SimpleQueue):
            def get(self):
                given.work()
                return super().get()

        monkeypatch.setattr(elsewhere, "SimpleQueue", Results)

    def submit(self, function, *arguments):
        self.waiting.append((Future(), function, arguments))
        self.most = max(self.most, len(self.waiting))
        self.bytes = max(self.bytes, sum(len(one) for _, _, (*_, pictures) in self.waiting for one in pictures))
        return self.waiting[-1][0]

    def work(self):
        future, function, arguments = self.waiting.pop(0)
        try:
            result = self.outcome(function, *arguments)
        except (MemoryError, ImportError) as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    def outcome(self, function, *arguments):
        return function(*arguments)


@pytest.fixture
def own(runs, folder, tmp_path):
    """The runs in a folder of their own, whose log has no number of any picture."""
    shutil.copytree(folder, tmp_path / "copy")
    with sqlite3.connect(tmp_path / "copy" / "log.sqlite") as database:
        database.execute("DELETE FROM metrics")
    database.close()
    with sf.Simulator(time_scale=0.001) as simulator, sf.Workspace(tmp_path / "copy", service=simulator) as ws:
        yield ws.runs(SWEEP)


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield cluster, client


@pytest.fixture
def dask(cluster):
    return cluster[1].get_executor()


def kept(runs, name):
    """The numbers that the log has of a metric."""
    return [row.value for row in runs.source.log.metrics.all() if row.name == name]


@pytest.fixture(scope="module")
def expected(ws):
    """The numbers as this thread finds them."""
    return ws.runs(SWEEP).measure(*BUILT_IN, {"bright": brightness})


@pytest.mark.parametrize("kind", ["threads", "processes", "dask"])
def test_numbers_are_the_same_wherever_they_are_computed(own, expected, kind, request):
    if kind == "dask":
        executor = request.getfixturevalue("dask")
        found = own.measure(*BUILT_IN, {"bright": brightness}, executor=executor)
    else:
        with ThreadPoolExecutor(2) if kind == "threads" else ProcessPoolExecutor(2) as executor:
            found = own.measure(*BUILT_IN, {"bright": brightness}, executor=executor)
    numbers = [*BUILT_IN, "bright"]
    pd.testing.assert_frame_equal(found[["run", *numbers]], expected[["run", *numbers]], check_exact=True)
    assert len(kept(own, "bright")) == DIFFERENT


def test_without_thumbnails_workers_of_dask_make_them(own, expected, dask):
    shutil.rmtree(own.source.folder / "thumbnails")
    found = own.measure("sharpness", executor=dask)
    assert found.sharpness.tolist() == expected.sharpness.tolist()


def test_a_metric_that_raises_for_one_picture_stops_no_other(own, expected, dask):
    level = expected.bright[7]
    for executor in (None, dask):
        metric = RaisesFor(level)
        metric.version = str(executor)
        with pytest.warns(UserWarning, match=r"bright failed for 1 picture of 36: ZeroDivisionError: of the test"):
            found = own.measure({"bright": metric}, executor=executor)
        assert found.bright.isna().tolist() == (expected.bright == level).tolist()


# ---------------------------------------------------------------------- workers that die


def test_a_worker_of_dask_that_dies_is_survived(own, expected, dask, tmp_path):
    found = own.measure({"bright": DiesOnce(tmp_path / "died")}, executor=dask)
    assert (tmp_path / "died").exists()
    assert found.bright.tolist() == expected.bright.tolist()


def test_a_picture_that_ends_workers_of_dask_is_reported(own, expected, cluster, monkeypatch):
    scheduler = cluster[0].scheduler
    monkeypatch.setattr(scheduler, "allowed_failures", 0)  # by itself, Dask would end four workers
    chosen = own.where(seed=1, sampler_name="euler")
    numbers = expected.set_index("run").bright[[run.run for run in chosen]]
    level = numbers.drop_duplicates(keep=False).iloc[0]
    with pytest.warns(UserWarning, match=r"bright failed for 1 picture of 6: the worker died"):
        found = chosen.measure({"bright": DiesOf(level)}, executor=cluster[1].get_executor())
    assert found.bright.isna().tolist() == (numbers == level).tolist()


def test_a_pool_of_which_a_process_dies_is_replaced(own, expected, tmp_path):
    with ProcessPoolExecutor(2) as pool:
        found = own.measure("sharpness", {"bright": DiesOnce(tmp_path / "died")}, executor=pool)
        assert (tmp_path / "died").exists()
        assert found.bright.tolist() == expected.bright.tolist()
        with pytest.raises(BrokenExecutor):
            pool.submit(int)
        metric = DiesOnce(tmp_path / "died")
        metric.version = "again"
        assert own.measure({"bright": metric}, executor=pool).bright.notna().all(), "also of one that had broken"


def test_a_picture_that_ends_processes_is_reported_and_tried_again(own, expected):
    level = expected.bright[7]
    assert (expected.bright == level).sum() == 2
    with ProcessPoolExecutor(2) as pool:
        with pytest.warns(UserWarning, match="bright failed for 1 picture of 36: the worker died"):
            found = own.measure({"bright": DiesOf(level)}, executor=pool)
        assert found.bright.isna().tolist() == (expected.bright == level).tolist()
        assert len(kept(own, "bright")) == DIFFERENT - 1
    metric = DiesOf(None)
    assert own.measure({"bright": metric}).bright.tolist() == expected.bright.tolist(), "those are tried again"


def test_built_in_numbers_that_need_a_lost_picture_are_not_kept(own, expected, monkeypatch):
    broken = own.where(lora_strength=0.0, seed=2, sampler_name="euler")[0]

    class Loses(Given):
        def outcome(self, function, *arguments):
            if small in arguments[-1]:
                raise MemoryError("of the test")
            return function(*arguments)

    small = kept_thumbnail_of(str(broken.path)).read_bytes()
    with pytest.warns(
        UserWarning, match=r"The built-in metrics failed for 1 picture of 36: MemoryError: of the test"
    ):
        found = own.measure(*BUILT_IN, executor=Loses(monkeypatch)).set_index("run")
    without_drift = set(expected.query("seed == 2").run)
    without_spread = set(expected.query("lora_strength == 0").run)
    assert set(found[found.drift.isna()].index) == without_drift
    assert set(found[found.spread.isna()].index) == without_spread
    assert found.overcooking.isna().all()
    again = own.measure(*BUILT_IN)
    pd.testing.assert_frame_equal(again[list(BUILT_IN)], expected[list(BUILT_IN)])


# ---------------------------------------------------------------------- what was done is kept


@pytest.fixture
def ctrl_c():
    """Ctrl-C interrupts, also where tests run in the background of a shell, whose jobs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_keeps_what_is_done(own, tmp_path, ctrl_c):
    for number, executor in enumerate((None, ThreadPoolExecutor(1), ProcessPoolExecutor(1))):
        folder = tmp_path / str(number)
        folder.mkdir()
        metric = InterruptsTheNotebook(folder, own.source.folder / "log.sqlite", f"bright{number}", after=8)
        with pytest.raises(KeyboardInterrupt):
            own.measure({f"bright{number}": metric}, executor=executor)
        assert len(kept(own, f"bright{number}")) >= 8
        if executor is not None:
            executor.shutdown()


def test_a_killed_notebook_keeps_what_was_measured(own):
    code = f"""if True:
        import os, signal, sys
        import segflux_nb as sf
        def bright(picture):
            bright.calls += 1
            if bright.calls == 10:
                os.kill(os.getpid(), signal.SIGKILL)
            return 1.0
        bright.calls, bright.version = 0, "of the test"
        with sf.Workspace({str(own.source.folder)!r}, service=sf.Simulator()) as ws:
            ws.runs().measure({{"bright": bright}})
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert kept(own, "bright") == [1.0] * 8


# ---------------------------------------------------------------------- what cannot be sent


def test_functions_of_a_notebook_go_to_dask(own, expected, dask):
    factor = 2
    found = own.measure({"twice": lambda picture: factor * brightness(picture)}, executor=dask)
    assert found.twice.tolist() == (2 * expected.bright).tolist()


@pytest.mark.parametrize("kind", ["processes", "dask"])
def test_what_cannot_be_sent_is_told_before_anything_starts(own, kind, request):
    lock = threading.Lock()

    def locked(picture):
        with lock:
            return 1.0

    executor = request.getfixturevalue("dask") if kind == "dask" else ProcessPoolExecutor(1)
    with pytest.raises(RunError, match="The metric locked cannot be sent to another process"):
        own.measure("sharpness", {"bright": brightness, "locked": locked}, executor=executor)
    assert kept(own, "sharpness") == kept(own, "bright") == []
    if kind == "processes":
        executor.shutdown()


def test_a_function_that_a_new_process_does_not_know_is_told_before_anything_starts(own, monkeypatch):
    only_here = types.ModuleType("only_here")
    monkeypatch.setitem(sys.modules, "only_here", only_here)
    exec("def metric(picture): return 1.0", vars(only_here))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with pytest.raises(
            RunError, match="which does not know it: ModuleNotFoundError: No module named 'only_here'"
        ):
            own.measure("sharpness", {"own": only_here.metric}, executor=pool)
        assert kept(own, "sharpness") == []
        assert pool.submit(int).result() == 0, "the pool is as good as before"


def test_an_executor_that_takes_no_work_is_told(own):
    pool = ProcessPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(RunError, match="takes no more work: RuntimeError: cannot schedule new futures"):
        own.measure("sharpness", executor=pool)


def test_a_client_of_dask_is_told_to_give_its_executor(own, cluster):
    with pytest.raises(RunError, match=r"Write executor=client.get_executor\(\)"):
        own.measure("sharpness", executor=cluster[1])


# ---------------------------------------------------------------------- how much is under way


def files(folder, number, size=10):
    found = []
    for name in map(str, range(number)):
        (folder / name).write_bytes(name.encode() * size)
        found.append((name, str(folder / name)))
    return found


def test_a_bounded_number_of_parts_is_under_way(tmp_path, monkeypatch):
    monkeypatch.setattr(elsewhere, "PARTS_UNDER_WAY", 3)
    executor = Given(monkeypatch)
    results = Elsewhere(len, executor, "The length", most=4).results(files(tmp_path, 50))
    assert sum(len(part) for part in results) == 50
    assert executor.most == 3


def test_a_bounded_number_of_bytes_is_under_way_and_in_a_part(tmp_path, monkeypatch):
    monkeypatch.setattr(elsewhere, "BYTES_UNDER_WAY", 1000)
    monkeypatch.setattr(elsewhere, "PART_BYTES", 250)
    executor = Given(monkeypatch)
    results = list(Elsewhere(len, executor, "The length", most=16).results(files(tmp_path, 10, size=100)))
    assert [len(part) for part in results] == [2] * 5
    assert executor.bytes == 1000
    large = [("large", str(tmp_path / "large"))]
    (tmp_path / "large").write_bytes(bytes(5000))
    assert list(Elsewhere(len, executor, "The length", most=16).results(large)) == [[("large", 5000)]]


def test_nobody_reads_pictures_before_they_are_sent(tmp_path, monkeypatch):
    monkeypatch.setattr(elsewhere, "PARTS_UNDER_WAY", 2)
    asked = []

    def pictures():
        for one in files(tmp_path, 50):
            asked.append(one)
            yield one

    results = Elsewhere(len, Given(monkeypatch), "The length", most=4).results(pictures())
    next(results)
    assert len(asked) <= 16


def test_when_no_picture_has_a_result_it_is_an_error_soon(tmp_path, monkeypatch):
    class Never(Given):
        calls = 0

        def outcome(self, function, *arguments):
            self.calls += 1
            raise ModuleNotFoundError("No module named 'segflux_nb'")

    executor = Never(monkeypatch)
    results = Elsewhere(len, executor, "The length", most=4).results(files(tmp_path, 500))
    found = []
    with pytest.raises(RunError, match="The length: 5 pictures one after the other had no result: ModuleNotFound"):
        found.extend(one for part in results for one in part)
    assert len(found) == 5
    assert executor.calls < 150
