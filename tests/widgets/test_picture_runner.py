"""Runs that are started from a picture: the page is told their end, whatever became of them."""

import pytest

import segflux_nb as sf
from segflux_nb.simulator.app import Simulator


def test_an_end_that_cannot_be_shown_is_told_with_its_error(tmp_path, monkeypatch):
    with Simulator(time_scale=0, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=1)
        runner = ws.run(sweep).gallery()._runner
        heard = []
        started = ws.start(sweep)
        started.wait()

        def fail(self, runs):
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(type(runner.shown), "add", fail)
        with pytest.raises(OSError, match="Input/output"):
            runner._end(started, lambda *told: heard.append(told))
    assert heard == [(None, [], "OSError: [Errno 5] Input/output error")]
