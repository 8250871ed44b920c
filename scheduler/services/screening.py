"""Screening: answers from wherever they come, judged by a protocol; and the sheet to fill in.

Nothing is stored here: `enrollment` keeps what a `Ruling` holds, and only with a participant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from os.path import isdir
from pathlib import Path

from scheduler import files
from scheduler.answers import Answers, answer
from scheduler.criteria import Criteria
from scheduler.eligibility import Finding, Screening, screen
from scheduler.enrollable import Enrollable, enrollable
from scheduler.errors import BadValue, Refused, UsageError
from scheduler.files import Staging
from scheduler.outcomes import Outcome
from scheduler.protocol import Protocol
from scheduler.readers import answers as reader
from scheduler.ruling import Ruling
from scheduler.services import publication, studies
from scheduler.services.clinics import Clinic


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Answers as they were given: a file, and texts by the id of their fact, which win.

    `review` is what a person decided where the rules cannot.
    """

    file: Path | None = None
    written: Mapping[str, str] = field(default_factory=dict)
    review: str = ""

    def __bool__(self) -> bool:
        return self.file is not None or bool(self.written)


class NotEligible(Refused):
    """A rule of the protocol refuses; ages are told in years, never by a date of birth."""

    def __init__(self, refusals: tuple[Finding, ...]) -> None:
        reasons = "".join(f"\n  {finding.rule.id}: {finding.why}" for finding in refusals)
        super().__init__(f"{Outcome.NOT_ELIGIBLE}:{reasons}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """What came of a screening, the answers it came of, and what a person decided on it."""

    protocol: Protocol
    answers: Answers
    screening: Screening
    review: str

    def enrollable(self) -> Enrollable:
        """The days on which this person can be enrolled."""
        return enrollable(self.protocol.criteria, self.answers)

    def ruling(self) -> Ruling:
        """What may be kept of it."""
        version = self.protocol.version
        return Ruling.of(self.screening, self.answers, version=version, review=self.review)

    def refuse(self) -> None:
        """Raise NotEligible when a rule refuses."""
        if refusals := self.screening.findings(Outcome.NOT_ELIGIBLE):
            raise NotEligible(refusals)


def gathered(criteria: Criteria, given: Given) -> Answers:
    """The answers that were given.

    Raises:
        BadInput: the file cannot be read or is wrong; every problem is listed.
        BadValue: a text cannot be meant.
        UnknownName: the protocol asks for no such thing.
    """
    found = dict(_read(criteria, given.file)) if given.file else {}
    for id, text in given.written.items():
        fact = criteria.fact(id)
        try:
            found[id] = answer(fact, text)
        except ValueError as error:
            raise BadValue(id, f'"{text}"', f"it {error}") from None
    return found


def _read(criteria: Criteria, file: Path) -> Answers:
    return reader.read(files.read_text(file), str(file), criteria)


def of_answers(protocol: Protocol, given: Given, day: date) -> Screened:
    """A screening for an enrollment on `day`.

    Raises:
        UsageError: the protocol has no criteria.
        BadInput, BadValue, UnknownName: an answer is wrong.
    """
    if not protocol.criteria.criteria:
        raise UsageError(f"protocol {protocol.id} {protocol.version} has no criteria to screen by")
    answers = gathered(protocol.criteria, given)
    return Screened(
        protocol=protocol,
        answers=answers,
        screening=screen(protocol.criteria, answers, day),
        review=given.review,
    )


def admitted(protocol: Protocol, given: Given, day: date) -> Screened | None:
    """A screening that no rule refuses, or None when no answer was given.

    Raises:
        NotEligible: a rule refuses.
        UsageError, BadInput, BadValue, UnknownName: as `of_answers`.
    """
    if not given:
        return None
    screened = of_answers(protocol, given, day)
    screened.refuse()
    return screened


def print_sheet(
    clinic: Clinic,
    protocol: str | None,
    *,
    language: str | None,
    printed: datetime,
    own: Path | None,
    out: Path,
) -> Path:
    """Write the screening sheet of a protocol to `out`: a .pdf file, or a folder.

    Raises:
        UsageError: the protocol has no criteria.
        OutputError: it cannot be written.
    """
    found = studies.find(protocol, own).protocol
    if not found.criteria.criteria:
        raise UsageError(f"protocol {found.id} {found.version} has no criteria to print")
    from scheduler.exporters.screeningsheet import screening_sheet  # the typesetter

    content = screening_sheet(
        found,
        site=clinic.site,
        language=language or clinic.site.language,
        paper=clinic.site.paper,
        printed=printed,
        templates=publication.templates(own),
    )
    is_file = out.suffix.lower() == ".pdf" and not isdir(out)
    with Staging(out.parent if is_file else out) as staging:
        staging.put(out.name if is_file else f"{found.id}-screening-sheet.pdf", [content])
        [path] = staging.publish()
        return path
