"""The progress of a sweep in a real JupyterLab: Stop works while it runs in the background."""

CELLS = [
    """import segflux_nb as sf
simulator = sf.Simulator(time_scale=0.05, paint=False)
ws = sf.Workspace("stopped", service=simulator, max_in_flight=4)
live = ws.start(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(200)))""",
    """runs = live.wait()
submits = simulator.ledger.submits
done = sum(run.status == "completed" for run in runs)
print("stopped" if "as you asked" in runs.stopped else runs.stopped, submits < 200, done == submits)""",
]


def test_the_stop_button_works_while_a_sweep_runs(open_notebook):
    notebook = open_notebook(CELLS, "stop.ipynb")
    notebook.run(0)
    button = notebook.page.get_by_role("button", name="Stop", exact=True)
    button.wait_for(timeout=60_000)
    button.click()
    notebook.says(1, "stopped True True")
    assert notebook.page.get_by_role("button", name="Stopping").count() == 0, "it goes when the sweep has ended"
