"""A cell laboratory that two sites share takes only so much a day, whoever asks."""

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from scheduler import config
from scheduler.dates import Window
from scheduler.errors import BadInput
from scheduler.joint.selection import Select
from scheduler.life import Act
from scheduler.optimizer import select
from scheduler.protocol import Kind
from scheduler.services import (
    amendments,
    checking,
    clinics,
    enrollment,
    explaining,
    proposals,
    replan,
)
from scheduler.services.clinics import Clinic
from scheduler.services.laboratories import Sharing
from scheduler.services.proposals import BookChanged, Proposal
from scheduler.services.rebooking import SlotTaken
from scheduler.services.replan import Closure
from scheduler.sites import Laboratory
from scheduler.store import Store
from scheduler.subject import OPEN
from tests.arms import zhujiang
from tests.lives import Life, change
from tests.running import site_file
from tests.versions import study, version

DAY = date(2026, 3, 2)
MARCH = date(2026, 3, 13)
EVERY_DAY = Laboratory(days=(True,) * 7, name="Central", starts_per_day=1, releases_per_day=1)


def clinic(code: str, other: str, laboratory: Laboratory = EVERY_DAY) -> Clinic:
    site = replace(zhujiang(), code=code, laboratory=laboratory)
    return Clinic(site=site, folder=Path(), sharing=Sharing(sites=(other,)))


ZJ, GZ = clinic("ZJ", "GZ"), clinic("GZ", "ZJ")


def enter(store: Store, at: Clinic) -> Life:
    request = enrollment.Request(enrolled=DAY, arm="bmsc", accept_unplaced=True)
    mark = change("enroll", reason="a few follow-ups may wait")
    found = enrollment.enroll(store, at, request, mark, None, None)
    assert found.acceptable, found.missing
    return Life(store, found.subject.code)


def busiest(store: Store) -> dict[Kind, int]:
    """The most procedures, and the most infusions, that stand on one day at all sites."""
    visits = store.read(lambda book: book.visits())
    kinds = (Kind.PROCEDURE, Kind.INFUSION)
    stand = [v for v in visits if v.status in OPEN and v.scheduled and v.kind in kinds]
    counts = Counter((visit.kind, visit.day) for visit in stand)
    return {kind: max(n for (of, _), n in counts.items() if of is kind) for kind in kinds}


ONE_EACH = {Kind.PROCEDURE: 1, Kind.INFUSION: 1}


def test_enrolling_and_moving_count_what_other_sites_ask(store: Store) -> None:
    lives = [enter(store, at) for at in (ZJ, GZ, ZJ, GZ)]
    assert busiest(store) == ONE_EACH
    first, second = lives[:2]
    taken = str(first["infusion-1"].day)
    full = r"cell laboratory: as many releases that day as it takes \(1\)"
    with pytest.raises(SlotTaken, match=full):
        second.move("infusion-1", taken, clinic=GZ)
    why = {str(d.day): d.why for d in explaining.explain(store, GZ, second.code, "infusion-1").days}
    assert why[taken].startswith("cell laboratory: as many releases")
    # What the other site gives back is free here at once, and taken again there.
    first(Act.CANCEL, "infusion-1", clinic=ZJ)
    first(Act.CANCEL, "infusion-2", clinic=ZJ)
    second.move("infusion-1", taken, clinic=GZ)
    with pytest.raises(SlotTaken, match=full):
        lives[2].move("infusion-1", taken, clinic=ZJ)
    assert busiest(store) == ONE_EACH


def test_a_site_that_shares_nothing_counts_alone(store: Store) -> None:
    enter(store, ZJ)
    enter(store, replace(GZ, sharing=Sharing()))
    assert busiest(store) == {Kind.PROCEDURE: 2, Kind.INFUSION: 2}


def overfull(store: Store) -> list[Life]:
    """Two participants of either site who were all enrolled before the laboratory had caps."""
    free = replace(EVERY_DAY, starts_per_day=None, releases_per_day=None)
    lives = [
        enter(store, clinic(*codes, free)) for codes in (("ZJ", "GZ"), ("GZ", "ZJ")) for _ in "12"
    ]
    assert busiest(store)[Kind.INFUSION] > 1
    return lives


def test_check_tells_what_the_laboratory_does_not_take(store: Store) -> None:
    overfull(store)
    result = checking.check(store, GZ, (), DAY)
    by = {(each.visit.subject, each.visit.ref): each for each in result.blocked}
    [reason] = by["GZ-001", "infusion-1"].reasons
    assert reason == "cell laboratory: 4 releases are on that day, and it takes 1"
    assert by["GZ-001", "aspiration"].reasons[0].startswith("cell laboratory: ")
    assert by["GZ-001", "infusion-1"].alternatives


