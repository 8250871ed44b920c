"""Whatever is done to the history by hand is found, and said where."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Connection,
    Date,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    cast,
    literal,
    literal_column,
    select,
    text,
    type_coerce,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NULLTYPE

from scheduler.store import Store, canon
from scheduler.store.chain import NOTHING, digests_of, hashed
from scheduler.store.tables import Instant, metadata, seals
from scheduler.store.verification import verify
from tests.databases import Databases, PostgresqlDatabases, SqliteFiles
from tests.store.tampering import SEALED, live, past_the_guards
from tests.store.values import SUBJECT, VISIT, enrolling, later


@pytest.fixture(scope="module")
def hands(databases: Databases) -> Iterator[Connection]:
    """Hands in a book with some history; every test undoes what it did."""
    with databases.empty() as url:
        live(url)
        with past_the_guards(url) as connection:
            yield connection


@pytest.fixture
def by_hand(hands: Connection) -> Iterator[Connection]:
    yield hands
    hands.rollback()


def said(connection: Connection, noted: str = "") -> list[str]:
    return [str(problem) for problem in verify(connection, noted).problems]


def test_history_that_nobody_touched_verifies(store: Store) -> None:
    assert store.read(lambda book: book.verify()).problems == ()
    store.write(enrolling(SUBJECT, VISIT))
    verdict = store.read(lambda book: book.verify())
    assert verdict.problems == ()
    assert verdict.head.number == 1
    assert store.read(lambda book: book.verify(verdict.head.hash[:8])).problems == ()


def cells(connection: Connection) -> list[tuple[str, int, str]]:
    """Every field of the history: table, how many rows stand before it, column."""
    found = []
    for name in SEALED:
        table = metadata.tables[name]
        count = len(connection.execute(select(*table.primary_key)).all())
        found += [(name, row, column.name) for row in range(count) for column in table.c]
    return found


@settings(max_examples=150)
@given(data=st.data())
def test_any_edit_of_any_field_is_found(hands: Connection, data: st.DataObject) -> None:
    """On SQLite any bit of any field; PostgreSQL takes no other values than the type's."""
    name, index, field = data.draw(st.sampled_from(cells(hands)))
    table = metadata.tables[name]
    keys = hands.execute(select(*table.primary_key).order_by(*table.primary_key)).all()
    this = and_(*(k == v for k, v in zip(table.primary_key, keys[index], strict=True)))
    edit = _bit if hands.dialect.name == "sqlite" else _value
    try:
        hands.execute(
            update(table).where(this).values({field: edit(hands, table, field, this, data)})
        )
        problems = said(hands)
    except DBAPIError:
        assume(False)  # a unique key: the one guard that is left
    finally:
        hands.rollback()
    assert problems
    if name != "seals" and field not in {"change_id", *table.primary_key.columns.keys()}:
        assert any(f"of {name} was edited" in problem for problem in problems), problems
    assert said(hands) == []


Edited = ColumnElement[Any]


