"""Listening to every engine of SQLAlchemy for as long as a block runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


@contextmanager
def listening(happening: str, told: Callable[..., Any], *, retval: bool = False) -> Iterator[None]:
    """Have `told` called at each such event; what it gives back counts with `retval`."""
    event.listen(Engine, happening, told, retval=retval)
    try:
        yield
    finally:
        event.remove(Engine, happening, told)
