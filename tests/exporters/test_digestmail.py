"""The weekly mail: both parts tell the same, in both languages, and nothing identifying."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler import shipped
from scheduler.digest import State, digest
from scheduler.exporters import digestmail
from scheduler.exporters.mail import FEED, Letter
from scheduler.exporters.stationery import Stationery
from scheduler.sites import Audience, Detail, Recipient
from tests.arms import zhujiang
from tests.digests import WARD, infusion, visit
from tests.privacy import identifying
from tests.test_digest import state, states, supplied

PAPER = Stationery(files={name: shipped.text(name) for name in shipped.names("email")})
WRITTEN = datetime(2026, 3, 9, 1, tzinfo=UTC)


def letter(state: State, recipient: Recipient = WARD) -> Letter:
    told = digest(state, recipient)
    return digestmail.letter(told, recipient, site=zhujiang(), written=WRITTEN, stationery=PAPER)


def words(text: str) -> list[str]:
    """All that is told, in order, without marks and spaces."""
    return re.findall(r"[^\W_]+", text.casefold())


def plain(html: str) -> str:
    body = html.partition("<body")[2].partition(">")[2]
    return unescape(re.sub(r"<[^>]*>", " ", body))


recipients = st.builds(
    replace,
    st.just(WARD),
    language=st.sampled_from(["en", "zh"]),
    audience=st.sampled_from([Audience.STAFF, Audience.ASSESSOR]),
    detail=st.sampled_from(Detail),
    feed=st.sampled_from(["", "https://feeds.hospital.example/token"]),
)


@settings(max_examples=30)
@given(state=states(), recipient=recipients)
def test_both_parts_are_complete(state: State, recipient: Recipient) -> None:
    written = letter(state, recipient)
    address = words(FEED) if recipient.feed else []
    told = words(written.text)
    if address:
        at = next(n for n in range(len(told)) if told[n : n + len(address)] == address)
        del told[at : at + len(address)]
    assert told == words(plain(written.html))
    assert ("feed.invalid" in written.html) == bool(recipient.feed)


@settings(max_examples=30)
@given(state=states(), recipient=recipients)
def test_subjects_tell_week_and_count_only(state: State, recipient: Recipient) -> None:
    written = letter(state, recipient)
    count = digest(state, recipient).count
    assert re.fullmatch(rf"2026-W11(: {count} visits?|：{count} 次访视)", written.subject)


def test_what_a_nurse_reads() -> None:
    given = infusion(day=3)
    written = letter(state(given, visit(day=1), supplies=(supplied(given),))).text
    assert (
        written
        == """Visits of the week · Zhujiang Hospital of Southern Medical University (demo)
2026-W11, 2026-03-09 to 2026-03-15

INFUSIONS

Thu 2026-03-12
  09:00–10:00  ZJ-001 · Infusion 1
    - window to 2026-03-19, 7 d left
    - 68 500 000 cells
    - 80 ml
    - product released
    - batch B-ZJ-001
    - expires 2026-04-08
    - weight 3 d old

OTHER VISITS

Tue 2026-03-10
  09:00–10:00  ZJ-001 · Day 3
    - window to 2026-03-17, 7 d left

RISKS

  None known.

--\x20
Written by the visit scheduler on 2026-03-09 09:00. The plan may have changed since. Who gets this\
 mail is set by the site's IT.
"""
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("detail", Detail)
def test_nothing_in_it_leads_to_a_person(language: str, detail: Detail) -> None:
    given = infusion(day=3)
    lost = replace(visit(day=4, code="ZJ-002"), scheduled=None)
    old = replace(supplied(given), weight=None)
    whole = state(
        given, lost, visit(day=-1, code="ZJ-003"), supplies=(old,), blocked=(visit(day=1),)
    )
    for audience in (Audience.STAFF, Audience.ASSESSOR):
        recipient = replace(WARD, language=language, detail=detail, audience=audience)
        written = letter(replace(whole, unchecked=True), recipient)
        for text in (written.subject, written.text, plain(written.html)):
            assert identifying(text) == []


def test_the_lint_knows_what_it_looks_for() -> None:
    text = letter(state(visit(day=1))).text
    for secret in ("Zhang Wei", "张伟", "1961-03-04", "MRN 4711234", "440106196103041234"):
        assert identifying(f"{text} {secret}"), secret
