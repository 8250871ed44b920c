"""Waiting for the outside world while nobody waits for the book.

Work inside a transaction may find that it needs what takes seconds to get.  It then raises
an `Interruption`: the transaction ends without a trace, what is needed is fetched, and the
work begins anew.

>>> fetched = []
>>> def work():
...     if not fetched:
...         raise Interruption(lambda: fetched.append("calendar"))
...     return fetched
>>> uninterrupted(work)
['calendar']
"""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Interruption(Exception):
    """What `fetch` gets is needed; the work is done again after it."""

    def __init__(self, fetch: Callable[[], object]) -> None:
        super().__init__("to be continued outside of the transaction")
        self.fetch = fetch


def uninterrupted(transaction: Callable[[], T]) -> T:
    """Carry out a transaction, again after each interruption."""
    while True:
        try:
            return transaction()
        except Interruption as interruption:
            fetch = interruption.fetch
        fetch()
