"""khal, a real calendar program, driven as its user would: import a file, list the days."""

import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

CONFIG = """
[calendars]
[[study]]
path = {vdir}
[locale]
local_timezone = {zone}
default_timezone = {zone}
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
[sqlite]
path = {database}
"""
SHOWN = "{start-long}|{end-long}|{title}"


class Khal:
    """A user of khal in a zone, with a home of their own."""

    def __init__(self, home: Path, zone: str) -> None:
        vdir = home / "calendar"
        vdir.mkdir(parents=True)
        self._config = home / "config"
        self._config.write_text(CONFIG.format(vdir=vdir, zone=zone, database=home / "khal.db"))
        places = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
        self._environment = os.environ | dict.fromkeys(places, str(home)) | {"TZ": zone}
        self._home = home

    def imports(self, data: bytes) -> None:
        file = self._home / "visits.ics"
        file.write_bytes(data)
        self._run("import", "--batch", "--include-calendar", "study", str(file))

    def shows(self, first: date, last: date) -> list[str]:
        """Start, end and title of every event between two days, both inclusive."""
        days = (str(first), str(last + timedelta(days=1)))
        shown = self._run("list", "--once", "--day-format", "", "--format", SHOWN, *days)
        return sorted(filter(None, shown.splitlines()))

    def _run(self, *words: str) -> str:
        khal = (sys.executable, "-m", "khal", "--config", str(self._config))
        done = subprocess.run(
            (*khal, *words), env=self._environment, capture_output=True, text=True, check=True
        )
        assert not done.stderr
        return done.stdout
