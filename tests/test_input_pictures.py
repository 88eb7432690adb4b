"""Input pictures: files and Pillow images in fields that take a picture, from the sweep to the service."""

import base64
import hashlib
import io
import json
import pickle

import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb import input_pictures
from segflux_nb.model_schema import model_from_schema
from segflux_nb.pictures.inputs import filled
from segflux_nb.simulator.app import Simulator

SCHEMA = {
    "properties": {
        "prompt": {"type": "string"},
        "seed": {"type": "integer"},
        "image": {"type": "string", "contentEncoding": "base64"},
        "mask_url": {"type": "string", "format": "uri"},
        "portrait": {"type": "string", "format": "image", "description": "A data URL."},
        "images": {"type": "array", "items": {"type": "string", "format": "uri"}},
    }
}
MODEL = model_from_schema("edit", SCHEMA)


@pytest.fixture(scope="module")
def simulator():
    with Simulator(time_scale=0, paint=False) as running:
        yield running


@pytest.fixture
def ws(simulator, tmp_path):
    with sf.Workspace(tmp_path / "ws", service=simulator) as workspace:
        workspace.refresh_models()
        yield workspace


def saved(path, colour, size=(40, 30)):
    Image.new("RGB", size, colour).save(path)
    return path


def text_of(path):
    return f"picture:sha256-{hashlib.sha256(path.read_bytes()).hexdigest()}{path.suffix}"


def sweep(**given):
    return sf.Sweep(**{"model": MODEL, "prompt": "a lake", "seed": 1, **given})


def forget(monkeypatch):
    """What a new process knows."""
    monkeypatch.setattr(input_pictures, "_held", {})
    monkeypatch.setattr(input_pictures, "_files", {})


def test_a_file_is_the_sha256_of_its_bytes_wherever_it_is(tmp_path):
    (tmp_path / "other").mkdir()
    one, other = saved(tmp_path / "a.png", "red"), saved(tmp_path / "other" / "b.png", "red")
    cells = [sweep(image=given)[0] for given in (one, str(one), other)]
    assert {cell.image for cell in cells} == {text_of(one)}
    assert len({cell.digest for cell in cells}) == 1
    assert cells[0].digest != sweep(image=saved(tmp_path / "c.png", "blue"))[0].digest
    assert sf.Sweep(model="edit", prompt="a lake", seed=1, image=str(one)).with_model(MODEL)[0] == cells[0]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_a_pillow_image_is_a_png_of_its_pixels_alone(mode):
    image = Image.linear_gradient("L").convert("RGB").convert(mode)
    text = sweep(image=image)[0].image
    assert sweep(image=image.copy())[0].image == text
    sent = Image.open(io.BytesIO(input_pictures.bytes_of(text)))
    assert sent.format == "PNG"
    assert sent.tobytes() == image.convert(sent.mode).tobytes()


def test_the_bytes_of_a_pillow_image_never_change():
    assert sweep(image=Image.new("RGB", (2, 1), (1, 2, 3)))[0].image == (
        "picture:sha256-b5b035f5d71afa41a4e7de9ba70e307f2d67da740590d86540c5e011394b5e71.png"
    )


def test_an_axis_of_pictures_has_their_names_as_labels(tmp_path):
    (tmp_path / "x").mkdir()
    files = [
        saved(tmp_path / "a.png", "red"),
        saved(tmp_path / "b.png", "blue"),
        saved(tmp_path / "x" / "a.png", "tan"),
    ]
    made = sweep(image=[*files, Image.new("RGB", (2, 2))])
    assert len(made) == 4
    labels = list(made.labels["image"].values())
    assert labels[:2] == ["a.png", "b.png"]
    assert labels[2].startswith("a.png ")
    assert labels[3].startswith("picture ")
    together = sf.Sweep(sf.linked(image=files, seed=[1, 2, 3]), model=MODEL, prompt="a lake")
    assert [cell.image_label for cell in together][:2] == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"image": "nowhere.png"}, "cannot be read"),
        ({"image": "FOLDER/words.png"}, "no picture of a format"),
        ({"image": Image.new("I;16", (2, 2))}, "give image.convert"),
        ({"image": Image.new("RGB", (4000, 3000))}, "at most 20 MiB"),
        ({"images": ["nowhere.png"]}, "cannot be read"),
        ({"prompt": Image.new("RGB", (2, 2))}, "not allowed"),
        ({"model": "unknown", "image": Image.new("RGB", (2, 2))}, "nothing says that it takes a picture"),
    ],
)
def test_what_is_no_picture_that_can_be_sent_is_refused(tmp_path, given, says):
    (tmp_path / "words.png").write_text("words")
    given = {k: v.replace("FOLDER", str(tmp_path)) if isinstance(v, str) else v for k, v in given.items()}
    with pytest.raises(sf.SweepError, match=says):
        sweep(**given)


