"""What `read_folder` did not take, and what it did not understand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..bundle.frames import REPORT
from ..markup import count, plain, shorten
from .facts import Facts

if TYPE_CHECKING:
    import pandas as pd

MOST_NAMED = 4
"""The most settings that are named in a sentence."""


class FolderReport(dict[str, Any]):
    """What was found in a folder, what was left out, and what was not understood. Its text is sentences.

    It is a dictionary of plain values, so that every format that keeps the attributes of a frame keeps it too:
    ``folder``; ``pictures``, how many rows there are; ``tools``, pictures by tool; ``axes``; ``left_out``, the reason
    by file; ``silent``, the pictures of which nothing is known; ``not_understood``, by tool and name: how many
    pictures have it, and an example; ``no_fit``, the files whose names do not fit the pattern; ``overruled``, how
    many pictures say something else than the pattern, by column; ``other_files`` by ending; ``long_texts``, the files
    with texts, or files beside them, that were too long.
    """

    @property
    def df(self) -> pd.DataFrame:
        """A new frame with a row for each file that was left out or not understood: ``file`` and ``why``."""
        import pandas as pd

        rows = [
            *self["left_out"].items(),
            *((file, "nothing is known of it but its name") for file in self["silent"]),
            *((file, "its name does not fit the pattern") for file in self["no_fit"]),
            *((file, "a text in it or beside it is too long, and was not read") for file in self["long_texts"]),
        ]
        return pd.DataFrame(rows, columns=["file", "why"], dtype="string")

    def __str__(self) -> str:
        return "\n".join(self.lines)

    __repr__ = __str__

    def __deepcopy__(self, memo: Any) -> FolderReport:
        # pandas copies the attributes of a frame with each step, and nothing changes a report.
        return self

    @property
    def lines(self) -> list[str]:
        """The sentences."""
        tools = [f"{number:,} by {tool}" for tool, number in self["tools"].items() if tool]
        axes = f"; axes: {', '.join(self['axes'])}" if self["axes"] else ""
        lines = [f"{self['folder']}: {count(self['pictures'], 'picture')}{_in_brackets(tools)}{axes}"]
        if len(tools) > 1:
            first = f'frame[frame["tool"] == "{next(iter(self["tools"]))}"]'
            lines.append(f"Pictures of {len(tools)} tools are in one frame: {first} has those of one")
        if self["left_out"]:
            lines.append(f"Left out: {_grouped(self['left_out'])}")
        if silent := self["silent"]:
            remedy = "" if self["no_fit"] else ': pattern="…{seed:d}…" reads names of yours'
            lines.append(
                f"Nothing is known of {count(len(silent), 'picture')} but the name, such as {_named(silent)}{remedy}"
            )
        if no_fit := self["no_fit"]:
            lines.append(f"The pattern does not fit {count(len(no_fit), 'name')}, such as {_named(no_fit)}")
        for column, number in self["overruled"].items():
            lines.append(
                f"Of {count(number, 'picture')} the metadata says another {column} than the name, which counts"
            )
        if self["long_texts"]:
            lines.append(f"Too long to be read: a text in or beside {_some(self['long_texts'])}")
        if unknown := self["not_understood"]:
            shown = [f"{tool}'s {name}" for tool, names in unknown.items() for name in names]
            more = f" and {len(shown) - MOST_NAMED:,} more" if len(shown) > MOST_NAMED else ""
            lines.append(f"Not understood, and no column: {', '.join(shown[:MOST_NAMED])}{more}")
        return lines


def with_report(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame out of a file, with its report; without one that is not as `read_folder` makes it.

    Parameters
    ----------
    frame:
        The frame.
    """
    found = FolderReport(frame.attrs.pop(REPORT, {}))
    try:
        found.lines, found.df  # noqa: B018 - they use all that a report has
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return frame
    frame.attrs[REPORT] = found
    return frame


def report_of(
    folder: str,
    found: Sequence[Facts],
    left_out: Mapping[str, str],
    others: Mapping[str, int],
    columns: Iterable[str],
    axes: Sequence[str],
) -> FolderReport:
    """The report on a folder.

    Parameters
    ----------
    folder:
        The folder, as it was given.
    found:
        What is known of each picture.
    left_out:
        Why a file is not one of them.
    others:
        How many files are no pictures, by their ending.
    columns:
        The names of the columns that the frame has.
    axes:
        The names of its axes.
    """
    from .columns import setting_name

    shown = set(columns)
    unknown: dict[str, dict[str, list[Any]]] = {}
    for one in found:
        for name, value in one.rest.items():
            if setting_name(name) not in shown and not (name == "loras" and one.loras):
                entry = unknown.setdefault(one.tool or "unknown", {}).setdefault(
                    plain(name), [0, shorten(plain(value), 60)]
                )
                entry[0] += 1
    tools = Counter(one.tool for one in found)
    return FolderReport(
        folder=plain(folder),
        pictures=len(found),
        tools={tool: number for tool, number in tools.most_common() if tool},
        axes=list(axes),
        left_out={plain(name): why for name, why in sorted(left_out.items())},
        silent=[plain(one.file.name) for one in found if not one.values],
        not_understood=unknown,
        no_fit=[plain(one.file.name) for one in found if not one.fits],
        overruled=dict(Counter(name for one in found for name in one.overruled)),
        other_files=dict(sorted(others.items())),
        long_texts=[plain(one.file.name) for one in found if one.head.left_out or one.unread],
    )


def _in_brackets(parts: Sequence[str]) -> str:
    return f" ({', '.join(parts)})" if parts else ""


def _grouped(left_out: Mapping[str, str]) -> str:
    """Files with their reasons: ``3 files, such as grid-0001.png (a grid)``."""
    files: dict[str, list[str]] = {}
    for file, why in left_out.items():
        files.setdefault(why, []).append(file)
    return "; ".join(f"{_some(names)} ({why})" for why, names in files.items())


def _some(files: Sequence[str]) -> str:
    return _named(files) if len(files) == 1 else f"{len(files):,} files, such as {_named(files)}"


def _named(files: Sequence[str]) -> str:
    return shorten(files[0], 60)
