"""How many jobs a second the simulator serves: submit, status and result of each, painting off.

The client runs in another process and writes to sockets itself, because an HTTP library would be the bottleneck. It
has a few kept connections, and each sends one request after the other.

`--model`: milliseconds of CPU a picture, by sampler, size, subject and defect. Painting and encoding may take 120.

Run with: python benchmarks/simulator.py [--model]
"""

import asyncio
import io
import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection

from PIL import Image

from segflux_nb.model import MODEL
from segflux_nb.simulator.app import Simulator
from segflux_nb.simulator.flow.finetunes import KINDS
from segflux_nb.simulator.flow.generate import SAMPLERS, latent, painting
from segflux_nb.simulator.painter.paint import paint

JOBS, CONNECTIONS = 4000, 8
BODY = {"prompt": "TOK", "finetune_id": "a", "lora_strength": 1, "steps": 25, "sampler_name": "euler"}


def load(pipe: Connection, port: int) -> None:
    pipe.send(asyncio.run(all_connections(port)))


async def all_connections(port: int) -> float:
    numbers = iter(range(JOBS))
    started = time.perf_counter()
    await asyncio.gather(*(connection(port, numbers) for _ in range(CONNECTIONS)))
    return time.perf_counter() - started


async def connection(port: int, numbers: Iterator[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def call(method: str, path: str, body: bytes = b"") -> dict:
        head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n"
        head += "content-type: application/json\r\n\r\n"
        writer.write(head.encode() + body)
        received = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(received.split(b"content-length:")[1].split(b"\r\n")[0])
        assert b" 200 " in received.split(b"\r\n")[0], received
        return json.loads(await reader.readexactly(length))

    for number in numbers:
        job = await call("POST", "/v2/flux-dev-finetuned", json.dumps({**BODY, "seed": number}).encode())
        path = f"/v2/requests/{job['request_id']}"
        assert (await call("GET", path + "/status"))["status"] == "COMPLETED"
        assert (await call("GET", path))["output"]
    writer.close()


def milliseconds(work: Callable[[], object], times: int = 3) -> float:
    """CPU time, the best of a few times, after one that fills caches."""

    def once() -> float:
        began = time.process_time()
        work()
        return 1000 * (time.process_time() - began)

    work()
    return min(once() for _ in range(times))


def model() -> None:
    body = {**BODY, "prompt": "TOK by a lake", "seed": 1, "scheduler": "simple"}
    print("milliseconds a latent of 25 steps, by sampler, and relative to euler")
    taken = {name: milliseconds(lambda name=name: latent({**body, "sampler_name": name}), 9) for name in SAMPLERS}
    for name, each in taken.items():
        print(f"  {name:24} {each:7.1f} {each / taken['euler']:7.2f}")
    for name in ("lms", "ipndm", "ipndm_v"):  # as many evaluations as euler: their coefficients must not cost more
        assert taken[name] < 1.5 * taken["euler"], name
    print("milliseconds a picture: painted, and encoded as JPEG")
    for ratio, size in MODEL.sizes.items():
        picture(f"{ratio:6} {size[0]:4} x {size[1]:4}", body, size)
    for kind in KINDS:
        picture(kind, {**body, "finetune_id": kind, "prompt": "TOK in a storm at night"}, (1024, 1024))
    for name, changes in SLOWEST.items():
        picture(name, {**body, "prompt": "TOK in snow", **changes}, (1024, 1024))


SLOWEST = {
    "soft": {"steps": 4},
    "burnt": {"lora_strength": 2.0},
    "noise left": {"sampler_name": "dpm_fast"},
    "overshot": {"sampler_name": "dpmpp_2m", "scheduler": "normal", "steps": 6},
    "broken": {"sampler_name": "dpmpp_3m_sde", "scheduler": "normal", "steps": 12},
}
"""Requests whose pictures need more work than others."""


def picture(name: str, body: dict, size: tuple[int, int]) -> None:
    scene = painting(body)
    image = Image.fromarray(paint(scene, *size))
    painted = milliseconds(lambda: paint(scene, *size))
    encoded = milliseconds(lambda: image.save(io.BytesIO(), "JPEG", quality=88))
    print(f"  {name:24} {painted:7.0f} {encoded:7.0f}")
    assert painted + encoded < 120, name


def main() -> None:
    if "--model" in sys.argv:
        model()
        return
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    with Simulator(time_scale=0, paint=False) as simulator:
        client = context.Process(target=load, args=(far, int(simulator.url.rsplit(":", 1)[1])))
        client.start()
        seconds = near.recv()
        client.join()
        assert simulator.ledger.submits == JOBS
    print(
        f"{JOBS / seconds:.0f} jobs a second (submit, status and result), {3 * JOBS / seconds:.0f} requests a second"
    )


if __name__ == "__main__":
    main()
