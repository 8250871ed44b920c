"""A benchmark in a process of its own: it finds nothing in memory that others have left.

What those leave makes looking for garbage slower, and counts wherever memory is measured.

>>> [row.unit for row in apart("benchmarks.startup", 0.001)]
['s']
"""

from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context

from benchmarks.table import Row


def apart(name: str, scale: float) -> list[Row]:
    """The rows of the benchmark of that name, which ends before they are given."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_rows, name, scale).result()


def _rows(name: str, scale: float) -> list[Row]:
    return list(import_module(name).rows(scale))
