"""Published visits: what the book says of them, what was last written, what people see now.

`Ours` is the book's side; `compare` looks at the server and says for every visit what there
is to do, and what people changed.

>>> Edit(visit=None, deleted=True).what
()
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from scheduler.exporters import ics
from scheduler.exporters.vevent import Edition, uid
from scheduler.reconciliation import Step, decide, deleted, known
from scheduler.services import consents, publication
from scheduler.services.clinics import Clinic
from scheduler.services.publication import Selection
from scheduler.sites import Audience
from scheduler.store import Book
from scheduler.store.collections import Scope, Written
from scheduler.subject import OPEN, Visit

if TYPE_CHECKING:
    from scheduler.delivery.caldav import Collection
    from scheduler.readers.multistatus import Resource

UNREADABLE = "content"
"""What is said to differ in an object that is no event any more."""

_CANCELLED = b"\r\nSTATUS:CANCELLED\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What people changed of a visit on the server.

    `what` are the things that differ from what was written: "time", "title" and so on;
    nothing when the object was deleted.  `start` and `end` are the object's.
    """

    visit: Visit
    deleted: bool = False
    what: tuple[str, ...] = ()
    start: datetime | date | None = None
    end: datetime | date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One visit of a collection and the step it needs.

    `body` is what the book says, None when the visit should not be there.  `path` and `etag`
    are those of the object on the server; without one, where it belongs, and None.
    """

    uid: str
    visit: Visit
    path: str
    body: bytes | None
    etag: str | None
    step: Step
    edit: Edit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What the book says and remembers of one collection, by UID; `title` is its name."""

    title: str
    zone: ZoneInfo
    visits: Mapping[str, Visit]
    bodies: Mapping[str, bytes]
    written: Mapping[str, Written]

    @classmethod
    def of(cls, book: Book, clinic: Clinic, url: str, scope: Scope) -> "Ours":
        """The book's side of the collection at an address.

        A participant who has withdrawn the consent to it should have nothing there any more.

        Raises:
            NoConsent: nothing was written yet, and the participant has not consented to it.
            UnknownName: nobody is enrolled under the code of the scope.
            OtherSite: the participant is not the clinic's.
        """
        site, audience = clinic.site, scope.audience
        folios = publication.folios(book, clinic, Selection(subject=scope.subject), audience)
        visits = [visit for folio in folios for visit in folio.visits]
        protocols = [folio.protocol for folio in folios]
        bodies = dict(ics.objects(visits, site=site, audience=audience, protocols=protocols))
        written = book.collections.written(url)
        if audience is Audience.PARTICIPANT and scope.subject not in book.consents.given(site.code):
            if scope.subject and not written:
                consents.check(book, book.subject(scope.subject))
            bodies = {}
        title = Edition.of(site, audience, site.language).title
        whose = scope.subject or site.name.say(site.language)
        return cls(
            title=title if audience is Audience.PARTICIPANT else f"{whose} · {title}",
            zone=site.tz(),
            visits={uid(visit, audience): visit for visit in visits},
            bodies=bodies,
            written=written,
        )

    def uids(self) -> Iterator[str]:
        """Every visit that is or should be there, in the order of time."""
        yield from self.bodies
        yield from (each for each in self.written if each not in self.bodies)

    def judge(self, item: Item, there: "Resource") -> Item:
        """The item once its object on the server was read."""
        from scheduler.readers import objects

        item = replace(item, path=there.path, etag=there.etag)
        written = self.written.get(item.uid)
        base = objects.read(written.body, self.zone) if written else None
        ours = objects.read(item.body, self.zone) if item.body is not None else None
        before = base or ours
        assert before is not None, "an object is looked at for one of the two"
        try:
            theirs = objects.read(there.data.encode(), self.zone)
        except ValueError:
            edit = Edit(visit=item.visit, what=(UNREADABLE,))
            return replace(item, step=Step.REPORT, edit=edit)
        what = before.differences(theirs)
        edit = Edit(visit=item.visit, what=what, start=theirs.start, end=theirs.end)
        return replace(item, step=decide(base, ours, theirs), edit=edit)


def compare(ours: Ours, collection: "Collection", listing: Mapping[str, str]) -> list[Item]:
    """An item for every visit, by what the `listing` of the collection says of versions."""
    items, unsure = [], set()
    for each in ours.uids():
        written = ours.written.get(each)
        path = written.path if written else f"{collection.path}{each}.ics"
        step = _step(ours, each, listing.get(path))
        if step is None:
            unsure.add(path)
        visit = ours.visits[each]
        items.append(
            Item(
                uid=each,
                visit=visit,
                path=path,
                body=ours.bodies.get(each),
                etag=listing.get(path),
                step=step or Step.REPORT,
                edit=Edit(visit=visit, deleted=True),
            )
        )
    found = collection.get(sorted(unsure))
    return [ours.judge(item, found[item.path]) if item.path in found else item for item in items]


def _step(ours: Ours, id: str, there: str | None) -> Step | None:
    """The step of a visit by the tag of its object on the server, if there is one.

    None when that object has to be read.
    """
    written, body = ours.written.get(id), ours.bodies.get(id)
    if there is None:
        if written is None:
            return Step.CREATE
        if body is None:
            return Step.FORGET
        was_cancelled = _CANCELLED in written.body
        return deleted(open=ours.visits[id].status in OPEN, was_cancelled=was_cancelled)
    same = written is not None and body == written.body
    return known(written.etag if written else None, there, wanted=body is not None, same=same)
