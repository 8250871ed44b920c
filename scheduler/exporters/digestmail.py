"""The weekly mail: a digest put into sentences, as a letter in text and HTML.

>>> _row(time="09:00–10:00", code="ZJ-001", label="Day 3")
{'time': '09:00–10:00', 'head': 'ZJ-001 · Day 3', 'facts': []}
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from scheduler.digest import Appointment, Digest, Preparation, Release, Tally
from scheduler.exporters.mail import FEED, Letter
from scheduler.exporters.sheetfacts import grouped
from scheduler.exporters.stationery import Stationery, Vocabulary
from scheduler.risks import Risk
from scheduler.sites import Audience, Detail, Recipient, Site
from scheduler.words import Words

Facts = dict[str, object]
"""What a template arranges: texts, truths, and lists of such."""


def letter(
    digest: Digest,
    recipient: Recipient,
    *,
    site: Site,
    written: datetime,
    stationery: Stationery,
    calendar: bytes = b"",
) -> Letter:
    """The letter of a digest to the recipient that it was made for.

    Args:
        written: the instant it is written, which the footer tells.
        calendar: the week as an .ics file, b"" for none.

    Raises:
        BadInput: templates or words of the hospital's own do not work.
    """
    words = stationery.words(recipient.language)
    facts = _Writing(words, digest, recipient.language).facts()
    name = site.name.say(recipient.language)
    facts |= {
        "language": recipient.language,
        "site": words.say("demo", site=name) if site.demo else name,
        "calendar": words.say("calendar"),
        "feed": FEED if recipient.feed else "",
        "attached": words.say("attached") if calendar else "",
        "footer": words.say("footer", written=f"{written.astimezone(site.tz()):%Y-%m-%d %H:%M}"),
    }
    return Letter(
        subject=_subject(digest, words),
        text=stationery.write("digest.txt", **facts),
        html=stationery.write("digest.html", **facts),
        language=recipient.language,
        calendar=calendar.decode(),
        name=f"{site.code}-{digest.week}.ics" if calendar else "",
    )


def _subject(digest: Digest, words: Vocabulary) -> str:
    """Week and count only: a subject line is read over shoulders and on locked telephones."""
    key = "subject_one" if digest.count == 1 else "subject"
    return words.say(key, week=digest.week, count=digest.count)


class _Writing:
    """One digest in one language."""

    def __init__(self, words: Vocabulary, digest: Digest, language: str) -> None:
        self._words, self._digest, self._language = words, digest, language

    def facts(self) -> Facts:
        words, days = self._words, self._digest.days
        return {
            "title": words.say("title"),
            "week": words.say(
                "week", week=self._digest.week, first=days.earliest, last=days.latest
            ),
            "sections": list(self._sections()),
            "nothing": "" if self._digest.count else words.say("nothing"),
            "risks": words.say("risks"),
            "no_risks": words.say("no_risks"),
            "warnings": [*map(self._risk, self._digest.risks), *self._counted()],
        }

    def _sections(self) -> Iterator[Facts]:
        digest = self._digest
        listed: list[tuple[str, list[Facts]]]
        if digest.detail is Detail.COUNTS:
            listed = [("tallies", list(map(self._tally, digest.tallies)))]
        elif digest.audience is Audience.ASSESSOR:
            listed = [("assessments", self._days(digest.others))]
        else:
            listed = [
                ("infusions", self._days(digest.infusions)),
                ("others", self._days(digest.others)),
            ]
        for title, days in listed:
            if days:
                yield {"title": self._words.say(title), "days": days}

    def _tally(self, tally: Tally) -> Facts:
        if self._digest.audience is Audience.ASSESSOR:
            numbers = {"visits_count": tally.others}
        else:
            numbers = {"infusions_count": tally.infusions, "others_count": tally.others}
        said = (self._words.say(key, count=count) for key, count in numbers.items() if count)
        row = _row(facts=map(_plain, said))
        return {"day": self._words.day(tally.day), "rows": [row]}

    def _days(self, appointments: Sequence[Appointment]) -> list[Facts]:
        by_day = groupby(appointments, key=lambda appointment: appointment.day)
        return [
            {"day": self._words.day(day), "rows": list(map(self._appointment, found))}
            for day, found in by_day
        ]

    def _appointment(self, appointment: Appointment) -> Facts:
        slot = appointment.slot
        return _row(
            time=f"{slot.start:%H:%M}–{slot.end:%H:%M}",
            code=appointment.code,
            label=self._label(appointment.label, appointment.occurrence),
            facts=[*self._standing(appointment), *self._preparation(appointment.preparation)],
        )

    def _label(self, label: Words, occurrence: int) -> str:
        said = label.say(self._language) or self._words.say("assessment")
        return f"{said} #{occurrence}" if occurrence > 1 else said

    def _standing(self, appointment: Appointment) -> Iterator[Facts]:
        say = self._words.say
        if appointment.held:
            yield _alert(say("held"))
        if appointment.phone:
            yield _plain(say("phone"))
        left, latest = appointment.left, appointment.latest
        if appointment.fixed and left == 0:
            yield _plain(say("window.only"))
        elif left is not None and left > 0:
            yield _plain(say("window.left", latest=latest, left=left))
        elif left is not None:
            yield _alert(say("window.past" if left else "window.last", latest=latest))
        if appointment.unverified:
            yield _alert(say("unverified"))

    def _preparation(self, known: Preparation | None) -> Iterator[Facts]:
        if known is None:
            return
        say = self._words.say
        if known.cells is not None:
            yield _plain(say("dose.cells", cells=grouped(known.cells)))
        yield _plain(say("dose.volume", volume=known.volume_ml))
        release = _plain if known.release is Release.RELEASED else _alert
        yield release(say(f"release.{known.release}"))
        if known.batch:
            yield _plain(say("dose.batch", batch=known.batch))
        if known.expires:
            yield _plain(say("release.expires", expires=f"{known.expires}".replace("T", " ")))
        if known.age is None:
            yield _alert(say("weight.none"))
        else:
            weight = _plain if known.valid else _alert
            yield weight(say("weight.valid" if known.valid else "weight.old", age=known.age))

    def _risk(self, risk: Risk) -> Facts:
        say, day = self._words.say, self._words.day
        facts = [
            _plain(say(f"risk.{each.kind}", age=each.age, valid=each.valid))
            for each in risk.troubles
        ]
        if risk.closure:
            last = risk.last or risk.due
            span = "" if last == risk.due else " " + say("risk.to", day=day(last))
            return _row(time=f"{day(risk.due)}{span}", facts=facts)
        late = risk.due < self._digest.as_of
        return _row(
            time=say("risk.past" if late else "risk.due", day=day(risk.due)),
            code=risk.code,
            label=self._visit(risk),
            facts=facts,
        )

    def _visit(self, risk: Risk) -> str:
        """Label and day, where there is a visit and its day is not told already."""
        label = self._label(risk.label, risk.occurrence) if risk.label.texts else ""
        told = risk.day is None or risk.day == risk.due
        return label if told or risk.day is None else f"{label}, {self._words.day(risk.day)}"

    def _counted(self) -> Iterator[Facts]:
        for kind, count in self._digest.counted.items():
            yield _row(time=str(count), label=self._words.say(f"counted.{kind}"))


def _row(*, time: str = "", code: str = "", label: str = "", facts: Iterable[Facts] = ()) -> Facts:
    """One line of the mail; `head` is what stands out of it."""
    head = " · ".join(filter(None, (code, label)))
    return {"time": time, "head": head, "facts": list(facts)}


def _plain(text: str) -> Facts:
    return {"text": text, "alert": False}


def _alert(text: str) -> Facts:
    """What a reader must not miss; both parts mark it."""
    return {"text": text, "alert": True}
