"""How the log's file is opened: locks, journal mode, damage, versions, and folders that cannot be written."""

from __future__ import annotations

import errno
import sqlite3
import warnings
from dataclasses import dataclass
from pathlib import Path

from ..errors import LogLocked, NewerLog, WorkspaceError
from ..installing import how_to_upgrade
from .files import file_system, is_local, locks_work, wal_is_sound
from .migrations import bring_up_to_date
from .schema import APPLICATION_ID, VERSION

QUICK_CHECK_BYTES = 32 << 20
"""A log of up to this size is checked each time it is opened (a tenth of a second); a larger one after a crash."""


READ_SECONDS = 10.0
"""How long a read waits while another program has the file for itself."""


@dataclass(frozen=True)
class OpenLog:
    """An open log.

    Attributes
    ----------
    connection:
        The open file, without an automatic transaction.
    refusal:
        What a write raises; None for a log that can be written.
    """

    connection: sqlite3.Connection
    refusal: WorkspaceError | None = None


def open_log(path: Path, *, durable: bool) -> OpenLog:
    """Open the log's file, or make it, and bring it up to date.

    The journal mode is WAL if SQLite and the file system are fit for it (see `segflux_nb.runlog.files`), else
    TRUNCATE. Both synchronise fully, so that what is committed survives a power cut. A log in a folder that cannot be
    written, or of a newer version of this program, is opened for reading only; in the second case a warning says it.

    Parameters
    ----------
    path:
        The file.
    durable:
        False for tests that play many thousand runs: the file survives only a clean end.

    Raises
    ------
    WorkspaceError
        If the file cannot be opened, is damaged, or is not a log; or if the file system has no locks.
    """
    try:
        return _open_to_write(path, durable=durable)
    except (sqlite3.Error, OSError) as error:
        if _is_forbidden(error) and path.exists():
            return _open_to_read(path)
        if isinstance(error, sqlite3.Error) and is_locked(error):
            raise locked_refusal(path) from None
        raise WorkspaceError(
            f"The run log {path} cannot be opened: {error}",
            remedy="Check that its folder can be written and its disk is not full, or give another folder",
        ) from None


