"""``runs.bundle("study.sfx")``: the runs in one file, which replays them bit for bit."""

from __future__ import annotations

from pathlib import Path

from ..console import say
from ..runlog.records import SweepRecord
from ..saving import path_of
from ..selection import Selection
from .texts import text_of


def bundle(
    runs: Selection, path: str | Path, *, cost: bool = True, license: str | None = None, title: str | None = None
) -> Path:
    """Write the runs to one file: pictures as served, parameters, times, sweeps, marks, votes, own columns, versions.

    ``Workspace("study.sfx")`` opens it read-only: ``ws.run(sweep)`` gives the same pictures, bit for bit, with no key
    and no network. Prompts and finetune ids are in it, and so are notes and the names of raters. No API key, account,
    request id or path of this machine is. It is a zip archive with a data card and RO-Crate metadata, and can be
    deposited as it is. The same log gives the same bytes. It prints one line about what is in the file.

    Parameters
    ----------
    path:
        The file; its name ends in ``.sfx``. One that exists is replaced.
    cost:
        Whether it says what runs cost.
    license:
        The licence of the pictures, for the data card: an SPDX identifier such as ``CC-BY-4.0``, an address, or a
        sentence.
    title:
        What the data card calls the study; the title of the runs if left out.

    Raises
    ------
    BundleError
        If no run is in the log, a text holds what looks like an API key, or the file is the bundle that the
        workspace reads.
    SegfluxError
        If the file cannot be written.

    Example
    -------
    ``runs.bundle("tok-study.sfx", license="CC-BY-4.0")``
    """
    from ..bundle.write import Chosen, write_bundle

    sweep = runs.sweep
    selection = SweepRecord(
        sweep.identity, runs.name or sweep.name, runs.title, runs.axes or sweep.axes, 0.0, list(runs.cells)
    )
    source = runs.source
    chosen = Chosen(
        source.log,
        source.pictures,
        list(dict.fromkeys(digest for digest, _ in runs.cells)),
        selection,
        source.launcher.hide_key,
    )
    written = write_bundle(
        path_of(path, "path"),
        chosen,
        cost=bool(cost),
        license=text_of("license", license),
        title=text_of("title", title) or runs.title or runs.name,
    )
    say(str(written))
    return written.path
