"""How often one address may ask.

>>> from datetime import UTC
>>> allowance, noon = Allowance(2), datetime(2026, 3, 2, 12, 0, 50, tzinfo=UTC)
>>> for _ in range(2):
...     allowance.spend("10.0.0.7", noon)
>>> allowance.is_spent("10.0.0.7", noon), allowance.is_spent("10.0.0.8", noon)
(True, False)
>>> allowance.is_spent("10.0.0.7", noon + timedelta(seconds=10))
False
"""

from collections import Counter
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

MOST_ADDRESSES = 50_000
"""Addresses counted in one minute; all further ones share one count."""


class Allowance:
    """So many of something in each minute of the clock, for each address."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._minute: datetime | None = None
        self._spent: Counter[str] = Counter()

    def is_spent(self, address: str, now: datetime) -> bool:
        """Whether the address has none left in this minute."""
        if now.replace(second=0) != self._minute:
            return False
        return self._spent[self._key(address)] >= self._limit

    def spend(self, address: str, now: datetime) -> None:
        """Take one."""
        if now.replace(second=0) != self._minute:
            self._minute = now.replace(second=0)
            self._spent.clear()
        self._spent[self._key(address)] += 1

    def _key(self, address: str) -> str:
        known = address in self._spent or len(self._spent) < MOST_ADDRESSES
        return address if known else ""


def wait(now: datetime) -> timedelta:
    """Until the next minute begins."""
    return timedelta(seconds=60 - now.second)


@lru_cache(maxsize=4096)
def household(host: str) -> str:
    """What counts as one address: an IPv4 address, or the network of 2^64 that one person has.

    >>> household("2001:db8:1:2:aaaa::1"), household("192.0.2.7"), household("a\\nb")
    ('2001:db8:1:2::/64', '192.0.2.7', 'unknown')
    """
    try:
        address = ip_address(host)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Network((address.packed[:8] + bytes(8), 64)))
    return str(address)
