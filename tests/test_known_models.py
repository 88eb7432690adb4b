"""What a workspace knows of its service's models: asked for once, kept, read offline, and compared once a day."""

import json

import pandas as pd
import pytest

import segflux_nb as sf
from segflux_nb import connection, known_models
from segflux_nb.clock import SystemClock
from segflux_nb.model import MODEL
from segflux_nb.service.addresses import Service
from segflux_nb.service.kept_catalogue import keep, kept
from segflux_nb.simulator.app import Simulator

PATH = "/inference-model-information/list"
KEY = "SG_0123456789abcdef"


@pytest.fixture
def simulator():
    with Simulator(time_scale=0, paint=False) as running:
        handle, running.asked = running.protocol.handle, []

        def counted(request, now):
            running.asked.append((request.method, request.path))
            return handle(request, now)

        running.protocol.handle = counted
        yield running


@pytest.fixture
def ws(tmp_path, simulator):
    with sf.Workspace(tmp_path / "study", service=simulator) as workspace:
        yield workspace


def asked(simulator):
    return [path for _, path in simulator.asked].count(PATH)


def sweep(**parameters):
    return sf.Sweep(**{"prompt": "TOK", "finetune_id": "a", "seed": [1, 2], **parameters})


def change(simulator):
    own = simulator.protocol.catalogue[0]
    fields = own["parameters_schema"]["properties"]
    fields["sampler_name"]["enum"] += ["deis", "res_multistep"]
    fields["scheduler"]["enum"].remove("beta")
    fields["aspect_ratio"]["enum"].append("7:5")
    own["price"] = 0.05


# ---------------------------------------------------------------------- models


def test_the_frame(ws, simulator):
    found = ws.models
    assert list(found.columns) == ["slug", "title", "kind", "price", "seconds", "deprecated", "known"]
    assert len(found) == 21
    by = found.set_index("slug")
    assert by.loc["sdxl1.0-txt2img", "price"] == 0.0052
    assert by.loc["fast-flux-schnell", "seconds"] == 2.5
    assert by["deprecated"].sum() == 1
    assert by.loc["kling-text2video", "known"].startswith("kling-text2video makes videos")
    assert "its range is empty" in by.loc["schema-that-contradicts-itself", "known"]
    assert by.loc[MODEL.slug, "known"] == "9 fields"
    assert pd.isna(by.loc["qwen-image", "price"])
    assert found.attrs["read_at"].endswith("+00:00")
    assert found.attrs["left_out"] == []


def test_it_is_asked_for_once_and_again_when_asked(ws, simulator):
    assert len(ws.models) == len(ws.models) == 21
    assert asked(simulator) == 1
    simulator.protocol.catalogue.append({"slug": "new-one"})
    assert len(ws.models) == 21
    assert len(ws.refresh_models()) == len(ws.models) == 22
    assert asked(simulator) == 2


def test_a_model(ws, simulator):
    model = ws.model("sdxl1.0-txt2img")
    assert model.parameters["style"].choices == ("base", "anime", "photographic", "comic book")
    assert (model.kind, model.price, model.seconds) == ("textToImage", 0.0052, 4.1)
    assert ws.model(MODEL.slug) == MODEL
    assert asked(simulator) == 1


@pytest.mark.parametrize("slug", [7, None, "", b"x", ["sdxl"]])
def test_what_is_no_slug(ws, slug):
    with pytest.raises(sf.SegfluxError, match=r"no slug of a model|has no model"):
        ws.model(slug)


def test_a_model_that_is_not_there(ws):
    with pytest.raises(sf.SegfluxError) as error:
        ws.model("sdxl1.0-txtimg")
    assert "Did you mean 'sdxl1.0-txt2img'?" in str(error.value)
    assert "ws.refresh_models() reads it again" in str(error.value)


def test_opening_and_reading_asks_for_nothing(ws, simulator, tmp_path):
    ws.runs()
    ws.sweeps  # noqa: B018 - a property
    ws.model(MODEL.slug)
    assert simulator.asked == []


def test_it_is_read_without_the_network(ws, simulator, tmp_path):
    url = simulator.url
    with sf.Workspace(tmp_path / "two", service=url) as two:
        assert len(two.models) == 21
    simulator.close()
    with sf.Workspace(tmp_path / "two", service=url) as again:
        assert len(again.models) == 21
        assert again.model("qwen-image").parameters["seed"].nullable
        with pytest.raises(sf.SegfluxError, match="cannot be reached"):
            again.refresh_models()
        assert len(again.models) == 21


def test_without_a_kept_one_and_without_the_network_it_says_what_to_do(tmp_path):
    with sf.Workspace(tmp_path, service="http://127.0.0.1:9") as ws:
        with pytest.raises(sf.SegfluxError, match=r"is not kept here, and cannot be read .*ws\.refresh_models\(\)"):
            ws.models  # noqa: B018 - a property
        with pytest.raises(sf.SegfluxError, match="is not kept here"):
            ws.model("sdxl1.0-txt2img")


