"""What is known of one picture: from its metadata, from files beside it, and from its name."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import PictureError
from ..exporting import a1111, sidecar, texts
from ..exporting.metadata import PictureMetadata, metadata_of
from ..markup import plain
from ..values import as_python, is_encodable
from .heads import Head, read_head
from .listing import FoundFile
from .naming import NamedSample, of_checkpoint, of_sample, telling_folders, without_ending
from .pattern import NamePattern

MOST_BESIDE = 4_000_000
"""The most bytes of a file beside a picture that is read."""

GENERATORS = ("a1111", "comfyui", "swarmui", "invokeai", "fooocus")
"""Tools that write all LoRAs of a picture into it."""

SWARM = ".swarm.json"
"""How SwarmUI ends the name of a file beside a picture that cannot hold its parameters."""


@dataclass(frozen=True)
class Facts:
    """What is known of a picture.

    Attributes
    ----------
    file:
        The picture.
    head:
        The head of its file.
    tool:
        The tool that made it; empty where that is not known.
    values:
        Its settings, by our names.
    rest:
        What its metadata says beside that, by the tool's names.
    loras:
        The strength of each LoRA.
    folders:
        The folders on the way to it that may say something of it.
    fits:
        Whether its name fits the pattern; True where there is none.
    overruled:
        What the metadata says of settings that the pattern has another value of.
    unread:
        Files beside it that are too long to be read.
    """

    file: FoundFile
    head: Head
    tool: str
    values: dict[str, Any]
    rest: Mapping[str, Any]
    loras: Mapping[str, float]
    folders: tuple[str, ...] = ()
    fits: bool = True
    overruled: dict[str, Any] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    @property
    def is_without_lora(self) -> bool:
        """Whether its metadata says that it was made without any LoRA, which is a strength of 0."""
        nodes = self.rest.get("nodes")  # of ComfyUI, those that were not understood
        kinds = " ".join(map(str, nodes.values() if isinstance(nodes, dict) else ())).lower()
        return (
            self.tool in GENERATORS
            and "prompt" in self.values
            and not self.loras
            and "lora" not in kinds
            and not any("lora" in name.lower() for name in self.rest)
        )


def facts_of(file: FoundFile, beside: Collection[str], pattern: NamePattern | None) -> Facts | str:
    """What is known of a picture, or why nothing can be known of it.

    Parameters
    ----------
    file:
        The picture.
    beside:
        The paths of all files that may say something of it.
    pattern:
        The user's pattern of names.
    """
    try:
        head = read_head(file.path)
        found = _metadata(file, head, beside)
    except PictureError as error:
        return error.what
    except OSError as error:
        return f"it cannot be read ({error.strerror})" if error.strerror else str(error)
    except Exception as error:  # noqa: BLE001 - a file from anybody: one that is built to break a reader stops no other
        return f"what it says cannot be read ({type(error).__name__})"
    if is_grid(found.rest):
        return "a grid"
    values = {name: _plain(value) for name, value in found.parameters.items()}
    values |= {name: without_ending(values[name]) for name in ("finetune_id", "model") if name in values}
    named = of_sample(file.parts, file.stem) if not found.source else NamedSample()
    if named.tool == "ai-toolkit" and (text := _beside(file, ".txt", beside)):
        values.setdefault("prompt", text.strip())  # where it was told to write prompts
    for name, value in {**named.values, **of_checkpoint(str(values.get("finetune_id", "")))}.items():
        values.setdefault(name, _plain(value))
    said = pattern.read(file.parts) if pattern is not None else {}
    overruled = {
        name: values[name] for name, value in (said or {}).items() if name in values and values[name] != value
    }
    values |= {name: _plain(value) for name, value in (said or {}).items()}
    return Facts(
        file,
        head,
        found.source or named.tool,
        values,
        {name: value for name, value in found.rest.items() if name != "xmp"},
        found.loras,
        telling_folders(file.parts, max(named.levels, pattern.levels if pattern is not None else 0)),
        said is not None,
        overruled,
        _too_long(file, beside),
    )


def is_grid(rest: Mapping[str, Any]) -> bool:
    """Whether a picture is a grid of others: A1111 and Forge write the axes of one into it, and not into its cells.

    >>> is_grid({"Script": "X/Y/Z plot", "X Type": "Steps", "X Values": "1-9"}), is_grid({"Script": "Loopback"})
    (True, False)
    """
    return any(f"{axis} {what}" in rest for axis in "XYZ" for what in ("Type", "Values"))


def _metadata(file: FoundFile, head: Head, beside: Collection[str]) -> PictureMetadata:
    """What a picture says of itself; where that is nothing, what a file beside it says.

    Parameters
    ----------
    file:
        The picture.
    head:
        Its head.
    beside:
        The paths of all files that may say something of it.
    """
    own = texts.read(head.data, sidecar.OWN)
    path = os.path.splitext(file.path)[0]
    if sidecar.OWN not in own and _is_short(f"{path}.json", beside):
        own |= sidecar.read(Path(file.path))
    found = metadata_of(own)
    if found.source:
        return found
    for ending in (SWARM, ".txt"):
        text = _beside(file, ending, beside)
        if text and (ending == SWARM or a1111.parse({"parameters": text}) is not None):
            return metadata_of({"parameters": text})
    return found


def _beside(file: FoundFile, ending: str, beside: Collection[str]) -> str:
    """The text of a file beside a picture; empty where there is none.

    Parameters
    ----------
    file:
        The picture.
    ending:
        What follows the picture's name.
    beside:
        The paths of all files that there are.
    """
    path = os.path.splitext(file.path)[0] + ending
    if not _is_short(path, beside):
        return ""
    with open(path, encoding="utf-8", errors="replace") as text:
        return text.read(MOST_BESIDE)


def _too_long(file: FoundFile, beside: Collection[str]) -> tuple[str, ...]:
    """The names of files beside a picture that may say something of it, and are too long to be read."""
    path = os.path.splitext(file.path)[0]
    return tuple(
        os.path.basename(path) + ending
        for ending in (".json", SWARM, ".txt")
        if path + ending in beside and not _is_short(path + ending, beside)
    )


def _is_short(path: str, beside: Collection[str]) -> bool:
    return path in beside and os.stat(path).st_size <= MOST_BESIDE


def _plain(value: Any) -> Any:
    """A value as frames have it: no marks of ours, and no text that cannot be written."""
    value = as_python(value)
    if isinstance(value, str):
        value = str(value)
        return value if is_encodable(value) and "\0" not in value else plain(value)
    return value
