"""All sites re-planned together: the laboratory that they share is never asked for too much."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import repeat
from math import inf

import pytest

from scheduler.availability import Availability
from scheduler.dates import Window
from scheduler.errors import Unplaced
from scheduler.joint.quotas import Party
from scheduler.joint.selection import Problem, Selection
from scheduler.life import Act
from scheduler.optimizer import relax, select
from scheduler.protocol import Kind
from scheduler.services import network, proposals, replan
from scheduler.services.clinics import Clinic, OtherSite
from scheduler.services.network import Network, NoSiteFile, Solver, side_by_side
from scheduler.services.proposals import BookChanged
from scheduler.services.replan import Closure
from scheduler.store import Store
from tests.databases import SqliteFiles
from tests.lives import change
from tests.services.test_laboratories import (
    EVERY_DAY,
    GZ,
    MARCH,
    SHUT,
    ZJ,
    busiest,
    clinic,
    enter,
    overfull,
    proposed,
)

SOLVER = Solver(relax=relax, each=side_by_side(select))
MARK = change("replan", "the laboratory is full")


@pytest.fixture
def store(sqlite_files: SqliteFiles) -> Iterator[Store]:
    with sqlite_files.book() as url, Store(url) as store:
        yield store


def unhurried(problem: Problem, remaining: Callable[[], float]) -> Selection:
    """What is found when time is over, and not before."""
    while remaining() > 0:
        pass
    return select(problem, remaining)


def together(store: Store, solver: Solver | None = SOLVER) -> Network:
    request = replan.Request()
    return network.propose(store, [ZJ, GZ], request, MARK, lambda _: MARCH, solver)


@pytest.mark.parametrize("solver", [SOLVER, None])
def test_what_all_sites_ask_is_what_the_laboratory_takes(
    store: Store, solver: Solver | None
) -> None:
    overfull(store)
    found = together(store, solver)
    assert not [lost for each in found.proposals for lost in each.lost]
    assert found.bound <= found.cost
    proposals.apply(store, found.proposals, MARK)
    assert busiest(store)[Kind.INFUSION] == 1
    assert not store.read(lambda book: book.verify()).problems
    again = together(store, solver)
    assert not [change for each in again.proposals for change in each.changes]


def test_together_is_never_worse_than_in_turn(store: Store) -> None:
    overfull(store)
    best, turns = together(store), together(store, None)
    assert best.bound <= best.cost <= turns.cost


def test_when_time_is_over_nothing_is_asked_too_often(store: Store) -> None:
    overfull(store)
    looks = repeat(inf, 3)
    each = side_by_side(unhurried, remaining=lambda: next(looks, 0.0))
    over = Solver(relax=partial(relax, remaining=float), each=each)
    found = together(store, over)
    assert not [lost for each in found.proposals for lost in each.lost]
    proposals.apply(store, found.proposals, MARK)
    assert not store.read(lambda book: book.verify()).problems


def test_all_is_stored_or_nothing(store: Store) -> None:
    lives = overfull(store)
    found = together(store)
    before = store.read(lambda book: book.visits())
    lives[-1].complete("baseline", clinic=GZ, today=date(2026, 3, 20))
    with pytest.raises(BookChanged):
        proposals.apply(store, found.proposals, MARK)
    after = store.read(lambda book: book.visits())
    assert [v.ref for v in before if v not in after] == ["baseline"]


def test_all_that_find_no_slot_are_counted(store: Store) -> None:
    for at in (ZJ, GZ):
        enter(store, at)
    shut = Closure(owner="site", days=Window(earliest=date(2026, 3, 27), latest=date(2026, 4, 20)))
    request = replan.Request(closures=(shut,))
    each = network.propose(store, [ZJ, GZ], request, MARK, lambda _: MARCH, SOLVER).proposals
    one, other = (proposal.blocked for proposal in each)
    assert one
    assert other
    with pytest.raises(Unplaced, match=f"find no other slot: {one + other};"):
        proposals.check_placed(each, accepted=False)


def test_agreed_visits_yield_to_who_has_no_other_place(store: Store) -> None:
    """All is shut from March on but for one chair on one day, in which another one sits."""
    zj = clinic("ZJ", "GZ", replace(EVERY_DAY, starts_per_day=None, releases_per_day=None))
    one, two = (enter(store, zj) for _ in "12")
    one(Act.CONFIRM, "infusion-1")
    day = date(2026, 4, 9)
    assert {life["infusion-1"].day for life in (one, two)} == {day}
    spans = ((date(2026, 3, 27), date(2026, 4, 8)), (date(2026, 4, 10), date(2026, 4, 20)))
    shut = [Closure(owner="site", days=Window(earliest=a, latest=b)) for a, b in spans]
    shut.append(Closure(owner="chair-1", days=Window(earliest=day, latest=day)))
    request = replan.Request(closures=tuple(shut))
    [found] = network.propose(store, [zj], request, MARK, lambda _: MARCH, SOLVER).proposals
    assert "infusion-1" in {e.visit.ref for e in found.lost if e.visit.subject == one.code}
    assert not any(before.ref == "infusion-1" for before, _ in found.told)


def test_who_is_named_is_there(store: Store) -> None:
    gz = enter(store, GZ).code
    enter(store, ZJ)
    request = replan.Request(subjects=frozenset({gz}))
    both = network.propose(store, [ZJ, GZ], request, MARK, lambda _: MARCH, SOLVER)
    assert [each.free > 0 for each in both.proposals] == [False, True]
    with pytest.raises(NoSiteFile, match=f"{gz} is a participant of site GZ, and none"):
        network.propose(store, [ZJ], request, MARK, lambda _: MARCH, SOLVER)
    with pytest.raises(OtherSite, match=f"{gz} is a participant of site GZ, not of ZJ"):
        replan.propose(store, ZJ, request, MARK, MARCH, select)


def test_one_site_alone_gives_what_it_gave_before(store: Store) -> None:
    for _ in "123":
        enter(store, ZJ)
    alone = proposed(store, ZJ)
    [joint] = network.propose(store, [ZJ], SHUT, MARK, lambda _: MARCH, SOLVER).proposals
    assert joint.cost == alone.cost
    assert len(joint.lost) == len(alone.lost)


AT_ONCE = """
import os, signal
from math import inf
from multiprocessing import active_children
from threading import Thread

from scheduler.cli.stopping import stoppable
from scheduler.optimizer import select
from scheduler.services.network import side_by_side
from tests.services.test_laboratories import GZ, ZJ
from tests.services.test_network import party

def stop():
    while not active_children():
        pass
    os.killpg(0, signal.SIGINT)

if __name__ == "__main__":
    with stoppable(lambda: inf) as remaining:
        Thread(target=stop, daemon=True).start()
        print(len(side_by_side(select, remaining)([party(ZJ), party(GZ)])))
"""
"""Ctrl-C on a terminal as soon as there are processes, which import for a while."""


def party(clinic: Clinic) -> Party:
    """A site at which nobody is."""
    free = Availability(clinic.site, [], [])
    return Party(site=clinic.site.code, laboratory=clinic.site.code, cases=[], availability=free)


def test_ctrl_c_waits_for_processes_to_begin() -> None:
    words = [sys.executable, "-c", AT_ONCE]
    found = subprocess.run(
        words, capture_output=True, text=True, check=False, start_new_session=True
    )
    said = "Stopping with the best that is found so far; Ctrl-C again gives up.\n"
    assert (found.returncode, found.stdout, found.stderr) == (0, "2\n", said)
