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
