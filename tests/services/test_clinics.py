"""Clinics: which site is meant, and whose time a calendar takes."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import config
from scheduler.dates import Window
from scheduler.errors import BadInput, UnknownName
from scheduler.protocol import Need
from scheduler.services import clinics
from scheduler.services.clinics import Clinic, SiteNotNamed
from scheduler.sites import ConflictCalendar
from tests.arms import clinic, encounter, resource, study, zhujiang
from tests.running import calendar, site_file


@pytest.fixture(autouse=True)
def sites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of two sites, and nothing configured."""
    for kind in ("CONFIG", "DATA"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for code in ("ZJ", "GZ"):
        (tmp_path / f"{code}.toml").write_text(site_file(code=code), encoding="utf-8")
    return tmp_path


def find(site: str | None = None, files: str = "", code: str | None = None) -> Clinic:
    settings = config.load({"site": site}, {"SCHEDULE_SITE_FILES": files}, login="li")
    return clinics.find(settings, code)


def test_the_demo_site_stands_in_where_none_is_known() -> None:
    assert find().site.demo
    assert find("zj").site.demo
    with pytest.raises(UnknownName, match='no site "GZ"'):
        find("GZ")


def test_a_site_by_its_file_alone_by_its_code_or_by_being_the_only_one(sites: Path) -> None:
    assert find("GZ.toml").site.code == "GZ"
    assert find(str(sites / "GZ.toml")).folder == sites
    assert find(files="GZ.toml").site.code == "GZ"
    for named in ("GZ", "gz"):
        assert find(named, files="ZJ.toml:GZ.toml").site.code == "GZ"
        assert find("ZJ", files="ZJ.toml:GZ.toml", code=named).site.code == "GZ"


def test_one_of_several_must_be_named() -> None:
    with pytest.raises(SiteNotNamed, match=r"which site\? Name one with --site: ZJ, GZ"):
        find(files="ZJ.toml:GZ.toml")
    with pytest.raises(UnknownName, match='no site "GX"; did you mean "GZ"'):
        find("GX", files="ZJ.toml:GZ.toml")


def test_one_site_has_one_file(sites: Path) -> None:
    (sites / "copy.toml").write_text(site_file(), encoding="utf-8")
    with pytest.raises(BadInput, match=r"copy\.toml: describes site ZJ, as another"):
        find("ZJ", files="ZJ.toml:copy.toml")
    assert find("GZ", files="ZJ.toml:copy.toml:GZ.toml").site.code == "GZ"


def test_a_broken_file_is_in_the_way_of_its_own_site_only(sites: Path) -> None:
    (sites / "GZ.toml").write_text(site_file(code="GZ").replace("grid = ", "gird = "))
    files = "ZJ.toml:GZ.toml:nowhere.toml"
    assert find("ZJ", files=files).site.code == "ZJ"
    for site in ("GZ", None):
        with pytest.raises(BadInput) as caught:
            find(site, files=files)
        told = [str(problem) for problem in caught.value.problems]
        assert any("GZ.toml" in line and "gird is not a key here" in line for line in told)
        assert any("nowhere.toml: cannot be read" in line for line in told)


def every(site: str | None = None, files: str = "") -> list[str]:
    settings = config.load({"site": site}, {"SCHEDULE_SITE_FILES": files}, login="li")
    return [clinic.site.code for clinic in clinics.every(settings)]


def test_every_site_is_every_one_whichever_is_named() -> None:
    for named in (None, "GZ", "gz", "ZJ.toml"):
        assert every(named, files="ZJ.toml:GZ.toml") == ["ZJ", "GZ"]
    assert every("GZ.toml") == ["GZ"]
    assert every() == ["ZJ"]


def test_what_an_arm_needs_the_site_must_have() -> None:
    rows = [encounter("v0"), encounter("v1"), encounter("v2")]
    site = clinic(resources=(resource("chair", 1),))
    protocol = study(*rows)
    clinics.check_resources(site, protocol.arms[0])
    needing = [
        replace(row, needs=(Need(resource=kind, minutes=30),))
        for row, kind in zip(rows, ("chair", "bed", "bed"), strict=True)
    ]
    with pytest.raises(BadInput) as caught:
        clinics.check_resources(site, study(*needing).arms[0])
    [problem] = caught.value.problems
    assert str(problem) == (
        'site S: has no resource "bed", which v1 needs (add [resources.bed] to the site file)'
    )


@given(owner=st.sampled_from(["site", "chair", "chair-1", "zj-001", "ZJ-001"]))
def test_calendars_belong_to_whom_the_site_file_says(
    owner: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("calendars")
    (folder / "own.ics").write_text(calendar("2026-04-09"))
    (folder / "given.ics").write_text(calendar("2026-04-10"))
    named = ConflictCalendar(source="own.ics", belongs_to=owner)
    site = replace(zhujiang(), calendars=(named,))
    days = Window(earliest=date(2026, 4, 1), latest=date(2026, 4, 30))
    given = str(folder / "given.ics")
    taken = clinics.taken(Clinic(site=site, folder=folder), [given], days.interval(site.tz()))
    assert taken.problems == ()
    own, closing = taken.busy
    assert own.owner == ("ZJ-001" if owner.startswith(("zj", "ZJ")) else owner)
    assert (closing.owner, closing.source) == ("site", "given.ics")
    assert [len(busy.intervals) for busy in taken.busy] == [1, 1]
