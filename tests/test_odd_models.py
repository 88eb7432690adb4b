"""Names of models that cannot be, models that change between plan and run, and studies of models nobody described."""

import pytest
from click.testing import CliRunner

import segflux_nb as sf
from segflux_nb.cli import main
from segflux_nb.errors import WorkspaceError
from segflux_nb.model import is_slug, unknown_model
from segflux_nb.simulator.app import Simulator

ODD = [
    "a..b", "../v1/x", "a/b", "a%2fb", "a b", " ", "", ".", "..", ".hidden", "-x", "a\nb", "é", "a" * 201, "a?b",
    "a#b", "a\\b", "Flux-Dev-Finetuned", None, 7, b"sdxl", ["sdxl"],
]  # fmt: skip


@pytest.fixture
def simulator():
    with Simulator(time_scale=0, paint=False) as running:
        yield running


@pytest.fixture
def ws(simulator, tmp_path):
    with sf.Workspace(tmp_path / "ws", service=simulator) as workspace:
        workspace.refresh_models()
        yield workspace


@pytest.mark.parametrize("slug", ODD, ids=ascii)
def test_what_is_no_name_of_a_model_is_refused_everywhere(ws, simulator, tmp_path, slug):
    with pytest.raises(sf.SweepError, match="is not a model"):
        sf.Sweep(model=slug, prompt="a", seed=1)
    with pytest.raises(WorkspaceError, match=r"no slug of a model|has no model"):
        ws.model(slug)
    if not isinstance(slug, str):
        return
    with pytest.raises(sf.SweepError, match="is not a model"):
        sf.Sweep(model=unknown_model(slug), prompt="a", seed=1)
    (tmp_path / "s.toml").write_text(f'model = {slug!a}\n\n[sweep]\nprompt = "a"\nseed = 1\n'.replace("'", '"'))
    with pytest.raises(sf.SweepError):
        sf.Sweep.from_toml(tmp_path / "s.toml")
    told = CliRunner().invoke(
        main, ["run", str(tmp_path / "s.toml"), "--workspace", str(tmp_path / "ws2"), "--service", simulator.url]
    )
    assert told.exit_code != 0
    assert "Traceback" not in told.output
    assert simulator.ledger.submits == 0


@pytest.mark.parametrize("slug", ["sdxl1.0-txt2img", "Simple_Vector_Flux", "a", "40174048-1b49-mybmwlora", "a." * 99])
def test_names_that_services_have_are_taken(slug):
    assert is_slug(slug)
    assert sf.Sweep(model=slug, prompt="a", seed=1).model.slug == slug


def test_a_name_in_other_letters_than_the_catalogues_is_refused(ws, simulator):
    for refused in (ws.plan, ws.run):
        with pytest.raises(sf.SweepError, match=r"Did you mean 'sdxl1\.0-txt2img'"):
            refused(sf.Sweep(model="SDXL1.0-txt2img", prompt="a", seed=1))
    assert simulator.ledger.submits == 0


# ---------------------------------------------------------------------- a bundle


def test_a_bundle_knows_the_models_of_its_runs(ws, tmp_path):
    ws.run(sf.Sweep(model=ws.model("sdxl1.0-txt2img"), prompt="a", seed=1)).bundle(tmp_path / "known.sfx")
    with sf.Workspace(tmp_path / "known.sfx") as opened:
        assert "guidance_scale" in opened.model("sdxl1.0-txt2img").parameters
        assert list(opened.models["slug"]) == ["sdxl1.0-txt2img"]
        with pytest.raises(WorkspaceError, match="has no model"):
            opened.model("qwen-image")


def test_a_bundle_without_a_catalogue_knows_the_names_of_its_models(simulator, tmp_path):
    with sf.Workspace(tmp_path / "never", service=simulator) as never:
        never.run(sf.Sweep(model="sdxl1.0-txt2img", prompt="a", seed=1)).bundle(tmp_path / "alone.sfx")
    with sf.Workspace(tmp_path / "alone.sfx") as opened:
        made = opened.model("sdxl1.0-txt2img")
        assert made.is_open
        assert "nothing of what the service's catalogue says" in made.notes[0]
        assert "sdxl1.0-txt2img" in list(opened.models["slug"])
        assert len(opened.runs(sf.Sweep(model=made, prompt="a", seed=1)).df) == 1
        with pytest.raises(WorkspaceError, match="nothing is known"):
            opened.model("qwen-image")


