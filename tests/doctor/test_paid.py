"""One paid picture on the whole way: what differs is told, the cap holds, nothing private is in the report."""

import asyncio
import json
import threading

import pytest
from click.testing import CliRunner

import segflux_nb as sf
from segflux_nb.cli import main
from segflux_nb.doctor import paid
from segflux_nb.doctor.examination import fine
from segflux_nb.doctor.examine import Paid
from segflux_nb.doctor.report import anonymous
from segflux_nb.running.rate_limiter import Held
from segflux_nb.simulator.app import Simulator
from tests.doctor.conftest import CANARY, body_of, changed, studied

FINETUNE = "40174048-1b49-48f3-ad7e-8384098f22d2"


def test_the_picture_is_a_run_like_any_other_and_nothing_differs(tmp_path):
    with studied(tmp_path / "s") as (ws, simulator):
        found = ws.doctor(spend=0.05)
        assert (found.of("broken"), len(found.differences)) == ([], 0), str(found)
        calls = [answer["call"] for answer in found.report["answers"]]
        assert {"account", "history", "catalogue", "submit", "status", "result", "picture", "record"} == set(calls)
        assert {answer["code"] for answer in found.report["answers"]} == {200}
        (run,) = ws.runs("doctor")
        assert run.status == "completed"
        assert run.path.exists()
        assert f"run {run.digest[:12]}" in found["paid picture"].finding
        assert simulator.ledger.submits == 1
        ws.doctor(spend=0.05)
        assert simulator.ledger.submits == 2, "another picture, with a seed of its own"
        assert len({entry.body["seed"] for entry in simulator.ledger.entries()}) == 2


def test_the_cap_holds(tmp_path):
    with studied(tmp_path / "s") as (ws, simulator):
        line = ws.doctor(spend=0.001)["paid picture"]
        assert line.verdict == "attention"
        assert "it costs about $0.0054, and $0.001 is allowed. Nothing was spent" in line.finding
        for wrong in (0, -1, "much", float("nan")):
            with pytest.raises(sf.SweepError, match="is not an amount of US dollars"):
                ws.doctor(spend=wrong)
        assert simulator.ledger.submits == 0


def test_a_picture_that_was_begun_is_gone_on_with(tmp_path):
    with studied(tmp_path / "s", faults={"picture:502": range(1, 100)}) as (ws, simulator):
        live = ws.start(paid.picture_of(1, "a"), name="doctor")
        live.stop()
        live.wait()
        simulator.protocol.faults._faults.clear()
        before = simulator.ledger.submits
        assert ws.doctor(spend=0.05, finetune_id="a")["paid picture"].verdict == "fine"
        assert simulator.ledger.submits == max(1, before), "what was accepted is not paid for again"


def test_a_picture_that_fails_is_said(tmp_path):
    with studied(tmp_path / "s", faults={"job:failed": 1.0}) as (ws, simulator):
        line = ws.doctor(spend=0.05)["paid picture"]
        assert line.verdict == "broken"
        assert line.finding.startswith("failed: ")
        assert "nothing was billed" in line.finding
        assert simulator.ledger.billed == 0
    with studied(tmp_path / "t", credits=0.02, faults={"submit:406": 1.0}) as (ws, simulator):
        assert ws.doctor(spend=0.05)["paid picture"].verdict == "broken"
        assert simulator.ledger.submits == 0


def test_a_history_that_is_late_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(paid, "HISTORY_SECONDS", 0.0)
    with studied(tmp_path / "s", history_delay=3600) as (ws, _):
        line = ws.doctor(spend=0.05)["paid picture"]
    assert (line.verdict, "did not list it" in line.finding) == ("attention", True)


def test_a_history_that_answers_with_an_error_is_not_called_late(tmp_path):
    def refuses(path, response):
        return changed(response, status=500, body=b"{}") if "/request-history/" in path else response

    with studied(tmp_path / "s", refuses) as (ws, _):
        line = ws.doctor(spend=0.05)["paid picture"]
    assert line.verdict == "attention"
    assert "Whether the history lists it is not known: The service answered 500" in line.finding
    assert "did not list it" not in line.finding


def test_limits_that_the_paid_picture_met_are_in_the_examination(tmp_path, monkeypatch):
    def pays(ws, *arguments):
        ws._journal.of(ws.service).sharing.note_limit("calls a minute", 60.0, "429")
        return Paid(fine("paid picture", "made"))

    monkeypatch.setattr("segflux_nb.workspace_verbs.doctor.pay", pays)
    with studied(tmp_path / "s") as (ws, _):
        assert ws.doctor()["limits"].finding == "none was met"
        assert ws.doctor(spend=0.05)["limits"].finding.startswith("calls a minute: 60 (429, ")


