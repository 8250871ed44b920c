"""What a process has changed itself is told as the book would tell it, or not at all."""

from dataclasses import replace
from datetime import UTC, date, timedelta, tzinfo

from hypothesis import given
from hypothesis import strategies as st

from scheduler.appointments import Appointment
from scheduler.dates import Window
from scheduler.life import Act
from scheduler.store import Store
from scheduler.store.chain import NOBODY, Head, Sealed
from scheduler.store.journal import MOST, Changes, Journal, by_site
from scheduler.subject import Status, Visit
from tests.databases import Databases
from tests.lives import enroll
from tests.store.values import SHANGHAI, VISIT

SITES = ("ZJ", "SH")
YEAR = Window(earliest=date(2026, 1, 1), latest=date(2027, 12, 31))

States = dict[int, Visit]


@st.composite
def changes(draw: st.DrawFn) -> tuple[bool, States]:
    """Whether a change is this process's, and the states that it gives to visits."""
    ids = draw(st.sets(st.integers(1, 4), max_size=3))
    states = st.sampled_from([Status.SCHEDULED, Status.CANCELLED])
    return draw(st.booleans()), {
        id: replace(VISIT, site=SITES[id % 2], status=draw(states)) for id in ids
    }


@given(st.lists(changes(), max_size=8), st.data())
def test_all_that_was_changed_is_told_or_nothing(
    history: list[tuple[bool, States]], data: st.DataObject
) -> None:
    journal, heads = Journal(), [NOBODY]
    for number, (own, states) in enumerate(history, start=1):
        heads.append(Head(number=number, hash=str(number)))
        if own:
            sealed = Sealed(before=heads[-2], after=heads[-1], back=timedelta(0))
            journal.note(sealed, by_site(states))
    since = data.draw(st.integers(0, len(history)))
    missed = [number for number in range(since, len(history)) if not history[number][0]]
    for site in SITES:
        told = journal.told(site, heads[since], heads[-1])
        if missed:
            assert told is None
        elif told is not None:
            later: dict[int, Appointment | None] = {}
            for _, states in history[since:]:
                mine = {id: state for id, state in states.items() if state.site == site}
                later |= {id: Appointment.of(state) for id, state in mine.items()}
            assert told == later
        else:
            # The last change was made elsewhere, and nothing says that it was the last one.
            assert not history or not history[-1][0]


def test_it_does_not_grow_for_ever() -> None:
    journal, head = Journal(), NOBODY
    states = dict.fromkeys(range(MOST // 2), VISIT)
    for number in range(1, 5):
        before, head = head, Head(number=number, hash=str(number))
        journal.note(Sealed(before=before, after=head, back=timedelta(0)), by_site(states))
    assert journal.told("ZJ", NOBODY, head) is None
    assert journal.told("ZJ", before, head) == {id: Appointment.of(VISIT) for id in states}


def zones(told: Changes) -> set[tzinfo | None]:
    return {each.interval.start.tzinfo for each in told.values() if each}


def test_it_tells_what_the_book_would(databases: Databases) -> None:
    with databases.book() as url, Store(url) as store, Store(url) as other:
        heads = [store.read(lambda book: book.head()[0])]
        life = enroll(store)
        heads.append(store.read(lambda book: book.head()[0]))
        life.move("infusion-1", "2026-04-08")
        life(Act.CANCEL, "day-30")
        now = store.read(lambda book: book.head()[0])
        for since in heads:
            told, stored = (
                each.read(lambda book: book.appointments.changed("ZJ", YEAR, since, now))  # noqa: B023 - called at once
                for each in (store, other)
            )
            assert told == stored
            assert None in told.values()
            # Only what was not read back is still by the clock of its site.
            assert zones(told) == {SHANGHAI}
            assert zones(stored) == {UTC}
