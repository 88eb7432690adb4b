"""A small study, and its bundle, made once for all tests of bundles."""

import shutil

import pytest

import segflux_nb as sf
from segflux_nb.simulator.app import Simulator

from .support import SWEEP


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A folder with the workspace ``study`` and its bundle ``study.sfx``."""
    folder = tmp_path_factory.mktemp("made")
    with (
        Simulator(time_scale=0.002) as simulator,
        sf.Workspace(folder / "study", service=simulator) as ws,
    ):
        runs = ws.run(SWEEP, name="first look")
        runs.mark(runs[0], stars=4, note="crisp")
        runs.vote(runs[0], runs[1], "left", rater="ada")
        runs.vote(runs[1], runs[2], "tie", rater="bob")
        runs.annotate(runs.df[["run"]].assign(score=range(6)))
        runs.bundle(folder / "study.sfx")
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """The current folder, with a copy of the bundle and nothing else; the temporary folder is an empty one."""
    place, temporary = tmp_path / "here", tmp_path / "temporary"
    place.mkdir()
    temporary.mkdir()
    shutil.copy(made / "study.sfx", place)
    monkeypatch.chdir(place)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.delenv("SEGMIND_API_KEY", raising=False)
    monkeypatch.delenv("SEGFLUX_REPLAY", raising=False)
    return place
