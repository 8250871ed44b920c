"""Work that ends amid a transaction, and is done again from its beginning.

Work inside a transaction may find that it needs what takes seconds to get, while others wait
for the book.  It then raises an `Interruption`: the transaction ends without a trace, what is
needed is fetched, and the work begins anew.

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


class HalfDone(BaseException):
    """Something was refused amid what is stored as one, and cannot be undone alone.

    It is no Exception: work that catches refusals must not go on with half of it.
    """


def uninterrupted(transaction: Callable[[], T]) -> T:
    """Carry out a transaction, again after each interruption."""
    while True:
        try:
            return transaction()
        except Interruption as interruption:
            fetch = interruption.fetch
        fetch()
