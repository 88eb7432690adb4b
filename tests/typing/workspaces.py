"""What type checkers see of workspaces. mypy checks this file; nothing here is executed."""

from pathlib import Path
from typing import assert_type

import pandas as pd

import segflux_nb as sf
from segflux_nb.widgets.builder import Builder


async def running(sweep: sf.Sweep) -> None:
    with sf.Workspace("study", service="simulator", max_in_flight=8, max_rpm=60) as ws:
        assert_type(ws, sf.Workspace)
        assert_type(ws.run(sweep, name="first", max_cost=2, again=True, resubmit_unknown=True), sf.Runs)
        assert_type(await ws.arun(sweep), sf.Runs)
        live = ws.start(sweep)
        assert_type(live, sf.LiveRun)
        assert_type(live.runs, sf.Runs)
        assert_type(live.wait(), sf.Runs)
        assert_type(live.done, bool)
        ws.run(sweep, max_costs=2)  # type: ignore[call-arg]


def reading(ws: sf.Workspace, sweep: sf.Sweep) -> None:
    assert_type(ws.path, Path)
    assert_type(ws.service, str)
    assert_type(ws.runs(), sf.Runs)
    assert_type(ws.runs("first"), sf.Runs)
    assert_type(ws.runs(sweep), sf.Runs)
    assert_type(ws.sweeps, pd.DataFrame)
    assert_type(ws.report(), list[str])
    assert_type(ws.builder(sweep), Builder)


def services(folder: Path) -> None:
    with sf.Simulator(time_scale=0.01, paint=False) as simulator:
        sf.Workspace(folder, service=simulator, reuse=["study.sfx", folder])
        assert_type(simulator.url, str)
    sf.Workspace(service="https://gpu.example.org", api_key="...")
    sf.Workspace(services="simulator")  # type: ignore[call-arg]


def interrupted(ws: sf.Workspace, sweep: sf.Sweep) -> None:
    try:
        ws.run(sweep)
    except sf.SweepInterrupted as interrupt:
        assert_type(len(interrupt.runs), int)
    except sf.SegfluxError as error:
        assert_type(error.remedy, str)
