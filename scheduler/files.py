"""Files of the outside world: read whole or refused, written whole or not at all.

A `Staging` writes every file under a temporary name and gives them their real names
together at the end, so that a failure in between leaves nothing half-written.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from scheduler.errors import BadInput, OutputError, Problem


def read_bytes(path: Path) -> bytes:
    """The content of a file; BadInput when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput([Problem(str(path), f"cannot be read: {error.strerror}")]) from error


def read_text(path: Path) -> str:
    """The content of a UTF-8 file; BadInput when it cannot be read or is no UTF-8."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"is no UTF-8 text (byte {error.start})"
        raise BadInput([Problem(str(path), what, "save it as UTF-8")]) from error


def read_secret(path: Path | str) -> str:
    """The content of a UTF-8 file that is not for everybody.

    Raises:
        BadInput: as `read_text`, and when everybody on this computer may read it.
    """
    path = Path(path)
    text = read_text(path)
    if path.stat().st_mode & stat.S_IROTH:
        what = "may be read by everybody on this computer"
        raise BadInput([Problem(str(path), what, f"run: chmod o= {path}")])
    return text


class Staging:
    """Files on their way into one folder; used as a context manager.

    `put` writes under a temporary name, `publish` renames all.  What was not published
    when the block ends is removed, with the folders that were made for it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[Path, Path] = {}
        self._made: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for temporary in self._waiting:
            # What could not be written can often not be removed either; it is told already.
            with suppress(OSError):
                temporary.unlink()
        for folder in self._made:
            with suppress(OSError):  # it is in use
                folder.rmdir()

    def put(self, name: str, chunks: Iterable[bytes]) -> Path:
        """Write a file to be; putting the same name again replaces it.

        Raises:
            OutputError: the folder cannot be made or written, or the name is a folder.
        """
        final, temporary = self._folder / name, self._folder / f".{name}.part"
        try:
            self._make_folder()
            if final.is_dir():
                raise OutputError(str(final), "it is a folder")
            self._waiting[temporary] = final
            with temporary.open("wb") as file:
                file.writelines(chunks)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(str(final), error.strerror or str(error)) from error
        return final

    def _make_folder(self) -> None:
        missing = [path for path in (self._folder, *self._folder.parents) if not path.exists()]
        self._made += missing
        self._folder.mkdir(parents=True, exist_ok=True)

    def publish(self) -> tuple[Path, ...]:
        """Give every file its real name, in the order they were put.

        Raises:
            OutputError: a name was taken by a folder in the meantime.
        """
        published = []
        for temporary, final in list(self._waiting.items()):
            try:
                temporary.replace(final)
            except OSError as error:
                raise OutputError(str(final), error.strerror or str(error)) from error
            del self._waiting[temporary]
            published.append(final)
        return tuple(published)
