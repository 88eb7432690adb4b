"""Frames of runs and pictures that tests of sheets, widgets and exports share."""

import itertools

import pandas as pd
from PIL import Image

from segflux_nb.sheets.frame_view import FrameView
from segflux_nb.sheets.pivot import arrange


def frame(**axes):
    """A frame as `Runs.df` makes it, a row for each combination; no picture is there."""
    rows = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    table = pd.DataFrame(rows)
    table["run"] = [f"run{number}" for number in range(len(table))]
    table["status"] = "completed"
    table["image"] = [f"{number}.jpg" for number in range(len(table))]
    table["width"], table["height"] = 1024, 1024
    table["error_kind"] = table["error"] = ""
    return table


def coloured(**axes):
    """A frame whose axes are known, and whose pictures are squares of one colour each (the first 20 all differ)."""
    table = frame(**axes)
    table["image"] = [Image.new("RGB", (64, 64), colour_of(number)) for number in range(len(table))]
    table.attrs["segflux_axes"] = list(axes)
    return table


def colour_of(row):
    """The colour of a row's picture in `coloured`."""
    return 10 * row % 200, 90, 200 - 10 * row % 200


def with_more(folder, number=4):
    """A frame of files, of which the first row's output has three pictures and the second's has two, one not served.

    Each picture has a width of its own: 100 pixels for the first one, 101 for the next, and so on.
    """
    table = coloured(lora_strength=[0.4, 0.8], seed=range(1, number // 2 + 1))
    names = [f"{at}.png" for at in range(number + 2)]
    for at, name in enumerate(names):
        Image.new("RGB", (100 + at, 80), colour_of(at)).save(folder / name)
    paths = [str(folder / name) for name in names]
    table["image"] = paths[:number]
    table["picture_count"] = pd.array([3, 2, *[1] * (number - 2)], dtype="Int64")
    table["more_images"] = pd.array(["\n".join(paths[number:]), *[None] * (number - 1)], dtype="string")
    table["width"], table["height"] = range(100, 100 + number), 80
    return table


def layout_of(table, *, axes=None, image=None, **options):
    """The layout of a frame; the options are those of `segflux_nb.sheets.pivot.arrange`."""
    return arrange(FrameView.of(table, axes=axes, image=image), **options)


def noise(seed, size=(256, 256)):
    """A picture that compresses badly."""
    from random import Random

    return Image.frombytes("RGB", size, Random(seed).randbytes(size[0] * size[1] * 3))


def overlap(one, other):
    """Whether two boxes (left, top, right, bottom) share more than an edge."""
    return one[0] < other[2] - 1 and other[0] < one[2] - 1 and one[1] < other[3] - 1 and other[1] < one[3] - 1
