"""Selections of the log as values: equality, hashing, and the verbs as a reader of `help` sees them."""

import inspect

import numpy as np
import pandas as pd
import pytest

import segflux_nb as sf
from segflux_nb.errors import RunError
from segflux_nb.simulator.app import Simulator

VERBS = (
    "sheet",
    "gallery",
    "compare",
    "summary",
    "annotate",
    "effects",
    "measure",
    "differences",
    "curve",
    "cheapest",
    "best",
    "mark",
    "vote",
    "ranking",
    "tuner",
    "retry_failed",
    "export",
)
VERBS_OF_WORKSPACE = ("plan", "run", "arun", "start", "builder", "runs", "report", "probe", "trigger_word")


@pytest.fixture
def ws(tmp_path):
    with (
        Simulator(time_scale=0.002, paint=False) as simulator,
        sf.Workspace(tmp_path, service=simulator) as workspace,
    ):
        yield workspace


def sweep(**parameters):
    return sf.Sweep(**{"prompt": "TOK", "finetune_id": "a", "seed": [1, 2, 3], **parameters})


def test_runs_are_equal_when_they_hold_the_same_cells_of_the_same_log(ws, tmp_path):
    runs = ws.run(sweep(), name="mine")
    assert runs == ws.runs("mine") == ws.runs(sweep())
    assert hash(runs) == hash(ws.runs("mine"))
    assert {runs, ws.runs("mine")} == {runs}
    assert runs != runs.where(seed=1)
    assert runs.where(seed=1) == ws.runs(sweep()).where(seed=1)
    assert runs != list(runs)
    with sf.Workspace(tmp_path, service="https://gpu.example.org") as other:
        assert other.runs(sweep()) != runs, "another service has other pictures"
    with sf.Workspace(tmp_path / "other", service="simulator") as other:
        assert other.runs(sweep()) != runs


def test_all_runs_have_the_order_of_their_sweeps(ws, tmp_path):
    """Which one was submitted first does not count: the same study has the same layout in each kernel."""
    first = sweep(seed=[2, 1], lora_strength=[0.8, 0.4, 1.0])
    ws.run(first)
    assert list(ws.runs().axes.items()) == [("seed", [2, 1]), ("lora_strength", [0.8, 0.4, 1.0])]
    assert [run.digest for run in ws.runs()] == [cell.digest for cell in first]
    second = sweep(lora_strength=[0.4, 0.6], steps=[30, 25], seed=[3, 2])
    ws.run(second)
    found = ws.runs()
    assert list(found.axes.items()) == [
        ("seed", [2, 1, 3]),
        ("lora_strength", [0.8, 0.4, 1.0, 0.6]),
        ("steps", [30, 25]),
    ]
    assert [run.digest for run in found] == list(dict.fromkeys(cell.digest for cell in (*first, *second)))
    with sf.Workspace(tmp_path, service="simulator") as again:
        assert list(again.runs().axes.items()) == list(found.axes.items())


@pytest.mark.parametrize("seed", [99, None])
def test_what_holds_no_run_is_not_written(ws, tmp_path, seed):
    runs = ws.run(sweep()).where(seed=seed) if seed else ws.runs(sweep())
    with pytest.raises(sf.SegfluxError, match="no run to show"):
        runs.export(tmp_path / "out")
    with pytest.raises(sf.SegfluxError, match="no run to show"):
        runs.export_imagefolder(tmp_path / "out")
    for write in (runs.df.pictures.export, lambda path: runs.df.pictures.bundle(f"{path}.sfx")):
        with pytest.raises(sf.SegfluxError, match="the frame has no rows"):
            write(tmp_path / "out")
    if seed:
        with pytest.raises(RunError, match="no fingerprint"):
            runs.fingerprint()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("out")]


