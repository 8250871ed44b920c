r"""Where each value of a TOML text stands: from key path to line.

The standard library's parser gives values without their places; a person who has to
mend a file needs the line.  A path is a tuple of keys and list positions.

>>> text = 'title = "x"\n[[arm]]\ncode = "a"\n[[arm]]\nneeds = [\n  {minutes = 5}]\n'
>>> places = Places.of(text)
>>> places.line(("arm", 0, "code")), places.line(("arm", 1, "needs", 0, "minutes"))
(3, 6)

A path that is not in the text stands where the nearest thing around it stands.

>>> places.line(("arm", 1, "label")), places.line(("version",))
(4, 1)
"""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

Path = tuple[str | int, ...]

_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BETWEEN = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
# A multi-line string may end in up to two quotes of its own: five in a row.
_SCALAR = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^,\]}\n#]+''',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Places:
    """The line, counted from 1, of every key, table and list entry of one TOML text."""

    lines: Mapping[Path, int]

    @classmethod
    def of(cls, text: str) -> Self:
        """Find every place in `text`.

        Raises:
            ValueError: the text is not TOML; parse it with `tomllib` first, which says why.
        """
        return cls(_Walk(text).lines())

    def line(self, path: Path) -> int:
        """The line of `path`, else of the nearest thing around it; 1 for the text itself."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class _Walk:
    """One pass over a TOML text, noting the line of every path on the way."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._newlines = [at for at, character in enumerate(text) if character == "\n"]
        self._lines: dict[Path, int] = {}
        self._entries: dict[Path, int] = {}

    def lines(self) -> Mapping[Path, int]:
        table: Path = ()
        self._take(_BLANK)
        while self._at < len(self._text):
            if self._next("[["):
                table = self._array_entry()
            elif self._next("["):
                table = self._table()
            else:
                self._assignment(table)
            self._take(_BLANK)
        return self._lines

    def _array_entry(self) -> Path:
        line = self._line()
        self._expect("[[")
        *around, last = self._keys()
        path = (*self._resolve(around, line), last)
        self._lines.setdefault(path, line)
        number = self._entries[path] = self._entries.get(path, -1) + 1
        self._lines[(*path, number)] = line
        self._expect("]]")
        return (*path, number)

    def _table(self) -> Path:
        line = self._line()
        self._expect("[")
        path = self._resolve(self._keys(), line)
        self._lines[path] = line
        self._expect("]")
        return path

    def _resolve(self, keys: list[str], line: int) -> Path:
        # In a header, the name of an array of tables means its latest entry.
        path: Path = ()
        for key in keys:
            path = (*path, key)
            self._lines.setdefault(path, line)
            if path in self._entries:
                path = (*path, self._entries[path])
        return path

    def _assignment(self, table: Path) -> None:
        line = self._line()
        path = table
        for key in self._keys():
            path = (*path, key)
            self._lines.setdefault(path, line)
        self._expect("=")
        self._take(_SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._next("["):
            self._array(path)
        elif self._next("{"):
            self._inline_table(path)
        else:
            self._take(_SCALAR)

    def _array(self, path: Path) -> None:
        self._expect("[")
        self._take(_BETWEEN)
        number = 0
        while not self._next("]"):
            self._lines[(*path, number)] = self._line()
            self._value((*path, number))
            self._take(_BETWEEN)
            number += 1
        self._expect("]")

    def _inline_table(self, path: Path) -> None:
        self._expect("{")
        self._take(_BETWEEN)
        while not self._next("}"):
            self._assignment(path)
            self._take(_BETWEEN)
        self._expect("}")

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._take(_SPACE)
            key = self._take(_KEY)
            quoted = key[0] in "\"'"
            keys.append(tomllib.loads(f"key = {key}")["key"] if quoted else key)
            self._take(_SPACE)
            if not self._next("."):
                return keys
            self._expect(".")

    def _line(self) -> int:
        return bisect_left(self._newlines, self._at) + 1

    def _next(self, mark: str) -> bool:
        return self._text.startswith(mark, self._at)

    def _expect(self, mark: str) -> None:
        if not self._next(mark):
            raise ValueError(f"no {mark} in line {self._line()}: the text is not TOML")
        self._at += len(mark)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError(f"line {self._line()} is not TOML")
        self._at = match.end()
        return match.group()
