"""A small study of the simulator, whose exports are folders too."""

import pytest

import segflux_nb as sf

SWEEP = sf.Sweep(
    prompt='TOK at a lake, "dawn"', finetune_id="pagoda-1200", seed=[1, 2], lora_strength=[0.0, 0.5, 1.0], steps=8
)


@pytest.fixture(scope="package")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    with sf.Simulator(time_scale=0.001) as simulator, sf.Workspace(folder, service=simulator) as ws:
        ws.run(SWEEP)
        yield ws
