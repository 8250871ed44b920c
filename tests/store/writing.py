"""A desk in a process of its own that goes on writing until its standard input is closed.

Run as a program, it says "writing" after its first change and, at the end, how many it
stored; `desk` starts one.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event, Thread

from scheduler.store import Store
from tests.store.values import VISIT, later


@contextmanager
def desk(url: str) -> Iterator[list[int]]:
    """A desk that has begun to write; at the end the list holds how many changes it stored."""
    stored: list[int] = []
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.writing", url],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        yield stored
        told, _ = process.communicate("", timeout=120)
        stored.append(int(told))
    finally:
        process.kill()
        process.wait()


def main(url: str) -> None:
    """Write until stdin ends."""
    done = Event()

    def wait() -> None:
        sys.stdin.read()
        done.set()

    Thread(target=wait, daemon=True).start()
    with Store(url, patience=60) as store:
        for number in count(1):
            store.write(lambda book: book.record(later("visit confirm", 30), [VISIT]))
            if number == 1:
                print("writing", flush=True)
            if done.is_set():
                print(number)
                return


if __name__ == "__main__":
    main(sys.argv[1])
