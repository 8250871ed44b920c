"""The card of a feed as PDF: its address, its QR code, and what to know of it.

A participant's card tells neither code nor study: it may lie on a kitchen table.

>>> feed = Feed(number=3, person="ZJ-001", audience=Audience.PARTICIPANT, site="ZJ",
...             subject="ZJ-001", language="en", given=datetime(2026, 3, 2))
>>> _person(feed)
''
"""

from datetime import datetime

from scheduler.exporters.sheetfacts import qr
from scheduler.exporters.typesetting import PAPERS, Templates, check, typeset
from scheduler.exporters.vevent import Edition
from scheduler.feeds import Address, Feed
from scheduler.sites import Audience, Site


def feed_card(
    feed: Feed, address: Address, *, site: Site, printed: datetime, templates: Templates
) -> bytes:
    """The PDF of one card, on the site's paper and in the feed's language.

    Args:
        printed: an instant with a zone; it is printed and stands for the file's date.

    Raises:
        UnknownName: no such language.
        BadInput: a template fails, or a character has no glyph.
    """
    check(feed.language, site.paper, templates)
    facts = {
        "language": feed.language,
        "paper": PAPERS[site.paper],
        "site": site.name.say(feed.language),
        "demo": site.demo,
        "printed": f"{printed.astimezone(site.tz()):%Y-%m-%d %H:%M}",
        "number": feed.number,
        "calendar": Edition.of(site, feed.audience, feed.language).title,
        "person": _person(feed),
        "staff": feed.audience is Audience.STAFF,
        "https": address.https,
        "qr": qr(address.webcal),
    }
    return typeset("feed", facts, printed, templates)


def _person(feed: Feed) -> str:
    return "" if feed.audience is Audience.PARTICIPANT else feed.person
