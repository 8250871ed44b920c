"""Placing one participant: the exact search against the first free slot, in the same tables.

Books of three sizes: a thousand, a hundred thousand and a million appointments, spread
over as many sites as that takes.  Only the choice of days and starts is measured: the
tables are read before, and they are all that is known, for after each commit a search
begins anew.  The books take turns, as a machine's speed changes within minutes.  First free
takes, for every visit after its anchor, the first day of the window that has a start.

Who asks has an enrollment date from which an empty book would give every visit a day: where
holidays close a whole window no way of placing helps, and `enroll` names other dates.
"""

import random
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median
from time import perf_counter
from typing import TypeVar

from benchmarks.table import Row
from scheduler import shipped
from scheduler.appointments import Appointment
from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.dates import Interval
from scheduler.minutes import NO_TIME
from scheduler.placement import choose
from scheduler.protocol import Kind, Mode
from scheduler.readers import protocol as protocols
from scheduler.readers import site as sites
from scheduler.sites import Site
from scheduler.subject import Allocation
from scheduler.tree import Node, Tree

T = TypeVar("T")

SIZES = (1_000, 100_000, 1_000_000)
REQUESTS = 1_000
ROUNDS = 10
A_SITE_HOLDS = 7_000
"""Appointments at one site of the demo's size, over the days below, when it is well filled."""

FIRST, DAYS = date(2026, 1, 5), 1_000


def rows(scale: float) -> Iterator[Row]:
    """The placement rows; at scale 1 with books of SIZES and REQUESTS requests each."""
    site = sites.read(shipped.read("sites/zhujiang.toml").decode(), "zhujiang.toml")
    protocol = protocols.read(
        shipped.read("protocols/bmsc-stroke.toml").decode(), "bmsc-stroke.toml"
    )
    tree = Tree.of(protocol, protocol.arm("bmsc"))
    dates, requests = _dates(site, tree), max(int(REQUESTS * scale), 5)
    turns = [_Turns(tree, dates, _books(site, max(int(size * scale), 10))) for size in SIZES]
    for each in turns:
        each.take(requests)
        each.forget()
    for _ in range(ROUNDS):
        for each in turns:
            each.take(requests)
    for size, each in zip(SIZES, turns, strict=True):
        yield Row(
            work=f"place one participant into {size:,} appointments",
            unit="ms",
            measured=each.exact.median(),
            baseline_name="first free slot in the same tables",
            baseline=each.first.median(),
            reach=4,
        )
    exact, first = turns[-1].exact, turns[-1].first
    yield Row(
        work="place one participant, median at 1,000,000",
        unit="ms",
        measured=exact.median(),
        baseline_name="a limit",
        baseline=0.5,
        reach=1,
    )
    yield Row(
        work="place one participant, 1,000,000 appointments",
        unit="ms",
        measured=exact.median(),
        baseline_name="1,000 appointments",
        baseline=turns[0].exact.median(),
        reach=1.5,
    )
    yield Row(
        work="participants that lose a visit, fullest book",
        unit="of the requests",
        measured=exact.lost,
        baseline_name="first free slot",
        baseline=max(first.lost, 1),
        reach=0.1,
    )
    yield _slot_row(max(int(300_000 * scale), 100))


class _Turns:
    """Both ways to place, measured in the same books in turn."""

    def __init__(self, tree: Tree, dates: Sequence[date], books: Sequence[Availability]) -> None:
        self._dates, self._books = dates, books
        self.exact = _Measured(lambda day, book: choose(tree, day, book).days)
        self.first = _Measured(lambda day, book: first_free(tree, day, book))

    def take(self, requests: int) -> None:
        """Another round of the same requests, which warms the tables for the next."""
        for measured in (self.exact, self.first):
            measured.run(self._books, self._dates, requests)

    def forget(self) -> None:
        """Count from here: a clinic's tables are warm all day."""
        for measured in (self.exact, self.first):
            measured.times.clear()


