import errno
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

import segflux_nb as sf
from segflux_nb.cli import main
from segflux_nb.client import InferenceFailed, SegmindClient
from segflux_nb.service.catalogue import Catalogue
from segflux_nb.service.kept_catalogue import keep
from segflux_nb.simulator.app import Simulator


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEGMIND_API_KEY", raising=False)
    runner = CliRunner()
    return lambda *arguments: runner.invoke(main, list(arguments), catch_exceptions=False)


def test_demo(call, tmp_path):
    result = call("demo")
    assert result.exit_code == 0, result.output
    assert "hosted about $1.63" in result.output
    assert "48 completed" in result.output
    listed = [line.split()[0] for line in result.output.splitlines() if line.startswith("demo")]
    assert "demo/report.html" in listed, "what one wants to show"
    assert all((tmp_path / name).exists() for name in listed)
    with Image.open("demo/contact-sheet.png") as sheet:
        assert sheet.width > 2000
    assert len((tmp_path / "demo" / "runs.csv").read_text().splitlines()) == 49
    assert len(list((tmp_path / "demo" / "pictures").iterdir())) == 48
    again = call("demo")
    assert "48 logged, 0 to submit" in again.output
    assert "simulator: seed x lora_strength x sampler_name" in call("status", "demo/workspace").output


def test_run_and_status(call, tmp_path):
    sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3]).to_toml("sweep.toml")
    with Simulator(time_scale=0.002, paint=False, faults={"job:failed": lambda body: body["seed"] == 2}) as simulator:
        result = call("run", "sweep.toml", "--workspace", "study", "--service", simulator.url, "--name", "mine")
        assert result.exit_code == 1, "a cell failed"
        assert "2 completed, 1 failed" in result.output
        assert simulator.ledger.submits == 3
    assert call("status", "study").output == "simulator: mine: 2 completed, 1 failed\n"


def test_run_pays_for_a_look_first(call):
    sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3, 4], lora_strength="0.4-1.4 (+0.2)").to_toml("sweep.toml")
    with Simulator(time_scale=0.0005, paint=False) as simulator:
        options = ("run", "sweep.toml", "--workspace", "study", "--service", simulator.url)
        look = call(*options, "--first", "6")
        assert look.exit_code == 0, look.output
        assert "6 runs, the first of 24: 6 to submit" in look.output
        assert "6 completed\nThese are the first 6 of 24 runs; without --first, all are run." in look.output
        assert simulator.ledger.submits == 6
        rest = call(*options)
        assert "6 logged, 18 to submit" in rest.output
        assert "These are the first" not in rest.output + call(*options, "--first", "99").output
        assert simulator.ledger.submits == 24
    assert call(*options, "--first", "0").exit_code == 2


def test_errors_are_sentences(call, tmp_path):
    (tmp_path / "bad.toml").write_text("[sweep]\nprompt = 'x'\nfinetune_id = 'y'\nseed = -1\n")
    bad = call("run", "bad.toml", "--workspace", "study")
    assert (bad.exit_code, bad.output.count("\n")) == (1, 1)
    assert "seed=-1" in bad.output
    sf.Sweep(prompt="TOK", finetune_id="a").to_toml("good.toml")
    assert "SEGMIND_API_KEY" in call("run", "good.toml", "--workspace", "study").output
    (tmp_path / "empty").mkdir()
    assert "no workspace" in call("status", "empty").output
    assert not (tmp_path / "empty" / "log.sqlite").exists()
    assert call("status", "study").output == "No runs yet.\n"


def test_a_sweep_file_without_its_first_line_says_which(call, tmp_path):
    (tmp_path / "bare.toml").write_text('prompt = "x"\nfinetune_id = "a"\n')
    assert "a line [sweep]" in call("plan", "bare.toml", "--workspace", "study").output


