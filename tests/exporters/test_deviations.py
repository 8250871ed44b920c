"""The deviation log on paper: on as many pages as it takes, in two languages."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from pypdf import PdfReader

from scheduler.breaches import Breach
from scheduler.clearance import Clearance, InfusionTest, State
from scheduler.dates import Window
from scheduler.deviations import Deviation, Kind
from scheduler.errors import UnknownName
from scheduler.exporters.deviations import COLUMNS, log, record, table
from scheduler.products import Expiry, Product, Stage, breach
from scheduler.subject import Status, Weight
from scheduler.words import Words
from tests.arms import trial, zhujiang
from tests.printing import PRINTED, templates, visits

RULE_ZH = "第 1 次输注 + 3 天，窗口期 −1 天 / +1 天 版本 1"
ARM = trial().arm("bmsc")


def deviation(number: int = 1, kind: Kind = Kind.OUT_OF_WINDOW, **more: Any) -> Deviation:
    """A visit completed two days after its window."""
    visit = next(visit for visit in visits() if visit.encounter == "day-3")
    late = replace(
        visit,
        subject=f"ZJ-{number:03}",
        status=Status.COMPLETED,
        actual=date(2026, 4, 15),
    )
    found = Deviation(
        visit=late,
        kind=kind,
        days=2,
        encounter=ARM.encounter("day-3"),
        anchors={"infusion-1": ARM.encounter("infusion-1").label},
        version="1",
        user="li",
        at=datetime(2026, 4, 15, 1, tzinfo=UTC),
        reason=f"reason {number}",
    )
    return replace(found, **more)


def printed(found: list[Deviation], language: str = "en", **more: Any) -> list[str]:
    """The text of each page, spaces evened out."""
    options = {"whom": "ZJ", "days": None, "paper": "A4", **more}
    document = log(
        found,
        site=zhujiang(),
        language=language,
        printed=PRINTED,
        templates=templates(),
        **options,
    )
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(document)).pages]


def test_log_flows_over_pages_and_repeats_its_head() -> None:
    pages = printed([deviation(number) for number in range(1, 61)])
    assert len(pages) > 2
    numbers = [f"Page {n} / {len(pages)}" for n in range(1, len(pages) + 1)]
    for page, number in zip(pages, numbers, strict=True):
        assert number in page
    assert all("Rule of the protocol" in page for page in pages[:-1])
    whole = " ".join(pages)
    places = [whole.index(f"ZJ-{number:03}") for number in range(1, 61)]
    assert all(before < after for before, after in pairwise(places))
    assert whole.count("2 d after the window") == 60
    assert "Monitor signature" in pages[-1]


def broken() -> list[Breach]:
    """A breach of each kind, with all that may be wrong with a batch."""
    infusion = next(visit for visit in visits() if visit.encounter == "infusion-1")
    day = infusion.target
    grown = Product(
        subject=infusion.subject,
        batch="B-1",
        chain=1,
        stage=Stage.RELEASED,
        weight=Weight(kg=Decimal(70), measured=day),
        ordered=day,
        released=date(2026, 4, 10),
        expires=Expiry(day=date(2026, 4, 8)),
    )
    others = replace(
        grown,
        subject="ZJ-002",
        batch="B-2",
        stage=Stage.FAILED,
        reason="fungi",
        given=("ZJ-003 infusion-1",),
        released=None,
        expires=None,
    )
    pregnancy = InfusionTest(
        rule="pregnancy", valid_days=15, label=Words.of(en="Pregnancy test", zh="妊娠试验")
    )
    old = Clearance(test=pregnancy, state=State.OUTDATED, tested=date(2026, 3, 20))
    found = [breach(others, infusion, 1, day), breach(grown, infusion, 2, day)]
    return [*filter(None, found), old.breach]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            [
                *("Deviation log", "Out of window by decision", "PLANNED"),
                *("which it should precede", "Not recorded 9 d after the end of the window"),
                "Infusion 1 + 3 d, window −1 d / +1 d version 1",
                "Given another participant's cells BATCH B-2 OF ZJ-002 WAS GIVEN",
                "it was recorded as given to ZJ-003 infusion-1 it failed (fungi)",
                "Given with a batch that may not be given Batch B-1 it grew from aspiration 1",
                "it is released on 2026-04-10 only",
                "Given without a valid test result Pregnancy test: negative of 2026-03-20",
                "Pregnancy test: negative, at most 15 d before an infusion",
                "only a participant's own batch is given",
            ],
        ),
        (
            "zh",
            [
                "方案偏离记录表",
                "经决定超出窗口期",
                "预计",
                "按方案应在其之前",
                "监查员",
                "未记录 窗口期结束后已过 9 天",
                "误输 ZJ-002 的批次 B-2",
                "已记录输注给 ZJ-003",
                "制备失败（fungi）",
                "使用了不得输注的批次 批次 B-1 来源于第 1 次采集",
                "2026-04-10 才放行",
                "无有效检查结果即输注 妊娠试验",
                "输注前 15 天内",
                RULE_ZH,
            ],
        ),
    ],
)
def test_every_kind_has_words(language: str, words: list[str]) -> None:
    one = deviation()
    ahead = replace(one.visit, status=Status.SCHEDULED, actual=None)
    lost = replace(ahead, status=Status.PLANNED, scheduled=None, why=("closed on Saturdays",))
    found = [
        one,
        deviation(kind=Kind.FORCED, visit=ahead),
        deviation(kind=Kind.MISSED, visit=replace(ahead, status=Status.MISSED), days=None),
        deviation(kind=Kind.NO_SLOT, visit=lost, days=None),
        deviation(kind=Kind.UNRECORDED, visit=ahead, days=9, user="", reason=""),
        deviation(kind=Kind.OUT_OF_ORDER, beside=replace(visits()[6], actual=date(2026, 4, 14))),
        *(deviation(kind=Kind(each.kind), days=None, breach=each) for each in broken()),
    ]
    days = Window(earliest=date(2026, 4, 1), latest=date(2026, 4, 30))
    text = " ".join(printed(found, language, days=days, paper="Letter"))
    for word in (*words, "2026-04-01 – 2026-04-30", "closed on Saturdays", "reason 1"):
        assert word in text


def test_nothing_to_tell_is_a_page_to_sign() -> None:
    assert "0 on record, 0 planned" in printed([])[0]


def test_same_facts_give_the_same_bytes() -> None:
    assert printed([deviation()]) == printed([deviation()])


def test_unknown_language_is_refused() -> None:
    with pytest.raises(UnknownName, match='no sheet language "fr"'):
        printed([deviation()], "fr")


def test_table_is_safe_to_open_in_a_spreadsheet() -> None:
    lines = b"".join(table([deviation(reason="=1+1", days=-2)])).decode("utf-8-sig").splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert ",-2," in lines[1]
    assert ",'=1+1,li,2026-04-15T01:00:00+00:00" in lines[1]


def test_record_says_what_and_against_which_rule() -> None:
    told = record(deviation())
    assert told["what"] == "2 d after its window 2026-04-11 to 2026-04-13"
    assert (told["planned"], told["scheduled"], told["actual"]) == (
        False,
        "2026-04-13",
        "2026-04-15",
    )