def bodies(simulator, monkeypatch, run):
    """What arrives at the service."""
    from segflux_nb.service.api import Api

    seen, submit = [], Api.submit

    def noting(self, content, *rest):
        seen.append(json.loads(content))
        return submit(self, content, *rest)

    monkeypatch.setattr(Api, "submit", noting)
    return run(), seen


def test_pictures_are_sent_as_the_schema_says_and_kept(ws, simulator, tmp_path, monkeypatch):
    files = [saved(tmp_path / "a.png", "red"), saved(tmp_path / "b.jpg", "blue")]
    wanted = sf.Sweep(model=ws.model("sd1.5-img2img"), prompt="a lake", seed=1, image=files)
    assert ws.plan(wanted)
    runs, seen = bodies(simulator, monkeypatch, lambda: ws.run(wanted))
    assert list(runs.df["status"]) == ["completed"] * 2
    sent = {
        f"data:image/{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
        for kind, file in zip(("png", "jpeg"), files, strict=True)
    }
    assert {body["image"] for body in seen} == sent
    digest = hashlib.sha256(files[0].read_bytes()).hexdigest()
    assert (tmp_path / "ws" / "inputs" / digest[:2] / f"{digest}.png").read_bytes() == files[0].read_bytes()
    assert runs.sheet(cols="image").image.size[0] > 100
    runs.bundle(tmp_path / "study.sfx")
    assert b"Input pictures of the runs are not in this file" in (tmp_path / "study.sfx").read_bytes()
    with sf.Workspace(tmp_path / "study.sfx") as opened:
        assert len(opened.runs().df) == 2


def test_a_list_of_pictures_and_base64_alone(ws, tmp_path):
    file = saved(tmp_path / "a.png", "red")
    assert list(
        ws.run(sf.Sweep(model=ws.model("kontext-edit"), prompt="a", seed=1, image_urls=[file])).df.status
    ) == ["completed"]
    cell = sweep(image=file, mask_url=file, images=[file], portrait=file)[0]
    from segflux_nb.pictures.inputs import keep_inputs

    keep_inputs(tmp_path, [cell])
    addresses = {cell.image: "https://images.example/a.png"}
    body, text = filled(tmp_path, cell, MODEL, addresses), base64.b64encode(file.read_bytes()).decode()
    assert body["image"] == text
    assert body["mask_url"] == addresses[cell.image]
    assert body["images"] == [addresses[cell.image]]
    assert body["portrait"] == f"data:image/png;base64,{text}"
    assert input_pictures.as_kept(body["image"]) == input_pictures.as_kept(body["portrait"]) == cell.image


def test_a_sweep_file_needs_a_workspace_that_has_the_bytes(ws, simulator, tmp_path, monkeypatch):
    file = saved(tmp_path / "a.png", "red")
    wanted = sf.Sweep(model=ws.model("sd1.5-img2img"), prompt="a lake", seed=[1, 2], image=file)
    wanted.to_toml(tmp_path / "s.toml")
    read = sf.Sweep.from_toml(tmp_path / "s.toml")
    assert read == wanted
    assert pickle.loads(pickle.dumps(wanted)) == wanted
    assert str(tmp_path) not in (tmp_path / "s.toml").read_text()
    saved(file, "blue")
    with pytest.raises(sf.SweepError, match="are not in this workspace"):
        ws.run(wanted)
    saved(file, "red")
    ws.run(wanted.where(lambda cell: cell.seed == 1))
    file.unlink()
    forget(monkeypatch)
    assert list(ws.run(read).df["status"]) == ["completed"] * 2
    refused = pytest.raises(sf.SweepError, match="are not in this workspace")
    with sf.Workspace(tmp_path / "other", service=simulator) as other, refused:
        other.run(read.replace(seed=3))


def test_a_picture_that_is_cut_off_is_refused_before_anything_is_sent(ws, tmp_path):
    file = tmp_path / "half.png"
    whole = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(whole, "PNG")
    file.write_bytes(whole.getvalue()[:-200])
    with pytest.raises(sf.SweepError, match=r"'half.png' cannot be used"):
        ws.run(sf.Sweep(model=ws.model("sd1.5-img2img"), prompt="a", seed=1, image=file))
    assert not len(ws.runs().df)


def test_a_picture_is_found_again_in_the_services_history(tmp_path):
    from segflux_nb.running.policy.reconcile import History
    from segflux_nb.service.history import HistoryRow

    cell = sweep(image=saved(tmp_path / "a.png", "red"))[0]
    sent = base64.b64encode((tmp_path / "a.png").read_bytes()).decode()
    fields = dict.fromkeys(HistoryRow.__dataclass_fields__)
    row = HistoryRow(**{**fields, "request_id": "r", "body": {**cell.body, "image": sent}, "picture_urls": ()})
    assert History([row], None).find(cell.body, 0.0, 0.0, lambda name: False) is row
    assert History([row], None).find({**cell.body, "seed": 2}, 0.0, 0.0, lambda name: False) is None


