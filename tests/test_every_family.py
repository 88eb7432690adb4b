"""Each of the twenty further models of the simulated catalogue: planned, validated, swept and shown; and what the
catalogue alone knows of the fine-tuned one, in plan, builder and validation."""

import pytest

import segflux_nb as sf
from segflux_nb.model import MODEL
from segflux_nb.simulator.app import Simulator
from segflux_nb.simulator.service.offers import OFFERS
from segflux_nb.widgets.builder_form import field_of

IMAGE = "https://example.com/x.png"
LORAS = [{"path": "https://example.com/pagoda-1200.safetensors", "scale": 1.0}]
USUAL = {"prompt": "a lake", "seed": [1, 2]}
SWEEPS = {
    "sdxl1.0-txt2img": {**USUAL, "style": ["base", "anime"], "refiner": False},
    "fast-flux-schnell": {**USUAL, "steps": "1-4 (+3)"},
    "flux-dev-multi-lora": {**USUAL, "loras": LORAS, "loras[0].scale": [0.5, 1.0]},
    "qwen-image": {**USUAL, "image_size.width": [512, 768], "image_size.height": 512},
    "style-presets-xl": {**USUAL, "lora": ["pagoda", "balloon"], "lora_scale": 0.5},
    "recraft-sizes": {**USUAL, "size": ["1024x1024", "1365x1024"]},
    "picture-without-seed": {"prompt": "a lake", "quality": ["low", "high"]},
    "kandinsky2.2-txt2img": {**USUAL, "scheduler": ["DDIM", "DDPM"]},
    "four-at-once": USUAL,
    "sdxl-in-json": USUAL,
    "sd1.5-img2img": {**USUAL, "image": IMAGE, "strength": [0.25, 0.75]},
    "kontext-edit": {**USUAL, "image_urls": [IMAGE]},
    "schema-that-contradicts-itself": {**USUAL, "steps": [5, 500]},
    "schema-that-is-a-text": USUAL,
    "schema-that-is-missing": {**USUAL, "anything": ["x", "y"]},
    "schema-that-refers-to-itself": USUAL,
}
REFUSED = {
    "sdxl1.0-txt2img": {"style": "cubist"},
    "fast-flux-schnell": {"guidance": 3},
    "flux-dev-multi-lora": {"loras[0].scale": 9},
    "qwen-image": {"image_size.width": 10},
    "style-presets-xl": {"quality": 4},
    "recraft-sizes": {"size": "1x1"},
    "picture-without-seed": {"n": 5},
    "kandinsky2.2-txt2img": {"steps": 5},
    "four-at-once": {"guidance_scale": 0.5},
    "sdxl-in-json": {"steps": "many"},
    "sd1.5-img2img": {"image": 7},
    "kontext-edit": {"image_urls": "x"},
}
"""A value of each schema that makes sense which it does not allow."""

NOT_RUN = {
    "kling-text2video": "makes videos",
    "small-language-model": "makes text",
    "upscale-v1": "is not supported on v2",
    "sd1.5-retired": "is retired",
}


@pytest.fixture(scope="module")
def simulator():
    with Simulator(time_scale=0, paint=False) as running:
        yield running


@pytest.fixture(scope="module")
def ws(simulator, tmp_path_factory):
    with sf.Workspace(tmp_path_factory.mktemp("families"), service=simulator) as workspace:
        workspace.refresh_models()
        yield workspace


def test_every_family_is_here():
    assert SWEEPS.keys() | NOT_RUN.keys() == OFFERS.keys()
    assert len(OFFERS) == 20


@pytest.mark.parametrize("slug", SWEEPS)
def test_planned_swept_and_shown(ws, simulator, slug):
    sweep = sf.Sweep(model=ws.model(slug), **SWEEPS[slug])
    plan = ws.plan(sweep)
    assert plan.to_submit == len(sweep) > 1
    assert plan.seconds is None or plan.seconds > 0
    before = simulator.ledger.submits
    runs = ws.run(sweep)
    assert runs.counts == {"completed": len(sweep)}
    assert simulator.ledger.submits - before == len(sweep)
    assert {entry.slug for entry in simulator.ledger.entries()[before:]} == {slug}
    assert ws.plan(sweep).logged == len(sweep)
    by_slug = ws.plan(sf.Sweep(model=slug, **SWEEPS[slug]))
    assert by_slug.logged == len(sweep), "a request is the same whether its schema is known"
    frame = runs.df
    assert len(frame) == len(sweep)
    assert set(frame["status"]) == {"completed"}
    assert runs.sheet().image.size[0] > 100
    if slug == "four-at-once":
        assert set(frame["picture_count"]) == {4}


