import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import segflux_nb as sf
from segflux_nb.model import MODEL
from segflux_nb.simulator.app import Simulator
from segflux_nb.simulator.service.ledger import Ledger
from segflux_nb.simulator.service.responses import ServiceResponse

EXAMPLE = {
    "prompt": "TOK on the shore of a mountain lake at dawn",
    "finetune_id": "my-finetune-id",
    "seed": sf.seeds(4),
    "lora_strength": "0.4-1.4 (+0.2)",
    "sampler_name": ["euler", "dpmpp_2m"],
}


def sweep(number=4, **parameters):
    return sf.Sweep(**{"prompt": "TOK", "finetune_id": "a", "seed": range(1, number + 1), **parameters})


@pytest.fixture
def simulator():
    with Simulator(time_scale=0.002, paint=False) as running:
        yield running


@pytest.fixture
def ws(tmp_path, simulator):
    with sf.Workspace(tmp_path / "study", service=simulator) as workspace:
        yield workspace


def test_the_example_of_the_readme(ws, simulator):
    grid = sf.Sweep(**EXAMPLE)
    assert (ws.plan(grid).cells, ws.plan(grid).to_submit) == (48, 48)
    runs = ws.run(grid)
    frame = runs.df
    assert len(frame) == 48
    assert set(frame["status"]) == {"completed"}
    assert simulator.ledger.submits == 48
    ws.run(grid)
    assert simulator.ledger.submits == 48
    assert ws.plan(grid).logged == 48
    picture = runs.one(lora_strength=0.8, seed=EXAMPLE["seed"][0], sampler_name="euler")
    assert picture.image.size == (8, 8)
    assert runs.where(sampler_name="euler").df["lora_strength"].nunique() == 6
    assert len(runs.where(lambda run: run.lora_strength > 0.7)) == 32
    with pytest.raises(sf.SegfluxError, match="24 runs"):
        runs.one(sampler_name="euler")
    with pytest.raises(sf.SegfluxError, match="0 runs"):
        runs.one(lora_strength=7)
    with pytest.raises(sf.SegfluxError, match="no 'strength'"):
        runs.where(strength=1)


def test_a_later_session_reads_everything_without_a_service(tmp_path, simulator):
    with sf.Workspace(tmp_path / "study", service=simulator) as ws:
        ws.run(sweep(), name="first look")
        ws.run(sweep(2))
    simulator.close()
    with sf.Workspace(tmp_path / "study", service="simulator") as ws:
        assert len(ws.runs("first look")) == 4
        assert len(ws.runs()) == 4
        assert ws.runs(sweep(2)).counts == {"completed": 2}
        assert ws.sweeps["name"][0] == "first look"
        assert list(ws.sweeps["done"]) == [4, 2]
        assert len(ws.runs(sweep(7))) == 7
        assert len(ws.runs(sweep(7)).df) == 4
        with pytest.raises(sf.SegfluxError, match=r"no sweep 'third'.*first look"):
            ws.runs("third")


def test_simulated_pictures_never_count_as_those_of_the_hosted_service(ws, tmp_path):
    ws.run(sweep())
    assert ws.plan(sweep()).logged == 4
    for other in (None, "https://gpu.example.org", "http://127.0.0.1:9"):
        with sf.Workspace(tmp_path / "study", service=other) as hosted:
            plan = hosted.plan(sweep())
            assert (plan.logged, plan.to_submit) == (0, 4), other
            assert len(hosted.runs()) == 0
            assert hosted.service != "simulator"


def test_a_simulator_is_recognised_by_its_base_url(ws, simulator, tmp_path):
    ws.run(sweep())
    with sf.Workspace(tmp_path / "study", service=simulator.url + "/v1") as by_url:
        assert by_url.service == "simulator"
        assert by_url.plan(sweep()).logged == 4
        assert by_url.run(sweep(6)).counts == {"completed": 6}
    assert simulator.ledger.submits == 6


def test_without_a_key_everything_opens_and_only_a_submit_asks_for_one(tmp_path, monkeypatch):
    monkeypatch.delenv("SEGMIND_API_KEY", raising=False)
    with sf.Workspace(tmp_path / "study") as ws:
        assert ws.service == "segmind"
        assert len(ws.runs()) == 0
        assert round(ws.plan(sweep(48)).cost, 2) == 1.63
        with pytest.raises(sf.SegfluxError) as error:
            ws.run(sweep())
        assert "SEGMIND_API_KEY" in str(error.value)
        assert 'service="simulator"' in str(error.value)
        assert "Nothing was billed" in str(error.value)
        assert len(ws.runs()) == 0


