"""A reminder says what the participant's own calendar says, large, in both parts."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scheduler import shipped
from scheduler.errors import BadInput
from scheduler.exporters import remindermail
from scheduler.exporters.mail import Letter
from scheduler.exporters.stationery import Stationery
from scheduler.protocol import Mode
from scheduler.sites import Audience
from scheduler.subject import Visit
from tests.arms import zhujiang
from tests.digests import infusion, visit
from tests.exporters.test_digestmail import plain, words
from tests.journeys.test_privacy import PRODUCT, STUDY, leaks, names_of_arms, names_of_visits
from tests.privacy import identifying

PAPER = Stationery(files={name: shipped.text(name) for name in shipped.names("email")})
WRITTEN = datetime(2026, 3, 9, 1, tzinfo=UTC)


def letter(visit: Visit, language: str = "en", paper: Stationery = PAPER) -> Letter:
    return remindermail.letter(
        visit, site=zhujiang(), language=language, written=WRITTEN, stationery=paper
    )


def test_what_a_participant_reads() -> None:
    written = letter(visit(day=2))
    assert written.subject == "Hospital appointment"
    assert written.text.startswith(
        "Hospital appointment\n\n"
        "When\n  Wednesday, 11 March 2026\n  09:00 to 10:00\n\n"
        "Where\n  Zhujiang Hospital, Guangzhou\n\n"
        "What to bring\n  Please bring your identity card"
    )
    chinese = letter(visit(day=2), "zh")
    assert (chinese.subject, chinese.language) == ("医院预约", "zh")
    assert "时间\n  2026年3月11日 星期三\n  09:00 至 10:00\n" in chinese.text


def test_a_call_by_telephone_asks_nobody_to_come() -> None:
    text = letter(replace(visit(day=2), mode=Mode.PHONE)).text
    assert "We call you by telephone." in text
    assert "Where" not in text
    assert "bring" not in text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("mode", Mode)
def test_neutral_and_complete_in_both_parts(language: str, mode: Mode) -> None:
    for planned in (visit(day=2), infusion(day=3)):
        written = letter(replace(planned, mode=mode), language)
        assert words(written.text) == words(plain(written.html))
        for told in (written.subject, written.text, plain(written.html)):
            assert "ZJ-" not in told
            assert identifying(told) == []
            secrets = names_of_arms() | names_of_visits() | {*STUDY, *PRODUCT} - {"NCT", "cell"}
            assert leaks(told, secrets) == []


def test_the_print_is_large() -> None:
    sizes = {int(px) for px in re.findall(r"font-size:(\d+)px", letter(visit(day=2)).html)}
    assert min(sizes) >= 18
    assert "font-size:24px" in letter(visit(day=2)).html.partition("<body")[2].partition(">")[0]


def test_every_day_of_a_year_has_its_name() -> None:
    table = PAPER.words("en").table["reminder"]
    assert (len(table["weekdays"]), len(table["months"])) == (7, 12)


def test_a_site_without_wording_still_says_what_and_when() -> None:
    site = replace(zhujiang(), wording={Audience.STAFF: zhujiang().wording[Audience.STAFF]})
    written = remindermail.letter(
        visit(day=2), site=site, language="en", written=WRITTEN, stationery=PAPER
    )
    assert written.subject == "Hospital appointment"
    assert "11 March 2026" in written.text


def test_words_of_the_hospital_that_lack_a_month() -> None:
    text = PAPER.files["email/text/en.toml"].replace(
        'months = ["January", "February", "March", ', "x = ["
    )
    with pytest.raises(BadInput, match=r"reminder.weekdays and reminder.months must be"):
        letter(visit(day=2), paper=Stationery(files={**PAPER.files, "email/text/en.toml": text}))
