"""``ws.verify()``: whether every picture file is there, with the bytes that it had."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import DamagedError, SegfluxError, StoreError, WorkspaceError
from ..lifecycle import State
from ..markup import count
from ..pictures.located import LocatedPictures
from ..pictures.mounted import pictures_of, tier_of
from ..pictures.shared_inputs import path_of, read_input
from ..pictures.store import set_aside_file
from ..runlog.journal import ServiceLog
from ..runlog.picture_files import PictureFile
from ..session import Session
from ..sweep.request import RUN_DIGITS

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal[
    "fine", "uploaded", "restored", "fetched again", "found again", "missing", "damaged", "another picture", "lost"
]

_WELL = ("fine", "uploaded", "restored", "fetched again", "found again")
"""What is said of pictures that are there now, with the bytes that they had."""

_OUTCOMES: dict[str, Verdict] = {
    "fetched": "fetched again",
    "other": "another picture",
    "gone": "lost",
}


@dataclass(frozen=True)
class CheckedPicture:
    """A picture file that was checked.

    Attributes
    ----------
    service:
        The service of its run.
    run:
        The short name of its run.
    path:
        The file, relative to the workspace.
    verdict:
        ``fine``; ``uploaded``: it was in the folder and not in the object store; ``restored``: its copy in the folder
        was damaged, and the store has it; ``fetched again``: it was missing or damaged, and is there again; ``found
        again``: it was given up, and is there; ``missing`` or ``damaged``: still; ``another picture``: the service
        has another one now, which is kept beside it; ``lost``: the service has no copy any more.
    reason:
        Why it is not fine, in words, or empty.
    """

    service: str
    run: str
    path: str
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True)
class Verification:
    """What `Workspace.verify` found; `print` it.

    Attributes
    ----------
    pictures:
        Every picture file, with what became of it.
    inputs:
        The same for the pictures that runs were sent with, or are to be sent with. One that only completed runs name,
        and that is nowhere, is left out: nobody needs it.
    """

    pictures: Sequence[CheckedPicture]
    inputs: Sequence[CheckedPicture] = ()

    def __repr__(self) -> str:
        return f"Verification({count(len(self.pictures), 'picture file')})"

    def __str__(self) -> str:
        return "\n".join([self._counted, *(f"{one.run} {one.verdict}: {one.reason}" for one in self.odd)])

    @property
    def ok(self) -> bool:
        """Whether every picture file is there now, with the bytes that it had."""
        return all(one.verdict in _WELL for one in (*self.pictures, *self.inputs))

    @property
    def odd(self) -> list[CheckedPicture]:
        """The pictures that were not fine."""
        return [one for one in (*self.pictures, *self.inputs) if one.verdict != "fine"]

    @property
    def df(self) -> pd.DataFrame:
        """A row for each picture file: service, run, path, verdict, reason."""
        import pandas as pd

        names = ("service", "run", "path", "verdict", "reason")
        checked = (*self.pictures, *self.inputs)
        return pd.DataFrame([[getattr(one, name) for name in names] for one in checked], columns=names)

    @property
    def _counted(self) -> str:
        lines = [_counts("picture file", self.pictures) or "No picture file", _counts("input picture", self.inputs)]
        return "\n".join(filter(None, lines))


def _counts(what: str, checked: Sequence[CheckedPicture]) -> str:
    """How many files of a kind have which verdict; empty for none.

    Parameters
    ----------
    what:
        What people call one.
    checked:
        The files.
    """
    counts = Counter(one.verdict for one in checked)
    parts = [f"{number:,} {verdict}" for verdict, number in counts.items()]
    return f"{count(len(checked), what)}: {', '.join(parts)}" if parts else ""


def verify(ws: Session) -> Verification:
    """Check every picture file of the workspace against its sha256, and fetch again what is missing or damaged.

    Nothing is submitted and nothing is paid. The service keeps pictures for seven days. A picture that it serves with
    other bytes is kept beside the first, and named. What nothing can serve any more becomes ``lost`` in the log; if
    you put its file back, it is found again. A damaged file goes to ``rejected/`` when the right one is there.

    Where an object store keeps the pictures, each picture is read: its copy in the folder, or else the store's. What
    the folder has and the store lacks is uploaded.

    Example
    -------
    ``print(ws.verify())``
    """
    located = pictures_of(ws.path)
    checked: list[CheckedPicture] = []
    for service in ws._journal.services():
        log = ws._journal.of(service)
        found = _verdicts(ws, located, log.pictures.all())
        _find_again(log, found)
        asked = [picture for picture, verdict in found.items() if verdict in ("missing", "damaged")]
        outcomes = _fetch_again(ws, asked, found) if asked and service == ws.service and not located.read_only else {}
        for picture, verdict in found.items():
            known = "" if verdict in _WELL and verdict != "found again" else _why(verdict, service, located)
            after, why = outcomes.get(picture, (verdict, known))
            checked.append(CheckedPicture(service, picture.digest[:RUN_DIGITS], picture.path, after, why))
    return Verification(checked, [] if located.read_only else _check_inputs(ws))


def _check_inputs(ws: Session) -> list[CheckedPicture]:
    """What the input pictures of the workspace are. Where there is an object store, it restores them, and gets them.

    Parameters
    ----------
    ws:
        The workspace.
    """
    tier, found = tier_of(ws.path), dict[str, CheckedPicture]()
    for service in ws._journal.services():
        for one in ws._journal.of(service).inputs.named():
            path = path_of(one.text)
            verdict = _verdict_of_input(ws.path, path)
            if verdict != "missing" or one.is_needed:
                why = "" if verdict in _WELL else "make the sweep again with its file"
                found[path] = CheckedPicture(service, one.digest[:RUN_DIGITS], path, verdict, why)
    if tier is None:
        return list(found.values())
    try:
        uploaded = tier.inputs.share([path for path, one in found.items() if one.verdict == "fine"])
    except StoreError as error:
        raise WorkspaceError(
            f"Input pictures cannot be kept in {error.why}", remedy="They stay in the folder. Try again later"
        ) from None
    return [replace(one, verdict="uploaded") if path in uploaded else one for path, one in found.items()]


def _verdict_of_input(folder: Path, path: str) -> Verdict:
    """What an input picture is. One that the folder lacks is brought there from the object store.

    Parameters
    ----------
    folder:
        The workspace's folder.
    path:
        The picture.
    """
    if read_input(folder, path) is not None:
        return "fine"
    tier, was_there = tier_of(folder), (folder / path).exists()
    try:
        if tier is None:
            return "damaged" if was_there else "missing"
        tier.inputs.fetch(path)
    except FileNotFoundError:
        return "damaged" if was_there else "missing"
    except DamagedError:
        return "damaged"
    except StoreError as error:
        raise _not_asked(error) from None
    return "restored" if was_there else "fine"


def _verdicts(ws: Session, located: LocatedPictures, pictures: Sequence[PictureFile]) -> dict[PictureFile, Verdict]:
    """What each picture file is, before anything is fetched again; what an object store lacks is uploaded.

    Parameters
    ----------
    ws:
        The workspace.
    located:
        Its pictures.
    pictures:
        The pictures as the log has them.
    """
    tier = tier_of(ws.path)
    if tier is not None:
        tier.check_open()
    found: dict[PictureFile, Verdict] = {}
    for picture, _ in zip(pictures, located.each_ahead([one.path for one in pictures]), strict=True):
        found[picture] = _verdict(located, picture)
    if tier is None:
        return found
    for picture in [picture for picture, verdict in found.items() if verdict == "damaged"]:
        if tier.restore(picture.path):
            found[picture] = "restored"
    fine = {picture.path for picture, verdict in found.items() if verdict == "fine"}
    try:
        lacking = tier.not_uploaded(fine)
    except StoreError as error:
        raise _not_asked(error) from None
    tier.upload_all(sorted(lacking))
    return {
        picture: "uploaded" if verdict == "fine" and picture.path in lacking else verdict
        for picture, verdict in found.items()
    }


def _not_asked(error: StoreError) -> WorkspaceError:
    return WorkspaceError(f"Pictures cannot be checked: {error.why}", remedy="Try again when the store answers")


def _verdict(located: LocatedPictures, picture: PictureFile) -> Verdict:
    """Whether a picture file is there, with the bytes that it had.

    Parameters
    ----------
    located:
        The pictures of the workspace.
    picture:
        The picture as the log has it.
    """
    if located.own(picture.path) is None:
        return "missing"
    try:
        same = hashlib.sha256(located.read(picture.path)).hexdigest() == picture.sha256
    except FileNotFoundError:
        return "missing"
    except StoreError as error:
        raise _not_asked(error) from None
    except OSError:
        return "damaged"
    return "fine" if same or picture.sha256 is None else "damaged"


def _find_again(log: ServiceLog, found: dict[PictureFile, Verdict]) -> None:
    """Complete the runs again that were given up, and whose file is there."""
    runs = log.runs.read({picture.digest for picture in found})
    for picture, verdict in found.items():
        run = runs[picture.digest]
        if verdict == "fine" and run.state is State.LOST and picture.number == 0:
            log.runs.move(run, State.COMPLETED, error="", error_kind="")
            found[picture] = "found again"


def _fetch_again(
    ws: Session, asked: Sequence[PictureFile], found: dict[PictureFile, Verdict]
) -> dict[PictureFile, tuple[Verdict, str]]:
    """Fetch pictures again: what became of each, and why it is not fine.

    Parameters
    ----------
    ws:
        The workspace.
    asked:
        The pictures.
    found:
        What was wrong with them.
    """
    damaged = {picture.path: picture.digest[:RUN_DIGITS] for picture in asked if found[picture] == "damaged"}
    aside = {path: set_aside_file(ws.path, path, name) for path, name in damaged.items()}
    fetched = set()
    try:
        outcomes = ws._launcher.refetch(asked)
        fetched = {outcome.picture.path for outcome in outcomes if outcome.outcome == "fetched"}
        return {
            outcome.picture: (
                _OUTCOMES.get(outcome.outcome, found[outcome.picture]),
                outcome.reason or f"its file was {found[outcome.picture]}",
            )
            for outcome in outcomes
        }
    except SegfluxError as error:
        return {picture: (found[picture], str(error)) for picture in asked}
    finally:
        for path, place in aside.items():
            if path not in fetched and place is not None:
                os.replace(place, ws.path / path)  # the damaged file is all that there is


def _why(verdict: Verdict, service: str, located: LocatedPictures) -> str:
    """Why a picture of another service, or of a bundle, is not fine: it is not fetched again here.

    Parameters
    ----------
    verdict:
        What was found.
    service:
        The service of its run.
    located:
        The pictures of the workspace.
    """
    if verdict == "found again":
        return "its file is there again"
    if located.read_only:
        return located.read_only
    return f"open the workspace with the service {service!r} to fetch it again"
