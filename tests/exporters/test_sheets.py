"""Sheets on paper: every page there, complete, reproducible, and refused when it would not fit."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from scheduler.dates import Interval
from scheduler.errors import BadInput, UnknownName
from scheduler.exporters.sheetfacts import Sheaf
from scheduler.exporters.sheets import PAGES_A_FILE, sheet_files, visit_sheets
from scheduler.exporters.typesetting import PAPERS, Templates
from scheduler.protocol import Protocol
from scheduler.sites import Site
from scheduler.subject import Status, Subject, Visit
from scheduler.words import Words
from tests.arms import trial, zhujiang
from tests.printing import PRINTED, participant, supply, templates, visits, weight

ARMS = ("bmsc", "routine")
LANGUAGES = ("en", "zh")
SIZES = {"A4": (595, 842), "Letter": (612, 792)}
WEEKDAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}
INFUSION_1 = date(2026, 4, 9)


def pdf(
    subject: Subject | None = None,
    listed: tuple[Visit, ...] | None = None,
    *,
    protocol: Protocol | None = None,
    site: Site | None = None,
    language: str = "en",
    paper: str = "A4",
    files: Mapping[str, bytes] | None = None,
    **changed: Any,
) -> bytes:
    """One participant's PDF, that of the worked example unless told otherwise."""
    subject = subject or participant(weighed=weight())
    shipped = templates()
    return visit_sheets(
        subject,
        visits(subject.arm) if listed is None else listed,
        protocol=protocol or trial(),
        site=site or zhujiang(),
        language=language,
        paper=paper,
        printed=changed.get("printed", PRINTED),
        templates=replace(shipped, files={**shipped.files, **(files or {})}),
    )


def pages(document: bytes) -> list[str]:
    """The text of each page, spaces evened out."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(document)).pages]


def bookmarks(document: bytes) -> list[str]:
    """The bookmark of each page."""
    reader = PdfReader(BytesIO(document))
    found: list[Any] = reader.outline
    assert [reader.get_destination_page_number(mark) for mark in found] == [
        *range(len(reader.pages))
    ]
    return [" ".join(mark.title.split()) for mark in found]


@cache
def worked_example(
    arm: str = "bmsc", language: str = "en", paper: str = "A4"
) -> tuple[bytes, list[str]]:
    """The whole PDF of the worked example, and the text of its pages."""
    document = pdf(participant(arm, weighed=weight()), language=language, paper=paper)
    return document, pages(document)


def one(encounter: str, **changes: Any) -> tuple[Visit, ...]:
    return tuple(replace(v, **changes) for v in visits() if v.encounter == encounter)


def sheet(document: bytes) -> str:
    """The text of a single visit's page, which follows the calendar page."""
    [_, text] = pages(document)
    return text


def longer(protocol: Protocol, encounter: str, items: int) -> Protocol:
    """The protocol with so many more items on an encounter's checklist."""
    more = (Words.of(en="One more thing to do", zh="再做一件事"),) * items
    arms = tuple(
        replace(
            arm,
            encounters=tuple(
                replace(e, checklist=e.checklist + more) if e.id == encounter else e
                for e in arm.encounters
            ),
        )
        for arm in protocol.arms
    )
    return replace(protocol, arms=arms)


