"""Copies of calendars from the web, for the time when their server does not answer.

They hold what the calendars hold, names too, so only the person who runs the program may
read them.  A copy is a help: one that cannot be kept or read is none.

>>> from tempfile import TemporaryDirectory
>>> from datetime import UTC
>>> with TemporaryDirectory() as folder:
...     copies = Copies(Path(folder) / "calendars")
...     copies.keep("https://a.example/", Copy(body=b"", fetched=datetime(2026, 3, 2, tzinfo=UTC)))
...     copies.of("https://b.example/"), f'{copies.of("https://a.example/").fetched:%F}'
(None, '2026-03-02')
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """An answer, when it was fetched, and what the server calls this version of it."""

    body: bytes
    fetched: datetime
    etag: str = ""
    modified: str = ""


class Copies:
    """Copies in one folder, by the address they came from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, url: str) -> Copy | None:
        """The copy from that address, None where there is no sound one."""
        try:
            head, _, body = self._path(url).read_bytes().partition(b"\n")
            known = json.loads(head)
            fetched = datetime.fromisoformat(known["fetched"])
            sound = fetched.tzinfo and known["digest"] == _digest(body)
            etag, modified = str(known["etag"]), str(known["modified"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return Copy(body=body, fetched=fetched, etag=etag, modified=modified) if sound else None

    def keep(self, url: str, copy: Copy) -> None:
        """Keep a copy in place of the older one."""
        known = {
            "fetched": copy.fetched.isoformat(),
            "etag": copy.etag,
            "modified": copy.modified,
            "digest": _digest(copy.body),
        }
        with suppress(OSError):  # a full disk, a home that is read only
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            # Such a file is its owner's alone from the beginning.
            with NamedTemporaryFile(dir=self._folder, delete=False) as file:
                try:
                    file.write(json.dumps(known).encode() + b"\n" + copy.body)
                    file.close()
                    os.replace(file.name, self._path(url))
                except OSError:
                    os.unlink(file.name)
                    raise

    def _path(self, url: str) -> Path:
        return self._folder / _digest(url.encode())


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()