@pytest.mark.parametrize("slug", REFUSED)
def test_what_the_schema_does_not_allow_is_refused_before_anything_is_sent(ws, simulator, slug):
    before = simulator.ledger.submits
    wrong = {**SWEEPS[slug], **REFUSED[slug]}
    (name,) = REFUSED[slug]
    with pytest.raises(sf.SweepError, match=name.split("[")[0].split(".")[0]):
        sf.Sweep(model=ws.model(slug), **wrong)
    with pytest.raises(sf.SweepError, match=name.split("[")[0].split(".")[0]):
        ws.plan(sf.Sweep(model=slug, **wrong))
    assert simulator.ledger.submits == before


@pytest.mark.parametrize(("slug", "why"), NOT_RUN.items())
def test_what_gives_no_picture_costs_nothing_and_says_why(ws, simulator, slug, why):
    before = simulator.ledger.billed, simulator.ledger.submits
    given = {"image": IMAGE, "scale": [1, 2]} if slug == "upscale-v1" else USUAL
    try:
        runs = ws.run(sf.Sweep(model=slug, **given))
    except sf.SweepError as error:
        assert why in str(error)
    else:
        assert why in runs.df["error"].iloc[0]
        assert set(runs.df["status"]) == {"refused"}
    assert (simulator.ledger.billed, simulator.ledger.submits) == before


def test_a_plan_says_that_a_model_is_deprecated(ws):
    (note,) = [one for one in ws.plan(sf.Sweep(model="sd1.5-retired", **USUAL)).notes if "deprecated" in one]
    assert "sd1.5-retired is deprecated" in note


# ---------------------------------------------------------------------- what the catalogue alone knows of our own


@pytest.fixture
def drifted(simulator, tmp_path):
    with Simulator(time_scale=0, paint=False) as other, sf.Workspace(tmp_path, service=other) as workspace:
        own = other.protocol.catalogue[0]
        fields = own["parameters_schema"]["properties"]
        fields["sampler_name"]["enum"] += ["deis", "res_multistep"]
        fields["scheduler"]["enum"].remove("beta")
        fields["aspect_ratio"]["enum"].append("7:5")
        own["price"] = 0.05
        workspace.refresh_models()
        yield workspace


OWN = {"prompt": "TOK", "finetune_id": "a", "seed": [1, 2]}


def test_validation_of_what_the_catalogue_alone_knows(drifted):
    with pytest.raises(sf.SweepError, match=r"sampler_name='deis' is not allowed.*model=ws\.model"):
        sf.Sweep(**OWN, sampler_name="deis")
    model = drifted.model(MODEL.slug)
    sweep = sf.Sweep(model=model, **OWN, sampler_name=["euler", "deis"], aspect_ratio="7:5", scheduler="beta")
    assert len(sweep) == 4
    with pytest.raises(sf.SweepError, match="is not allowed"):
        sf.Sweep(model=model, **OWN, sampler_name="dies")
    plain = sf.Sweep(**OWN, sampler_name=["euler", "heun"])
    assert [r.digest for r in sf.Sweep(model=model, **OWN, sampler_name=["euler", "heun"])] == [r.digest for r in plain]


def test_plan_and_price_of_what_the_catalogue_alone_knows(drifted):
    model = drifted.model(MODEL.slug)
    known = drifted.plan(sf.Sweep(**OWN))
    assert known.hosted_cost == pytest.approx(0.10)
    assert "the catalogue's average price" in str(known)
    assert "2 new samplers" in known.notes[0]
    unknown = drifted.plan(sf.Sweep(model=model, **OWN, sampler_name="deis"))
    assert unknown.hosted_cost is None
    assert "unknown" in str(unknown)


def test_a_run_of_what_the_catalogue_alone_knows_is_read_and_shown_again(drifted):
    sweep = sf.Sweep(model=drifted.model(MODEL.slug), **OWN, sampler_name=["euler", "deis"])
    runs = drifted.run(sweep)  # this simulator does not compute it
    assert runs.counts == {"completed": 2, "failed": 2}
    assert runs.sheet().image.size[0] > 100
    with sf.Workspace(drifted.path, service="simulator") as again:
        assert len(again.runs().df) == 4
        assert again.plan(again.runs()).logged == 2
        assert len(again.runs(sweep)) == 4


def test_the_builder_offers_what_the_catalogue_alone_knows(drifted):
    builder = drifted.builder()
    field = field_of("sampler_name", (), builder._form.model)
    assert field["choices"][-2:] == ["deis", "res_multistep"]
    assert len(next(one["value"] for one in field["presets"] if one["name"] == "all")) == 28
    form = builder._form
    for name, written in {"prompt": "TOK", "finetune_id": "a", "sampler_name": ["euler", "heun"]}.items():
        form.write(name, written)
    assert "ws.model" not in form.python(form.sweep)
    form.write("sampler_name", ["euler", "deis"])
    sweep, problem = form.planned()
    assert (len(sweep), problem) == (2, "")
    assert "model=ws.model('flux-dev-finetuned')," in form.python(sweep)
