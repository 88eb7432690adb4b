"""Input pictures of a sweep that another machine has entered: they come from the object store that both have."""

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb import input_pictures
from segflux_nb.backoff import Backoff
from segflux_nb.bundle.opened import is_bundle
from segflux_nb.clock import SystemClock
from segflux_nb.copying.copier import copy_workspace
from segflux_nb.errors import StoreError, SweepError, TransportError, WorkspaceError
from segflux_nb.lifecycle import Unknown
from segflux_nb.pictures import mounted
from segflux_nb.pictures.object_store import ObjectStore
from segflux_nb.running import input_uploads
from segflux_nb.running.recovery import Recovery
from segflux_nb.service.api import Api
from segflux_nb.simulator.app import Simulator
from segflux_nb.worker import Worker


@pytest.fixture
def service():
    with Simulator(time_scale=0, paint=False) as simulator:
        yield simulator


class Team:
    """Machines that share a database and a store, and nothing else. Each has a folder of its own."""

    def __init__(self, address, service, folder, monkeypatch):
        self.address, self.service, self.folder = address, service, folder
        self.monkeypatch = monkeypatch
        self.store = folder / "shared"

    def machine(self, name):
        self.monkeypatch.setenv("SEGFLUX_CACHE", str(self.folder / name))
        for known in ("_held", "_files", "_names"):
            self.monkeypatch.setattr(input_pictures, known, {})
        self.monkeypatch.setattr(mounted, "_mounts", {})

    def opened(self, name, **settings):
        self.machine(name)
        return sf.Workspace(self.address, service=self.service.url, pictures=self.store, **settings)

    def worked(self, name):
        """What a worker tells on a machine, once it has nothing left that gets on."""
        told = []
        with self.opened(name) as ws:
            Worker(ws, SystemClock(), told.append, until_idle=True).run()
        return told

    def stored(self):
        return {path.relative_to(self.store).as_posix(): path for path in self.store.glob("inputs/*/*")}


@pytest.fixture
def team(postgres, service, tmp_path, monkeypatch):
    monkeypatch.setattr(input_uploads, "PAUSE", Backoff(first=0.001, longest=0.001))
    monkeypatch.delenv("SEGFLUX_PICTURES", raising=False)
    return Team(postgres.new_database(), service, tmp_path, monkeypatch)


def saved(path, colour="red"):
    Image.new("RGB", (64, 64), colour).save(path)
    return path


def sweep(ws, picture, **given):
    """For a model that takes pictures in the request."""
    if ws._launcher.models.catalogue() is None:
        ws.refresh_models()
    return sf.Sweep(**{"model": ws.model("sd1.5-img2img"), "prompt": "a", "seed": [1, 2], "image": picture, **given})


def by_address(ws, picture, **given):
    """For a model that takes pictures by their address at the service."""
    if ws._launcher.models.catalogue() is None:
        ws.refresh_models()
    return sf.Sweep(
        **{"model": ws.model("kontext-edit"), "prompt": "a", "seed": [1, 2], "image_urls": [picture], **given}
    )


def name_in_store(path):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"inputs/{digest[:2]}/{digest}.png"


def fail(monkeypatch, call, *, is_passing=True, why="the store cannot be reached"):
    def failing(self, *arguments):
        raise StoreError(f"{self.address}: {why}", is_passing=is_passing)

    monkeypatch.setattr(ObjectStore, call, failing)


def submit(team, make, picture, **given):
    with team.opened("here") as ws:
        ws.submit(make(ws, picture, **given), name="fox")


# ---------------------------------------------------------------------- it works


@pytest.mark.parametrize("make", [sweep, by_address])
def test_a_worker_elsewhere_sends_the_picture_as_it_is_sent_here(team, service, tmp_path, monkeypatch, make):
    bodies, send = [], Api.submit

    def noting(self, content, *rest):
        bodies.append({key: value for key, value in json.loads(content).items() if key != "seed"})
        return send(self, content, *rest)

    monkeypatch.setattr(Api, "submit", noting)
    picture = saved(tmp_path / "fox.png")
    with team.opened("here") as ws:
        assert ws.run(make(ws, picture, seed=[7])).counts == {"completed": 1}
    submit(team, make, picture)
    saved(tmp_path / "fox.png", "blue")
    assert "fox: 2 pictures made. Done" in team.worked("elsewhere")
    assert bodies[0] == bodies[1] == bodies[2]
    assert service.ledger.submits == 3
    assert service.ledger.uploads == (1 if make is by_address else 0), "the address is known to all machines"


WORKER = [sys.executable, "-m", "segflux_nb", "worker", "--until-idle"]


