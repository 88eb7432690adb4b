"""A run: one cell's picture, made or in the making."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import PictureError, RunError
from .lifecycle import reason_of
from .markup import did_you_mean, more_text
from .model import MODEL, Value
from .sweep.request import RUN_DIGITS
from .values import shown

if TYPE_CHECKING:
    from PIL import Image

    from .pictures.located import LocatedPictures


class RunFiles:
    """The files of a run's pictures. A file is found when it is asked for: most runs are only looked through.

    Parameters
    ----------
    pictures:
        The pictures of the workspace; None if the names are those of files.
    names:
        Its pictures as the workspace names them, the first one before the others; None for one that is not there.
    """

    __slots__ = ("names", "pictures")

    def __init__(self, pictures: LocatedPictures | None, names: tuple[str | None, ...]) -> None:
        self.pictures = pictures
        self.names = names

    def path(self, number: int) -> Path | None:
        """The file of a picture, or None.

        Parameters
        ----------
        number:
            Its place in the output, from 0.
        """
        name = self.names[number]
        if name is None:
            return None
        return Path(name) if self.pictures is None else self.pictures.file(name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RunFiles):
            return False
        is_same = self.names == other.names and self.pictures is other.pictures  # no file is fetched to compare
        return is_same or self._texts() == other._texts()

    def __hash__(self) -> int:
        return hash(self.names)

    def __reduce__(self) -> tuple[type[RunFiles], tuple[None, tuple[str | None, ...]]]:
        return RunFiles, (None, self._texts())  # another process has the files, but not what finds them

    def _texts(self) -> tuple[str | None, ...]:
        paths = [self.path(number) for number in range(len(self.names))]
        return tuple(None if path is None else str(path) for path in paths)


@dataclass(frozen=True)
class Run:
    """One cell's picture, made or in the making.

    Parameters are attributes: ``run.lora_strength``. So are the sweep's placeholders and labels.

    Attributes
    ----------
    digest:
        The identity of its request.
    service:
        The service that made the picture.
    take:
        0, or the number of a repetition that you paid for.
    parameters:
        Values by parameter.
    labels:
        Values of the sweep's placeholders, and its labels.
    status:
        planned, submitted, processing, completed, failed, refused, unknown or lost; missing or discarded for a
        completed run whose picture file is gone.
    error_kind:
        The kind of error, such as moderated; empty if nothing went wrong.
    error:
        What went wrong, in words; empty if nothing did.
    files:
        The files of its pictures: see `path` and `more_paths`.
    model:
        The slug of the model that was asked.
    """

    digest: str
    service: str
    take: int
    parameters: Mapping[str, Value] = field(hash=False)  # a mapping has no hash; the digest stands for it
    labels: Mapping[str, Value] = field(hash=False)
    status: str
    error_kind: str
    error: str
    files: RunFiles = field(hash=False, repr=False)
    model: str = MODEL.slug

    def __getattr__(self, name: str) -> Any:  # text or number: a type checker cannot know which
        if not name.startswith("_"):
            for source in ("parameters", "labels"):
                values: Mapping[str, Value] | None = self.__dict__.get(source)  # None while it is being made
                if values is not None and name in values:
                    return values[name]
        raise AttributeError(f"a run has no {name!r}")

    @property
    def run(self) -> str:
        """The run's short name: the first 12 characters of its digest."""
        return self.digest[:RUN_DIGITS]

    @property
    def path(self) -> Path | None:
        """The picture's file, or None; the first one where its output has several pictures."""
        return self.files.path(0)

    @property
    def more_paths(self) -> tuple[Path | None, ...]:
        """The files of the other pictures of its output; None for one that is not served yet."""
        return tuple(self.files.path(number) for number in range(1, len(self.files.names)))

    @property
    def image(self) -> Image.Image:
        """The picture; the first one where its output has several (see `images`).

        Raises
        ------
        RunError
            If there is no picture (yet); the text says why.
        """
        if self.path is None:
            why = reason_of(self.error_kind, self.error) or f"it is {self.status}"
            again = "runs.retry_failed() submits it again" if self.error else "Run its sweep again"
            if self.status == "planned" and self.error:  # in a bundle
                again = (
                    "Workspace(folder, reuse=[bundle]) has all that the bundle has, and ws.run(sweep) makes the rest"
                )
            if self.status == "completed":
                why, again = "the log names no file of this workspace", "Copy the workspace whole, with its pictures"
            elif self.status == "missing":
                again = "Nothing is paid for that. Or copy the workspace whole, with its pictures"
            elif self.status == "discarded":
                again = "ws.run(sweep, again=True) pays for another take"
            raise RunError(f"Run {self.run} has no picture; {why}", remedy=again)
        try:
            return _opened(self.path)
        except PictureError as error:
            raise RunError(
                f"Run {self.run} has no picture that can be read: {error.what}", remedy="ws.verify() fetches it again"
            ) from None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of all pictures of its output that are on disk; most outputs have one picture."""
        return tuple(path for path in (self.path, *self.more_paths) if path is not None)

    @property
    def images(self) -> list[Image.Image]:
        """All pictures of its output that are on disk.

        Raises
        ------
        RunError
            If one of them cannot be read.
        """
        try:
            return [_opened(path) for path in self.paths]
        except PictureError as error:
            raise RunError(
                f"Run {self.run} has a picture that cannot be read: {error.what}",
                remedy="ws.verify() fetches it again",
            ) from None

    @property
    def not_served(self) -> int:
        """How many pictures of its output, beside the first, are paid for and not on disk.

        For eight days `Workspace.run` asks for them again, later `Runs.retry_lost` does.
        """
        return self.more_paths.count(None)

    def __repr__(self) -> str:
        return f"Run({', '.join(filter(None, (self.run, more_text(len(self.more_paths)))))})"


def _opened(path: Path) -> Image.Image:
    """The picture of a file, fully read.

    Raises
    ------
    PictureError
        If it cannot be read.
    """
    from .pictures.appearance import readable
    from .pictures.decode import opened

    def loaded() -> Image.Image:
        image = opened(path.read_bytes())
        image.load()
        return image

    return readable(loaded)


FACTS = ("take", "status", "service", "model", "error_kind", "error", "digest")
"""What a run has besides parameters and labels, and `runs.where` knows."""


def known_values(run: Run) -> dict[str, Any]:
    """What `runs.where` knows of a run, by name. A placeholder may be named like an attribute."""
    facts = {name: getattr(run, name) for name in FACTS}
    return {**facts, "run": run.digest[:RUN_DIGITS], **run.labels, **run.parameters}


def value_of(run: Run, name: str) -> Any:
    """A parameter, label or placeholder of a run, or a fact such as its take or status.

    Parameters
    ----------
    run:
        The run.
    name:
        The name of the parameter, label, placeholder or fact.

    Raises
    ------
    RunError
        If runs have nothing of that name.
    """
    if not isinstance(name, str):
        raise RunError(f"{shown(name)} is not the name of a parameter", remedy="Give a name such as lora_strength")
    known = known_values(run)
    if name not in known:
        raise RunError(
            f"Runs have no {shown(name)}",
            remedy=f"{did_you_mean(name, known)}They have {', '.join([*run.parameters, *run.labels, *FACTS])}."
            " Stars, notes and columns of your own are in runs.df: runs.df.query(...).pictures",
        )
    return known[name]