def test_several_where_one_is_meant(ws):
    runs = ws.run(sweep())
    for several in (runs, runs.where(seed=1), list(runs), runs.df, runs.df["run"]):
        for verb in (lambda one: runs.mark(one, stars=3), lambda one: runs.vote(one, runs[0], "left")):
            with pytest.raises(RunError, match=r"One run is needed.*for several, write a loop"):
                verb(several)
    for argument in ("cols", "rows", "border", "heat"):
        with pytest.raises(sf.SegfluxError, match=r"\['seed', 'steps'\] is a list.*by=\[...\]"):
            runs.sheet(**{argument: ["seed", "steps"]})


@pytest.mark.parametrize("verb", ["sheet", "gallery", "travel", "compare", "export", "bundle", "effects"])
def test_runs_and_frames_take_the_same_arguments(verb):
    """But for the column of pictures, which runs know, and for what the log alone has."""
    of_runs, of_frames = (
        set(inspect.signature(getattr(one, verb)).parameters) - {"runs", "self", "chosen", "rows"}
        for one in (sf.Runs, pd.DataFrame.pictures)
    )
    assert of_frames - of_runs <= {"image"}
    assert of_runs - of_frames <= {"rater", "max_cost", "cost"}


def test_a_title_of_the_call_stands_in_place_of_that_of_the_runs(ws):
    runs = ws.run(sweep(), name="mine")
    assert "mine" in runs.sheet().text
    assert "other" in runs.sheet(title="other").text
    assert "mine" not in runs.sheet(title="other").text
    assert "other" in runs.travel("seed", title="other").text
    assert runs.gallery(title="other")._title == "other"


def test_texts_in_cells_are_short(ws):
    cell = sweep(prompt="TOK {animal}", animal=["fox"])[0]
    assert repr(cell) == (
        "Request(prompt='TOK fox', finetune_id='a', lora_strength=1.0, steps=25, seed=1, sampler_name='euler',"
        " scheduler='simple', aspect_ratio='1:1', hardware='cost', animal='fox', prompt_template='TOK {animal}')"
    )
    assert repr(cell.again(2)).endswith(", take=2)")
    assert repr(ws.submit(sweep(), name="mine")) == "SubmittedSweep('mine')"


def test_a_sweep_is_chosen_from_as_runs_are(ws):
    given = sweep(steps=[10, 20, 30], finetune_id={"late": "a", "early": "b"})
    assert [cell.seed for cell in given.where(seed=2)] == [2] * 6
    assert given.where(seed=[1, 3], steps="10-20 (+10)", finetune_id="late") == given.where(
        lambda cell: cell.seed != 2 and cell.steps <= 20 and cell.finetune_id == "a"
    )
    assert given.where(lambda cell: cell.steps < 30, seed=1.0, finetune_id=["b"]).axes["steps"] == [10, 20]
    with pytest.raises(sf.SweepError, match=r"no 'sed'\. Did you mean 'seed'"):
        given.where(sed=1)
    with pytest.raises(sf.SweepError, match="No cell is left"):
        given.where(seed=99)
    runs = ws.run(given)
    assert [run.digest for run in runs.where(finetune_id="late", steps="10-20 (+10)")] == [
        cell.digest for cell in given.where(finetune_id="late", steps="10-20 (+10)")
    ]


def test_labels_tell_runs_apart_and_do_not_prevent_hashing(ws):
    labelled = sweep(seed={"first": 1, "second": 2})
    assert hash(ws.runs(labelled)) == hash(ws.runs(sweep(seed=[1, 2])))
    assert ws.runs(labelled) != ws.runs(sweep(seed=[1, 2]))


def test_a_run_compares_and_hashes(ws):
    runs = ws.run(sweep())
    assert runs.one(seed=1) == ws.runs(sweep()).one(seed=1)
    assert len({*runs, *ws.runs(sweep())}) == 3


def check_documentation(verb):
    assert inspect.ismethod(verb)
    documentation = inspect.getdoc(verb)
    for parameter in inspect.signature(verb).parameters:
        assert f"\n{parameter}:\n" in documentation
    assert "\nExample\n" in documentation


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_of_runs_is_a_documented_method(ws, name):
    check_documentation(getattr(ws.runs(), name))