def process(team, name, command):
    """A command on a machine of its own."""
    home = team.folder / name
    own = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "SEGFLUX_PICTURES": str(team.store)}
    own |= {"SEGFLUX_WORKSPACE": team.address, "PYTHONPATH": str(Path(sf.__file__).parents[1])}
    inherited = {key: value for key, value in os.environ.items() if key != "SEGFLUX_CACHE"}
    return subprocess.Popen(command, env=inherited | own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_a_real_worker_on_another_machine_makes_what_was_submitted_here(team, service, tmp_path):
    submit(team, by_address, saved(tmp_path / "fox.png"))
    worker = process(team, "elsewhere", [*WORKER, "--service", service.url])
    said, _ = worker.communicate(timeout=120)
    assert worker.returncode == 0, said
    assert "fox: 2 pictures made. Done" in said
    assert (service.ledger.submits, service.ledger.uploads) == (2, 1)
    copies = list((tmp_path / "elsewhere" / "cache").glob("**/inputs/*/*.png"))
    assert [path.read_bytes() for path in copies] == [(tmp_path / "fox.png").read_bytes()]


def test_a_sweep_file_is_run_where_its_picture_never_was(team, service, tmp_path):
    picture = saved(tmp_path / "fox.png")
    with team.opened("here") as ws:
        made = sweep(ws, picture)
        ws.run(made.where(lambda cell: cell.seed == 1))
        made.to_toml(tmp_path / "sweep.toml")
    picture.unlink()
    with team.opened("elsewhere") as ws:
        read = sf.Sweep.from_toml(tmp_path / "sweep.toml")
        plan = str(ws.plan(read))
        assert "1 input picture" in plan
        assert "0.0 kB" not in plan, "its size is known from the store"
        assert "neither" not in plan
        assert ws.run(read).counts == {"completed": 2}


def test_the_same_picture_in_two_sweeps_is_in_the_store_once(team, tmp_path):
    submit(team, sweep, saved(tmp_path / "fox.png"))
    submit(team, by_address, saved(tmp_path / "again.png"))
    assert list(team.stored()) == [name_in_store(tmp_path / "fox.png")]
    assert team.worked("elsewhere").count("fox: 2 pictures made. Done") == 2


# ---------------------------------------------------------------------- it is refused


def test_a_picture_that_changed_after_the_plan_is_refused_and_nothing_is_entered(team, tmp_path):
    picture = saved(tmp_path / "fox.png")
    with team.opened("here") as ws:
        made = sweep(ws, picture)
        ws.plan(made)
        saved(picture, "blue")
        with pytest.raises(SweepError, match="has changed since the sweep was made"):
            ws.submit(made)
        assert not len(ws.runs().df)
    assert not team.stored()


@pytest.mark.parametrize("verb", ["submit", "run"])
@pytest.mark.parametrize("is_passing", [True, False])
def test_a_store_that_is_away_or_read_only_is_told_and_nothing_is_entered(
    team, service, tmp_path, monkeypatch, verb, is_passing
):
    picture = saved(tmp_path / "fox.png")
    with team.opened("here") as ws:
        made = sweep(ws, picture)
        with monkeypatch.context() as patch:
            fail(patch, "pages" if is_passing else "create", is_passing=is_passing, why="the store refuses it")
            with pytest.raises(WorkspaceError, match="Nothing was entered") as raised:
                getattr(ws, verb)(made)
        assert ("when the store answers" in str(raised.value)) is is_passing
        assert not len(ws.runs().df)
        assert not len(ws.sweeps)
        assert service.ledger.submits == 0
        ws.submit(made)
        with monkeypatch.context() as patch:  # what is there already needs no writing
            fail(patch, "create", is_passing=False, why="the store refuses it")
            ws.submit(made)


def test_a_picture_that_the_store_lost_or_damaged_is_told_unpaid_and_mended_by_another_submit(
    team, service, tmp_path
):
    picture = saved(tmp_path / "fox.png")
    submit(team, sweep, picture)
    team.stored()[name_in_store(picture)].unlink()
    (told,) = [line for line in team.worked("elsewhere") if "tries again" in line]
    assert "neither in this workspace's folder nor in file://" in told
    submit(team, sweep, picture)
    other = io.BytesIO()
    Image.new("RGB", (64, 64), "blue").save(other, "PNG")
    size = picture.stat().st_size
    team.stored()[name_in_store(picture)].write_bytes(other.getvalue()[:size].ljust(size, b"\0"))
    (told,) = [line for line in team.worked("elsewhere") if "tries again" in line]
    assert "has other bytes under its name, inputs/" in told
    assert "Nothing was billed" in told
    assert service.ledger.submits == 0
    submit(team, sweep, picture)
    assert "fox: 2 pictures made. Done" in team.worked("elsewhere")


def test_a_store_that_is_away_for_the_worker_costs_nothing_and_it_goes_on_later(team, service, tmp_path, monkeypatch):
    submit(team, sweep, saved(tmp_path / "fox.png"))
    with monkeypatch.context() as patch:
        fail(patch, "read")
        (told,) = [line for line in team.worked("elsewhere") if "tries again" in line]
    assert "cannot be read: file://" in told
    assert service.ledger.submits == 0
    assert "fox: 2 pictures made. Done" in team.worked("elsewhere")


def test_a_catalogue_that_cannot_be_read_is_no_guess_that_is_paid_for(team, service, tmp_path, monkeypatch):
    submit(team, sweep, saved(tmp_path / "fox.png"))

    async def away(self):
        raise TransportError("the service cannot be reached")

    with monkeypatch.context() as patch:
        patch.setattr(Api, "catalogue", away)
        (told,) = [line for line in team.worked("elsewhere") if "tries again" in line]
    assert "how sd1.5-img2img takes pictures" in told
    assert service.ledger.submits == 0


def test_a_job_whose_answer_was_lost_is_found_from_another_machine(team, service, tmp_path, monkeypatch):
    """The history shows the address that the first machine has sent: the other one knows which picture that is."""
    with team.opened("here") as ws:
        made, send = by_address(ws, saved(tmp_path / "fox.png"), seed=[1]), Api.submit

        async def lost(self, *arguments):
            await send(self, *arguments)
            return Unknown("the answer was lost")

        with monkeypatch.context() as patch:
            patch.setattr(Api, "submit", lost)
            patch.setattr(Recovery, "reconcile", nothing)
            assert ws.run(made).counts == {"unknown": 1}
        made.to_toml(tmp_path / "sweep.toml")
    with team.opened("elsewhere") as ws:
        assert ws.run(sf.Sweep.from_toml(tmp_path / "sweep.toml")).counts == {"completed": 1}
    assert service.ledger.submits == 1


async def nothing(self, *arguments, **named):
    """A process that ends before it looks up what it sent."""


# ---------------------------------------------------------------------- it is counted


def copied(team, source, target):
    with team.monkeypatch.context() as patch:
        patch.setenv("SEGFLUX_PICTURES", str(team.store))
        return copy_workspace(str(source), str(target), SystemClock(), print)


def test_copies_take_input_pictures_along_into_the_store_and_back(team, service, tmp_path):
    picture = saved(tmp_path / "fox.png")
    with sf.Workspace(tmp_path / "study", service=service.url) as ws:
        ws.run(by_address(ws, picture, seed=[1]))
        bundle = ws.runs().bundle(tmp_path / "study.sfx")
    team.machine("here")
    done = copied(team, tmp_path / "study", team.address)
    assert (done.files.inputs, done.files.missing_inputs) == (1, [])
    assert "1 input picture, each with its sha256" in str(done)
    assert team.stored()[name_in_store(picture)].read_bytes() == picture.read_bytes()
    with team.opened("here") as ws:
        ws.submit(by_address(ws, picture), name="fox")
    picture_bytes = picture.read_bytes()
    picture.unlink()
    assert "fox: 1 picture made. Done" in team.worked("elsewhere")
    assert service.ledger.uploads == 1, "the copy knows where the service has it"
    team.machine("third")
    done = copied(team, team.address, tmp_path / "back")
    assert done.files.inputs == 1
    assert (tmp_path / "back" / next(iter(team.stored()))).read_bytes() == picture_bytes
    team.machine("third")
    done = copied(team, bundle, tmp_path / "unpacked")
    assert is_bundle(bundle)
    assert done.ok
    assert len(done.files.missing_inputs) == 1
    assert "1 input picture not in study.sfx: runs that are still to be made" in str(done)


def test_verify_restores_and_uploads_input_pictures_and_names_what_is_needed(team, tmp_path):
    picture = saved(tmp_path / "fox.png")
    submit(team, sweep, picture)
    with team.opened("here") as ws:
        (here,) = ws.path.glob("inputs/*/*.png")
        assert "1 input picture: 1 fine" in str(ws.verify())
        here.write_bytes(b"other")
        assert "1 input picture: 1 restored" in str(ws.verify())
        team.stored()[name_in_store(picture)].unlink()
        found = ws.verify()
        assert "1 input picture: 1 uploaded" in str(found)
        assert found.ok
        team.stored()[name_in_store(picture)].unlink()
        here.unlink()
        found = ws.verify()
        assert "missing: make the sweep again with its file" in str(found)
        assert not found.ok
        ws.submit(sweep(ws, picture), name="fox")
        ws.run(sweep(ws, picture))
        team.stored()[name_in_store(picture)].unlink()
        here.unlink()
        assert ws.verify().ok, "no run needs it any more"
        ws.runs().discard(pictures=True)


def test_another_store_is_refused_until_it_has_what_is_still_to_be_sent(team, tmp_path):
    submit(team, sweep, saved(tmp_path / "fox.png"))
    team.store = tmp_path / "other"
    with pytest.raises(WorkspaceError, match="1 of them is not in"):
        team.opened("elsewhere")
    team.opened("here").close()  # its folder has it
