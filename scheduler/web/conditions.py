"""What a client has already, and what it can unpack (RFC 9110, 12.5.3 and 13).

>>> tag, modified = "ab12", datetime(2026, 3, 2, tzinfo=UTC)
>>> has_already({"if-none-match": 'W/"zz", W/"ab12"'}, tag, modified)
True
>>> has_already({"if-modified-since": "Sun, 01 Mar 2026 23:59:59 GMT"}, tag, modified)
False
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_CODING = re.compile(r"\s*([^;\s]*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?\Z", re.IGNORECASE)


def has_already(headers: Mapping[str, str], tag: str, modified: datetime) -> bool:
    """Whether a client's copy is the one of that tag; tags are compared weakly (13.1.2).

    A date counts only where no tag is given (13.1.3), and one that is none counts for nothing.
    """
    if (tags := headers.get("if-none-match")) is not None:
        return tags.strip() == "*" or tag in _TAG.findall(tags)
    since = _instant(headers.get("if-modified-since", ""))
    return since is not None and modified <= since


@lru_cache(maxsize=256)  # the same few are written again and again
def http_date(moment: datetime) -> str:
    """An instant as HTTP writes it.

    >>> http_date(datetime(2026, 3, 2, 1, 30, tzinfo=UTC))
    'Mon, 02 Mar 2026 01:30:00 GMT'
    """
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding allows gzip; one that names neither it nor "*" does not.

    >>> takes_gzip("br, gzip;q=0.5"), takes_gzip("gzip;q=0, *"), takes_gzip("*"), takes_gzip("")
    (True, False, True, False)
    """
    weights = {}
    for part in accepted.split(","):
        if found := _CODING.match(part):
            weights[found[1].lower()] = float(found[2] or 1)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _instant(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
