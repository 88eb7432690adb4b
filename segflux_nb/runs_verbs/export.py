"""``runs.export(...)``: a folder that explains itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import RunError
from ..saving import folder_to_write
from ..selection import Selection
from .vote import comparison_of

if TYPE_CHECKING:
    from ..exporting.votes import ExportedVotes


def export(
    runs: Selection,
    folder: str | Path,
    *,
    names: str | None = None,
    metadata: bool = True,
    parquet: bool = False,
) -> Path:
    """Write the runs to a folder that explains itself.

    It gets ``pictures/`` under readable names, ``runs.csv`` (without active formulas), ``runs.jsonl``,
    ``contact-sheet.png`` and ``report.html``, which needs no other file. Where there are votes, they are in
    ``votes.csv``, and the report says what they say. Files of an earlier export are replaced. The report has the
    pictures of at most 1,000 runs, those with stars or a pick first, and says what is left out.

    Parameters
    ----------
    folder:
        The folder; it is made if it does not exist.
    names:
        How pictures are named: ``"{lora_strength}-{seed}"``, with columns of `df`. Left out, by what varies.
    metadata:
        Whether the copies carry their parameters (see `segflux_nb.read_metadata`).
    parquet:
        Also write ``runs.parquet``; needs ``pip install "segflux-nb[parquet]"``.

    Raises
    ------
    SegfluxError
        If there are no runs, a table holds what looks like an API key, a name is not a column, or the folder cannot
        be written.

    Example
    -------
    ``runs.export("tok-study-1", names="{lora_strength}-{seed}")``
    """
    from ..exporting.folder import export as export_frame

    return export_frame(
        runs._frame_to_show,
        folder_to_write(folder),
        title=runs.title,
        axes=list(runs.axes),
        names=names,
        metadata=metadata,
        parquet=parquet,
        votes=_votes(runs),
    )


def _votes(runs: Selection) -> ExportedVotes | None:
    """The votes between the runs, and what they say about each axis or axes in which pairs differed."""
    from ..exporting.votes import ExportedVotes, RankedVotes
    from ..voting.pairwise import axes_of

    frame = runs.votes
    if not len(frame):
        return None
    rankings = []
    for text in dict.fromkeys(map(str, frame["axis"])):
        names = axes_of(text)
        try:
            said = comparison_of(runs, names).ranking()
        except RunError as error:
            rankings.append(RankedVotes(" and ".join(names), f"{error.what}."))
        else:
            rankings.append(RankedVotes(" and ".join(names), f"{str(said).rstrip('.')}.", said.scores))
    return ExportedVotes(frame, rankings)
