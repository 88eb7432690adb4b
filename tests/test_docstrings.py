"""Functions and methods with two or more parameters describe each parameter, in the style of numpydoc."""

import importlib
import inspect
import pkgutil
import re

import pytest

import segflux_nb
import segflux_nb.client

SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)


def documented(docstring):
    """The names that the sections "Parameters" and "Attributes" describe."""
    parts = SECTION.split(inspect.cleandoc(docstring or ""))
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    names = set()
    for line in [*sections.get("Parameters", "").splitlines(), *sections.get("Attributes", "").splitlines()]:
        if line and not line[0].isspace():
            names |= {name.strip(" *") for name in line.partition(":")[0].split(",")}
    return names


def functions_of(value, name):
    """A public function, or the constructor and the public methods of a class: name, parameters, docstring."""
    if inspect.isclass(value):
        if "__init__" in vars(value) and not getattr(value, "_is_protocol", False):
            yield name, list(inspect.signature(value.__init__).parameters)[1:], value.__doc__
        for key, member in vars(value).items():
            function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
            if inspect.isfunction(function) and not key.startswith("_"):
                own = 0 if isinstance(member, staticmethod) else 1  # self or cls
                yield f"{name}.{key}", list(inspect.signature(function).parameters)[own:], function.__doc__
    elif inspect.isfunction(inspect.unwrap(value)):
        yield name, list(inspect.signature(value).parameters), value.__doc__


def public():
    """What users import, by its name."""
    for module in (segflux_nb, segflux_nb.client):
        for name in module.__all__:
            yield from functions_of(getattr(module, name), f"{module.__name__}.{name}")


# The samplers have one signature. `samplers.Sampler` describes it for all of them.
SAMPLERS = tuple(f"segflux_nb.simulator.flow.{name}" for name in ("samplers", "multistep", "stochastic"))


def everything():
    """All functions and classes without an underscore, by their names. Verbs count as methods."""
    for found in pkgutil.walk_packages(segflux_nb.__path__, "segflux_nb."):
        if found.name not in ("segflux_nb.__main__", *SAMPLERS) and "_verbs." not in found.name:
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                if not name.startswith("_") and getattr(value, "__module__", "") == found.name:
                    yield from functions_of(value, f"{found.name}.{name}")


def undocumented(functions):
    """The number of functions with two or more parameters, and those of them that do not describe each."""
    many = {name: (names, text) for name, names, text in functions if len(names) >= 2}
    return len(many), sorted(name for name, (names, text) in many.items() if set(names) - documented(text))


@pytest.mark.parametrize(("functions", "least"), [(public, 0.95), (everything, 0.93)], ids=["public", "all"])
def test_functions_describe_each_of_their_parameters(functions, least):
    number, missing = undocumented(functions())
    assert number > 10
    assert 1 - len(missing) / number >= least, "\n".join(missing)
