"""Collections: visits published on a CalDAV server, and what people changed of them there.

`push` sends what differs, one object a time, and remembers each at once, so that a push that
was interrupted goes on where it stopped.  What people changed on the server is told and left
as it is, unless it is to be overwritten; `pull` only tells.

>>> from scheduler.sites import Audience
>>> print(OtherScope("https://dav.example/li/", Scope(site="ZJ", audience=Audience.STAFF)))
https://dav.example/li/ holds the staff calendar of site ZJ; push into another collection
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scheduler.errors import BadInput, BadValue, DeliveryFailed, Problem, Refused
from scheduler.reconciliation import Step
from scheduler.services import published, sources
from scheduler.services.clinics import Clinic
from scheduler.services.published import Edit, Item, Ours
from scheduler.store import Book, Store
from scheduler.store.collections import Scope, Written
from scheduler.webaddress import Login, WebAddress

if TYPE_CHECKING:
    from scheduler.delivery.caldav import Collection

Track = Callable[[Sequence[Item]], Iterable[Item]]
"""Hands out the items one by one, and shows how far the sending is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What a push did, or would do: how many visits took which step, and what was left.

    `strangers` counts objects in the collection that are not ours.
    """

    done: Mapping[Step, int]
    edits: tuple[Edit, ...]
    strangers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What people changed in a collection of so many `visits`; `strangers` are not ours."""

    visits: int
    edits: tuple[Edit, ...]
    strangers: int


class OtherScope(Refused):
    """A collection holds other visits than those to be pushed; both would be wrong there."""

    def __init__(self, url: str, scope: Scope) -> None:
        whose = scope.subject or f"site {scope.site}"
        super().__init__(
            f"{url} holds the {scope.audience} calendar of {whose}; push into another collection"
        )


