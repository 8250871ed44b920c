"""Values for the tests of the store: plain ones to build on, and strategies for any."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from sqlalchemy import select

from scheduler.dates import FIRST_DAY, LAST_DAY, Interval, Window
from scheduler.protocol import Kind, Mode
from scheduler.store import Book, Change, rows
from scheduler.store.tables import bookings
from scheduler.subject import Allocation, Status, Subject, Visit, Weight
from scheduler.words import Words

SHANGHAI = ZoneInfo("Asia/Shanghai")
CHANGE = Change(user="li", at=datetime(2026, 3, 2, 1, 30, tzinfo=UTC), command="enroll")
SUBJECT = Subject(
    code="ZJ-001",
    site="ZJ",
    arm="bmsc",
    enrolled=date(2026, 3, 2),
    protocol="bmsc-stroke",
    protocol_version="1",
    weight=Weight(kg=Decimal("68.50"), measured=date(2026, 3, 2)),
)
SLOT = Interval(
    start=datetime(2026, 4, 9, 9, tzinfo=SHANGHAI), end=datetime(2026, 4, 9, 16, tzinfo=SHANGHAI)
)
VISIT = Visit(
    study="bmsc-stroke",
    subject="ZJ-001",
    site="ZJ",
    encounter="infusion-1",
    label=Words.of(en="Infusion 1", zh="第1次输注"),
    kind=Kind.INFUSION,
    mode=Mode.VISIT,
    target=date(2026, 4, 9),
    window=Window(earliest=date(2026, 4, 2), latest=date(2026, 4, 16)),
    status=Status.SCHEDULED,
    scheduled=SLOT,
    allocations=(Allocation(unit="chair-1", interval=SLOT),),
    why=("aspiration 2026-03-05 + 35 days",),
    basis="assumption",
    changed=CHANGE.at,
)


def later(command: str, minutes: int, reason: str = "") -> Change:
    """Another command, so many minutes after CHANGE."""
    return Change(
        user="wu", at=CHANGE.at + timedelta(minutes=minutes), command=command, reason=reason
    )


def enrolling(subject: Subject, *visits: Visit, change: Change = CHANGE) -> Callable[[Book], None]:
    """The work of enrolling a subject under a protocol that is kept on the way."""

    def work(book: Book) -> None:
        book.keep_protocol(change, subject.protocol, subject.protocol_version, "rules")
        book.enroll(change, subject, visits)

    return work


def at(visit: Visit, start: datetime, *, hours: int = 7, units: tuple[str, ...] = ()) -> Visit:
    """The visit at another time, taking the units for all of it."""
    slot = Interval(start=start, end=start + timedelta(hours=hours))
    taken = tuple(Allocation(unit=unit, interval=slot) for unit in units)
    return replace(visit, scheduled=slot, allocations=taken)


def allocations(book: Book, site: str, span: Interval) -> tuple[Allocation, ...]:
    """Units that are taken at the site within `span`, by start, as the guarded table has them."""
    taken = bookings.c
    query = (
        select(taken.unit, taken.start_at, taken.end_at, taken.zone)
        .where(taken.site == site, taken.start_at < span.end, taken.end_at > span.start)
        .order_by(taken.start_at, taken.id)
    )
    return tuple(
        Allocation(unit=unit, interval=rows.interval(start, end, ZoneInfo(zone)))
        for unit, start, end, zone in book._connection.execute(query)
    )


zones = st.sampled_from(
    ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]
).map(ZoneInfo)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
days = st.dates(FIRST_DAY, LAST_DAY)
instants = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)).map(
    lambda moment: moment.replace(tzinfo=UTC, fold=0)
)
# The hours around the clock changes of 2026 in the zones above, each hour as likely as any date.
changing_hours = st.builds(
    lambda day, minutes: day + timedelta(minutes=minutes),
    st.sampled_from(
        [
            datetime(2026, month, day, tzinfo=UTC)
            for month, day in [(3, 8), (3, 29), (10, 25), (11, 1)]
        ]
    ),
    st.integers(-720, 1440),
)


@st.composite
def intervals(draw: st.DrawFn, zone: ZoneInfo) -> Interval:
    """A slot by the clock of `zone`, from a minute to two days long."""
    start = draw(instants | changing_hours)
    length = draw(st.timedeltas(timedelta(minutes=1), timedelta(days=2)))
    return Interval(start=start.astimezone(zone), end=(start + length).astimezone(zone))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Any window."""
    earliest, latest = sorted([draw(days), draw(days)])
    return Window(earliest=earliest, latest=latest)


@st.composite
def visits(draw: st.DrawFn, subject: Subject, number: int) -> Visit:
    """Any visit of the subject; its units are its own, so no two of them clash."""
    zone = draw(zones)
    slot = draw(st.none() | intervals(zone))
    taken = draw(st.lists(intervals(zone), max_size=3)) if slot else []
    return Visit(
        study=draw(texts),
        subject=subject.code,
        site=draw(texts),
        encounter=draw(texts),
        occurrence=number,
        label=Words.of(draw(st.dictionaries(texts, texts, max_size=3))),
        kind=draw(st.sampled_from(Kind)),
        mode=draw(st.sampled_from(Mode)),
        target=draw(days),
        window=draw(windows()),
        status=draw(st.sampled_from(Status)),
        scheduled=slot,
        allocations=tuple(
            Allocation(unit=f"{number}.{i}{draw(texts)}", interval=t) for i, t in enumerate(taken)
        ),
        actual=draw(st.none() | days),
        why=tuple(draw(st.lists(texts, max_size=3))),
        basis=draw(texts),
        unverified=draw(st.booleans()),
        sequence=draw(st.integers(0, 1000)),
        changed=draw(instants),
    )


weights = st.builds(
    Weight,
    kg=st.decimals("0.01", "899.99", places=2) | st.decimals("1", "900", places=0),
    measured=days,
)
subjects = st.builds(
    Subject,
    code=texts,
    site=texts,
    arm=texts,
    enrolled=days,
    protocol=texts,
    protocol_version=texts,
    weight=st.none() | weights,
)
