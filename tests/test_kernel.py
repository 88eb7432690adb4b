"""In a real Jupyter kernel: progress, interrupts, and what a saved notebook holds."""

import asyncio
import queue
import time

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbconvert import HTMLExporter

import segflux_nb as sf
from segflux_nb import nesting
from segflux_nb.simulator.app import Simulator

CANARY = "SG_ca9a51e5ca9a51e5"

# The kernel's own sockets, and its thread's loop, are closed by a garbage collector now and then.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

SETUP = """
import segflux_nb as sf
ws = sf.Workspace({folder!r}, service={service!r}, max_in_flight=4)
sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=range(40))
"""


@pytest.fixture
def kernel(tmp_path):
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(tmp_path))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(60)
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def messages(client, request, timeout=30):
    """What a cell sends, until the kernel is idle again."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            message = client.get_iopub_msg(timeout=1)
        except queue.Empty:
            continue
        if message["parent_header"].get("msg_id") != request:
            continue
        yield message["msg_type"], message["content"]
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return
    raise AssertionError("the cell did not end")


def run(client, code):
    return list(messages(client, client.execute(code)))


def printed(found):
    return "".join(content["text"] for kind, content in found if kind == "stream")


@pytest.mark.alone
def test_an_interrupted_cell_ends_at_once_and_the_next_one_continues(kernel, tmp_path):
    manager, client = kernel
    with Simulator(time_scale=0.02, paint=False) as simulator:
        run(client, SETUP.format(folder=str(tmp_path / "study"), service=simulator.url))
        request = client.execute("runs = ws.run(sweep)")
        found = []
        interrupted = None
        for kind, content in messages(client, request):
            found.append((kind, content))
            if interrupted is None and simulator.ledger.submits >= 6:
                interrupted = time.monotonic()
                manager.interrupt_kernel()
        assert time.monotonic() - interrupted < 1
        assert printed(found) == "", "it is said once"
        (error,) = [content for kind, content in found if kind == "error"]
        assert error["ename"] == "SweepInterrupted"
        assert error["traceback"] == [f"SweepInterrupted: {error['evalue']}"]
        assert "of 40 kept; ws.run(sweep) continues, ws.runs(sweep) has what is kept" in error["evalue"]
        displayed = [content["data"] for kind, content in found if kind == "display_data"]
        assert [data["text/plain"] for data in displayed] == ["Progress(40 runs)"]
        assert printed(run(client, "print(ws.run(sweep).counts)")) == "{'completed': 40}\n"
        assert simulator.ledger.submits == 40


def test_a_saved_notebook_holds_no_key_and_nothing_that_changes(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGMIND_API_KEY", CANARY)
    cells = [
        "%xmode Verbose",
        "ws, sweep",
        "ws.plan(sweep)",
        "runs = ws.run(sweep); runs",
        "runs.sheet()",
        "runs.df[['run', 'seed', 'status']]",
        "ws.run(sf.Sweep(prompt='TOK', finetune_id='a', seed=1), max_cost=-1)",
        "sf.Workspace('hosted').run(sf.Sweep(prompt='TOK', finetune_id='my-finetune-id'))",
    ]
    saved = []
    for attempt in range(2):
        with Simulator(time_scale=0.002, paint=False, key=CANARY) as simulator:
            setup = SETUP.format(folder=f"study{attempt}", service=simulator.url).replace("range(40)", "range(4)")
            notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in (setup, *cells)])
            NotebookClient(
                notebook,
                allow_errors=True,
                record_timing=False,
                store_widget_state=False,
                resources={"metadata": {"path": str(tmp_path)}},
            ).execute()
        text = nbformat.writes(notebook)
        assert "ca9a51e5" not in text
        assert "SweepError" in text
        outputs = [output for cell in notebook.cells[2:7] for output in cell["outputs"]]
        saved.append([output["data"]["text/plain"] for output in outputs if "data" in output])
        html = [output["data"].get("text/html") for output in outputs if "data" in output]
        saved[-1].append(str(html))
    assert saved[0] == [text.replace("study1", "study0") for text in saved[1]]
    page, _ = HTMLExporter().from_notebook_node(notebook)
    static = (
        "<strong>4 runs</strong>: 4 seed<br/>List price: about $0.14 on the hosted service, by the published average"
    )
    assert page.count(static) == 2, "the plan and the sweep say in a saved page what the sweep decides alone"
    assert "Plan(4 runs)" in saved[0]
    assert "Progress(4 runs)" in saved[0]


QUEUED = """
import asyncio
import segflux_nb as sf
{setup}
ws = sf.Workspace({folder!r}, service={service!r})
sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=range(6))
runs = {run}
print(runs.counts)
"""


@pytest.mark.parametrize(
    ("setup", "run"),
    [
        ("", "ws.run(sweep)"),
        ("", "await ws.arun(sweep)"),
        ("sf.enable_nested_asyncio()", "asyncio.run(ws.arun(sweep))"),
    ],
)
def test_run_all_loses_no_queued_cell(kernel, tmp_path, setup, run):
    """JupyterLab's Run All queues every cell at once; the archived nest_asyncio loses them on ipykernel 7."""
    _, client = kernel
    with Simulator(time_scale=0.01, paint=False) as simulator:
        first = QUEUED.format(setup=setup, folder=str(tmp_path / "study"), service=simulator.url, run=run)
        cells = [first, "print('second')", "print('third')", "await asyncio.sleep(0); print('fourth')"]
        requests = [client.execute(cell) for cell in cells]
        printed_by = dict.fromkeys(requests, "")
        idle = set()
        deadline = time.monotonic() + 30
        while idle != set(requests) and time.monotonic() < deadline:
            try:
                message = client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            request = message["parent_header"].get("msg_id")
            if message["msg_type"] == "stream":
                printed_by[request] += message["content"]["text"]
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                idle.add(request)
        assert list(printed_by.values())[:4] == ["{'completed': 6}\n", "second\n", "third\n", "fourth\n"]


def test_the_archived_nest_asyncio_is_refused_where_it_loses_cells(monkeypatch):
    monkeypatch.setattr(asyncio, "_nest_patched", True, raising=False)  # as its apply() leaves it
    monkeypatch.setattr(nesting, "_kernel_version", lambda: 7)
    with pytest.raises(sf.SegfluxError, match="loses queued cells"):
        sf.enable_nested_asyncio()


THREADS = """
import asyncio, threading
done = threading.Event()
def work():
    print(ws.run(sweep.replace(seed=range(4))).counts, end="")
    done.set()
"""


def test_threads_and_callbacks_of_the_loop_work_in_a_kernel(kernel, tmp_path):
    _, client = kernel
    with Simulator(time_scale=0.002, paint=False) as simulator:
        run(client, SETUP.format(folder=str(tmp_path / "study"), service=simulator.url) + THREADS)
        found = run(client, "threading.Thread(target=work).start(); done.wait()")
        assert "{'completed': 4}" in printed(found)
        run(client, "asyncio.get_running_loop().call_soon(lambda: lives.append(ws.start(sweep))); lives = []")
        assert printed(run(client, "print(lives[0].wait().counts)")) == "{'completed': 40}\n"
        assert simulator.ledger.submits == 40
