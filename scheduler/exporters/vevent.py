"""One visit as a VEVENT, in the words that an audience may read.

Text on a calendar is outside the hospital's walls, so an `Edition` holds all that is
ever written besides the visit: staff read code, label and room, participants the
wording of the site file alone, assessors that wording and the code.  The bytes follow
from the visit and the edition only; no clock is read, so an unchanged visit comes out
byte for byte the same.

>>> clinic = Edition(audience=Audience.PARTICIPANT, language="zh", zone=ZoneInfo("Asia/Shanghai"),
...                  wording=Wording(summary=Words.of(en="Hospital appointment", zh="医院预约")))
>>> clinic.title
'医院预约'
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from scheduler.exporters.contentline import line, local, text, utc
from scheduler.exporters.standing import STANDINGS
from scheduler.protocol import Mode
from scheduler.sites import Audience, Site, Wording
from scheduler.subject import Visit
from scheduler.words import Words

_NAMESPACE = UUID("6ba4c1f2-52a0-5d0c-8a5e-0f6c3b0f9d11")
"""Every UID ever written hangs on it: never to be changed."""

_PLACES = ("chair", "bed", "room")
"""A resource whose kind ends so is a place ("procedure-room"); a nurse is none."""

_TITLES = {
    Audience.STAFF: Words.of(en="Study visits", zh="研究访视"),
    Audience.PARTICIPANT: Words.of(en="Hospital appointment", zh="医院预约"),
    Audience.ASSESSOR: Words.of(en="Assessment", zh="评估"),
}
_PHONE = Words.of(en="By phone", zh="电话")
_WINDOW = Words.of(
    en="Window {earliest} to {latest}, target {target} ({off})",
    zh="窗口期 {earliest} 至 {latest}，目标日 {target}（{off}）",
)
_ON_TARGET = Words.of(en="on target", zh="当天")
_LATER = Words.of(en="{days} d after target", zh="晚 {days} 天")
_EARLIER = Words.of(en="{days} d before target", zh="早 {days} 天")
_BASIS = Words.of(en="Basis: {basis}", zh="依据：{basis}")
_BASES = {
    "registry": Words.of(en="registry", zh="注册信息"),
    "literature": Words.of(en="literature", zh="文献"),
    "assumption": Words.of(en="assumption", zh="假设"),
}
"""All that a calendar says of a basis: its full text may name trials, product and arm."""
_UNVERIFIED = Words.of(
    en="Unverified: public holidays of that time are not published yet",
    zh="未核实：该时期的法定节假日尚未公布",
)
_COMPLETED = Words.of(en="Completed on {day}", zh="完成于 {day}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """All that an event depends on besides its visit: a value, so that events can be kept by it.

    `rooms` are pairs of a unit that is a place and what people call it.
    """

    audience: Audience
    language: str
    zone: ZoneInfo
    wording: Wording = Wording()
    rooms: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, site: Site, audience: Audience, language: str) -> "Edition":
        """The edition that a site makes for an audience."""
        return cls(
            audience=audience,
            language=language,
            zone=site.tz(),
            wording=site.wording.get(audience, Wording()),
            rooms=tuple(
                (unit, site.unit_label(unit, language))
                for resource in site.resources
                if resource.kind.endswith(_PLACES)
                for unit in resource.units
            ),
        )

    @property
    def title(self) -> str:
        """What the audience calls these appointments."""
        usual = _TITLES[self.audience]
        if self.audience is Audience.STAFF:
            return usual.say(self.language)
        return (self.wording.summary if self.wording.summary.texts else usual).say(self.language)

    def summary(self, visit: Visit) -> str:
        """The headline, with the mark of a visit that does not stand."""
        prefix = STANDINGS[visit.status].prefix.say(self.language)
        if self.audience is Audience.STAFF:
            return f"{prefix}{visit.subject} · {visit.label.say(self.language)}"
        code = f" · {visit.subject}" if self.audience is Audience.ASSESSOR else ""
        return f"{prefix}{self.title}{code}"

    def location(self, visit: Visit) -> str:
        """Where to go: for staff with the room; the allocation of one is known to them alone."""
        if visit.mode is Mode.PHONE:
            return _PHONE.say(self.language)
        place = self.wording.place.say(self.language)
        if self.audience is not Audience.STAFF:
            return place
        taken = {allocation.unit for allocation in visit.allocations}
        room = next((label for unit, label in self.rooms if unit in taken), "")
        return " · ".join(filter(None, (room, place)))

    def description(self, visit: Visit) -> str:
        """What else to know: for staff how the date came about, for others the site's notes.

        The notes speak of coming to the hospital, so a phone visit goes without them.
        """
        if self.audience is not Audience.STAFF:
            return "" if visit.mode is Mode.PHONE else self.wording.notes.say(self.language)
        said = [*self._reasons(visit), self.wording.notes.say(self.language), self.wording.link]
        return "\n".join(filter(None, said))

    def _reasons(self, visit: Visit) -> Iterator[str]:
        """How the date came about, for staff."""
        yield _WINDOW.say(self.language).format(
            earliest=visit.window.earliest,
            latest=visit.window.latest,
            target=visit.target,
            off=self._off(visit.off_target or 0),
        )
        if visit.actual:
            yield _COMPLETED.say(self.language).format(day=visit.actual)
        bases = [known.say(self.language) for word, known in _BASES.items() if word in visit.basis]
        if bases:
            yield _BASIS.say(self.language).format(basis=", ".join(bases))
        if visit.unverified:
            yield _UNVERIFIED.say(self.language)

    def _off(self, days: int) -> str:
        words = _LATER if days > 0 else _EARLIER if days else _ON_TARGET
        return words.say(self.language).format(days=abs(days))

    def event(self, visit: Visit) -> bytes:
        """The VEVENT of a visit that has a slot.

        Without METHOD, DTSTAMP is its last change (RFC 5545 3.8.7.2).
        """
        standing, summary = STANDINGS[visit.status], text(self.summary(visit))
        location, description = self.location(visit), self.description(visit)
        return b"".join(
            (
                b"BEGIN:VEVENT\r\n",
                line("UID", uid(visit, self.audience)),
                line("DTSTAMP", changed := utc(visit.changed)),
                line("LAST-MODIFIED", changed),
                line("SEQUENCE", str(visit.sequence)),
                self._times(visit),
                line("SUMMARY", summary),
                line("LOCATION", text(location)) if location else b"",
                line("DESCRIPTION", text(description)) if description else b"",
                line("STATUS", standing.status),
                line("TRANSP", standing.transp),
                line("X-MICROSOFT-CDO-BUSYSTATUS", standing.busy),
                b"CLASS:PRIVATE\r\n",
                _alarm(summary) if standing.rings else b"",
                b"END:VEVENT\r\n",
            )
        )

    def _times(self, visit: Visit) -> bytes:
        """DTSTART and DTEND by the wall clock of the zone."""
        scheduled = visit.scheduled
        assert scheduled, "visits without a slot are in no calendar"
        start, end = scheduled.start.astimezone(self.zone), scheduled.end.astimezone(self.zone)
        if start.fold or end.fold:
            # With a TZID, a time in the hour that the clock repeats means its first pass (3.3.5).
            return line("DTSTART", utc(start)) + line("DTEND", utc(end))
        at = f";TZID={self.zone.key}"
        return line(f"DTSTART{at}", local(start)) + line(f"DTEND{at}", local(end))


def uid(visit: Visit, audience: Audience) -> str:
    """The UID of a visit in the calendars of an audience, the same for its whole life.

    It comes from who and what the visit is, never from when it is (RFC 7986 5.3); each
    audience has its own, for one account may hold the calendars of two.
    """
    name = (visit.study, visit.subject, visit.encounter, str(visit.occurrence), audience.value)
    return str(uuid5(_NAMESPACE, "\x1f".join(name)))


def _alarm(summary: str) -> bytes:
    """One reminder the day before, after all properties: Outlook refuses it between them."""
    return b"".join(
        (
            b"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-P1D\r\n",
            line("DESCRIPTION", summary),
            b"END:VALARM\r\n",
        )
    )