class _Measured:
    """Times of one way to place, and how many participants it left with a visit unplaced."""

    def __init__(self, place: Callable[[date, Availability], Mapping[str, int | None]]) -> None:
        self._place = place
        self.times: list[float] = []
        self.lost = 0

    def run(self, books: Sequence[Availability], dates: Sequence[date], requests: int) -> None:
        """A round of requests, always the same ones."""
        chance, self.lost = random.Random(2), 0
        for _ in range(requests):
            book = chance.choice(books)
            day = chance.choice(dates)
            begin = perf_counter()
            days = self._place(day, book)
            self.times.append(perf_counter() - begin)
            self.lost += None in days.values()

    def median(self) -> float:
        """The median of all rounds, in milliseconds."""
        return median(self.times) * 1e3


class _Tables(Availability):
    """An availability of which only the tables of days are known from one question to the next."""

    def remember(self, _key: Hashable, found: Callable[[], T]) -> T:
        """What follows from this availability, found out each time."""
        return found()


def first_free(tree: Tree, enrolled: date, book: Availability) -> dict[str, int | None]:
    """For every visit after its anchor, the first day of its window that has a start."""
    days: dict[str, int | None] = {e.id: None for e in tree.arm.encounters}
    minutes: dict[str, int] = {}
    above = tree.anchors(enrolled)

    def take(node: Node) -> None:
        starts = book.earliest(node.demand)
        target, _ = node.candidates(above)
        timing = node.encounter.timing
        for step in range(-timing.before.days, timing.after.days + 1):
            if starts[target + step] != NO_TIME:
                days[node.encounter.id] = above[node.encounter.id] = target + step
                minutes[node.encounter.id] = starts[target + step]
                for child in node.children:
                    take(child)
                return

    for root in tree.roots:
        take(root)
    return days


def _books(site: Site, size: int) -> list[Availability]:
    """Availabilities of as many sites as hold `size` appointments."""
    count = -(-size // A_SITE_HOLDS)
    return [_Tables(site, (), _appointments(site, size // count, seed)) for seed in range(count)]


def _appointments(site: Site, count: int, seed: int) -> Iterator[Appointment]:
    chance = random.Random(seed)
    units = [unit for resource in site.resources for unit in resource.units]
    for number in range(count // len(units) * len(units)):
        minutes = chance.choice((60, 90, 120))
        hour = chance.randrange(0, 9 * 60 - minutes, 30)
        begin = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(
            days=chance.randrange(DAYS), minutes=hour
        )
        slot = Interval(start=begin, end=begin + timedelta(minutes=minutes))
        unit = units[number // (count // len(units))]
        yield Appointment(
            subject=f"{site.code}-{number}",
            visit="visit",
            kind=Kind.CHECK,
            mode=Mode.VISIT,
            interval=slot,
            allocations=(Allocation(unit=unit, interval=slot),),
        )


def _dates(site: Site, tree: Tree) -> list[date]:
    """Enrollment dates within a year from which an empty book has a day for every visit."""
    empty, days = Availability(site), (FIRST + timedelta(days=n) for n in range(330))
    found = (day for day in days if site.day(day).closed_because is None)
    return [day for day in found if None not in choose(tree, day, empty).days.values()]


def _slot_row(occurrences: int) -> Row:
    """Is this slot free?  Against a long calendar, beside bisect on plain tuples."""
    chance = random.Random(4)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    times = [begin + timedelta(minutes=10 * n) for n in range(occurrences)]
    half = timedelta(minutes=5)
    busy = Busy.of("chair-1", "long.ics", (Interval(start=t, end=t + half) for t in times))
    plain = [(t, t + half) for t in times]
    asked = [chance.choice(times) + timedelta(minutes=chance.randrange(10)) for _ in range(5_000)]
    slots = [Interval(start=t, end=t + half) for t in asked]

    def by_tuples(slot: Interval) -> bool:
        at = bisect_right(plain, (slot.end,))
        return at == 0 or plain[at - 1][1] <= slot.start

    ours = _seconds(busy.is_free, slots)
    theirs = _seconds(by_tuples, slots)
    return Row(
        work=f"is this slot free? against {len(busy.intervals):,} busy times",
        unit="µs",
        measured=ours / len(slots) * 1e6,
        baseline_name="bisect on a list of tuples",
        baseline=theirs / len(slots) * 1e6,
        reach=2,
    )


def _seconds(ask: Callable[[Interval], bool], slots: Sequence[Interval]) -> float:
    begin = perf_counter()
    for slot in slots:
        ask(slot)
    return perf_counter() - begin
