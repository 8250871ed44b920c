"""What leaves the walls tells no arm, study or diagnosis; copies for others no visit either.

A calendar's text is outside our walls: its CLASS enforces nothing.  So every octet of the
files, their names and their UIDs are searched, in both languages.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader

from scheduler.protocol import Arm
from tests.arms import trial
from tests.calendars import events
from tests.running import Schedule

STUDY = ["NCT05850208", "NCT", "trial", "stroke", "ischemi", "卒中", "缺血", "临床试验"]
PRODUCT = ["infusion", "cell", "marrow", "aspiration", "transplant", "输注", "细胞", "骨髓", "移植"]


def secrets_of(arm: Arm) -> Iterator[str]:
    """All that names an arm."""
    yield arm.code
    yield from arm.aliases
    yield from (text for _, text in arm.label.texts)


def names_of_arms() -> set[str]:
    return {name for arm in trial().arms for name in secrets_of(arm)}


def names_of_visits() -> set[str]:
    rows = [row for arm in trial().arms for row in arm.encounters]
    return {row.id for row in rows} | {text for row in rows for _, text in row.label.texts}


@pytest.fixture
def exported(journey: Schedule) -> Schedule:
    """Calendars of two arms for every audience in both languages."""
    journey.enter()
    journey.enter(arm="routine")
    journey.consent("ZJ-001", "ZJ-002")
    for language in ("en", "zh"):
        for audience in ("staff", "participant", "assessor"):
            options = ("--audience", audience, "--language", language, "--out", language)
            assert journey("export", "ics", *options).code == 0
    return journey


def calendars(folder: Path, audience: str) -> list[Path]:
    found = sorted(folder.rglob(f"*-{audience}.ics" if audience else "ZJ.ics"))
    assert len(found) == {"": 2, "participant": 4, "assessor": 2}[audience]
    return found


def text(path: Path) -> str:
    """Name and content, with no word broken over two lines."""
    return path.name + path.read_bytes().replace(b"\r\n ", b"").decode()


def leaks(text: str, words: set[str] | list[str]) -> list[str]:
    """The words that stand in the text, as words of their own where they are Latin."""
    return [
        word
        for word in sorted(words)
        if re.search(rf"\b{re.escape(word)}" if word.isascii() else re.escape(word), text, re.I)
    ]


@pytest.mark.parametrize("audience", ["", "participant", "assessor"])
def test_no_calendar_tells_arm_study_or_diagnosis(exported: Schedule, audience: str) -> None:
    for path in calendars(exported.folder, audience):
        assert leaks(text(path), names_of_arms() | {trial().id, *STUDY}) == []


@pytest.mark.parametrize("audience", ["participant", "assessor"])
def test_copies_for_others_tell_no_visit_or_product(exported: Schedule, audience: str) -> None:
    for path in calendars(exported.folder, audience):
        assert leaks(text(path), names_of_visits() | set(PRODUCT)) == []


def test_a_participant_reads_of_nobody_else(exported: Schedule) -> None:
    for path in calendars(exported.folder, "participant"):
        code = path.name[:6]
        assert set(re.findall(r"ZJ-\d+", text(path))) == {code}


def test_assessors_cannot_tell_the_arms_apart(exported: Schedule) -> None:
    """Of the participants they see the same number of visits, of the same lengths and words."""
    [path, _] = calendars(exported.folder, "assessor")
    found = events(path.read_bytes())
    forms: dict[str, list[tuple[str, ...]]] = {}
    for event in found:
        summary = str(event.get("SUMMARY"))
        [code] = re.findall(r"ZJ-\d+", summary)
        shape = (summary.replace(code, ""), str(event.end - event.start), str(event["LOCATION"]))
        forms.setdefault(code, []).append(shape)
    assert forms["ZJ-001"] == forms["ZJ-002"]


def test_no_uid_repeats_what_is_known_elsewhere(exported: Schedule) -> None:
    """A UID of one audience leads to none of another, and stays the same in each language."""
    uids: dict[str, list[set[str]]] = {}
    for audience in ("", "participant", "assessor"):
        for path in calendars(exported.folder, audience):
            found = {str(event["UID"]) for event in events(path.read_bytes())}
            assert all(re.fullmatch(r"[0-9a-f-]{36}", uid) for uid in found)
            uids.setdefault(audience, []).append(found)
    everyone = [set.union(*sets) for sets in uids.values()]
    assert sum(map(len, everyone)) == len(set.union(*everyone))
    assert uids[""][0] == uids[""][1]


def test_file_names_and_properties_of_sheets(journey: Schedule) -> None:
    journey.enroll()
    assert leaks(" ".join(journey.files()), names_of_arms() | {trial().id, *STUDY}) == []
    reader = PdfReader(journey.folder / "ZJ-001-visit-sheets.pdf")
    properties = " ".join(str(value) for value in (reader.metadata or {}).values())
    assert leaks(properties, names_of_arms() | {trial().id}) == []
