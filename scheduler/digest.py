"""A week at a site as one recipient may read it: the value behind the weekly mail.

What a recipient may not know is left out here, before there is any text: a blinded
assessor's digest holds times and codes of the visits that all arms share and nothing of
windows, products or doses; one of detail `visits` has no code, weight, dose or batch; one of
`counts` has numbers only.

>>> site = Site(code="ZJ", name=Words.of(en="Demo"), zone="Asia/Shanghai", hours=((),) * 7)
>>> state = State(site=site, as_of=date(2027, 1, 1))
>>> ward = Recipient(id="ward", address="ward@hospital.example", language="en")
>>> digest(state, ward).week, digest(state, ward).count
('2026-W53', 0)
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from scheduler.dates import Interval, Window
from scheduler.products import Expiry, Stage, start
from scheduler.protocol import Kind, Mode, Protocol, shared_by_study
from scheduler.risks import Kind as RiskKind
from scheduler.risks import Risk, closures, risks
from scheduler.sites import Audience, Detail, Recipient, Site, Wording
from scheduler.subject import OPEN, Status, Visit
from scheduler.supplies import Supply
from scheduler.words import Words


class Release(StrEnum):
    """How far the product of an infusion is."""

    NONE = "none"
    ORDERED = "ordered"
    RELEASED = "released"
    UNFIT = "unfit"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that a site's digests are made of on the day `as_of`.

    `visits` are all of the site in their present state, `supplies` those of the infusions
    to come, `blocked` the visits whose time the calendars have taken, and `unchecked` says
    that calendars could not be read.  `protocols` hold the study of every visit, in each
    version that is followed.
    """

    site: Site
    as_of: date
    visits: Sequence[Visit] = ()
    supplies: Sequence[Supply] = ()
    blocked: Sequence[Visit] = ()
    unchecked: bool = False
    protocols: Sequence[Protocol] = ()

    @property
    def days(self) -> Window:
        """The ISO week, Monday to Sunday."""
        return week_of(self.as_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What is known of an infusion's product and weight.

    `cells`, `batch` and `expires` are for those who may read codes; `cells` tell a weight.
    """

    volume_ml: int
    release: Release
    age: int | None
    valid: bool
    cells: int | None = None
    batch: str = ""
    expires: Expiry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """One appointment; all that has a default is left out where a reader may not know it.

    `latest` is the last day of the window, and `left` how many days of it follow the
    appointment: none on the last day, negative behind it; the window of a `fixed` one is a day.
    """

    slot: Interval
    code: str = ""
    label: Words = Words.of()
    occurrence: int = 1
    phone: bool = False
    held: bool = False
    unverified: bool = False
    latest: date | None = None
    left: int | None = None
    fixed: bool = False
    preparation: Preparation | None = None

    @property
    def day(self) -> date:
        """The day at the site."""
        return self.slot.start.date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many appointments a day has."""

    day: date
    infusions: int
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """The week `days` for one recipient as known on the day `as_of`, in the order of time.

    With detail `counts` there are no appointments, and risks but for closures are counted.
    """

    as_of: date
    days: Window
    tallies: tuple[Tally, ...]
    audience: Audience = Audience.STAFF
    detail: Detail = Detail.CODES
    infusions: tuple[Appointment, ...] = ()
    others: tuple[Appointment, ...] = ()
    risks: tuple[Risk, ...] = ()
    counted: Mapping[RiskKind, int] = field(default_factory=dict)

    @property
    def week(self) -> str:
        """The ISO week, like 2026-W53."""
        return f"{self.days.earliest:%G-W%V}"

    @property
    def count(self) -> int:
        """How many appointments the recipient is told of."""
        return sum(tally.infusions + tally.others for tally in self.tallies)


def week_of(day: date) -> Window:
    """The ISO week of a day, Monday to Sunday."""
    monday = day - timedelta(days=day.weekday())
    return Window(earliest=monday, latest=monday + timedelta(days=6))


def digest(state: State, recipient: Recipient) -> Digest:
    """The week for one recipient.

    Raises:
        ValueError: an assessor's digest without the protocol of a visit.
    """
    whole = _of_staff(state) if recipient.audience is Audience.STAFF else _of_assessor(state)
    found = replace(whole, audience=recipient.audience, detail=recipient.detail)
    match recipient.detail:
        case Detail.CODES:
            return found
        case Detail.VISITS:
            return _without_codes(found)
        case Detail.COUNTS:
            return _counted(found)


def _of_staff(state: State) -> Digest:
    supplies = {(supply.visit.subject, supply.visit.ref): supply for supply in state.supplies}
    told = [
        (visit.kind, _appointment(visit, slot, supplies.get((visit.subject, visit.ref))))
        for slot, visit in _coming(state)
    ]
    found = risks(
        state.site,
        state.as_of,
        state.visits,
        state.supplies,
        state.blocked,
        unchecked=state.unchecked,
    )
    return _whole(
        state,
        infusions=[appointment for kind, appointment in told if kind is Kind.INFUSION],
        others=[appointment for kind, appointment in told if kind is not Kind.INFUSION],
        risks=found,
    )


def _of_assessor(state: State) -> Digest:
    """Times and codes of shared visits only: windows and what is missing may tell an arm."""
    shared = shared_by_study(state.protocols)
    label = state.site.wording.get(Audience.ASSESSOR, Wording()).summary
    told = [
        Appointment(
            slot=slot,
            code=visit.subject,
            label=label,
            phone=visit.mode is Mode.PHONE,
            held=visit.status is Status.HELD,
        )
        for slot, visit in _coming(state)
        if visit.encounter in shared[visit.study]
    ]
    return _whole(state, infusions=[], others=told, risks=closures(state.site, state.as_of))


def _whole(
    state: State,
    *,
    infusions: Sequence[Appointment],
    others: Sequence[Appointment],
    risks: Iterable[Risk],
) -> Digest:
    infused, other = (Counter(each.day for each in some) for some in (infusions, others))
    return Digest(
        as_of=state.as_of,
        days=state.days,
        tallies=tuple(
            Tally(day=day, infusions=infused[day], others=other[day])
            for day in state.days.days()
            if infused[day] or other[day]
        ),
        infusions=tuple(infusions),
        others=tuple(others),
        risks=tuple(risks),
    )


def _coming(state: State) -> Iterator[tuple[Interval, Visit]]:
    """Open visits with an appointment in the week, in the order of time."""
    slots = [(visit.scheduled, visit) for visit in state.visits if visit.scheduled]
    slots = [(s, v) for s, v in slots if v.status in OPEN and s.start.date() in state.days]
    slots.sort(key=lambda slot: (slot[0].start, slot[1].subject, slot[1].ref))
    yield from slots


def _appointment(visit: Visit, slot: Interval, supply: Supply | None) -> Appointment:
    return Appointment(
        slot=slot,
        code=visit.subject,
        label=visit.label,
        occurrence=visit.occurrence,
        phone=visit.mode is Mode.PHONE,
        held=visit.status is Status.HELD,
        unverified=visit.unverified,
        latest=visit.window.latest,
        left=(visit.window.latest - slot.start.date()).days,
        fixed=visit.window.earliest == visit.window.latest,
        preparation=_preparation(supply) if supply else None,
    )


def _preparation(supply: Supply) -> Preparation:
    product, weight = supply.product, supply.weight
    return Preparation(
        volume_ml=supply.dose.volume_ml,
        release=_release(supply),
        age=supply.age,
        valid=weight is not None and not supply.outdated,
        cells=supply.dose.cells(weight.kg) if weight else None,
        batch=product.batch if product else "",
        expires=product.expires if product else None,
    )


def _release(supply: Supply) -> Release:
    product = supply.product
    if product is None:
        return Release.NONE
    if product.stage is Stage.ORDERED:
        return Release.ORDERED
    fit = product.serves(supply.day, start(supply.visit, supply.day))
    return Release.RELEASED if fit else Release.UNFIT


def _without_codes(digest: Digest) -> Digest:
    """The digest without what leads to a participant: code, weight (in the dose), batch."""

    def anonymous(appointment: Appointment) -> Appointment:
        known = appointment.preparation
        kept = replace(known, cells=None, batch="", expires=None) if known else None
        return replace(appointment, code="", preparation=kept)

    return replace(
        digest,
        infusions=tuple(map(anonymous, digest.infusions)),
        others=tuple(map(anonymous, digest.others)),
        risks=tuple(replace(risk, code="") for risk in digest.risks),
    )


def _counted(digest: Digest) -> Digest:
    """The digest as numbers; what a site's closures say is about nobody."""
    closed = tuple(risk for risk in digest.risks if risk.closure)
    troubles = (t for risk in digest.risks if not risk.closure for t in risk.troubles)
    counts = Counter(trouble.kind for trouble in troubles)
    counted = {kind: counts[kind] for kind in RiskKind if counts[kind]}
    return replace(digest, infusions=(), others=(), risks=closed, counted=counted)
