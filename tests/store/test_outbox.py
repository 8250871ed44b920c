"""The outbox on both engines: one mail a key, its states, and one process at a time."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.exporters.mail import Letter
from scheduler.store import Book, Store
from scheduler.store.outbox import Mailing, State
from scheduler.store.store import AtWork
from tests.databases import Databases

LETTER = Letter(subject="2026-W15", text="第1次输注\n", html="<p>", language="zh", calendar="BEGIN")
MAILING = Mailing(
    site="ZJ",
    kind="digest",
    week="2026-W15",
    recipient="ward",
    message_id="<1@h.example>",
    queued=datetime(2026, 4, 6, 1, 30, tzinfo=UTC),
    letter=LETTER,
)


def test_what_goes_in_comes_out_once(store: Store) -> None:
    others = [
        replace(MAILING, recipient="lab"),
        replace(MAILING, week="2026-W16"),
        replace(MAILING, about="day-30"),
    ]
    again = replace(MAILING, message_id="<2@h.example>", letter=None)

    def work(book: Book) -> list[bool]:
        return [book.outbox.queue(mailing) for mailing in (MAILING, *others, again)]

    assert store.write(work) == [True, True, True, True, False]
    assert store.write(work) == [False] * 5
    elsewhere = replace(MAILING, site="GZ")
    assert store.write(lambda book: book.outbox.queue(elsewhere))
    assert store.read(lambda book: book.outbox.of("ZJ", "digest")) == (MAILING, *others)
    assert store.read(lambda book: book.outbox.of("ZJ", "reminder")) == ()


STEPS = {
    "claim": ({State.QUEUED, State.SENDING}, State.SENDING),
    "drop": ({State.QUEUED, State.SENDING}, State.DROPPED),
    "retry": ({State.REFUSED}, State.QUEUED),
    "sent": ({State.SENDING}, State.SENT),
    "refused": ({State.SENDING}, State.REFUSED),
    "queued": ({State.SENDING}, State.QUEUED),
}


def _step(step: str, book: Book) -> bool | None:
    if step in {"claim", "drop", "retry"}:
        done: bool = getattr(book.outbox, step)(MAILING)
        return done
    book.outbox.settle(MAILING, State(step))
    return None


@settings(max_examples=10)
@given(steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=3, max_size=6))
def test_states_follow_one_another(databases: Databases, steps: list[str]) -> None:
    state = State.QUEUED
    with databases.book() as url, Store(url) as store:
        store.write(lambda book: book.outbox.queue(MAILING))
        for step in steps:
            sources, result = STEPS[step]

            done = store.write(partial(_step, step))
            assert done in {None, state in sources}
            state = result if state in sources else state
            [kept] = store.read(lambda book: book.outbox.of("ZJ", "digest"))
            assert kept.state is state
            assert (kept.letter is None) == (state in {State.SENT, State.DROPPED})


def test_nobody_else_at_the_same_purpose(databases: Databases) -> None:
    with databases.book() as url, Store(url) as one, Store(url) as two:
        with one.alone("notify"):
            with pytest.raises(AtWork, match="another schedule notify is at work") as caught:
                two.alone("notify").__enter__()
            assert caught.value.exit_code == 7
            with two.alone("other"):
                assert one.write(lambda book: book.outbox.queue(MAILING))
        with two.alone("notify"):
            assert two.read(lambda book: book.outbox.of("ZJ", "digest")) == (MAILING,)


def test_a_book_in_memory_is_alone() -> None:
    with Store("sqlite://") as store, store.alone("notify"):
        assert store.read(lambda book: book.outbox.of("ZJ", "digest")) == ()
