"""docs/api.md forgets nothing: what public verbs return, and the errors that users meet."""

import ast
import functools
import importlib
import inspect
import re
from pathlib import Path

import pytest

import segflux_nb as sf
from segflux_nb import errors
from segflux_nb.accessor import Pictures

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
LISTED = {name.rpartition(".")[2] for name in re.findall(r"\{?auto(?:class|function|exception)\}?:: ([\w.]+)", PAGE)}
ROOTS = [getattr(sf, name) for name in sf.__all__ if name != "__version__"] + [Pictures]
INSIDE = {
    "SourceHasChanged",  # a copy begins again
    "Product",  # how a sweep keeps its axes
    "RunFiles",  # how a run finds its files
    "Linked",  # what Sweep takes from linked()
    "Evaluations",  # what prices are counted with
    *("Belief", "Features"),  # how votes are counted
    "CountedDeviation",  # what the doctor counts with
    *("Pace", "Truth", "ServiceResponse"),  # how the simulator works inside
}
"""What no user meets."""

WRAPPED = ("fget", "func", "__func__")
"""Where properties, cached properties and class methods have their function."""


@functools.cache
def classes():
    """The public classes of the package by name; of names that several have, all of them."""
    found = {}
    for path in (ROOT / "segflux_nb").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(module)
    return found


def returned_by(thing):
    """The names of our classes in what a function, or each public member of a class, gives."""
    names = [] if inspect.isfunction(thing) else [name for name in dir(thing) if name[0] != "_"]
    members = [inspect.getattr_static(thing, name, None) for name in names] or [thing]
    for member in members:
        function = next((getattr(member, name) for name in WRAPPED if hasattr(member, name)), member)
        annotation = getattr(function, "__annotations__", {}).get("return")
        yield from names_in(annotation)
    for annotation in getattr(thing, "__annotations__", {}).values() if inspect.isclass(thing) else ():
        yield from names_in(annotation)


def names_in(annotation):
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    yield from (name for name in re.findall(r"\b[A-Z]\w+", text) if name in classes())


def test_what_public_verbs_return_is_on_the_page():
    waiting, known, missing = list(ROOTS), set(), set()
    while waiting:
        thing = waiting.pop()
        for name in sorted(set(returned_by(thing)) - known - INSIDE):
            known.add(name)
            waiting += [getattr(importlib.import_module(module), name) for module in classes()[name]]
            if name not in LISTED:
                missing.add(f"{name} ({', '.join(classes()[name])}), given by {thing.__name__}")
    assert len(known) > 30
    assert missing == set(), "\n".join(sorted(missing))


def test_all_errors_are_on_the_page_and_in_the_tree():
    own = {
        name: one
        for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, BaseException) and one.__module__ == errors.__name__
    }
    assert ".. automodule:: segflux_nb.errors\n   :members:" in PAGE
    excluded = re.search(r":exclude-members: (.*)", PAGE)[1].split(", ")
    for name, one in own.items():
        assert one.__doc__, name
        assert name in errors.__doc__, name
        assert (name in excluded) == (name in INSIDE), name


@pytest.mark.parametrize("name", sorted(re.findall(r"auto\w+:: ([\w.]+)", PAGE)))
def test_what_the_page_names_exists(name):
    if name.startswith("segflux_nb."):
        module, _, attribute = name.rpartition(".")
        assert name == "segflux_nb.errors" or inspect.getdoc(getattr(importlib.import_module(module), attribute))
    else:
        assert inspect.getdoc(getattr(sf, name))
