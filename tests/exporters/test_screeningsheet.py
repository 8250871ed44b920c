"""The screening sheet: every criterion on paper, on two pages at most, with nothing lost."""

from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from scheduler.criteria import Criteria, Question, Type
from scheduler.errors import BadInput, UnknownName
from scheduler.exporters.screeningsheet import screening_sheet
from scheduler.protocol import Protocol
from tests.arms import trial, zhujiang
from tests.printing import PRINTED, templates

LANGUAGES = ("en", "zh")
SIZES = {"A4": (595, 842), "Letter": (612, 792)}


@cache
def pdf(language: str = "en", paper: str = "A4", protocol: Protocol | None = None) -> bytes:
    return screening_sheet(
        protocol or trial(),
        site=zhujiang(),
        language=language,
        paper=paper,
        printed=PRINTED,
        templates=templates(),
    )


def pages(document: bytes) -> list[str]:
    """The text of each page without spaces, which a line may break anywhere."""
    return ["".join(p.extract_text().split()) for p in PdfReader(BytesIO(document)).pages]


def packed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("paper", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_on_two_pages(language: str, paper: str) -> None:
    reader = PdfReader(BytesIO(pdf(language, paper)))
    assert len(reader.pages) == 2
    assert {tuple(round(x) for x in page.mediabox[2:]) for page in reader.pages} == {SIZES[paper]}
    text = "".join(pages(pdf(language, paper)))
    criteria = trial().criteria
    for criterion in criteria.criteria:
        assert packed(criterion.text.say(language)) in text
    for rule in criteria.rules():
        assert packed(rule.reading.say(language)) in text
        if isinstance(rule, Question):
            assert packed(criteria.fact(rule.fact).label.say(language)) in text
    for item in criteria.fact("infections").items:
        assert text.count(item) >= 1
    assert packed(trial().notice.say(language)) in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_runs_over_the_edge(language: str) -> None:
    """Every piece of text begins inside the margins."""
    width, height = SIZES["A4"]
    starts: list[tuple[float, float]] = []

    def note(text: str, cm: list[float], tm: list[float], *_: object) -> None:
        if text.strip():
            starts.append((cm[0] * tm[4] + cm[4], cm[3] * tm[5] + cm[5]))

    for page in PdfReader(BytesIO(pdf(language))).pages:
        page.extract_text(visitor_text=note)
    assert len(starts) > 100
    assert all(30 < x < width - 30 and 20 < y < height - 10 for x, y in starts)


def test_every_criterion_has_its_number_and_the_page_its_own() -> None:
    text = "".join(pages(pdf()))
    for number in (*(f"I{n}" for n in range(1, 6)), *(f"E{n}" for n in range(1, 17))):
        assert number in text
    assert "Page1/2" in text
    assert "Page2/2" in text
    assert "2026-03-0209:30" in text


def test_it_asks_for_the_age_and_never_for_the_date_of_birth() -> None:
    text = "".join(pages(pdf()))
    assert "Completedyears" in text
    assert text.count("Dateofbirth") == 0


def test_it_is_accessible_and_the_same_for_the_same_input() -> None:
    again = pdf.__wrapped__("zh")
    assert again == pdf("zh")
    root: Any = PdfReader(BytesIO(again)).root_object
    assert "<pdfuaid:part>1<" in root["/Metadata"].get_data().decode()


def test_more_criteria_run_on_to_more_pages() -> None:
    criteria = trial().criteria
    more = tuple(
        replace(criteria.criteria[5], id=f"more-{n}", type=Type.EXCLUSION) for n in range(60)
    )
    longer = Criteria(facts=criteria.facts, criteria=(*criteria.criteria, *more))
    text = pages(pdf(protocol=replace(trial(), criteria=longer)))
    assert len(text) > 2
    assert "E76" in "".join(text)


def test_an_unknown_language_or_paper_or_glyph_is_refused() -> None:
    with pytest.raises(UnknownName, match="Known: en, zh"):
        pdf("fr")
    with pytest.raises(UnknownName, match="Known: A4, Letter"):
        pdf(paper="A5")
    odd = replace(trial(), title=replace(trial().title, texts=(("en", "\U00013000"),)))
    with pytest.raises(BadInput, match="could not be displayed"):
        pdf(protocol=odd)
