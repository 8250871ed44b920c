"""Public holidays of a country or a part of one, and the weekend days it works instead.

>>> from datetime import date
>>> named, working = public_holidays("CN", None, 2026)
>>> named[date(2026, 10, 1)], date(2026, 9, 20) in working
('National Day', True)
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache


def countries() -> frozenset[str]:
    """The codes of countries whose holidays are known: "CN", "CHN", "DE", …"""
    from holidays.registry import EntityLoader

    return frozenset(EntityLoader.get_country_codes())


def parts(country: str) -> Sequence[str]:
    """The codes of a country's states or provinces."""
    from holidays import list_supported_countries  # loads every country: only where needed

    return list_supported_countries()[country]


@lru_cache(maxsize=256)
def public_holidays(
    country: str, subdivision: str | None, year: int
) -> tuple[Mapping[date, str], frozenset[date]]:
    """Public holidays with their English names, and weekend days declared working, of one year.

    Source: the `holidays` package; years no government has published are its forecast,
    which is why a site says `verified_through`.
    """
    from holidays import country_holidays

    calendar = country_holidays(country, subdiv=subdivision, years=year, language="en_US")
    named = {day: _iso(name) for day, name in calendar.items() if day.year == year}
    worked = frozenset(day for day in calendar.weekend_workdays if day.year == year)
    return named, worked


def _iso(name: str) -> str:
    """'Day off (substituted from 09/20/2026)' with the date written as everywhere else."""
    return re.sub(r"(\d\d)/(\d\d)/(\d{4})", r"\3-\1-\2", name)
