"""What the text of a sweep file stands for. Errors name the file, and the line where it is known."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import SweepError
from ..model import MODEL, Model, Value, is_slug, model_of
from .asked import checked_slug
from .axes import Linked
from .listed import ListedCells, listed_cell
from .names import LABEL, TEMPLATE, column_reason
from .order import unique
from .product import Product
from .request import Request

_Made = TypeVar("_Made")

_KEYS = {"model", "baseline", "sweep", "linked", "order", "cells", "axes"}

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
"""Byte order marks, as editors and shells of Windows write them, and the encodings that they stand for."""


def parse(
    data: bytes, *, source: str, model: Model | Callable[[str], Model] | None = None
) -> tuple[Product | ListedCells, bool]:
    """What a sweep file stands for, and whether it asks for a baseline.

    Parameters
    ----------
    data:
        The file.
    source:
        The name of the file, for errors.
    model:
        The model that checks it, or what gives it for the slug that the file names; None for what is known of that
        without a workspace.

    Raises
    ------
    SweepError
        If the text is not a sweep file, is for another model, or holds a value that is not allowed.
    """
    file = _File(source, _decoded(data, source))
    content = file.content()
    if unknown := sorted(set(content) - _KEYS):
        if "sweep" not in content and "cells" not in content:
            raise file.refused(f"{unknown[0]} stands before a line [sweep], which the parameters need", unknown[0])
        raise file.refused(f"it has {', '.join(unknown)}", unknown[0])
    given, cells = content.get("sweep"), content.get("cells")
    if given is not None and cells is not None:
        raise file.refused("it has both [sweep] and [[cells]]", "cells")
    if not isinstance(given, dict) and not isinstance(cells, list):
        raise file.refused("it needs a table [sweep] with the parameters, or [[cells]]")
    slug = content.get("model", MODEL.slug)
    if not isinstance(slug, str) or not is_slug(slug):
        raise file.refused("its model is not the name of one, such as " + repr(MODEL.slug), "model")
    checked_slug(slug)
    model = model if isinstance(model, Model) else (model or model_of)(slug)
    if slug != model.slug:
        raise SweepError(f"{source} is for the model {slug!r}", remedy=f"Use a file for {model.slug!r}")
    has_baseline = content.get("baseline", False)
    if not isinstance(has_baseline, bool):
        raise file.refused("baseline is neither true nor false", "baseline")
    if isinstance(given, dict):
        groups = content.get("linked", [])
        if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
            raise file.refused("linked is not a list of tables; write [[linked]]", "linked")
        if short := next((group for group in groups if len(group) < 2), None):
            raise file.refused("a [[linked]] table needs two or more parameters", next(iter(short), "linked"))
        parameters = _ordered(given, file.names(content, "order"))
        names = [*parameters, *(name for group in groups for name in group)]
        links = [Linked(group) for group in groups]
        return file.explained(lambda: Product(links, parameters, model), names), has_baseline
    if not cells:
        raise file.refused("it has no cells", "cells")
    made = tuple(unique(file.cell(table, number, model) for number, table in enumerate(cells, 1)))
    axes = content["axes"] if _is_table_of_lists(content.get("axes")) else file.names(content, "axes")
    known = {*model.parameters, *(name for cell in made for name in (*cell.parameters, *cell.labels))}
    if unknown := [name for name in axes if name not in known]:
        raise file.refused(f"axes has {unknown[0]}, and no cell has it", "axes")
    return ListedCells(made, tuple(axes), axes if isinstance(axes, dict) else {}), has_baseline


def _decoded(data: bytes, source: str) -> str:
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding).replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SweepError(
            f"{source} is not a sweep file: line {line} is not text in UTF-8", remedy="Save it as UTF-8"
        ) from None


class _File:
    """A sweep file that is being read.

    Parameters
    ----------
    source:
        Its name.
    text:
        Its text.
    """

    def __init__(self, source: str, text: str) -> None:
        self._source, self._text = source, text

    def content(self) -> dict[str, Any]:
        """What the TOML holds."""
        try:
            return tomllib.loads(self._text)
        except ValueError as error:
            end = f"at line {len(self._text.splitlines())}, the end"
            raise self.refused(str(error).replace("at end of document", end)) from None
        except RecursionError:
            raise self.refused("its lists are nested too deeply") from None

    def refused(self, reason: str, key: str = "") -> SweepError:
        """The error of a file that does not hold a sweep.

        Parameters
        ----------
        reason:
            What is wrong with it.
        key:
            The key that the reason is about; its line is named.
        """
        where = self._line(key)
        return SweepError(
            f"{self._source} is not a sweep file: {f'line {where}: ' if where else ''}{reason}",
            remedy="Write one with sweep.to_toml(path), or see the page of sweep files in the documentation",
        )

    def names(self, content: dict[str, Any], key: str) -> list[str]:
        """The list of names under a key; empty if the file does not have the key.

        Parameters
        ----------
        content:
            What the file holds.
        key:
            The key.
        """
        names = content.get(key, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self.refused(f"{key} is not a list of names", key)
        return names

    def explained(self, make: Callable[[], _Made], names: list[str], start: int = 0) -> _Made:
        """What a call makes. Its error names the file, and the line of the value that it is about.

        Parameters
        ----------
        make:
            Makes it of the file's values.
        names:
            The keys that may be at fault.
        start:
            Where in the text their values are, in characters.
        """
        try:
            return make()
        except SweepError as error:
            said = [name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", error.what)]
            where = self._line(min(said, key=error.what.index), start) if said else 0
            place = f"{self._source}, line {where}" if where else self._source
            raise SweepError(f"{place}: {error.what}", remedy=error.remedy) from None

    def cell(self, table: Any, number: int, model: Model) -> Request:
        """One cell of a file.

        Parameters
        ----------
        table:
            What the file holds of it.
        number:
            Which cell it is, from 1.
        model:
            The model.
        """
        starts = [found.start() for found in re.finditer(r"(?m)^[ \t]*\[\[[ \t]*cells[ \t]*\]\]", self._text)]
        start = starts[number - 1] if number <= len(starts) else 0
        where = f"cell {number}" + (f" (line {self._text.count(chr(10), 0, start) + 1})" if starts else "")
        if not isinstance(table, dict) or not isinstance(table.get("parameters"), dict):
            raise self.refused(f"{where} has no parameters")
        if unknown := sorted(set(table) - {"parameters", "labels"}):
            raise self.refused(f"{where} has {', '.join(unknown)}")
        labels = table.get("labels", {})
        if not isinstance(labels, dict) or not all(map(_is_label, labels.values())):
            raise self.refused(f"the labels of a cell are not a table of texts and numbers: {where}")
        parameters = table["parameters"]
        for name in labels:
            reason = column_reason(name) if name not in _derived(labels, parameters) else ""
            if name in model.parameters:
                reason = "has the name of a parameter"
            if reason:
                raise self.refused(f"{where}: the label {name!r} {reason}")
        return self.explained(lambda: listed_cell(parameters, labels, model), ["parameters", *parameters], start)

    def _line(self, key: str, start: int = 0) -> int:
        """The line of the text that has a key, from 1; 0 if it is not found.

        Parameters
        ----------
        key:
            The key, or the name of a table.
        start:
            From where the text is searched, in characters.
        """
        name = re.escape(key)
        pattern = rf"""(?m)^[ \t]*\[*[ \t]*["']?{name}["']?[ \t]*[=\].]|[{{,][ \t]*["']?{name}["']?[ \t]*="""
        found = re.compile(pattern).search(self._text, start) if key else None
        return self._text.count("\n", 0, found.start()) + 1 if found else 0


def _is_table_of_lists(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(values, list) and all(map(_is_label, values)) for values in value.values()
    )


def _derived(labels: dict[str, Any], parameters: dict[str, Any]) -> set[str]:
    """The labels that a sweep gives its cells by itself: the template, and the labels of values."""
    return {TEMPLATE, *(f"{name}{LABEL}" for name in (*labels, *parameters))}


def _is_label(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, Value) and not isinstance(value, bool)


def _ordered(given: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The same values in the order of `names`; those without a place there come last.

    Files of earlier versions name the order, because their tables of labels stand after all else.

    Parameters
    ----------
    given:
        The values, by name.
    names:
        The order.
    """
    order = [*(name for name in names if name in given), *(name for name in given if name not in names)]
    return {name: given[name] for name in order}
