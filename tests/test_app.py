"""The wiring: one clock, one login, one book."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from scheduler.app import App
from scheduler.errors import BadInput
from scheduler.store import Change
from tests.arms import clinic
from tests.running import Schedule, site_file

ZONES = st.sampled_from(["Asia/Shanghai", "America/St_Johns", "Pacific/Kiritimati", "UTC"])


@given(st.datetimes(datetime(2001, 1, 1), datetime(2098, 1, 1)), ZONES)
def test_today_is_the_day_at_the_site(moment: datetime, zone: str) -> None:
    site = clinic(zone=zone)
    with freeze_time(moment):
        app = App({})
        assert app.now() == moment.replace(microsecond=0, tzinfo=UTC)
        assert app.today(site) == moment.replace(tzinfo=UTC).astimezone(site.tz()).date()


def test_the_new_year_comes_earlier_in_shanghai() -> None:
    with freeze_time("2025-12-31T16:00:00Z"):
        assert App({}).today(clinic()) == date(2026, 1, 1)
        assert App({}).today(clinic(zone="America/New_York")) == date(2025, 12, 31)


@pytest.mark.usefixtures("schedule")
def test_a_change_says_who_when_and_by_what() -> None:
    at = datetime(2026, 2, 20, 1, tzinfo=UTC)
    assert App({}).change("enroll") == Change(user="li", at=at, command="enroll")
    assert App({"user": "wang"}).change("enroll", "late").reason == "late"
    assert App({"user": "wang"}).change("enroll").user == "wang"


@pytest.mark.usefixtures("schedule")
def test_somebody_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container runs under a number that no name belongs to."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 987654)
    assert App({}).change("enroll").user == "unknown"


@pytest.mark.usefixtures("schedule")
def test_nothing_is_opened_before_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEDULE_DATABASE", f"sqlite:///{tmp_path}/nowhere.db")
    app = App({"config": "nowhere.toml"})
    app.close()
    with pytest.raises(BadInput, match=r"nowhere\.toml: cannot be read"):
        assert app.settings
    app = App({})
    assert app.store is app.store
    assert app.store.read(lambda book: book.subjects()) == ()
    app.close()
    assert not (tmp_path / "nowhere.db").exists()


def test_the_clinic_of_the_settings_or_of_a_code(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("GZ", "SZ"):
        schedule.write(f"{code}.toml", site_file(code=code))
    monkeypatch.setenv("SCHEDULE_SITE_FILES", "GZ.toml:SZ.toml")
    app = App({"site": "SZ"})
    assert app.clinic.site.code == "SZ"
    assert app.clinic_of("gz").site.code == "GZ"
    assert app.templates is None
