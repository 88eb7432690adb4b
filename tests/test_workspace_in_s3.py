"""A workspace whose pictures are on a server of S3's kind, through a proxy that fails."""

import hashlib
import random
import shutil

import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb import input_pictures
from segflux_nb.backoff import Backoff
from segflux_nb.errors import WorkspaceError
from segflux_nb.pictures import mounted, object_store
from segflux_nb.pictures.object_store import ObjectStore
from segflux_nb.running import uploads
from segflux_nb.running.policy import asking_again
from tests.support import s3_server

SWEEP = sf.Sweep(prompt="TOK", finetune_id="a", seed=range(10), steps=2)


@pytest.fixture(scope="module")
def moto():
    with s3_server.moto(s3_server.need_moto()) as url:
        yield url


@pytest.fixture
def proxy(moto, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mounted, "_mounts", {})
    monkeypatch.setattr(uploads, "UPLOAD_PAUSE", Backoff(first=0.01, longest=0.02))
    monkeypatch.setattr(uploads, "UPLOAD_SECONDS", 0.3)
    monkeypatch.setattr(object_store, "SILENT_SECONDS", 0.3)
    monkeypatch.setattr(object_store, "TRIES", 1)
    proxy = s3_server.FaultyProxy(moto)
    for name, value in s3_server.environment(proxy.url).items():
        monkeypatch.setenv(name, value)
    yield proxy
    proxy.close()


def is_whole(ws, simulator, address):
    """All is completed and paid for once, and the store has each picture; `print` nothing of the key."""
    runs = ws.runs(SWEEP)
    assert runs.counts == {"completed": len(SWEEP)}
    assert simulator.ledger.submits == len(SWEEP)
    store = ObjectStore(address)
    for run in runs:
        data = store.read(run.path.relative_to(ws.path).as_posix())
        assert hashlib.sha256(data).hexdigest() == run.path.stem
        assert data == run.path.read_bytes()


@pytest.mark.parametrize("faults", [[500, 503], ["lost", "half"], ["cut", "hang", 429], [403, 500]], ids=str)
def test_a_server_that_fails_now_and_then_loses_nothing(proxy, tmp_path, faults):
    address = f"s3://{s3_server.BUCKET}/{tmp_path.name}"
    chance = random.Random(1)
    with (
        sf.Simulator(time_scale=0.001, paint=False) as simulator,
        sf.Workspace("study", service=simulator, pictures=address) as ws,
    ):
        # The first answers are well: a server that refuses at once is told before anything is paid for.
        proxy.fault = lambda method, path: (
            chance.choice(faults) if chance.random() < 0.3 and len(proxy.asked) > 2 else None
        )
        ws.run(SWEEP)
        proxy.fault = lambda method, path: None
        runs = ws.run(SWEEP)
        assert runs.stopped is None
        is_whole(ws, simulator, address)
        shutil.rmtree(tmp_path / "study" / "pictures")
        is_whole(ws, simulator, address)


def test_a_server_that_is_gone_for_the_whole_sweep_gets_all_later(proxy, tmp_path, monkeypatch):
    address = f"s3://{s3_server.BUCKET}/{tmp_path.name}"
    with (
        sf.Simulator(time_scale=0.001, paint=False) as simulator,
        sf.Workspace("study", service=simulator, pictures=address) as ws,
    ):
        proxy.fault = lambda method, path: 503
        with monkeypatch.context() as patched:
            patched.setattr(asking_again, "KEEP_ASKING_SECONDS", 0.5)
            runs = ws.run(SWEEP)
        assert "The pictures of 10 runs wait in the folder of this machine" in runs.stopped
        assert "the store answered 503" in runs.one(seed=1).error
        assert runs.counts == {"processing": 10}
        for secret in (s3_server.KEY, s3_server.SECRET, proxy.url):
            assert secret not in f"{runs.stopped}{runs.df.to_csv()}"
        proxy.fault = lambda method, path: None
        assert ws.run(SWEEP).stopped is None
        is_whole(ws, simulator, address)


def test_wrong_credentials_and_buckets_are_told_before_anything_is_paid_for(proxy):
    with sf.Simulator(time_scale=0.001, paint=False) as simulator:

        def run(folder, address):
            with sf.Workspace(folder, service=simulator, pictures=address) as ws:
                ws.run(SWEEP)

        with pytest.raises(WorkspaceError, match="the bucket does not exist"):
            run("study", "s3://no-such-bucket/x")
        proxy.fault = lambda method, path: 403
        with pytest.raises(WorkspaceError, match="check the credentials"):
            run("other", f"s3://{s3_server.BUCKET}/x")
        assert simulator.ledger.submits == 0


def test_input_pictures_go_to_the_server_before_a_sweep_and_come_back_from_there(proxy, tmp_path, monkeypatch):
    Image.new("RGB", (64, 64), "red").save(tmp_path / "fox.png")
    with (
        sf.Simulator(time_scale=0.001, paint=False) as simulator,
        sf.Workspace("study", service=simulator, pictures=f"s3://{s3_server.BUCKET}/{tmp_path.name}") as ws,
    ):
        ws.refresh_models()
        sweep = sf.Sweep(model=ws.model("sd1.5-img2img"), prompt="a", seed=[1, 2], image=tmp_path / "fox.png")
        sweep.to_toml("sweep.toml")
        for fault in (403, 500, "hang"):
            proxy.fault = lambda method, path, fault=fault: fault
            with pytest.raises(WorkspaceError, match="Nothing was entered"):
                ws.submit(sweep)
        proxy.fault = lambda method, path: None
        assert ws.sweeps.empty
        ws.submit(sweep)
        shutil.rmtree(tmp_path / "study" / "inputs")
        (tmp_path / "fox.png").unlink()
        monkeypatch.setattr(input_pictures, "_held", {})
        assert ws.run(sf.Sweep.from_toml("sweep.toml")).counts == {"completed": 2}