@pytest.mark.parametrize("name", VERBS_OF_WORKSPACE)
def test_a_verb_of_a_workspace_is_a_documented_method(ws, name):
    check_documentation(getattr(ws, name))


@pytest.mark.parametrize(
    "name", ["path", "labels", "parameters", "index", "text", "file_name", "caption", "pictures", "self", "größe"]
)
def test_a_placeholder_may_be_named_like_anything_but_a_column(ws, tmp_path, name):
    named = sweep(prompt=f"TOK {{{name}}}", seed=1, **{name: {"first": "x", "second": "y"}})
    runs = ws.run(named)
    assert len(runs.where(**{name: "x"})) == 1
    assert runs.one(**{name: "y"}).prompt == "TOK y"
    assert list(runs.df[name]) == ["x", "y"]
    assert "2 pictures" in runs.sheet().text
    assert len(list((runs.export(tmp_path / "out") / "pictures").iterdir())) == 2
    assert ws.builder(named).sweep.axes[name] == ["x", "y"]


LABELLED = {"1200 steps": "3f2a", "1600 steps": "9b1c", "800 steps": "77aa"}


def test_where_knows_labels_and_lists_and_counts_what_is_left(ws):
    runs = ws.run(sweep(finetune_id=LABELLED))
    chosen = runs.where(finetune_id="1600 steps")
    assert [run.finetune_id for run in chosen] == ["9b1c"] * 3
    assert repr(chosen) == "Runs(3 runs: 1 finetune_id × 3 seed)"
    assert chosen == runs.where(finetune_id="9b1c") == runs.where(finetune_id_label="1600 steps")
    assert len(runs.where(seed=[1, 3])) == 6
    assert repr(runs.where(seed=12345)) == "Runs(0 runs)"
    with pytest.raises(sf.SegfluxError, match="Runs have no 'sede'"):
        runs.where(sede=1)
    with pytest.raises(sf.SegfluxError, match="There is no run to show: the selection is empty"):
        runs.where(seed=12345).sheet(cols="finetune_id")


def test_runs_are_a_sequence(ws):
    runs = ws.run(sweep())
    assert runs[0] == next(iter(runs))
    assert runs[-1].seed == 3
    assert repr(runs[:2]) == "Runs(2 runs: 2 seed)"
    assert [run.seed for run in runs[::-1]] == [3, 2, 1]
    for wrong, says in ((7, "no run 7 in a selection of 3 runs"), ("seed", "not possible")):
        with pytest.raises(sf.SegfluxError, match=says):
            runs[wrong]


def test_runs_are_added_each_cell_once_and_what_differs_is_an_axis(ws):
    one, other = ws.run(sweep(steps=10)), ws.run(sweep(seed=[3, 4], steps=20))
    both = one + other
    assert repr(both) == "Runs(5 runs: 4 seed, 2 steps)"
    assert len(one + one) == 3
    assert sum([one, other]) == both
    assert both.sheet().text.splitlines()[1:3] == ["columns seed: 1, 2, 3, 4", "rows steps: 10, 20"]
    assert one.__add__([1]) is NotImplemented


def test_runs_stand_for_their_sweep(ws):
    mine = sweep(finetune_id=LABELLED, prompt="TOK {animal}", animal=["fox", "owl"])
    runs = ws.run(mine)
    assert runs.sweep.identity == mine.identity
    assert len(ws.sweeps) == 1
    assert ws.run(runs) == runs
    assert len(ws.sweeps) == 1, "it is the same sweep"
    assert ws.plan(runs[:2]).logged == 2
    planned = ws.runs(sweep(steps=7))
    assert len(ws.run(planned)) == 3, "also where the log has none of it yet"


def test_what_is_no_sweep_is_refused_with_the_way_on(ws):
    parameters = {"prompt": "TOK", "finetune_id": "a", "seed": 1}
    for wrong, says in (
        (parameters, r"Sweep\(\*\*"),
        ([parameters], "from_frame"),
        (pd.DataFrame([parameters]), "from_frame"),
    ):
        with pytest.raises(sf.SegfluxError, match=says):
            ws.run(wrong)


