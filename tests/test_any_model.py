"""Sweeps of any model of the catalogue: checks, digests, files, runs, prices, sheets, exports, bundles."""

import hashlib
import pickle
from pathlib import Path

import pandas as pd
import pytest

import segflux_nb as sf
from segflux_nb.errors import RunError
from segflux_nb.model import MODEL
from segflux_nb.model_schema import model_from_schema
from segflux_nb.sweep.form import code_of
from segflux_nb.sweep.request import canonical_json

LORAS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["path"],
        "properties": {"path": {"type": "string"}, "scale": {"type": "number", "minimum": 0, "maximum": 2}},
    },
}
SCHEMA = {
    "required": ["prompt"],
    "properties": {
        "prompt": {"type": "string"},
        "seed": {"type": "integer", "default": -1},
        "guidance": {"type": "number", "default": 3.5, "minimum": 1, "maximum": 20},
        "size": {"type": "string", "enum": ["square", "wide"]},
        "refine": {"type": "boolean", "default": False},
        "width": {"type": "integer", "default": 512, "minimum": 64, "maximum": 2048},
        "loras": LORAS,
    },
}
KNOWN = model_from_schema("multi", SCHEMA, kind="textToImage", price=0.02, seconds=2.0)


def sweep(*links, **given):
    return sf.Sweep(*links, **{"model": KNOWN, "prompt": "a fox", "seed": 1, **given})


# ---------------------------------------------------------------------- what is asked for


def test_a_request_has_what_the_user_gave_and_its_digest_is_slug_and_parameters():
    cell = sweep(guidance=5, loras=[{"path": "a", "scale": 0.5}])[0]
    body = {"prompt": "a fox", "seed": 1, "guidance": 5, "loras": [{"path": "a", "scale": 0.5}]}
    assert cell.body == body
    assert cell.model == "multi"
    text = canonical_json({"model": "multi", "parameters": body, "take": 0})
    assert cell.digest == hashlib.sha256(text.encode()).hexdigest()
    assert cell.digest != sf.Sweep(**{**body, "model": "other"})[0].digest