@pytest.mark.parametrize("paper", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("arm", ARMS)
def test_every_visit_of_the_trial_has_its_page(arm: str, language: str, paper: str) -> None:
    document, (calendar, *sheets) = worked_example(arm, language, paper)
    reader = PdfReader(BytesIO(document))
    assert {tuple(round(x) for x in page.mediabox[2:]) for page in reader.pages} == {SIZES[paper]}
    assert str(reader.root_object["/Lang"]).startswith(language)
    assert len(sheets) == len(visits(arm))
    for visit, text in zip(visits(arm), sheets, strict=True):
        assert visit.scheduled
        start, end = visit.scheduled.start, visit.scheduled.end
        shown = f"{start:%Y-%m-%d} {WEEKDAYS[language][start.weekday()]}"
        for said in (shown, f"{visit.window.earliest}", f"{visit.window.latest}"):
            assert said in text
            assert said in calendar
        assert f"{start:%H:%M} – {end:%H:%M}" in text
        assert f"bmsc-stroke/ZJ-001/{visit.ref}" in text
        assert "ZJ-001" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_item_of_every_checklist_is_on_its_sheet(language: str) -> None:
    arm = trial().arm("bmsc")
    _, (_, *sheets) = worked_example(language=language)
    for visit, text in zip(visits(), sheets, strict=True):
        packed = text.replace(" ", "")
        for item in arm.encounter(visit.encounter).checklist:
            # Blanks to fill are drawn as lines, so the text around them is what stands there.
            for part in re.split("_+", item.say(language)):
                assert part.replace(" ", "") in packed


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_and_the_moment_of_printing_are_on_every_page(language: str) -> None:
    notice = trial().notice.say(language).replace(" ", "")
    for text in worked_example(language=language)[1]:
        assert notice in text.replace(" ", "")
        assert "2026-03-02 09:30" in text


def test_every_sheet_says_what_its_row_rests_on() -> None:
    for visit, text in zip(visits(), worked_example()[1][1:], strict=True):
        assert visit.basis in text


def test_the_dose_stands_in_plain_digits_too() -> None:
    text = sheet(pdf(participant(weighed=weight(INFUSION_1)), one("infusion-1")))
    assert "68 500 000 cells" in text
    assert "68.5 kg" in text
    assert "80 ml" in text
    assert "75–85 ml" in text
    assert "WEIGH TODAY" not in text
    assert "provisional" not in text


def test_an_old_weight_is_warned_of_and_its_dose_is_provisional() -> None:
    text = sheet(pdf(listed=one("infusion-1")))
    assert "WEIGH TODAY. The recorded 68.5 kg of 2026-03-02 is 38 days before this visit" in text
    assert "a weight counts for 7 days" in text
    assert "68 500 000 cells provisional" in text


def test_a_missing_weight_leaves_the_dose_to_be_worked_out_by_hand() -> None:
    text = sheet(pdf(participant(), one("infusion-1")))
    assert "WEIGH TODAY. No weight is on record" in text
    assert "68" not in text.replace("68.5", "")
    assert "Weight today" in text


def test_an_infusion_sheet_has_product_vital_signs_and_three_signatures() -> None:
    text = sheet(pdf(listed=one("infusion-1")))
    for said in ("Batch", "Released on", "Expires", "matches participant code ZJ-001"):
        assert said in text
    for said in ("0 min 08:00", "15 min 08:15", "420 min 15:00", "BP mmHg", "SpO2 %"):
        assert said in text
    for said in ("Infusion nurse", "Second checker", "Investigator"):
        assert said in text


def test_other_sheets_have_no_dose() -> None:
    text = sheet(pdf(listed=one("day-1")))
    assert "cells" not in text
    assert "Batch" not in text
    assert "Study nurse" in text


@pytest.mark.parametrize(
    ("changes", "mark"),
    [
        ({"unverified": True}, "HOLIDAYS UNVERIFIED"),
        ({"status": Status.PLANNED}, "PLANNED"),
        ({"status": Status.HELD}, "ON HOLD"),
        ({"status": Status.COMPLETED}, "COMPLETED"),
    ],
)
def test_what_must_not_be_missed_is_marked(changes: Mapping[str, Any], mark: str) -> None:
    calendar, text = pages(pdf(listed=one("day-3", **changes)))
    assert mark in text
    assert mark in calendar
    plain = "".join(pages(pdf(listed=one("day-3"))))
    assert mark not in plain


def test_a_day_outside_its_window_is_marked() -> None:
    [visit] = one("day-3")
    assert visit.scheduled
    late = Interval(
        start=visit.scheduled.start + timedelta(days=2), end=visit.scheduled.end + timedelta(days=2)
    )
    text = sheet(pdf(listed=(replace(visit, scheduled=late),)))
    assert "OUT OF WINDOW by 2 d" in text
    assert "+3 days from target" in text


def test_a_visit_without_a_slot_is_told_on_the_calendar_page() -> None:
    waiting = one("day-3", status=Status.PLANNED, scheduled=None, allocations=())
    [calendar] = pages(pdf(listed=waiting))
    assert "no slot yet (Target 2026-04-12 Sun)" in calendar


def test_a_completed_visit_shows_its_actual_day() -> None:
    done = one("day-3", status=Status.COMPLETED, actual=date(2026, 4, 14))
    assert "2026-04-14" in sheet(pdf(listed=done))


def test_a_schedule_of_years_runs_over_several_calendar_pages() -> None:
    [visit] = one("day-3")
    assert visit.scheduled
    yearly = tuple(
        replace(
            visit,
            occurrence=n,
            target=visit.target + timedelta(days=31 * n),
            window=replace(
                visit.window,
                earliest=visit.target + timedelta(days=31 * n - 3),
                latest=visit.target + timedelta(days=31 * n + 3),
            ),
            scheduled=None,
        )
        for n in range(1, 61)
    )
    calendar = pages(pdf(listed=yearly))
    assert len(calendar) > 2
    assert f"Calendar page 1 / {len(calendar)}" in calendar[0]
    assert f"Calendar page {len(calendar)} / {len(calendar)}" in calendar[-1]


def test_vital_signs_of_a_long_day_stand_in_parts() -> None:
    protocol = trial()
    arm = protocol.arm("bmsc")
    watched = tuple(
        replace(e, vitals=tuple(range(0, 300, 15))) if e.id == "day-1" else e
        for e in arm.encounters
    )
    changed = replace(protocol, arms=(replace(arm, encounters=watched),))
    text = sheet(pdf(listed=one("day-1"), protocol=changed))
    assert text.count("Temp °C") == 2
    assert "285 min" in text


def test_files_are_tagged_and_made_to_be_kept() -> None:
    reader = PdfReader(BytesIO(pdf(listed=one("day-1"))))
    root: Any = reader.root_object
    metadata = root["/Metadata"].get_object().get_data().decode()
    for said in ("<pdfuaid:part>1<", "<pdfaid:part>2<", "<pdfaid:conformance>A<"):
        assert said in metadata
    assert root["/MarkInfo"]["/Marked"]
    pages: Any = reader.pages
    fonts = [font for page in pages for font in page["/Resources"]["/Font"].values()]
    assert all("NotoSansSC" in font.get_object()["/BaseFont"] for font in fonts)


def test_the_same_input_gives_the_same_bytes() -> None:
    assert pdf(language="zh") == worked_example(language="zh")[0]


def test_the_moment_of_printing_is_in_the_file() -> None:
    later = PRINTED + timedelta(minutes=1)
    assert pdf(listed=one("day-1")) != pdf(listed=one("day-1"), printed=later)


def test_threads_print_side_by_side() -> None:
    alone = {language: pdf(listed=one("infusion-1"), language=language) for language in LANGUAGES}
    with ThreadPoolExecutor(4) as threads:
        together = threads.map(
            lambda language: (language, pdf(listed=one("infusion-1"), language=language)),
            LANGUAGES * 4,
        )
        assert all(alone[language] == document for language, document in together)


@pytest.mark.parametrize("paper", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_code_with_every_mark_still_fits(language: str, paper: str) -> None:
    code = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-12345"
    held = replace(
        one("infusion-1")[0], subject=code, status=Status.HELD, unverified=True, occurrence=2
    )
    subject = participant(code=code, weighed=weight(kg="123.45"))
    text = sheet(pdf(subject, (held,), language=language, paper=paper))
    assert "123 450 000" in text
    assert f"bmsc-stroke/{code}/infusion-1#2" in text


@pytest.mark.parametrize("paper", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_infusion_with_every_warning_and_the_longest_batch_fits(
    language: str, paper: str
) -> None:
    [visit] = one("infusion-1", status=Status.HELD, unverified=True, occurrence=2)
    weighed = weight(kg="109.876")
    sheaf = Sheaf(
        subject=participant(weighed=weighed),
        protocol=trial(),
        visits=[visit],
        supplies=[supply(visit, weighed)],
    )
    [document] = sheet_files(
        [sheaf],
        site=zhujiang(),
        language=language,
        paper=paper,
        printed=PRINTED,
        templates=templates(),
    )
    [text] = pages(document)
    for said in ("ABCDEFGHIJKLMNOPQRSTUV-1", "2026-04-07", "2026-04-16 17:30", "123.456 kg"):
        assert said in text
    assert "−11.0%" in text


@pytest.mark.parametrize("paper", SIZES)
def test_a_sheet_that_does_not_fit_is_named_and_nothing_is_printed(paper: str) -> None:
    protocol = longer(longer(trial(), "infusion-1", 10), "day-30", 40)
    with pytest.raises(BadInput) as caught:
        pdf(protocol=protocol, paper=paper)
    assert caught.value.exit_code == 5
    assert [problem.what for problem in caught.value.problems] == [
        f"the sheet of ZJ-001 {ref} does not fit on one {paper} page in en"
        for ref in ("infusion-1", "day-30")
    ]


def of_each_length(lengths: int) -> list[Sheaf]:
    """Sheets with no item more than the protocol has, with one more, and so on."""
    [visit] = one("day-30")
    return [
        Sheaf(
            subject=participant(code=f"ZJ-{items:03}", weighed=weight()),
            protocol=longer(trial(), "day-30", items),
            visits=[replace(visit, subject=f"ZJ-{items:03}")],
        )
        for items in range(lengths)
    ]


def printed(
    sheaves: Sequence[Sheaf], paper: str, files: Mapping[str, bytes] | None = None
) -> list[bytes]:
    """The documents of many participants."""
    shipped = templates()
    return list(
        sheet_files(
            sheaves,
            site=zhujiang(),
            language="en",
            paper=paper,
            printed=PRINTED,
            templates=replace(shipped, files={**shipped.files, **(files or {})}),
        )
    )


@pytest.mark.parametrize("paper", SIZES)
def test_a_sheet_of_any_length_is_one_page_or_refused(paper: str) -> None:
    lengths = of_each_length(40)
    with pytest.raises(BadInput) as caught:
        printed(lengths[-PAGES_A_FILE:], paper)
    fitting = len(lengths) - len(caught.value.problems)
    codes = [sheaf.subject.code for sheaf in lengths]
    refused = [problem.what.split()[3] for problem in caught.value.problems]
    assert refused == codes[fitting:]
    texts = [text for document in printed(lengths[:fitting], paper) for text in pages(document)]
    assert len(texts) == fitting
    for items, text in enumerate(texts):
        assert codes[items] in text
        assert text.count("One more thing to do") == items
    assert fitting > 20, "or no sheet has come near the limit from below"


@pytest.mark.parametrize("paper", SIZES)
def test_a_sheet_laid_out_at_once_is_as_if_measured_first(paper: str) -> None:
    name, at_once = "sheets/visit.typ", b"< 50% * size.height"
    layout = templates().files[name]
    assert layout.count(at_once) == 1
    sheaves = of_each_length(20)
    measured = printed(sheaves, paper, {name: layout.replace(at_once, b"< 0% * size.height")})
    # All are tried at once, also those that the measuring one need not try.
    tried = printed(sheaves, paper, {name: layout.replace(at_once, b"< 200% * size.height")})
    assert printed(sheaves, paper) == tried == measured


def test_a_character_that_no_font_has_is_refused() -> None:
    site = replace(zhujiang(), name=Words.of(en="Clinic \U00013000"))
    with pytest.raises(BadInput, match="could not be displayed"):
        pdf(site=site, listed=one("day-1"))


def test_a_name_in_other_scripts_is_printed() -> None:
    site = replace(zhujiang(), name=Words.of(en="Hôpital Pitié-Salpêtrière & Łódź"))
    assert "Hôpital Pitié-Salpêtrière & Łódź" in sheet(pdf(site=site, listed=one("day-1")))


def test_typst_markup_in_a_text_is_only_text() -> None:
    site = replace(zhujiang(), name=Words.of(en="Clinic #panic() *A* $x$ _b_"))
    assert "Clinic #panic() *A* $x$ _b_" in sheet(pdf(site=site, listed=one("day-1")))


def test_a_hospitals_own_words_are_printed() -> None:
    words = templates().files["sheets/text/en.yaml"].replace(b"Infusion nurse", b"Ward nurse")
    text = sheet(pdf(listed=one("infusion-1"), files={"sheets/text/en.yaml": words}))
    assert "Ward nurse" in text
    assert "Infusion nurse" not in text


def test_a_hospital_may_add_a_language() -> None:
    words = templates().files["sheets/text/en.yaml"].replace(b"Visit sheet", b"Besuchsbogen")
    text = sheet(
        pdf(listed=one("day-1"), language="de", files={"sheets/text/de.yaml": words}),
    )
    assert "Besuchsbogen" in text


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("sheets/look.typ", b"#let grey = luma(236)\n#let broken = [", "sheets/look.typ:2"),
        ("sheets/dose.typ", b"#let dose-line = unknown-name", "sheets/dose.typ:1"),
        ("sheets/text/en.yaml", b"title: [\nvisit: x", "sheets/text/en.yaml:"),
        (
            "sheets/text/en.yaml",
            "title: 访视".encode("gb18030"),
            "sheets/text/en.yaml: is not UTF-8",
        ),
    ],
)
def test_a_broken_template_is_named_with_its_line(name: str, content: bytes, place: str) -> None:
    with pytest.raises(BadInput) as caught:
        pdf(listed=one("infusion-1"), files={name: content})
    [problem] = caught.value.problems
    assert place in str(problem)


def test_an_unknown_language_or_paper_is_refused() -> None:
    with pytest.raises(UnknownName, match="Known: en, zh"):
        pdf(language="fr")
    with pytest.raises(UnknownName, match="Known: A4, Letter"):
        pdf(paper="A5")


def test_all_languages_have_the_same_words() -> None:
    def names(language: str) -> list[str]:
        text = templates().files[f"sheets/text/{language}.yaml"].decode()
        lines = (line for line in text.splitlines() if not line.startswith("#"))
        # An entry of a list has no name of its own, only a place.
        return [line.split("- " if line.lstrip().startswith("- ") else ":")[0] for line in lines]

    assert names("en") == names("zh")


def test_many_participants_come_in_files_that_tear_nobody_apart() -> None:
    codes = [f"ZJ-{n:03}" for n in range(1, 5)]
    sheaves = [
        Sheaf(
            subject=participant(code=code, weighed=weight()),
            protocol=trial(),
            visits=visits(code=code),
            calendar=visits(code=code),
        )
        for code in codes
    ]
    documents = [
        bookmarks(document)
        for document in sheet_files(
            sheaves,
            site=zhujiang(),
            language="en",
            paper="A4",
            printed=PRINTED,
            templates=templates(),
        )
    ]
    assert [len(document) for document in documents] == [28, 28]
    assert max(map(len, documents)) <= PAGES_A_FILE
    labels = ["Visit calendar", *(visit.label.say("en") for visit in visits())]
    titles = [title for document in documents for title in document]
    assert titles == [f"{code} {label}" for code in codes for label in labels]


def test_sheets_of_a_day_come_without_calendar_pages() -> None:
    sheaf = Sheaf(subject=participant(), protocol=trial(), visits=one("day-1"))
    nothing = replace(sheaf, visits=())
    [document] = sheet_files(
        [sheaf, nothing],
        site=zhujiang(),
        language="en",
        paper="A4",
        printed=PRINTED,
        templates=templates(),
    )
    [text] = pages(document)
    assert "Day 1" in text


def test_templates_name_their_languages() -> None:
    assert templates().languages() == LANGUAGES
    assert Templates(files={}, fonts=()).languages() == ()
    assert set(PAPERS) == set(SIZES)