def test_a_wait_for_the_service_is_said_once_while_it_lasts(capsys, monkeypatch):
    looked = threading.Event()
    held = [*[Held("All requests wait for the reset", 60.0)] * 3, None, Held("Submits wait for the reset", 120.0)]

    class Limiter:
        def held_back(self):
            if held:
                return held.pop(0)
            looked.set()
            return None

    class AtOnce:
        def now(self):
            return 0.0

        def monotonic(self):
            return 0.0

        async def sleep(self, seconds):
            await asyncio.sleep(0)

    with paid._told_waits(Limiter(), AtOnce()):
        assert looked.wait(10)
    first, second = capsys.readouterr().out.splitlines()
    assert first == "The paid picture takes longer. All requests wait for the reset until 00:01:00 UTC"
    assert second == "The paid picture takes longer. Submits wait for the reset until 00:02:00 UTC"


def test_a_price_that_is_another_one_is_said(tmp_path):
    def dearer(path, response):
        if response.compose is None:
            return response
        body = body_of(response)
        return changed(response, body=json.dumps({**body, "metrics": {**body["metrics"], "cost": 0.04}}).encode())

    with studied(tmp_path / "s", dearer) as (ws, _):
        line = ws.doctor(spend=0.05)["paid picture"]
    assert (line.verdict, "Expected was $0.0054" in line.finding) == ("attention", True)


def hostile(path, response):
    """Every answer has more and other fields, and says what is the user's wherever it can."""
    if not response.headers.get("content-type", "").startswith("application/json"):
        return changed(response, headers={"x-account": "ada-lovelace", f"x-{CANARY}": CANARY})
    body = body_of(response)
    body |= {
        "user_email": "ada@example.com",
        CANARY: CANARY,
        "ada@example.com": 1,
        "0123456789abcdef0123456789abcdef": "id",
        "account": {"name": "ada-lovelace", "key": CANARY},
        "metrics": {**body.get("metrics", {}), "gpu": "H100 of ada-lovelace", "inference_time": "1.5"},
    }
    if "prompt" in body:
        body |= {
            "seed": int(body["seed"]),
            "output": {"url": body["output"]},
            "images": body["images"],
            "status": "COMPLETED",
        }
        body.pop("timings")
    return changed(
        response,
        body=json.dumps(body).encode(),
        headers={"x-account": "ada-lovelace", f"x-{CANARY}": CANARY, "set-cookie": "ada-lovelace=1"},
    )


PRIVATE = (
    "ca9a51e5", "ada", "0123456789abcdef", FINETUNE, "lighthouse", "/generations", "/v2/requests", "doctor-folder",
)  # fmt: skip


def test_what_differs_is_told_and_nothing_private_is(tmp_path):
    with studied(tmp_path / "doctor-folder", hostile) as (ws, _):
        found = ws.doctor(spend=0.05, finetune_id=FINETUNE)
        assert found["paid picture"].verdict == "fine", str(found)
        told = {(row.answer, row.kind, row.field) for row in found.differences.itertuples()}
        assert {
            ("submit, accepted", "unknown field", "user_email"),
            ("submit, accepted", "unknown field", "(a name of 32 characters)"),
            ("result, completed job", "other type", "seed"),
            ("result, completed job", "other type", "output"),
            ("result, completed job", "missing field", "timings"),
            ("result, completed job", "unknown field", "metrics.gpu"),
            ("result, completed job", "other type", "metrics.inference_time"),
            ("status, completed job", "other type", "metrics.inference_time"),
            ("record, row", "unknown field", "account"),
            ("history, page", "unknown field", "user_email"),
            ("account, balance", "unknown field", "metrics"),
        } <= told
        text = found.save(tmp_path / "report.json").read_text()
        assert json.loads(text)["differences"]
        for private in PRIVATE:
            assert private not in text, private
            assert private not in found.differences.to_string()
        (result,) = [one for one in found.report["answers"] if one["call"] == "result"][:1]
        assert result["body"]["status"] == "COMPLETED"
        assert result["body"]["output"] == {"url": "(string)"}
        assert result["body"]["images"][0]["url"] == "http://127.0.0.1/…"
        assert result["body"]["metrics"]["remaining_credits"] == "(number)"
        assert "ca9a51e5" not in str(found) + found._html + found.df.to_string()
    log = (tmp_path / "doctor-folder" / "log.sqlite").read_bytes()
    assert b"ca9a51e5" not in log
    assert b"ada@example" not in log


def test_what_differs_in_daily_use_is_counted_and_shown(tmp_path):
    with studied(tmp_path / "s", hostile) as (ws, _):
        ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(1, 6)))
    with studied(tmp_path / "s") as (ws, _):
        found = ws.doctor()
        rows = found.differences
        gpu = rows[(rows["answer"] == "result, completed job") & (rows["field"] == "metrics.gpu")]
        assert list(gpu["answers"]) == [5]
        assert found["answers"].verdict == "attention"
        assert "segflux doctor --report" in found["answers"].remedy
        assert "unknown field metrics.gpu: string, not no such field (5 answers)" in str(found)


