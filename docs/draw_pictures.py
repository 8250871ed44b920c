"""Draws the README's pictures anew: ``.venv/bin/python docs/draw_pictures.py``.

Runs the program itself, in a folder of its own and at a fixed time, and needs
``pdftoppm`` (Debian: poppler-utils) to turn pages into pictures.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import rich.console
from freezegun import freeze_time

from scheduler.cli import run

PICTURES = Path(__file__).resolve().parent / "pictures"
WIDTH = 168
COMMAND = ["enroll", "--date", "2026-03-02", "--arm", "bmsc", "--weight", "68.5"]
PAGES = {"calendar": 1, "infusion": 5}


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    console = rich.console.Console(record=True, width=WIDTH, file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["SCHEDULE_DATABASE"] = f"sqlite:///{folder}/book.db"
        with (
            freeze_time("2026-02-20T01:00:00Z"),
            patch("scheduler.cli.screen._console", return_value=console),
        ):
            assert run(COMMAND) == 0
        title = f"schedule {' '.join(COMMAND)}"
        drawn = console.export_svg(title=title)
        # A picture loads nothing from elsewhere: any monospaced font of the reader will do.
        drawn = re.sub(r"@font-face {.*?}\n", "", drawn, flags=re.S)
        (PICTURES / "enroll.svg").write_text(drawn)
        for name, page in PAGES.items():
            target = str(PICTURES / name)
            options = ["-singlefile", "-png", "-r", "75", "-f", str(page), "-l", str(page)]
            subprocess.run(["pdftoppm", *options, "ZJ-001-visit-sheets.pdf", target], check=True)


if __name__ == "__main__":
    main()