def test_the_placeholder_id_is_refused_on_the_hosted_service(tmp_path):
    with sf.Workspace(tmp_path, api_key="SG_0123456789abcdef") as ws:
        with pytest.raises(sf.SweepError, match="placeholder"):
            ws.run(sf.Sweep(**EXAMPLE))
        assert ws._launcher.cap(None) == 10


def test_caps(ws, monkeypatch, tmp_path, capsys):
    assert ws._launcher.cap(None) is None
    runs = ws.run(sweep(), max_cost=2.5 * MODEL.price)
    assert runs.counts == {"completed": 2, "planned": 2}
    assert "may spend $0.08" in runs.stopped
    assert "on the simulator, where nothing is paid" in runs.stopped
    assert capsys.readouterr().out.count("ws.run(sweep) continues") == 1
    assert ws.run(sweep(), max_cost=float("inf")).stopped is None
    for wrong in (0, -1, "5", True):
        with pytest.raises(sf.SweepError, match="max_cost"):
            ws.run(sweep(), max_cost=wrong)
    monkeypatch.setenv("SEGFLUX_MAX_COST", "3.5")
    with sf.Workspace(tmp_path / "hosted") as hosted:
        assert hosted._launcher.cap(None) == 3.5
        for wrong in ("five", "-1"):
            monkeypatch.setenv("SEGFLUX_MAX_COST", wrong)
            with pytest.raises(sf.SweepError, match=f"SEGFLUX_MAX_COST='{wrong}' is not an amount of US dollars"):
                hosted._launcher.cap(None)


def test_another_take_is_paid_and_both_are_kept(ws, simulator):
    ws.run(sweep(2))
    runs = ws.run(sweep(2), again=True)
    assert simulator.ledger.submits == 4
    assert list(runs.df["take"]) == [0, 0, 1, 1]
    assert len(ws.run(sweep(2))) == 4
    assert simulator.ledger.submits == 4


def test_failed_cells_can_be_looked_at_and_retried(tmp_path):
    with (
        Simulator(
            time_scale=0.002, paint=False, faults={"job:moderated": lambda body: body["seed"] == 2}
        ) as simulator,
        sf.Workspace(tmp_path, service=simulator) as ws,
    ):
        runs = ws.run(sweep())
        assert runs.counts == {"completed": 3, "failed": 1}
        (failed,) = runs.failed
        assert (failed.seed, failed.status, failed.error_kind) == (2, "failed", "moderated")
        with pytest.raises(sf.SegfluxError, match="content policy"):
            _ = failed.image
        ws.run(sweep())
        assert simulator.ledger.submits == 4
        runs.retry_failed()
        assert simulator.ledger.submits == 5
        assert list(ws.runs(sweep()).log["attempts"]) == [1, 2, 1, 1]


def test_run_arun_and_start_give_the_same_runs(ws):
    async def in_async_code():
        return await ws.arun(sweep(3))

    assert len(asyncio.run(in_async_code()).df) == 3
    live = ws.start(sweep(4))
    assert repr(live) == "LiveRun(4 runs)"
    assert live.wait().counts == {"completed": 4}
    assert live.done
    results = []
    thread = threading.Thread(target=lambda: results.append(ws.run(sweep(5)).counts))
    thread.start()
    thread.join()
    assert results == [{"completed": 5}]


def test_stopping_collects_what_is_in_flight(tmp_path):
    with (
        Simulator(time_scale=0.02, paint=False) as simulator,
        sf.Workspace(tmp_path, service=simulator, max_in_flight=2) as ws,
    ):
        live = ws.start(sweep(30))
        while simulator.ledger.submits < 2:
            time.sleep(0.01)
        live.stop()
        runs = live.wait()
        assert "Stopped" in runs.stopped
        assert runs.counts["completed"] == simulator.ledger.submits < 30


