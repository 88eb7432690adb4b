"""Files and Pillow images among the values of a sweep, replaced by the texts that stand for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..input_pictures import is_given, name_of, parts_of_text, text_for
from ..model import Model, Parameter


def with_pictures(name: str, given: Any, model: Model, *, is_linked: bool = False) -> Any:
    """What was given for a parameter, its pictures replaced by texts. A list of pictures gets their names as labels.

    What is wrong with a picture is told where the value is checked: it stays as it is here.

    Parameters
    ----------
    name:
        The parameter or placeholder.
    given:
        What was given for it.
    model:
        The model that has the parameter.
    is_linked:
        Whether it moves together with others: pictures that come more than once stay a list then.
    """
    parameter = model.parameter(name)
    if parameter is None:
        return given
    try:
        found = _replaced(parameter, given)
    except ValueError:
        return given
    is_axis = parameter.kind == "picture" and isinstance(found, list) and found != given
    if is_axis and is_linked and len(set(map(str, found))) < len(found):
        return found
    return _labelled(found) if is_axis and all(map(parts_of_text, found)) else found


def _replaced(parameter: Parameter, given: Any) -> Any:
    if parameter.kind == "picture" and is_given(given):
        return text_for(given)
    if isinstance(given, Mapping):
        inner = parameter.fields if parameter.kind == "object" else {}
        return {key: _replaced(inner.get(key, parameter), one) for key, one in given.items()}
    if isinstance(given, list):
        is_whole = parameter.kind == "list" and not any(isinstance(one, list) for one in given)
        item = (parameter.items if is_whole else parameter) or parameter
        return [_replaced(item, one) for one in given]
    return given


def _labelled(texts: list[str]) -> dict[str, str]:
    """Pictures with their names as labels. Where two have one name, a part of the sha256 tells them apart."""
    found: dict[str, str] = {}
    for text in dict.fromkeys(texts):
        label = name_of(text)
        found[label if label not in found else f"{label} {text.partition('-')[2][:6]}"] = text
    return found
