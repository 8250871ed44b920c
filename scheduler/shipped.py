"""The files that ship with the program, and a hospital's own files in their place.

Protocols, the demo site, sheet and mail templates lie in one folder that a hospital
may read and copy.  A file of the same name in the hospital's own folder wins; a file
of a new name joins in.  Names are relative, with forward slashes on every system.

>>> folder().name
'templates'
>>> read("protocols/../../setup.cfg")
Traceback (most recent call last):
    ...
scheduler.errors.BadValue: shipped file protocols/../../setup.cfg is not possible: \
a name inside the templates folder
"""

from functools import cache, lru_cache
from os.path import isfile
from pathlib import Path, PurePosixPath

from scheduler.errors import BadInput, BadValue, Problem, UnknownName
from scheduler.files import read_bytes


@cache
def folder() -> Path:
    """The shipped templates folder.

    A wheel carries it inside the package (`package_dir` in setup.cfg puts it there);
    in a checkout, an sdist and an editable install it lies beside the package.
    """
    package = Path(__file__).resolve().parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


def read(name: str, own: Path | None = None) -> bytes:
    """The bytes of the file `name`, from the hospital's `own` folder if it is there.

    Raises:
        UnknownName: neither folder has it.
        BadValue: the name leads out of the templates folder.
        BadInput: the own folder is missing, or the file cannot be read.
    """
    for root in _layers(own):
        content = _shipped(name) if root is folder() else _content(root, name)
        if content is not None:
            return content
    raise UnknownName("shipped file", name, names(own=own))


def text(name: str, own: Path | None = None) -> str:
    """The same as text; BadInput also when it is no UTF-8."""
    try:
        return read(name, own).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput([Problem(name, "is not UTF-8 text", "save it as UTF-8")]) from error


def names(under: str = "", own: Path | None = None) -> tuple[str, ...]:
    """Names of all files below the folder `under`, shipped and own, sorted, each once.

    Hidden files are left out: editors and version control keep their own there.

    Raises:
        BadValue: `under` leads out of the templates folder.
        BadInput: the own folder is missing.
    """
    _check_inside(under)
    found = {
        path.relative_to(root).as_posix()
        for root in _layers(own)
        for path in (root / under).rglob("*")
        if path.is_file()
    }
    return tuple(sorted(name for name in found if not _hidden(name)))


@lru_cache(maxsize=64)
def _shipped(name: str) -> bytes | None:
    """What ships stays as it is while the program runs."""
    return _content(folder(), name)


def _content(root: Path, name: str) -> bytes | None:
    _check_inside(name)
    path = root / name
    # Path.is_file raises where the name is too long to be one.
    return read_bytes(path) if isfile(path) else None


def _layers(own: Path | None) -> tuple[Path, ...]:
    """The folders to look in, the winning one first."""
    if own is None:
        return (folder(),)
    if not own.is_dir():
        problem = Problem(str(own), "is no folder", "name the folder of your own templates")
        raise BadInput([problem])
    return (own, folder())


def _check_inside(name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise BadValue("shipped file", name, "a name inside the templates folder")


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(name).parts)
