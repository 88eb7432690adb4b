"""One client, in a process of its own: it runs cells against a service, and prints what that cost as JSON.

``ours`` imports the package from the folder that is given, which may be a checkout of another commit. ``sdk`` is the
official SDK in as many threads as slots: pictures are on disk, and nothing is logged. ``script`` is what one would
write by hand with the same promises: intent, id, address and picture of each run are on disk before the next step.

Run by: benchmarks/beside.py
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sqlite3
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

BODY = {"prompt": "TOK", "finetune_id": "a"}
POLL_SECONDS = 0.25


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def ours(url: str, seeds: range, slots: int, folder: Path) -> Callable[[], None]:
    import segflux_nb as sf

    ws = sf.Workspace(folder / "study", service=url, max_in_flight=slots)
    ws.run(sf.Sweep(**BODY, seed=range(seeds.stop, seeds.stop + 4)))  # imports, and the first connections

    def run() -> None:
        assert ws.run(sf.Sweep(**BODY, seed=seeds)).counts == {"completed": len(seeds)}

    return run


def sdk(url: str, seeds: range, slots: int, folder: Path) -> Callable[[], None]:
    import httpx2
    import segmind

    from segflux_nb.model import MODEL

    client, pictures = segmind.SegmindClient(api_key="any", base_url=f"{url}/v1"), httpx2.Client()
    defaults = {name: parameter.default for name, parameter in MODEL.parameters.items() if name not in BODY}

    def one(seed: int) -> None:
        result = client.run(MODEL.slug, **{**defaults, **BODY, "seed": seed})
        durable(folder / f"{seed}.jpg", pictures.get(result["output"]).content)

    def run() -> None:
        with ThreadPoolExecutor(slots) as pool:
            list(pool.map(one, seeds))

    one(seeds.stop)
    return run


def script(url: str, seeds: range, slots: int, folder: Path) -> Callable[[], None]:
    import httpx2

    from segflux_nb.model import MODEL

    log = sqlite3.connect(folder / "log.sqlite", isolation_level=None, check_same_thread=False)
    log.executescript(
        "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL;"
        "CREATE TABLE runs (seed INTEGER PRIMARY KEY, body TEXT, state TEXT, job TEXT, address TEXT, file TEXT);"
    )
    journal, files = ThreadPoolExecutor(1), ThreadPoolExecutor(2)
    defaults = {name: parameter.default for name, parameter in MODEL.parameters.items() if name not in BODY}

    async def one(client: httpx2.AsyncClient, fresh: httpx2.AsyncClient, turn: asyncio.Semaphore, seed: int) -> None:
        loop = asyncio.get_running_loop()

        async def commit(sql: str, *values: Any) -> None:
            await loop.run_in_executor(journal, log.execute, sql, values)

        async with turn:
            body = {**defaults, **BODY, "seed": seed}
            await commit("INSERT INTO runs (seed, body, state) VALUES (?, ?, 'submitting')", seed, json.dumps(body))
            job = (await fresh.post(f"{url}/v2/{MODEL.slug}", json=body)).json()
            await commit("UPDATE runs SET state = 'submitted', job = ? WHERE seed = ?", job["request_id"], seed)
            while True:
                await asyncio.sleep(POLL_SECONDS)
                if (await client.get(job["status_url"])).json()["status"] == "COMPLETED":
                    break
            address = (await client.get(job["response_url"])).json()["output"]
            await commit("UPDATE runs SET state = 'downloading', address = ? WHERE seed = ?", str(address), seed)
            data = (await client.get(address if isinstance(address, str) else address[0])).content
            await loop.run_in_executor(files, durable, folder / f"{seed}.jpg", data)
            await commit("UPDATE runs SET state = 'completed', file = ? WHERE seed = ?", f"{seed}.jpg", seed)

    async def all_of(cells: range) -> None:
        once = httpx2.Limits(max_keepalive_connections=0)
        async with httpx2.AsyncClient() as client, httpx2.AsyncClient(limits=once) as fresh:
            turn = asyncio.Semaphore(slots)
            await asyncio.gather(*[one(client, fresh, turn, seed) for seed in cells])

    asyncio.run(all_of(range(seeds.stop, seeds.stop + 4)))
    return lambda: asyncio.run(all_of(seeds))


def durable(path: Path, data: bytes) -> None:
    """Write a file so that it survives a power cut."""
    arriving = path.with_suffix(".arriving")
    with arriving.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    arriving.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def main() -> None:
    kind, root, url, first, number, slots, folder = sys.argv[1:]
    sys.path.insert(0, root)
    seeds = range(int(first), int(first) + int(number))
    run = {"ours": ours, "sdk": sdk, "script": script}[kind](url, seeds, int(slots), Path(folder))
    used, began = cpu(), time.monotonic()
    run()
    print(json.dumps({"cpu": (cpu() - used) / len(seeds), "wall": time.monotonic() - began}))


if __name__ == "__main__":
    main()
