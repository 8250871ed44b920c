"""Months on paper show every day that matters, once, and how."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduler.dates import Window
from scheduler.exporters.monthgrid import Entry, Mark, Month, month_grid

DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    def entry(number: int) -> Entry:
        target = draw(DAYS)
        return Entry(
            number=number,
            day=draw(st.none() | st.integers(-40, 40).map(lambda n: target + timedelta(days=n))),
            infusion=draw(st.booleans()),
            target=target,
            window=Window(
                earliest=target - timedelta(days=draw(st.integers(0, 40))),
                latest=target + timedelta(days=draw(st.integers(0, 40))),
            ),
        )

    return [entry(number) for number in range(1, draw(st.integers(1, 6)) + 1)]


def shown(months: tuple[Month, ...]) -> dict[date, tuple[Mark, tuple[int, ...]]]:
    cells = [
        (date(month.year, month.month, day.number), (day.mark, day.visits))
        for month in months
        for week in month.weeks
        for day in week
        if day
    ]
    assert len(cells) == len(dict(cells)), "a day stands twice"
    return dict(cells)


@given(entries())
def test_every_day_of_a_visit_is_marked_and_no_other(listed: list[Entry]) -> None:
    days = shown(month_grid(listed))
    wanted = {day for e in listed for day in (*e.window.days(), e.target, e.day) if day}
    assert {day for day, (mark, _) in days.items() if mark is not Mark.NONE} == wanted


@given(entries())
def test_a_visits_number_stands_on_its_day(listed: list[Entry]) -> None:
    days = shown(month_grid(listed))
    numbers = {(day, number) for day, (_, visits) in days.items() for number in visits}
    assert numbers == {(entry.day, entry.number) for entry in listed if entry.day}


@given(entries())
def test_weeks_have_seven_days_from_monday(listed: list[Entry]) -> None:
    for month in month_grid(listed):
        for week in month.weeks:
            assert len(week) == 7
            for weekday, day in enumerate(week):
                if day:
                    assert date(month.year, month.month, day.number).weekday() == weekday


def test_an_infusion_outshines_a_visit_a_target_and_a_window() -> None:
    day = date(2026, 4, 9)
    window = Window(earliest=day, latest=day)
    other = Entry(number=1, day=day, infusion=False, target=day, window=window)
    infusion = Entry(number=2, day=day, infusion=True, target=day, window=window)
    assert shown(month_grid([other, infusion]))[day] == (Mark.INFUSION, (1, 2))


def test_a_visit_off_its_target_leaves_the_target_marked() -> None:
    target, day = date(2026, 10, 6), date(2026, 10, 8)
    window = Window(earliest=date(2026, 9, 22), latest=date(2026, 10, 20))
    days = shown(
        month_grid([Entry(number=12, day=day, infusion=False, target=target, window=window)])
    )
    assert days[target] == (Mark.TARGET, ())
    assert days[day] == (Mark.VISIT, (12,))
    assert days[date(2026, 9, 22)] == (Mark.WINDOW, ())
    assert days[date(2026, 9, 21)] == (Mark.NONE, ())


def test_months_without_anything_are_left_out() -> None:
    first, last = date(2026, 3, 2), date(2027, 4, 2)
    listed = [
        Entry(
            number=number,
            day=day,
            infusion=False,
            target=day,
            window=Window(earliest=day, latest=day),
        )
        for number, day in enumerate((first, last), 1)
    ]
    assert [(m.year, m.month) for m in month_grid(listed)] == [(2026, 3), (2027, 4)]