def test_a_full_disk_is_a_sentence(call, monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    sf.Sweep(prompt="TOK", finetune_id="a").to_toml("good.toml")
    monkeypatch.setattr("segflux_nb.commands.sweeps.echo_json", full)
    said = call("plan", "good.toml", "--workspace", "study", "--service", "simulator", "--json")
    assert (said.exit_code, said.stdout) == (1, "")
    assert said.stderr.startswith("Error: No space is left")


def test_serve_until_interrupted(tmp_path):
    arguments = ["serve", "--port", "0", "--key", "SG_0123456789abcdef", "--time-scale", "0"]
    arguments += ["--faults", "job:failed=1", "--folder", str(tmp_path / "sim")]
    process = subprocess.Popen([sys.executable, "-m", "segflux_nb", *arguments], stdout=subprocess.PIPE, text=True)
    lines = [process.stdout.readline() for _ in range(6)]
    assert "SG_" not in "".join(lines)
    url = lines[0].split(" at ")[1].split(". ")[0]
    for line in lines[1:4]:
        assert url in line
    with SegmindClient("SG_0123456789abcdef", f"{url}/v1") as client, pytest.raises(InferenceFailed):
        client.run("flux-dev-finetuned", prompt="TOK")
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0] == "Stopped.\n"
    assert process.returncode == 0
    assert (tmp_path / "sim" / "ledger.sqlite").exists()


def test_serve_refuses_an_open_port_without_a_key_and_unknown_faults(call):
    assert "needs a key" in call("serve", "--host", "0.0.0.0").output
    assert "no fault 'nonsense'" in call("serve", "--faults", "nonsense=1").output


def test_a_bundle_of_a_workspace_or_of_one_of_its_sweeps(call, tmp_path):
    first = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3])
    second = sf.Sweep(prompt="TOK", finetune_id="a", seed=[3, 4])
    second.to_toml("second.toml")
    with Simulator(time_scale=0.002, paint=False) as simulator, sf.Workspace("study", service=simulator) as ws:
        ws.run(first, name="first")
        ws.run(second)
    assert "all.sfx: 4 runs" in call("bundle", "study", "-o", "all.sfx").output
    assert "one.sfx: 3 runs" in call("bundle", "study", "first", "-o", "one.sfx", "--no-cost").output
    assert "two.sfx: 2 runs" in call("bundle", "study", "second.toml", "--output", "two.sfx", "--title", "Two").output
    assert "part.sfx: 3 runs" in call("bundle", "all.sfx", "first", "-o", "part.sfx", "--license", "CC0-1.0").output
    assert call("status", "part.sfx").output == "simulator: first: 3 completed\n"
    replayed = call("run", "second.toml", "--workspace", "one.sfx")
    assert replayed.exit_code == 1, "a cell is not in it"
    assert "1 logged, 1 planned, not in one.sfx" in replayed.output
    assert "1 completed, 1 planned" in replayed.output
    with sf.Workspace("one.sfx") as ws:
        assert ws.run(first).log["cost_usd"].isna().all()
    with sf.Workspace("two.sfx") as ws:
        assert ws.run(second).log["cost_usd"].notna().all()
    assert not (tmp_path / "all").exists()


def test_what_cannot_be_bundled_is_said(call, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "bad.sfx").write_text("hello")
    assert "no workspace" in call("bundle", "empty", "-o", "a.sfx").output
    assert "no workspace and no bundle" in call("bundle", "notes.txt", "-o", "a.sfx").output
    assert "not a zip file" in call("status", "bad.sfx").output
    with sf.Workspace("study", service="simulator") as ws:
        assert len(ws.runs()) == 0
        assert "The log has no run" in call("bundle", "study", "-o", "a.sfx").output
        ws._journal.of("https://gpu.example").runs.plan(sf.Sweep(prompt="TOK", finetune_id="a"))
        ws._journal.of("simulator").runs.plan(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2]))
    assert "choose one with --service" in call("bundle", "study", "-o", "a.sfx").output
    assert "no run of nobody" in call("bundle", "study", "-o", "a.sfx", "--service", "nobody").output
    assert "2 planned" in call("bundle", "study", "-o", "a.sfx", "--service", "simulator").output
    assert "no sweep 'nothing'" in call("bundle", "a.sfx", "nothing", "-o", "b.sfx").output
    assert "does not end in .sfx" in call("bundle", "a.sfx", "-o", "b.zip").output
    assert sorted(path.name for path in tmp_path.glob("*.sfx")) == ["a.sfx", "bad.sfx"]


def test_no_line_of_the_help_is_cut_off(call):
    shown = call("--help").output
    assert "bundle" in shown
    assert "..." not in shown.partition("Commands:")[2]


def test_a_missing_key_is_explained_in_words_of_the_command_line(tmp_path, monkeypatch):
    monkeypatch.delenv("SEGMIND_API_KEY", raising=False)
    monkeypatch.setenv("SEGFLUX_CONFIG", str(tmp_path / "config"))
    sweep = sf.Sweep(prompt="TOK", finetune_id="a").to_toml(tmp_path / "sweep.toml")
    result = CliRunner().invoke(main, ["run", str(sweep), "--workspace", str(tmp_path / "ws")])
    assert result.exit_code == 1
    assert "Run `segflux login`" in result.output
    assert "--service simulator" in result.output
    assert "Workspace(" not in result.output