def test_an_answer_that_is_no_catalogue_leaves_the_kept_one(ws, simulator):
    assert len(ws.models) == 21
    simulator.protocol.catalogue[:] = [{"title": "no slug"}]
    with pytest.raises(sf.SegfluxError, match="names no model"):
        ws.refresh_models()
    assert len(ws.models) == 21


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"read_at": "x"}', '{"read_at": 1.8e9}', '{"read_at": 1.8e9, "models": 7}',
                '{"read_at": 1e300, "models": [{"slug": "a"}]}']
)  # fmt: skip
def test_a_kept_file_that_is_not_one_is_asked_for_again(ws, simulator, content):
    assert len(ws.models) == 21
    (ws.path / "catalogue" / "simulator.json").write_text(content)
    assert ws.plan(sweep()).notes == ()
    assert len(ws.models) == 21
    assert asked(simulator) == 2


def test_what_is_kept_is_what_was_read(ws):
    ws.models  # noqa: B018 - a property
    found = kept(ws.path, "simulator")
    keep(ws.path, "other/../x", found)
    assert kept(ws.path, "other/../x") == found
    assert found.entries["picture-without-seed"].known == ("its price cannot be read",)
    assert sorted(path.name for path in (ws.path / "catalogue").iterdir()) == [
        "other%2F..%2Fx.json",
        "simulator.json",
    ]
    assert kept(ws.path, "segmind") is None


def test_a_service_has_its_own(ws, tmp_path):
    ws.models  # noqa: B018 - a property
    with sf.Workspace(ws.path, service="http://127.0.0.1:9", api_key=KEY) as other:
        assert other._launcher.models.catalogue() is None or other.service == "simulator"


def test_a_folder_that_cannot_be_written_still_answers(ws, monkeypatch):
    (ws.path / "catalogue").write_text("a file in the way")
    assert len(ws.models) == 21


# ---------------------------------------------------------------------- bundles


def test_a_bundle_knows_the_models_of_its_runs(ws, simulator, tmp_path):
    change(simulator)
    ws.refresh_models()
    runs = ws.run(sweep())
    path = tmp_path / "study.sfx"
    runs.bundle(path)
    first = path.read_bytes()
    runs.bundle(path)
    assert path.read_bytes() == first
    with sf.Workspace(path) as bundle:
        assert list(bundle.models["slug"]) == [MODEL.slug]
        assert "deis" in bundle.model(MODEL.slug).parameters["sampler_name"].choices
        assert "2 new samplers (deis, res_multistep)" in bundle.plan(sweep()).notes[0]
        with pytest.raises(sf.SegfluxError, match="has no model 'qwen-image'"):
            bundle.model("qwen-image")
        with pytest.raises(sf.SegfluxError, match="opened read-only"):
            bundle.refresh_models()


def test_a_bundle_without_a_catalogue_knows_this_versions_table(ws, tmp_path):
    ws.run(sweep()).bundle(tmp_path / "study.sfx")
    with sf.Workspace(tmp_path / "study.sfx") as bundle:
        assert bundle.models.loc[0, "known"] == "9 fields"
        assert bundle.model(MODEL.slug) == MODEL
        with pytest.raises(sf.SegfluxError, match="No catalogue is kept here"):
            bundle.model("qwen-image")


def test_a_stand_in_hides_what_the_folder_keeps(ws, simulator, tmp_path, monkeypatch):
    runs = ws.run(sweep())
    runs.bundle(tmp_path / "study.sfx")
    change(simulator)
    ws.refresh_models()
    monkeypatch.setenv("SEGFLUX_REPLAY", str(tmp_path / "study.sfx"))
    with sf.Workspace(ws.path, service="simulator") as replayed:
        assert replayed.plan(sweep()).notes == ()
        assert len(replayed.models) == 1
    monkeypatch.delenv("SEGFLUX_REPLAY")
    with sf.Workspace(ws.path, service=simulator) as again:
        assert len(again.models) == 21


# ---------------------------------------------------------------------- drift


LINE = "2 new samplers (deis, res_multistep), 1 scheduler less (beta), 1 new ratio (7:5), another price ($0.0500)"


def test_the_plan_says_it_in_one_line(ws, simulator):
    assert ws.plan(sweep()).notes == ()
    change(simulator)
    ws.refresh_models()
    (note,) = ws.plan(sweep()).notes
    assert LINE in note
    assert note in print_of(ws.plan(sweep()))
    assert asked(simulator) == 1, "a plan on the simulator asks for no catalogue"


def print_of(plan):
    return str(plan)


@pytest.fixture
def hosted(tmp_path, simulator, monkeypatch):
    """The hosted service, which is a simulator here."""
    url = simulator.url
    monkeypatch.setattr(connection, "HOSTED", Service("segmind", url, url))
    monkeypatch.delenv("SEGFLUX_SERVICE", raising=False)

    def open_it(**options):
        return sf.Workspace(tmp_path / "hosted", **{"api_key": KEY, **options})

    return open_it


