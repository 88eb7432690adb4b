"""What became of a copy, for people and for machines."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ..markup import count
from ..runlog.comparing import ComparedTable


@dataclass
class CopiedFiles:
    """What became of the picture files.

    Attributes
    ----------
    written:
        How many were written.
    there:
        How many the target had already.
    bytes:
        Bytes of all of them.
    missing:
        Those that the source's log names and that are not there, or cannot be read.
    damaged:
        Those that have other bytes than the source's log says. They are not copied.
    others:
        How many files of other kinds were written: see `FOLDERS`.
    inputs:
        How many pictures that runs were sent with, or are to be sent with, are in the target now.
    missing_inputs:
        Those of them that the source does not have: a bundle has none.
    """

    written: int = 0
    there: int = 0
    bytes: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    others: int = 0
    inputs: int = 0
    missing_inputs: list[str] = field(default_factory=list)


@dataclass
class Copied:
    """What became of a copy. `print` shows it.

    Attributes
    ----------
    source, target:
        As they were given.
    tables:
        The tables of the log, as they were compared.
    files:
        The picture files.
    in_flight:
        How many runs are in flight, or unknown, in the source.
    orders:
        How many sweeps of the source are submitted for workers, and are not complete.
    """

    source: str
    target: str
    tables: list[ComparedTable]
    files: CopiedFiles
    in_flight: int
    orders: int

    @property
    def ok(self) -> bool:
        """Whether every picture that the source's log names is in the target, as it was."""
        return not self.files.missing and not self.files.damaged

    def facts(self) -> dict[str, Any]:
        """The same for machines."""
        tables = {
            one.name: {
                "rows": one.rows,
                "kept": one.kept,
                "source": f"{one.source:064x}",
                "target": f"{one.target:064x}",
            }
            for one in self.tables
        }
        others = {"in_flight": self.in_flight, "orders": self.orders}
        return {"ok": self.ok, "pictures": asdict(self.files), "tables": tables, **others}

    def __str__(self) -> str:
        files = self.files
        whole = count(files.written + files.there, "picture file")
        lines = [
            f"{whole} ({count(files.bytes, 'byte')}), each with the sha256 of the log:"
            f" {files.written:,} written, {files.there:,} there before"
        ]
        if files.inputs:
            lines.append(f"{count(files.inputs, 'input picture')}, each with its sha256")
        if files.missing_inputs:
            lines.append(
                f"{count(len(files.missing_inputs), 'input picture')} not in {self.source}: runs that are still to be"
                " made with them need their files"
            )
        for table in self.tables:
            if table.rows:
                digest = f"{table.source:064x}"[:12]
                kept = f", {table.kept:,} of them kept as they are in {self.target}" if table.kept else ", equal"
                lines.append(f"{count(table.rows, table.name[:-1])}{kept} (digest {digest})")
        for why, paths in (
            ("missing", files.missing),
            ("damaged", files.damaged),
        ):
            if paths:
                more = f" and {len(paths) - 3:,} more" if len(paths) > 3 else ""
                lines.append(f"{count(len(paths), 'picture file')} {why} in the source: {', '.join(paths[:3])}{more}")
        if self.in_flight:
            lines.append(
                f"{count(self.in_flight, 'run')} in flight: each job id is in both now, and either collects it"
                " without paying again"
            )
        if self.orders:
            lines.append(
                f"{count(self.orders, 'sweep')} submitted for workers in {self.source} only: submit again where"
                " workers are to run"
            )
        lines.append("Go on in one of the two: what is planned in both would be paid for in both")
        return "\n".join(lines)
