"""CPU of this process for a picture that is kept, uploaded and read back: a plain folder beside object stores.

Each way keeps the same pictures in a new folder. "Read" reads each picture where no copy is here, and "thumbnail" its
thumbnail. The ways are measured in turns, and each figure is the least of the rounds. The server of S3's kind is
another process, whose CPU is not counted: MOTO_SERVER names moto's program, and rclone is used where it can serve S3.

Run with: python benchmarks/object_store.py
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from segflux_nb.clock import SystemClock
from segflux_nb.pictures.mounted import mount, read_file, thumbnail_file
from segflux_nb.pictures.object_store import ObjectStore
from segflux_nb.pictures.store import PictureStore
from segflux_nb.pictures.store_address import store_address
from segflux_nb.pictures.tier import Tier
from tests.support import s3_server


def pictures(number: int) -> list[bytes]:
    """Pictures of 1024 × 1024 pixels and about 100 kB."""
    made = []
    for seed in range(number):
        pixels = np.random.default_rng(seed).integers(0, 255, (96, 96, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).resize((1024, 1024), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=85)
        made.append(buffer.getvalue())
    return made


def cpu(work: Callable[[], object], number: int) -> float:
    """Milliseconds of CPU for each picture."""
    began = time.process_time()
    work()
    return (time.process_time() - began) / number * 1000


def measure(folder: Path, address: str | None, data: Iterable[bytes], number: int) -> tuple[float, ...]:
    """Milliseconds of CPU for each picture: to keep it, to upload it, to read it, to read its thumbnail."""
    tier = None
    if address is not None:
        tier = Tier(folder, address, ObjectStore(address), SystemClock(), 10**10)
    mount(folder, tier)
    store, paths = PictureStore(folder), []

    def keep() -> None:
        paths.extend(store.put(one).path for one in data)

    def upload() -> None:
        if tier is not None:
            tier.upload_all(paths)

    def read() -> None:
        if tier is not None:
            tier.fetch_ahead(paths, small=False)
        for path in paths:
            read_file(folder / path)

    def small() -> None:
        if tier is not None:
            tier.fetch_ahead(paths, small=True)
        for path in paths:
            thumbnail_file(folder / path)

    kept, uploaded = cpu(keep, number), cpu(upload, number)
    found = []
    for work in (read, small):
        if tier is not None:
            shutil.rmtree(folder / "pictures")
            shutil.rmtree(folder / "thumbnails", ignore_errors=True)
        found.append(cpu(work, number))
    return kept, uploaded, *found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    data = pictures(options.pictures)
    print(f"{options.pictures} pictures of {sum(map(len, data)) / len(data) / 1000:.0f} kB; ms of CPU for each")
    with ExitStack() as stack, tempfile.TemporaryDirectory() as place:
        servers: dict[str, str] = {}
        if (program := s3_server.moto_program()) is not None:
            servers["moto"] = stack.enter_context(s3_server.moto(program))
        if (rclone := s3_server.rclone_program()) is not None:
            servers["rclone"] = stack.enter_context(s3_server.rclone(rclone, Path(place, "rclone")))
        best: dict[str, tuple[float, ...]] = {}
        for number in range(options.rounds):
            for name in ("folder", "file://", "memory://", *servers):
                folder = Path(place, f"{name.strip(':/')}-{number}")
                folder.mkdir()
                address = None if name == "folder" else store_address(f"{folder}-store")
                if name in servers:
                    os.environ |= s3_server.environment(servers[name])
                    address = f"s3://{s3_server.BUCKET}/{number}"
                elif name == "memory://":
                    address = f"memory://{number}"
                found = measure(folder, address, data, len(data))
                best[name] = tuple(map(min, best.get(name, found), found))
                shutil.rmtree(folder)
    print(f"{'':12}{'keep':>10}{'upload':>10}{'read':>10}{'thumbnail':>12}")
    for name, (kept, uploaded, read, small) in best.items():
        print(f"{name:12}{kept:10.2f}{uploaded:10.2f}{read:10.2f}{small:12.2f}")


if __name__ == "__main__":
    main()
