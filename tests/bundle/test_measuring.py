"""Numbers of pictures in a bundle are those of the folder."""

from concurrent.futures import ProcessPoolExecutor

import segflux_nb as sf


def brightness(image):
    return float(image.convert("L").resize((1, 1)).getpixel((0, 0)))


def test_a_bundle_gives_the_numbers_of_its_folder(tmp_path):
    sweep = sf.Sweep(
        prompt="TOK", finetune_id="pagoda-1200", seed=[1, 2], lora_strength=[0.0, 1.0], aspect_ratio="1:1"
    )
    with sf.Workspace(tmp_path / "w", service=sf.Simulator(time_scale=0)) as ws:
        runs = ws.run(sweep)
        runs.bundle(tmp_path / "study.sfx")
        own = runs.measure("sharpness", "drift", {"brightness": brightness})
        effects = str(runs.effects())
    with sf.Workspace(tmp_path / "study.sfx") as bundle, ProcessPoolExecutor(1) as pool:
        replayed = bundle.run(sweep)
        found = replayed.measure("sharpness", "drift", {"brightness": brightness}, executor=pool)
        assert found.drop(columns="image", errors="ignore").equals(own.drop(columns="image", errors="ignore"))
        assert own.brightness.notna().all()
        assert str(replayed.effects()) == effects


def test_numbers_travel_in_a_bundle(tmp_path):
    sweep = sf.Sweep(prompt="TOK", finetune_id="pagoda-1200", seed=[1, 2], lora_strength=[0.0, 1.0])
    with sf.Workspace(tmp_path / "w", service=sf.Simulator(time_scale=0)) as ws:
        runs = ws.run(sweep)
        runs.measure("sharpness", "drift", {"clip": lambda image: {"a fox": 0.5, "an owl": None}})
        runs.bundle(tmp_path / "study.sfx")
        own = runs.log
        runs.where(seed=1).bundle(tmp_path / "half.sfx")
    with sf.Workspace(tmp_path / "study.sfx") as bundle:
        found = bundle.run(sweep).log
        names = ["sharpness", "drift", "clip_a fox", "clip_an owl"]
        assert found[names].equals(own[names])
        assert own["clip_a fox"].tolist() == [0.5] * 4
        bundle.run(sweep).bundle(tmp_path / "again.sfx")
    assert (tmp_path / "again.sfx").read_bytes() == (tmp_path / "study.sfx").read_bytes()
    with sf.Workspace(tmp_path / "half.sfx") as half:
        assert len({row.sha256 for row in half.runs().source.log.metrics.all()}) == 2, "of its own pictures alone"
