"""An output with several pictures, from the log to what a user sees of its run."""

import time

import pytest

import segflux_nb as sf
from segflux_nb.lifecycle import ANSWERABLE_SECONDS, State

SWEEP = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2], steps=2)


@pytest.fixture
def ws(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with sf.Workspace("study", service=sf.Simulator(time_scale=0.001, paint=False)) as ws:
        ws.run(SWEEP)
        yield ws


def give_more(ws, seed, *urls, **changes):
    """Let a run have more pictures: addresses that the service serves, or not."""
    log = ws.runs(SWEEP).source.log.runs
    digest = ws.runs(SWEEP).one(seed=seed).digest
    log.move(log.read([digest])[digest], State.COMPLETED, more_urls=urls, **changes)


def url_of(ws, seed):
    log = ws.runs(SWEEP).source.log.runs
    digest = ws.runs(SWEEP).one(seed=seed).digest
    return log.read([digest])[digest].picture_url


def test_most_runs_have_one_picture(ws):
    run = ws.runs(SWEEP).one(seed=1)
    assert run.paths == (run.path,)
    assert [image.size for image in run.images] == [run.image.size]
    assert (run.not_served, repr(run)) == (0, f"Run({run.run})")
    assert ws.runs(SWEEP).df["picture_count"].tolist() == [1, 1]
    assert ws.runs(SWEEP).df["more_images"].isna().all()


def test_the_next_run_fetches_what_was_not_served_and_pays_nothing(ws):
    give_more(ws, 1, url_of(ws, 2))
    before = ws.runs(SWEEP).one(seed=1)
    assert (before.not_served, before.paths) == (1, (before.path,))
    assert repr(before) == f"Run({before.run}, +1)"
    runs = ws.run(SWEEP)
    assert runs.stopped is None
    run, other = runs.one(seed=1), runs.one(seed=2)
    assert run.paths == (run.path, other.path)
    assert len(run.images) == 2
    assert run.not_served == 0
    assert runs.log["picture_count"].tolist() == [2, 1]
    assert runs.df["more_images"][0] == runs.df["image"][1]
    assert "1 further picture not shown" in runs.sheet().text
    assert runs.counts == {"completed": 2}
    assert sum(runs.log["attempts"]) == 2, "nothing was submitted again"


def test_after_eight_days_the_user_asks(ws):
    give_more(ws, 1, url_of(ws, 2), submitted_at=time.time() - ANSWERABLE_SECONDS - 60)
    assert ws.run(SWEEP).one(seed=1).not_served == 1
    assert ws.runs(SWEEP).retry_lost().one(seed=1).not_served == 0


def test_what_a_copied_log_names_elsewhere_is_not_shown(ws, tmp_path):
    (tmp_path / "secret.png").write_bytes(b"secret")
    give_more(ws, 1, url_of(ws, 2))
    ws.run(SWEEP)
    log = ws.runs(SWEEP).source.log.runs
    with log._database.writing() as cursor:
        cursor.execute("UPDATE pictures SET path = '../secret.png' WHERE number = 1")
    run = ws.runs(SWEEP).one(seed=1)
    assert run.paths == (run.path,)
    assert "secret" not in "".join(ws.runs(SWEEP).df["more_images"].dropna())


def test_what_was_discarded_is_not_asked_for_again(ws):
    give_more(ws, 1, url_of(ws, 2))
    runs = ws.run(SWEEP)
    assert len(runs.one(seed=1).paths) == 2
    runs.where(seed=1).discard(pictures=True)
    assert ws.runs(SWEEP).log["picture_count"].tolist() == [0, 1]
    after = ws.run(SWEEP)
    assert after.stopped is None
    assert (after.one(seed=1).paths, after.one(seed=1).not_served) == ((), 0)


def test_a_file_that_is_gone_is_not_there_and_is_fetched_again(ws):
    give_more(ws, 1, url_of(ws, 2))
    path = ws.run(SWEEP).one(seed=1).paths[1]
    path.unlink()
    assert ws.runs(SWEEP).one(seed=1).not_served == 1
    assert ws.runs(SWEEP).df["more_images"].isna().all()
    assert len(ws.run(SWEEP).one(seed=1).paths) == 2