def _bit(hands: Connection, table: Table, field: str, this: Edited, data: st.DataObject) -> Edited:
    """The field with one bit the other way, as SQLite stores it."""
    stored: object = hands.scalar(select(type_coerce(table.c[field], NULLTYPE)).where(this))
    if stored is None:
        return literal_column("''")
    if isinstance(stored, int):
        return literal_column(str(stored ^ (1 << data.draw(st.integers(0, 40)))))
    assert isinstance(stored, str)
    content = bytearray(stored.encode())
    assume(content)
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    content[bit // 8] ^= 1 << bit % 8
    return cast(literal(bytes(content), LargeBinary), Text)


def _value(
    hands: Connection, table: Table, field: str, this: Edited, data: st.DataObject
) -> object:
    """Another value of the field's type."""
    value: object = hands.scalar(select(table.c[field]).where(this))
    match value:
        case bool():
            return not value
        case int():
            return value ^ (1 << data.draw(st.integers(0, 30)))
        case str():
            return value + data.draw(st.text("aé中 \n", min_size=1, max_size=2))
        case datetime():
            return value + timedelta(microseconds=data.draw(st.integers(1, 10**12)))
        case date():
            return value + timedelta(days=data.draw(st.integers(1, 1000)))
        case list() | dict():
            return [value]
    return data.draw(st.nothing())


@pytest.mark.parametrize("table", SEALED)
def test_any_row_that_is_removed_is_found(by_hand: Connection, table: str) -> None:
    key = next(iter(metadata.tables[table].primary_key)).name
    by_hand.execute(text(f"DELETE FROM {table} WHERE {key} = (SELECT min({key}) FROM {table})"))
    problems = said(by_hand)
    assert problems[0].startswith("change 4" if table == "amendments" else "change 1")
    if table not in {"changes", "seals"}:
        assert [f"of {table} was removed" in problem for problem in problems] == [True]


def test_row_that_is_added_to_an_old_change_is_found(by_hand: Connection) -> None:
    """For this no trigger is in the way: the tables do grow."""
    by_hand.execute(
        text(
            "INSERT INTO weights (id, subject_id, kg, measured, change_id)"
            " SELECT 99, subject_id, '99', measured, change_id FROM weights WHERE change_id = 3"
        )
    )
    (problem,) = said(by_hand)
    assert problem.startswith("change 3 (2026-03-02 01:32:00.000000, wu, subject weigh)")
    assert problem.endswith("row 99 of weights was added")


def test_change_that_is_added_by_hand_is_not_sealed_by_the_next(databases: Databases) -> None:
    with databases.empty() as url:
        live(url)
        with past_the_guards(url) as hands:
            hands.execute(
                text(
                    "INSERT INTO changes (id, user_name, at, command, reason)"
                    " SELECT 5, 'eve', at, command, reason FROM changes WHERE id = 4"
                )
            )
            if hands.dialect.name == "postgresql":
                hands.execute(text("SELECT nextval('changes_id_seq')"))
            hands.commit()
        with Store(url) as store:
            store.write(lambda book: book.record(later("visit confirm", 9), [VISIT]))
            (problem,) = store.read(lambda book: book.verify()).problems
    assert "eve" in str(problem)
    assert "added past the program" in str(problem)


def test_change_that_is_removed_without_a_trace_is_found(by_hand: Connection) -> None:
    _remove(by_hand, 3)
    (problem,) = said(by_hand)
    assert problem.startswith("change 4")
    assert "has number 4 in the chain instead of 3" in problem
    by_hand.execute(text("UPDATE seals SET number = 3 WHERE number = 4"))
    (problem,) = said(by_hand)
    assert "does not continue the chain" in problem


@pytest.mark.parametrize("column", ["number", "change_id"])
def test_changes_that_were_put_in_another_order_are_found(by_hand: Connection, column: str) -> None:
    for before, after in ((2, 99), (3, 2), (99, 3)):
        statement = f"UPDATE seals SET {column} = {after} WHERE {column} = {before}"
        by_hand.execute(text(statement))
    problems = said(by_hand)
    assert [p[:8] for p in problems if "chain" in p] == ["change 2", "change 3", "change 4"]


def test_removing_the_newest_is_found_against_a_noted_head(by_hand: Connection) -> None:
    head = verify(by_hand).head
    assert head.number == 4
    assert said(by_hand, head.hash) == []
    _remove(by_hand, 4)
    # The chain alone is whole; hands that forgot what visits take now betray themselves.
    assert [problem for problem in said(by_hand) if not problem.startswith("bookings: ")] == []
    (problem,) = said(by_hand, head.hash)
    assert problem.startswith("head: no change has the hash")


def test_chain_that_is_made_anew_is_found_against_a_noted_head(by_hand: Connection) -> None:
    noted = verify(by_hand).head.hash
    by_hand.execute(text("UPDATE weights SET kg = '60' WHERE change_id = 3"))
    hash = NOTHING
    for seal in by_hand.execute(select(seals).order_by(seals.c.number)).all():
        digests = digests_of(canon.of_change(by_hand, seal.change_id))
        hash = hashed(hash, digests)
        anew = update(seals).where(seals.c.number == seal.number)
        by_hand.execute(anew.values(digests=digests, hash=hash))
    assert said(by_hand) == []
    assert said(by_hand, noted) != []


def _remove(hands: Connection, change_id: int) -> None:
    for name in SEALED:
        mark = "id" if name == "changes" else "change_id"
        hands.execute(text(f"DELETE FROM {name} WHERE {mark} = {change_id}"))


def test_chain_can_be_checked_without_the_program(by_hand: Connection) -> None:
    """The canonical form as it is documented, for a row of each kind of column."""
    seal = by_hand.execute(select(seals).where(seals.c.number == 3)).one()
    change = (
        '{"at":"2026-03-02 01:32:00.000000","command":"subject weigh","id":3,"reason":"",'
        '"user_name":"wu"}'
    )
    weight = '{"change_id":3,"id":2,"kg":"70.0","measured":"2026-03-02","subject_id":1}'
    assert json.loads(seal.digests) == [
        ["changes", [3], sha256(change.encode()).hexdigest()],
        ["weights", [2], sha256(weight.encode()).hexdigest()],
    ]
    before = by_hand.scalar(select(seals.c.hash).where(seals.c.number == 2))
    assert seal.hash == sha256(f"{before}\n{seal.digests}".encode()).hexdigest()


def test_both_engines_have_the_same_chain(
    sqlite_files: SqliteFiles, postgresql: PostgresqlDatabases
) -> None:
    with sqlite_files.empty() as here, postgresql.empty() as there:
        heads = []
        for url in (here, there):
            live(url)
            with Store(url) as store:
                heads.append(store.read(lambda book: book.verify()).head)
        assert heads[0] == heads[1]


def test_columns_are_of_types_with_one_canonical_form() -> None:
    types = {type(column.type) for name in SEALED for column in metadata.tables[name].c}
    assert types <= {Integer, String, Date, Instant, Boolean, JSON}


def test_everything_but_present_states_is_sealed() -> None:
    sealed = {table.name for table in canon.HISTORY}
    present = {"bookings", "outbox", "collections", "collection_objects", "feed_uses"}
    assert sealed | {"seals"} | present == metadata.tables.keys()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DELETE FROM bookings", "ZJ-001 infusion-1 should have "),
        ("UPDATE bookings SET unit = 'chair-9'", "chair-9 from "),
        ("UPDATE bookings SET site = 'GZ'", "ZJ-001 infusion-1 should have "),
        ("UPDATE bookings SET zone = 'UTC'", "which its newest state does not say"),
        ("UPDATE bookings SET visit_id = visit_id + 90", "which takes nothing, has "),
    ],
)
def test_what_visits_take_now_is_compared_with_their_newest_states(
    by_hand: Connection, statement: str, says: str
) -> None:
    assert said(by_hand) == []
    by_hand.execute(text(statement))
    found = said(by_hand)
    assert found
    assert all(problem.startswith("bookings: ") for problem in found)
    assert any(says in problem for problem in found)


def test_a_booking_too_many_is_found(by_hand: Connection) -> None:
    columns = "site, unit, start_at, end_at, zone, visit_id"
    selected = columns.replace("unit", "'nurse-7'")
    query = f"INSERT INTO bookings ({columns}) SELECT {selected} FROM bookings"
    by_hand.execute(text(query))
    assert all("nurse-7" in problem for problem in said(by_hand))
    assert said(by_hand)
