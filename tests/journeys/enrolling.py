"""An enrollment to be killed: `tests.killing` imports this once and forks for each death."""

import os

import psycopg  # noqa: F401 - loaded once, not at each death
import rich.table  # noqa: F401 - as above
import typst  # noqa: F401 - as above

from scheduler.cli import enroll as command  # noqa: F401 - as above
from scheduler.cli import run
from scheduler.exporters import sheets  # noqa: F401 - as above
from tests.arms import zhujiang

ARGUMENTS = ("enroll", "--date", "2026-03-02", "--arm", "a", "--protocol", "short.toml")

zhujiang()  # loads the holidays of all countries, as above


def enroll(url: str, folder: str) -> None:
    """Enroll into the short study, whose file lies in the folder."""
    os.environ["SCHEDULE_DATABASE"] = url
    os.chdir(folder)
    assert run(ARGUMENTS) == 0