@pytest.fixture
def study(call, tmp_path):
    """A workspace of six pictures and one failed cell, and its sweep file."""
    (tmp_path / "sweep.toml").write_text(
        '[sweep]\nprompt = "TOK"\nfinetune_id = "a"\nlora_strength = "0-1 (+0.5)"\nseed = "1-2"\nsteps = 4\n'
    )
    refused = {"job:failed": lambda body: body["seed"] == 2 and body["lora_strength"] == 1}
    with Simulator(time_scale=0.002, paint=False, faults=refused) as simulator:
        yield simulator


def test_a_plan_in_words_and_for_machines(call, study):
    said = call("plan", "sweep.toml", "--workspace", "study", "--service", study.url)
    assert (said.exit_code, "6 to submit" in said.output) == (0, True)
    facts = json.loads(call("plan", "sweep.toml", "--workspace", "study", "--service", study.url, "--json").output)
    assert (facts["cells"], facts["to_submit"], facts["logged"], facts["held"]) == (6, 6, 0, {})
    assert facts["hosted_cost"] > 0
    some = call("plan", "sweep.toml", "--workspace", "study", "--service", study.url, "--first", "2", "--json").output
    assert json.loads(some)["to_submit"] == 2
    assert study.ledger.submits == 0, "a plan pays nothing"


def test_a_run_for_machines(call, study):
    arguments = ("run", "sweep.toml", "--workspace", "study", "--service", study.url, "--json")
    first = call(*arguments, "--first", "2")
    assert (first.exit_code, json.loads(first.stdout)["cells"]) == (0, 2)
    result = call(*arguments)
    told = json.loads(result.stdout)
    assert (result.exit_code, told["counts"], told["stopped"]) == (1, {"completed": 5, "failed": 1}, None)
    assert told["plan"]["logged"] == 2
    (status,) = json.loads(call("status", "study", "--json").output)
    assert status["counts"] == {"completed": 5, "failed": 1}
    assert call(*arguments, "--max-cost", "0").exit_code == 1


def test_another_take_is_paid_again(call, study):
    arguments = ("run", "sweep.toml", "--workspace", "study", "--service", study.url, "--first", "1")
    for more in ((), ("--again",)):
        assert call(*arguments, *more).exit_code == 0
    assert study.ledger.submits == 2


def test_sheets_exports_and_checks_of_a_workspace(call, study, tmp_path):
    call("run", "sweep.toml", "--workspace", "study", "--service", study.url, "--name", "mine")
    drawn = call(
        "sheet", "study", "mine", "-o", "sheet.png", "--cols", "lora_strength", "--caption", "steps",
        "--relative-to", "lora_strength=0", "--theme", "dark",
    )  # fmt: skip
    assert (drawn.exit_code, "6 pictures" in drawn.output or "5 pictures" in drawn.output) == (0, True), drawn.output
    with Image.open("sheet.png") as image:
        assert image.width > 300
    assert call("sheet", "study", "sweep.toml", "-o", "sheet.html").exit_code == 0
    written = call("export", "study", "-o", "out", "--names", "{lora_strength}-{seed}")
    assert (written.exit_code, written.output) == (0, "out\n")
    assert "0.5-1" in {path.stem for path in (tmp_path / "out" / "pictures").iterdir()}
    fine = call("verify", "study", "--service", study.url)
    assert (fine.exit_code, fine.output) == (0, "5 picture files: 5 fine\n")
    gone = next((tmp_path / "study" / "pictures").rglob("*.*"))
    gone.write_bytes(b"other")
    again = json.loads(call("verify", "study", "--service", study.url, "--json").output)
    assert again["ok"]
    assert sorted(one["verdict"] for one in again["pictures"]) == ["fetched again", *["fine"] * 4]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sheet", "study", "-o", "x.png", "--cols", "colour"), "colour"),
        (("sheet", "study", "-o", "x.png", "--relative-to", "lora_strength"), "is not AXIS=VALUE"),
        (("sheet", "study", "-o", "x.png", "--relative-to", "lora_strength=much"), "lora_strength=much"),
        (("sheet", "study", "other", "-o", "x.png"), "other"),
        (("export", "study", "-o", "sweep.toml"), "sweep.toml"),
        (("verify", "."), "no workspace"),
        (("follow", "."), "no workspace"),
        (("plan", "missing.toml", "--workspace", "study"), "missing.toml"),
    ],
)
def test_commands_refuse_with_a_sentence(call, study, arguments, words):
    call("run", "sweep.toml", "--workspace", "study", "--service", study.url)
    refused = call(*arguments)
    assert refused.exit_code in (1, 2)
    assert words in refused.output
    assert "Traceback" not in refused.output


