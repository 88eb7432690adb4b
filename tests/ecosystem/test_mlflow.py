"""What `runs.to_mlflow` writes, read back from MLflow's own store."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.exporting import xmp
from segflux_nb.exporting.marking import COMPUTED, GENERATED
from segflux_nb.exporting.mlflow_pictures import LARGE, as_webp, names_of
from segflux_nb.exporting.tracking import Placed
from segflux_nb.pictures.decode import FORMATS
from tests.metadata.test_marks import TYPE, packet_of

mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed: see make packaging")


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_tracking_uri(None)
    return mlflow.MlflowClient()


def stored(client, name):
    """All that is in an experiment: runs by name, with the paths of their pictures."""
    experiment = client.get_experiment_by_name(name)
    found = client.search_runs([experiment.experiment_id])
    return {
        run.info.run_name: (run, sorted(file.path for file in client.list_artifacts(run.info.run_id, "images")))
        for run in found
    }


def counted(client, name):
    experiment = client.get_experiment_by_name(name)
    return [
        (
            run.info.run_id,
            sorted(file.path for file in client.list_artifacts(run.info.run_id, "images")),
            {key: len(client.get_metric_history(run.info.run_id, key)) for key in run.data.metrics},
            run.data.tags,
        )
        for run in client.search_runs([experiment.experiment_id])
    ]


def test_a_run_for_each_value_with_pictures_along_another_axis(runs, client, tmp_path, capsys):
    ids = runs.to_mlflow("tok")
    assert "2 new, 12 pictures" in capsys.readouterr().out
    found = stored(client, "tok")
    assert set(found) == {"finetune_id 1200 steps", "finetune_id 2400 steps"}
    assert ids == [found[name][0].info.run_id for name in sorted(found)]
    first, files = found["finetune_id 1200 steps"]
    assert first.info.status == "FINISHED"
    assert first.data.params["prompt"] == "TOK on the shore of a lake"
    assert first.data.params["finetune_id"] == "1200 steps"
    assert first.data.params["finetune_id value"] == "aaa"
    assert first.data.params["lora_strength"] == "0.4, 0.8, 1.2"
    assert first.data.params["service"] == "simulator"
    assert first.data.metrics["pictures"] == 6
    assert first.data.metrics["stars"] == 4
    assert first.data.metrics["vote_score"] < 0 < found["finetune_id 2400 steps"][0].data.metrics["vote_score"]
    assert first.data.metrics["sharpness"] == pytest.approx(
        float(runs.where(finetune_id="aaa").log["sharpness"].mean())
    )
    steps = client.get_metric_history(first.info.run_id, "sharpness by lora_strength")
    assert [one.step for one in steps] == [0, 1, 2]
    large = [path for path in files if "+compressed" not in path]
    assert sorted(path.split("+")[:3] for path in large) == [
        [f"images/seed {seed}", "step", str(step)] for seed in (7, 8) for step in (0, 1, 2)
    ]
    assert len(files) == 12, "each with the small one that the grid shows"
    assert {Path(path).suffix for path in files} == {".webp"}, "MLflow's grid finds PNG and WebP files alone"
    seen = Path(client.download_artifacts(first.info.run_id, large[0], tmp_path))
    assert xmp.properties(packet_of(seen.read_bytes())) == {TYPE: COMPUTED}
    kept = sorted(file.path for file in client.list_artifacts(first.info.run_id, "pictures"))
    assert [path.rpartition(" - ")[0] for path in kept] == [
        f"pictures/seed {seed} - lora_strength {strength}" for seed in (7, 8) for strength in (0.4, 0.8, 1.2)
    ]
    copy = Path(client.download_artifacts(first.info.run_id, kept[0], tmp_path))
    assert copy.suffix == ".jpg"
    assert sf.read_metadata(copy).parameters["finetune_id"] == "aaa"
    assert xmp.properties(packet_of(copy.read_bytes())) == {TYPE: COMPUTED}
    mlflow.set_experiment("tok")
    table = mlflow.load_table("pictures.json", run_ids=[first.info.run_id])
    assert table["cell"][0] == "seed 7 - lora_strength 0.4"
    notes = json.loads(Path(client.download_artifacts(first.info.run_id, "runs.json", tmp_path)).read_text())
    assert "=good" in str(notes["data"]), "marks of each run"


def test_a_second_export_adds_nothing_and_a_later_one_what_is_new(runs, client, capsys):
    runs.to_mlflow("tok")
    before = counted(client, "tok")
    capsys.readouterr()
    runs.to_mlflow("tok")
    assert counted(client, "tok") == before
    assert capsys.readouterr().out.strip() == "MLflow, experiment 'tok': 2 runs: nothing new"
    runs.mark(runs[0], stars=2)
    runs.to_mlflow("tok")
    assert "1 changed, 0 pictures; 1 as before" in capsys.readouterr().out
    after = counted(client, "tok")
    assert [one[:2] for one in after] == [one[:2] for one in before]
    first, _ = stored(client, "tok")["finetune_id 1200 steps"]
    assert first.data.metrics["stars"] == 2
    assert len(client.get_metric_history(first.info.run_id, "sharpness")) == 1, "what is the same is not logged again"


def test_what_was_not_there_yet_is_added_to_the_same_runs(tmp_path, client, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sweep = sf.Sweep(prompt="TOK", finetune_id="aaa", lora_strength=[0.5, 0.75], seed=[1, 2, 3], steps=4)
    with sf.Simulator(paint=False) as simulator, sf.Workspace("study", service=simulator) as ws:
        ws.run(sweep, first=2)
        ids = ws.runs(sweep).to_mlflow("tok")
        some = {path for one in counted(client, "tok") for path in one[1]}
        assert set(ids) <= set(ws.run(sweep).to_mlflow("tok"))
        every = {path for one in counted(client, "tok") for path in one[1]}
    assert some < every
    assert len(every) == 12, "six pictures with a small one each, none twice"


def test_an_export_that_was_cut_off_is_completed(runs, client, monkeypatch):
    real = mlflow.MlflowClient.log_batch
    monkeypatch.setattr(mlflow.MlflowClient, "log_batch", lambda *given, **named: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        runs.to_mlflow("tok")
    monkeypatch.setattr(mlflow.MlflowClient, "log_batch", real)
    runs.to_mlflow("tok")
    whole = counted(client, "tok")
    assert len(whole) == 2
    assert [len(one[1]) for one in whole] == [12, 12]


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGB", "PNG"), ("RGBA", "WEBP"), ("CMYK", "JPEG"), ("L", "JPEG"), ("P", "GIF")]
)
def test_pictures_of_every_format_are_where_the_ui_looks(mode, kind, tmp_path):
    data = picture_file(mode, kind)
    names = names_of(Placed(0, "seed 7", 2), "seed 7 - prompt a: b/c", "r1", 5, f".{FORMATS[kind]}")
    assert names.large.rpartition(".")[2] in ("png", "webp")
    assert names.large.startswith("images/seed 7+step+2+timestamp+5+")
    assert (names.picture == names.large) == (kind in ("PNG", "WEBP"))
    assert "/" not in names.picture.partition("/")[2]
    copy = Image.open(io.BytesIO(as_webp(data, LARGE, GENERATED)))
    assert (copy.format, copy.size) == ("WEBP", (40, 30))
    assert TYPE in xmp.properties(packet_of(as_webp(data, LARGE, GENERATED)))


def test_a_copy_for_the_ui_is_upright():
    turned = Image.Exif()
    turned[0x0112] = 6  # a quarter of a turn
    copy = Image.open(io.BytesIO(as_webp(picture_file("RGB", "JPEG", exif=turned.tobytes()), LARGE)))
    assert copy.size == (30, 40)


def picture_file(mode, kind, **options):
    file = io.BytesIO()
    Image.new(mode, (40, 30)).save(file, kind, **options)
    return file.getvalue()


def test_axes_can_be_chosen_and_a_wrong_one_is_named(runs, client):
    runs.to_mlflow("strengths", by="lora_strength", step="seed")
    found = stored(client, "strengths")
    assert set(found) == {"lora_strength 0.4", "lora_strength 0.8", "lora_strength 1.2"}
    assert {path.split("+")[0] for path in found["lora_strength 0.4"][1]} == {
        "images/1200 steps",
        "images/2400 steps",
    }
    for given in ({"by": "strength"}, {"by": "steps"}, {"by": "seed", "step": "seed"}):
        with pytest.raises(sf.SegfluxError, match=r"seed|axis"):
            runs.to_mlflow("strengths", **given)


def test_a_key_is_refused_and_a_deleted_experiment_is_named(runs, client):
    runs.to_mlflow("gone")
    client.delete_experiment(client.get_experiment_by_name("gone").experiment_id)
    with pytest.raises(sf.SegfluxError, match="was deleted"):
        runs.to_mlflow("gone")
    runs.mark(runs[0], note="SG_0123456789abcdef")
    with pytest.raises(sf.SegfluxError, match="API key"):
        runs.to_mlflow("other")


def test_a_bundle_is_exported_too(runs, client):
    runs.bundle("study.sfx")
    with sf.Workspace("study.sfx") as ws:
        ws.runs().to_mlflow("bundle", by="lora_strength")
    assert {len(files) for _, files in stored(client, "bundle").values()} == {8}