def test_runs_that_were_not_started_say_so(ws):
    runs = ws.runs(sweep())
    for show in (runs.sheet, runs.gallery):
        with pytest.raises(sf.SegfluxError, match=r"none of 3 runs was started\. ws\.run\(sweep\) makes"):
            show()
    assert len(runs.where(seed=1)) == 0
    with pytest.raises(sf.SegfluxError, match="was not started"):
        runs[0]


def test_labels_are_ordered_as_in_the_sweep(ws):
    frame = ws.run(sweep(finetune_id=LABELLED)).df
    assert frame["finetune_id_label"].cat.categories.tolist() == list(LABELLED)
    assert frame["finetune_id_label"].cat.ordered
    assert frame.pivot_table(index="finetune_id_label", values="seed", observed=True).index.tolist() == list(LABELLED)


def test_a_sheet_of_one_caption_may_name_it_as_text(ws):
    runs = ws.run(sweep())
    runs.mark(runs[0], stars=4)
    assert next(cell.caption for cell in runs.sheet(captions="stars")._layout.cells) == "stars 4"


def test_the_marks_of_each_rater_are_a_frame(ws):
    runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3], steps=4))
    assert runs.marks.dtypes.astype(str).to_dict() == {
        **{"run": "string", "rater": "string", "stars": "Int64", "pick": "boolean", "note": "string"},
        "marked_at": "datetime64[us, UTC]",
    }
    anna, ben = runs.gallery(rater="anna"), runs.gallery(rater="ben")
    for gallery, stars in ((ben, [4, 1, None]), (anna, [2, None, None])):
        for row, number in enumerate(stars):
            if number is not None:
                gallery._do({"kind": "mark", "id": 1, "changes": [{"at": [row], "mark": {"stars": number}}]})
    anna._do({"kind": "mark", "id": 1, "changes": [{"at": [1], "mark": {"pick": False, "note": "cut off"}}]})
    marks = runs.marks
    names = [run.run for run in runs]
    assert marks[["run", "rater"]].values.tolist() == [
        *([names[0], "ben"], [names[0], "anna"], [names[1], "ben"], [names[1], "anna"])
    ], "in the order of the runs, then as they were made"
    assert marks.groupby("run")["stars"].mean()[names[0]] == 3
    assert marks.iloc[3][["pick", "note"]].tolist() == [False, "cut off"]
    assert runs.where(seed=2).marks["rater"].tolist() == ["ben", "anna"]
    assert runs.df["stars"].tolist()[0] == 2, "the frame of runs has the last word"
    assert runs.where(seed=3).marks.empty


def test_own_columns_are_joined_by_run_or_by_parameters_and_kept(ws):
    runs = ws.run(sweep(finetune_id=LABELLED))
    scores = pd.DataFrame({"run": runs.df["run"], "clip_score": [n / 10 for n in range(9)]})
    assert runs.annotate(scores).df["clip_score"].tolist() == [n / 10 for n in range(9)]
    runs.annotate(pd.DataFrame({"seed": [1.0, 3.0], "mood": ["calm", None], "tags": [["a", "b"], ["c"]]}))
    frame = ws.runs(sweep(finetune_id=LABELLED)).df
    assert frame.columns[-3:].tolist() == ["clip_score", "mood", "tags"]
    assert frame["mood"].tolist()[:3] == ["calm", pd.NA, pd.NA]
    assert frame["tags"].tolist()[:3] == [["a", "b"], None, ["c"]]
    assert str(frame["clip_score"].dtype) == "Float64"
    runs.annotate(pd.DataFrame({"finetune_id": ["800 steps"], "kind": [1]}).set_index("finetune_id"))
    assert runs.where(finetune_id="800 steps").df["kind"].tolist() == [1, 1, 1]
    assert "kind" not in runs.where(finetune_id="1200 steps").df
    own = runs.df.assign(rank=range(9))
    assert runs.annotate(own).df["rank"].tolist() == list(range(9)), "the frame itself, with a column more"
    assert "mood" in ws.runs().df