class IsConflictCalendar(Refused):
    """Visits in a conflict calendar would stand in their own way."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} is a conflict calendar of the site; push into another collection")


class NothingPushed(BadValue):
    """A collection that this book knows nothing of."""

    def __init__(self, url: str) -> None:
        super().__init__("address", url, "nothing was pushed there yet (schedule caldav push)")


def address_of(text: str, login: Login | None) -> WebAddress:
    """The address of a collection as given on the command line, with who logs in.

    Raises:
        BadValue: it is none, or has a login in it, which shells would remember.
    """
    try:
        address = WebAddress.parse(text)
    except ValueError:
        expected = "write it like https://dav.hospital.example/li/visits/"
        raise BadValue("address", "given", expected) from None
    if address.login:
        expected = "write it without login, and set caldav_user and caldav_password_file"
        raise BadValue("address", address.url, expected)
    return replace(address.folder(), login=login)


def push(
    store: Store,
    clinic: Clinic,
    address: WebAddress,
    scope: Scope,
    *,
    create: bool,
    overwrite: bool,
    dry_run: bool,
    track: Track,
) -> Pushed:
    """Bring a collection to what the book says.

    Raises:
        UnknownName: nobody is enrolled under the code of the scope.
        OtherSite: the participant is not the clinic's.
        IsConflictCalendar, OtherScope: the collection holds what visits must not be mixed with.
        BadInput: address, login or certificate are wrong, or there is no such calendar.
        DeliveryFailed: the server fails; what was sent until then is remembered.
    """
    url = address.url

    def read(book: Book) -> tuple[Scope, Scope | None, Ours]:
        wanted = replace(scope, subject=scope.subject and book.subject(scope.subject).code)
        return wanted, book.collections.scope(url), Ours.of(book, clinic, url, wanted)

    scope, known, ours = store.read(read)
    if url in _conflict_calendars(clinic):
        raise IsConflictCalendar(url)
    if known is not None and known != scope:
        raise OtherScope(url, known)
    with _opened(clinic, address) as collection:
        if not collection.exists():
            if not create:
                raise BadInput([Problem(url, "is no calendar", "--create makes one there")])
            known, ours, listing = None, replace(ours, written={}), {}
            if not dry_run:
                collection.make(ours.title)
        else:
            listing = collection.listing()
        if known is None and not dry_run:
            store.write(lambda book: book.collections.open(url, scope))
        pushing = _Pushing(store, url, collection, ours, overwrite=overwrite, dry_run=dry_run)
        items = published.compare(ours, collection, listing)
        pushing.carry_out(items, track)
        return Pushed(
            done=pushing.done,
            edits=tuple(pushing.edits),
            strangers=_strangers(items, listing),
        )


def pull(store: Store, clinic: Clinic, address: WebAddress) -> Pulled:
    """What people changed in a collection since it was last pushed to; nothing is changed.

    Raises:
        NothingPushed: nothing ever was.
        OtherSite: the collection's participant is not the clinic's.
        BadInput: address, login or certificate are wrong, or the calendar is gone.
        DeliveryFailed: the server fails.
    """
    url = address.url
    scope = store.read(lambda book: book.collections.scope(url))
    if scope is None:
        raise NothingPushed(url)
    if scope.site != clinic.site.code:
        raise OtherScope(url, scope)
    ours = store.read(lambda book: Ours.of(book, clinic, url, scope))
    with _opened(clinic, address) as collection:
        if not collection.exists():
            raise BadInput([Problem(url, "is no calendar any more", "push --create makes one")])
        listing = collection.listing()
        items = published.compare(ours, collection, listing)
    edits = (item.edit for item in items if item.step is Step.REPORT)
    return Pulled(
        visits=len(ours.written),
        edits=tuple(edit for edit in edits if edit),
        strangers=_strangers(items, listing),
    )


class _Pushing:
    """One push on its way; `done` counts the steps taken, `edits` are what was left."""

    def __init__(
        self,
        store: Store,
        url: str,
        collection: "Collection",
        ours: Ours,
        *,
        overwrite: bool,
        dry_run: bool,
    ) -> None:
        self._store, self._url, self._collection, self._ours = store, url, collection, ours
        self._overwrite, self._dry_run = overwrite, dry_run
        self.done: Counter[Step] = Counter()
        self.edits: list[Edit] = []

    def carry_out(self, items: Sequence[Item], track: Track) -> None:
        """Take the step of every item."""
        try:
            for item in track(items):
                self._see_to(self._settled(item))
        except DeliveryFailed as error:
            seen = self.done.total() + len(self.edits)
            raise DeliveryFailed(
                f"{error}; {seen} of {len(items)} visits are seen to, the next push goes on there"
            ) from error

    def _settled(self, item: Item) -> Item:
        """The item with what is done about it when what people changed is overwritten."""
        if item.step is not Step.REPORT or not self._overwrite:
            return item
        step = Step.UPDATE if item.body is not None else Step.REMOVE
        return replace(item, step=Step.CREATE if item.etag is None else step)

    def _see_to(self, item: Item) -> None:
        if item.step is Step.REPORT:
            assert item.edit is not None
            self.edits.append(item.edit)
        elif self._dry_run or self._take(item):
            self.done[item.step] += 1
        else:
            self._see_to_again(item)

    def _take(self, item: Item) -> bool:
        """Take a step; False when the server has another version, or another such object."""
        match item.step:
            case Step.CREATE | Step.UPDATE:
                assert item.body is not None
                etag = self._collection.put(item.path, item.body, item.etag)
                if etag is None:
                    return False
                self._note(item, etag)
            case Step.NOTE:
                self._note(item, item.etag or "")
            case Step.REMOVE:
                if not self._collection.delete(item.path, item.etag or ""):
                    return False
                self._forget(item)
            case Step.FORGET:
                self._forget(item)
        return True

    def _see_to_again(self, item: Item) -> None:
        """After a refusal: somebody was quicker, or the event is there under another name."""
        found = self._collection.get([item.path]) or self._collection.with_uid(item.uid)
        there = next(iter(found.values()), None)
        if there is None:
            what = f"refuses to take {item.visit.subject} {item.visit.ref}"
            raise BadInput([Problem(self._url, what)])
        again = self._settled(self._ours.judge(item, there))
        if again.step is Step.REPORT or not self._take(again):
            assert again.edit is not None
            self.edits.append(again.edit)
        else:
            self.done[again.step] += 1

    def _note(self, item: Item, etag: str) -> None:
        assert item.body is not None
        written = Written(uid=item.uid, path=item.path, etag=etag, body=item.body)
        self._store.write(lambda book: book.collections.note(self._url, written))

    def _forget(self, item: Item) -> None:
        self._store.write(lambda book: book.collections.forget(self._url, item.uid))


@contextmanager
def _opened(clinic: Clinic, address: WebAddress) -> "Iterator[Collection]":
    from scheduler.delivery.caldav import Collection
    from scheduler.delivery.network import Network

    with Network(clinic.site.private_hosts) as network:
        yield Collection(network, address)


def _conflict_calendars(clinic: Clinic) -> set[str]:
    places = (sources.located(each.source, clinic.folder) for each in clinic.site.calendars)
    return {place.folder().url for place in places if isinstance(place, WebAddress)}


def _strangers(items: Iterable[Item], listing: Mapping[str, str]) -> int:
    return len(listing.keys() - {item.path for item in items})
