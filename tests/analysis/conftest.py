"""Pictures of the simulator that the tests of verbs share."""

import pytest

import segflux_nb as sf

STRENGTHS = [0.0, 0.4, 0.8, 1.2, 1.6, 2.0]
SWEEP = sf.Sweep(
    prompt="TOK at a lake at dawn",
    finetune_id="pagoda-1200",
    seed=[1, 2, 3],
    lora_strength=STRENGTHS,
    sampler_name=["euler", "ddim"],
)


@pytest.fixture(scope="package")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("measured")


@pytest.fixture(scope="package")
def ws(folder):
    with (
        sf.Simulator(time_scale=0.001) as simulator,
        sf.Workspace(folder, service=simulator) as workspace,
    ):
        workspace.run(SWEEP)
        yield workspace


@pytest.fixture
def runs(ws):
    return ws.runs(SWEEP)
