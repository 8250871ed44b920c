"""What is remembered of collections, on both engines."""

from dataclasses import replace

import pytest

from scheduler.errors import UnknownName
from scheduler.sites import Audience
from scheduler.store import Store
from scheduler.store.collections import Scope, Written
from tests.store.values import SUBJECT, VISIT, enrolling

URL, OTHER = "https://dav.example/li/visits/", "https://dav.example/li/others/"
STAFF = Scope(site="ZJ", audience=Audience.STAFF)
A = Written(uid="a", path="/li/visits/a.ics", etag='"1"', body="SUMMARY:访视 · 输液\r\n".encode())


def test_nothing_is_remembered_of_a_new_one(store: Store) -> None:
    assert store.read(lambda book: book.collections.scope(URL)) is None
    assert store.read(lambda book: book.collections.written(URL)) == {}


def test_the_newest_is_remembered(store: Store) -> None:
    newer = replace(A, etag='"2"', body=b"")
    store.write(lambda book: book.collections.open(URL, STAFF))
    store.write(lambda book: book.collections.open(OTHER, STAFF))
    for each in (A, replace(A, uid="b"), newer):
        store.write(lambda book: book.collections.note(URL, each))  # noqa: B023 - called at once
    assert store.read(lambda book: book.collections.scope(URL)) == STAFF
    written = store.read(lambda book: book.collections.written(URL))
    assert written == {"a": newer, "b": replace(A, uid="b")}
    assert store.read(lambda book: book.collections.written(OTHER)) == {}
    store.write(lambda book: book.collections.forget(URL, "a"))
    assert store.read(lambda book: book.collections.written(URL)).keys() == {"b"}


def test_who_begins_anew_forgets(store: Store) -> None:
    store.write(enrolling(SUBJECT, VISIT))
    store.write(lambda book: book.collections.open(URL, STAFF))
    store.write(lambda book: book.collections.note(URL, A))
    of_one = Scope(site="ZJ", audience=Audience.ASSESSOR, subject="ZJ-001")
    store.write(lambda book: book.collections.open(URL, replace(of_one, subject="zj-001")))
    assert store.read(lambda book: book.collections.scope(URL)) == of_one
    assert store.read(lambda book: book.collections.written(URL)) == {}
    with pytest.raises(UnknownName, match="ZJ-002"):
        store.write(lambda book: book.collections.open(URL, replace(STAFF, subject="ZJ-002")))
    assert store.read(lambda book: book.collections.scope(URL)) == of_one


def test_it_is_no_history(store: Store) -> None:
    store.write(enrolling(SUBJECT, VISIT))
    before = store.read(lambda book: book.verify())
    store.write(lambda book: book.collections.open(URL, STAFF))
    store.write(lambda book: book.collections.note(URL, A))
    assert store.read(lambda book: book.verify()) == before
