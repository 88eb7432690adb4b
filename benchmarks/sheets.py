"""How fast a contact sheet is, compared with other tools: all measured in one run, in turns, the least of three.

A 10 × 10 sheet with labels from pictures of 1024 × 1024, as JPEG and as PNG: ours, plain Pillow, ImageMagick's
montage, libvips' arrayjoin and mediapy, where they are installed (`pip install pyvips[binary] mediapy`), in seconds
of CPU, of all threads and of programs that are started. "Decode alone" is what Pillow takes to decode the files and
to do nothing else. `--others` prints this part alone. Then 1,000 cells, a frame of 100,000 runs, and the bytes that a
sheet adds to a notebook.

Last, what an export and large sheets cost (`sheet_cases.py`): seconds of CPU and the greatest memory of a process of
its own, for this checkout and for an older commit beside it, in turns. The pictures are 10,000 files of about 70 kB,
and the sheets are drawn from their thumbnails: links to 100 files under names like those of a workspace. `--costs`
prints this part alone.

Run with: python benchmarks/sheets.py
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import pandas as pd
from PIL import Image, ImageDraw

import segflux_nb as sf
from segflux_nb.pictures.store import PictureStore
from segflux_nb.sheets.sheet import contact_sheet
from segflux_nb.simulator.flow.generate import painting
from segflux_nb.simulator.painter.paint import paint
from tools.draw_sheets import BODY

ROOT = Path(__file__).parents[1]
OLD = "fcc6836"
"""The commit that this checkout is compared with."""

LINKED = 10_000

GOALS = {
    "export-10000": (60.0, 500),
    "html-1000": (5.0, None),
    "png-100": (2.2, None),
    "inline-10000": (2.5, None),
    "inline-10000-shared": (2.5, None),
    "jpg-10000": (None, 500),
    "png-10000": (None, 500),
}
"""The most seconds of CPU and the most MB of each case."""

CELL, SIDE = 256, 10
LABELS = [f"{row}.{column}" for row in range(SIDE) for column in range(SIDE)]


def pictures(folder: Path) -> tuple[list[Path], list[Path], list[Path]]:
    """The same 100 pictures as JPEG, as PNG, and in a workspace with thumbnails."""
    kept = PictureStore(folder / "workspace", durable=False)
    jpegs, pngs, stored = [], [], []
    painted = [Image.fromarray(paint(painting({**BODY, "seed": seed}), 1024, 1024)) for seed in range(10)]
    for number in range(SIDE * SIDE):
        image = painted[number % 10].copy()
        image.putpixel((0, 0), (number, 0, 0))
        jpegs.append(folder / f"{number:03}.jpg")
        pngs.append(folder / f"{number:03}.png")
        image.save(jpegs[-1], quality=88)
        image.save(pngs[-1], compress_level=1)
        stored.append(folder / "workspace" / kept.put(jpegs[-1].read_bytes()).path)
    return jpegs, pngs, stored


def frame(paths: list[Path]) -> pd.DataFrame:
    rows = itertools.product(range(len(paths) // SIDE), range(SIDE))
    table = pd.DataFrame(rows, columns=["lora_strength", "seed"])
    return table.assign(image=[str(path) for path in paths], width=1024, height=1024)


def ours(paths: list[Path]) -> None:
    from segflux_nb.sheets.colours import THEMES
    from segflux_nb.sheets.drawing import draw
    from segflux_nb.sheets.frame_view import FrameView
    from segflux_nb.sheets.geometry import geometry_of
    from segflux_nb.sheets.pivot import arrange
    from segflux_nb.sheets.reading import Reader

    layout = arrange(FrameView.of(frame(paths)), cols="seed", rows="lora_strength")
    draw(geometry_of(layout, CELL), THEMES["light"], Reader()).save(io.BytesIO(), "JPEG", quality=85)


def plain_pillow(paths: list[Path]) -> None:
    sheet = Image.new("RGB", (SIDE * CELL, SIDE * (CELL + 16)), "white")
    pen = ImageDraw.Draw(sheet)
    for number, path in enumerate(paths):
        x, y = number % SIDE * CELL, number // SIDE * (CELL + 16)
        sheet.paste(Image.open(path).convert("RGB").resize((CELL, CELL), Image.Resampling.LANCZOS), (x, y))
        pen.text((x, y + CELL), LABELS[number], fill="black")
    sheet.save(io.BytesIO(), "JPEG", quality=85)


def montage(paths: list[Path]) -> None:
    names = [part for path, label in zip(paths, LABELS, strict=True) for part in ("-label", label, str(path))]
    font = Path(sf.__file__).parent / "sheets" / "fonts" / "DejaVuSans.ttf"
    size = ["-font", str(font), "-define", f"jpeg:size={2 * CELL}x{2 * CELL}"]
    made = ["-geometry", f"{CELL}x{CELL}+0+0", "-tile", f"{SIDE}x{SIDE}", "-quality", "85", "jpg:-"]
    subprocess.run(["montage", *size, *names, *made], check=True, stdout=subprocess.DEVNULL)


def libvips(paths: list[Path]) -> None:
    import pyvips

    cells = []
    for path, label in zip(paths, LABELS, strict=True):
        cell = pyvips.Image.thumbnail(str(path), CELL, height=CELL)
        words = pyvips.Image.text(label, dpi=90).embed(0, 0, CELL, 16).copy(interpretation="b-w")
        cells.append(cell.join(words.invert().bandjoin([words.invert(), words.invert()]), "vertical"))
    pyvips.Image.arrayjoin(cells, across=SIDE).jpegsave_buffer(Q=85)


def mediapy(paths: list[Path]) -> None:
    import mediapy

    images = [mediapy.resize_image(mediapy.read_image(path), (CELL, CELL)) for path in paths]
    mediapy.show_images(images, titles=LABELS, columns=SIDE, return_html=True)


def decode_alone(paths: list[Path]) -> None:
    for path in paths:
        with Image.open(path) as image:
            image.draft("RGB", (CELL, CELL))
            image.load()


def best(work: Callable[[], Any], times: int = 3) -> float:
    """The least seconds that something took."""

    def seconds() -> Iterator[float]:
        for _ in range(times):
            began = time.perf_counter()
            work()
            yield time.perf_counter() - began

    return min(seconds())


def cpu(work: Callable[[], Any]) -> float:
    """The seconds of CPU that something takes, of all threads and of the programs that it starts."""

    def so_far() -> float:
        times = os.times()
        return times.user + times.system + times.children_user + times.children_system

    began = so_far()
    work()
    return so_far() - began


def compare_with_others() -> None:
    tools: list[tuple[str, Callable[[list[Path]], None], bool]] = [
        ("ours", ours, True),
        ("decode alone", decode_alone, True),
        ("plain Pillow", plain_pillow, True),
        ("ImageMagick montage", montage, shutil.which("montage") is not None),
        ("libvips arrayjoin", libvips, importlib.util.find_spec("pyvips") is not None),
        ("mediapy", mediapy, importlib.util.find_spec("mediapy") is not None),
    ]
    with tempfile.TemporaryDirectory() as name:
        jpegs, pngs, stored = pictures(Path(name))
        print("A 10 x 10 sheet with labels, cells of 256 pixels: seconds of CPU, and relative to ours\n")
        for kind, paths in (("from JPEG of 1024 x 1024", jpegs), ("from PNG of 1024 x 1024", pngs)):
            found: dict[str, list[float]] = {}
            for _, (tool, draw, is_installed) in itertools.product(range(3), tools):
                if is_installed:
                    found.setdefault(tool, []).append(cpu(lambda draw=draw, paths=paths: draw(paths)))
            for number, (tool, _, _) in enumerate(tools):
                seconds = min(found[tool]) if tool in found else None
                shown = (
                    f"{seconds:6.2f} {seconds / min(found['ours']):6.2f}" if seconds is not None else "not installed"
                )
                print(f"{kind if not number else '':32} {tool:22} {shown}", flush=True)
        again = min(cpu(lambda: ours(stored)) for _ in range(3))
        plain = min(cpu(lambda: plain_pillow(jpegs)) for _ in range(3))
        print(f"{'again, from thumbnails':32} {'ours':22} {again:6.2f}   plain Pillow takes {plain / again:.1f} x\n")
        print(f"1,000 cells from thumbnails: {cpu(lambda: ours(stored * 10)):.2f} s")
        sheet = contact_sheet(frame(stored[:50]).assign(seed=lambda table: table["seed"]), cols="seed")
        data, _ = sheet._repr_mimebundle_()
        print(f"a sheet of 50 cells adds {len(json.dumps(data)) / 1000:.0f} kB to a notebook")


def frames(number: int = 100_000) -> None:
    with tempfile.TemporaryDirectory() as name, sf.Workspace(name, service="simulator") as ws:
        sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=range(number // 50), lora_strength="0-4.9 (+0.1)")
        ws._journal.of(ws.service).runs.plan(list(sweep))
        ws._journal.of(ws.service).sweeps.enter(sweep.identity, sweep.name, "", sweep.axes, list(sweep))
        runs = ws.runs(sweep)
        began = time.perf_counter()
        length = len(runs.df)
        cold = time.perf_counter() - began
        print(f"a frame of {length:,} runs: {cold:.2f} s, again {best(lambda: runs.df):.3f} s")


def link_pictures(folder: Path) -> None:
    """Give the pictures of a workspace 10,000 names, which sheets and exports take for as many pictures."""
    stored = sorted(folder.glob("workspace/pictures/*/*.jpg"))
    for number in range(LINKED):
        one, name = stored[number % len(stored)], hashlib.sha256(str(number).encode()).hexdigest()
        thumbnail = folder / "workspace" / "thumbnails" / one.parent.name / f"{one.stem}.jpg"
        for source, kind in ((one, "pictures"), (thumbnail, "thumbnails")):
            target = folder / "distinct" / kind / name[:2] / f"{name}.jpg"
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, target)


def cost_of(case: str, checkout: Path, folder: Path) -> tuple[float, float]:
    """The seconds of CPU and the greatest MB of a case.

    Parameters
    ----------
    case:
        Its name.
    checkout:
        The package that it runs.
    folder:
        The pictures.
    """
    script = Path(__file__).with_name("sheet_cases.py")
    done = subprocess.run(
        [sys.executable, str(script), case, str(folder)],
        env={**os.environ, "PYTHONPATH": str(checkout)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    if Path(found["from"]).resolve() != checkout.resolve():
        raise SystemExit(f"{case} ran with the package in {found['from']} in place of {checkout}")
    return found["cpu"], found["peak"] / 1e6


@contextlib.contextmanager
def old_checkout(commit: str) -> Iterator[Path | None]:
    """An older commit in a folder of its own for a while; None where this clone does not have it."""
    git = ["git", "-C", str(ROOT), "worktree"]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "old"
        made = subprocess.run([*git, "add", "--detach", str(path), commit], capture_output=True)
        if made.returncode:
            yield None
            return
        try:
            yield path
        finally:
            subprocess.run([*git, "remove", "--force", str(path)], check=True, capture_output=True)


def costs(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name, old_checkout(OLD) as old:
        pictures(Path(name))
        link_pictures(Path(name))
        print(f"\nCPU s / MB, the least of {rounds}, in turns; old: {OLD if old else 'not in this clone'}")
        print(f"{'':20} {'old':>15} {'now':>15} {'ratio':>6} {'goal':>12}")
        for case, (seconds, memory) in GOALS.items():
            found: dict[Path, list[tuple[float, float]]] = {}
            for _, checkout in itertools.product(range(rounds), filter(None, (old, ROOT))):
                found.setdefault(checkout, []).append(cost_of(case, checkout, Path(name)))
            now, before = (
                tuple(map(min, zip(*found[one], strict=True))) if one in found else None for one in (ROOT, old)
            )
            met = (seconds is None or now[0] <= seconds) and (memory is None or now[1] <= memory)
            goal = " / ".join(str(one) if one else "–" for one in (seconds, memory))
            ratio = f"{now[0] / before[0]:6.2f}" if before else ""
            cells = [f"{one[0]:7.2f} / {one[1]:5.0f}" if one else "" for one in (before, now)]
            print(
                f"{case:20} {cells[0]:>15} {cells[1]:>15} {ratio:>6} {goal:>12} {'' if met else 'missed'}", flush=True
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--costs", action="store_true", help="the costs of exports and large sheets alone")
    parser.add_argument("--others", action="store_true", help="the comparison with other tools alone")
    parser.add_argument("--rounds", type=int, default=2, help="how often each case runs in each checkout")
    asked = parser.parse_args()
    if not asked.costs:
        compare_with_others()
    if not asked.costs and not asked.others:
        frames()
    if not asked.others:
        costs(asked.rounds)