def test_a_digest_is_the_same_before_and_after_the_schema_is_known():
    given = {"prompt": "a fox", "seed": [1, 2], "guidance": [3, 4.5], "loras": [{"path": "a", "scale": 1.0}]}
    alone = sf.Sweep(model="multi", **given)
    assert [cell.digest for cell in alone] == [cell.digest for cell in sf.Sweep(model=KNOWN, **given)]
    assert alone.with_model(KNOWN) == alone
    with pytest.raises(sf.SweepError, match="guidance=40 is not allowed"):
        sf.Sweep(model="multi", prompt="a", seed=1, guidance=40).with_model(KNOWN)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"guidance": 40}, "from 1 to 20"),
        ({"size": "squar"}, "Did you mean 'square'?"),
        ({"guidanse": 4}, "Did you mean 'guidance'?"),
        ({"seed": -1}, "seed=-1 asks for a random seed"),
        ({"guidance": 1e400}, "not allowed"),
        ({"loras[0].scale": 0.5}, "it has no 'path'"),
        ({"loras[1].path": "a"}, "loras[0] is missing"),
        ({"loras[0].scael": 0.5, "loras[0].path": "a", "guidance": 0}, "guidance=0 is not allowed"),
        ({"loras": [{"path": "a", "scale": 1e-9}]}, "which would make 0 of it"),
        ({"loras[zero].path": "a"}, "There is no parameter"),
        ({"refine": 1}, "True or False"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_sent(given, says):
    with pytest.raises(sf.SweepError) as error:
        list(sweep(**given))
    assert says in str(error.value)


def test_a_seed_that_would_be_random_must_be_given():
    with pytest.raises(sf.SweepError, match="seed is missing, and multi takes a random one then"):
        sf.Sweep(model=KNOWN, prompt="a")
    with pytest.raises(sf.SweepError, match="prompt is missing"):
        sf.Sweep(model=KNOWN, seed=1)


@pytest.mark.parametrize("given", ["dog.png", Path("dog.png"), "dogs/dog.JPG", 7])
def test_a_picture_is_given_by_its_address_or_as_data(given):
    model = model_from_schema("edit", {"properties": {"image": {"type": "string", "format": "uri"}}})
    with pytest.raises(sf.SweepError, match="Use a picture: a file, a Pillow image, its URL, or data in base64"):
        sf.Sweep(model=model, image=given)
    for fine in ("https://x.example/dog.png", "data:image/png;base64,AAAA", "AAAA"):
        assert sf.Sweep(model=model, image=fine)[0].body == {"image": fine}


@pytest.mark.parametrize("kind", ["textToVideo", "textToSpeech", "imageToText"])
def test_what_makes_no_pictures_is_refused_in_a_sentence(kind):
    with pytest.raises(sf.SweepError, match="and sweeps are of pictures"):
        sf.Sweep(model=model_from_schema("clip", SCHEMA, kind=kind), prompt="a", seed=1)


def test_a_slug_is_a_part_of_an_address():
    for wrong in ("a/b", "..", "", "a b", 7, None):
        with pytest.raises(sf.SweepError, match="is not a model"):
            sf.Sweep(model=wrong, prompt="a")


def test_parts_of_lists_are_axes_by_path():
    made = sweep(loras=[{"path": "a", "scale": 1.0}], **{"loras[0].scale": [0.5, 1.0]})
    assert list(made.axes) == ["loras[0].scale"]
    assert [cell.body["loras"] for cell in made] == [[{"path": "a", "scale": 0.5}], [{"path": "a", "scale": 1}]]
    ranged = sweep(**{"loras[0].path": "a", "loras[0].scale": "0-1 [3]"})
    assert ranged.axes == {"loras[0].scale": [0.0, 0.5, 1.0]}
    together = sf.Sweep(
        sf.linked(**{"loras[0].scale": [0.5, 1.0], "guidance": [3, 4]}),
        model=KNOWN,
        prompt="a",
        seed=1,
        **{"loras[0].path": "a"},
    )
    assert [(cell.body["loras"][0]["scale"], cell.guidance) for cell in together] == [(0.5, 3), (1, 4)]
    assert together.replace(loras=[{"path": "b"}])[1].body["loras"] == [{"path": "b", "scale": 1}]


@pytest.mark.parametrize(
    "given", [[{"path": "a", "scale": 1}, {"path": "b"}], {"one": {"path": "a", "scale": 1}, "two": {"path": "b"}}]
)
def test_whole_objects_at_a_place_of_a_list_are_axes(given):
    made = sweep(**{"loras[0]": given, "loras[1].path": "c"})
    wanted = [[{"path": "a", "scale": 1}, {"path": "c"}], [{"path": "b"}, {"path": "c"}]]
    assert [cell.body["loras"] for cell in made] == wanted
    assert list(made.axes) == ["loras[0]"]
    with pytest.raises(sf.SweepError, match=r"it has no 'path'"):
        sweep(**{"loras[0]": [{"scale": 1}]})


def test_a_parameter_that_is_no_path_of_an_unknown_model_is_said_plainly():
    with pytest.raises(sf.SweepError, match=r"There is no parameter .* Write \{a\[1000000000\]"):
        sf.Sweep(model="unknown", prompt="a", seed=1, **{"a[1000000000].b": [1, 2]})


def test_whole_lists_are_values_and_lists_of_lists_are_axes():
    one = sweep(loras=[{"path": "a"}, {"path": "b"}])
    assert len(one) == 1
    several = sweep(loras={"one": [{"path": "a"}], "both": [{"path": "a"}, {"path": "b"}]})
    assert [cell.loras_label for cell in several] == ["one", "both"]
    assert [len(cell.body["loras"]) for cell in several] == [1, 2]
    unlabelled = sweep(loras=[[], [{"path": "a"}]])
    assert [cell.body["loras"] for cell in unlabelled] == [[], [{"path": "a"}]]
    assert unlabelled.axes == {"loras": ["[]", '[{"path":"a"}]']}


@pytest.mark.parametrize(
    "made",
    [
        sweep(guidance="3-5 [3]", refine=[True, False]),
        sweep(loras=[{"path": "a", "scale": 1.0}], **{"loras[0].scale": [0.5, 1.0]}),
        sweep(loras=[[], [{"path": "a"}]]),
        sweep(**{"loras[0]": [{"path": "a"}, {"path": "b"}]}),
        sweep(**{"loras[0]": {"one": {"path": "a"}, "two": {"path": "b", "scale": 0.5}}}),
        sweep(sf.linked(loras=[[], [{"path": "a"}]], guidance=[3, 4])),
        sweep(loras={"one": [{"path": "a"}], "none": []}),
        sweep(prompt="a {animal}", animal=["fox", "owl"], width=[64, 128]),
        sweep(guidance=[3, 4], seed=[1, 2]).where(lambda cell: cell.guidance == 3 or cell.seed == 1),
        sf.Sweep(model="unknown", prompt="a", seed=[1, 2], anything=[True, 2.5, "text"]),
    ],
    ids=[
        "numbers",
        "path",
        "lists",
        "objects",
        "objects-with-labels",
        "linked-lists",
        "labels",
        "placeholder",
        "cells",
        "slug",
    ],
)
def test_sweeps_go_through_files_pickles_and_code(made, tmp_path):
    again = sf.Sweep.from_toml(made.to_toml(tmp_path / "sweep.toml"), model=made.model)
    assert again == made
    assert again.model.slug == made.model.slug
    assert [cell.digest for cell in pickle.loads(pickle.dumps(list(made)))] == [cell.digest for cell in made]
    if made.product is not None:
        scope = {"sf": sf}
        exec(code_of(made), scope)
        assert [cell.digest for cell in scope["sweep"]] == [cell.digest for cell in made]


def test_sums_and_baselines_are_of_one_model():
    with pytest.raises(sf.SweepError, match="have no sum"):
        sweep() + sf.Sweep(prompt="TOK", finetune_id="a")
    with pytest.raises(sf.SweepError, match="has no lora_strength"):
        len(sweep().with_baseline())


def test_a_frame_of_settings_is_a_sweep():
    frame = pd.DataFrame({"seed": [1, 2], "guidance": [3.0, 4.0], "loras[0].path": ["a", "b"]})
    made = sf.Sweep.from_frame(frame, model=KNOWN, prompt="a")
    assert [cell.body["loras"] for cell in made] == [[{"path": "a"}], [{"path": "b"}]]


# ---------------------------------------------------------------------- what is run


@pytest.fixture(scope="module")
def simulator():
    with sf.Simulator(time_scale=0.001, paint=False) as service:
        yield service


@pytest.fixture
def ws(simulator, tmp_path):
    workspace = sf.Workspace(tmp_path / "w", service=simulator)
    yield workspace
    workspace.close()


def test_a_sweep_of_another_model_runs_shows_and_is_exported(ws, tmp_path):
    given = {"prompt": "a {animal}", "animal": ["fox", "owl"], "seed": [1, 2], "guidance_scale": [5, 7.5]}
    made = sf.Sweep(model="sdxl1.0-txt2img", img_width=512, **given)
    runs = ws.run(made)
    assert runs.counts == {"completed": 8}
    assert ws.plan(made).to_submit == 0
    assert {run.model for run in runs} == {"sdxl1.0-txt2img"}
    assert list(runs.df.guidance_scale.unique()) == [5.0, 7.5]
    assert "finetune_id" not in runs.df
    assert runs.sweep == made == sf.Sweep.from_frame(runs.df)
    assert len(runs.where(guidance_scale=5, seed=2)) == 2
    text = str(runs.sheet(cols="seed", rows="guidance_scale", by="animal"))
    assert "rows guidance_scale: 5.0, 7.5" in text
    assert "guidance_scale: " in str(runs.effects())
    folder = runs.export(tmp_path / "out")
    table = pd.read_csv(folder / "runs.csv")
    assert set(table.guidance_scale) == {5.0, 7.5}
    runs.bundle(tmp_path / "study.sfx")
    with sf.Workspace(tmp_path / "study.sfx") as replay:
        assert replay.run(made).counts == {"completed": 8}


def test_a_parameter_that_is_named_like_a_column_keeps_its_axis(ws):
    runs = ws.run(sf.Sweep(model="qwen-image", prompt="a", seed=1, width=[64, 128]))
    assert sorted(runs.df.width_parameter) == [64, 128]
    assert "columns width_parameter: 64, 128" in str(runs.sheet(cols="width"))
    assert len(runs.where(width=64)) == 1


def test_fields_of_ours_that_a_model_lacks_are_not_in_its_frame(ws):
    """Also where it has no field that ours lacks."""
    runs = ws.run(sf.Sweep(model="fast-flux-schnell", prompt=["a lake", "a hill"], seed=[1, 2]))
    assert "finetune_id" not in runs.df
    text = str(runs.where(prompt="a lake").sheet())
    assert "–" not in text
    assert text.count("a lake") == 1


def test_runs_of_several_models_are_told_apart(ws):
    """A field that a model lacks is shown as missing: it has no value there."""
    for model in ("fast-flux-schnell", "sdxl1.0-txt2img"):
        ws.run(
            sf.Sweep(model=model, prompt="apart", seed=1, aspect_ratio="1:1")
            if model[0] == "f"
            else sf.Sweep(model=model, prompt="apart", seed=1)
        )
    both = ws.runs().where(prompt="apart")
    assert both.df["aspect_ratio"].isna().sum() == 1
    assert len(both.where(model="sdxl1.0-txt2img")) == 1
    assert len(both.where(model=["sdxl1.0-txt2img", "fast-flux-schnell"])) == 2
    with pytest.raises(RunError, match="service, model, error_kind"):
        both.where(nothing=1)


def test_whole_objects_at_a_place_on_a_sheet(ws):
    given = [{"path": "https://x.example/a", "scale": 1.0}, {"path": "https://x.example/b", "scale": 0.5}]
    runs = ws.run(sf.Sweep(model=ws.model("flux-dev-multi-lora"), prompt="a", seed=1, **{"loras[0]": given}))
    assert runs.counts == {"completed": 2}
    assert "loras[0]: " in str(runs.sheet())
    assert len(runs.where(lambda run: run.parameters["loras[0].scale"] == 0.5)) == 1


def test_lists_by_path_on_a_sheet(ws):
    model = "flux-dev-multi-lora"
    made = sf.Sweep(
        model=model, prompt="a", seed=1, **{"loras[0].path": "https://x.example/a", "loras[0].scale": [0.5, 1.0]}
    )
    runs = ws.run(made)
    assert runs.counts == {"completed": 2}
    assert "columns loras[0].scale: 0.5, 1.0" in str(runs.sheet(cols="loras[0].scale"))
    assert runs.sweep == made


@pytest.mark.parametrize("model", ["four-at-once", "sdxl-in-json"])
def test_several_pictures_and_base64(ws, model):
    runs = ws.run(sf.Sweep(model=model, prompt="a", seed=1))
    assert runs.counts == {"completed": 1}
    assert len(runs[0].images) == (4 if model == "four-at-once" else 1)


def test_the_catalogue_checks_a_slug_once_the_workspace_knows_it(ws):
    made = sf.Sweep(model="sdxl1.0-txt2img", prompt="a", seed=1, guidance_scale=400)
    ws.refresh_models()
    with pytest.raises(sf.SweepError, match="guidance_scale=400 is not allowed"):
        ws.run(made)
    with pytest.raises(sf.SweepError, match="makes videos"):
        ws.run(sf.Sweep(model="kling-text2video", prompt="a", seed=1))
    with pytest.raises(sf.SweepError, match="synchronous call alone"):
        ws.plan(sf.Sweep(model="upscale-v1", image="https://x.example/a.png"))


def test_the_builder_has_the_fields_of_the_model(ws):
    ws.refresh_models()
    made = sf.Sweep(model="sdxl1.0-txt2img", prompt="a", seed=[1, 2], guidance_scale=[5, 7.5])
    builder = ws.builder(made)
    assert builder.sweep == made
    assert "model='sdxl1.0-txt2img'" in builder.code
    assert {"scheduler", "guidance_scale"} <= {field["name"] for field in builder.fields}


# ---------------------------------------------------------------------- money


def test_a_cap_refuses_an_unknown_price_until_the_user_says_it(ws):
    made = sf.Sweep(model="sdxl-in-json", prompt="a", seed=[11, 12])
    assert "unknown" in str(ws.plan(made))
    stopped = ws.run(made, max_cost=1)
    assert stopped.counts == {"planned": 2}
    assert "ws.run(sweep, price=0.05)" in stopped.stopped
    within = ws.run(made, max_cost=0.06, price=0.05)
    assert within.counts == {"completed": 1, "planned": 1}
    assert ws.run(made, max_cost=0.2, price=0.05).counts == {"completed": 2}
    with pytest.raises(sf.SweepError, match="is not an amount of US dollars"):
        ws.run(made, price=-1)


def test_our_own_model_is_as_it_was():
    cell = sf.Sweep(prompt="TOK", finetune_id="a")[0]
    assert cell.model == MODEL.slug
    assert cell.body["steps"] == 25
    assert sf.Sweep(prompt="TOK", finetune_id="a", model=MODEL.slug)[0].digest == cell.digest
