"""Values inside lists and objects, by path: ``loras[0].scale``.

A request's parameters are kept flat, one plain value for each path, so that each of them can be an axis, a column, or
a line of a caption. What is sent is made of them again by `nested`. An empty list or object has no value inside, and
stands as itself: ``loras[]`` and ``options{}``. Pure.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Part = str | int
"""A part of a path: the key of an object, or the place in a list."""

EMPTY = ""
"""The value that stands at ``loras[]`` and ``options{}``."""

DEEPEST = 32
"""The most lists and objects in each other."""

MOST_IN_A_LIST = 1000
"""The longest list that is sent."""

_PLAIN = re.compile(r'[^\s.\[\]{}"=,]+')
_STEP = re.compile(r'\[(\d{1,4})\]|\[("(?:[^"\\]|\\.)*")\]|\.?([^\s.\[\]{}"=,]+)')


def is_path(name: str) -> bool:
    """Whether a name leads into a list or an object.

    >>> is_path("loras[0].scale"), is_path("seed")
    (True, False)
    """
    return _PLAIN.fullmatch(name) is None


def parts_of(path: str) -> tuple[Part, ...]:
    """The keys and places of a path.

    Raises
    ------
    ValueError
        If it is no path.

    >>> parts_of("loras[0].scale"), parts_of("loras[]"), parts_of('["a b"].c')
    (('loras', 0, 'scale'), ('loras',), ('a b', 'c'))
    """
    text = path.removesuffix("[]").removesuffix("{}") if path not in ("[]", "{}") else ""
    found: list[Part] = []
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None or (at == 0 and (step[1] or step[0][0] == ".")) or (at and step[3] and step[0][0] != "."):
            raise ValueError(f"{path!r} is not a path")
        found.append(int(step[1]) if step[1] is not None else json.loads(step[2]) if step[2] else step[3])
        at = step.end()
    if not found:
        raise ValueError(f"{path!r} is not a path")
    return tuple(found)


def path_of_parts(parts: Iterable[Part]) -> str:
    """The path that keys and places stand for.

    >>> path_of_parts(("loras", 0, "scale")), path_of_parts(("a b", "c"))
    ('loras[0].scale', '["a b"].c')
    """
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part, ensure_ascii=False)}]"
    return text


def top_of(path: str) -> str:
    """The name of the request field that a path leads into; a text that is no path is its own.

    >>> top_of("loras[0].scale"), top_of("seed")
    ('loras', 'seed')
    """
    if not is_path(path):
        return path
    try:
        return str(parts_of(path)[0])
    except ValueError:
        return path


def flat(name: str, value: Any) -> dict[str, Any]:
    """The plain values of a request field, by path.

    Parameters
    ----------
    name:
        The field, or a path.
    value:
        Its value: plain, or lists and objects of plain values.

    Raises
    ------
    ValueError
        If lists and objects are nested too deeply.

    >>> flat("loras", [{"path": "a", "scale": 1.0}]), flat("loras", [])
    ({'loras[0].path': 'a', 'loras[0].scale': 1.0}, {'loras[]': ''})
    """
    if not isinstance(value, Mapping | list | tuple):
        return {name: value}
    return dict(_leaves(name, value, 0))


def _leaves(path: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > DEEPEST:
        raise ValueError(f"{path[:60]}: lists and objects are nested more than {DEEPEST} deep")
    if isinstance(value, Mapping):
        if not value:
            yield f"{path}{{}}", EMPTY
        for key, inner in value.items():
            step = path_of_parts((str(key),))
            yield from _leaves(f"{path}{step}" if step.startswith("[") else f"{path}.{step}", inner, depth + 1)
    elif isinstance(value, list | tuple):
        if not value:
            yield f"{path}[]", EMPTY
        for at, inner in enumerate(value):
            yield from _leaves(f"{path}[{at}]", inner, depth + 1)
    else:
        yield path, value


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The request fields that plain values by path stand for: the inverse of `flat`.

    Parameters
    ----------
    values:
        Plain values by path.

    Raises
    ------
    ValueError
        If a list has a hole, or a path leads into a plain value.

    >>> nested({"seed": 7, "loras[0].path": "a", "loras[0].scale": 1.0, "masks[]": ""})
    {'seed': 7, 'loras': [{'path': 'a', 'scale': 1.0}], 'masks': []}
    """
    if not any(map(is_path, values)):
        return dict(values)
    root: dict[Part, Any] = {}
    for path, value in values.items():
        parts = parts_of(path) if is_path(path) else (path,)
        if path.endswith(("[]", "{}")) and is_path(path):
            _put(root, parts, _List() if path.endswith("[]") else {}, path)
        else:
            _put(root, parts, value, path)
    return {str(name): _closed(value, str(name)) for name, value in root.items()}


class _List(dict[Part, Any]):
    """A list in the making: values by their places."""


def _put(root: dict[Part, Any], parts: tuple[Part, ...], value: Any, path: str) -> None:
    into = root
    for part, after in itertools.pairwise(parts):
        wanted: type[dict[Part, Any]] = _List if isinstance(after, int) else dict
        into = into.setdefault(part, wanted())
        if type(into) is not wanted:
            raise ValueError(f"{path} leads into a value that is no {'list' if wanted is _List else 'object'}")
    last = parts[-1]
    if isinstance(into.get(last), dict):
        if isinstance(value, dict) and not value and type(value) is type(into[last]):
            return  # an empty list that has got values since
        raise ValueError(f"{path} is given as a whole and by its parts")
    into[last] = value


def _closed(value: Any, path: str) -> Any:
    if isinstance(value, _List):
        missing = [at for at in range(len(value)) if at not in value]
        if missing:
            raise ValueError(f"{path}[{missing[0]}] is missing, and {path} has later places")
        return [_closed(value[at], f"{path}[{at}]") for at in range(len(value))]
    if type(value) is dict:
        return {str(key): _closed(inner, f"{path}.{key}") for key, inner in value.items()}
    return value
