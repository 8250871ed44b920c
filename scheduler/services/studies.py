"""Studies: where a protocol comes from, and the version a participant is on.

A protocol is named after a shipped file ("bmsc-stroke") or given as a file of its own.
Once somebody is enrolled the book keeps the text, so no later edit of a file changes
the rules that a participant was enrolled under.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from os.path import isfile
from pathlib import Path, PurePosixPath

from scheduler import files, shipped
from scheduler.errors import BadValue, UnknownName
from scheduler.protocol import Arm, Protocol
from scheduler.readers import protocol as reader
from scheduler.store import Book, Store
from scheduler.subject import Subject
from scheduler.tree import Tree

BUILT_IN = "bmsc-stroke"
"""The protocol that is used when none is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A protocol and the text it was read from."""

    protocol: Protocol
    text: str
    _trees: dict[str, Tree] = field(default_factory=dict, compare=False, repr=False)

    def tree(self, arm: Arm) -> Tree:
        """The tree of one of the protocol's arms, grown once."""
        if arm.code not in self._trees:
            self._trees[arm.code] = Tree.of(self.protocol, arm)
        return self._trees[arm.code]


def find(named: str | None, own: Path | None) -> Study:
    """The study of that name or file.

    Raises:
        UnknownName: no protocol of that name.
        BadInput: the file cannot be read, or is no protocol; every problem is listed.
    """
    if named is None:
        named = BUILT_IN  # whatever lies about under that name
    elif _is_file(named):
        return read(files.read_text(Path(named)), named)
    try:
        content = shipped.read(f"protocols/{named}.toml", own)
    except (UnknownName, BadValue):
        raise UnknownName("protocol", named, names(own)) from None
    return _shipped(content, f"{named}.toml")


def names(own: Path | None) -> tuple[str, ...]:
    """Names of the shipped protocols and of those in the hospital's own folder."""
    paths = map(PurePosixPath, shipped.names("protocols", own))
    return tuple(path.stem for path in paths if path.match("protocols/*.toml"))


def kept(book: Book, subject: Subject) -> Protocol:
    """The protocol version a participant is on, as the book keeps it."""
    return version(book, subject.protocol, subject.protocol_version)


def version(book: Book, id: str, version: str) -> Protocol:
    """A protocol version as the book keeps it; UnknownName when it does not."""
    return read(book.protocol_text(id, version), f"{id} version {version}").protocol


def find_version(named: str, store: Store, own: Path | None) -> Study:
    """A study by name or file, or in a version that the book keeps ("bmsc-stroke@1").

    Raises:
        UnknownName: no such protocol, or no such version in the book.
        BadInput: the file cannot be read, or is no protocol; every problem is listed.
    """
    id, at, version = named.rpartition("@")
    if not at or _is_file(named):
        return find(named, own)
    return read(store.read(lambda book: book.protocol_text(id, version)), named)


def _is_file(named: str) -> bool:
    # Not Path.is_file, which raises where a name is too long for a file.
    return named.endswith(".toml") or "/" in named or isfile(named)


@lru_cache(maxsize=32)
def _shipped(content: bytes, name: str) -> Study:
    return read(content.decode(), name)


@lru_cache(maxsize=32)
def read(text: str, name: str) -> Study:
    """The study of a protocol text; BadInput lists every problem."""
    return Study(protocol=reader.read(text, name), text=text)
