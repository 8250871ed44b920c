"""Pages lead to what is there, and the commands of the calendars' page work."""

import re
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest

from docs import draw_steps
from tests.manuals import ROOT, commands, links
from tests.running import Schedule

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
CALENDARS = ROOT / "docs" / "calendars.md"
MOST_OCTETS = 140_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_leads_to_what_is_there(page: Path) -> None:
    for link in links(page):
        assert (page.parent / link).exists(), link


def test_pictures_are_small_shown_and_told_in_words() -> None:
    told = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    for picture in (ROOT / "docs" / "pictures").iterdir():
        assert picture.stat().st_size < MOST_OCTETS, picture.name
        assert re.search(rf"!\[.+\]\(\S*{re.escape(picture.name)}\)", told), picture.name


def test_the_drawings_are_those_of_the_script() -> None:
    pictures = ROOT / "docs" / "pictures"
    for name, (program, steps) in draw_steps.STEPS.items():
        drawn = draw_steps.drawn(program, steps)
        assert (pictures / f"subscribe-{name}.svg").read_text(encoding="utf-8") == drawn
        title = ElementTree.fromstring(drawn).findtext("{http://www.w3.org/2000/svg}title") or ""
        assert all(press in title for _, press in steps)
    kept = (pictures / "file-or-subscription.svg").read_text(encoding="utf-8")
    assert kept == draw_steps.compared()


def test_the_commands_of_the_calendars_page_work(schedule: Schedule) -> None:
    schedule.enter()
    told = commands(CALENDARS)
    assert len(told) > 5
    for command in told:
        name, *words = shlex.split(command)
        assert name == "schedule"
        assert schedule(*words).code == 0, command