def test_a_table_that_does_not_fit_changes_nothing(ws):
    runs = ws.run(sweep())
    names = runs.df["run"].tolist()
    for table, says in (
        (pd.DataFrame({"score": [1]}), "no column that tells"),
        (pd.DataFrame({"run": names}), "no column of its own"),
        (
            pd.DataFrame({"seed": [1, 99], "score": [1, 2]}),
            "1 of 2 rows, the first of them seed 99, is about none",
        ),
        (pd.DataFrame({"seed": [1, 1], "score": [1, 2]}), "Rows 0 and 1 of the table are about the same runs"),
        (pd.DataFrame({"run": names, "seed": [3, 2, 1], "score": [1, 2, 3]}), "says seed 3 of run"),
        (pd.DataFrame({"run": names, "error": [0.1, 0.2, 0.3], "score": [1, 2, 3]}), "error is a column of runs.log"),
        (pd.DataFrame({"run": names, "score": [object()] * 3}), "cannot keep"),
        ({"run": names}, "takes a pandas frame"),
    ):
        with pytest.raises(sf.SegfluxError, match=says):
            runs.annotate(table)
    assert "score" not in runs.df
    assert runs.annotate(pd.DataFrame({"seed": [1, 99], "score": [1, 2]}), skip_unknown=True).df["score"][0] == 1


def test_a_sweep_comes_back_from_its_frame(ws):
    mine = sweep(
        finetune_id=LABELLED, prompt="TOK {animal} in {{braces}}", animal=["fox", "owl"], lora_strength=[0.5, 1.0]
    )
    assert sf.Sweep.from_frame(ws.run(mine).df).identity == mine.identity


def test_where_knows_the_facts_of_runs_and_values_of_every_form(ws):
    runs = ws.run(sweep(seed=[1, 2, 3], lora_strength={"low": 0.5, "high": 1.0}))
    assert len(runs.where(status="completed")) == 6
    assert len(runs.where(status="failed")) == 0
    assert len(runs.where(run=runs[0].digest[:12])) == 1
    assert len(runs.where(seed=pd.Series([1, 3]))) == 4
    assert len(runs.where(seed=np.array([1, 3]))) == 4
    assert len(runs.where(seed=(n for n in (1, 3)))) == 4
    assert len(runs.where(seed="1-2")) == len(runs.where(seed="1, 2")) == 4
    assert len(runs.where(seed="3", lora_strength="low")) == 1
    for name in ("stars", "image", "path", "index"):
        with pytest.raises(sf.errors.RunError, match=f"Runs have no '{name}'"):
            runs.where(**{name: 5})
    with pytest.raises(sf.errors.RunError, match="takes one value"):
        runs.one(seed=pd.Series([1]))


def test_a_builder_takes_runs_and_refuses_what_is_no_sweep(ws):
    runs = ws.run(sweep(seed=[1, 2]))
    assert ws.builder(runs).sweep.axes["seed"] == [1, 2]
    with pytest.raises(sf.SweepError, match="is not a sweep"):
        ws.builder({"prompt": "TOK"})


def test_a_number_of_any_size_is_kept_beside_runs(ws):
    runs = ws.run(sweep(seed=[1, 2]))
    numbers = {"great": [10**400, 2**63], "mixed": [10**400, 0.5]}
    runs.annotate(
        pd.DataFrame({"seed": [1, 2], **{name: pd.Series(of, dtype=object) for name, of in numbers.items()}})
    )
    assert runs.df["great"].tolist() == [10**400, 2**63]
    assert runs.df["mixed"].tolist() == [10**400, 0.5]
    assert "2 pictures" in runs.sheet(captions=["great"], border="mixed").text


def test_a_summary_of_the_simulator_says_what_painting_does_to_it(ws):
    runs = ws.run(sweep(seed=[1, 2]))
    summary = runs.summary()
    assert str(summary).splitlines()[-1].startswith("The simulator paints on this machine")
    assert "<caption" in summary.html()
    assert repr(summary) == "Summary(2 runs)"