def finish_asking(ws):
    asking = ws._launcher.models._asking
    if asking is not None:
        asking.result(timeout=30)


def test_a_plan_on_the_hosted_service_asks_once_a_day_in_the_background(hosted, simulator, monkeypatch):
    change(simulator)
    with hosted() as ws:
        ws.plan(sweep())
        finish_asking(ws)
        assert simulator.asked == [("GET", "/v1/get-user-credits"), ("GET", PATH)], "after its own request"
        (note,) = ws.plan(sweep()).notes
        assert LINE in note
        ws.plan(sweep())
        finish_asking(ws)
        assert asked(simulator) == 1
    now = SystemClock.now
    monkeypatch.setattr(SystemClock, "now", lambda self: now(self) + 90_000)
    with hosted() as ws:
        assert LINE in ws.plan(sweep()).notes[0]
        finish_asking(ws)
        assert asked(simulator) == 2


def test_without_a_key_too(hosted, simulator):
    with hosted(api_key=None) as ws:
        ws.plan(sweep())
        finish_asking(ws)
        assert asked(simulator) == 1
        assert ws.plan(sweep()).notes == (NO_KEY,)


NO_KEY = "It cannot run yet: the hosted service needs an API key, and none is configured. `segflux login` keeps one"


def test_a_plan_says_what_will_stop_the_run(hosted, simulator):
    """Without the network, and only where there is something to send."""
    placeholder = sf.Sweep(prompt="TOK", finetune_id="my-finetune-id", seed=1)
    with hosted(api_key=None) as ws:
        key, finetune = ws.plan(placeholder).notes
        assert key == NO_KEY
        assert "'my-finetune-id' is the placeholder of the service's page, not a fine-tune" in finetune
        assert finetune in str(ws.plan(placeholder))
    with hosted() as ws:
        (note,) = ws.plan(placeholder).notes
        assert note == finetune
        ws.run(sweep())
        asked_before = len(simulator.asked)
    with hosted(api_key=None) as ws:
        assert NO_KEY not in ws.plan(sweep()).notes, "all is logged"
        assert NO_KEY in ws.plan(sweep(seed=9)).notes
        assert [path for _, path in simulator.asked[asked_before:] if path.startswith("/v2")] == []
    with sf.Workspace(ws.path.with_name("other"), service="simulator") as ws:
        assert ws.plan(placeholder).notes == ()


def test_a_plan_asks_whether_a_model_that_nobody_knows_is_written_wrong(hosted, tmp_path):
    typo = sf.Sweep(model="flux-dev-finetune", prompt="TOK", finetune_id="a", seed=1)
    with sf.Workspace(tmp_path / "plain", service="https://gpu.example.org") as ws:
        (note,) = ws.plan(typo).notes
        assert note.endswith("no catalogue is kept. Did you mean 'flux-dev-finetuned'?")
        (note,) = ws.plan(sf.Sweep(model="x", prompt="TOK", seed=1)).notes
        assert note.endswith("ws.refresh_models() reads it")
    with hosted() as ws:
        ws.refresh_models()
        (note,) = ws.plan(typo).notes
        assert "has no model flux-dev-finetune: " in note
        assert note.endswith("Did you mean 'flux-dev-finetuned'?")


def test_a_run_asks_after_its_own_requests(hosted, simulator):
    with hosted() as ws:
        ws.run(sweep())
        assert asked(simulator) <= 1
        ws._launcher.models.close()
    paths = [path for _, path in simulator.asked]
    assert paths.count(PATH) == 1
    assert max(at for at, path in enumerate(paths) if path.startswith(("/v2", "/generations"))) < paths.index(PATH)


def test_a_catalogue_that_cannot_be_read_is_tried_again_an_hour_later_and_said_to_nobody(hosted, simulator, capsys):
    simulator.protocol.catalogue[:] = []
    with hosted() as ws:
        for _ in range(3):
            assert ws.plan(sweep()).notes == ()
            with pytest.raises(sf.SegfluxError):
                finish_asking(ws)
        assert asked(simulator) == 1
        ws._launcher.models._tried_at -= known_models.AN_HOUR
        ws.plan(sweep())
        with pytest.raises(sf.SegfluxError):
            finish_asking(ws)
        assert asked(simulator) == 2
    assert capsys.readouterr() == ("", "")


def test_nothing_is_asked_after_the_end(hosted, simulator):
    ws = hosted()
    ws.close()
    ws._launcher.models.check_when_due()
    assert simulator.asked == []


def test_the_builder_and_other_plans_without_a_question_ask_for_nothing(hosted, simulator):
    with hosted() as ws:
        ws._launcher.plan(sweep())
        assert simulator.asked == []


def test_what_is_kept_holds_no_key(hosted, simulator):
    with hosted() as ws:
        ws.models  # noqa: B018 - a property
        assert KEY not in json.dumps(json.loads((ws.path / "catalogue" / "segmind.json").read_text()))