SHUT = replan.Request(
    closures=(Closure(owner="chair-1", days=Window(earliest=DAY, latest=date(2026, 4, 12))),)
)


def proposed(store: Store, at: Clinic, solver: Select | None = select) -> Proposal:
    mark = change("replan", "the laboratory is full")
    return replan.propose(store, at, SHUT, mark, MARCH, solver)


@pytest.mark.parametrize("solver", [select, None])
def test_replanning_one_site_keeps_to_what_the_other_leaves(
    store: Store, solver: Select | None
) -> None:
    overfull(store)
    for at in (GZ, ZJ):
        found = proposed(store, at, solver)
        assert not [lost for lost in found.lost if lost.visit.kind is Kind.INFUSION]
        proposals.apply(store, [found], change("replan", "the laboratory is full"))
    assert busiest(store)[Kind.INFUSION] == 1
    assert not store.read(lambda book: book.verify()).problems


def test_a_proposal_is_refused_when_the_other_site_took_a_place_meanwhile(store: Store) -> None:
    *_, theirs = overfull(store)
    found = proposed(store, ZJ)
    theirs(Act.CANCEL, "infusion-1", clinic=GZ)
    with pytest.raises(BookChanged):
        proposals.apply(store, [found], change("replan", "the laboratory is full"))


def test_an_amendment_of_both_sites_keeps_to_the_laboratory(store: Store) -> None:
    """Infusions come 28 days after the aspiration by the new version, and all want one day."""
    overfull(store)
    request = amendments.Request(
        study=study(version(infusion_1='offset = "28 d"')), accept_unplaced=True
    )
    mark = change("protocol amend", "amendment 1")
    both = {"ZJ": ZJ, "GZ": GZ}
    found = amendments.preview(store, both.__getitem__, request, mark, DAY)
    assert any(after.kind is Kind.INFUSION for each in found.amended for _, after in each.changes)
    amendments.amend(store, both.__getitem__, request, mark, DAY, seen=found)
    assert busiest(store)[Kind.INFUSION] == 1


def table(name: str = "Central", most: int = 2) -> str:
    return f'[laboratory]\ndays = ["monday"]\nname = "{name}"\nreleases_per_day = {most}'


def found(folder: Path, site: str, **files: str) -> Clinic:
    for code, text in files.items():
        (folder / f"{code}.toml").write_text(text, encoding="utf-8")
    names = ":".join(str(folder / f"{code}.toml") for code in files)
    settings = config.load({"site": site}, {"SCHEDULE_SITE_FILES": names}, login="li")
    return clinics.find(settings)


def test_sites_share_the_laboratory_that_their_files_name(tmp_path: Path) -> None:
    files = {code: site_file(table(), code=code) for code in ("ZJ", "GZ")}
    files["SZ"] = site_file(table("Other"), code="SZ")
    files["GX"] = site_file(code="GX")
    assert found(tmp_path, "ZJ", **files).sharing == Sharing(sites=("GZ",))
    assert found(tmp_path, str(tmp_path / "GZ.toml"), **files).sharing == Sharing(sites=("ZJ",))
    assert found(tmp_path, "SZ", **files).sharing == found(tmp_path, "GX", **files).sharing
    spelt = files | {"GZ": site_file(table("central "), code="GZ")}
    assert found(tmp_path, "ZJ", **spelt).sharing == Sharing(sites=("GZ",))


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (site_file(table(most=3), code="GZ"), "what {GZ} does not: releases_per_day"),
        (
            site_file(table(), code="GZ").replace('"Asia/Shanghai"', '"Asia/Tokyo"'),
            "what {GZ} does not: zone",
        ),
        (site_file(table(), code="GZ").replace("grid = ", "gird = "), "gird is not a key here"),
    ],
)
def test_who_shares_a_laboratory_must_be_known_before_it_is_used(
    store: Store, tmp_path: Path, theirs: str, words: str
) -> None:
    """Nothing is booked while one file is broken, or two say of the laboratory what differs."""
    files = {"ZJ": site_file(table(), code="ZJ"), "GZ": theirs}
    with pytest.raises(BadInput) as caught:
        enter(store, found(tmp_path, "ZJ", **files))
    assert words.format(GZ=tmp_path / "GZ.toml") in str(caught.value.problems[0])
    assert not store.read(lambda book: book.subjects())
    files["ZJ"] = site_file(code="ZJ")
    enter(store, found(tmp_path, "ZJ", **files))
