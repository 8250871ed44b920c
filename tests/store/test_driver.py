"""What goes to SQLite's driver past SQLAlchemy is stored, told and refused as by SQLAlchemy."""

from dataclasses import replace

import pytest
from sqlalchemy import NullPool, create_engine, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from scheduler.store import Store, driver, rows
from scheduler.store.tables import changes, seals, subjects, visits
from tests.databases import Databases
from tests.store.values import CHANGE, SUBJECT, VISIT, enrolling


def test_keys_go_on_from_row_to_row(databases: Databases) -> None:
    with databases.book() as url:
        with Store(url) as store:
            store.write(enrolling(SUBJECT, VISIT))
        with create_engine(url, poolclass=NullPool).connect() as connection:
            entered = driver.enter(connection, changes, rows.change_columns(CHANGE))
            row = {"subject_id": 1, "occurrence": 1, "change_id": entered}
            for enters, names in ((driver.fill, ("day-1", "day-3")), (driver.pour, ("day-8",))):
                enters(connection, visits, [{**row, "encounter": name} for name in names])
            assert connection.execute(
                select(changes.c.at).where(changes.c.id == entered)
            ).all() == [(CHANGE.at,)]
            found = driver.ask(
                connection, select(visits.c.id, visits.c.encounter).order_by(visits.c.id)
            )
            assert [tuple(each) for each in found] == [
                (1, "infusion-1"),
                (2, "day-1"),
                (3, "day-3"),
                (4, "day-8"),
            ]


def test_numbers_come_in_the_order_of_their_rows(databases: Databases) -> None:
    with databases.book() as url:
        with Store(url) as store:
            store.write(enrolling(SUBJECT, VISIT))
        with create_engine(url, poolclass=NullPool).connect() as connection:
            row = {"subject_id": 1, "encounter": "day-1", "change_id": 1}
            wanted = [
                {**row, "occurrence": occurrence} for occurrence in (30, 1, 7, *range(50, 99))
            ]
            numbers = driver.number(connection, visits, wanted)
            found = driver.ask(connection, select(visits.c.id, visits.c.occurrence))
            occurrences = dict(map(tuple, found))
            assert [occurrences[number] for number in numbers] == [
                row["occurrence"] for row in wanted
            ]
            assert list(driver.number(connection, visits, [])) == []


def test_refusals_are_errors_of_sqlalchemy(databases: Databases) -> None:
    with databases.book() as url:
        with Store(url) as store:
            store.write(enrolling(SUBJECT, VISIT))
        engine = create_engine(url, poolclass=NullPool)
        again = {**rows.subject_columns(replace(SUBJECT, code="zj-001")), "change_id": 1}
        with engine.connect() as connection, pytest.raises(IntegrityError):
            driver.enter(connection, subjects, again)
        seal: driver.Plain = {"number": 1, "change_id": 1, "digests": "[]", "hash": ""}
        for enters in (driver.fill, driver.pour):
            with engine.connect() as connection, pytest.raises(IntegrityError):
                enters(connection, seals, [{**seal, "number": 2}, seal])
        with engine.connect() as connection, pytest.raises(DBAPIError):
            driver.ask(connection, text("SELECT 1 FROM nowhere"))
