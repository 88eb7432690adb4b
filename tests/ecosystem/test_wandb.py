"""What `runs.to_wandb` writes without a network, read back from W&B's folder."""

import base64
import hashlib
import json
from pathlib import Path

import pytest

import segflux_nb as sf
from segflux_nb.exporting import xmp
from segflux_nb.exporting.marking import COMPUTED
from tests.metadata.test_marks import TYPE, packet_of

wandb = pytest.importorskip("wandb", reason="wandb is not installed: see make packaging")


@pytest.fixture
def staged(runs, tmp_path, monkeypatch):
    """The folder in which W&B keeps the pictures of tables until they are sent."""
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("WANDB_MODE", raising=False)
    wandb.teardown()  # its settings are those of the process, and of the folder in which it began
    yield tmp_path / "data"
    wandb.teardown()


def tables(folder="wandb"):
    found = {}
    for file in Path(folder).glob("offline-run-*/files/media/table/*.table.json"):
        found.setdefault(file.name.partition("_")[0], []).append(json.loads(file.read_text()))
    return found


def test_a_table_with_pictures_parameters_marks_and_metrics(runs, staged, capsys):
    run_id = runs.to_wandb("tok", mode="offline")
    assert run_id in capsys.readouterr().out
    found = tables()
    # The run's own copy of the table names pictures by the word "Image"; W&B shows the one of the artifact.
    texts = [file.read_bytes() for file in staged.rglob("*") if file.is_file()]
    artifacts = [json.loads(text) for text in texts if text.startswith(b"{")]
    table = next(one for one in artifacts if "picture" in one["columns"] and isinstance(one["data"][0][0], dict))
    assert len(found["runs"]) == 1
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert len(rows) == 12
    assert (rows[0]["lora_strength"], rows[0]["seed"], rows[0]["stars"], rows[0]["note"]) == (0.4, 7, 4, "=good")
    assert {row["finetune_id_label"] for row in rows} == {"1200 steps", "2400 steps"}
    assert all(isinstance(row["sharpness"], float) for row in rows)
    # Each picture is there with the digest that the table names, marked and with its parameters.
    files = {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in staged.rglob("*") if file.is_file()}
    pictures = [files[row["picture"]["sha256"]] for row in rows]
    assert {sf.read_metadata(file).parameters["seed"] for file in pictures} == {7, 8}
    assert xmp.properties(packet_of(pictures[0].read_bytes())) == {TYPE: COMPUTED}
    (values,) = found["values"]
    assert [row[values["columns"].index("finetune_id")] for row in values["data"]] == ["1200 steps", "2400 steps"]
    assert "vote_score" in values["columns"]
    (written,) = Path("wandb").glob("offline-run-*/run-*.wandb")
    record = written.read_bytes()
    for text in (b"TOK on the shore of a lake", base64.b64encode(hashlib.md5(pictures[0].read_bytes()).digest())):
        assert text in record


def test_a_second_export_adds_nothing(runs, staged, capsys):
    first = runs.to_wandb("tok", mode="offline")
    before = sorted(Path("wandb").rglob("*"))
    assert runs.to_wandb("tok", mode="offline") == first
    assert sorted(Path("wandb").rglob("*")) == before
    assert "nothing new" in capsys.readouterr().out
    runs.mark(runs[1], stars=1)
    assert runs.to_wandb("tok", mode="offline") != first
    assert len(tables()["runs"]) == 2


def test_a_run_of_the_user_goes_on(runs, staged, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    own = wandb.init(project="own", mode="offline")
    runs.to_wandb("tok")
    assert wandb.run is own
    own.log({"a": 1})
    own.finish()


def test_an_export_that_was_cut_off_is_made_again(runs, staged, monkeypatch):
    real = wandb.Table
    monkeypatch.setattr(wandb, "Table", lambda *given, **named: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        runs.to_wandb("tok", mode="offline")
    monkeypatch.setattr(wandb, "Table", real)
    runs.to_wandb("tok", mode="offline")
    assert len(tables()["runs"]) == 1