def test_follow_tells_what_another_does_until_the_end(call, study, tmp_path):
    with sf.Workspace(tmp_path / "study", service=study.url) as ws:
        live = ws.start(sf.Sweep.from_toml("sweep.toml"), name="mine")
        followed = call("follow", "study", "mine", "--json")
        live.wait()
    lines = [json.loads(line) for line in followed.stdout.splitlines()]
    assert lines[-1] == {"completed": 5, "failed": 1}
    assert followed.exit_code == 1, "a cell failed"
    done = call("follow", "study")
    assert done.output == "5 completed, 1 failed\n"


def test_follow_ends_where_nobody_works(call, study, tmp_path, monkeypatch):
    monkeypatch.setattr("segflux_nb.commands.sweeps.SECONDS_BETWEEN", 0.0)
    with sf.Workspace(tmp_path / "study", service=study.url) as ws:
        ws.run(sf.Sweep.from_toml("sweep.toml"), first=2)
        log = ws._journal.of(ws.service)
        log.runs.plan(list(sf.Sweep.from_toml("sweep.toml")))
    alone = call("follow", "study")
    assert alone.exit_code == 1
    assert "No process works on the others" in alone.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands(call, monkeypatch, shell):
    monkeypatch.setenv("_SEGFLUX_COMPLETE", f"{shell}_source")
    result = CliRunner().invoke(main, [], prog_name="segflux")
    assert "_SEGFLUX_COMPLETE" in result.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("words", "at", "found"), [("segflux sh", 1, "sheet"), ("segflux run --ma", 2, "--max-cost")]
)
def test_a_word_that_is_begun_is_completed(monkeypatch, shell, words, at, found):
    monkeypatch.setenv("_SEGFLUX_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", words.rpartition(" ")[2] if shell == "fish" else str(at))
    assert found in CliRunner().invoke(main, [], prog_name="segflux").output


def test_what_is_written_is_told_to_machines(call, study):
    call("run", "sweep.toml", "--workspace", "study", "--service", study.url)
    for arguments, path in (
        (("sheet", "study", "-o", "sheet.png"), "sheet.png"),
        (("export", "study", "-o", "out"), "out"),
        (("bundle", "study", "-o", "study.sfx"), "study.sfx"),
    ):
        told = json.loads(call(*arguments, "--json").stdout)
        assert told["path"].endswith(path)
        assert Path(path).exists()


def test_a_file_may_have_a_value_that_the_workspaces_catalogue_alone_knows(call):
    with Simulator(time_scale=0.0005, paint=False) as simulator:
        with sf.Workspace("study", service=simulator) as ws:
            ws.refresh_models()
            known = ws._launcher.models.catalogue()
            entry = known.entries["flux-dev-finetuned"]
            schema = json.loads(json.dumps(entry.schema))
            schema["properties"]["sampler_name"]["enum"].append("deis")
            catalogue = Catalogue({entry.slug: replace(entry, schema=schema)}, known.read_at)
            keep(ws.path, ws.service, catalogue)
            model = ws.model("flux-dev-finetuned")
            sf.Sweep(model=model, prompt="TOK", finetune_id="a", seed=1, sampler_name="deis").to_toml("sweep.toml")
        planned = call("plan", "sweep.toml", "--workspace", "study", "--service", simulator.url)
    assert planned.exit_code == 0, planned.output
    assert "1 to submit" in planned.output


def test_an_interrupted_run_says_how_a_shell_continues(call, study, monkeypatch):
    def interrupted(*_, **__):
        raise sf.SweepInterrupted("3 of 6 kept; ws.run(sweep) continues", None)

    monkeypatch.setattr(sf.Workspace, "run", interrupted)
    result = call("run", "sweep.toml", "--workspace", "study", "--service", study.url)
    assert result.exit_code == 130
    assert "3 of 6 kept. From a shell: segflux run with the same arguments continues." in result.output
    assert "ws.run" not in result.output