def test_texts_of_errors_are_made_anonymous():
    text = anonymous(
        "No 3.5 credits for ada@example.com, job 0123abcd4567, see https://x.example/a?b=c or file:///home/a"
    )
    assert text == "No #.# credits for (person) job (id), see https://x.example/… or (string)"


# ------------------------------------------------------------------ the command


def doctor(*arguments, **environment):
    return CliRunner().invoke(main, ["doctor", *map(str, arguments)], env=environment)


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Simulator(time_scale=0.002, paint=False, key=CANARY) as simulator:
        free = doctor("--service", simulator.url, SEGMIND_API_KEY=CANARY)
        assert (free.exit_code, free.output.splitlines()[-1]) == (0, "Ready."), free.output
        assert not (tmp_path / "segflux-runs").exists(), "a question makes no folder"
        assert not (tmp_path / "doctor.json").exists()
        paid = doctor("--service", simulator.url, "--spend", "0.05", SEGMIND_API_KEY=CANARY)
        assert paid.exit_code == 0, paid.output
        assert "Report: doctor.json" in paid.output
        assert json.loads((tmp_path / "doctor.json").read_text())["checks"]["paid picture"] == "fine"
        assert simulator.ledger.submits == 1
        wrong = doctor("--service", simulator.url, SEGMIND_API_KEY="SG_ffffffffffffffff")
        assert wrong.exit_code == 1
        assert "broken     key accepted" in wrong.output
        plain = doctor("--service", simulator.url, "--json", SEGMIND_API_KEY="SG_ffffffffffffffff")
        assert plain.exit_code == 1
        assert json.loads(plain.stdout)["checks"]["key accepted"] == "broken"
        assert "broken     key accepted" in plain.stderr
        assert doctor("--spend", "-1").exit_code == 1
    assert "ca9a51e5" not in free.output + paid.output + wrong.output + (tmp_path / "doctor.json").read_text()


def damaged(folder):
    folder.mkdir()
    (folder / "log.sqlite").write_bytes(b"no database" * 1000)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (damaged, "file is not a database"),
        (lambda folder: folder.write_bytes(b"x"), "is a file, and a workspace is a folder"),
    ],
    ids=["a damaged log", "a file in place of the folder"],
)
def test_a_workspace_that_cannot_be_opened(tmp_path, monkeypatch, make, text):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "segflux-runs")
    with Simulator(time_scale=0.002, paint=False) as simulator:
        result = doctor("--service", simulator.url, "--spend", "0.05")
        assert result.exit_code == 1
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert text in result.output
        assert "nothing was spent" in result.output
        assert "fine       service" in result.output, "the rest is examined all the same"
        assert simulator.ledger.submits == 0


@pytest.mark.parametrize("service", ["no service", "http://gpu.example.org", "https://[::1"])
def test_a_service_that_is_none(tmp_path, monkeypatch, service):
    monkeypatch.chdir(tmp_path)
    result = doctor("--service", service)
    assert (result.exit_code, "broken     service" in result.output) == (1, True), result.output


def test_a_key_that_cannot_be_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctor("--service", "http://127.0.0.1:9", SEGMIND_API_KEY=f"{CANARY}\n{CANARY}")
    assert "broken     key " in result.output
    assert "line break" in result.output
    assert "ca9a51e5" not in result.output


def test_a_bundle_has_nothing_to_ask(tmp_path):
    with studied(tmp_path / "s") as (ws, _):
        ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2])).bundle(tmp_path / "study.sfx")
    with sf.Workspace(tmp_path / "study.sfx") as ws:
        found = ws.doctor(spend=0.05)
        assert (found.of("broken"), found["log"].finding) == ([], "2 runs on this service")
        assert "a bundle is replayed" in found["service"].finding
        assert "none: a bundle is replayed" in found["paid picture"].finding


def test_runs_of_other_models_are_no_fine_tunes(tmp_path):
    with Simulator(time_scale=0, paint=False) as simulator, sf.Workspace(tmp_path / "ws", service=simulator) as ws:
        ws.refresh_models()
        ws.run(sf.Sweep(prompt="a", finetune_id="mine", seed=1))
        ws.run(sf.Sweep(model=ws.model("sdxl1.0-txt2img"), prompt="a", seed=1))
        ws.run(sf.Sweep(model=ws.model("picture-without-seed"), prompt="a"))
        assert ws._launcher.finetunes() == ["mine"]
        assert "fine" in str(
            next(line for line in ws.doctor(spend=0.05).lines if line.check == "paid picture").verdict
        )
        assert simulator.ledger.entries()[-1].body["finetune_id"] == "mine"
        assert simulator.ledger.submits == 4
