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

DATES = {
    "baseline": ("2026-03-02", 0, False),
    "aspiration": ("2026-03-05", 0, False),
    "pre-check": ("2026-04-02", 0, False),
    "infusion-1": ("2026-04-09", 0, False),
    "day-1": ("2026-04-10", 0, False),
    "day-3": ("2026-04-13", 1, False),
    "infusion-2": ("2026-04-16", 0, False),
    "day-8": ("2026-04-17", 0, False),
    "day-14": ("2026-04-23", 0, False),
    "day-30": ("2026-05-09", 0, False),
    "day-90": ("2026-07-08", 0, False),
    "day-180": ("2026-10-08", 2, False),
    "day-360": ("2027-04-02", -2, True),
}
"""The facts of the trial: dates by hand, days off target, and whether holidays are unverified."""

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