def open_in_memory() -> OpenLog:
    """A new log that no file keeps: it ends with its process."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")
    bring_up_to_date(connection, 0)
    return OpenLog(connection)


def _open_to_write(path: Path, *, durable: bool) -> OpenLog:
    kind, options = file_system(path.parent)
    if not locks_work(path.parent, options):
        raise WorkspaceError(
            f"{path.parent} is on a file system ({kind or 'unknown'}) without working locks: two notebooks could pay"
            " for the same run",
            remedy="Copy the workspace to a local disk and open it there",
        )
    crashed = any(_size(Path(f"{path}{tail}")) for tail in ("-journal", "-wal"))
    path.touch(mode=0o600)  # prompts and notes are private
    connection = sqlite3.connect(path, timeout=READ_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        if is_newer(connection):
            connection.close()
            return _open_to_read(path)
        if durable:
            _choose_mode(connection, path, wal=is_local(kind) and wal_is_sound())
        else:
            connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        connection.execute("PRAGMA foreign_keys = ON")
        if crashed or path.stat().st_size <= QUICK_CHECK_BYTES:
            _check(connection, path)
        if _version(connection, path) != VERSION:  # another process may write now, which does not matter otherwise
            connection.execute("BEGIN IMMEDIATE")
            try:
                bring_up_to_date(connection, _version(connection, path))
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
    except BaseException:
        connection.close()
        raise
    return OpenLog(connection)


def _open_to_read(path: Path) -> OpenLog:
    """Open a log that this program must not write, or cannot write."""
    try:
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=ro", uri=True, timeout=READ_SECONDS, isolation_level=None, check_same_thread=False
        )
        version = _version(connection, path)
    except sqlite3.Error as error:
        raise WorkspaceError(
            f"The run log {path} cannot be read: {error}", remedy="Ask the owner of the folder for a copy"
        ) from None
    if version < VERSION:
        connection.close()
        raise WorkspaceError(
            f"The run log {path} is of an older version, and its folder cannot be written to update it",
            remedy="Copy the workspace and open the copy",
        )
    refusal: WorkspaceError
    if version > VERSION:
        refusal = newer_refusal(path)
        warnings.warn(str(refusal), stacklevel=2)
    else:
        refusal = WorkspaceError(
            f"The run log {path} can only be read, because its folder cannot be written",
            remedy="Copy the workspace to a folder of your own and open the copy",
        )
    return OpenLog(connection, refusal)


def locked_refusal(path: Path) -> LogLocked:
    """What is raised where another program keeps a log locked."""
    return LogLocked(
        f"Another program reads or writes the run log {path}, and has locked it",
        remedy="Close what has it open, such as a browser of databases, a backup, or a notebook that was stopped"
        " (Ctrl+Z) while it wrote, and run again: what was accepted is kept",
    )


def newer_refusal(path: Path | str) -> NewerLog:
    """What a write raises to a log that a newer version of this program wrote."""
    return NewerLog(
        f"The run log {path} was written by a newer version of segflux_nb and can only be read",
        remedy=how_to_upgrade(),
    )


def identity_of(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one of the same path; None where that is not known."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def check_there(path: Path, opened: tuple[int, int] | None) -> None:
    """Raise `WorkspaceError` where the file that was opened is not at its path any more.

    SQLite may go on in a file that was moved, and pictures would be written to where its folder was.

    Parameters
    ----------
    path:
        The path.
    opened:
        The file, by `identity_of`; None for a log that no file keeps.
    """
    if opened is None or identity_of(path) == opened:
        return
    try:
        path.stat()
        what = f"The run log {path} is not the file that was opened: another one is in its place"
    except FileNotFoundError:
        is_folder = path.parent.is_dir()
        what = f"The {'run log ' + str(path) if is_folder else 'workspace ' + str(path.parent)} is gone: it was"
        what += " moved, renamed or deleted while it was open"
    except OSError:
        return  # the disk does not answer, which is told where it is read
    raise WorkspaceError(what, remedy="Open the workspace where it is now: Workspace(path)")


def _is_forbidden(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
    return "readonly" in str(error) or "unable to open" in str(error)


def _choose_mode(connection: sqlite3.Connection, path: Path, *, wal: bool) -> None:
    wanted = "wal" if wal else "truncate"
    try:
        mode = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()[0]
    except sqlite3.OperationalError as error:
        if not is_locked(error):
            raise
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]  # another process has it open
    if mode == "wal" and not wal:
        raise WorkspaceError(
            f"The run log {path} is open in another process, whose newer SQLite uses a mode (WAL) that is not safe"
            f" with SQLite {sqlite3.sqlite_version} or on this file system",
            remedy="Close it there, or open it with the same Python",
        )


def _check(connection: sqlite3.Connection, path: Path) -> None:
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if is_locked(error):
            return  # another process uses it, and checked it
        found = str(error)
    if found == "file is not a database":
        raise WorkspaceError(f"{path} is not a run log: {found}", remedy="Give the workspace another folder")
    if found != "ok":
        raise WorkspaceError(
            f"The run log {path} is damaged: {found}",
            remedy="Restore it from a backup, or move it away: the pictures stay, and a new log begins that does not"
            " know what was paid for",
        )


def is_locked(error: sqlite3.Error) -> bool:
    """Whether another program has the lock that was asked for."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_newer(connection: sqlite3.Connection) -> bool:
    """Whether a newer version of this program wrote the log; False for a file that cannot be read yet."""
    try:
        is_log = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        return bool(is_log and connection.execute("PRAGMA user_version").fetchone()[0] > VERSION)
    except sqlite3.DatabaseError:
        return False


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of a log; 0 for a file without tables."""
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        return 0
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise WorkspaceError(f"{path} is a database of another program", remedy="Give the workspace another folder")
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
