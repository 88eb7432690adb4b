"""What `team.py` measures, each in a process of its own: it prints wall time and CPU seconds as JSON.

CPU is that of the process, and of those that it started and that have ended.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

BODY = {"prompt": "TOK", "finetune_id": "a"}

Work = Callable[[], object]


def cpu() -> float:
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in found)


def opened(place: str, **options: Any) -> Any:
    """A workspace; one in a database gets a folder beside for its pictures."""
    import segflux_nb as sf

    if "://" in place:
        options["pictures"] = os.environ["TEAM_PICTURES"]
    return sf.Workspace(place, **options)


def paid(place: str, url: str, first: str, number: str, slots: str) -> tuple[Work, Work]:
    """Runs that are paid for. The first four are not measured: they import, and make connections."""
    import segflux_nb as sf

    ws = opened(place, service=url, max_in_flight=int(slots))
    seeds = range(int(first), int(first) + int(number))
    ws.run(sf.Sweep(**BODY, seed=range(seeds.stop, seeds.stop + 4)))

    def work() -> None:
        assert ws.run(sf.Sweep(**BODY, seed=seeds)).counts == {"completed": len(seeds)}

    return work, ws.close


def frame(place: str, url: str) -> tuple[Work, Work]:
    """The frame of all runs. What the service is called is asked before."""
    import pandas  # noqa: F401 - its import is not what is measured

    ws = opened(place, service=url)
    runs = ws.runs()

    def work() -> None:
        assert len(runs.df)

    return work, ws.close


def listed(place: str, url: str) -> tuple[Work, Work]:
    """All runs, with the axes along which they vary. What the service is called, and pandas, are there before."""
    ws = opened(place, service=url)
    assert len(ws.sweeps)

    def work() -> None:
        assert len(ws.runs())

    return work, ws.close


def empty(place: str) -> tuple[Work, Work]:
    """A workspace that is opened, and nothing more: its tables are there afterwards."""
    ws = opened(place, service="http://127.0.0.1:9")

    return int, ws.close


def sharpness_of_all(picture: Any) -> float:
    """A metric of somebody's own: the variance of the Laplacian of all pixels, which takes some milliseconds."""
    import numpy as np

    luma = np.asarray(picture.convert("L"), dtype=np.float32)
    laplacian = 4 * luma[1:-1, 1:-1] - luma[:-2, 1:-1] - luma[2:, 1:-1] - luma[1:-1, :-2] - luma[1:-1, 2:]
    return float(laplacian.var())


def measured(place: str, where: str, what: str, workers: str) -> tuple[Work, Work]:
    """Numbers about all pictures: by this process, by a pool, or by a Dask cluster on this machine."""
    import team_client  # workers read functions of a module by its name, which is not `__main__` there

    import segflux_nb as sf

    ws = sf.Workspace(place, service="simulator")
    runs = ws.runs()
    metrics = ({"own": team_client.sharpness_of_all},) if what == "own" else ("sharpness", "saturation", "clipping")

    def work() -> None:
        if where == "one process":
            found = runs.measure(*metrics)
        elif where == "a pool":
            with ProcessPoolExecutor(int(workers)) as pool:
                found = runs.measure(*metrics, executor=pool)
        else:
            from distributed import Client, LocalCluster

            with (
                LocalCluster(n_workers=int(workers), threads_per_worker=1, dashboard_address=":0") as cluster,
                Client(cluster) as client,
            ):
                found = runs.measure(*metrics, executor=client.get_executor())
        assert found.iloc[:, -1].notna().all()

    return work, ws.close


def main(kind: str, *arguments: str) -> None:
    work, close = {"paid": paid, "frame": frame, "listed": listed, "empty": empty, "measured": measured}[kind](
        *arguments
    )
    print("begin", flush=True)
    sys.stdin.readline()  # the other side reads its own clocks
    used, began = cpu(), time.perf_counter()
    work()
    wall, used = time.perf_counter() - began, cpu() - used
    print(json.dumps({"wall": wall, "cpu": used}), flush=True)
    close()


if __name__ == "__main__":
    main(*sys.argv[1:])
