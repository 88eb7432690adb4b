import importlib
import pickle
import pkgutil
import re

import pytest

import segflux_nb
from segflux_nb import errors

LINE = re.compile(r"^    (?P<branches>[│├└─ ]*)(?P<name>\w+)", re.MULTILINE)


def every_error():
    for module in pkgutil.walk_packages(segflux_nb.__path__, "segflux_nb."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, waiting = {}, [BaseException]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if kind.__module__.startswith("segflux_nb"):
                found[kind.__name__] = kind
    return found


def drawn():
    """The tree in the docstring: each name and the name it hangs from."""
    parents, path = {}, []
    for line in LINE.finditer(errors.__doc__):
        depth = len(line["branches"]) // 4
        path[depth:] = [line["name"]]
        parents[line["name"]] = path[depth - 1] if depth else None
    return parents


def test_the_tree_in_the_docstring_has_every_error_of_the_package():
    found = every_error()
    assert drawn() == {
        name: kind.__base__.__name__ if kind.__base__.__name__ in found else None for name, kind in found.items()
    }
    assert {kind.__module__ for kind in found.values()} == {"segflux_nb.errors"}
    assert set(errors.SegfluxError.__subclasses__()) < set(found.values())


MADE = {
    errors.ServiceError: lambda kind: kind(418, "teapot", retry_after=3.0, request_id="a", remedy="wait"),
    errors.InferenceFailed: lambda kind: kind("a", {"error": "out of memory"}),
    errors.InferenceTimeout: lambda kind: kind("a", 0.5),
    errors.InferenceError: lambda kind: kind("x", request_id="a", money="nothing was billed"),
    errors.SegfluxError: lambda kind: kind("x", remedy="Try again", money="something may have been billed"),
}


@pytest.mark.parametrize("kind", [kind for kind in every_error().values() if issubclass(kind, errors.SegfluxError)])
def test_errors_pass_between_processes_whole(kind):
    make = next(make for base, make in MADE.items() if issubclass(kind, base))
    error = make(kind)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
    assert copy.args == error.args


@pytest.mark.parametrize(
    ("what", "remedy", "text"),
    [
        ("It is wrong", "", "It is wrong."),
        ("It is wrong.", "Mend it.", "It is wrong. Nothing was billed. Mend it."),
        ("No 'eulr'", "Did you mean 'euler'?", "No 'eulr'. Nothing was billed. Did you mean 'euler'?"),
    ],
)
def test_an_error_is_sentences_with_one_mark_each(what, remedy, text):
    assert str(errors.SegfluxError(what, remedy=remedy, money="nothing was billed" if remedy else "")) == text
