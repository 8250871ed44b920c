"""A restoration to be killed: `tests.killing` imports this once and forks for each death."""

from pathlib import Path

from scheduler.store import guards, keeping
from tests.store.values import later

RESTORING = later("db restore", 60, "why")

guards.of_a_new_book()  # worked out once, not at each death


def restore(url: str, file: str) -> None:
    """Restore the backup."""
    keeping.restore(url, Path(file), RESTORING)
