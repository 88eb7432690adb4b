"""`runs.export_imagefolder`, loaded by Hugging Face's `datasets`, and its card, read by YAML."""

import pytest

datasets = pytest.importorskip("datasets", reason="datasets is not installed: see make packaging")
yaml = pytest.importorskip("yaml")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("by_name", [True, False])
def test_a_dataset_with_its_card_loads(runs, by_name, tmp_path):
    folder = runs.export_imagefolder("dataset", license="CC-BY-4.0", title='TOK: "a" --- study')
    given = {"path": "imagefolder", "data_dir": str(folder)} if by_name else {"path": str(folder)}
    found = datasets.load_dataset(**given, split="train", cache_dir=str(tmp_path / "cache"))
    assert len(found) == 12
    assert set(found["text"]) == {"TOK on the shore of a lake"}
    assert found[0]["image"].size == runs[0].image.size
    assert {row["lora_strength"] for row in found} == {0.4, 0.8, 1.2}
    _, head, text = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    card = yaml.safe_load(head)
    assert (card["license"], card["pretty_name"]) == ("cc-by-4.0", 'TOK: "a" --- study')
    assert card["tags"][0] == "synthetic"
    assert "lora\\_strength" in text
    assert "not pictures by Flux" in text


def test_files_beside_pictures_do_not_keep_it_from_loading(runs, tmp_path):
    folder = runs.export_imagefolder("dataset")
    (next((folder / "train").glob("*.png"), None) or next((folder / "train").glob("*.jpg"))).with_suffix(
        ".xmp"
    ).touch()
    found = datasets.load_dataset("imagefolder", data_dir=str(folder), cache_dir=str(tmp_path / "cache"))
    assert len(found["train"]) == 12
