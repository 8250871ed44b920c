"""The participant's page: what the own calendar says, in large print, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from pypdf import PdfReader

from scheduler.exporters.appointmentsheet import appointment_sheet
from scheduler.exporters.typesetting import Templates
from scheduler.protocol import Mode
from scheduler.services.publication import templates
from scheduler.subject import Status, Visit
from tests.arms import zhujiang
from tests.digests import infusion, visit
from tests.journeys.test_privacy import leaks, names_of_arms, names_of_visits

PRINTED = datetime(2026, 3, 9, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def paper() -> Templates:
    return templates(None)


def sheet(paper: Templates, *visits: Visit, language: str = "en") -> PdfReader:
    site = zhujiang()
    content = appointment_sheet(
        visits, site=site, language=language, paper="A4", printed=PRINTED, templates=paper
    )
    return PdfReader(BytesIO(content))


def text(pdf: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in pdf.pages).split())


def test_appointments_that_stand_in_the_order_of_time(paper: Templates) -> None:
    call = replace(visit(day=3, encounter="day-90"), mode=Mode.PHONE)
    off = replace(visit(day=4, encounter="day-8"), status=Status.CANCELLED)
    shown = text(sheet(paper, call, infusion(day=1), off))
    assert shown.startswith(
        "Hospital appointment Tuesday, 10 March 2026 09:00–10:00 Zhujiang Hospital, Guangzhou"
        " Thursday, 12 March 2026 09:00–10:00 We call you by telephone."
        " What to bring Please bring your identity card"
    )
    assert "13 March" not in shown


@pytest.mark.parametrize("language", ["en", "zh"])
def test_neutral_in_both_languages(paper: Templates, language: str) -> None:
    pdf = sheet(paper, infusion(day=1), visit(day=2), language=language)
    properties = " ".join(str(value) for value in (pdf.metadata or {}).values())
    told = f"{text(pdf)} {properties}"
    assert "ZJ-" not in told
    assert leaks(told, names_of_arms() | names_of_visits()) == []
    day = "Tuesday, 10 March 2026" if language == "en" else "2026年3月10日星期二"
    assert day.replace(" ", "") in told.replace(" ", "")


def test_the_print_is_large(paper: Templates) -> None:
    sizes: list[float] = []

    def note(text: str, _cm: object, matrix: list[float], _font: object, size: float) -> None:
        if text.strip():
            sizes.append(size * abs(matrix[3]))

    [page] = sheet(paper, visit(day=1)).pages
    page.extract_text(visitor_text=note)
    assert min(sizes) >= 11  # the footer
    assert sorted(sizes)[len(sizes) // 2] >= 16


def test_many_appointments_take_more_pages(paper: Templates) -> None:
    pages = sheet(paper, *(visit(day=n) for n in range(20))).pages
    assert len(pages) > 1
    assert pages[1].extract_text().rstrip().endswith(f"2 / {len(pages)}")
