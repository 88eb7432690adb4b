"""What exports and large sheets cost: each case runs in a process of its own, in the checkout on PYTHONPATH.

Run by benchmarks/sheets.py, for this checkout and for an older one. A case prints its seconds of CPU and its greatest
memory as JSON; it uses nothing but what both checkouts have.
"""

from __future__ import annotations

import io
import itertools
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

import segflux_nb as sf

SIDE = 10


def frame(paths: list[Path], number: int) -> pd.DataFrame:
    """A frame as `Runs.df` makes it, of pictures that are in a workspace; each is used several times.

    Parameters
    ----------
    paths:
        The pictures.
    number:
        The rows of the frame.
    """
    across = max(SIDE, round(number**0.5))
    rows = list(itertools.islice(itertools.product(range(-(-number // across)), range(across)), number))
    table = pd.DataFrame(rows, columns=["lora_strength", "seed"])
    table["lora_strength"] /= 100
    table["run"] = [f"{at:012x}" for at in range(number)]
    table["status"], table["error_kind"], table["error"] = "completed", "", ""
    table["prompt"] = "TOK on the shore of a mountain lake at dawn"
    table["finetune_id"], table["steps"], table["sampler_name"] = "pagoda-1200", 25, "euler"
    table["scheduler"], table["aspect_ratio"], table["service"] = "simple", "1:1", "simulator"
    table["image"] = [str(paths[at % len(paths)]) for at in range(number)]
    table["width"] = table["height"] = 1024
    table.attrs["segflux_axes"] = ["lora_strength", "seed"]
    return table.convert_dtypes()


def sheet(name: str, paths: list[Path], number: int) -> None:
    """Save a sheet.

    Parameters
    ----------
    name:
        The name of its file.
    paths:
        The pictures.
    number:
        The cells of the sheet.
    """
    with tempfile.TemporaryDirectory() as folder:
        frame(paths, number).pictures.sheet().save(Path(folder) / name)


def small_cells(paths: list[Path], number: int) -> None:
    """A sheet with cells of 256 pixels, as other tools are asked for it."""
    from segflux_nb.sheets.colours import THEMES
    from segflux_nb.sheets.drawing import draw
    from segflux_nb.sheets.frame_view import FrameView
    from segflux_nb.sheets.geometry import geometry_of
    from segflux_nb.sheets.pivot import arrange
    from segflux_nb.sheets.reading import Reader

    layout = arrange(FrameView.of(frame(paths, number)))
    draw(geometry_of(layout, 256), THEMES["light"], Reader()).save(io.BytesIO(), "JPEG", quality=85)


def export(paths: list[Path], number: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        frame(paths, number).pictures.export(Path(folder) / "out")


def inline(paths: list[Path], number: int) -> None:
    frame(paths, number).pictures.sheet()._repr_mimebundle_()


CASES: dict[str, Callable[[dict[str, list[Path]]], None]] = {
    "export-1000": lambda paths: export(paths["stored"], 1000),
    "export-10000": lambda paths: export(paths["stored"], 10_000),
    "html-1000": lambda paths: sheet("sheet.html", paths["stored"], 1000),
    "png-100": lambda paths: small_cells(paths["png"], 100),
    "png-100-saved": lambda paths: sheet("sheet.jpg", paths["png"], 100),
    "inline-10000": lambda paths: inline(paths["stored"], 10_000),
    "inline-10000-shared": lambda paths: inline(paths["shared"], 10_000),
    "jpg-10000": lambda paths: sheet("sheet.jpg", paths["stored"], 10_000),
    "png-10000": lambda paths: sheet("sheet.png", paths["stored"], 10_000),
}


def greatest_memory() -> int:
    """The greatest memory of this process in bytes, without what its parent had before it began."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def main(case: str, folder: Path) -> None:
    patterns = {
        "stored": "distinct/pictures/*/*.jpg",
        "shared": "workspace/pictures/*/*.jpg",
        "png": "*.png",
    }
    paths = {kind: sorted(folder.glob(pattern)) for kind, pattern in patterns.items()}
    frame(paths["stored"], 4).pictures.sheet()._repr_mimebundle_()  # what is imported once does not count
    began = time.process_time()
    CASES[case](paths)
    taken = time.process_time() - began
    print(json.dumps({"cpu": taken, "peak": greatest_memory(), "from": str(Path(sf.__file__).parents[1])}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
