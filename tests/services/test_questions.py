"""What is read of a whole site takes as many questions for many participants as for one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path

from scheduler.life import Act
from scheduler.services import checking, holdings, monitoring, publication, replan
from scheduler.sites import Audience
from scheduler.store import Book, Store
from tests.databases import Databases
from tests.listening import listening
from tests.lives import CLINIC, TODAY, change, enroll
from tests.running import calendar

MARCH = date(2026, 3, 13)


def treat(store: Store, day: int) -> None:
    """Enroll somebody who is infused, and on leave at the next visit."""
    life = enroll(store, at=date(2026, 3, day))
    life.complete("aspiration")
    life.complete("infusion-1")
    life(Act.HOLD, "day-30")


def told(audience: Audience | None, book: Book) -> int:
    selection = publication.Selection()
    return len(publication.folios(book, CLINIC, selection, audience, supplied=audience is None))


def planned(book: Book) -> int:
    request = replan.Request()
    planning = replan.Planning(book, CLINIC, request, change("replan"), MARCH)
    return len(planning.proposal(planning.in_turn(lambda: 0)).products)


def deviating(store: Store) -> int:
    log = monitoring.find(store, "ZJ", monitoring.Selection(as_of=TODAY))
    return len({deviation.visit.subject for deviation in log.deviations})


def blocked(path: str, store: Store) -> int:
    return len(checking.check(store, CLINIC, [path], MARCH).blocked)


@contextmanager
def questions() -> Iterator[list[str]]:
    """What the database is asked while the block runs, past SQLite's own driver."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    with listening("before_cursor_execute", note):
        yield asked


def test_a_site_of_many_takes_no_more_questions(databases: Databases, tmp_path: Path) -> None:
    shut = tmp_path / "shut.ics"
    shut.write_text(calendar("2026-04-01/2026-07-01"))
    looks: dict[str, Callable[[Store], int]] = {
        "deviations": deviating,
        "calendars": lambda store: store.read(partial(told, Audience.STAFF)),
        "calendars of the blinded": lambda store: store.read(partial(told, Audience.ASSESSOR)),
        "sheets": lambda store: store.read(partial(told, None)),
        "products": lambda store: len(holdings.of_site(store, "ZJ")),
        "check": partial(blocked, str(shut)),
        "re-planning": lambda store: store.read(planned),
    }

    def asked(name: str, participants: int) -> int:
        with questions() as found:
            assert looks[name](store) >= participants
        return len(found)

    with databases.book() as url, Store(url) as store:
        treat(store, 2)
        alone = {name: asked(name, 1) for name in looks}
        treat(store, 3)
        treat(store, 4)
        now = {name: asked(name, 3) for name in looks}
    assert {name for name in looks if now[name] > alone[name]} == set()
