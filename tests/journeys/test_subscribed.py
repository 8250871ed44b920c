"""A subscriber of a real server: what a calendar program sees before and after visits move."""

from pathlib import Path

import httpx
import icalendar
from freezegun import freeze_time

from tests.journeys.test_calendars_update import (
    FIRST,
    LAST,
    TIMES,
    done,
    one_event_a_visit,
    records,
    shown,
    supplied,
)
from tests.khal import Khal
from tests.running import Schedule, site_file
from tests.subscribing import path_of, served


class Subscriber:
    """A program that asks again with what it knows, and takes what it is given."""

    def __init__(self, client: httpx.Client, path: str) -> None:
        self._client, self._path = client, path
        self._known: dict[str, str] = {}
        self.calendar = b""

    def looks_again(self) -> int:
        """The status; the calendar is the newest one then."""
        answer = self._client.get(self._path, headers=self._known)
        if answer.status_code == 200:
            self.calendar = answer.content
            self._known = {"If-None-Match": answer.headers["etag"]}
        return answer.status_code


def test_a_subscriber_has_every_visit_once_at_its_newest_time(
    journey: Schedule, tmp_path: Path
) -> None:
    journey.enter()
    supplied(journey)
    khal = Khal(tmp_path / "khal", "Asia/Shanghai")
    path = path_of(journey)
    with served(site_files=str(journey.folder / journey.write("zj.toml", site_file()))) as server:
        subscriber = Subscriber(server.client, path)
        for moment, commands in TIMES:
            with freeze_time(moment, ignore=["_pytest.timing"]):
                done(journey, *commands)
            assert subscriber.looks_again() == 200
            assert subscriber.looks_again() == 304
            visits = records(journey)
            events = list(icalendar.Calendar.from_ical(subscriber.calendar).events)
            one_event_a_visit(events, visits)
        khal.imports(subscriber.calendar)
        assert khal.shows(FIRST, LAST) == shown(visits)
        assert journey("feed", "revoke", "1").code == 0
        assert subscriber.looks_again() == 410
        assert server.stop() == 0
    assert "2026-07-10" in {f"{event.start:%Y-%m-%d}" for event in events}