def test_a_prompt_of_the_own_model_is_never_taken_for_a_picture(tmp_path):
    prompt = f"picture:sha256-{'0' * 64}.png"
    with sf.Workspace(tmp_path / "s", service=sf.Simulator(time_scale=0.001, paint=False)) as ws:
        assert ws.run(sf.Sweep(prompt=prompt, finetune_id="a", seed=1)).counts == {"completed": 1}


# ---------------------------------------------------------------------- in short


def in_short(ws, folder):
    """A sweep with one picture that all cells share, and what people see of it."""
    return sf.Sweep(
        model=ws.model("sd1.5-img2img"),
        prompt="a lake",
        seed=[1, 2],
        strength=[0.3, 0.6],
        image=saved(folder / "fox.png", "red"),
    )


def test_a_picture_that_all_share_is_short_wherever_it_is_shown(ws, tmp_path, monkeypatch):
    made = in_short(ws, tmp_path)
    label = f"fox.png {made[0].image[len('picture:sha256-') :][:6]}"
    digits = made[0].image[len("picture:sha256-") :][:64]
    assert ws.builder(made).said["image"]["text"] == label
    assert made.to_toml(tmp_path / "s.toml") is not None
    assert "# fox.png" in (tmp_path / "s.toml").read_text()
    assert sf.Sweep.from_toml(tmp_path / "s.toml", model=ws.model) == made
    runs = ws.run(made)
    forget(monkeypatch)  # a new process, which learns the name from the workspace
    monkeypatch.setattr(input_pictures, "_names", {})
    with sf.Workspace(tmp_path / "ws", service=ws._connection.located().api) as again:
        runs = again.runs(made)
        assert set(runs.df["image_parameter_label"]) == {label}
        sheet = runs.sheet(captions=["image"]).save(tmp_path / "sheet.html").read_text()
        assert label in sheet
        assert digits not in sheet
        tuner = runs.tuner()
        assert repr(tuner).startswith("Tuner(strength")
        assert digits not in json.dumps([tuner.axes, tuner.labels, tuner.cells])
        values = {column["name"]: column["values"] for column in runs.gallery().table["columns"]}
        assert values["image_parameter"] == [label]
        runs.export(tmp_path / "out")
        assert label in (tmp_path / "out" / "report.html").read_text()
        assert sf.Sweep.from_frame(runs.df, model=again.model("sd1.5-img2img")) == made


def test_an_axis_of_pictures_is_found_by_its_name_everywhere(ws, tmp_path):
    files = [saved(tmp_path / "fox.png", "red"), saved(tmp_path / "owl.png", "blue")]
    runs = ws.run(sf.Sweep(model=ws.model("sd1.5-img2img"), prompt="a", seed=[1, 2], image=files))
    assert "Tuner(image_parameter: 2 values" in repr(runs.tuner("image"))
    assert repr(runs.tuner()) == repr(runs.tuner("image"))
    assert "fox.png" in str(runs.sheet(cols="image")._repr_mimebundle_())
    runs.export(tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out" / "pictures").iterdir())
    assert names[0] == "seed-1_image_parameter-fox.jpg"
    runs.export(tmp_path / "named", names="{image}-{seed}")
    assert (tmp_path / "named" / "pictures" / "owl.png-2.jpg").exists()
    assert "image" in str(runs.effects())


def test_base64_and_lists_of_pictures_are_short_too(ws, tmp_path):
    file = saved(tmp_path / "fox.png", "red", size=(300, 300))
    whole = "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode()
    assert input_pictures.short(whole).startswith("picture ")
    assert input_pictures.short("a lake " * 100) == "a lake " * 100
    runs = ws.run(sf.Sweep(model=ws.model("kontext-edit"), prompt="a", seed=[1, 2], image_urls=[file]))
    (label,) = set(runs.df["image_urls[0]_label"])
    assert label.startswith("fox.png ")
    runs = ws.run(sf.Sweep(model=ws.model("sd1.5-img2img"), prompt="a", seed=1, image=whole))
    assert len(runs.df["image_parameter_label"][0]) == len("picture 123456")


def test_what_is_noted_of_names_is_read_with_care(ws, tmp_path):
    ws.run(in_short(ws, tmp_path))
    file = tmp_path / "ws" / "inputs" / "names.jsonl"
    with open(file, "ab") as more:
        more.write(b'[1, 2]\n{}\n\xff\n["picture:sha256-", "x"]\n[[], []]\nhalf')
    with sf.Workspace(tmp_path / "ws", service=ws._connection.located().api) as again:
        assert len(again.runs().df) == 4


def test_other_models_list_no_fields_that_they_do_not_have(ws, tmp_path):
    runs = ws.run(in_short(ws, tmp_path))
    table = runs.gallery().table
    assert not {"finetune_id", "lora_strength", "hardware"} & {*table["later"], *table["parameters"]}
    runs.export(tmp_path / "out")
    assert "finetune_id" not in (tmp_path / "out" / "report.html").read_text()
    assert "finetune_id" not in (tmp_path / "out" / "runs.csv").read_text()