def test_cancelling_async_code_interrupts_and_resumes(tmp_path):
    with Simulator(time_scale=0.02, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:

        async def impatient():
            async with asyncio.timeout(0.2):
                await ws.arun(sweep(20))

        with pytest.raises(TimeoutError):
            asyncio.run(impatient())
        assert ws.run(sweep(20)).counts == {"completed": 20}
        assert simulator.ledger.submits == 20


def test_a_frame_has_the_order_of_its_sweep_and_not_of_the_log(ws):
    ws.run(sweep(3, lora_strength=[0.5, 1.0]))
    strengths = {"strong": 1.0, "weak": 0.5}
    backwards = sf.Sweep(prompt="TOK", finetune_id="a", lora_strength=strengths, seed=[3, 9, 1])
    frame = ws.runs(backwards).df
    assert frame["seed"].tolist() == [3, 1, 3, 1], "and what never ran is not there"
    assert frame["lora_strength"].tolist() == [1.0, 1.0, 0.5, 0.5]
    assert frame["lora_strength_label"].tolist() == ["strong", "strong", "weak", "weak"]
    assert frame.index.tolist() == [0, 1, 2, 3]
    assert list(frame.columns).index("lora_strength_label") + 1 == list(frame.columns).index("image")


def test_marks_are_durable_and_come_with_the_frame(ws, tmp_path, simulator):
    runs = ws.run(sweep())
    runs.mark(runs.one(seed=2), stars=4, pick=True)
    runs.mark(runs.df["run"][0], note="hands")
    runs.mark(runs.one(seed=2), stars=5)
    with sf.Workspace(tmp_path / "study", service=simulator) as other:
        frame = other.runs(sweep()).df
    assert list(frame["stars"].fillna(-1)) == [-1, 5, -1, -1]
    assert frame["pick"][1]
    assert frame["note"][0] == "hands"
    for wrong in ({"run": "zzz"}, {"run": "", "stars": 1}, {"run": runs.one(seed=1), "stars": 6}):
        with pytest.raises(sf.SegfluxError):
            runs.mark(**wrong)


def test_texts_are_the_same_on_every_execution(ws, tmp_path):
    grid = sf.Sweep(**EXAMPLE)
    before = repr(ws.plan(grid)), repr(ws.runs(grid)), repr(grid), repr(ws)
    ws.run(grid)
    assert (repr(ws.plan(grid)), repr(ws.runs(grid)), repr(grid), repr(ws)) == before
    assert before[1] == "Runs(48 runs: 4 seed × 6 lora_strength × 2 sampler_name)"


def test_a_folder_or_service_that_cannot_be_used_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    for path, says in (
        (tmp_path / "file", "is a file, and a workspace is a folder"),
        (tmp_path / "file" / "below", "cannot be made"),
    ):
        with pytest.raises(sf.SegfluxError, match=says):
            sf.Workspace(path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "log.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(sf.SegfluxError, match="cannot be opened"):
        sf.Workspace(tmp_path / "other")
    with pytest.raises(sf.SegfluxError, match="not a service"):
        sf.Workspace(tmp_path / "study", service="simulater")
    with pytest.raises(sf.SegfluxError, match="unencrypted"):
        sf.Workspace(tmp_path / "study", service="http://gpu.example.org")
    with pytest.raises(sf.SegfluxError, match="max_in_flight"):
        sf.Workspace(tmp_path / "study", max_in_flight=0)
    ws = sf.Workspace(tmp_path / "closed", service="simulator")
    ws.close()
    with pytest.raises(sf.SegfluxError, match="closed"):
        ws.runs()


def test_the_folder_is_private(tmp_path):
    with sf.Workspace(tmp_path / "study"):
        assert (tmp_path / "study").stat().st_mode & 0o077 == 0


# ---------------------------------------------------------------------- processes that die


def warnings_in(stderr):
    """What a script wrote as errors, without asyncio's remarks that something was slow."""
    return [line for line in stderr.splitlines() if not line.startswith("Executing <")]


SCRIPT = textwrap.dedent(
    """
    import signal, sys
    import segflux_nb as sf
    signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background of a shell ignore it
    ws = sf.Workspace(sys.argv[1], service="simulator")
    sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=sf.seeds(4), lora_strength="0.4-1.4 (+0.2)",
                     sampler_name=["euler", "dpmpp_2m"], steps=4)
    print("running", flush=True)
    try:
        runs = ws.run(sweep)
    except sf.SweepInterrupted as interrupted:
        print(interrupted, flush=True)
        print("interrupted", len(interrupted.runs), flush=True)
        raise SystemExit(3)
    print(runs.counts, len(runs.df))
    """
)


def start(folder):
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "running\n"
    return process


def wait_for_submits(folder, number):
    """Wait until the simulator of another process has taken this number of submits."""
    path = folder / "simulator" / "ledger.sqlite"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if path.exists():
            ledger = Ledger(path, time.time)
            submits = ledger.submits
            ledger.close()
            if submits >= number:
                return
        time.sleep(0.005)
    raise AssertionError("no submits came")


def submits(folder):
    ledger = Ledger(folder / "simulator" / "ledger.sqlite", time.time)
    bodies = Counter(json.dumps(entry.body, sort_keys=True) for entry in ledger.entries())
    ledger.close()
    return bodies


def test_after_a_kill_a_new_process_finishes_and_nothing_is_paid_twice(tmp_path):
    for number in (3, 20, 36):
        process = start(tmp_path)
        wait_for_submits(tmp_path, number)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    process = start(tmp_path)
    assert process.communicate()[0] == "{'completed': 48} 48\n"
    assert len(submits(tmp_path)) == 48
    assert set(submits(tmp_path).values()) == {1}
    assert len(list((tmp_path / "pictures").rglob("*.jpg"))) == 48


@pytest.mark.alone
def test_an_interrupt_returns_within_a_second(tmp_path):
    process = start(tmp_path)
    wait_for_submits(tmp_path, 5)
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    lines = [process.stdout.readline() for _ in range(2)]
    assert time.monotonic() - started < 1
    assert lines[0].endswith("of 48 kept; ws.run(sweep) continues, ws.runs(sweep) has what is kept\n")
    assert lines[1] == "interrupted 48\n"
    assert process.wait(10) == 3
    process.stdout.close()
    process = start(tmp_path)
    assert process.communicate()[0] == "{'completed': 48} 48\n"
    assert set(submits(tmp_path).values()) == {1}


def test_an_interpreter_ends_without_warnings(tmp_path):
    result = subprocess.run(
        [sys.executable, "-X", "dev", "-c", SCRIPT, str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "SEGFLUX_SERVICE": "simulator"},
        check=True,
    )
    assert warnings_in(result.stderr) == []


def test_a_script_that_ends_during_a_sweep_finishes_its_submits(tmp_path):
    script = SCRIPT.split("print(")[0] + "live = ws.start(sweep)\nimport time\ntime.sleep(float(sys.argv[2]))\n"
    for seconds in (0.0, 0.05, 0.2, 0.5):
        ended = subprocess.run(
            [sys.executable, "-X", "dev", "-c", script, str(tmp_path), str(seconds)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert warnings_in(ended.stderr) == []
        with sf.Workspace(tmp_path, service="simulator") as ws:
            assert "unknown" not in ws.runs().counts
    process = start(tmp_path)
    assert process.communicate()[0] == "{'completed': 48} 48\n"
    assert set(submits(tmp_path).values()) == {1}


def test_another_process_runs_a_sweep_and_the_notebook_follows_it_from_the_log(tmp_path, simulator):
    """`segflux run` outlives the notebook; `ws.runs` reads the log, and `ws.run` waits for the other one."""
    grid = sweep(30)
    grid.to_toml(tmp_path / "sweep.toml")
    command = [
        sys.executable,
        "-m",
        "segflux_nb",
        "run",
        "sweep.toml",
        "--workspace",
        "s",
        "--service",
        simulator.url,
    ]
    elsewhere = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    with sf.Workspace(tmp_path / "s", service=simulator.url) as ws:
        while not ws.runs(grid).counts.get("completed"):
            time.sleep(0.02)
        assert ws.run(grid).counts == {"completed": 30}
        assert elsewhere.wait(30) == 0
    assert simulator.ledger.submits == 30


def test_a_service_that_points_elsewhere_never_gets_the_key_there(tmp_path):
    """Redirects and absolute addresses in every answer lead to a second server, which must see no key."""
    seen = []

    class Second(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(dict(self.headers))
            self.send_response(404)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *arguments):
            pass

    second = ThreadingHTTPServer(("127.0.0.1", 0), Second)
    threading.Thread(target=second.serve_forever, args=(0.01,), daemon=True).start()
    elsewhere = f"http://127.0.0.1:{second.server_port}"
    key = "SG_ca9a51e5ca9a51e5"
    with Simulator(time_scale=0.002, paint=False, key=key) as simulator:
        handle = simulator.protocol.handle

        def pointing_elsewhere(request, now):
            response = handle(request, now)
            if request.path.endswith("/status") and int(now * 1000) % 2:
                return ServiceResponse(302, b"", {"location": f"{elsewhere}/status"})
            if request.method == "POST" and response.status == 200:
                return response._replace(body=response.body.replace(request.base_url.encode(), elsewhere.encode()))
            return response

        simulator.protocol.handle = pointing_elsewhere
        with sf.Workspace(tmp_path / "s", service=simulator.url, api_key=key) as ws:
            assert ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(6))).counts == {"completed": 6}
    second.shutdown()
    second.server_close()
    assert seen == [], "nothing at all went there"


@pytest.mark.parametrize("wrong", ["sweep.toml", None, 3])
def test_what_is_not_a_sweep_cannot_be_run(ws, wrong):
    uses = [ws.run, ws.plan, ws.start]
    for use in [*uses, ws.runs] if wrong == 3 else uses:
        with pytest.raises(sf.SweepError, match="is not a sweep"):
            use(wrong)
