"""Sweep files: what is read is what was written, and can be changed in the same way."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import segflux_nb as sf

BASE = {"prompt": "TOK at dawn", "finetune_id": "ft"}


def read_back(sweep):
    with tempfile.TemporaryDirectory() as folder:
        return sf.Sweep.from_toml(sweep.to_toml(Path(folder) / "sweep.toml"))


seeds = st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True)
strengths = st.lists(st.sampled_from([-1.0, 0.0, 0.5, 0.8, 1.0]), min_size=1, max_size=3, unique=True)
constants = st.fixed_dictionaries(
    {},
    optional={
        "steps": st.integers(1, 100),
        "scheduler": st.sampled_from(["simple", "beta"]),
        "hardware": st.sampled_from(["fast", "cost"]),
        "lora_strength": strengths.map(lambda values: values[0]),
    },
)
prompts = st.sampled_from(
    [
        {"prompt": "TOK {{literally}}"},
        {"prompt": "TOK {animal}", "animal": ["fox", "owl"]},
        {"prompt": "TOK {animal}", "animal": {"short": "a long fox", "other": "owl"}},
        {"prompt": "TOK {animal} by {light}", "animal": ["fox", "owl"], "light": "moonlight"},
        {"prompt": ["one {animal}", "two {animal}"], "animal": "fox"},
        {"prompt": "TOK {animal}", "animal": "fox"},
    ]
)


@st.composite
def grids(draw):
    parameters = {"finetune_id": "ft", **draw(prompts), **draw(constants)}
    labelled = st.just({"strong": 1.0, "weak": 0.5})
    axes = draw(st.fixed_dictionaries({}, optional={"seed": seeds, "lora_strength": st.one_of(strengths, labelled)}))
    linked = draw(st.sampled_from([[], [sf.linked(steps=[10, 20], sampler_name=["euler", "heun"])]]))
    for group in linked:
        for name in group.values:
            parameters.pop(name, None)
    return sf.Sweep(*linked, **{**parameters, **axes})


@st.composite
def sweeps(draw):
    sweep = draw(grids())
    for step in draw(st.lists(st.sampled_from(["sample", "baseline", "add", "where"]), max_size=2)):
        if step == "sample":
            sweep = sweep.sample(draw(st.integers(1, len(sweep))))
        elif step == "baseline":
            sweep = sweep.with_baseline()
        elif step == "add":
            sweep += draw(grids())
        elif "seed" in sweep.axes and any(cell.seed % 2 for cell in sweep):
            # Of an axis: a file does not hold the filter, so that one on a constant is not applied again.
            sweep = sweep.where(lambda cell: cell.seed % 2)
    return sweep


replacements = st.fixed_dictionaries(
    {},
    optional={
        "finetune_id": st.sampled_from(["other", {"name": "other"}]),
        "seed": st.one_of(st.integers(0, 5), seeds),
        "steps": st.one_of(st.integers(1, 100), st.just([7, 8])),
        "lora_strength": strengths.map(lambda values: values[0]),
        "hardware": st.sampled_from(["fast", "cost"]),
        "prompt": st.sampled_from(["TOK by night", "a {animal}", "{{x}}", ["a", "b"]]),
        "animal": st.sampled_from(["wolf", ["wolf", "fox"]]),
        "light": st.just("candles"),
    },
)


def replaced(sweep, parameters):
    try:
        return sweep.replace(**parameters)
    except sf.SweepError:
        return None


@given(sweep=sweeps())
def test_a_sweep_is_read_back_from_its_file(sweep):
    assert read_back(sweep) == sweep
    assert list(read_back(sweep).axes) == list(sweep.axes)


@given(sweep=grids(), parameters=replacements)
def test_replacing_in_a_file_of_axes_is_replacing_in_the_sweep(sweep, parameters):
    assert replaced(read_back(sweep), parameters) == replaced(sweep, parameters)


@given(sweep=sweeps(), parameters=replacements)
def test_replacing_in_a_file_of_cells_is_replacing_in_the_sweep_or_an_error(sweep, parameters):
    changed = replaced(read_back(sweep), parameters)
    if changed is not None:
        assert changed == sweep.replace(**parameters)
    elif set(parameters) <= set(sweep.constants) and not any(isinstance(v, list | dict) for v in parameters.values()):
        assert replaced(sweep, parameters) is None, "the sweep can do it, and its file cannot"


def test_a_constant_that_becomes_an_axis_has_the_place_it_has_in_the_sweep():
    sweep = sf.Sweep(**BASE, lora_strength={"strong": 1.0, "weak": 0.5}, steps=3, seed=[1, 2])
    for changes in ({"steps": [7, 8]}, {"finetune_id": ["a", "b"]}):
        assert list(read_back(sweep).replace(**changes).axes) == list(sweep.replace(**changes).axes)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("linked = 3\n[sweep]", "linked is not a list of tables"),
        ("linked = [3]\n[sweep]", "linked is not a list of tables"),
        ("order = 3\n[sweep]", "order is not a list of names"),
        ("order = [[1]]\n[sweep]", "order is not a list of names"),
        ("axes = 3\n[[cells]]\n[cells.parameters]", "axes is not a list of names"),
        ("[[cells]]\nlabels = 3\n[cells.parameters]", "labels of a cell are not a table"),
        ("[[cells]]\nlabels = {x = [1]}\n[cells.parameters]", "labels of a cell are not a table"),
    ],
)
def test_a_file_with_values_of_a_wrong_kind_is_not_a_sweep_file(tmp_path, wrong, says):
    file = tmp_path / "sweep.toml"
    file.write_text(f'{wrong}\nprompt = "TOK"\nfinetune_id = "a"\n')
    with pytest.raises(sf.SweepError, match=f"not a sweep file: .*{says}"):
        sf.Sweep.from_toml(file)


def test_the_fine_tune_of_a_file_with_cells_can_be_replaced():
    sweep = sf.Sweep(**BASE, seed=[1, 2, 3], lora_strength=[0.5, 1]).sample(4).with_baseline()
    other = read_back(sweep).replace(finetune_id="another", steps=30)
    assert {(cell.finetune_id, cell.steps) for cell in other} == {("another", 30)}
    assert other == sweep.replace(finetune_id="another", steps=30)


def test_a_template_and_its_constant_placeholders_can_be_replaced_in_a_file_with_cells():
    sweep = sf.Sweep(
        prompt="a {animal} by {light}", finetune_id="ft", animal=["fox", "owl"], light="day", seed=[1, 2]
    )
    sweep = sweep.where(lambda cell: cell.animal == "fox" or cell.seed == 1)
    changes = {"prompt": "{light}: {animal}, {colour}", "light": "night", "colour": "red"}
    assert read_back(sweep).replace(**changes) == sweep.replace(**changes)
    assert [cell.prompt for cell in read_back(sweep).replace(**changes)] == [
        "night: fox, red",
        "night: fox, red",
        "night: owl, red",
    ]


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"seed": 4}, "seed cannot be replaced: it varies"),
        ({"lora_strength": 0.3}, "lora_strength cannot be replaced: it varies"),
        ({"finetune_id": ["a", "b"]}, "finetune_id cannot become an axis"),
        ({"steps": "10-20 (+10)"}, "steps cannot become an axis"),
        ({"colour": "red"}, "There is no parameter 'colour'"),
        ({"steps": 0}, "steps=0"),
        ({"prompt": "a {animal}"}, "{animal} has no values"),
    ],
)
def test_what_cannot_be_replaced_in_a_file_with_cells_is_an_error(parameters, says):
    sweep = read_back(sf.Sweep(**BASE, seed=[1, 2], lora_strength=[0.5, 1]).sample(3))
    with pytest.raises(sf.SweepError) as error:
        sweep.replace(**parameters)
    assert says in str(error.value)


def test_an_iterator_is_read_once_and_a_list_may_change_later():
    strengths = [0.5, 1.0]
    sweep = sf.Sweep(**BASE, seed=(number for number in (1, 2)), lora_strength=strengths)
    strengths.append(2.0)
    assert sweep.sample(3).replace(prompt="TOK").axes == {"seed": [1, 2], "lora_strength": [0.5, 1.0]}


def test_a_file_is_short_and_keeps_every_order(tmp_path):
    sweep = sf.Sweep(
        sf.linked(finetune_id={"late": "y", "early": "x"}, steps=[20, 10]),
        prompt="TOK {light}, {{x}}",
        seed=[2, 1],
        light={"dusk": "at dusk", "dawn": "at dawn"},
        lora_strength="0.4-1.4 (+0.2)",
    ).with_baseline()
    file = sweep.to_toml(tmp_path / "sweep.toml")
    assert "baseline = true" in file.read_text(encoding="utf-8")
    assert len(file.read_text(encoding="utf-8").splitlines()) < 15
    back = sf.Sweep.from_toml(file)
    assert back == sweep
    assert list(back.axes) == list(sweep.axes)
    assert back.labels == sweep.labels
    assert back.to_toml(tmp_path / "again.toml").read_text() == file.read_text()
    assert back.replace(lora_strength=[0.5]) == sweep.replace(lora_strength=[0.5])


@given(prompt=st.text(min_size=1).filter(str.strip), label=st.text())
def test_any_text_is_read_back(prompt, label):
    sweep = sf.Sweep(prompt={label: sf.sweep.template.escape(prompt)}, finetune_id="ft", seed=[1, 2])
    assert read_back(sweep) == sweep
    assert read_back(sweep.where(lambda cell: cell.seed == 1)) == sweep.where(lambda cell: cell.seed == 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_files_of_editors_of_windows_are_read(tmp_path, encoding, ending):
    file = tmp_path / "sweep.toml"
    text = '[sweep]\nprompt = "TOK é 山"\nfinetune_id = "a"\nseed = [1, 2]\n'
    file.write_bytes(text.replace("\n", ending).encode(encoding))
    assert sf.Sweep.from_toml(file) == sf.Sweep(prompt="TOK é 山", finetune_id="a", seed=[1, 2])


def test_a_file_of_an_earlier_version_is_read(tmp_path):
    file = tmp_path / "sweep.toml"
    file.write_text(
        'model = "flux-dev-finetuned"\norder = ["prompt", "finetune_id", "seed"]\n\n[sweep]\nprompt = "TOK"\n'
        'seed = [\n    1,\n    2,\n]\n\n[sweep.finetune_id]\n"1200 steps" = "x"\n'
    )
    assert list(sf.Sweep.from_toml(file).axes) == ["finetune_id", "seed"]


def test_ranges_and_a_baseline_by_hand(tmp_path):
    file = tmp_path / "sweep.toml"
    file.write_text('baseline = true\n[sweep]\nprompt = "TOK"\nfinetune_id = "a"\nlora_strength = "0.4-1 (+0.2)"\n')
    assert [cell.lora_strength for cell in sf.Sweep.from_toml(file)] == [0, 0.4, 0.6, 0.8, 1.0]


GOOD = '[sweep]\nprompt = "TOK"\nfinetune_id = "a"\n'


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (f"{GOOD}seed = [1, -1]\n", 4, "random seed"),
        (f"{GOOD}steps = 0\n", 4, "steps=0"),
        (f"{GOOD}step = 3\n", 4, "There is no parameter 'step'"),
        (f"{GOOD}seed = 2026-01-01\n", 4, "seed="),
        (f"{GOOD}lora_strength = '0.4-'\n", 4, "lora_strength='0.4-'"),
        ('[sweep]\nfinetune_id = "a"\nprompt = "TOK {image}"\nimage = ["x"]\n', 4, "column"),
        ('[sweep]\nfinetune_id = "a"\nprompt = "TOK {x}"\n', 3, "no values"),
        (f"{GOOD}seed = [1, 2\n", 4, "Unclosed array"),
        (f"{GOOD}\n[linked]\nsteps = [1]\n", 5, "linked is not a list"),
        (f"baseline = 1\n{GOOD}", 1, "baseline is neither"),
        (f"colour = 1\n{GOOD}", 1, "it has colour"),
        (f"{GOOD}\n[[cells]]\nparameters = {{}}\n", 5, "both"),
        (f"{GOOD}[[linked]]\nsteps = [1, 2]\n", 5, "two or more"),
        ('[[cells]]\nparameters = {prompt = "x", finetune_id = "a", seed = [1, 2]}\n', 2, "not one value"),
        ('[[cells]]\nparameters = {prompt = 3, finetune_id = "a"}\n', 2, "prompt=3"),
        ('\n[[cells]]\nlabels = {image = "x"}\nparameters = {prompt = "x", finetune_id = "a"}\n', 2, "column"),
        (
            '[[cells]]\nlabels = {seed = 3}\nparameters = {prompt = "x", finetune_id = "a"}\n',
            1,
            "name of a parameter",
        ),
        ('axes = {seed = 3}\n[[cells]]\nparameters = {prompt = "x", finetune_id = "a"}\n', 1, "list of names"),
        ('axes = ["sed"]\n[[cells]]\nparameters = {prompt = "x", finetune_id = "a"}\n', 1, "no cell has it"),
        ('[[cells]]\nlabels = {x = true}\nparameters = {prompt = "x", finetune_id = "a"}\n', 1, "labels"),
        ('[[cells]]\nlabels = {x = nan}\nparameters = {prompt = "x", finetune_id = "a"}\n', 1, "labels"),
        ('[[cells]]\ncolour = 3\nparameters = {prompt = "x", finetune_id = "a"}\n', 1, "has colour"),
    ],
)
def test_what_is_wrong_in_a_file_by_hand_is_named_with_its_line(tmp_path, content, line, says):
    file = tmp_path / "by-hand.toml"
    file.write_text(content)
    with pytest.raises(sf.SweepError, match=says) as error:
        sf.Sweep.from_toml(file)
    assert str(file) in str(error.value)
    assert f"line {line}" in str(error.value)


def test_a_file_that_is_no_text_is_refused_with_its_line(tmp_path):
    file = tmp_path / "sweep.toml"
    file.write_bytes(b'[sweep]\nprompt = "caf\xe9"\n')
    with pytest.raises(sf.SweepError, match="line 2 is not text in UTF-8"):
        sf.Sweep.from_toml(file)


CHANGES = {
    "filtered": lambda sweep: sweep.where(lambda cell: (cell.seed, cell.steps) != (2, 9)),
    "sampled": lambda sweep: sweep.sample(9, seed=1),
    "added": lambda sweep: sweep + sf.Sweep(**BASE, seed=7, steps=9),
    "with a baseline": lambda sweep: sweep.sample(9, seed=1).with_baseline(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_order_of_values_stays(change):
    """A file of cells has them too: a sheet shows them in this order."""
    animals = {"animal": {"B": "owl", "A": "fox"}, "prompt": ["b {animal}", "a {animal}"], "finetune_id": "ft"}
    for arguments in ({**BASE, "sampler_name": ["heun", "euler"]}, animals):
        sweep = CHANGES[change](sf.Sweep(**arguments, seed=[3, 1, 2], steps=[20, 9]))
        back = read_back(sweep)
        assert back == sweep
        assert list(back.axes.items()) == list(sweep.axes.items())
        assert back.labels == sweep.labels
        again = back.where(lambda cell: True)
        assert list(read_back(again).axes.items()) == list(sweep.axes.items())
