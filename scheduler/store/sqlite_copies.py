"""Copies of a book in SQLite: taken while it is in use, and put back in its place.

>>> print(AlreadyThere(Path("monday.db")))
monday.db exists already and is not overwritten; name another file
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from scheduler.errors import BadInput, OutputError, Problem, SchedulerError, StoreUnavailable
from scheduler.store.sqlite import Sqlite, allow_writing

_PAUSE = 0.1
"""Seconds between two attempts to lock a book that others write."""


class AlreadyThere(OutputError):
    """A copy is never written over another file."""

    def __init__(self, path: Path) -> None:
        sentence = f"{path} exists already and is not overwritten; name another file"
        SchedulerError.__init__(self, sentence)


@contextmanager
def appearing(out: Path) -> Iterator[Path]:
    """A name to write to; when the block ends well, the file appears whole as `out`.

    It is for its owner alone.

    Raises:
        AlreadyThere: `out` is there.
        OutputError: it cannot be written.
    """
    if os.path.lexists(out):
        raise AlreadyThere(out)
    part = out.with_name(f".{out.name}.part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600, exist_ok=False)
        try:
            yield part
            with part.open("rb") as file:
                os.fsync(file.fileno())
            # A link, unlike a renaming, never takes the place of what appeared meanwhile.
            os.link(part, out)
        finally:
            with suppress(OSError):
                part.unlink()
    except FileExistsError as error:
        raise AlreadyThere(out) from error
    except OSError as error:
        raise OutputError(str(out), error.strerror or str(error), "name another file") from error


def copy(database: Sqlite, out: Path) -> None:
    """Write the book as it is at one moment into the empty file `out`; writers go on."""
    with database.engine.connect() as connection:
        allow_writing(connection, True)
        connection.exec_driver_sql("VACUUM INTO ?", (str(out),))


def take_in(file: Path, out: Path) -> None:
    """Copy a backup that a person names into the empty file `out`.

    Raises:
        BadInput: it cannot be read, or is no database.
    """
    try:
        source = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        with closing(source), closing(sqlite3.connect(out)) as target:
            source.backup(target)
            # One file, without companions, until it is put in its place.
            target.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise BadInput([Problem(str(file), f"is no backup of a book: {error}")]) from error


def flaws(database: Sqlite) -> tuple[str, ...]:
    """What SQLite itself finds wrong in the file, pages and references."""
    try:
        with database.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA integrity_check(5)").scalars().all()
            lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    except DBAPIError as error:
        return (str(error.orig),)
    found = [page for page in pages if page != "ok"]
    return (*found, *sorted({f"{row[0]} refers to rows that are gone" for row in lost}))


def put_back(database: Sqlite, whole: Path, aside: Path) -> bool:
    """Let the book be what the file `whole` is; what it was is kept as `aside`.

    Whoever has the book open sees the one until the end and the other from then on; where
    this is killed, the book stays what it was.

    Returns:
        Whether there was anything to keep.

    Raises:
        StoreUnavailable: others keep writing, or the file cannot be written.
        AlreadyThere, OutputError: `aside` cannot be made.
    """
    missing = database.is_missing()
    if missing or flaws(database):
        _replace(database, whole, aside)
    else:
        _overwrite(database, whole, aside)
    return not missing


def _replace(database: Sqlite, whole: Path, aside: Path) -> None:
    """Take the place of what is missing or no sound database; its companions leave with it."""
    path = database.path
    assert path is not None, "a book in memory is neither"
    database.close()
    try:
        with suppress(FileNotFoundError):
            os.link(path, aside)
        for companion in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                path.with_name(path.name + companion).rename(
                    aside.with_name(aside.name + companion)
                )
        whole.replace(path)
    except FileExistsError as error:
        raise AlreadyThere(aside) from error
    except OSError as error:
        remedy = "allow writing to the file and its folder"
        raise OutputError(str(path), error.strerror or str(error), remedy) from error


def _overwrite(database: Sqlite, whole: Path, aside: Path) -> None:
    """Overwrite the pages of a book in one transaction, which other programs respect."""
    waits = 0
    kept = False

    def keep(_status: int, _remaining: int, total: int) -> None:
        nonlocal waits, kept
        if total == 0:  # not locked yet: somebody writes
            waits += 1
            if waits * _PAUSE > database.patience:
                raise StoreUnavailable(f"{database.place} is being changed by others; try again")
        elif not kept:
            # From here to the end nobody else can write, so nothing is missing in the copy.
            with appearing(aside) as part:
                copy(database, part)
            kept = True

    with closing(sqlite3.connect(whole)) as source, closing(database.connect()) as target:
        target.execute("PRAGMA journal_mode = WAL")
        source.backup(target, pages=1, progress=keep, sleep=_PAUSE)
