"""What the worked example of the built-in trial prints and writes, as files to be read by people.

Look at them in the folder `golden`.  After a change that is meant, write them anew with

    python -m tests.journeys.worked_example

and read the difference before it is committed.
"""

from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from scheduler import __version__
from scheduler.store import Store
from tests.running import Schedule, at_a_desk

GOLDEN = Path(__file__).parent / "golden"

VERSIONS = {__version__: "{scheduler}", version("tzdata"): "{tzdata}"}
"""These change without our doing, and stand in the golden calendar by name."""


def documents(schedule: Schedule) -> dict[str, str]:
    """Enroll the worked example into an empty book; what came of it, by name."""
    table = schedule.enroll("--dry-run")
    record = schedule.enroll("--json")
    calendar = (schedule.folder / "ZJ-001.ics").read_bytes().decode()
    for found, name in VERSIONS.items():
        assert found in calendar
        calendar = calendar.replace(found, name)
    return {
        "table.txt": "".join(f"{line.rstrip()}\n" for line in table.out.splitlines()),
        "remarks.txt": table.err,
        "record.json": record.out,
        "calendar.ics": calendar,
    }


def main() -> None:
    """Write the golden files anew."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        url = f"sqlite:///{folder}/book.db"
        with Store(url) as store:
            store.write(lambda _: None)
        with at_a_desk(url, Path(folder), monkeypatch) as schedule:
            found = documents(schedule)
    GOLDEN.mkdir(exist_ok=True)
    for name, text in found.items():
        (GOLDEN / name).write_bytes(text.encode())


if __name__ == "__main__":
    main()