# ---------------------------------------------------------------------- the catalogue changes after the plan


def entry(simulator, slug):
    return next(one for one in simulator.protocol.catalogue if one["slug"] == slug)


SDXL = {"model": "sdxl1.0-txt2img", "prompt": "a", "seed": [1, 2], "guidance_scale": [5.0, 7.0]}


def test_a_parameter_that_is_gone_since_the_plan_is_refused_by_the_run(ws, simulator):
    sweep = sf.Sweep(**SDXL)
    assert ws.plan(sweep).to_submit == 4
    del entry(simulator, "sdxl1.0-txt2img")["parameters_schema"]["properties"]["guidance_scale"]
    ws.refresh_models()
    with pytest.raises(sf.SweepError, match="guidance_scale"):
        ws.run(sweep)
    assert simulator.ledger.submits == 0


def test_a_model_that_is_deprecated_or_gone_since_the_plan_is_told_and_nothing_is_billed(ws, simulator):
    sweep = sf.Sweep(**SDXL)
    assert "deprecated" not in str(ws.plan(sweep))
    entry(simulator, "sdxl1.0-txt2img")["is_depreciated"] = True
    ws.refresh_models()
    assert "says that sdxl1.0-txt2img is deprecated" in str(ws.plan(sweep))
    simulator.protocol.catalogue[:] = [one for one in simulator.protocol.catalogue if one["slug"] != SDXL["model"]]
    ws.refresh_models()
    assert "has no model sdxl1.0-txt2img" in str(ws.plan(sweep))
    with pytest.raises(WorkspaceError, match="has no model"):
        ws.model("sdxl1.0-txt2img")


@pytest.mark.parametrize("fault", ["404", "410"])
def test_a_model_that_the_service_refuses_bills_nothing(tmp_path, fault):
    faults = {f"submit:{fault}": 1.0}
    with Simulator(time_scale=0, paint=False, faults=faults) as simulator:
        with sf.Workspace(tmp_path / "ws", service=simulator) as ws:
            runs = ws.run(sf.Sweep(**SDXL))
            assert set(runs.df["status"]) <= {"refused", "planned", "failed"}
        assert (simulator.ledger.submits, simulator.ledger.billed) == (0, 0.0)


def test_a_price_that_rose_above_the_cap_since_the_plan_stops_before_the_first_submit(ws, simulator):
    sweep = sf.Sweep(**SDXL)
    cheap = ws.plan(sweep).hosted_cost
    entry(simulator, "sdxl1.0-txt2img")["avg_cost"] = 9.0
    ws.refresh_models()
    assert ws.plan(sweep).hosted_cost > 1000 * cheap
    runs = ws.run(sweep, max_cost=5.0)
    assert simulator.ledger.submits == 0
    assert "$5.00" in runs.stopped


# ---------------------------------------------------------------------- a model without a seed


def test_a_model_without_a_seed_is_paid_once_and_more_takes_are_wanted(ws, simulator):
    sweep = sf.Sweep(model=ws.model("picture-without-seed"), prompt=["a", "b"], quality=["low", "high"])
    ws.run(sweep)
    assert simulator.ledger.submits == 4
    assert ws.plan(sweep).to_submit == 0
    ws.run(sweep)
    assert simulator.ledger.submits == 4
    runs = ws.run(sweep, again=True)
    assert simulator.ledger.submits == 8
    assert sorted(runs.df["take"]) == [0] * 4 + [1] * 4
    assert runs.sheet(cols="quality", rows="take").image.size[0] > 100
    assert ws.plan(sweep).to_submit == 0
    with pytest.raises(sf.SweepError, match="seed"):
        sf.Sweep(model=ws.model("picture-without-seed"), prompt="a", seed=1)
